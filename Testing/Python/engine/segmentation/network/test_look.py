"""A long picture is all that any look saw in it; a bone is what the tracer draws in its box."""

from dataclasses import replace

import numpy as np
import pytest

from XRayTo3DLib import Settings, find_bone, radiograph_from_array
from XRayTo3DLib.segmentation import bounding_box
from XRayTo3DLib.segmentation.network import look
from XRayTo3DLib.segmentation.network.channels import BONES, FACTS, LANDMARKS, MASKS, TRACED
from XRayTo3DLib.segmentation.network.reader import Reading, first_window
from XRayTo3DLib.segmentation.network.tracer import Trace
from XRayTo3DLib.simulate.bones.family import sample
from XRayTo3DLib.simulate.bones.femur import femur
from XRayTo3DLib.simulate.film.setup import Setup
from XRayTo3DLib.simulate.film.view import simulate

SHAPE = (1000, 300)
PIXELS = np.zeros(SHAPE, np.float32)
LOW, HIGH = np.array([100.0, 100.0]), np.array([200.0, 900.0])


def reading(window, mask):
    """A reading that finds a femur where a mask of the picture is, and a tibia everywhere."""
    logits = np.full((len(MASKS), *window.shape), -5, np.float32)
    logits[[MASKS.index("femur"), MASKS.index("marked")]] = 8 * window.cut(mask.astype(np.float32))[0] - 4
    logits[MASKS.index("tibia")] = 1
    heat = np.zeros((len(LANDMARKS), window.shape[0] // 2, window.shape[1] // 2), np.float32)
    heights = np.full((len(BONES), window.shape[0] // 2, window.shape[1] // 2), 0.8, np.float32)
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
    """Function that lets the reader's looks find given masks, and tells where they looked."""

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


@pytest.fixture
def upright(monkeypatch):
    monkeypatch.setattr(look, "upright", lambda *_: 0)


def test_what_any_look_saw_of_a_long_picture_is_bone(looks, upright):
    windows = looks(rows(300, 400), rows(100, 350), rows(600, 880))
    region = np.zeros(SHAPE, bool)
    region[100:900, 100:200] = True
    found = look.first_look(PIXELS, region, None)
    mask, wanted = seen(found), rows(100, 400) | rows(600, 880)
    assert (mask & wanted).sum() / wanted.sum() > 0.98 and (mask & ~wanted).sum() < 0.05 * wanted.sum()
    assert found.window == windows[0]
    upper, lower = (window.to_picture([[0, 0], np.array(window.shape[::-1]) - 1])[:, 1] for window in windows[1:])
    assert upper[0] < 100 and upper[1] > lower[0] and lower[1] > 900  # both ends, and the middle twice
    assert windows[1].scale > 1.2 * windows[0].scale


def test_a_picture_that_lies_across_is_looked_at_from_left_to_right(looks, upright):
    windows = looks(*[rows(0, 1).T] * 3)
    region = np.zeros(SHAPE, bool)
    region[100:900, 100:200] = True
    look.first_look(PIXELS.T.copy(), region.T.copy(), None)
    left, right = (window.to_picture([[0, 0], np.array(window.shape[::-1]) - 1])[:, 0] for window in windows[1:])
    assert left[0] < 100 and left[1] > right[0] and right[1] > 900


@pytest.fixture
def draws(monkeypatch):
    """Function that lets the tracer draw a mask of the picture wherever it looks, and tells what it was asked."""

    def given(mask):
        asked = []

        def trace(pixels, window, name="", seeds=None, turns=0, mirrored=True):
            asked.append((window, name))
            logits = np.repeat(8 * window.cut(mask.astype(np.float32))[0][None] - 4, len(TRACED), axis=0)
            half = (window.shape[0] // 2, window.shape[1] // 2)
            return Trace(window, logits, np.full(half, 0.7, np.float32), {"tibia": 0.8, "femur": 0.2})

        monkeypatch.setattr(look, "trace", trace)
        return asked

    return given


@pytest.mark.parametrize(
    ("name", "seen", "height"),
    [("femur", (180, 330), 0.5 + 1.04 * (0.75 - 0.5)), ("femur", (300, 400), 0.7), ("patella", (180, 330), 0.7)],
)
def test_heights_on_a_femur_that_both_networks_see_are_the_mean_of_both(looks, draws, name, seen, height):
    """A little farther from the middle; those on other bones are the tracer's."""
    looks(rows(*seen)), draws(rows(200, 400))
    first = reading(first_window(np.ones(SHAPE, bool)), rows(100, 900))
    found = look.second_look(PIXELS, first, LOW, np.array([200.0, 340.0]), name, None)
    assert found.heights[BONES.index(name)] == pytest.approx(height)


@pytest.mark.parametrize(("name", "channel"), [("femur", "marked"), ("tibia", "tibia")])
def test_the_tracer_draws_the_bone_and_the_reader_what_is_round_it(looks, draws, name, channel):
    windows, asked = looks(rows(300, 400)), draws(rows(200, 400))
    first = reading(first_window(np.ones(SHAPE, bool)), rows(100, 900))
    high = np.array([200.0, 340.0])
    found = look.second_look(PIXELS, first, LOW, high, name, None)
    inside = found.window.cut_mask(np.ones(SHAPE, bool))
    drawn = found.logit(channel) > 0
    assert (drawn != found.window.cut_mask(rows(200, 341)))[inside].mean() < 0.03
    other = "tibia" if name == "femur" else "femur"
    assert np.array_equal(found.logit(other), reading(windows[0], rows(300, 400)).logit(other))
    assert found.heights[BONES.index(name)] == pytest.approx(0.7)
    # What it takes the bone for it says where it was not told.
    assert found.untold.names == {"tibia": 0.8, "femur": 0.2} and [told for _, told in asked] == [name, ""]
    for window in (*(own for own, _ in asked), found.window):
        ends = window.to_picture([(-0.5, -0.5), np.array(window.shape[::-1]) - 0.5])
        assert (ends[0] <= LOW + 1e-6).all() and (ends[1] >= high - 1e-6).all()


def test_a_patella_is_drawn_with_what_is_round_it(looks, draws):
    """A tenth of its size at least, on every side; whether it is named is asked of the box alone."""
    looks(rows(300, 400)), (asked := draws(rows(200, 400)))
    low, high = np.array([110.0, 300.0]), np.array([190.0, 400.0])
    look.second_look(PIXELS, reading(first_window(np.ones(SHAPE, bool)), rows(100, 900)), low, high, "patella", None)
    seen = [window.to_picture([(-0.5, -0.5), np.array(window.shape[::-1]) - 0.5]) for window, _ in asked]
    assert [told for _, told in asked] == ["patella", ""]
    assert (seen[0][0] < low - 10).all() and (seen[0][1] > high + 10).all()
    assert (np.abs(seen[1] - [low, high]) < 10).any(axis=1).all()


@pytest.mark.parametrize(("read", "taken"), [((200, 680), (200, 680)), ((200, 500), (200, 700))])
def test_a_long_bone_is_the_readers_if_the_tracer_sees_the_same(looks, draws, read, taken):
    looks(*[rows(*read)] * 3), draws(rows(200, 700))
    first = reading(first_window(np.ones(SHAPE, bool)), rows(100, 900))
    found = look.second_look(PIXELS, first, LOW, HIGH, "femur", None)
    assert (seen(found, "marked") != rows(*taken)).sum() < 0.02 * rows(*taken).sum()


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


def test_the_same_picture_is_looked_at_once(looks, upright):
    """Until picture or network change: a click begins with the looks that there were, at all of it and in its box."""
    windows = looks(*[rows(300, 400)] * 16)
    pixels, region = PIXELS.copy(), np.ones(SHAPE, bool)
    whole = look.first_look(pixels, region, None)
    count = len(windows)
    assert look.first_look(pixels, region.copy(), None) is whole and len(windows) == count
    for rest in (100, 200):  # another box does not push out the whole picture
        box = region.copy()
        box[:rest] = False
        inside = look.first_look(pixels, box, None)
        assert inside is not whole and len(windows) > count
        count = len(windows)
        assert look.first_look(pixels, box, None) is inside
        assert look.first_look(pixels, region, None) is whole and len(windows) == count
    assert look.first_look(PIXELS.copy(), box, None) is not inside and len(windows) > count


def test_what_is_marked_lies_as_all_of_its_picture_does(monkeypatch):
    """How a small box lies is not asked: of that a picture tells more."""
    asked = []

    def read(pixels, window, seeds=None, network=None, turns=0):
        asked.append(turns)
        return replace(reading(window, rows(300, 400)), turns=turns)

    monkeypatch.setattr(look, "read", read)
    monkeypatch.setattr(look, "upright", lambda *_: pytest.fail("a box was asked how it lies"))
    region = np.zeros(SHAPE, bool)
    region[100:300, 100:200] = True
    whole = replace(reading(first_window(np.ones(SHAPE, bool)), rows(300, 400)), turns=3)
    assert look.first_look(PIXELS.copy(), region, None, whole).turns == 3 and set(asked) == {3}


@pytest.mark.parametrize(("high", "looked"), [([200.0, 340.0], None), ([200.0, 900.0], "clicks")])
def test_the_reader_is_told_of_clicks_where_the_mask_may_be_its_own(monkeypatch, high, looked):
    """Of a bone that is not long it is the tracer's: one look then serves all clicks."""
    told = {"reader": set(), "tracer": set()}

    def read(pixels, window, seeds=None, network=None, turns=0):
        told["reader"].add(seeds)
        return reading(window, rows(200, 400))

    def trace(pixels, window, name="", seeds=None, turns=0, mirrored=True):
        told["tracer"].add((seeds, mirrored))
        half = (window.shape[0] // 2, window.shape[1] // 2)
        return Trace(window, np.zeros((len(TRACED), *window.shape), np.float32), np.zeros(half, np.float32), {})

    monkeypatch.setattr(look, "read", read)
    monkeypatch.setattr(look, "trace", trace)
    first = reading(first_window(np.ones(SHAPE, bool)), rows(100, 900))
    look.second_look(PIXELS, first, LOW, np.array(high), "femur", None, "clicks")
    assert told == {"reader": {looked}, "tracer": {("clicks", True), ("clicks", False)}}
