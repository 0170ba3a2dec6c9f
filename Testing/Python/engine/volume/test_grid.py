from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.volume import SHAPE, Grid, Seen, grid_round

COORDINATE = some.floats(-500, 500)


@given(some.lists(COORDINATE, min_size=3, max_size=3), some.floats(0.1, 10), some.floats(-3, 3))
def test_numbers_and_places_of_a_grid_are_each_others_inverse(origin, step, angle):
    axes = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    grid = Grid(np.array(origin), axes, step, (3, 4, 5))
    numbers = grid.index(grid.points)
    assert numbers[1] == pytest.approx([1, 0, 0], abs=1e-6)  # the first axis runs fastest
    assert numbers[5] == pytest.approx([0, 1, 0], abs=1e-6)
    assert grid.at(numbers) == pytest.approx(grid.points)
    assert grid.shifted(0.5).index(grid.at([[1, 1, 1]])) == pytest.approx(np.full((1, 3), 0.5), abs=1e-6)


def test_a_grid_holds_the_bone_with_room_round_it(ball):
    grid = grid_round(ball(0, 90))
    low, high = grid.index(np.array([[-17.0, -25, -12], [23, 15, 28]]))
    assert (low > 1).all() and (high < np.array(SHAPE[::-1]) - 2).all()
    assert (high - low).max() > 22  # and is no larger than it must be


def test_of_one_view_a_bone_is_as_thick_as_wide(ball):
    grid = grid_round(ball(0, center=(0, 0, 0)))
    assert grid.index(np.zeros((1, 3)))[0] == pytest.approx((np.array(SHAPE[::-1]) - 1) / 2, abs=0.5)
    assert grid.step == pytest.approx(40 / 27, rel=0.1)


def test_a_grid_moves_with_bone_and_cameras(ball):
    away = np.array([30.0, -12, 7])
    shift = np.eye(4)
    shift[:3, 3] = -away
    here = ball(0, 80)
    there = tuple(replace(each, camera=replace(each.camera, from_lps=each.camera.from_lps @ shift)) for each in here)
    one, other = grid_round(here), grid_round(there)
    assert other.step == pytest.approx(one.step)
    assert other.origin == pytest.approx(one.origin + away)


def test_a_grid_lies_along_a_long_bone(ball):
    views = []
    for seen in ball(0, 90):
        along = np.array([0.2, -0.1, 1.0]) * np.linspace(-50, 50, 400)[:, None]
        mask = np.zeros(seen.mask.shape, bool)
        for column, row in np.rint(seen.camera.project(along)[0]).astype(int):
            mask[row - 4 : row + 5, column - 4 : column + 5] = True
        views.append(Seen(seen.camera, mask))
    wanted = np.array([0.2, -0.1, 1.0]) / np.linalg.norm([0.2, -0.1, 1.0])
    axes = grid_round(views).axes
    assert axes[2] == pytest.approx(wanted, abs=0.01)
    assert axes @ axes.T == pytest.approx(np.eye(3)) and np.linalg.det(axes) > 0


def test_views_that_look_elsewhere_are_refused_in_words(ball):
    here, there = ball(0), ball(90, center=(0, 0, -60))
    with pytest.raises(ReconstructionError, match="do not look at the same place"):
        grid_round((*here, *there))


def test_a_view_without_a_bone_is_refused_in_words(ball):
    (seen,) = ball(0)
    with pytest.raises(ReconstructionError, match="do not look at the same place"):
        grid_round([replace(seen, mask=np.zeros_like(seen.mask))])


def test_inwards_is_the_distance_to_the_edge_and_the_picture_s_border_is_none(ball):
    camera = ball(0)[0].camera
    mask = np.zeros((240, 200), bool)
    mask[:, 50:] = True  # goes on beyond three borders
    inwards = Seen(camera, mask).inwards_mm / Seen(camera, mask).pixel_mm
    assert inwards[120, 45:55] == pytest.approx(np.arange(45, 55) - 49.5, abs=0.01)
    assert inwards[0, 70] == pytest.approx(20.5, abs=0.2)
