"""Implants: closed surfaces that stand where a surgeon would put them, whatever the femur's size and side."""

import itertools

import numpy as np
import pytest

from XRayTo3DLib.errors import SimulationError
from XRayTo3DLib.simulate.scenes.metal import KINDS, ball, cap, implant, sweep
from XRayTo3DLib.surface import area_and_volume, is_closed

# A left femur, upright, its knee's centre at the origin (LPS, mm).
MARKS = {
    "head_center": np.array([38.0, -15.0, 395.0]),
    "trochanter_tip": np.array([85.0, 8.0, 393.0]),
    "lesser_trochanter": np.array([45.0, 10.0, 340.0]),
    "medial_condyle": np.array([-25.0, 0.0, 0.0]),
    "lateral_condyle": np.array([25.0, 0.0, 0.0]),
    "knee_center": np.zeros(3),
    "shaft_proximal": np.array([60.0, -12.0, 285.0]),
    "shaft_middle": np.array([42.0, -20.0, 195.0]),
    "shaft_distal": np.array([24.0, -12.0, 105.0]),
}


def distance_to_axis(points):
    """From the straight lines through the landmarks, head to knee (mm)."""
    line = [MARKS[n] for n in ("head_center", "shaft_proximal", "shaft_middle", "shaft_distal", "knee_center")]
    line += [MARKS["trochanter_tip"], MARKS["shaft_proximal"]]
    best = np.full(len(points), np.inf)
    for a, b in itertools.pairwise(line):
        share = np.clip((points - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        best = np.minimum(best, np.linalg.norm(points - a - share[:, None] * (b - a), axis=1))
    return best


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_parts_are_closed_and_face_outwards(kind, seed):
    for part in implant(kind, MARKS, np.random.default_rng(seed)):
        assert is_closed(part.faces)
        assert area_and_volume(part.points, part.faces)[1] > 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_implants_are_in_the_femur_or_on_it(kind, seed):
    parts = implant(kind, MARKS, np.random.default_rng(seed))
    assert parts
    assert max(distance_to_axis(part.points).max() for part in parts) < 75


@pytest.mark.parametrize("kind", KINDS)
def test_a_small_femur_gets_a_small_implant(kind):
    whole = implant(kind, MARKS, np.random.default_rng(1))
    half = implant(kind, {name: point / 2 for name, point in MARKS.items()}, np.random.default_rng(1))
    for large, small in zip(whole, half, strict=True):  # but for the pitch of a screw's thread
        for side in (np.min, np.max):
            assert side(small.points, axis=0) == pytest.approx(side(large.points, axis=0) / 2, abs=1.0)


@pytest.mark.parametrize("kind", ["plate", "hip screw"])
@pytest.mark.parametrize("sign", [1, -1])
def test_plates_lie_on_the_outer_side(kind, sign):
    marks = {name: point * [sign, 1, 1] for name, point in MARKS.items()}
    for seed in range(6):
        parts = implant(kind, marks, np.random.default_rng(seed))
        plate = parts[0] if kind == "plate" else parts[1]
        height = plate.points[:, 2]
        middle = np.interp(height, (0, 105, 195, 285), (0, 24, 42, 60))
        assert (sign * plate.points[:, 0] > middle + 5).all()


def test_the_head_of_a_prosthesis_is_about_the_heads_center():
    parts = implant("hip prosthesis", MARKS, np.random.default_rng(0))
    balls = [part for part in parts if part.points.mean(axis=0) == pytest.approx(MARKS["head_center"], abs=0.5)]
    assert len(balls) == 1
    radius = np.linalg.norm(balls[0].points - MARKS["head_center"], axis=1).max()
    assert 13 < radius < 25


def test_sweep_is_a_cylinder():
    part = sweep(np.array([[0, 0, 0], [0, 0, 5], [0, 0, 10.0]]), np.full(3, 2.0), corners=200)
    assert area_and_volume(part.points, part.faces)[1] == pytest.approx(np.pi * 4 * 10, rel=1e-3)


def test_sweep_is_elliptic():
    part = sweep(np.array([[0, 0, 0], [0, 0, 10.0]]), np.array([[3, 2.0], [3, 2.0]]), np.array([1.0, 0, 0]), 200)
    assert part.points[:, 0].max() == pytest.approx(3) and part.points[:, 1].max() == pytest.approx(2, rel=1e-3)
    assert area_and_volume(part.points, part.faces)[1] == pytest.approx(np.pi * 6 * 10, rel=1e-3)


def test_ball_and_half_ball():
    whole, half = ball(np.ones(3), 10.0, 80), cap(np.ones(3), np.array([0, 1.0, 0]), 10.0, 10.0, np.pi / 2, 80)
    assert area_and_volume(whole.points, whole.faces)[1] == pytest.approx(4 / 3 * np.pi * 1000, rel=0.01)
    assert area_and_volume(half.points, half.faces)[1] == pytest.approx(2 / 3 * np.pi * 1000, rel=0.01)
    assert half.points[:, 1].min() == pytest.approx(1)


def test_no_such_implant():
    with pytest.raises(SimulationError, match="metal 'gold': there is no such implant; choose from nail"):
        implant("gold", MARKS, np.random.default_rng(0))
