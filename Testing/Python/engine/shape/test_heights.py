"""Heights come down to a few levels that noise, wrong pixels and a cut bone leave where they are."""

import numpy as np
import pytest

from XRayTo3DLib.shape import Heights


def ramp(up=(0.6, -0.8), low=0.2, high=0.7, count=2000, mm=400.0, seed=0):
    """Heights of a strip 30 mm wide, along a direction, without an error."""
    rng = np.random.default_rng(seed)
    shares, up = rng.uniform(low, high, count), np.asarray(up)
    aside = np.array([-up[1], up[0]])
    points = (shares * mm)[:, None] * up + rng.uniform(-15, 15, count)[:, None] * aside
    return Heights(points, shares, 0.03), up, mm


def off(levels, up, mm):
    """How far (share) levels are off the ramp."""
    return levels.places @ up / mm - levels.shares


def test_levels_lie_on_the_ramp_and_rise_along_it():
    heights, up, mm = ramp()
    levels = heights.levels
    assert levels.up == pytest.approx(up, abs=1e-3)
    assert np.abs(off(levels, up, mm)).max() < 0.01
    assert (np.diff(levels.shares) > 0).all() and np.ptp(levels.shares) > 0.35


def test_noise_does_not_draw_levels_to_the_middle():
    heights, up, mm = ramp()
    noisy = Heights(heights.points, heights.shares + np.random.default_rng(1).normal(0, 0.1, 2000), 0.03)
    assert np.abs(off(noisy.levels, up, mm)).max() < 0.03


@pytest.mark.parametrize("together", [False, True])
def test_a_third_of_the_pixels_may_be_wrong(together):
    """Any of them, or all within one stretch, which then is no level."""
    heights, up, mm = ramp()
    order = np.argsort(heights.shares) if together else np.arange(2000)
    shares = heights.shares.copy()
    shares[order[:600]] = np.random.default_rng(2).uniform(0, 1, 600)
    levels = Heights(heights.points, shares, 0.03).levels
    assert levels.up @ up > np.cos(np.radians(10))
    assert np.abs(off(levels, up, mm)).max() < 0.2 and np.median(np.abs(off(levels, up, mm))) < 0.04


@pytest.mark.parametrize("count", [0, 1, 20, 500])
def test_few_pixels_and_heights_that_are_all_the_same_tell_nothing(count):
    points = np.random.default_rng(0).uniform(0, 100, (count, 2))
    assert Heights(points, np.full(count, 0.5), 0.03).levels is None


def test_the_middle_of_a_model_is_as_high_as_was_asked_and_moves_with_its_modes(model):
    shares = np.linspace(0, 1, 13)
    z = model.mean[:, 2]
    middle, moves = model.middle(shares)
    assert (middle[:, 2] - z.min()) / np.ptp(z) == pytest.approx(shares, abs=1e-3)
    weights = np.random.default_rng(0).standard_normal(len(model.deviations))
    near = np.abs((z - z.min()) / np.ptp(z) - 0.5) < 0.02
    moved = (model.surface(weights) - model.mean)[near].mean(axis=0)
    assert np.tensordot(weights, moves[6], 1) == pytest.approx(moved, abs=1.0)


def test_a_model_of_four_points_has_a_middle(small_model):
    from dataclasses import replace

    few = replace(
        small_model,
        mean=np.array([[0.0, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 30]]),
        modes=np.ones((2, 4, 3), np.float32),
        faces=np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]]),
    )
    middle, moves = few.middle(np.linspace(-0.1, 1.1, 9))
    assert np.isfinite(middle).all() and moves.shape == (9, 2, 3)
