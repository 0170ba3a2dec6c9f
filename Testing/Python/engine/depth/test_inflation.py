"""Inflation: round cross-sections. A strip becomes a cylinder, a disc a sphere, a widening strip a cone."""

import numpy as np
import pytest

from XRayTo3DLib.depth import inflate

SHAPE = (160, 160)


def half_thickness(mask, pixel=1.0):
    return np.sqrt(np.maximum(inflate(mask, pixel), 0))


def circle(inside, radius):
    """Half thickness of a circular section at `inside` pixels from the outline."""
    away = radius - inside
    return np.sqrt(np.maximum(radius**2 - away**2, 0))


@pytest.mark.parametrize("fractions", [True, False])
@pytest.mark.parametrize("degrees", [0, 17, 45, 71, 90])
@pytest.mark.parametrize("radius", [8.0, 21.3, 40.0])
def test_a_strip_becomes_a_cylinder(draw, radius, degrees, fractions):
    inside = draw.strip(SHAPE, radius, degrees)
    found = half_thickness(draw.covered(inside) if fractions else inside > 0)
    # An angled strip's ends at the border are cut obliquely; sections are round where the strip is whole.
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]] - 79.5
    whole = np.abs(rows * np.sin(np.deg2rad(degrees)) + columns * np.cos(np.deg2rad(degrees))) < 30
    error = np.abs(found - circle(inside, radius))[whole & (inside > 1)]
    # Whole pixels leave the outline open by half a pixel, which near it is more in thickness.
    assert error.mean() < (0.15 if fractions else 0.4)
    assert error.max() < (0.4 if fractions else 1.4)
    assert np.abs(found - radius)[whole & (inside > radius - 1)].max() < (0.2 if fractions else 0.45)


@pytest.mark.parametrize("radius", [10.0, 35.5])
def test_a_disc_becomes_a_sphere(draw, radius):
    inside = draw.disc(SHAPE, radius)
    error = np.abs(half_thickness(draw.covered(inside)) - circle(inside, radius))[inside > 1]
    assert error.max() < 0.5 and error.mean() < 0.25  # though its centre lies between four pixels


def test_a_widening_strip_becomes_a_cone(draw):
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    slope = 0.15
    half = 10 + slope * rows
    found = half_thickness(draw.covered((half - np.abs(columns - 79.5)) / np.hypot(1, slope)))
    # The section of a cone of revolution straight across its axis is a circle of the outline's half width.
    for row in (40, 80, 120):
        away = columns[row] - 79.5
        expected = np.sqrt(np.maximum(half[row] ** 2 - away**2, 0))
        inner = np.abs(away) < half[row] - 1.5
        assert np.abs(found[row] - expected)[inner].max() < 0.6


@pytest.mark.parametrize("degrees", [0, 90])
def test_a_bone_that_reaches_the_border_goes_on_beyond_it(draw, degrees):
    inside = draw.strip(SHAPE, 20, degrees)
    found = half_thickness(draw.covered(inside))
    found = found if degrees == 90 else found.T
    assert np.abs(found - found[80]).max() < 0.5


def test_a_bone_that_ends_on_the_picture_ends_round(draw):
    mask = np.zeros(SHAPE, bool)
    mask[40:120, 60:100] = True
    found = half_thickness(mask)
    assert found[80, 80] == pytest.approx(20, abs=0.3)
    assert found[42, 80] < 12  # sqrt(20^2 - 17.5^2) = 9.7


@pytest.mark.parametrize("pixel", [1e-3, 0.14, 7.0])
def test_thickness_scales_with_the_pixel(draw, pixel):
    mask = draw.covered(draw.disc(SHAPE, 30))
    assert np.allclose(inflate(mask, pixel), inflate(mask) * pixel**2, rtol=1e-5, atol=1e-5 * pixel**2)


def test_twice_the_size_is_twice_the_thickness(draw):
    small = half_thickness(draw.covered(draw.disc((81, 81), 20)))
    large = half_thickness(draw.covered(draw.disc((161, 161), 40)))
    assert np.abs(large[::2, ::2] - 2 * small)[np.hypot(*(np.mgrid[:81, :81] - 40)) < 18].max() < 1.0


@pytest.mark.parametrize("degrees", [0, 30, 90])
def test_outline_is_the_zero_line(draw, degrees):
    inside = draw.strip(SHAPE, 18.4, degrees)
    power = inflate(draw.covered(inside))
    assert (power[inside > 0.5] > 0).all() and (power[inside < -0.5] < 0).all()


def test_shares_of_a_pixel_move_the_outline():
    rows = np.ones((60, 1), np.float32)
    profile = np.zeros(60, np.float32)
    profile[20:40] = 1
    widths = []
    for share in (0.0, 0.3, 0.7, 1.0):
        profile[40] = share
        power = inflate(rows * profile)[30]
        index = np.flatnonzero(power > 0)[-1]
        widths.append(index + power[index] / (power[index] - power[index + 1]))
    assert (np.diff(widths) > 0.1).all()
    assert widths[-1] - widths[0] == pytest.approx(1, abs=0.15)


def test_inflation_keeps_mirror_and_turn(draw):
    mask = draw.disc(SHAPE, 25, (60, 90)) > 0
    mask |= draw.strip(SHAPE, 9, 30) > 0
    power = inflate(mask)
    assert np.allclose(inflate(mask[:, ::-1])[:, ::-1], power, atol=1e-2)
    assert np.allclose(inflate(mask.T).T, power, atol=1e-2)


def test_empty_and_full_masks():
    assert (half_thickness(np.zeros((20, 30), bool)) == 0).all()
    full = half_thickness(np.ones((20, 30), bool))
    assert np.isfinite(full).all() and (full > 0).all()


def test_smallest_masks():
    mask = np.zeros((9, 9), bool)
    mask[4, 4] = True
    found = half_thickness(mask)
    assert np.isfinite(found).all() and found.max() < 2
