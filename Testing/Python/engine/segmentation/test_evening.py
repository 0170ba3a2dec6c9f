"""Evening out: blind to brightness and contrast that vary slowly, true to what is brighter than its surroundings."""

import numpy as np
import pytest

from XRayTo3DLib.segmentation import even_out, flatten, raised

SHAPE = (120, 90)
ALL = np.ones(SHAPE, bool)


@pytest.fixture
def spots() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (0.4 + 0.1 * rng.standard_normal(SHAPE)).clip(0, 1).astype(np.float32)


def test_stays_in_range_and_uses_it(spots):
    evened = even_out(spots, ALL)
    assert evened.dtype == np.float32 and evened.shape == SHAPE
    assert evened.min() == 0 and evened.max() == 1
    assert 0.003 < (evened == 0).mean() < 0.008  # 0.5 % are cut off at either end


def test_gain_and_offset_do_not_matter(spots):
    assert np.allclose(even_out(0.2 + 0.5 * spots, ALL), even_out(spots, ALL), atol=1e-3)


def test_a_slow_ramp_is_taken_away(draw):
    bright = draw.strip(SHAPE, 4.0) > 0
    ramp = np.linspace(0, 0.7, SHAPE[0])[:, None] + np.where(bright, 0.2, 0.0)
    evened = even_out(ramp.astype(np.float32), ALL)[20:-20]
    assert evened[bright[20:-20]].min() > evened[~bright[20:-20]].max()  # one threshold tells it everywhere
    assert ramp[20:-20][bright[20:-20]].min() < ramp[20:-20][~bright[20:-20]].max()  # as it did not before


def test_outside_does_not_shine_in(spots):
    region = np.zeros(SHAPE, bool)
    region[20:100, 15:70] = True
    other = np.where(region, spots, 1).astype(np.float32)
    assert np.allclose(even_out(spots, region)[region], even_out(other, region)[region], atol=1e-4)


def test_a_constant_region_is_all_zero():
    assert not even_out(np.full(SHAPE, 0.3, np.float32), ALL).any()


def test_raised_keeps_the_whole_of_a_wide_bone(draw):
    """Also its middle, which `even_out` takes for the bone's own surroundings."""
    wide = draw.disc(SHAPE, 20) > 0
    ramp = np.linspace(0.2, 0.5, SHAPE[0])[:, None] + np.where(wide, 0.25, 0.0)
    height = raised(ramp.astype(np.float32), ALL)
    assert height[wide].min() > 2 * height[~wide].max()
    assert height.max() == 1 and height.min() >= 0


def test_flatten_is_the_mean_of_both(spots):
    assert np.allclose(flatten(spots, ALL), (raised(spots, ALL) + even_out(spots, ALL)) / 2)
