"""Where a bone is: what both networks are sure of is taken; what they are not sure of is looked for elsewhere too."""

import numpy as np
import pytest

from XRayTo3DLib.segmentation import where
from XRayTo3DLib.segmentation.network.channels import BONES, FACTS, LANDMARKS, MASKS
from XRayTo3DLib.segmentation.network.reader import Reading
from XRayTo3DLib.segmentation.network.search import ROOM, Place
from XRayTo3DLib.segmentation.network.window import Window
from XRayTo3DLib.segmentation.seeds import Seeds

SHAPE = (320, 320)
PIXELS, ALL = np.zeros(SHAPE, np.float32), np.ones(SHAPE, bool)


def reading(mask, turns=0):
    """A reading of the whole picture, pixel for pixel, that sees every bone where a mask is."""
    logits = np.repeat(np.where(mask, 4, -4).astype(np.float32)[None], len(MASKS), axis=0)
    half = (SHAPE[0] // 2, SHAPE[1] // 2)
    heat, heights = np.zeros((len(LANDMARKS), *half), np.float32), np.zeros((len(BONES), *half), np.float32)
    return Reading(Window(np.eye(2, 3), SHAPE), logits, heat, heights, dict.fromkeys(FACTS, 0.5), PIXELS, ALL, turns)


def block(*corners):
    """A mask from (left, top) to (right, bottom)."""
    left, top, right, bottom = corners
    mask = np.zeros(SHAPE, bool)
    mask[top:bottom, left:right] = True
    return mask


def box(*corners):
    """Its box as users leave room round it."""
    low, high = np.array(corners[:2]) - 0.5, np.array(corners[2:]) - 0.5
    room = ROOM * max(high - low)
    return np.array([low - room, high + room])


@pytest.fixture
def looks(monkeypatch):
    """Function that says what the reader sees closer, how sure the tracer is of it, and where else it sees a bone."""

    def given(closer, sureness, elsewhere=()):
        searches = []
        monkeypatch.setattr(where, "closer_look", lambda *_: reading(closer))
        monkeypatch.setattr(where, "sureness_in", lambda pixels, box, name, turns: sureness)

        def searched(pixels, region, name, turns):
            searches.append(turns)
            return list(elsewhere)

        monkeypatch.setattr(where, "searched", searched)
        return searches

    return given


ROUGH, BONE, OTHER = (100, 50, 180, 300), (110, 60, 170, 290), (220, 40, 300, 120)


def test_a_bone_that_is_seen_surely_is_where_the_closer_look_shows_it(looks):
    searches = looks(block(*BONE), 0.9)
    found = where.box_seen(PIXELS, ALL, reading(block(*ROUGH)), "femur", None)
    assert np.allclose(found, box(*BONE), atol=1) and not searches


def test_one_that_is_not_seen_surely_is_looked_for_elsewhere(looks):
    searches = looks(block(*BONE), 0.4, [Place(tuple(box(*OTHER)), 0.7)])
    found = where.box_seen(PIXELS, ALL, reading(block(*ROUGH), turns=3), "femur", None)
    assert np.allclose(found, box(*OTHER)) and searches == [3]


@pytest.mark.parametrize(("sure", "taken"), [(0.4, "other"), (0.85, "larger")])
def test_of_two_legs_the_other_one_is_taken_where_the_larger_one_is_not_seen_surely(monkeypatch, sure, taken):
    legs = {"larger": (20, 40, 100, 300), "other": (220, 40, 290, 300)}
    seen = reading(block(*legs["larger"]) | block(*legs["other"]))
    monkeypatch.setattr(
        where, "closer_look", lambda _p, _f, low, *_: reading(block(*legs["larger" if low[0] < 160 else "other"]))
    )
    monkeypatch.setattr(where, "sureness_in", lambda _p, at, *_: sure if at[0][0] < 160 else 0.9)
    monkeypatch.setattr(where, "searched", lambda *_: [])
    assert np.allclose(where.box_seen(PIXELS, ALL, seen, "femur", None), box(*legs[taken]), atol=1)


def test_of_a_bone_that_is_rather_sure_no_part_is_taken(looks):
    part = Place(tuple(box(110, 60, 170, 150)), 0.9)
    looks(block(*BONE), 0.6, [part])
    assert np.allclose(where.box_seen(PIXELS, ALL, reading(block(*ROUGH)), "femur", None), box(*BONE), atol=1)
    looks(block(*BONE), 0.4, [part])
    assert np.allclose(where.box_seen(PIXELS, ALL, reading(block(*ROUGH)), "femur", None), part.box)


def test_what_is_hardly_seen_anywhere_is_no_bone(looks):
    looks(block(0, 0, 0, 0), 0.1, [Place(tuple(box(*OTHER)), 0.2)])
    assert where.box_seen(PIXELS, ALL, reading(block(0, 0, 0, 0)), "femur", None) is None


@pytest.mark.parametrize(("name", "seeds"), [("tibia", Seeds()), ("femur", Seeds([(140, 100)], []))])
def test_another_bone_and_one_that_was_clicked_on_are_not_looked_for_elsewhere(looks, name, seeds):
    searches = looks(block(*BONE), 0.1)
    found = where.box_seen(PIXELS, ALL, reading(block(*ROUGH)), name, None, seeds=seeds)
    assert np.allclose(found, box(*BONE), atol=1) and not searches
