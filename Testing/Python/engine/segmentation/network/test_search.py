"""Looking for a bone with the tracer: boxes become those of what is drawn in them, and the surest one is taken."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from XRayTo3DLib.segmentation.network import search
from XRayTo3DLib.segmentation.network.channels import BONES, NOTHING, TRACED
from XRayTo3DLib.segmentation.network.search import box_of, searched, shared
from XRayTo3DLib.segmentation.network.tracer import Trace

SHAPE = (1000, 600)
PIXELS = np.zeros(SHAPE, np.float32)


def rows(first, last, columns=slice(110, 190)):
    """A mask of some rows."""
    mask = np.zeros(SHAPE, bool)
    mask[first:last, columns] = True
    return mask


@pytest.fixture
def draws(monkeypatch):
    """Function that lets the tracer draw a mask wherever it looks; it is as sure as it sees much of it."""

    def given(mask):
        def trace(pixels, window, name="", seeds=None, turns=0, mirrored=True):
            share = window.cut(mask.astype(np.float32))[0]
            logits = np.repeat(8 * share[None] - 4, len(TRACED), axis=0)
            sure = share.sum() / window.scale**2 / max(mask.sum(), 1)
            half = (window.shape[0] // 2, window.shape[1] // 2)
            names = dict.fromkeys(BONES, 0.0) | {"femur": sure, NOTHING: 1 - sure}
            return Trace(window, logits, np.zeros(half, np.float32), names)

        monkeypatch.setattr(search, "trace", trace)

    return given


ROOM = 0.04  # of the larger side: round the bone, as users leave it


def with_room(low, high):
    """Box of a bone (outer edges of its pixels), as users draw it."""
    low, high = np.array(low, float), np.array(high, float)
    room = ROOM * max(high - low)
    return low - room, high + room


@pytest.mark.parametrize(
    ("low", "high"), [((100, 100), (200, 820)), ((105, 300), (195, 900)), ((100, 120), (200, 560))]
)
def test_a_box_that_was_seen_roughly_becomes_the_bones(draws, low, high):
    """Also where it cuts the bone off: then it grows there."""
    draws(rows(150, 850))
    found = box_of(PIXELS, np.array(low, float), np.array(high, float), "femur")
    for one, other in zip(found, with_room((109.5, 149.5), (189.5, 849.5)), strict=True):
        assert one == pytest.approx(other, abs=8)


def test_a_box_in_which_nothing_is_drawn_stays(draws):
    draws(rows(0, 0))
    low, high = np.array([100.0, 100.0]), np.array([200.0, 820.0])
    for one, other in zip(box_of(PIXELS, low, high, "femur"), with_room(low, high), strict=True):
        assert one == pytest.approx(other)


@pytest.mark.parametrize(("first", "left"), [(20, 30), (700, 400), (400, 250)])
def test_a_bone_is_found_wherever_it_is(draws, first, left):
    draws(rows(first, first + 250, slice(left, left + 90)))
    found = max(searched(PIXELS, np.ones(SHAPE, bool), "femur"), key=lambda place: place.sureness)
    for one, other in zip(found.box, with_room((left - 0.5, first - 0.5), (left + 89.5, first + 249.5)), strict=True):
        assert one == pytest.approx(other, abs=8)
    assert found.sureness > 0.9


def test_it_is_looked_for_in_the_region_alone(draws):
    draws(rows(100, 350))
    region = np.zeros(SHAPE, bool)
    region[500:, 300:] = True
    for place in searched(PIXELS, region, "femur"):
        assert (place.box[0] >= [250, 450]).all() and place.sureness < 0.2


def box(at, size):
    return np.array(at, float), np.add(at, size).astype(float)


@given(st.tuples(*[st.integers(-50, 50)] * 2), st.tuples(*[st.integers(1, 60)] * 2))
def test_boxes_share_all_with_themselves_and_nothing_with_what_is_beside_them(at, size):
    one = box(at, size)
    assert shared(one, one) == pytest.approx(1)
    assert shared(one, box((at[0] + size[0], at[1]), size)) == 0
    half = box((at[0] + size[0] / 2, at[1]), size)
    assert shared(one, half) == pytest.approx(1 / 2) == shared(half, one)
    assert shared(one, box(at, np.multiply(size, 3))) == pytest.approx(1)  # it lies in it
