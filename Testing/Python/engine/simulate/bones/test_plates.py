"""Plates: balls, rods and triangles have the volumes and the nearest points of geometry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from XRayTo3DLib.simulate.bones.plates import body, distance, nearest
from XRayTo3DLib.surface import area_and_volume, is_closed

BALL = [[3.0, -2.0, 7.0, 10.0]]
ROD = [[0.0, 0.0, 0.0, 6.0], [30.0, 0.0, 0.0, 6.0]]
coordinate = st.floats(-20, 20, width=32)


def volume(mesh):
    return area_and_volume(mesh.points, mesh.faces)[1]


def test_a_ball():
    mesh = body(BALL, np.array([[0, 0, 0]]), 2.0, 1.0)
    assert is_closed(mesh.faces)
    assert np.linalg.norm(mesh.points - [3, -2, 7], axis=1) == pytest.approx(np.full(len(mesh.points), 10), abs=0.1)
    assert volume(mesh) == pytest.approx(4 / 3 * np.pi * 1000, rel=0.02)


def test_a_rod():
    mesh = body(ROD, np.array([[0, 1, 1]]), 2.0, 1.0)
    assert is_closed(mesh.faces)
    assert volume(mesh) == pytest.approx(np.pi * 36 * 30 + 4 / 3 * np.pi * 216, rel=0.02)


def test_a_hole_round_the_origin():
    mesh = body([[0.0, 0.0, 0.0, 20.0]], np.array([[0, 0, 0]]), 2.0, 1.0, hole_mm=12.0)
    assert is_closed(mesh.faces)
    assert volume(mesh) == pytest.approx(4 / 3 * np.pi * (20**3 - 12**3), rel=0.02)


@settings(max_examples=50, deadline=None)
@given(st.lists(coordinate, min_size=12, max_size=12))
def test_the_nearest_point_of_a_triangle(numbers):
    """No point of a fine grid on the triangle is nearer than the one that is said to be nearest."""
    point, triangle = np.array(numbers[:3]), np.array(numbers[3:]).reshape(3, 3)
    share = nearest(point[None], triangle)[0]
    assert share.sum() == pytest.approx(1) and share.min() >= -1e-9
    i, j = np.meshgrid(np.linspace(0, 1, 41), np.linspace(0, 1, 41))
    grid = np.column_stack([i.ravel(), j.ravel(), 1 - i.ravel() - j.ravel()])
    grid = grid[grid[:, 2] >= -1e-9]
    least = np.linalg.norm(grid @ triangle - point, axis=1).min()
    assert np.linalg.norm(share @ triangle - point) <= least + 1e-3


def test_the_distance_counts_the_ball_that_is_nearest():
    ends = np.array([[0.0, 0, 0, 5], [40, 0, 0, 9], [40, 0, 0, 9]])
    assert distance(np.array([[0.0, 20, 0], [60, 0, 0], [20, 17, 0]]), ends) == pytest.approx([15, 11, 10])
