"""Small bones are sought where the bones beside them tell that they are, in every view that reaches there."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from XRayTo3DLib import Case, Finding, ReconstructionError, Settings, View, radiograph_from_array
from XRayTo3DLib.geometry.camera import place, view_directions
from XRayTo3DLib.methods import METHODS
from XRayTo3DLib.methods.joints import knee_center
from XRayTo3DLib.pipeline import run
from XRayTo3DLib.pipeline import sought as module
from XRayTo3DLib.pipeline.others import OtherBone
from XRayTo3DLib.pipeline.sought import sought
from XRayTo3DLib.shape import Fit, State, built_in, shadow
from XRayTo3DLib.shape.silhouette import prepared

SHAPE, PIXEL, SID, SOD = (400, 300), 0.9, 1150.0, 1000.0


def camera(turn, center=(0.0, 0.0, 0.0)):
    columns, rows = view_directions("oblique", "left", turn)
    return place(columns, rows, np.array(center), SHAPE, (PIXEL, PIXEL), SID, SOD)


def standing(bone, *cameras):
    """A bone's mean as if it had been fitted in views of these cameras, its knee's center at the origin."""
    model = built_in(bone)
    state = State(np.zeros(len(model.deviations)), np.eye(3), np.zeros(3), 0.0, np.zeros((1, 6)), np.eye(3))
    views = tuple(SimpleNamespace(camera=each) for each in cameras)
    fit = Fit(model, prepared(model.faces, len(model.mean)), views, state, np.eye(7), 0.0, 0.0)
    fit = replace(fit, state=replace(state, translation=-knee_center(fit)))
    return SimpleNamespace(fit=fit, in_mm=fit)


@pytest.fixture
def asked(monkeypatch):
    """Where bones are looked for; in a view where none is to be seen, `blind`, nothing is found."""
    boxes, blind = [], []

    def segment_near(view, finding, main, name, box):
        boxes.append((name, *box))
        return None if any(view is each for each in blind) else (view, name)

    monkeypatch.setattr(module, "segment_near", segment_near)
    return SimpleNamespace(boxes=boxes, blind=blind)


def case_of(count):
    views = [View(radiograph_from_array(np.random.default_rng(n).random(SHAPE), bone="bright")) for n in range(count)]
    return Case(views), [SimpleNamespace(region=np.ones(SHAPE, bool))] * count


@pytest.mark.parametrize(("name", "bones"), [("patella", ["femur", "tibia"]), ("fibula", ["femur"])])
def test_a_bone_is_sought_round_its_usual_shadow_in_each_view(asked, name, bones):
    cameras = camera(0), camera(90)
    case, main = case_of(2)
    found = sought(name, case, Finding(), main, [standing(bone, *cameras) for bone in bones])
    assert (found.name, found.same_leg, found.seen) == (name, True, tuple((view, name) for view in case.views))
    there = standing(name, *cameras).fit.points
    for (asked_for, low, high), each in zip(asked.boxes, cameras, strict=True):
        rows, columns = np.nonzero(shadow(each, there, built_in(name).faces))
        assert asked_for == name
        for bound, limits in ((columns, (low[0], high[0])), (rows, (low[1], high[1]))):
            room = 0.1 * max(np.ptp(rows), np.ptp(columns))
            assert limits[0] == pytest.approx(bound.min(), abs=room) and limits[0] < bound.min()
            assert limits[1] == pytest.approx(bound.max(), abs=room) and limits[1] > bound.max()


def test_a_view_in_which_it_is_not_seen_is_left_out_unless_it_is_the_first_one(asked):
    case, main = case_of(2)
    femur = standing("femur", camera(0), camera(90))
    asked.blind.append(case.views[1])
    assert sought("patella", case, Finding(), main, [femur]).seen == ((case.views[0], "patella"),)
    asked.blind.append(case.views[0])
    assert sought("patella", case, Finding(), main, [femur]) is None


def test_where_no_view_reaches_and_no_bone_tells_nothing_is_sought(asked):
    case, main = case_of(1)
    assert sought("patella", case, Finding(), main, [standing("femur", camera(0, (0, 0, 300)))]) is None
    assert sought("patella", case, Finding(), main, [standing("fibula", camera(0))]) is None
    assert asked.boxes == []


@pytest.fixture
def made_with(monkeypatch):
    """Function that makes a femur and what is sought beside it, which a fit meets or not."""

    def made(met, bones):
        first = SimpleNamespace(name="femur", side="left", shape=None, broken=None, beside=lambda other: object())
        main = SimpleNamespace(name="femur", case=None, seen=(SimpleNamespace(bone=None),))
        patella = SimpleNamespace(name="patella", side="left", beside=lambda other: None)
        monkeypatch.setattr(
            run, "sought", lambda name, *_: OtherBone(name, True, main.seen) if name == "patella" else None
        )
        monkeypatch.setattr(run, "_beside", lambda main, bones, other: other)
        monkeypatch.setattr(run, "made", lambda method, also, making, progress: (also, patella))
        monkeypatch.setattr(run, "looks_whole", lambda also, result: met)
        monkeypatch.setattr(run, "is_same", lambda one, other: False)
        return run._all_made(main, first, (), METHODS["shape"], Settings(bones=bones), None)

    return made


def test_a_bone_that_was_sought_comes_out_if_a_fit_meets_it(made_with):
    for bones in ("all", ("femur", "patella")):
        _found, bones_made, left_out = made_with(True, bones)
        assert [bone.name for bone in bones_made] == ["femur", "patella"] and left_out == []
    _found, bones_made, left_out = made_with(False, "all")
    assert [bone.name for bone in bones_made] == ["femur"] and left_out == []


def test_one_that_was_asked_for_and_is_not_met_is_missed_in_words(made_with):
    with pytest.raises(ReconstructionError, match="No patella is seen beside the femur"):
        made_with(False, ("femur", "patella"))
