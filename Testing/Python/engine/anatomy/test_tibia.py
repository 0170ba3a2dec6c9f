"""Measures of a tibia answer to what is done to it, and to nothing else."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from XRayTo3DLib.anatomy import DEFINITIONS, tibia_measures, tibia_measures_at, tibia_places
from XRayTo3DLib.anatomy.tibia import ankle_center, plateau_center, tibia_axes
from XRayTo3DLib.errors import SurfaceError
from XRayTo3DLib.shape import built_in
from XRayTo3DLib.surface import arrays, isosurface

STEP = 2.0


def post(at, x, y, low, high, radius):
    """Signed distance (positive inside) of points to an upright cylinder."""
    beside = radius - np.hypot(at[..., 0] - x, at[..., 1] - y)
    return np.minimum(beside, np.minimum(at[..., 2] - low, high - at[..., 2]))


@cache
def made(slope=7.0, varus=3.0, torsion=30.0):
    """A left tibia of cylinders: two plateaus cut by one plane, a shaft, an ankle whose roof is z = 0, a malleolus."""
    low, high = np.array([-50.0, -40, -20]), np.array([50.0, 40, 375])
    counts = np.ceil((high - low) / STEP).astype(int)
    at = np.moveaxis(np.indices(counts[::-1])[::-1], 0, -1) * STEP + low
    rise, fall, turn = np.tan(np.radians(varus)), np.tan(np.radians(slope)), np.radians(torsion)
    head = np.maximum.reduce([post(at, x, 0, 318, 390, 22) for x in (-19, 19)])
    head = np.minimum(head, 350 + rise * at[..., 0] - fall * at[..., 1] - at[..., 2])
    field = np.maximum.reduce(
        [
            head,
            post(at, 0, 0, 345, 358, 5),  # the eminence
            post(at, 0, 0, 10, 330, 14),
            post(at, 0, -16, 290, 310, 8),  # the tuberosity
            post(at, 0, 0, 0, 30, 21),
            post(at, -20 * np.cos(turn), -20 * np.sin(turn), -12, 3, 8),
        ]
    )
    points, faces = arrays(isosurface(field.astype(np.float32), tuple(low), STEP))
    return points.astype(float), faces


@pytest.fixture(scope="module")
def bone():
    """The mean of the built-in model: a real shape."""
    model = built_in("tibia")
    return model.mean, model.faces


@pytest.fixture(scope="module")
def still(bone):
    return tibia_measures(*bone)


@pytest.fixture(scope="module")
def frame(bone):
    """Middle of the plateaus, the ankle's center, and the axes."""
    places = tibia_places(*bone)
    return plateau_center(places), ankle_center(places), *tibia_axes(places)


@pytest.mark.parametrize(("slope", "varus", "torsion"), [(7, 3, 30), (0, 0, 15), (12, -4, 40)])
def test_known_cylinders_are_found_again(slope, varus, torsion):
    found = tibia_measures(*made(slope, varus, torsion))
    assert found["medial_slope_deg"].value == pytest.approx(slope, abs=0.7)
    assert found["mpta_deg"].value == pytest.approx(90 - varus, abs=0.5)
    assert found["torsion_deg"].value == pytest.approx(torsion, abs=1.5)
    assert found["length_mm"].value == pytest.approx(350, abs=1.0)
    assert found["plateau_width_mm"].value == pytest.approx(82, abs=1.0)
    assert found["plateau_depth_mm"].value == pytest.approx(44, abs=1.0)


def test_names_units_and_lines(still):
    assert list(still) == list(DEFINITIONS["tibia"])
    for name, each in still.items():
        assert name.endswith(f"_{each.unit}") and each.lines
        if "distance" in each.lines:
            assert np.linalg.norm(np.diff(each.lines["distance"], axis=0)) == pytest.approx(each.value), name


@pytest.mark.parametrize("degrees", [5.0, -5.0])
def test_a_tibia_bent_into_varus_has_a_smaller_mpta(bone, still, frame, tools, degrees):
    """The shaft is turned about the middle of the plateaus, inwards with the ankle: the mechanical axis turns by as
    much, and the joint line stays."""
    knee, ankle, up, _, posterior = frame
    down = (knee - bone[0]) @ up / np.linalg.norm(knee - ankle)
    bent = tools.turned(bone[0], posterior, degrees, knee, np.clip((down - 0.15) / 0.15, 0, 1))
    found = tibia_measures(bent, bone[1])
    assert found["mpta_deg"].value - still["mpta_deg"].value == pytest.approx(-degrees, abs=0.25)
    for name in ("length_mm", "plateau_width_mm", "medial_slope_deg"):
        assert found[name].value == pytest.approx(still[name].value, abs=0.8), name


