"""A long bone is all that any look saw of it; a short one is what the second look saw."""

import numpy as np
import pytest

from XRayTo3DLib import Settings, find_bone, radiograph_from_array
from XRayTo3DLib.segmentation import bounding_box
from XRayTo3DLib.segmentation.network import look
from XRayTo3DLib.segmentation.network.channels import BONES, BROKEN, FACTS, LANDMARKS, MASKS, TRACED
from XRayTo3DLib.segmentation.network.reader import Reading, first_window, seen_in
from XRayTo3DLib.segmentation.network.tracer import Trace
from XRayTo3DLib.simulate.bones.family import sample
from XRayTo3DLib.simulate.bones.femur import femur
from XRayTo3DLib.simulate.film.view import Setup, simulate

SHAPE = (1000, 300)
PIXELS = np.zeros(SHAPE, np.float32)
LOW, HIGH = np.array([100.0, 100.0]), np.array([200.0, 900.0])


def reading(window, mask):
    """A reading that finds a femur where a mask of the picture is, and a tibia everywhere."""
    logits = np.full((len(MASKS), *window.shape), -5, np.float32)
    logits[MASKS.index("femur")] = 8 * window.cut(mask.astype(np.float32))[0] - 4
    logits[MASKS.index("tibia")] = 1
    heat = np.zeros((len(LANDMARKS), window.shape[0] // 2, window.shape[1] // 2), np.float32)
    heights = np.zeros((len(BONES), window.shape[0] // 2, window.shape[1] // 2), np.float32)
    return Reading(
        window, logits, heat, heights, dict.fromkeys(FACTS, 0.5), *window.cut(np.zeros(mask.shape, np.float32))
    )


def rows(first, last):
    """A mask of some rows of the bone."""
    mask = np.zeros(SHAPE, bool)
    mask[first:last, 110:190] = True
    return mask


@pytest.fixture
def looks(monkeypatch):
    """Function that lets the second look and those at parts find given masks, and tells where they looked."""

    def given(*masks):
        windows, left = [], iter(masks)

        def read(pixels, window, seeds=None, network=None, turns=0):
            windows.append(window)
            return reading(window, next(left))

        monkeypatch.setattr(look, "read", read)
        return windows

    return given


def seen(found, name="femur"):
    return found.on_picture(name, SHAPE) > 0


def test_what_any_look_saw_of_a_long_bone_is_bone(looks):
    windows = looks(rows(300, 400), rows(300, 400), rows(100, 350), rows(600, 880))
    first = reading(first_window(np.ones(SHAPE, bool)), rows(380, 620))
    found = look.second_look(PIXELS, first, LOW, HIGH, {"femur"}, None)
    mask = seen(found)
    assert (mask & rows(110, 870)).sum() / rows(110, 870).sum() > 0.98
    assert not mask[:80].any() and not mask[920:].any() and not mask[:, :95].any()
    assert found.window == windows[0]
    assert np.allclose(found.logit("tibia"), reading(windows[0], rows(0, 1)).logit("tibia"))  # the second look's own
    upper, lower = (window.to_picture([[0, 0], np.array(window.shape[::-1]) - 1])[:, 1] for window in windows[2:])
    assert upper[0] < 100 and upper[1] > lower[0] and lower[1] > 900  # both ends, and the middle twice
    assert windows[2].scale > 1.2 * windows[0].scale and windows[0].scale >= windows[1].scale


def test_a_short_bone_is_looked_at_from_near_and_from_farther_away(looks):
    """What both say together is what it is: their mean."""
    windows = looks(rows(300, 400), rows(300, 360))
    first = reading(first_window(np.ones(SHAPE, bool)), rows(100, 900))
    found = look.second_look(PIXELS, first, LOW, np.array([200.0, 340.0]), {"femur"}, None)
    near, far = windows
    assert far.scale < near.scale and found.window == near
    one, two = reading(near, rows(300, 400)), reading(far, rows(300, 360))
    assert np.allclose(found.logit("femur"), (one.logit("femur") + seen_in(two, near, "femur")) / 2, atol=1e-5)


def test_a_bone_that_lies_across_is_looked_at_from_left_to_right(looks):
    windows = looks(*[rows(0, 1).T] * 4)
    pixels = PIXELS.T.copy()
    first = reading(first_window(np.ones(pixels.shape, bool)), rows(0, 1).T)
    look.second_look(pixels, first, LOW[::-1], HIGH[::-1], {"femur"}, None)
    left, right = (window.to_picture([[0, 0], np.array(window.shape[::-1]) - 1])[:, 0] for window in windows[2:])
    assert left[0] < 100 and left[1] > right[0] and right[1] > 900


@pytest.fixture
def draws(monkeypatch):
    """Function that lets the tracer draw a mask of the picture wherever it looks, and tells what it was asked."""

    def given(mask):
        asked = []

        def trace(pixels, window, name="", seeds=None, turns=0):
            asked.append((window, name))
            logits = np.repeat(8 * window.cut(mask.astype(np.float32))[0][None] - 4, len(TRACED), axis=0)
            logits[TRACED.index("lower")] = -4
            half = (window.shape[0] // 2, window.shape[1] // 2)
            return Trace(window, logits, np.full(half, 0.7, np.float32), {"tibia": 0.8, "femur": 0.2}, 0.9)

        monkeypatch.setattr(look, "trace", trace)
        return asked

    return given


@pytest.mark.parametrize(("name", "channel"), [("femur", "marked"), ("tibia", "tibia")])
def test_the_tracer_draws_the_bone_and_the_reader_what_is_round_it(looks, draws, name, channel):
    windows, asked = looks(rows(300, 400)), draws(rows(200, 700))
    first = reading(first_window(np.ones(SHAPE, bool)), rows(100, 900))
    found = look.drawn_look(PIXELS, first, LOW, HIGH, name, None)
    assert (seen(found, channel) != rows(200, 700)).mean() < 0.01
    other = "tibia" if name == "femur" else "femur"
    assert np.array_equal(found.logit(other), reading(windows[0], rows(300, 400)).logit(other))
    assert np.array_equal(found.logit(f"upper {name}"), found.logit(channel))
    assert not (found.logit(f"lower {name}") > 0).any()
    assert found.heights[BONES.index(name)] == pytest.approx(0.7)
    assert found.facts[BROKEN[name]] == 0.9 and found.facts[BROKEN[other]] == 0.5
    ((own, told),) = asked
    assert told == name
    for window in (own, found.window):
        ends = window.to_picture([(-0.5, -0.5), np.array(window.shape[::-1]) - 0.5])
        assert (ends[0] <= LOW + 1e-6).all() and (ends[1] >= HIGH - 1e-6).all()


def test_whole_long_bones_are_long():
    assert not look.is_long(np.zeros(2), np.array([100.0, 250.0]))
    assert look.is_long(np.zeros(2), np.array([400.0, 100.0]))


@pytest.mark.parametrize("seed", [2, 3])
def test_a_whole_femur_from_the_side(seed):
    bone = femur(sample(seed, "left"), 3.0)
    middle = (bone.outer.points.min(axis=0) + bone.outer.points.max(axis=0)) / 2
    setup = Setup(0.5, 1500.0, 1200.0, (1300, 600), tuple(middle))
    film = simulate([bone], "lateral", "left", setup, np.random.default_rng(seed))
    box = bounding_box(film.mask)
    roi = (box[1].start - 20, box[0].start - 20, box[1].stop + 20, box[0].stop + 20)
    found = find_bone(
        radiograph_from_array(film.pixels, pixel_size_mm=0.5, pixel_size_source="the test", bone="bright"),
        Settings(roi=roi, segmentation="network"),
    ).mask
    assert 2 * (found & film.mask).sum() / (found.sum() + film.mask.sum()) > 0.97


def test_the_same_picture_is_looked_at_once(looks, monkeypatch):
    """Until region, picture or network change: a click begins with the look that there was."""
    monkeypatch.setattr(look, "upright", lambda *_: 0)
    windows = looks(*[rows(300, 400)] * 12)
    pixels, region = PIXELS.copy(), np.ones(SHAPE, bool)
    first = look.first_look(pixels, region, None)
    count = len(windows)
    assert look.first_look(pixels, region.copy(), None) is first and len(windows) == count
    region[:100] = False
    second = look.first_look(pixels, region, None)
    assert second is not first and len(windows) > count
    count = len(windows)
    assert look.first_look(PIXELS.copy(), region, None) is not second and len(windows) > count
