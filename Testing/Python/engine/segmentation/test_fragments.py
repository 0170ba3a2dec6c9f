"""What a network's leaning to one fragment or the other comes to: fragments, and numbers that tell a break."""

from dataclasses import replace

import numpy as np
import pytest

from XRayTo3DLib.segmentation import Bone, fragments
from XRayTo3DLib.segmentation.fragments import features, fragments_of
from XRayTo3DLib.segmentation.network.channels import BONES, FACTS, LANDMARKS, MASKS
from XRayTo3DLib.segmentation.network.reader import Reading
from XRayTo3DLib.segmentation.network.window import Window

SHAPE = (96, 64)


def bone(lean, fact=0.9):
    """A femur of 80 rows of which the network is sure; `lean` says how much rather of the upper fragment rows are."""
    mask = np.zeros(SHAPE, bool)
    mask[8:88, 20:44] = True
    logits = np.full((len(MASKS), *SHAPE), -6, np.float32)
    logits[MASKS.index("femur")][mask] = 6
    rows = np.arange(SHAPE[0])[:, None]
    for name, sign in (("upper femur", 1), ("lower femur", -1)):
        logits[MASKS.index(name)] = 4 + sign * lean(rows) / 2 + np.zeros(SHAPE)
    half = (SHAPE[0] // 2, SHAPE[1] // 2)
    heights = np.broadcast_to(1 - np.arange(half[0])[:, None] / half[0], (len(BONES), *half)).astype(np.float32)
    window = Window(np.eye(2, 3), SHAPE)
    facts = dict.fromkeys(FACTS, 0.5) | {"femur broken": fact}
    heat = np.zeros((len(LANDMARKS), *half), np.float32)
    grey = np.zeros(SHAPE, np.float32)
    reading = Reading(window, logits, heat, heights, facts, grey, np.ones(SHAPE, bool))
    return Bone(mask, "network", "", "femur", first=reading, second=reading)


def broken_at(row, much=3.0):
    return lambda rows: np.where(rows < row, much, -much).astype(np.float32)


@pytest.fixture(autouse=True)
def believed(monkeypatch):
    """The check believes what it is told."""
    monkeypatch.setattr(fragments, "probability", lambda name, names, values, reader: 0.9)


def test_fragments_are_told_apart_though_both_are_taken_for_the_whole():
    """Both logits are high everywhere; what differs is to which of them a pixel leans."""
    found = fragments_of(bone(broken_at(40)))
    assert found.broken
    rows = np.arange(SHAPE[0])[:, None] + np.zeros(SHAPE)
    mask = bone(broken_at(40)).mask
    assert (found.upper | found.lower)[mask].all() and not (found.upper | found.lower)[~mask].any()
    assert found.upper[mask & (rows < 36)].all() and not found.upper[rows > 44].any()
    assert found.lower[mask & (rows > 44)].all() and not found.lower[rows < 36].any()
    assert found.height == pytest.approx(1 - 40 / 96, abs=0.06)


def test_where_it_leans_to_neither_the_fragments_lie_over_each_other():
    found = fragments_of(bone(lambda rows: np.where(rows < 30, 3.0, np.where(rows > 50, -3.0, 0.0))))
    both = found.upper & found.lower
    assert both[34:46, 24:40].all() and not both[:24].any() and not both[58:].any()


def test_a_bone_that_leans_one_way_alone_is_whole():
    """So does a shaft's end that is cut by the border: however sure the check is, there are no two fragments."""
    found = fragments_of(bone(lambda rows: 3.0 + 0 * rows))
    assert not found.broken and np.array_equal(found.upper, found.lower) and found.height is None


def test_the_more_it_leans_both_ways_the_rather_it_is_broken():
    told = [features(bone(broken_at(40, much)))[2] for much in (0.0, 0.5, 2.0, 5.0)]
    assert told == sorted(told) and told[0] < told[-1] - 2
    one_way = features(bone(lambda rows: 5.0 + 0 * rows))[2]
    assert one_way == pytest.approx(told[0])


def test_of_what_the_network_was_not_asked_nothing_is_told():
    assert fragments_of(replace(bone(broken_at(40)), second=None)) is None
    assert fragments_of(replace(bone(broken_at(40)), name="patella")) is None
