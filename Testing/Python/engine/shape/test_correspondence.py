"""A template bent onto another meshing of a bent copy of itself lies on it, each point in its place."""

import numpy as np
import pytest

from XRayTo3DLib.shape.correspondence import _apart, register, sampled
from XRayTo3DLib.shape.silhouette import prepared
from XRayTo3DLib.surface import arrays, distance_to, polydata, simplify


def bent(points):
    """A smooth change of some millimetres that leaves no point in its place."""
    low, high = points.min(axis=0), points.max(axis=0)
    share = (points - low) / (high - low)
    wave = np.sin(2 * np.pi * share[:, [2, 2, 0]] + [0, 1, 2])
    return points * [1.04, 0.97, 1.02] + wave * [3.0, 2.0, 1.5]


def test_a_bent_copy_of_another_meshing_is_met(coarse, model):
    target, faces = arrays(simplify(polydata(bent(model.mean), model.faces), 5000, 5.0))
    target = np.asarray(target, float)
    found = register(coarse, target, faces)
    off = np.abs(distance_to(target, faces, found))
    assert off.mean() < 0.3
    along = np.linalg.norm(found - bent(coarse.points), axis=1)  # on the surface, too, points are where they belong:
    assert np.median(along) < 4.0  # theirs are about 12 mm apart
    mesh = prepared(coarse.faces, len(coarse.points))
    assert (mesh.normals(found) * mesh.normals(bent(coarse.points))).sum(axis=1).min() > 0.2  # nothing is folded


def test_a_template_on_itself_stays(coarse):
    found = register(coarse, coarse.points, coarse.faces)
    assert np.abs(distance_to(coarse.points, coarse.faces, found)).mean() < 0.15
    assert np.linalg.norm(found - coarse.points, axis=1).mean() < 4.0  # points are about 12 mm apart


def test_samples_lie_evenly_on_the_surface(ball):
    points, faces = arrays(ball(30.0, subdivisions=4))
    places, normals = sampled(np.asarray(points, float), faces, 20_000)
    radius = np.linalg.norm(places, axis=1)
    assert radius == pytest.approx(30, abs=0.15)
    assert np.allclose(normals, places / radius[:, None], atol=0.08)
    assert np.allclose(places.mean(axis=0), 0, atol=0.5)  # 30 / sqrt(3 * 20000) = 0.12
    again = sampled(np.asarray(points, float), faces, 20_000)
    assert np.array_equal(places, again[0])


def test_control_points_are_apart_and_leave_no_gap(coarse):
    chosen = coarse.points[_apart(coarse.points, 30.0)]
    away = np.linalg.norm(chosen[:, None] - chosen, axis=2) + 1e9 * np.eye(len(chosen))
    assert away.min() >= 30 - 1e-9
    assert np.linalg.norm(coarse.points[:, None] - chosen, axis=2).min(axis=1).max() <= 30
