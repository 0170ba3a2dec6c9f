"""Measures of a femur answer to what is done to it, and to nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from XRayTo3DLib.anatomy import DEFINITIONS, femur_measures, femur_measures_at, femur_places, measure_femur
from XRayTo3DLib.simulate.bones.family import sample
from XRayTo3DLib.simulate.bones.femur import femur

LEFT, BACK, UP = np.eye(3)
KNEE = np.zeros(3)  # of a made femur: its mechanical axis is z


@pytest.fixture(scope="module")
def parameters():
    return sample(3, "left")


@pytest.fixture(scope="module")
def bone(parameters):
    made = femur(parameters, 2.0).outer
    return np.asarray(made.points, float), np.asarray(made.faces, np.int64)


@pytest.fixture(scope="module")
def still(bone):
    return femur_measures(*bone)


def below(points, none, full):
    """Share (n,) of a change that begins at one height of the femur and is complete at another."""
    return np.clip((none - points[:, 2]) / (none - full), 0, 1)


def test_what_a_femur_was_made_with_is_measured(still, parameters):
    p = parameters
    assert still["head_diameter_mm"].value == pytest.approx(2 * p.head.radius, abs=0.5)
    assert still["neck_shaft_angle_deg"].value == pytest.approx(p.neck.shaft_angle, abs=1.5)
    assert still["anteversion_deg"].value == pytest.approx(p.neck.anteversion, abs=2.0)
    for name, condyle in (("medial", p.medial), ("lateral", p.lateral)):
        depth = condyle.posterior_back + condyle.posterior_radius
        assert still[f"{name}_condyle_radius_mm"].value == pytest.approx(condyle.posterior_radius, abs=1.5)
        assert depth + 15 < still[f"{name}_condyle_depth_mm"].value < depth + 50
    lowest = max(each.distal_down + each.distal_half_height for each in (p.medial, p.lateral))
    assert still["length_mm"].value == pytest.approx(p.head.height + p.head.radius + lowest, abs=1.5)


def test_neck_offset_and_angle_are_a_triangle(still):
    """Neck and shaft all but meet: offset = neck's length * sine of their angle."""
    sine = np.sin(np.radians(still["neck_shaft_angle_deg"].value))
    assert still["femoral_offset_mm"].value == pytest.approx(still["neck_length_mm"].value * sine, abs=1.5)


def test_they_are_those_of_measure_femur(bone, still):
    anatomy = measure_femur(*bone)
    assert still["neck_shaft_angle_deg"].value == pytest.approx(anatomy.neck_shaft_angle_deg)
    assert still["anteversion_deg"].value == pytest.approx(anatomy.anteversion_deg, abs=0.01)
    assert still["length_mm"].value == pytest.approx(anatomy.length_mm, abs=0.01)
    assert still["bicondylar_width_mm"].value == pytest.approx(anatomy.bicondylar_width_mm, abs=0.01)


def test_names_and_units_are_those_of_the_table(still):
    assert list(still) == list(DEFINITIONS["femur"])
    assert all(name.endswith(f"_{each.unit}") for name, each in still.items())
    assert all(np.isfinite(each.value) for each in still.values())


def test_what_is_drawn_is_what_is_measured(still):
    for name, each in still.items():
        drawn = each.lines | each.points
        assert drawn and all(np.isfinite(places).all() for places in drawn.values()), name
        if "distance" in each.lines:
            assert np.linalg.norm(np.diff(each.lines["distance"], axis=0)) == pytest.approx(each.value), name
    neck, shaft = (
        np.diff(still["neck_shaft_angle_deg"].lines[name], axis=0)[0] for name in ("neck_axis", "proximal_shaft_axis")
    )
    cosine = neck @ -shaft / np.linalg.norm(neck) / np.linalg.norm(shaft)
    assert np.degrees(np.arccos(cosine)) == pytest.approx(still["neck_shaft_angle_deg"].value)


@pytest.mark.parametrize("degrees", [10.0, -6.0])
def test_the_lower_part_turned_changes_the_anteversion_alone(bone, still, degrees, tools):
    """Turned outwards about the mechanical axis, on which head and knee lie."""
    points, faces = bone
    share = below(points, 200.0, 120.0)
    found = femur_measures(tools.turned(points, UP, degrees, KNEE, share), faces)
    assert still["anteversion_deg"].value - found["anteversion_deg"].value == pytest.approx(degrees, abs=0.1)
    for name in ("length_mm", "neck_shaft_angle_deg", "mldfa_deg", "notch_width_mm", "femoral_offset_mm"):
        assert found[name].value == pytest.approx(still[name].value, abs=0.25), name


