"""What grey values say of depth: nothing where they are even; brighter is thicker, within bounds; detail is raised."""

import numpy as np
import pytest

from XRayTo3DLib.depth import emboss, modulation, relief_height

SHAPE = (200, 100)


@pytest.fixture
def shaft(draw):
    return draw.strip(SHAPE, 15) > 0


@pytest.mark.parametrize("grey", [0.05, 0.4, 1.0])
def test_even_brightness_says_nothing(shaft, grey):
    pixels = np.where(shaft, grey, 0.9)
    assert np.allclose(modulation(pixels, shaft, 15)[shaft], 1, atol=1e-3)


def test_the_brighter_half_is_thicker(shaft):
    rows = np.arange(200)[:, None]
    pixels = np.where(rows < 100, 0.8, 0.4) * np.ones(SHAPE)
    factor = modulation(pixels, shaft, 15)
    assert factor.dtype == np.float32
    assert factor[20:60][shaft[20:60]].min() > 1.02 and factor[140:180][shaft[140:180]].max() < 0.98


def test_gain_does_not_matter(shaft):
    pixels = 0.2 + 0.5 * np.random.default_rng(0).random(SHAPE)
    assert np.allclose(modulation(pixels, shaft, 15), modulation(1.7 * pixels, shaft, 15), atol=1e-4)


def test_bounds(shaft):
    pixels = np.where(np.arange(200)[:, None] % 60 < 8, 1.0, 0.0) * np.ones(SHAPE)
    factor = modulation(pixels, shaft, 6)
    assert factor.min() >= 0.6 - 1e-6 and factor.max() <= 1.4 + 1e-6
    assert not modulation(np.zeros(SHAPE), shaft, 15).min() < 0.6 - 1e-6


def test_embossed_detail(shaft, draw):
    half = np.sqrt(np.maximum(15**2 - (15 - np.maximum(draw.strip(SHAPE, 15), 0)) ** 2, 0))
    detail = 0.02 * np.sin(np.arange(200)[:, None] / 3) * np.ones(SHAPE)
    raised = emboss(detail, half, 0.5)
    assert raised.dtype == np.float32 and np.abs(raised).max() <= 0.5
    assert not raised[half == 0].any()  # front and back still meet at the outline
    assert (np.abs(raised) <= half / 4).all()  # and never pass through each other
    inner = half > 5
    assert (np.sign(raised[inner]) == np.sign(detail[inner])).mean() > 0.99
    assert np.abs(emboss(100 * detail, half, 0.5) - raised).max() < 1e-5  # height is in mm, not in grey


def test_nothing_to_emboss(shaft):
    half = np.where(shaft, 10.0, 0.0)
    noise = np.random.default_rng(0).standard_normal(SHAPE)
    assert not emboss(noise, half, 0.0).any()
    assert not emboss(np.zeros(SHAPE), half, 1.0).any()
    assert not emboss(noise, np.zeros(SHAPE), 1.0).any()


def test_relief_height_rises_with_the_grey_value(shaft):
    tone = np.linspace(0, 1, 200)[:, None] * np.ones(SHAPE)
    height = relief_height(tone, shaft, 12.0)
    assert (np.diff(height[:, 50]) >= 0).all()
    assert height.min() == pytest.approx(1.2) and height.max() == pytest.approx(12)
    assert height[100, 50] == pytest.approx(12 * (0.1 + 0.9 * 0.5), rel=0.02)


def test_relief_range_is_that_of_the_mask(shaft):
    tone = np.where(shaft, 0.4 + 0.1 * np.linspace(0, 1, 200)[:, None], 0.0)
    tone[:, :5] = 1.0
    height = relief_height(tone, shaft, 10.0)
    assert height[shaft].max() == pytest.approx(10) and height[shaft].min() == pytest.approx(1)


def test_relief_of_even_brightness_is_a_plate(shaft):
    assert np.allclose(relief_height(np.full(SHAPE, 0.5), shaft, 10.0), 10)
