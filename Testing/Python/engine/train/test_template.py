"""A template is closed, even, finer where the surface bends, holds the shape, and moves with the surface it lies on."""

from types import SimpleNamespace

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.errors import SurfaceError
from XRayTo3DLib.surface import distance_to, is_closed
from XRayTo3DLib.surface.crossing import crossing_triangles
from XRayTo3DLib.surface.mesh import area_and_volume
from XRayTo3DLib.train import template
from XRayTo3DLib.train.people import bodies

BALL = trimesh.creation.icosphere(2, 1.0)
COARSE, FACES = np.asarray(BALL.vertices) * [15.0, 15.0, 60.0], np.asarray(BALL.faces, np.int64)


@pytest.fixture(scope="module")
def egg():
    """A long ellipsoid, with many small triangles, and a template of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(template, "_FINEST", 8_000)
        (points,), faces = template.rounded(COARSE[None], FACES)
        return SimpleNamespace(points=points, faces=faces, template=template.even(points, faces, 400))


def off_the_egg(points):
    """About how far points lie off an ellipsoid (mm)."""
    inside = np.sqrt(((points / [15.0, 15.0, 60.0]) ** 2).sum(axis=1))
    return (inside - 1) * 15


def test_a_rounded_surface_goes_through_the_points_and_is_nearer_to_the_ellipsoid_between(egg):
    assert is_closed(egg.faces) and len(egg.points) > 8_000
    assert np.allclose(egg.points[: len(COARSE)], COARSE, atol=1e-4)
    flat = COARSE[FACES].mean(axis=1)
    assert np.abs(off_the_egg(egg.points)).mean() < 0.3 * np.abs(off_the_egg(flat)).mean()


def test_surfaces_with_the_same_triangles_stay_so(egg, monkeypatch):
    monkeypatch.setattr(template, "_FINEST", 8_000)
    points, faces = template.rounded(np.stack([COARSE, COARSE * [1.2, 0.8, 1.1]]), FACES)
    assert np.array_equal(faces, egg.faces)
    assert np.allclose(points, [egg.points, egg.points * [1.2, 0.8, 1.1]], atol=1e-3)


def test_it_is_closed_and_even_and_does_not_cross_itself(egg):
    points, faces = egg.template.on(egg.points), egg.template.faces
    assert len(points) == 400 and is_closed(faces) and len(faces) == 2 * 400 - 4
    assert area_and_volume(points, faces)[1] > 0 and not len(crossing_triangles(points, faces))
    sides = np.linalg.norm(points[faces] - points[np.roll(faces, 1, axis=1)], axis=2)
    assert np.percentile(sides.max(axis=1) / sides.min(axis=1), 95) < 2.5


def test_it_is_finer_at_the_ends(egg):
    points = egg.template.on(egg.points)
    sides = np.linalg.norm(points[egg.template.faces] - points[np.roll(egg.template.faces, 1, axis=1)], axis=2)
    far = np.abs(points[egg.template.faces].mean(axis=1)[:, 2])
    assert 1.2 * sides[far > 55].mean() < sides[far < 30].mean()


def test_it_holds_the_volume_that_flat_triangles_lose(egg):
    whole = area_and_volume(egg.points, egg.faces)[1]
    assert area_and_volume(egg.template.on(egg.points), egg.template.faces)[1] == pytest.approx(whole, rel=4e-3)
    away = np.abs(distance_to(egg.template.on(egg.points), egg.template.faces, egg.points))
    assert away.mean() < 0.15


def test_it_moves_with_the_surface(egg):
    matrix = np.array([[1.1, 0.2, 0], [0, 0.9, 0], [0.1, 0, 1.2]])
    assert np.allclose(egg.template.on(egg.points @ matrix + 7), egg.template.on(egg.points) @ matrix + 7)


def test_too_few_points_are_refused(egg):
    with pytest.raises(SurfaceError, match="2 points are too few"):
        template.even(egg.points, egg.faces, 2)


def test_bodies_are_taken_apart():
    other = COARSE[::-1] + 100
    points = np.stack([np.concatenate([COARSE, other]), np.concatenate([COARSE, other]) * 2])
    faces = np.concatenate([FACES, len(COARSE) - 1 - FACES[:, ::-1] + len(COARSE)])
    one, two = bodies(points, faces)
    assert np.array_equal(one[0], points[:, : len(COARSE)]) and np.array_equal(one[1], FACES)
    assert np.array_equal(two[0], points[:, len(COARSE) :]) and is_closed(two[1])
