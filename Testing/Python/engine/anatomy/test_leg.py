"""A leg's angles are those between its bones: they follow a tibia that is turned, and add up."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from XRayTo3DLib.anatomy import (
    DEFINITIONS,
    femur_measures_at,
    femur_places,
    leg_measures,
    leg_measures_at,
    patella_places,
    tibia_measures_at,
    tibia_places,
)
from XRayTo3DLib.anatomy.femur_measures import femur_axes, knee_center
from XRayTo3DLib.anatomy.tibia import plateau_center, tibia_axes
from XRayTo3DLib.errors import SurfaceError
from XRayTo3DLib.shape import built_in
from XRayTo3DLib.surface import arrays

GAP_MM = 4.0  # cartilage


@pytest.fixture(scope="module")
def straight():
    """Femur, tibia and patella of the models' means, put together so that mechanical axes are one line and the backs
    of both knees are parallel."""
    femur, tibia, patella = (built_in(bone) for bone in ("femur", "tibia", "patella"))
    upper, lower = femur_places(femur.mean, femur.faces), tibia_places(tibia.mean, tibia.faces)
    turn = np.transpose(femur_axes(upper)) @ np.array(tibia_axes(lower))
    up = femur_axes(upper)[0]
    lowest = min((upper.points[f"{name}_distal"] - knee_center(upper)) @ up for name in ("medial", "lateral"))
    knee = knee_center(upper) + (lowest - GAP_MM) * up
    moved = (tibia.mean - plateau_center(lower)) @ turn.T + knee
    before = knee + 25 * up - 50 * femur_axes(upper)[2]
    return (
        (femur.mean, femur.faces),
        (moved, tibia.faces),
        (patella.mean - patella.mean.mean(axis=0) + before, patella.faces),
    )


@pytest.fixture(scope="module")
def places(straight):
    femur, tibia, patella = straight
    lower = tibia_places(*tibia)
    return femur_places(*femur), lower, patella_places(*patella, tibia_axes(lower)[0])


@pytest.fixture(scope="module")
def still(places):
    return leg_measures_at(*places)


def turned_shank(places, degrees):
    """The leg's places with the tibia turned inwards about the femur's knee, in the femur's frontal plane."""
    femur, tibia, patella = places
    turn = Rotation.from_rotvec(np.radians(degrees) * femur_axes(femur)[2])
    knee = knee_center(femur)
    moved = {name: turn.apply(at - knee) + knee for name, at in tibia.points.items()}
    return femur, type(tibia)(tibia.side, moved, tibia.radii), patella


def test_a_straight_leg_has_180_degrees(still, places):
    assert still["hka_deg"].value == pytest.approx(180, abs=0.05)
    femur, tibia = places[:2]
    up = femur_axes(femur)[0]
    whole = femur_measures_at(femur)["length_mm"].value + tibia_measures_at(tibia)["length_mm"].value + GAP_MM
    assert still["leg_length_mm"].value == pytest.approx(whole, abs=1.0)
    assert abs(unit_of(still["leg_length_mm"]) @ up) > 0.999


def unit_of(measure):
    """Direction of a measured distance."""
    start, end = measure.lines["distance"]
    return (end - start) / np.linalg.norm(end - start)


@pytest.mark.parametrize("degrees", [5.0, -3.0])
def test_a_shank_turned_inwards_is_varus_and_opens_the_joint_outside(places, still, degrees):
    found = leg_measures_at(*turned_shank(places, degrees))
    assert found["hka_deg"].value - still["hka_deg"].value == pytest.approx(-degrees, abs=0.05)
    assert found["jlca_deg"].value - still["jlca_deg"].value == pytest.approx(degrees, abs=0.05)


@pytest.mark.parametrize("degrees", [-4.0, 0.0, 6.0])
def test_angles_of_bones_and_joint_add_up(places, degrees):
    """HKA = 180 + MPTA - mLDFA - JLCA, where both bones' frontal planes are one."""
    femur, tibia, patella = turned_shank(places, degrees)
    leg = leg_measures_at(femur, tibia, patella)
    sum_of = 180 + tibia_measures_at(tibia)["mpta_deg"].value - femur_measures_at(femur)["mldfa_deg"].value
    assert leg["hka_deg"].value == pytest.approx(sum_of - leg["jlca_deg"].value, abs=0.1)


def test_a_higher_patella_has_a_larger_ratio(places, still):
    femur, tibia, patella = places
    apex, insertion = still["insall_salvati_ratio"].lines["patellar_tendon"]
    size = np.linalg.norm(np.diff(still["insall_salvati_ratio"].lines["patella"], axis=0))
    away = 10 * (apex - insertion) / np.linalg.norm(apex - insertion)
    higher = type(patella)("", {name: at + away for name, at in patella.points.items()}, {})
    found = leg_measures_at(femur, tibia, higher)["insall_salvati_ratio"].value
    assert found - still["insall_salvati_ratio"].value == pytest.approx(10 / size)


def test_a_patella_is_as_long_as_it_was_made(ball):
    """An ellipsoid, its long axis leaning by 20 degrees."""
    points, faces = arrays(ball(1.0, (0.0, 0.0, 0.0), 4))
    lean = Rotation.from_euler("x", 20, degrees=True)
    found = patella_places(lean.apply(points * [20.0, 8.0, 22.0]), faces, np.array([0.0, 0, 1])).points
    assert found["base"] - found["apex"] == pytest.approx(lean.apply([0, 0, 44.0]), abs=1.0)


def test_a_mirrored_and_moved_leg_has_the_same_measures(straight, still, tools):
    mirrored = [(points * [-1, 1, 1] + [300, -40, 90], faces[:, ::-1]) for points, faces in straight]
    found = leg_measures(*mirrored, side="right")
    assert list(found) == list(DEFINITIONS["leg"])
    assert tools.values(found) == pytest.approx(tools.values(still), abs=0.01)
    assert "insall_salvati_ratio" not in leg_measures(*mirrored[:2])
    with pytest.raises(SurfaceError, match="femur is a left one, and the tibia a right one"):
        leg_measures(straight[0], mirrored[1])


def test_real_legs_in_place_are_usual(independent):
    """Both legs of one person, as they lay in CT."""
    bones = [[(points, faces) for _, points, faces in independent(bone)] for bone in ("femur", "tibia", "patella")]
    for femur, tibia, patella in zip(bones[0][-2:], bones[1], bones[2], strict=True):
        for name, each in leg_measures(femur, tibia, patella).items():
            mean, deviation = DEFINITIONS["leg"][name].usual
            assert abs(each.value - mean) < 3 * deviation, (name, each.value)
