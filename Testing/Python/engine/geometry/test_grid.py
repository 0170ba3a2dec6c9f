"""The grid: square cells in mm over any pixels, sampling that keeps place and mean, distances to the border."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from XRayTo3DLib.geometry.frames import pixel_to_mm
from XRayTo3DLib.geometry.grid import grid_over

SHAPE = (80, 120)
ALL = (slice(0, 80), slice(0, 120))

cases = given(st.floats(0.1, 4), st.tuples(st.floats(0.2, 2), st.floats(0.2, 2)), st.floats(1, 2), st.integers(0, 30))


@settings(deadline=None, max_examples=40)
@cases
def test_cells_lie_where_they_say(step, size, magnification, start):
    box = (slice(start, 60), slice(start + 5, 100))
    grid = grid_over(box, step, SHAPE, size, magnification)
    cells = np.array([[0, 0], [grid.shape[1] - 1, grid.shape[0] - 1], [3, 7]], float)
    mm = np.array(grid.origin) + grid.step * cells
    pixel = cells @ grid.to_pixel[:, :2].T + grid.to_pixel[:, 2]
    assert np.allclose(pixel_to_mm(pixel, SHAPE, size, magnification), mm, atol=1e-6)
    # It covers the box and at least a cell round it.
    low = pixel_to_mm(np.array([box[1].start - 0.5, box[0].start - 0.5]), SHAPE, size, magnification)
    high = pixel_to_mm(np.array([box[1].stop - 0.5, box[0].stop - 0.5]), SHAPE, size, magnification)
    assert (mm[0] < low - step).all() and (mm[1] > high + step).all()


@settings(deadline=None, max_examples=40)
@cases
def test_a_ramp_is_sampled_in_place(step, size, magnification, start):
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    ramp = 0.003 * columns + 0.002 * rows
    grid = grid_over((slice(20, 60), slice(30, 90)), step, SHAPE, size, magnification)
    found = grid.sample(ramp)
    y, x = np.mgrid[: grid.shape[0], : grid.shape[1]]
    pixel = np.stack([x, y], axis=-1) @ grid.to_pixel[:, :2].T + grid.to_pixel[:, 2]
    inside = (pixel[..., 0] > 20) & (pixel[..., 0] < 99) & (pixel[..., 1] > 20) & (pixel[..., 1] < 59)
    expected = 0.003 * pixel[..., 0] + 0.002 * pixel[..., 1]
    assert np.abs(found - expected)[inside].max(initial=0) < 2e-3


def test_coarse_cells_average_over_their_pixels():
    checks = (np.indices(SHAPE).sum(axis=0) % 2).astype(float)
    found = grid_over(ALL, 5.0, SHAPE, (1.0, 1.0)).sample(checks)
    assert np.abs(found[3:-3, 3:-3] - 0.5).max() < 0.05


def test_the_picture_goes_on_outside_its_border():
    grid = grid_over(ALL, 1.0, SHAPE, (1.0, 1.0))
    assert np.allclose(grid.sample(np.full(SHAPE, 0.7)), 0.7)


@pytest.mark.parametrize("magnification", [1.0, 1.5])
def test_spread_is_back_on_the_picture(magnification):
    grid = grid_over((slice(20, 60), slice(30, 90)), 0.5, SHAPE, (1.0, 1.0), magnification)
    back = grid.spread(np.ones(grid.shape), SHAPE)
    assert back.shape == SHAPE
    assert np.allclose(back[20:60, 30:90], 1) and not back[:10].any() and not back[:, 110:].any()


def test_distance_to_the_border():
    size = (0.5, 0.25)
    grid = grid_over(ALL, 0.5, SHAPE, size)
    xy = np.array([[0.0, 10.0], [30.0, -0.125], [30.0, 10.0], [-1.0, 10.0], [59.75, 10.0]])
    # The picture ends half a pixel beyond its outer pixels' centres: x from -0.25 to 59.75, y from -0.125 to 19.875.
    assert np.allclose(grid.border_at(xy), [0.25, 0, 9.875, -0.75, 0], atol=0.51 * 0.5)
    assert grid.border.max() == pytest.approx(10, abs=0.5)
    assert grid.border_at(np.array([[1e4, 1e4]])) < 0
