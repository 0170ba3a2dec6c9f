"""IEF and SSIM: what follows from their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from XRayTo3DLib.evaluate import image_enhancement_factor, quality_without_truth, structural_similarity

SHAPE = (40, 30)


def _picture(seed=0):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] / 30
    return 0.5 + 0.3 * np.sin(5 * x) * np.cos(4 * y), rng.standard_normal(SHAPE)


def test_half_the_error_is_four_times_as_good():
    original, noise = _picture()
    found = image_enhancement_factor(original + 0.02 * noise, original, original + 0.01 * noise, "the original")
    assert found.ief == pytest.approx(4) and found.ief_db == pytest.approx(10 * np.log10(4))
    assert found.numerator == pytest.approx((0.02 * noise**2 * 0.02).sum())
    assert found.numerator / found.denominator == pytest.approx(4)


@settings(max_examples=30, deadline=None)
@given(arrays(np.float64, SHAPE, elements=st.floats(0, 1)), st.floats(0.01, 0.5))
def test_what_is_not_changed_has_factor_one(original, strength):
    noisy = original + strength * _picture()[1]
    found = image_enhancement_factor(noisy, original, noisy, "the original")
    assert found.ief == 1 and found.ief_db == 0 and not found.degenerate


def test_round_off_is_degenerate_and_no_result():
    original, noise = _picture()
    for noisy, enhanced in (
        (original + 0.01 * noise, original + 7e-17),
        (original + 0.01 * noise, original),
        (original, original + 0.01 * noise),
    ):
        found = image_enhancement_factor(noisy, original, enhanced, "the original")
        assert found.degenerate and found.ief is None and found.ief_db is None
        assert str(found).startswith("degenerate") and "the original" in str(found)
    # Of a picture that is 65535 grey values deep, a thousandth of one is no round-off.
    found = image_enhancement_factor(original + noise, original, original + 1e-3, "it", data_range=65535)
    assert not found.degenerate


def test_pictures_of_other_sizes():
    with pytest.raises(ValueError, match="sizes"):
        image_enhancement_factor(np.zeros((4, 4)), np.zeros((4, 5)), np.zeros((4, 4)), "it")


def test_ssim_is_one_of_itself_and_falls_with_noise():
    original, noise = _picture()
    assert structural_similarity(original, original) == pytest.approx(1)
    values = [structural_similarity(original + s * noise, original) for s in (0.01, 0.03, 0.1)]
    assert 1 > values[0] > values[1] > values[2] > 0


def test_ssim_of_two_flat_pictures_is_the_formula():
    low, high, c1 = 0.3, 0.6, 0.01**2
    expected = (2 * low * high + c1) / (low**2 + high**2 + c1)
    assert structural_similarity(np.full(SHAPE, low), np.full(SHAPE, high)) == pytest.approx(expected)


def test_a_radiograph_is_scored_against_itself_without_noise():
    original, noise = _picture()
    noisy = (original + 0.03 * noise).astype(np.float32).repeat(30, 0).repeat(30, 1)  # larger than what is scored
    box = (slice(30, 1170), slice(0, 900))
    same = quality_without_truth(noisy, noisy, box)
    assert same.enhancement.degenerate or same.enhancement.ief == pytest.approx(1)
    other = quality_without_truth(noisy, 1 - noisy, box)
    assert other.ssim < same.ssim and set(other.as_json()) >= {"ief", "ief_db", "ssim", "reference", "degenerate"}
    grey, black = np.full((50, 50), 0.5, np.float32), np.zeros((50, 50), np.float32)
    flat = quality_without_truth(grey, black, (slice(0, 50), slice(0, 50)))
    assert flat.enhancement.degenerate and flat.as_json()["ief"] is None