@pytest.mark.parametrize("degrees", [4.0, -3.0])
def test_condyles_turned_in_the_frontal_plane_change_the_mldfa_alone(bone, still, degrees, tools):
    """About the knee's center, so that the mechanical axis stays; the distal joint line tilts by as much."""
    points, faces = bone
    found = femur_measures(tools.turned(points, BACK, degrees, KNEE, below(points, 130.0, 60.0)), faces)
    assert found["mldfa_deg"].value - still["mldfa_deg"].value == pytest.approx(degrees, abs=0.15)
    for name in ("anteversion_deg", "neck_shaft_angle_deg", "medial_condyle_radius_mm"):
        assert found[name].value == pytest.approx(still[name].value, abs=0.4), name


def test_a_shaft_bent_forwards_has_a_higher_bow(bone, still):
    points, faces = bone
    low, high = (still["bow_height_mm"].lines["chord"][end, 2] for end in (0, 1))
    share = (points[:, 2] - (low + high) / 2) / ((high - low) / 2)
    found = femur_measures(points - 5.0 * (1 - share**2)[:, None] * BACK, faces)
    assert found["bow_height_mm"].value - still["bow_height_mm"].value == pytest.approx(5.0, abs=0.15)


def test_walls_of_the_notch_moved_apart_make_it_wider(bone, still):
    points, faces = bone
    pushed = 2.0 * np.tanh(points[:, 0] / 4.0) * below(points, 90.0, 60.0)  # from the middle, to each side
    found = femur_measures(points + pushed[:, None] * LEFT, faces)
    for name in ("notch_width_mm", "bicondylar_width_mm"):
        assert found[name].value - still[name].value == pytest.approx(4.0, abs=0.3), name


def test_a_larger_bone_has_longer_lengths_and_the_same_angles(bone, still):
    points, faces = bone
    for name, each in femur_measures(1.1 * points, faces).items():
        factor = 1.1 if name.endswith("_mm") else 1.0
        assert each.value == pytest.approx(factor * still[name].value, abs=0.5 if factor > 1 else 0.15), name


def test_a_mirrored_bone_has_the_same_measures(bone, still, tools):
    points, faces = bone
    mirrored = femur_measures(points * [-1, 1, 1], faces[:, ::-1], "right")
    assert tools.values(mirrored) == pytest.approx(tools.values(still), abs=1e-3)


@settings(max_examples=3, deadline=None)
@given(st.tuples(*[st.floats(-12, 12)] * 3), st.tuples(*[st.floats(-900, 900)] * 3))
def test_a_moved_bone_has_the_same_measures_and_moved_places(bone, still, tools, degrees, shift):
    turn = Rotation.from_euler("xyz", degrees, degrees=True)
    moved = femur_measures(turn.apply(bone[0]) + shift, bone[1])
    assert tools.values(moved) == pytest.approx(tools.values(still), abs=0.02)
    for name in ("mldfa_deg", "neck_shaft_angle_deg"):
        for part, ends in still[name].lines.items():
            assert moved[name].lines[part] == pytest.approx(turn.apply(ends) + shift, abs=0.05)


def test_measures_follow_from_places_alone(bone, still, tools):
    assert tools.values(femur_measures_at(femur_places(*bone))) == pytest.approx(tools.values(still))


def test_a_third_of_the_triangles_gives_the_same(bone, still, tools):
    for found in [femur_measures(*each) for each in tools.finer_and_coarser(*bone)]:
        assert tools.values(found) == pytest.approx(tools.values(still), abs=0.5)


def test_real_femora_are_as_remeshing_leaves_them(limbs, tools):
    points, faces = limbs["femur"]
    for each in points[::13]:
        fine, coarse = [tools.values(femur_measures(*mesh)) for mesh in tools.finer_and_coarser(each, faces)]
        assert coarse == pytest.approx(fine, abs=0.5)


def test_real_femora_are_as_published(limbs, tools):
    points, faces = limbs["femur"]
    table = tools.check_usual("femur", [femur_measures(each, faces, "left") for each in points[::2]])
    assert 860 < 265**2 / 8 / table["bow_height_mm"][0] < 1380  # the radius of J. Maratt et al., 2014


def test_femora_of_other_collections_are_usual(independent):
    for name, points, faces in independent("femur"):
        for measure, each in femur_measures(points, faces).items():
            mean, deviation = DEFINITIONS["femur"][measure].usual
            assert abs(each.value - mean) < 4 * deviation, (name, measure, each.value)
