"""The reader network at run time: what it says is laid where it belongs, and damaged files are refused in words."""

import numpy as np
import pytest

from XRayTo3DLib.segmentation.network.channels import BONES, FACTS, HEAT_SIGMA, HEAT_STRIDE, LANDMARKS, MASKS
from XRayTo3DLib.segmentation.network.reader import Reading, first_window, read, second_window, sureness
from XRayTo3DLib.segmentation.network.window import window_over
from XRayTo3DLib.segmentation.seeds import Seeds
from XRayTo3DLib.simulate.scenes.scenes import scene

SHAPE = (200, 160)


@pytest.fixture(scope="module")
def knee(limbs):
    """A radiograph on which a femur is well seen."""
    drawn = (scene(limbs, seed, 224) for seed in range(1000))
    return next(each for each in drawn if each.part == "knee" and each.view == "ap" and not each.dark_bone)


def made_up(logits=None, heat=None, region=SHAPE, **facts):
    """A reading of a window over a whole picture, with given answers."""
    window = window_over(np.array([-0.5, -0.5]), np.array(region[::-1]) - 0.5, 160 * 160)
    rows, columns = window.shape
    logits = np.full((len(MASKS), rows, columns), -20.0, np.float32) if logits is None else logits(window)
    heat = np.zeros((len(LANDMARKS), rows // 2, columns // 2), np.float32) if heat is None else heat(window)
    grey, inside = window.cut(np.zeros(region, np.float32))
    heights = np.zeros((len(BONES), window.shape[0] // 2, window.shape[1] // 2), np.float32)
    return Reading(window, logits, heat, heights, dict.fromkeys(FACTS, 0.5) | facts, grey, inside)


def test_a_landmark_is_found_between_the_pixels():
    """A peak that was drawn as in training, at a place of the picture, comes back from there."""
    at = np.array([71.3, 122.8])

    def heat(window):
        column, row = window.matrix[:, :2] @ at + window.matrix[:, 2]
        y, x = np.mgrid[: window.shape[0] // 2, : window.shape[1] // 2]
        away = (x - (column - 0.5) / HEAT_STRIDE) ** 2 + (y - (row - 0.5) / HEAT_STRIDE) ** 2
        return np.repeat(np.exp(-away / (2 * HEAT_SIGMA**2))[None], len(LANDMARKS), axis=0).astype(np.float32)

    reading = made_up(heat=heat)
    mark = reading.landmarks()["head_center"]
    assert (mark.x, mark.y) == pytest.approx(tuple(at), abs=0.25 / reading.window.scale)
    assert mark.confidence > 0.9
    nowhere = np.zeros(reading.window.shape, bool)
    assert reading.landmarks(nowhere)["head_center"].confidence == 0


def _condyles(points, **facts):
    """A reading in which both condyles' heat maps have a peak at each of some places of the window."""

    def heat(window):
        y, x = np.mgrid[: window.shape[0] // 2, : window.shape[1] // 2]
        made = np.zeros((len(LANDMARKS), *x.shape), np.float32)
        for number, (column, row) in enumerate(points):
            bump = np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * HEAT_SIGMA**2))
            # Both maps prefer the same place.
            for name in ("medial_condyle", "lateral_condyle"):
                made[LANDMARKS.index(name)] = np.maximum(made[LANDMARKS.index(name)], (0.9 - 0.2 * number) * bump)
        return made

    return made_up(heat=heat, **facts).landmarks()


@pytest.mark.parametrize(("left", "medial_first"), [(0.9, True), (0.1, False)])
def test_condyles_from_the_front_are_two_places_and_the_side_tells_which(left, medial_first):
    marks = _condyles([(20, 40), (45, 42)], ap=0.9, left=left)
    medial, lateral = marks["medial_condyle"], marks["lateral_condyle"]
    assert (medial.x < lateral.x) == medial_first
    assert abs(medial.x - lateral.x) > 30


def test_condyles_from_the_side_lie_over_each_other():
    marks = _condyles([(20, 40), (45, 42)], ap=0.1, left=0.9)
    assert marks["medial_condyle"] == marks["lateral_condyle"]
    alone = _condyles([(20, 40)], ap=0.9, left=0.9)  # only one is in the picture
    assert alone["medial_condyle"] == alone["lateral_condyle"]


def _columns(probability, first=0, last=64):
    """Logits of that probability between two columns of the window."""
    return lambda window: (
        np.where(
            (np.arange(window.shape[1]) >= first) & (np.arange(window.shape[1]) < last),
            np.log(probability / (1 - probability)),
            -20.0,
        )
        * np.ones((len(MASKS), *window.shape), np.float32)
    )


def test_sureness_is_the_least_of_what_looks_expect_and_share():
    sure, doubtful = made_up(_columns(0.999)), made_up(_columns(0.7))
    assert sureness(sure, sure, "femur") == pytest.approx(1, abs=0.01)
    # Of pixels that are bone with probability p, guessing all of them to be bone: Dice 2p / (1 + p).
    assert sureness(sure, doubtful, "femur") == pytest.approx(2 * 0.7 / 1.7, abs=0.01)
    assert sureness(doubtful, sure, "femur") == pytest.approx(2 * 0.7 / 1.7, abs=0.01)
    # 64 columns and 48 of them share 48: 2 * 48 / (64 + 48).
    assert sureness(sure, made_up(_columns(0.999, 16)), "femur") == pytest.approx(96 / 112, abs=0.01)
    assert sureness(made_up(), made_up(), "femur") == 0


def test_looks_of_other_windows_are_laid_over_each_other():
    """A closer look that says the same of the same places is as sure."""
    rows, columns = SHAPE
    close = window_over(np.array([20.0, 30.0]), np.array([120.0, 150.0]), 160 * 160)

    def reading(window):
        x = window.to_picture(np.stack([np.arange(window.shape[1]), np.zeros(window.shape[1])], axis=1))[:, 0]
        logits = np.where(x < 70.0, 7.0, -20.0) * np.ones((len(MASKS), *window.shape))
        grey, inside = window.cut(np.zeros(SHAPE, np.float32))
        heat = np.zeros((len(LANDMARKS), window.shape[0] // 2, window.shape[1] // 2), np.float32)
        heights = np.zeros((len(BONES), window.shape[0] // 2, window.shape[1] // 2), np.float32)
        return Reading(window, logits.astype(np.float32), heat, heights, dict.fromkeys(FACTS, 0.5), grey, inside)

    far = window_over(np.array([-0.5, -0.5]), np.array([columns, rows]) - 0.5, 160 * 160)
    assert sureness(reading(far), reading(close), "tibia") == pytest.approx(1, abs=0.03)


def test_a_mirrored_picture_is_read_mirrored(knee):
    pixels = np.ascontiguousarray(knee.image)
    mirrored = np.ascontiguousarray(pixels[:, ::-1])
    window = window_over(np.array([-0.5, -0.5]), np.array([223.5, 223.5]), 224 * 224)
    one, two = read(pixels, window), read(mirrored, window)
    # But for the tiles of the equalisation, which do not begin at both sides.
    assert ((one.logits > 0) == (two.logits[..., ::-1] > 0)).mean() > 0.998
    assert np.abs(one.heat - two.heat[..., ::-1]).max() < 0.05
    assert one.facts["left"] == pytest.approx(1 - two.facts["left"], abs=0.02)
    assert one.facts["femur"] == pytest.approx(two.facts["femur"], abs=0.02)


def test_brightness_does_not_matter(knee):
    window = first_window(np.ones(knee.image.shape, bool))
    one, two = read(knee.image, window), read((0.2 + 0.5 * knee.image).astype(np.float32), window)
    assert ((one.logits > 0) == (two.logits > 0)).mean() > 0.995


def test_probabilities_add_up_and_masks_stay_in_the_picture(knee):
    slim = np.ascontiguousarray(knee.image[:, 60:160])
    reading = read(slim, window_over(np.array([-0.5, -0.5]), np.array([99.5, 223.5]), 224 * 224))
    assert sum(reading.facts[name] for name in ("ap", "lateral", "oblique")) == pytest.approx(1)
    assert all(0 <= value <= 1 for value in reading.facts.values())
    _, inside = reading.window.cut(slim)
    assert (reading.logits[:, ~inside] == -20).all()
    assert reading.on_picture("femur", slim.shape).shape == slim.shape


def test_clicks_change_the_answer_where_they_are(knee):
    window = first_window(np.ones(knee.image.shape, bool))
    rows, columns = np.nonzero(knee.masks["femur"])
    inside = (float(columns[len(columns) // 2]), float(rows[len(rows) // 2]))
    at = tuple(np.rint(window.matrix[:, :2] @ inside + window.matrix[:, 2]).astype(int)[::-1])
    yes, no = (read(knee.image, window, seeds).logit("marked")[at] for seeds in (Seeds([inside]), Seeds((), [inside])))
    assert yes > no + 2


def test_windows_hold_what_they_look_at():
    region = np.zeros((400, 300), bool)
    region[50:350, 100:180] = True
    corners = first_window(region).to_picture([(-0.5, -0.5), first_window(region).shape[::-1]])
    assert (corners[0] <= np.array([99.5, 49.5]) + 1e-6).all() and (corners[1] >= [179, 349]).all()
    second = second_window(np.array([100.0, 50.0]), np.array([180.0, 350.0]), region.shape, 0.3)
    corners = second.to_picture([(-0.5, -0.5), second.shape[::-1]])
    assert (corners[0] <= np.array([100, 50]) + 1e-6).all() and (corners[1] >= [180, 350]).all()
