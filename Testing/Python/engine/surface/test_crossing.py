"""A surface crosses itself where one part runs through another, not where parts only meet."""

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.surface import crossing_triangles


def two_balls(distance):
    ball = trimesh.creation.icosphere(3, 10.0)
    return trimesh.util.concatenate([ball, ball.copy().apply_translation((distance, 0.1, 0.2))])


@pytest.mark.parametrize("shape", [trimesh.creation.box(), trimesh.creation.icosphere(3), trimesh.creation.torus(3, 1)])
def test_simple_bodies_do_not(shape):
    assert len(crossing_triangles(shape.vertices, shape.faces)) == 0


def test_two_balls_cross_along_their_circle():
    body = two_balls(9.0)
    crossing = crossing_triangles(body.vertices, body.faces)
    # Both surfaces lie on the circle x = 4.5.
    assert len(crossing) > 50
    assert np.abs(body.triangles[crossing][:, :, 0].mean(axis=1) - 4.5).max() < 1.5


def test_two_balls_apart_do_not():
    body = two_balls(20.5)
    assert len(crossing_triangles(body.vertices, body.faces)) == 0


def test_nothing_crosses_nothing():
    assert len(crossing_triangles(np.empty((0, 3)), np.empty((0, 3), int))) == 0
