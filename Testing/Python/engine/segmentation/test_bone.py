"""From grey values to a bone mask, on shapes whose answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.segmentation import (
    blind_border,
    bone_mask,
    bone_range,
    choose_pieces,
    clean,
    cluster,
    count_pieces,
    threshold,
)

SHAPE = (120, 100)
ALL = np.ones(SHAPE, bool)


@pytest.mark.parametrize(("k", "bright"), [(2, 1), (3, 1), (4, 2), (5, 2), (6, 3)])
def test_bone_is_the_brighter_half_of_the_clusters(k, bright):
    steps = np.repeat(np.linspace(0, 1, k), 10).astype(np.float32)[None]
    low, high = bone_range(cluster(steps, k))
    assert high == 1 and threshold(steps, low, high).sum() == 10 * bright


def test_threshold_is_half_open():
    pixels = np.array([[0, 0.25, 0.5, 0.75, 1]])
    assert threshold(pixels, 0.25, 0.75).tolist() == [[False, False, True, True, False]]
    assert threshold(pixels, 0, 1).all()
    region = np.array([[True, False, True, False, True]])
    assert np.array_equal(threshold(pixels, 0, 1, region), region)


@given(st.floats(0.01, 0.98), st.floats(0, 1))
def test_thresholds_that_meet_share_no_pixel_and_leave_none(cut, value):
    pixels = np.array([[value, cut]])
    below, above = threshold(pixels, 0, cut), threshold(pixels, cut, 1)
    assert np.array_equal(below, ~above)


@pytest.mark.parametrize("grey_range", [(0.5, 0.5), (0.7, 0.3), (-0.1, 0.5), (0.5, 1.1), (np.nan, 1), (0, np.nan)])
def test_threshold_out_of_range(grey_range):
    with pytest.raises(ReconstructionError, match="0 <= LOW < HIGH <= 1"):
        threshold(np.zeros((2, 2)), *grey_range)


def test_blind_border_is_saturated_and_touches_the_border():
    pixels = np.full(SHAPE, 0.5)
    pixels[:, :10] = 0.0  # air
    pixels[:5, 40:] = 1.0  # a blade
    pixels[60:80, 50:70] = 1.0  # dense bone within
    pixels[100:110, 30:40] = 0.0  # a dark hole within
    expected = np.zeros(SHAPE, bool)
    expected[:, :10] = expected[:5, 40:] = True
    assert np.array_equal(blind_border(pixels), expected)
    assert not blind_border(np.full(SHAPE, 0.5)).any()


@pytest.mark.parametrize("radius", [0, 1, 3])
def test_clean_fills_holes(draw, radius):
    ring = np.abs(draw.disc(SHAPE, 30)) < 8
    assert np.array_equal(clean(ring, radius)[60, 20:80], draw.disc(SHAPE, 38)[60, 20:80] > 0)
    assert clean(ring, radius)[40:80, 30:70].all()


def test_clean_takes_specks_and_hairs_and_closes_cracks(draw):
    shaft = draw.strip(SHAPE, 15) > 0
    dirty = shaft.copy()
    dirty[60:62, :] &= False  # a crack
    dirty[20:23, 5:8] = True  # a speck
    dirty[90, :] = True  # a hair
    cleaned = clean(dirty, 3)
    assert not (cleaned & ~shaft).any()
    assert (cleaned ^ shaft)[10:-10].sum() < 0.01 * shaft.sum()  # the crack's corners stay a little rounded
    assert cleaned[60:62, 40:60].all()


@pytest.mark.parametrize("degrees", [0, 30, 90])
def test_clean_keeps_the_area_of_a_clean_shape(draw, degrees):
    shaft = draw.strip(SHAPE, 15, degrees) > 0
    assert abs(clean(shaft, 3).sum() / shaft.sum() - 1) < 0.01
    disc = draw.disc(SHAPE, 25) > 0
    assert abs(clean(disc, 3).sum() / disc.sum() - 1) < 0.01


def test_clean_does_not_grow_along_the_pictures_border(draw):
    shaft = draw.strip(SHAPE, 8, 90, centre=(4, 60)) > 0
    assert np.array_equal(clean(shaft, 4), shaft)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 4))
def test_clean_twice_is_clean_once(seed, radius):
    import cv2

    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.standard_normal((60, 70)), (0, 0), rng.uniform(0.5, 4))
    once = clean(noise > 0, radius)
    twice = clean(once, radius)
    # Opening and closing are idempotent, their sequence nearly so: a closed gap may be a little wider than it.
    assert (once ^ twice).mean() < 0.01
    assert np.array_equal(clean(once, 0), once)


def test_clean_of_nothing_is_nothing():
    assert not clean(np.zeros(SHAPE, bool), 3).any()


@pytest.fixture
def broken_shaft(draw):
    """Two fragments of one shaft, a far blob half as large as one, and a speck near by."""
    shaft = draw.strip((200, 200), 10, 90, centre=(40, 100)) > 0
    shaft[95:105] = False
    shaft[:10] = shaft[-20:] = False
    far = draw.disc((200, 200), 15, centre=(160, 100)) > 0
    speck = draw.disc((200, 200), 2, centre=(60, 60)) > 0
    return shaft, far, speck


def test_near_keeps_the_fragments_of_one_bone(broken_shaft):
    shaft, far, speck = broken_shaft
    assert np.array_equal(choose_pieces(shaft | far | speck, "near"), shaft)


def test_all_drops_only_specks(broken_shaft):
    shaft, far, speck = broken_shaft
    assert np.array_equal(choose_pieces(shaft | far | speck, "all"), shaft | far)


def test_main_keeps_the_largest(broken_shaft):
    shaft, far, speck = broken_shaft
    lower = shaft.copy()
    lower[95:] = False
    upper = shaft & ~lower
    assert np.array_equal(choose_pieces(shaft | far | speck, "main"), lower if lower.sum() > upper.sum() else upper)


@pytest.mark.parametrize("pieces", ["main", "near", "all"])
def test_choosing_twice_is_choosing_once(broken_shaft, pieces):
    once = choose_pieces(np.logical_or.reduce(broken_shaft), pieces)
    assert np.array_equal(choose_pieces(once, pieces), once)
    assert not choose_pieces(np.zeros(SHAPE, bool), pieces).any()


def test_unknown_pieces():
    with pytest.raises(ReconstructionError, match="main, near, all, not 'some'"):
        choose_pieces(ALL, "some")


def test_pieces_are_counted_with_corners(broken_shaft):
    assert count_pieces(np.logical_or.reduce(broken_shaft)) == 4
    assert count_pieces(np.eye(5, dtype=bool)) == 1
    assert count_pieces(np.zeros(SHAPE, bool)) == 0


def test_bone_mask_of_a_noisy_shaft(draw):
    rng = np.random.default_rng(0)
    shaft = draw.strip(SHAPE, 15) > 0
    pixels = np.clip(np.where(shaft, 0.7, 0.3) + 0.12 * rng.standard_normal(SHAPE), 0, 1)
    found = bone_mask(pixels, (0.5, 1.0), ALL)
    assert 2 * (found & shaft).sum() / (found.sum() + shaft.sum()) > 0.98
    assert count_pieces(found) == 1


def test_bone_mask_stays_in_its_region(draw):
    pixels = draw.covered(draw.strip(SHAPE, 15))
    region = np.zeros(SHAPE, bool)
    region[30:90] = True
    found = bone_mask(pixels, (0.5, 1.0), region)
    assert found.any() and not (found & ~region).any()


def test_no_bone_in_words():
    pixels = np.full(SHAPE, 0.3)
    pixels[50, 50] = 1
    with pytest.raises(ReconstructionError, match=r"Nothing that looks like bone .* 0\.5 and 1: mark the bone"):
        bone_mask(pixels, (0.5, 1.0), ALL)
