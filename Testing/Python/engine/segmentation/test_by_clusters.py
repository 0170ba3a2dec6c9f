"""Clusters made to hold: a bone on uneven ground, with a canal, beside blades and letters."""

import numpy as np
import pytest

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.segmentation import Seeds, box_region, cluster, find_by_clusters

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
        with pytest.raises(ReconstructionError, match=r"too few different grey values|no bone found"):
            find_by_clusters(pixels, ALL)
