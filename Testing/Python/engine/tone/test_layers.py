"""Layers add up to the picture; the tone-mapped image has steeper edges; a masked image is black outside."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from XRayTo3DLib.tone import apply_mask, base_and_detail, layers, tone_map

grey = arrays.arrays(
    np.float32,
    arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24),
    elements=st.floats(0, 1, width=32, allow_subnormal=False),
)


@settings(deadline=None)
@given(grey, st.integers(1, 30))
def test_base_and_detail_add_up(pixels, radius):
    base, detail = base_and_detail(pixels, radius)
    assert base.dtype == detail.dtype == np.float32
    assert np.isfinite(base).all()
    assert np.abs(base + detail - pixels).max() <= 2e-7  # a unit in the last place of 1


@settings(deadline=None)
@given(grey, st.floats(0, 5))
def test_tone_is_between_0_and_1(pixels, strength):
    tone = layers(pixels, 3, strength).tone
    assert np.isfinite(tone).all() and tone.min() >= 0 and tone.max() <= 1


def test_constant_image():
    found = layers(np.full((20, 30), 0.4, np.float32), 3)
    assert np.allclose(found.base, 0.4, atol=1e-6) and np.allclose(found.detail, 0, atol=1e-6)
    assert not tone_map(np.full((9, 9), 0.4, np.float32), np.zeros((9, 9), np.float32)).any()


def test_fine_ripple_is_detail_and_a_large_edge_is_base():
    x = np.arange(200)
    ripple = np.tile(0.02 * np.sin(x), (60, 1))
    edge = np.tile(np.where(x < 100, 0.2, 0.8), (60, 1))
    base, detail = base_and_detail((edge + ripple).astype(np.float32), 8)
    assert np.corrcoef(detail[:, 20:80].ravel(), ripple[:, 20:80].ravel())[0, 1] > 0.95
    assert base[:, 20:80].std() < 0.3 * ripple[:, 20:80].std()
    assert base[:, 105].mean() - base[:, 94].mean() > 0.9 * 0.6  # the edge's height is left in the base


def steepness(image) -> float:
    """Largest mean gradient along x, relative to the image's own grey range."""
    low, high = np.percentile(image, (0.5, 99.5))
    return float(np.abs(np.diff(image, axis=1)).mean(axis=0).max() / (high - low))


@pytest.mark.parametrize("blur", [1.5, 3.0, 5.0])
@pytest.mark.parametrize("height", [0.15, 0.4])
def test_edges_are_steeper_than_in_the_input(blur, height):
    """A blurred step on a slow ramp, as a cortex lies on soft tissue."""
    x = np.arange(240)
    profile = 0.1 + 0.4 * x / 240 + height / (1 + np.exp(-(x - 120) / blur))
    rng = np.random.default_rng(0)
    pixels = (np.tile(profile, (80, 1)) + 0.002 * rng.standard_normal((80, 240))).astype(np.float32)
    found = layers(pixels, 8)
    assert steepness(found.tone) > 1.02 * steepness(pixels)
    stronger = layers(pixels, 8, strength=2.0)
    assert steepness(stronger.tone) > steepness(found.tone)


def test_edges_of_a_bone_are_steeper(phantom):
    """Mean gradient magnitude over the phantom, each image over its own range."""
    pixels = (phantom / 65535).astype(np.float32)

    def mean_gradient(image):
        low, high = np.percentile(image, (0.5, 99.5))
        return np.hypot(*np.gradient(image)).mean() / (high - low)

    assert mean_gradient(layers(pixels, 6).tone) > 1.1 * mean_gradient(pixels)


@pytest.mark.parametrize("shape", [(8, 9), (8, 9, 3)])
def test_masked_image(shape):
    image = np.full(shape, 200, np.uint8)
    mask = np.zeros((8, 9), bool)
    mask[2:5, 3:4] = True
    masked = apply_mask(image, mask)
    assert masked.dtype == np.uint8 and masked.shape == shape
    assert (masked[mask] == 200).all() and not masked[~mask].any()
