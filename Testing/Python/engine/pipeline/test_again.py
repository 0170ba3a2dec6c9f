"""A bone is looked for once more where a fit that does not meet it came to lie, unless somebody told where it is."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from XRayTo3DLib import Case, Making, Marking, ReconstructionError, View, radiograph_from_array
from XRayTo3DLib.case import Finding, Segmentation
from XRayTo3DLib.errors import UnmetError
from XRayTo3DLib.geometry.outline import Outline
from XRayTo3DLib.methods import FoundBone
from XRayTo3DLib.pipeline import again
from XRayTo3DLib.segmentation import Bone

SHAPE = (100, 80)
CORNERS = np.array([[20.0, 30.0], [40.0, 30.0], [40.0, 90.0], [20.0, 90.0]])


def found(**marked):
    mask = np.zeros(SHAPE, bool)
    mask[20:95, 10:50] = True
    view = View(radiograph_from_array(np.where(mask, 0.8, 0.3), bone="bright"), Marking(**marked))
    return Segmentation(view, Finding(), np.ones(SHAPE, bool), Bone(mask, "network", "", "femur"), None)


def fit(unmet):
    return SimpleNamespace(unmet=unmet, views=("its view",))


def method(*tries):
    """A method whose tries leave so much unmet; those above a third are refused, above a tenth doubted."""
    left, seen = list(tries), []

    def make(bone, making, progress=None):
        seen.append(bone.seen[0])
        unmet = left.pop(0)
        if unmet > 0.33:
            error = UnmetError(f"{unmet:.0%} is not met")
            error.fit = fit(unmet)
            raise error
        doubted = fit(unmet) if unmet > 0.1 else None
        return SimpleNamespace(doubted=doubted, shape=SimpleNamespace(fit=fit(unmet)))

    return SimpleNamespace(make=make, seen=seen)


@pytest.fixture
def looks(monkeypatch):
    """Boxes in which bones were looked for again; what is found then ends at a row."""
    told = SimpleNamespace(boxes=[], until=60)

    def segment_again(seen, box):
        told.boxes.append(box)
        mask = seen.bone.mask.copy()
        mask[told.until :] = False
        return replace(seen, bone=replace(seen.bone, mask=mask), timings_s={"again": 1.0})

    outline = Outline(CORNERS, np.zeros(len(CORNERS), np.uint8))
    monkeypatch.setattr(again, "segment_again", segment_again)
    monkeypatch.setattr(again, "shadow_outlines", lambda fit, view: (outline,))
    return told


def made(tries, **marked):
    seen = found(**marked)
    bone = FoundBone(Case([seen.view]), (seen,), None)
    by = method(*tries)
    return by, bone, *again.made(by, bone, Making())


def test_what_is_met_is_taken_at_once(looks):
    by, bone, kept, result = made([0.05])
    assert kept is bone and result.shape.fit.unmet == 0.05 and len(by.seen) == 1 and looks.boxes == []


@pytest.mark.parametrize("first", [0.2, 0.5])
def test_what_is_not_met_is_found_again_round_the_fit(looks, first):
    """In a box that has a little room, and ends where the picture does."""
    by, bone, kept, result = made([first, 0.04])
    assert kept is not bone and kept.seen == (by.seen[1],) and by.seen[1].timings_s == {"again": 1.0}
    assert result.shape.fit.unmet == 0.04
    ((x0, y0, x1, y1),) = looks.boxes
    assert 10 < x0 < 20 and 20 < y0 < 30 and 40 < x1 < 50 and y1 <= SHAPE[0] - 1


def test_the_first_try_stays_if_the_second_one_is_no_better(looks):
    _by, bone, kept, result = made([0.2, 0.25])
    assert kept is bone and result.shape.fit.unmet == 0.2 and len(looks.boxes) == 1
    _by, bone, kept, result = made([0.2, 0.6])
    assert kept is bone and result.shape.fit.unmet == 0.2


def test_what_is_found_as_before_is_not_fitted_anew(looks):
    looks.until = SHAPE[0]
    by, bone, kept, _result = made([0.2])
    assert kept is bone and len(by.seen) == len(looks.boxes) == 1


def test_where_neither_try_gives_a_bone_the_first_one_says_why(looks):
    with pytest.raises(ReconstructionError, match="50% is not met"):
        made([0.5, 0.4])
    assert len(looks.boxes) == 1


@pytest.mark.parametrize("marked", [{"roi": (5, 5, 60, 95)}, {"mask": np.ones(SHAPE)}, {"landmarks": {}}])
def test_a_bone_that_was_marked_is_where_they_said(looks, marked):
    by, bone, kept, _result = made([0.2], **marked)
    assert kept is bone and len(by.seen) == 1 and looks.boxes == []
