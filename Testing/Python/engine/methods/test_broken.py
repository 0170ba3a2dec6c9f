"""Pictures of a broken bone, whose fracture is marked by lines: fragments where they lie, and the bone put back."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import trimesh

from XRayTo3DLib import (
    Case,
    Finding,
    Making,
    Marking,
    ReconstructionError,
    Settings,
    View,
    radiograph_from_array,
    reconstruct,
    segmentation,
    shape,
    write_scene,
)
from XRayTo3DLib.anatomy import DEFINITIONS, fracture_measures
from XRayTo3DLib.geometry.camera import place, view_directions
from XRayTo3DLib.geometry.frames import ENGINE_TO_LPS
from XRayTo3DLib.methods import broken
from XRayTo3DLib.methods import shape as shape_method
from XRayTo3DLib.pipeline import write_main
from XRayTo3DLib.report import write_report
from XRayTo3DLib.shape import built_in, shadow
from XRayTo3DLib.simulate.bones.bone import Bone, Mesh
from XRayTo3DLib.simulate.bones.fracture import Fracture, break_bone, break_frame, displacement
from XRayTo3DLib.surface import area_and_volume, arrays, distance_to, is_closed

SHAPE, PIXEL, SID, SOD = (740, 420), 0.8, 1150.0, 1000.0


def camera(turn_deg):
    columns, rows = view_directions("oblique", "left", turn_deg)
    return place(columns, rows, np.zeros(3), SHAPE, (PIXEL, PIXEL), SID, SOD)


def picture(mask):
    flesh = 0.35 + 0.02 * np.random.default_rng(0).standard_normal(SHAPE)
    scale = {"pixel_size_mm": PIXEL, "pixel_size_source": "the test", "sid_mm": SID, "sod_mm": SOD}
    return radiograph_from_array(flesh + 0.4 * mask, bone="bright", **scale)


def rims(pieces, frame, moving, slope_deg, towards_deg):
    """Points of each fragment on the break."""
    slope, towards = np.tan(np.radians(slope_deg)), np.radians(towards_deg)
    normal = frame[:3, :3] @ [-slope * np.cos(towards), -slope * np.sin(towards), 1.0]
    for piece, moved in zip(pieces, (np.eye(4), moving), strict=True):
        back = np.linalg.inv(moved)
        there = piece.outer.points @ back[:3, :3].T + back[:3, 3]
        yield piece.outer.points[np.abs((there - frame[:3, 3]) @ normal) < 1e-3]


@pytest.fixture(scope="module")
def truth():
    """A left femur, broken in the middle, its lower fragment angulated, shifted, and 3 mm away from the upper one."""
    model = built_in()
    points = model.surface(0.7 * np.random.default_rng(8).standard_normal(20)) - model.mean.mean(axis=0)
    bone, fracture = Bone(Mesh(points, model.faces)), Fracture("oblique", 0.5, 25.0, 60.0, 0.0, (7, -4, -3), (5, 9, 0))
    frame = break_frame(bone.outer, fracture.place)
    moving, pieces = displacement(frame, fracture), break_bone(bone, fracture)
    masks, lines = [], []
    for turn in (0, 90):
        seen_by = camera(turn)
        masks.append(np.any([shadow(seen_by, each.outer.points, each.outer.faces) for each in pieces], axis=0))
        ends = []
        for rim in rims(pieces, frame, moving, 25.0, 60.0):
            pixel = seen_by.project(rim)[0]
            ends.append(pixel[[pixel[:, 0].argmin(), pixel[:, 0].argmax()]])
        lines.append(tuple(np.mean(ends, axis=0).ravel()))
    return SimpleNamespace(
        points=points, model=model, frame=frame, moving=moving, pieces=pieces, masks=masks, lines=lines
    )


def views_of(truth, count=2, lines=None):
    lines = truth.lines if lines is None else lines
    return [
        View(picture(mask), Marking(mask=mask, fracture_line=line))
        for mask, line in list(zip(truth.masks, lines, strict=True))[:count]
    ]


def made_of(truth, count=2, lines=None, **making):
    case = Case(views_of(truth, count, lines), side="left")
    return reconstruct(case, Settings.of(Finding("clusters"), Making(**({"method": "shape"} | making))))


@pytest.fixture(scope="module")
def two(truth):
    return made_of(truth)


@pytest.fixture(scope="module")
def one(truth):
    return made_of(truth, 1, method="auto")


def true_measures(truth):
    up = truth.frame[:3, 2]
    found = fracture_measures(truth.moving, truth.frame[:3, 3], up, np.array([1.0, 0, 0]), "left")
    return {name: each.value for name, each in found.items()}


def in_lps(surface):
    points, faces = arrays(surface.polydata)
    return points @ ENGINE_TO_LPS[:3, :3].T, faces[:, ::-1]


def test_two_views_tell_how_fragments_lie(truth, two):
    found, known = two.bones[0].broken.measures, true_measures(truth)
    assert set(found) == set(DEFINITIONS["fracture"])
    for name, least in (("angulation_deg", 3.0), ("angulation_ap_deg", 3.0), ("angulation_lateral_deg", 3.0)):
        assert found[name].value == pytest.approx(known[name], abs=least)
    for name in ("translation_lateral_mm", "translation_posterior_mm", "shortening_mm"):
        assert found[name].value == pytest.approx(known[name], abs=3.0)
    assert found["rotation_deg"].value == pytest.approx(known["rotation_deg"], abs=3 * found["rotation_deg"].deviation)


def test_fragments_are_closed_and_lie_where_they_are(truth, two):
    """Where the true ones are, as seen from the first picture; what is behind it is known to some mm."""
    assert [is_closed(arrays(piece.polydata)[1]) for piece in two.bones[0].pieces] == [True, True]
    to_picture = camera(0).from_lps
    for piece, known in zip(two.bones[0].pieces, truth.pieces, strict=True):
        points, faces = arrays(piece.polydata)
        there = known.outer.points @ to_picture[:3, :3].T + to_picture[:3, 3]
        off = np.abs(distance_to(points, faces, there[::7]))
        assert off.mean() < 2.0


def test_matrices_put_fragments_together_to_the_reduced_bone(two):
    bone = two.bones[0]
    whole = in_lps(bone.whole)
    volume = 0.0
    for piece, matrix in zip(bone.pieces, bone.broken.to_reduced, strict=True):
        points, faces = in_lps(piece)
        assert np.allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3)) and np.linalg.det(matrix[:3, :3]) > 0
        back = points @ matrix[:3, :3].T + matrix[:3, 3]
        assert distance_to(*whole, back).max() < 0.05
        volume += area_and_volume(points, faces)[1]
    assert volume == pytest.approx(area_and_volume(*whole)[1], rel=1e-3)


def test_the_json_has_both_fragments(truth, two):
    told = json.loads(json.dumps(two.as_json()))
    (bone,) = told["bones"]
    upper, lower = bone["fragments"]
    assert (upper["name"], lower["name"]) == ("upper", "lower") and upper["surface"]["closed"]
    assert upper["to_reduced"] == np.eye(4).tolist()
    assert set(DEFINITIONS["fracture"]) <= set(lower) and lower["angulation_deg"]["deviation"] > 0
    assert bone["name"] == "femur" and bone["method"] == "shape" and bone["surface"]["closed"]
    assert told["settings"]["fracture_line"] == pytest.approx(truth.lines[0])
    assert told["bone"]["break"]["line"] == pytest.approx(truth.lines[0])


def test_other_bones_hang_on_the_fragment_at_the_knee(two):
    bone = two.bones[0]
    assert bone.beside("tibia") is bone.broken.lower and bone.beside("hip") is bone.broken.upper
    assert replace(bone, name="tibia").beside("femur") is bone.broken.upper
    whole = replace(bone, broken=None, shape=bone.broken.upper)
    assert whole.beside("tibia") is whole.shape and replace(whole, shape=None).beside("tibia") is None


def test_each_fragment_has_a_file(two, tmp_path):
    path = write_scene(two, tmp_path)
    (bone,) = json.loads(path.read_text(encoding="utf-8"))["bones"]
    names = [bone["file"], bone["reduced_file"], *(each["file"] for each in bone["fragments"])]
    assert names == [f"left-femur{end}.stl" for end in ("", "-reduced", "-upper", "-lower")]
    assert all((tmp_path / name).is_file() for name in names)
    assert trimesh.load(tmp_path / names[0]).body_count == 2
    write_main(two, tmp_path / "femur.ply")
    assert {each.name for each in tmp_path.glob("*.ply")} == {
        f"femur{e}.ply" for e in ("", "-reduced", "-upper", "-lower")
    }
    write_report(two, tmp_path / "report")
    assert (tmp_path / "report" / "index.html").is_file()


def test_one_view_gives_what_it_shows_and_says_so(truth, one):
    found, known = one.bones[0].broken.measures, true_measures(truth)
    assert set(found) == {"angulation_ap_deg", "translation_lateral_mm", "shortening_mm"}
    assert found["angulation_ap_deg"].value == pytest.approx(known["angulation_ap_deg"], abs=4)
    assert any("in its own plane only" in warning for warning in one.warnings)


def test_views_that_show_the_break_elsewhere_are_warned_of(two):
    found = two.bones[0].broken
    assert max(found.fit.apart_mm) < 10 and not any("mm apart along it" in warning for warning in found.warnings)
    elsewhere = replace(found, fit=replace(found.fit, apart_mm=(64.4,)))
    assert any("broken at places that are 64 mm apart along it" in warning for warning in elsewhere.warnings)


def test_a_line_is_missing(truth):
    with pytest.raises(ReconstructionError, match="not marked in view 2"):
        made_of(truth, lines=[truth.lines[0], None])


def test_a_break_beyond_the_bones_end_is_no_break(truth, one, monkeypatch):
    beyond = replace(one.bones[0].broken.fit, cuts=np.array([[1e3, 0.0, 0.0]]))
    monkeypatch.setattr(shape, "fit_fragments", lambda *_, **__: beyond)
    with pytest.raises(ReconstructionError, match="at the bone's end"):
        made_of(truth, 1)


def seen(fragments, **changed):
    """The same with breaks that nobody drew."""
    return replace(fragments, breaks=tuple(replace(each, drawn=False) for each in fragments.breaks), **changed)


def seen_by_the_network(monkeypatch, truth, probability=0.9):
    """The network sees the break where it is."""

    def fragments_of(pixels, bone):
        line = truth.lines[[np.array_equal(bone.mask, mask) for mask in truth.masks].index(True)]
        return seen(segmentation.split_along(bone, [line]), probability=probability, marked=False)

    monkeypatch.setattr(segmentation, "fragments_of", fragments_of)


def test_a_break_that_the_network_sees_needs_no_line(truth, one, monkeypatch):
    seen_by_the_network(monkeypatch, truth)
    made = made_of(truth, 1, lines=[None, None])
    found, known = made.bones[0].broken.measures, one.bones[0].broken.measures
    assert len(made.bones[0].pieces) == 2 and found["angulation_ap_deg"].value == pytest.approx(
        known["angulation_ap_deg"].value, abs=3
    )
    assert any("seems to be broken" in warning for warning in made.warnings)


def test_what_is_not_displaced_is_told_from_what_is(two):
    found = two.bones[0].broken
    straight = {name: replace(each, value=1.9 * each.deviation) for name, each in found.measures.items()}
    assert found.displaced and not replace(found, displacements=(straight,)).displaced
    assert replace(found, displacements=(straight, found.measures)).displaced


def test_of_a_bone_that_is_marked_in_one_view_the_others_need_only_be_seen_broken(truth):
    line = segmentation.split_along(SimpleNamespace(mask=truth.masks[0], name="", second=None), truth.lines[:1])
    clicked, network = seen(line), seen(line, marked=False, probability=0.6)
    for views, told in (((clicked, network), True), ((network, network), False), ((line, line), True)):
        bone = SimpleNamespace(seen=[SimpleNamespace(fragments=each) for each in views])
        assert broken.is_marked(bone, Making()) == told
        assert not broken.is_marked(bone, Making(fragments="whole"))
    bone = SimpleNamespace(seen=[SimpleNamespace(fragments=each) for each in (clicked, replace(network, breaks=()))])
    with pytest.raises(ReconstructionError, match="not marked in view 2"):
        broken.is_marked(bone, Making())


@pytest.mark.parametrize("why", ["not displaced", "could not be fitted"])
def test_a_break_that_is_none_is_said(truth, one, monkeypatch, why):
    seen_by_the_network(monkeypatch, truth)

    def make(*_):
        if why == "could not be fitted":
            raise ReconstructionError("The outline is not met.")
        found = one.bones[0]
        straight = {name: replace(each, value=0.0) for name, each in found.broken.measures.items()}
        return replace(found, broken=replace(found.broken, displacements=(straight,)))

    monkeypatch.setattr(broken, "make", make)
    monkeypatch.setattr(shape_method, "fit_to", lambda *_: one.bones[0].broken.upper)
    whole = made_of(truth, 1, lines=[None, None]).bones[0]
    (doubt,) = whole.doubts
    assert not whole.broken and "taken for whole" in doubt and why in doubt
    seen_by_the_network(monkeypatch, truth, probability=0.98)  # which is sure enough of one that is not displaced
    assert bool(made_of(truth, 1, lines=[None, None]).bones[0].broken) == (why == "not displaced")


def test_a_bone_may_be_taken_for_whole_in_spite_of_a_line(truth):
    made = made_of(truth, 1, fragments="whole")
    assert (
        made.bones[0].broken is None and len(made.bones[0].pieces) == 1 and made.bones[0].as_json()["fragments"] == []
    )
