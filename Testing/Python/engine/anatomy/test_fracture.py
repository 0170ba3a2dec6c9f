"""A lower fragment moved by a known matrix is measured to lie so, on either leg and however the patient lies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from XRayTo3DLib.anatomy import DEFINITIONS, fracture_measures

CENTER = np.array([20.0, -30.0, 40.0])
UP, LATERAL, BACK = np.array([0.0, 0, 1]), np.array([1.0, 0, 0]), np.array([0.0, 1, 0])  # of a left leg, LPS


def moving(turn, shift):
    """A motion (4, 4) about the break's middle."""
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = CENTER - turn @ CENTER + shift
    return matrix


def about(axis, degrees):
    return Rotation.from_rotvec(np.radians(degrees) * np.asarray(axis)).as_matrix()


def values(matrix, center=CENTER, up=UP, lateral=LATERAL, side="left"):
    return {name: each.value for name, each in fracture_measures(matrix, center, up, lateral, side).items()}


def test_it_has_all_that_is_defined_in_its_unit():
    found = fracture_measures(np.eye(4), CENTER, UP, LATERAL, "left")
    assert list(found) == list(DEFINITIONS["fracture"])
    for name, each in found.items():
        assert each.value == pytest.approx(0, abs=1e-9) and name.endswith(f"_{each.unit}")


@pytest.mark.parametrize(
    ("axis", "name", "sign"),
    [
        (BACK, "angulation_ap_deg", -1),  # about the axis to the back, the leg's end goes inwards
        (LATERAL, "angulation_lateral_deg", 1),
        (UP, "rotation_deg", 1),
    ],
)
def test_a_turn_about_one_axis_is_one_measure(axis, name, sign):
    found = values(moving(about(axis, 17), np.zeros(3)))
    others = {"angulation_ap_deg", "angulation_lateral_deg", "rotation_deg"} - {name}
    assert found[name] == pytest.approx(sign * 17)
    assert all(found[other] == pytest.approx(0, abs=1e-9) for other in others)
    assert found["angulation_deg"] == pytest.approx(0 if name == "rotation_deg" else 17, abs=1e-9)
    assert found["translation_mm"] == pytest.approx(0, abs=1e-9)


def test_which_way_the_far_end_goes():
    """Of a left leg, whose outer side is at the patient's left: what hangs 100 mm below the break."""
    for name, towards in (("angulation_ap_deg", LATERAL), ("angulation_lateral_deg", BACK)):
        turn = about(np.cross(-UP, towards), 20)
        assert (turn @ (-100 * UP)) @ towards == pytest.approx(100 * np.sin(np.radians(20)))
        assert values(moving(turn, np.zeros(3)))[name] == pytest.approx(20)


def test_a_foot_that_turns_outwards():
    front = about(UP, 20) @ -BACK
    assert front @ LATERAL > 0 and values(moving(about(UP, 20), np.zeros(3)))["rotation_deg"] == pytest.approx(20)


def test_a_shift_has_its_parts():
    found = values(moving(np.eye(3), 3 * LATERAL - 4 * BACK + 12 * UP))
    assert found["translation_mm"] == pytest.approx(5) and found["shortening_mm"] == pytest.approx(12)
    assert found["translation_lateral_mm"] == pytest.approx(3)
    assert found["translation_posterior_mm"] == pytest.approx(-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_angulation_is_that_of_both_pictures(seed):
    """Its squared tangent is the sum of theirs; a turn about the shaft before it changes neither."""
    rng = np.random.default_rng(seed)
    lean = about(np.append(rng.normal(0, 1, 2), 0), 1.0)
    lean = Rotation.from_matrix(lean).as_rotvec()
    lean = about(lean / np.linalg.norm(lean), rng.uniform(1, 60))
    twist = rng.uniform(-80, 80)
    found = values(moving(lean @ about(UP, twist), rng.normal(0, 20, 3)))
    total, *planes = (np.tan(np.radians(found[f"angulation_{name}deg"])) ** 2 for name in ("", "ap_", "lateral_"))
    assert total == pytest.approx(sum(planes)) and found["rotation_deg"] == pytest.approx(twist)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_it_does_not_matter_how_the_patient_lies_or_which_leg_it_is(seed):
    rng = np.random.default_rng(seed)
    matrix = moving(about(*(lambda v: (v / np.linalg.norm(v), 25))(rng.normal(0, 1, 3))), rng.normal(0, 10, 3))
    found = values(matrix)
    lies = np.eye(4)
    lies[:3, :3], lies[:3, 3] = Rotation.random(random_state=seed).as_matrix(), rng.normal(0, 100, 3)
    turned = lies[:3, :3]
    there = values(lies @ matrix @ np.linalg.inv(lies), turned @ CENTER + lies[:3, 3], turned @ UP, turned @ LATERAL)
    flip = np.diag([-1.0, 1, 1, 1])
    other = values(flip @ matrix @ flip, flip[:3, :3] @ CENTER, UP, -LATERAL, "right")
    for name, value in found.items():
        assert there[name] == pytest.approx(value, abs=1e-6) and other[name] == pytest.approx(value, abs=1e-6), name