@pytest.mark.parametrize("degrees", [4.0, -4.0])
def test_a_shaft_bent_forwards_has_a_smaller_slope(bone, still, frame, tools, degrees):
    knee, ankle, up, lateral, _ = frame
    down = (knee - bone[0]) @ up / np.linalg.norm(knee - ankle)
    bent = tools.turned(bone[0], lateral, degrees, knee, np.clip((down - 0.15) / 0.15, 0, 1))
    found = tibia_measures(bent, bone[1])
    assert found["medial_slope_deg"].value - still["medial_slope_deg"].value == pytest.approx(degrees, abs=0.3)
    assert found["mpta_deg"].value == pytest.approx(still["mpta_deg"].value, abs=0.3)


@pytest.mark.parametrize("degrees", [10.0, -10.0])
def test_the_lower_part_turned_outwards_changes_the_torsion_alone(bone, still, frame, tools, degrees):
    knee, ankle, up, _, _ = frame
    down = (knee - bone[0]) @ up / np.linalg.norm(knee - ankle)
    found = tibia_measures(tools.turned(bone[0], up, degrees, knee, np.clip((down - 0.4) / 0.3, 0, 1)), bone[1])
    assert found["torsion_deg"].value - still["torsion_deg"].value == pytest.approx(degrees, abs=0.25)
    for name in set(still) - {"torsion_deg"}:
        assert found[name].value == pytest.approx(still[name].value, abs=0.2), name


def test_a_larger_bone_has_longer_lengths_and_the_same_angles(bone, still):
    for name, each in tibia_measures(1.1 * bone[0], bone[1]).items():
        factor = 1.1 if name.endswith("_mm") else 1.0
        assert each.value == pytest.approx(factor * still[name].value, abs=0.25), name


def test_a_mirrored_bone_has_the_same_measures(bone, still, tools):
    mirrored = tibia_measures(bone[0] * [-1, 1, 1], bone[1][:, ::-1], "right")
    assert tools.values(mirrored) == pytest.approx(tools.values(still), abs=1e-3)
    with pytest.raises(SurfaceError, match="of a right tibia"):
        tibia_measures(bone[0] * [-1, 1, 1], bone[1][:, ::-1], "left")


@settings(max_examples=5, deadline=None)
@given(st.tuples(st.floats(-12, 12), st.floats(-12, 12), st.floats(-40, 40)), st.tuples(*[st.floats(-900, 900)] * 3))
def test_a_moved_bone_has_the_same_measures(bone, still, tools, degrees, shift):
    turn = Rotation.from_euler("xyz", degrees, degrees=True)
    moved = tibia_measures(turn.apply(bone[0]) + shift, bone[1])
    assert tools.values(moved) == pytest.approx(tools.values(still), abs=0.05)
    ends = still["mpta_deg"].lines["joint_line"]
    assert moved["mpta_deg"].lines["joint_line"] == pytest.approx(turn.apply(ends) + shift, abs=0.1)


def test_measures_follow_from_places_alone(bone, still, tools):
    assert tools.values(tibia_measures_at(tibia_places(*bone))) == pytest.approx(tools.values(still))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p, f: (p[:0], f[:0]), "empty"),
        (lambda p, f: (p, f[:-3]), "not closed"),
        (lambda p, f: (p / 10, f), "a tibia is 200 to 550 mm long.*centimeters"),
        (lambda p, f: (p * [1, 1, -1], f), "no plateau"),
        (lambda p, f: (p[:, [2, 1, 0]], f), "leans by"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_words(bone, change, words):
    with pytest.raises(SurfaceError, match=words):
        tibia_measures(*change(*bone))


def test_a_third_of_the_triangles_gives_the_same(bone, tools):
    fine, coarse = [tools.values(tibia_measures(*each)) for each in tools.finer_and_coarser(*bone)]
    assert coarse == pytest.approx(fine, abs=0.5)


def test_real_tibiae_are_as_published_and_as_remeshing_leaves_them(limbs, tools):
    points, faces = limbs["tibia"]
    tools.check_usual("tibia", [tibia_measures(each, faces, "left") for each in points])
    for each in points[::5]:
        fine, coarse = [tools.values(tibia_measures(*mesh)) for mesh in tools.finer_and_coarser(each, faces)]
        assert coarse == pytest.approx(fine, abs=0.5)


def test_tibiae_of_another_collection_are_usual(independent):
    sides = []
    for name, points, faces in independent("tibia"):
        sides.append(tibia_places(points, faces).side)
        for measure, each in tibia_measures(points, faces).items():
            mean, deviation = DEFINITIONS["tibia"][measure].usual
            assert abs(each.value - mean) < 3 * deviation, (name, measure, each.value)
    assert sides == ["left", "right"]
