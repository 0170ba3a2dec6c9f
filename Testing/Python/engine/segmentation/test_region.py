"""Regions: exactly the pixels that a box, polygon or mask names, and words where there are none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.segmentation import bounding_box, box_region, mask_region, polygon_region

SHAPE = (40, 60)
corner = st.tuples(st.integers(-20, 80), st.integers(-20, 60))


@given(corner, corner)
def test_box_holds_both_corners_and_all_between(a, b):
    (x0, x1), (y0, y1) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    expected = (columns >= x0) & (columns <= x1) & (rows >= y0) & (rows <= y1)
    if expected.any():
        assert np.array_equal(box_region(SHAPE, (*a, *b)), expected)
    else:
        with pytest.raises(ReconstructionError, match="marks no pixel"):
            box_region(SHAPE, (*a, *b))


def test_order_of_corners_does_not_matter():
    assert np.array_equal(box_region(SHAPE, (10, 5, 30, 20)), box_region(SHAPE, (30, 20, 10, 5)))
    assert np.array_equal(box_region(SHAPE, (10, 20, 30, 5)), box_region(SHAPE, (10, 5, 30, 20)))


@pytest.mark.parametrize("box", [(np.nan, 0, 5, 5), (0, 0, np.inf, 5), (0, 0, 5), "here"])
def test_box_without_four_numbers(box):
    with pytest.raises((ReconstructionError, ValueError)):
        box_region(SHAPE, box)


@pytest.mark.parametrize("box", [(100, 0, 200, 10), (-20, -20, -1, -1), (0, 40, 10, 90), (1e300, 1e300, 2e300, 2e300)])
def test_box_beside_the_picture(box):
    with pytest.raises(ReconstructionError, match="60 columns x 40 rows"):
        box_region(SHAPE, box)


def test_polygon_that_is_a_box_is_that_box():
    corners = [(10, 5), (30, 5), (30, 20), (10, 20)]
    assert np.array_equal(polygon_region(SHAPE, corners), box_region(SHAPE, (10, 5, 30, 20)))
    assert np.array_equal(polygon_region(SHAPE, corners[::-1]), polygon_region(SHAPE, corners))


def test_polygon_area_and_sides():
    triangle = np.array([(2.0, 2.0), (57.0, 4.0), (20.0, 37.0)])
    region = polygon_region(SHAPE, triangle)
    x, y = triangle.T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    perimeter = np.linalg.norm(triangle - np.roll(triangle, 1, axis=0), axis=1).sum()
    assert abs(region.sum() - area) < perimeter  # its border is included: about half a pixel more all round
    rows, columns = np.nonzero(region)
    for (x0, y0), (x1, y1) in zip(triangle, np.roll(triangle, -1, axis=0), strict=True):
        side = (x1 - x0) * (rows - y0) - (y1 - y0) * (columns - x0)
        assert side.min() / np.hypot(x1 - x0, y1 - y0) > -1.01


def test_polygon_far_outside_is_cut_off():
    assert polygon_region(SHAPE, [(-1e9, -1e9), (1e9, -1e9), (1e9, 1e9), (-1e9, 1e9)]).all()


@pytest.mark.parametrize(
    "polygon", [[], [(0, 0), (5, 5)], [(0, 0, 0), (1, 1, 1), (2, 0, 0)], [(0, 0), (np.nan, 5), (5, 5)]]
)
def test_polygon_that_is_none(polygon):
    with pytest.raises(ReconstructionError, match="three corners or more"):
        polygon_region(SHAPE, polygon)


def test_polygon_beside_the_picture():
    with pytest.raises(ReconstructionError, match="polygon marks no pixel"):
        polygon_region(SHAPE, [(100, 100), (120, 100), (110, 120)])


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, float])
def test_mask_is_what_is_not_zero(dtype):
    mask = np.zeros(SHAPE, dtype)
    mask[3:7, 8:9] = 1
    assert np.array_equal(mask_region(SHAPE, mask), mask.astype(bool))


def test_mask_of_another_size_or_empty():
    with pytest.raises(ReconstructionError, match=r"40 x 61 pixels .* 40 x 60"):
        mask_region(SHAPE, np.ones((40, 61)))
    with pytest.raises(ReconstructionError, match="40 x 60 x 3"):
        mask_region(SHAPE, np.ones((40, 60, 3)))
    with pytest.raises(ReconstructionError, match="mask marks no pixel"):
        mask_region(SHAPE, np.zeros(SHAPE))


@given(st.integers(0, 39), st.integers(0, 59), st.integers(0, 39), st.integers(0, 59), st.integers(0, 100))
def test_bounding_box_is_the_smallest(y0, x0, y1, x1, margin):
    region = np.zeros(SHAPE, bool)
    region[y0, x0] = region[y1, x1] = True
    rows, columns = bounding_box(region)
    assert (rows.start, rows.stop) == (min(y0, y1), max(y0, y1) + 1)
    assert (columns.start, columns.stop) == (min(x0, x1), max(x0, x1) + 1)
    wide_rows, wide_columns = bounding_box(region, margin)
    assert (wide_rows.start, wide_rows.stop) == (max(0, rows.start - margin), min(40, rows.stop + margin))
    assert (wide_columns.start, wide_columns.stop) == (max(0, columns.start - margin), min(60, columns.stop + margin))
