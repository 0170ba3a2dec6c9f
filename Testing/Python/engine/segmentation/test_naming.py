"""A box is named by what fills it and by what it fits: it was not drawn round what is seen beside it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from XRayTo3DLib.segmentation import naming
from XRayTo3DLib.segmentation.naming import NAMING, names_in, naming_features
from XRayTo3DLib.segmentation.network.channels import BONES, FACTS, LANDMARKS, MASKS, NOTHING, TRACED
from XRayTo3DLib.segmentation.network.reader import Reading, first_window
from XRayTo3DLib.segmentation.network.search import likeness
from XRayTo3DLib.segmentation.network.tracer import Trace

SHAPE = (600, 400)
PIXELS = np.zeros(SHAPE, np.float32)
FEMUR, TIBIA, ELSEWHERE = ((100, 0, 250, 280), (110, 320, 240, 600), (260, 330, 300, 600))
side = st.floats(1, 500)


@st.composite
def boxes(draw):
    low = np.array([draw(st.floats(-300, 300)), draw(st.floats(-300, 300))])
    return low, low + np.array([draw(side), draw(side)])


def box(x0, y0, x1, y1):
    return np.array([x0, y0], float), np.array([x1, y1], float)


@pytest.fixture
def whole():
    """A look that saw a femur above a tibia."""
    window = first_window(np.ones(SHAPE, bool))
    logits = np.full((len(MASKS), *window.shape), -5, np.float32)
    for name, (x0, y0, x1, y1) in (("femur", FEMUR), ("tibia", TIBIA)):
        mask = np.zeros(SHAPE, np.float32)
        mask[y0:y1, x0:x1] = 1
        logits[MASKS.index(name)] = 8 * window.cut(mask)[0] - 4
    half = (window.shape[0] // 2, window.shape[1] // 2)
    maps = (np.zeros((len(names), *half), np.float32) for names in (LANDMARKS, BONES))
    return Reading(window, logits, *maps, dict.fromkeys(FACTS, 0.5), *window.cut(PIXELS))


@pytest.fixture
def tracer_says(monkeypatch):
    """Function that lets the tracer say the same of every box, told a name or not, and draw all of it."""

    def given_names(**names):
        said = dict.fromkeys((*BONES, NOTHING), 0.02) | names

        def trace(pixels, window, name="", turns=0, mirrored=True):
            return Trace(window, np.ones((len(TRACED), *window.shape), np.float32), None, said)

        monkeypatch.setattr(naming, "trace", trace)

    return given_names


def told(values, kind):
    """One kind of features, by bone."""
    return {bone: float(values[NAMING.index(f"{kind} {bone}")]) for bone in BONES}


@given(boxes(), boxes())
def test_boxes_are_like_each_other_as_far_as_they_share(one, two):
    alike = likeness(one, two)
    assert 0 <= alike <= 1 and alike == pytest.approx(likeness(two, one))
    assert likeness(one, one) == pytest.approx(1)
    room = (one[0] - (one[1] - one[0]) / 2, one[1] + (one[1] - one[0]) / 2)
    assert likeness(one, room) == pytest.approx(0.25)
    assert likeness(one, (one[1], one[1] + 5)) == 0


@pytest.mark.parametrize(("place", "name", "elsewhere"), [(FEMUR, "femur", TIBIA), (TIBIA, "tibia", FEMUR)])
def test_a_box_that_fits_a_bone_was_drawn_round_it(whole, tracer_says, place, name, elsewhere):
    tracer_says(femur=0.45, tibia=0.45)
    values = naming_features(PIXELS, box(*place), whole)
    fits = told(values, "fits")
    assert fits[name] > 0.9 and max(fit for bone, fit in fits.items() if bone != name) < 0.1
    assert min(told(values, "fills").values()) > 0.5  # which it does for every name
    names, others = (names_in(PIXELS, box(*each), whole) for each in (place, elsewhere))
    assert names[name] / (1 - names[name]) > 2 * others[name] / (1 - others[name])  # the odds
    assert set(names) == set(BONES) and sum(names.values()) == pytest.approx(1)


def test_a_box_beside_what_was_seen_was_drawn_round_another_bone(whole, tracer_says):
    tracer_says(femur=0.3, tibia=0.3, fibula=0.3)
    names = names_in(PIXELS, box(*ELSEWHERE), whole)
    assert max(names, key=names.get) == "fibula"


def test_what_fills_the_box_counts(whole, tracer_says):
    tracer_says(patella=0.9)
    names = names_in(PIXELS, box(*ELSEWHERE), whole)
    assert max(names, key=names.get) == "patella" and names["patella"] > 0.7


def test_a_box_that_leaves_the_picture_is_what_the_picture_has_of_it(whole, tracer_says):
    tracer_says(femur=0.3)
    x0, _, x1, y1 = FEMUR
    inside, beyond = (naming_features(PIXELS, box(x0, top, x1, y1), whole) for top in (-0.5, -200))
    assert inside == pytest.approx(beyond)
