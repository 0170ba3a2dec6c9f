"""Smooth changes of shape: small, one to one, and the same for everything in their way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from XRayTo3DLib.simulate.scenes.warp import random_warp, warped
from XRayTo3DLib.surface import area_and_volume, crossing_triangles


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_it_is_one_to_one(seed):
    """The determinant of its derivative is positive wherever it is asked, and strains stay below a third."""
    field = random_warp(np.random.default_rng(seed))
    at = np.random.default_rng(seed + 1).uniform(-300, 300, (50, 3))
    step = 1e-3
    derivative = np.stack(
        [(field(at + step * axis) - field(at - step * axis)) / (2 * step) for axis in np.eye(3)], axis=2
    )
    assert np.linalg.det(derivative).min() > 0.2
    assert np.abs(derivative - np.eye(3)).max() < 0.4


def test_the_same_seed_gives_the_same_field():
    points = np.random.default_rng(0).uniform(-100, 100, (20, 3))
    one, two, other = (random_warp(np.random.default_rng(seed))(points) for seed in (3, 3, 4))
    assert np.array_equal(one, two) and np.abs(one - other).max() > 0.1


def test_closed_surfaces_stay_sound(sphere):
    field = random_warp(np.random.default_rng(1))
    ball = sphere(60.0)
    moved = warped(ball, field)
    assert np.array_equal(moved.faces, ball.faces) and len(crossing_triangles(moved.points, moved.faces)) == 0
    assert area_and_volume(moved.points, moved.faces)[1] == pytest.approx(4 / 3 * np.pi * 60**3, rel=0.3)
