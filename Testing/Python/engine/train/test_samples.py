"""Training samples: what is drawn in a window is where the scene says, and clicks are where a guess is wrong."""

import numpy as np
import pytest

from XRayTo3DLib.segmentation.network.channels import (
    BROKEN,
    FACTS,
    FRAGMENTS,
    HEAT_STRIDE,
    LANDMARKS,
    MASKS,
    channels,
    discs,
)
from XRayTo3DLib.simulate.scenes.others import other, section
from XRayTo3DLib.simulate.scenes.scenes import scene
from XRayTo3DLib.train.samples import clicks, told, window, window_of_other

SHAPE = (160, 128)
MARKED = MASKS.index("marked")


@pytest.fixture(scope="module")
def scenes(limbs):
    return [scene(limbs, seed, 128) for seed in range(24)]


@pytest.fixture(scope="module")
def samples(scenes):
    rng = np.random.default_rng(0)
    return [window(each, SHAPE, rng) for each in scenes for _ in range(4)]


def test_shapes_and_ranges(samples):
    for each in samples:
        assert each.grey.shape == each.inside.shape == SHAPE and each.grey.dtype == np.float32
        assert each.masks.shape == (len(MASKS), *SHAPE) and set(np.unique(each.masks)) <= {0, 1}
        assert each.heat.shape == (len(LANDMARKS), SHAPE[0] // HEAT_STRIDE, SHAPE[1] // HEAT_STRIDE)
        assert each.facts.shape == each.known.shape == (len(FACTS),)
        assert set(np.unique(each.known)) <= {0, 1}


def test_nothing_is_marked_outside_the_picture(samples):
    for each in samples:
        assert not each.masks[:, ~each.inside].any()


def test_the_heads_peak_lies_in_the_femur(samples):
    """A window mirrored, turned or stretched moves masks and landmarks alike."""
    checked = 0
    for each in samples:
        for name in ("head_center", "shaft_middle"):
            heat = each.heat[LANDMARKS.index(name)]
            if heat.max() > 0.9 and not each.masks[MASKS.index("metal")].any():
                row, column = np.unravel_index(heat.argmax(), heat.shape)
                around = each.masks[0][max(0, 2 * row - 4) : 2 * row + 5, max(0, 2 * column - 4) : 2 * column + 5]
                checked += 1
                assert around.any()
    assert checked > 10


def test_what_is_marked_is_one_of_the_bones(samples):
    marked = [each for each in samples if each.masks[MARKED].any()]
    assert len(marked) > 20
    for each in marked:
        assert any((each.masks[MARKED] <= mask).all() for mask in each.masks[:5])


def test_fragments_of_a_broken_bone_make_the_bone(samples):
    """And of an unbroken one, or where the break is not in the window, both are the whole of it."""
    seen = 0
    for each in samples:
        for name, parts in FRAGMENTS.items():
            bone, upper, lower = (each.masks[MASKS.index(part)] > 0 for part in (name, *parts))
            broken = each.facts[FACTS.index(BROKEN[name])]
            seen += int(broken)
            if broken:
                assert ((upper | lower) != bone).mean() < 0.01  # at the resampled edges
                assert (upper != bone).any() and (lower != bone).any()
            else:
                assert np.array_equal(upper, bone) and np.array_equal(lower, bone)
    assert seen > 3


def test_heights_are_known_on_bones_alone_and_lie_between_their_ends(samples):
    for each in samples:
        for heights, mask in zip(each.heights, each.masks, strict=False):
            there = ~np.isnan(heights)
            assert (heights[there] > -0.1).all() and (heights[there] < 1.1).all()
            assert abs(float(there.mean()) - float(mask.mean())) < 0.02


def test_no_other_picture_has_a_femur():
    rng = np.random.default_rng(0)
    for drawn in (other(3, 128), section(3, 128)):
        each = window_of_other(drawn, SHAPE, rng)
        assert not each.masks[0].any() and not each.heat.any() and each.x_ray == drawn.x_ray
        facts = dict(zip(FACTS, zip(each.facts, each.known, strict=True), strict=True))
        assert facts["femur"] == (0, 1) and facts["ap"][1] == 0


def test_clicks_lie_where_a_guess_is_wrong(draw):
    truth = draw.disc((100, 90), 25, (45, 50)) > 0
    guess = draw.disc((100, 90), 25, (60, 50)) > 0
    include, exclude = clicks(truth, guess, 2, np.random.default_rng(0))
    assert len(include) == len(exclude) == 1
    (x, y), (u, v) = include[0], exclude[0]
    assert truth[y, x] and not guess[y, x] and guess[v, u] and not truth[v, u]
    assert clicks(truth, truth, 3, np.random.default_rng(0)) == ([], [])


def test_a_bone_that_cannot_be_guessed_is_clicked(samples):
    rng = np.random.default_rng(1)
    for each in samples:
        include, _ = told(each, rng)
        if each.masks[MARKED].sum() > 400 and (each.masks[MARKED] != each.masks[0]).any():
            assert include and all(each.masks[MARKED][y, x] for x, y in include)


def test_the_networks_input():
    grey = np.linspace(-3, 9, 64 * 96, dtype=np.float32).reshape(64, 96)
    inside = np.ones(grey.shape, bool)
    inside[:, :20] = False
    made = channels(grey, inside, [(50, 30)], [(70, 10), (5, 5)])
    assert made.shape == (4, 64, 96) and made.dtype == np.float32 and made.min() >= -1 and made.max() <= 1
    assert (made[0][~inside] == -1).all()
    assert made[2, 30, 50] == made[3, 10, 70] == made[3, 5, 5] == 1 and made[2].sum() < 80
    # Gain and offset do not matter, but for rounding.
    assert np.allclose(made[:2], channels(5 * grey + 2, inside, [], [])[:2], atol=0.03)
    assert np.array_equal(made[2:], discs(grey.shape, [(50, 30)], [(70, 10), (5, 5)]))
