"""Clusters made to hold: a bone on uneven ground, with a canal, beside blades and letters."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.segmentation import Seeds, box_region, cluster, find_by_clusters
from XRayTo3DLib.segmentation.by_clusters import _nothing, _steepness

SHAPE = (320, 200)
ALL = np.ones(SHAPE, bool)


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.fixture(scope="module")
def shaft(draw):
    """A tube on a steep ramp, and its mask: brightness where the beam was weak is that of flesh elsewhere."""
    mask = draw.strip(SHAPE, 24.0) > 0
    distance = np.abs(np.arange(SHAPE[1]) - 99.5)
    wall = np.where(distance < 24, np.sqrt(np.maximum(24**2 - distance**2, 0)), 0)
    wall = wall - 0.85 * np.where(distance < 15, np.sqrt(np.maximum(15**2 - distance**2, 0)), 0)
    pixels = 0.15 + 0.5 * np.linspace(0, 1, SHAPE[0])[:, None] + 0.012 * wall[None]
    pixels = pixels + 0.01 * np.random.default_rng(0).standard_normal(SHAPE)
    return pixels.clip(0, 1).astype(np.float32), mask


def test_a_shaft_on_a_ramp_is_filled_to_its_cortex(shaft):
    pixels, mask = shaft
    box = box_region(SHAPE, (40, 0, 160, 319))
    raw = (cluster(pixels, 4, box).labels == 3) & box
    found = find_by_clusters(pixels, box)
    assert dice(raw, mask & box) < 0.5  # the paper's way
    assert dice(found.mask, mask & box) > 0.93
    assert found.mask[:, 95:105].all()  # the canal, though it is open at both ends


def test_blades_and_letters_are_no_bone(shaft):
    pixels, mask = shaft
    pixels = pixels.copy()
    pixels[:, :12] = pixels[:20] = 1.0
    pixels[60:75, 170:176] = 1.0
    found = find_by_clusters(pixels, ALL)
    assert not found.mask[:, :10].any() and not found.mask[:18].any() and not found.mask[60:75, 172:176].any()
    assert dice(found.mask[20:, 12:], mask[20:, 12:]) > 0.9


def test_what_was_clustered_is_told(shaft):
    pixels, _ = shaft
    found = find_by_clusters(pixels, ALL, k=4)
    assert len(found.clusters.centers) == 4 and found.clusters.labels.shape == SHAPE
    assert found.flattened.shape == SHAPE and found.flattened.min() >= 0 and found.flattened.max() <= 1
    assert found.bone_range == (found.clusters.edges[1], 1.0)


def test_a_click_settles_its_place(shaft):
    pixels, _mask = shaft
    found = find_by_clusters(pixels, ALL, seeds=Seeds(exclude=[(100, 200)]))
    assert not found.mask[200, 100]
    outside = (30, 150)
    assert not find_by_clusters(pixels, ALL).mask[outside[::-1]]
    found = find_by_clusters(pixels, ALL, seeds=Seeds(include=[outside, (100, 100)]))
    assert found.mask[100, 100]


def test_a_click_chooses_the_piece(draw):
    two = np.maximum(draw.strip(SHAPE, 14.0, centre=(50, 160)), draw.strip(SHAPE, 18.0, centre=(150, 160))) > 0
    pixels = np.where(two, 0.7, 0.3) + 0.01 * np.random.default_rng(0).standard_normal(SHAPE)
    pixels = pixels.astype(np.float32)
    by_size = find_by_clusters(pixels, ALL, pieces="main").mask
    assert by_size[160, 150] and not by_size[160, 50]
    clicked = find_by_clusters(pixels, ALL, seeds=Seeds(include=[(50, 100)]), pieces="main").mask
    assert clicked[160, 50] and not clicked[160, 150]


def test_nothing_is_no_bone():
    for pixels in (np.full(SHAPE, 0.4, np.float32), np.zeros(SHAPE, np.float32)):
        with pytest.raises(ReconstructionError, match=r"too few different gray values|^No bone found"):
            find_by_clusters(pixels, ALL)


def unit(values):
    """Values in 0..1."""
    return ((values - values.min()) / np.ptp(values)).astype(np.float32)


def grains(seed=0):
    return np.random.default_rng(seed).standard_normal(SHAPE)


ROWS, COLUMNS = np.indices(SHAPE)
PEPPER = np.random.default_rng(1).random(SHAPE)
NO_BONE = {
    "gaussian noise": unit(grains()),
    "faint noise": (0.3 + 0.002 * grains()).astype(np.float32),
    "uniform noise": PEPPER.astype(np.float32),
    "salt and pepper": np.select([PEPPER < 0.05, PEPPER > 0.95], [0, 1], 0.5).astype(np.float32),
    "black and white": (PEPPER > 0.5).astype(np.float32),
    "smooth noise": unit(gaussian_filter(grains(), 2)),
    "smoother noise": unit(gaussian_filter(grains(), 4)),
    "gradient": unit(COLUMNS + 0.5 * ROWS),
    "gradient with noise": unit(unit(COLUMNS + ROWS) + 0.05 * grains()),
    "bright in the middle": unit(-np.hypot(COLUMNS - 99.5, ROWS - 159.5)),
    "dark in the middle": unit(np.hypot(COLUMNS - 99.5, ROWS - 159.5)),
    "waves": unit(np.sin(COLUMNS / 3) + np.sin(ROWS / 3)),
    "fine checkerboard": ((COLUMNS // 2 + ROWS // 2) % 2).astype(np.float32),
    "checkerboard": ((COLUMNS // 8 + ROWS // 8) % 2).astype(np.float32),
}


@pytest.mark.parametrize("what", NO_BONE)
@pytest.mark.parametrize("box", [None, (50, 80, 150, 240)])
def test_where_there_is_no_bone_none_is_found(what, box):
    region = ALL if box is None else box_region(SHAPE, box)
    with pytest.raises(ReconstructionError, match=r"^No bone found: \w.*\. Mark the bone"):
        find_by_clusters(NO_BONE[what], region)


def test_even_shading_has_a_steepness_of_1_and_noise_of_none(draw):
    """Across a straight line: a ramp is as steep there as beside it; a step rises there alone."""
    mask = COLUMNS >= 100
    ramp, step = unit(COLUMNS), np.where(mask, 0.6, 0.4).astype(np.float32)
    noise = (0.5 + 0.05 * grains()).astype(np.float32)
    assert _steepness(ramp, mask, ALL) == pytest.approx(1, abs=0.02)
    assert abs(_steepness(noise, mask, ALL)) < 0.3
    assert _steepness(step, mask, ALL) > 50 and _steepness(1 - step, mask, ALL) < -50
    assert _steepness(step + 0.3 * ramp, mask, ALL) > 10
    # Contrast and brightness do not matter.
    assert _steepness(0.1 + 0.2 * (step + noise), mask, ALL) == pytest.approx(
        _steepness(step + noise, mask, ALL), rel=0.01
    )


def test_a_box_that_bone_nearly_fills_is_not_filled():
    """Two long edges are edges; a region without any has none."""
    mask = (np.abs(COLUMNS - 99.5) < 98) & ALL
    assert _nothing(mask, ALL, True) == ""
    assert _nothing(mask.T, ALL.T, True) == ""
    assert "fills all that is looked at" in _nothing(ALL, ALL, True)
    assert "nothing in the region is brighter" in _nothing(~ALL, ALL, False)
    # Most of a picture is no bone, unless somebody drew a box round it.
    most = 0.1 * SHAPE[1] < COLUMNS
    assert "fills all" in _nothing(most, ALL, False) and _nothing(most, ALL, True) == ""


def test_whoever_clicks_on_a_bone_is_believed(draw):
    """A bone with an edge as soft as shading."""
    soft = unit(gaussian_filter(draw.disc(SHAPE, 50).clip(-60, 60), 12))
    with pytest.raises(ReconstructionError, match=r"^No bone found: gray changes no more"):
        find_by_clusters(soft, ALL)
    assert find_by_clusters(soft, ALL, seeds=Seeds(include=[(100, 160)])).mask[160, 100]
