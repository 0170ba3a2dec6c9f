"""Filters that more than one stage needs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from XRayTo3DLib.helpers.filters import average_inside, distance_inside


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=9), elements=st.booleans()))
def test_distance_to_the_nearest_pixel_outside(mask):
    if mask.all():
        assert (distance_inside(mask) == sum(mask.shape)).all()
        return
    outside = np.argwhere(~mask)
    pixels = np.argwhere(np.ones_like(mask))
    expected = np.sqrt(((pixels[:, None] - outside) ** 2).sum(-1).min(1)).reshape(mask.shape)
    assert np.array_equal(distance_inside(mask), expected.astype(np.float32))


@pytest.mark.parametrize("offset", [0, 4, 20, 36])
def test_distance_is_the_same_wherever_the_mask_lies_in_memory(offset):
    rows, columns = np.mgrid[:140, :46]
    mask = np.hypot((rows - 70) / 65, (columns - 23) / 20) < 1
    memory = np.zeros(mask.size + 64, np.uint8)
    placed = memory[offset : offset + mask.size].reshape(mask.shape)
    placed[:] = mask
    squares = distance_inside(placed).astype(float) ** 2
    np.testing.assert_allclose(squares, np.rint(squares), atol=1e-4)
    assert np.array_equal(distance_inside(placed), distance_inside(mask))


@pytest.mark.parametrize("sigma", [0.5, 3.0, 20.0])
def test_average_inside_a_mask(sigma):
    """A constant keeps its value up to the mask's edge, and the average of noise lies between its extremes."""
    spots = np.random.default_rng(0).uniform(0.1, 0.7, (120, 90)).astype(np.float32)
    region = np.zeros(spots.shape, bool)
    region[20:100, 15:70] = True
    flat = average_inside(np.where(region, 0.3, 0.9), region, sigma)
    assert np.allclose(flat[24:96, 19:66], 0.3, atol=2e-3)
    mean = average_inside(spots, region, sigma)[region]
    assert spots[region].min() < mean.min() and mean.max() < spots[region].max()
    assert mean.std() < spots[region].std()
