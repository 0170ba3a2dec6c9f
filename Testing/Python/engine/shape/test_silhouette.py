"""Rays graze a sphere along a circle that can be computed; what another part covers is no outline."""

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.shape import View
from XRayTo3DLib.shape.silhouette import prepared, silhouette

RADIUS = 40.0


def view(camera):
    return View(camera, np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0))


def rim_of(camera, ball):
    points, mesh = np.asarray(ball.vertices, float), prepared(np.asarray(ball.faces), len(ball.vertices))
    return points, silhouette(mesh, points, mesh.normals(points), view(camera))


def ball(radius=RADIUS, centre=(0, 0, 0), subdivisions=4):
    return trimesh.creation.icosphere(subdivisions, radius).apply_translation(centre)


def test_each_edge_once_and_normals_of_a_sphere():
    sphere = ball(10.0)
    mesh = prepared(np.asarray(sphere.faces), len(sphere.vertices))
    assert len(mesh.edges) == len(np.unique(mesh.edges, axis=0)) == len(sphere.faces) * 3 // 2
    assert np.allclose(mesh.normals(sphere.vertices), sphere.vertices / 10.0, atol=0.01)


@pytest.mark.parametrize("turn_deg", [0.0, 70.0])
def test_a_sphere_casts_a_circle_of_known_radius(cast, turn_deg):
    _points, rim = rim_of(cast.camera(turn_deg), ball())
    # The cone that touches a sphere has the half angle arcsin(r / SOD).
    expected = cast.sod * np.tan(np.arcsin(RADIUS / cast.sod))
    radius = np.linalg.norm(rim.place, axis=1)
    assert np.allclose(radius, expected, rtol=2e-3)  # its triangles' chords
    assert np.allclose(rim.normals, rim.place / radius[:, None], atol=0.01)
    angle = np.sort(np.arctan2(*rim.place.T))
    assert np.diff(angle, append=angle[0] + 2 * np.pi).max() < 0.15  # all round


def test_a_sphere_beside_the_central_ray_casts_an_ellipse(cast):
    centre = np.array([100.0, 0, 30.0])
    _, rim = rim_of(cast.camera(), ball(centre=centre))
    source = cast.camera().source_lps
    distance = np.linalg.norm(centre - source)
    axis, angle = (centre - source) / distance, np.arcsin(RADIUS / distance)
    along = (
        np.column_stack([rim.place[:, 0], np.zeros(len(rim.place)), -rim.place[:, 1]]) - source
    )  # at the plane z = 0
    cosine = along @ axis / np.linalg.norm(along, axis=1)
    assert np.allclose(np.arccos(cosine), angle, rtol=3e-3)


def test_rays_graze_where_the_silhouette_lies(cast):
    camera, sphere = cast.camera(30.0), ball(centre=(20, -10, 40))
    points, rim = rim_of(camera, sphere)
    at = rim.on(points)
    ray = at - camera.source_lps
    normals = (at - [20, -10, 40]) / np.linalg.norm(at - [20, -10, 40], axis=1)[:, None]
    sine = np.einsum("ni,ni->n", normals, ray) / np.linalg.norm(ray, axis=1)
    assert np.abs(sine).max() < 0.01


def test_points_on_edges_cast_the_silhouette(cast):
    camera = cast.camera(30.0)
    points, rim = rim_of(camera, ball())
    pixel, distance = camera.project(rim.on(points))
    assert np.allclose((pixel - camera.middle) * cast.pixel_mm / cast.magnification, rim.place, atol=1e-9)
    assert np.allclose(rim.nearness, cast.sod / distance)
    assert ((rim.share >= 0) & (rim.share <= 1)).all()


def test_what_another_part_covers_is_left_out(cast):
    """A dumbbell seen along a slant: a part of each ball's circle lies in the other's shadow."""
    apart = np.array([40.0, 60.0, 0.0])
    dumbbell = trimesh.util.concatenate([ball(), ball(centre=apart)])
    _points, rim = rim_of(cast.camera(), dumbbell)
    source = cast.camera().source_lps
    along = np.column_stack([rim.place[:, 0], np.zeros(len(rim.place)), -rim.place[:, 1]]) - source
    along /= np.linalg.norm(along, axis=1)[:, None]
    on = rim.ends[:, 0] >= len(ball().vertices)  # of the second ball
    for own, other in ((~on, apart), (on, np.zeros(3))):
        past = np.linalg.norm(
            np.cross(along[own], other - source), axis=1
        )  # how near the ray passes the other's centre
        assert past.min() > RADIUS - 4.0  # not deep inside its shadow
        assert own.sum() > 50
    alone = sum(len(rim_of(cast.camera(), each)[1].share) for each in (ball(), ball(centre=apart)))
    assert len(rim.share) < 0.8 * alone


def test_a_part_before_another_leaves_only_the_larger_outline(cast):
    _, rim = rim_of(cast.camera(), trimesh.util.concatenate([ball(), ball(20.0, (0, 100, 0))]))
    assert (rim.ends < len(ball().vertices)).all()


def test_where_and_on_pick_and_interpolate(cast):
    points, rim = rim_of(cast.camera(), ball())
    some = rim.where(np.arange(5))
    assert len(some.share) == 5 and np.array_equal(some.place, rim.place[:5])
    assert np.allclose(some.on(points[:, 0]), some.on(points)[:, 0])


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_a_surface_round_the_source_has_no_silhouette(cast):
    sphere = ball(50.0, cast.camera().source_lps)
    assert len(rim_of(cast.camera(), sphere)[1].share) == 0
