"""How sure a mask is: in a box by its name and how it is drawn, elsewhere by what both looks see as well."""

from dataclasses import replace

import numpy as np
import pytest

from XRayTo3DLib.segmentation.by_network import find_by_network
from XRayTo3DLib.segmentation.confidence import IN_A_BOX, SURENESS, box_features, confidence_in, sureness_features
from XRayTo3DLib.segmentation.region import bounding_box, box_region
from XRayTo3DLib.simulate.scenes.scenes import scene


@pytest.fixture(scope="module")
def film(limbs):
    """A film of one knee, and the box round its femur."""
    drawn = (scene(limbs, seed, 224) for seed in range(5000, 6000))
    plain = (each for each in drawn if not (each.metal or each.dark_bone or "other_femur" in each.masks))
    each = next(each for each in plain if each.part == "knee" and each.masks["femur"].mean() > 0.08)
    rows, columns = bounding_box(each.masks["femur"], 6)
    return np.ascontiguousarray(each.image), (columns.start, rows.start, columns.stop - 1, rows.stop - 1)


@pytest.fixture(scope="module")
def in_a_box(film):
    pixels, box = film
    return find_by_network(pixels, box_region(pixels.shape, box))


def test_in_a_box_its_name_and_how_it_is_drawn_count(in_a_box):
    assert in_a_box.name == "femur" and 0 < in_a_box.named < 1 and len(box_features(in_a_box)) == len(IN_A_BOX)
    assert confidence_in(in_a_box) > 0.5
    assert confidence_in(replace(in_a_box, named=0.01)) < confidence_in(in_a_box)
    faint = replace(in_a_box.second, logits=in_a_box.second.logits / 9)
    assert confidence_in(replace(in_a_box, second=faint)) < confidence_in(in_a_box)


def test_in_a_box_the_first_look_does_not_count(in_a_box):
    """It misses what is small."""
    missed = replace(in_a_box, first=replace(in_a_box.first, logits=np.full_like(in_a_box.first.logits, -9)))
    assert confidence_in(missed) == confidence_in(in_a_box)


def test_without_a_box_the_first_look_counts(film):
    pixels, _ = film
    seen = find_by_network(pixels, np.ones(pixels.shape, bool))
    assert seen.named is None and len(sureness_features(seen)) == len(SURENESS)
    missed = replace(seen, first=replace(seen.first, logits=np.full_like(seen.first.logits, -9)))
    assert confidence_in(missed) < confidence_in(seen)


def test_of_nothing_nobody_is_sure(film):
    pixels, _ = film
    seen = find_by_network(pixels, np.ones(pixels.shape, bool))
    assert confidence_in(replace(seen, second=None)) == confidence_in(replace(seen, mask=seen.mask & False)) == 0
