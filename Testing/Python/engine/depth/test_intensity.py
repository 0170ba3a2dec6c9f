"""What is shown of grey values in depth: detail is raised, bright is high."""

import numpy as np
import pytest

from XRayTo3DLib.depth import emboss, relief_height

SHAPE = (200, 100)


@pytest.fixture
def shaft(draw):
    return draw.strip(SHAPE, 15) > 0


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
