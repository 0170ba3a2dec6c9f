"""What becomes of a film: values stay between black and white, frames cover what they say, bone stays brighter."""

import numpy as np
import pytest

from XRayTo3DLib.simulate.film import looks

SHAPE = (96, 120)
SEEDS = range(40)


@pytest.fixture
def film():
    """A leg of 1.5 in air of 0, and in it a bone of 2."""
    result = np.zeros(SHAPE, np.float32)
    result[:, 25:95] = 1.5
    result[:, 50:70] = 2.0
    return result


def toned(film, seed):
    return looks.toned(film, film > 1.9, (film > 1) & (film < 1.9), np.random.default_rng(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_bone_is_brighter_than_flesh_and_flesh_than_air(film, seed):
    image = toned(film, seed)
    bone, flesh, air = image[:, 55:65].mean(), image[:, 30:45].mean(), image[:, :15].mean()
    assert bone > flesh + 0.1 and flesh >= air
    assert image.dtype == np.float32 and image.min() >= 0 and image.max() <= 1


def test_a_film_with_nothing_on_it(film):
    nothing = np.zeros(SHAPE, bool)
    image = looks.toned(np.zeros(SHAPE, np.float32), nothing, nothing, np.random.default_rng(0))
    assert np.isfinite(image).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_step_keeps_to_black_and_white(film, seed):
    rng = np.random.default_rng(seed)
    image = looks.processed(toned(film, seed), rng)
    for step in (
        lambda x: looks.framed(x, looks.frame(rng, SHAPE), rng),
        lambda x: looks.lettered(x, rng, "left", "ap"),
        lambda x: looks.stored(x, rng),
    ):
        image = step(image)
        assert image.shape == SHAPE and image.dtype == np.float32
        assert image.min() >= -1e-6 and image.max() <= 1 + 1e-6


@pytest.mark.parametrize("step", [looks.processed, looks.stored])
def test_steps_do_not_write_into_what_they_are_given(film, step):
    image = toned(film, 1)
    for seed in SEEDS:
        before = image.copy()
        step(image, np.random.default_rng(seed))
        looks.lettered(image, np.random.default_rng(seed), "right", "lateral")
        assert np.array_equal(image, before)


def test_a_frame_covers_what_is_not_open():
    for seed in SEEDS:
        around = looks.frame(np.random.default_rng(seed), SHAPE)
        image = looks.framed(np.full(SHAPE, 0.5, np.float32), around, np.random.default_rng(seed))
        assert image[_eroded(around.open, 8)] == pytest.approx(0.5, abs=1e-3)
        shut = _eroded(~around.open, 8)
        assert image[shut] == pytest.approx(around.fill[shut], abs=1e-3)


def test_frames_occur_and_do_not_hide_everything():
    shares = np.array([looks.frame(np.random.default_rng(seed), SHAPE).open.mean() for seed in range(200)])
    assert (shares == 1).sum() > 30 and (shares < 0.95).sum() > 50
    assert shares.min() > 0.25


def test_letters_are_as_high_as_asked_for():
    for height in (10, 20, 40):
        ink = looks.letters("R", height)
        rows = np.flatnonzero((ink > 127).any(axis=1))
        assert np.ptp(rows) + 1 == pytest.approx(height, abs=2)


def test_noise_is_of_unit_spread():
    noise = looks.smooth_noise(np.random.default_rng(0), (200, 200), 40)
    assert noise.shape == (200, 200) and abs(noise.mean()) < 0.1 and 0.5 < noise.std() < 1.1


def _eroded(mask, by):
    import cv2

    return cv2.erode(np.pad(mask, by).astype(np.uint8), np.ones((2 * by + 1,) * 2))[by:-by, by:-by] > 0
