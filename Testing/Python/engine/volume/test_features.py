from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from XRayTo3DLib.volume import FEATURES, SHAPE, Grid, features, grid_round
from XRayTo3DLib.volume.features import mirrored

MIRROR = np.diag([-1.0, 1, 1, 1])


def named(values):
    return dict(zip(FEATURES, values, strict=True))


def test_a_point_is_inside_by_as_much_as_the_rays_pass_the_edge(ball):
    views = ball(0, 90)
    grid = grid_round(views)
    seen = named(features(views, grid)[0])
    center = np.array([3.0, -5.0, 8.0])
    # Of a ball, a point is inside by the radius less the distance of the ball's middle from the ray through the point.
    for name, view in zip(("from the front", "from the side"), views, strict=True):
        rays, middle = grid.points - view.camera.source_lps, center - view.camera.source_lps
        away = np.linalg.norm(np.cross(rays, middle), axis=1) / np.linalg.norm(rays, axis=1)
        wanted = ((20 - away) / grid.step).reshape(SHAPE)
        near = np.abs(wanted) < 3
        assert_allclose(1.05 * seen[name][near], wanted[near], atol=0.25)  # 0.05 of it is for views that are not there
    least = 1.05 * np.minimum(seen["from the front"], seen["from the side"])
    assert_allclose(seen["inside"], least, atol=0.1)


def test_views_come_in_any_order(ball):
    views = ball(0, 90, 45)
    grid = grid_round(views)
    for one, other in zip(features(views, grid), features(views[::-1], grid), strict=True):
        assert_allclose(one, other, atol=1e-4)


def test_a_mirrored_patient_has_mirrored_features(ball):
    views = tuple(replace(each, grey=np.random.default_rng(1).random(each.mask.shape)) for each in ball(0, 70))
    grid = grid_round(views)
    there = tuple(replace(each, camera=replace(each.camera, from_lps=each.camera.from_lps @ MIRROR)) for each in views)
    # The mirrored grid's points in the order in which the mirrored array has them.
    last = grid.at([[SHAPE[2] - 1, 0, 0]])[0] * [-1, 1, 1]
    assert grid.axes == pytest.approx(np.eye(3))
    other = replace(grid, origin=last)
    one, room = features(views, grid)
    two, room_there = features(there, other)
    assert_allclose(mirrored(one), two, atol=2e-3)
    assert_allclose(room[..., ::-1], room_there, atol=1e-3)


def test_how_much_a_view_counts_as_one_from_the_side_follows_from_its_angle(ball):
    views = ball(30)
    seen = named(features(views, grid_round(views))[0])
    middle = tuple(count // 2 for count in SHAPE)
    front, side = seen["from the front: seen"][middle], seen["from the side: seen"][middle]
    assert front == pytest.approx(0.75 / 0.8, abs=0.02) and side == pytest.approx(0.25 / 0.3, abs=0.02)
    assert seen["grey from the front"].max() == seen["grey from the front"].min() == 0


def test_room_is_the_distance_of_the_shadow_from_the_picture_s_border(ball):
    (view,) = ball(0)
    edge = np.array([-0.5, 120.0])  # of the first column
    size = view.pixel_mm
    at_edge = np.array([(edge[0] - view.camera.middle[0]) * size, 0, 0])
    grid = Grid(at_edge, np.eye(3), 1.0, (1, 1, 40))
    room = features([view], grid)[1]
    assert room[0, 0, :20] == pytest.approx(np.arange(20), abs=0.01)
