"""Depth maps on the grid: mm from any pixel size, placed on the picture, one kind for each method."""

import numpy as np
import pytest

from XRayTo3DLib.depth import FEATURES, HALF_THICKNESS, HEIGHT, DepthNetwork, half_width, relief, solid
from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.geometry.grid import grid_over
from XRayTo3DLib.segmentation import bounding_box

SHAPE = (120, 100)
EVEN = (np.full(SHAPE, 0.5), np.full(SHAPE, 0.5), np.zeros(SHAPE))  # a picture and its layers


def grid_for(mask, step=0.5, pixel=(1.0, 1.0), magnification=1.0):
    return grid_over(bounding_box(mask), step, mask.shape, pixel, magnification)


@pytest.mark.parametrize("magnification", [1.0, 2.0])
@pytest.mark.parametrize("pixel", [(0.2, 0.2), (1.0, 1.0), (0.4, 0.2)])
def test_solid_of_a_shaft_is_round_in_mm(pixel, magnification):
    columns = np.arange(SHAPE[1])
    mask = np.tile(np.abs(columns - 50) <= 20, (SHAPE[0], 1))
    grid = grid_for(mask, 0.4 * pixel[0] / magnification, pixel, magnification)
    found = solid(grid, mask, *EVEN, None, emboss_mm=0.0)
    assert found.kind == HALF_THICKNESS and not found.raised.any()
    radius = 20.5 * pixel[0] / magnification
    assert found.depth.max() == pytest.approx(radius, rel=0.02)
    # On the picture again: pixel by pixel a circle.
    seen = found.on_picture(SHAPE)
    expected = np.sqrt(np.maximum(radius**2 - ((columns - 50) * pixel[0] / magnification) ** 2, 0))
    assert seen.shape == SHAPE and not seen[~mask].any()
    assert np.abs(seen[60] - expected)[np.abs(columns - 50) < 18].max() < 0.03 * radius


def test_solid_is_as_thick_as_the_network_says(draw):
    mask = draw.strip(SHAPE, 15) > 0
    upper = np.where(np.arange(120)[:, None] < 60, 0.8, 0.4) * np.ones(SHAPE)
    detail = 0.1 * np.sin(np.arange(120)[:, None]) * np.ones(SHAPE)
    # Of all features it looks at the grey value alone, and halves what is darker than the average.
    weight = np.zeros((len(FEATURES), 1))
    weight[FEATURES.index("grey")] = 100.0
    network = DepthNetwork(
        np.zeros(len(FEATURES)),
        np.ones(len(FEATURES)),
        (weight, np.array([[0.25]])),
        (np.zeros(1), np.array([0.75])),
    )
    plain = solid(grid_for(mask), mask, upper, upper, detail, None)
    found = solid(grid_for(mask), mask, upper, upper, detail, network)
    rows = found.depth.shape[0]
    ratio = found.depth / np.maximum(plain.depth, 1)
    inner = plain.depth > 5
    assert ratio[: rows // 3][inner[: rows // 3]] == pytest.approx(1, abs=0.02)
    assert ratio[-rows // 3 :][inner[-rows // 3 :]] == pytest.approx(0.5, abs=0.02)
    assert 0 < np.abs(found.raised).max() <= 0.02 * found.depth.max() * (1 + 1e-6)
    assert ((found.outline > 0) == (plain.outline > 0)).all()  # the outline stays where it is


def test_relief_is_as_high_as_the_bone_is_wide(draw):
    mask = draw.strip(SHAPE, 15) > 0
    tone = np.linspace(0, 1, 120)[:, None] * np.ones(SHAPE)
    found = relief(grid_for(mask), mask, tone)
    assert found.kind == HEIGHT
    assert found.depth[found.mask].max() == pytest.approx(15, abs=0.5)
    assert found.depth[found.mask].min() == pytest.approx(1.5, abs=0.2)


@pytest.mark.parametrize("step", [0.3, 1.0, 2.0])
def test_mask_keeps_its_area(draw, step):
    mask = draw.disc(SHAPE, 30) > 0
    found = solid(grid_for(mask, step), mask, *EVEN, None)
    assert found.mask.sum() * step**2 == pytest.approx(np.pi * 30**2, rel=0.02)


def test_too_thin_for_the_grid():
    mask = np.zeros(SHAPE, bool)
    mask[10:110, 50] = True
    with pytest.raises(ReconstructionError, match="thinner than a triangle"):
        solid(grid_for(mask, 5.0), mask, *EVEN, None)


@pytest.mark.parametrize("radius", [3, 10.5, 30])
def test_half_width(draw, radius):
    assert half_width(draw.disc(SHAPE, radius) > 0) == pytest.approx(radius, abs=1)
    assert half_width(draw.strip(SHAPE, radius, 37) > 0) == pytest.approx(radius, abs=1.1)
