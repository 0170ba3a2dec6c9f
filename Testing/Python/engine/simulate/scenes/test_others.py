"""Pictures without a femur: every kind, the same again for the same seed, radiographs or not."""

from collections import Counter

import numpy as np
import pytest

from XRayTo3DLib.simulate.scenes.others import KINDS, lookalike, other, section
from XRayTo3DLib.simulate.scenes.scenes import scene


@pytest.fixture(scope="module")
def drawn():
    return [other(seed, 96) for seed in range(40)]


def test_they_are_pictures(drawn):
    for each in drawn:
        assert each.image.shape == (96, 96) and each.image.dtype == np.float32
        assert 0 <= each.image.min() < each.image.max() <= 1
        assert each.x_ray and each.kind in KINDS
        assert set(each.masks) <= {"tibia", "fibula"}


def test_every_part_of_the_body_occurs_and_only_feet_have_shins(drawn):
    count = Counter(each.kind for each in drawn)
    assert set(count) == set(KINDS) - {"slice", "section"}
    assert all((each.kind == "foot") or not each.masks for each in drawn)
    assert any(mask.mean() > 0.01 for each in drawn for mask in each.masks.values())


def test_bone_is_brighter_than_flesh_or_darker_throughout(drawn):
    """Pictures have contrast: their brightest and darkest tenth are far apart."""
    spread = [float(np.ptp(np.percentile(each.image, (5, 95)))) for each in drawn]
    assert np.median(spread) > 0.3


def test_the_same_seed_gives_the_same_picture():
    for draw in (lambda seed: other(seed, 64), lambda seed: section(seed, 64)):
        assert np.array_equal(draw(5).image, draw(5).image) and not np.array_equal(draw(5).image, draw(6).image)


def test_slices_are_no_radiographs(limbs):
    leg = scene(limbs, 3, 96)
    for each in (lookalike(leg, 1), section(1, 96)):
        assert not each.x_ray and not each.masks and each.image.shape == (96, 96)
        assert each.kind in KINDS and 0 <= each.image.min() < each.image.max() <= 1
