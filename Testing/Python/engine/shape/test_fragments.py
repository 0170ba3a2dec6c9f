"""Two fragments of a bone of the model, displaced by known motions, are found where they lie, as parts of one bone."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from XRayTo3DLib.geometry.outline import broken, outlines, smooth_field
from XRayTo3DLib.shape import Fragment, fit_fragments, fragments, shadow, view_from
from XRayTo3DLib.shape.fragments import _Joint, _unleaned
from XRayTo3DLib.shape.solve import moved
from XRayTo3DLib.shape.view import to_mm
from XRayTo3DLib.simulate.bones.bone import Bone, Mesh
from XRayTo3DLib.simulate.bones.fracture import Fracture, break_bone, break_frame, displacement

FINER = 2


def fragment_of(piece, break_, cameras, lower):
    """A fragment as cameras see it: its outlines, the break's shadow on them a border.

    `break_` tells how far (mm) points are off the break.
    """
    to_fine = np.array([[FINER, 0, (FINER - 1) / 2], [0, FINER, (FINER - 1) / 2]])
    on_it = (np.abs(break_(piece.points)) < 1e-3)[piece.faces].all(axis=1)
    views, ends = [], []
    for camera in cameras:
        mask, edge = (shadow(camera, piece.points, faces, FINER) for faces in (piece.faces, piece.faces[on_it]))
        (outline, *_) = outlines(smooth_field(mask), to_fine, np.zeros(mask.shape, bool))
        near = np.pad(edge, 1)
        near = sum(np.roll(near, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1))[1:-1, 1:-1] > 0
        column, row = np.rint(outline.points @ to_fine[:, :2].T + to_fine[:, 2]).astype(int).T
        outline, places = broken(outline, near[row, column])
        views.append(view_from(camera, [outline]))
        ends.append(to_mm(camera, places if lower else places[::-1]))
    return Fragment(tuple(views), np.array(ends))


def broken_bone(model, points, fracture, cameras):
    """Fragments of a bone that breaks in a plane, as cameras see them, and the lower one's displacement."""
    bone = Bone(Mesh(points, model.faces))
    frame = break_frame(bone.outer, fracture.place)
    moving = displacement(frame, fracture)
    upper, lower = break_bone(bone, fracture)
    slope, towards = np.tan(np.radians(fracture.angle_deg)), np.radians(fracture.towards_deg)
    normal = frame[:3, :3] @ np.array([-slope * np.cos(towards), -slope * np.sin(towards), 1.0])

    def off(there):
        return (there - frame[:3, 3]) @ normal

    def off_lower(there):
        back = np.linalg.inv(moving)
        return off(there @ back[:3, :3].T + back[:3, 3])

    return SimpleNamespace(
        points=points,
        moving=moving,
        frame=frame,
        normal=normal / np.linalg.norm(normal),
        upper=fragment_of(upper.outer, off, cameras, False),
        lower=fragment_of(lower.outer, off_lower, cameras, True),
    )


def apart(fit, truth):
    """Angle and turn about the bone (degrees), and shift of the break (3,), by which a displacement is wrong."""
    upper, lower = (each.state for each in fit.fits)
    turn = lower.rotation @ upper.rotation.T
    shift = lower.translation - turn @ upper.translation
    wrong, center, up = turn @ truth.moving[:3, :3].T, truth.frame[:3, 3], truth.frame[:3, 2]
    x, y, z, w = Rotation.from_matrix(wrong).as_quat()
    off = turn @ center + shift - truth.moving[:3, :3] @ center - truth.moving[:3, 3]
    about = 2 * np.degrees(np.arctan2(up @ [x, y, z], w))
    return np.degrees(np.arccos(np.clip(up @ wrong @ up, -1, 1))), (about + 180) % 360 - 180, off


@pytest.fixture(scope="module")
def oblique(model, cast):
    """A bone in two calibrated views, broken obliquely, and the fit to its fragments."""
    fracture = Fracture("oblique", 0.55, 30.0, 40.0, 0.0, (10.0, 5.0, 15.0), (6.0, -12.0, 8.0))
    cameras = [cast.camera(turn, shape=(760, 420)) for turn in (0, 90)]
    truth = broken_bone(model, cast.random_bone(model, 3), fracture, cameras)
    truth.fit = fit_fragments([(model, truth.upper, truth.lower)])
    return truth


def test_fragments_lie_to_each_other_as_they_were_displaced(oblique):
    angle, about, off = apart(oblique.fit, oblique)
    assert angle < 2.5 and abs(about) < 10
    assert np.linalg.norm(off[:2]) < 1.5 and abs(off[2]) < 2.5


def test_both_meet_their_outlines_as_parts_of_one_bone(oblique):
    fit = oblique.fit
    assert fit.met and max(each.residual_mm for each in fit.fits) < 0.2
    assert np.array_equal(fit.upper.state.weights, fit.lower.state.weights)
    assert np.ptp(fit.upper.points[:, 2]) == pytest.approx(np.ptp(oblique.points[:, 2]), abs=3)


def test_where_outlines_are_not_met_other_arrangements_are_tried(model, oblique, monkeypatch):
    """The one that meets most is taken; none is tried where the first one meets its outlines."""
    tried, both = [], [(model, replace(oblique.upper), oblique.lower) for _ in range(3)]

    def fitted(unmet):
        def found(arrangement, *_):
            tried.append(next(number for number, each in enumerate(both) if each[1] is arrangement[1]))
            worst = replace(oblique.fit.upper, unmet=unmet[len(tried) - 1])
            return replace(oblique.fit, upper=worst)

        return found

    monkeypatch.setattr(fragments, "_alone", lambda told, *_: oblique.fit.lower)
    for unmet, best, count in (((0.6, 0.4, 0.2), 0.2, 3), ((0.6, 0.7, 0.8), 0.6, 3), ((0.1,), 0.1, 1)):
        tried.clear()
        monkeypatch.setattr(fragments, "_both", fitted(unmet))
        assert fit_fragments(both).upper.unmet == best
        assert sorted(tried) == list(range(count))


def test_the_cut_is_where_the_bone_broke(oblique):
    normal, offset = oblique.fit.plane
    state = oblique.fit.upper.state
    assert np.degrees(np.arccos(state.rotation @ normal @ oblique.normal)) < 8
    through = state.placed(oblique.fit.upper.model, (offset * normal)[None])[0]
    assert abs((through - oblique.frame[:3, 3]) @ oblique.normal) < 3


def test_how_sure_it_is(oblique):
    """Across the rays less than a degree and a mm; a turn about the bone is hardly told."""
    deviation = np.sqrt(np.diag(oblique.fit.covariance))
    assert np.degrees(deviation[[0, 1, 6, 7]]).max() < 2 < 3 * np.degrees(deviation[8])
    assert np.allclose(oblique.fit.lower.covariance[:6, :6], oblique.fit.covariance[6:12, 6:12])


def test_rows_of_the_break_are_the_slopes_of_its_crossings(model, oblique):
    """Where a silhouette crosses the cut, against finite differences; it is a line through points of the mesh."""
    fit = oblique.fit
    base = _Joint(
        model, fit.upper.mesh, (oblique.upper, oblique.lower), (fit.upper.state, fit.lower.state), fit.cut, False
    )
    told, by = base._crossings(1, 6), 0.3
    numbers = {"shift": 11, "scale": 12, "weight": base.size(6) - 9, "cut": base.size(6) - 3}
    for name, number in numbers.items():
        change = np.zeros(base.size(6))
        change[number] = by * {"scale": 0.01}.get(name, 1.0)
        own = base._own(1, 6)
        after = replace(
            base, states=(base.states[0], moved(base.states[1], change[own])), cut=base.cut + change[-3:]
        )._crossings(1, 6)
        for key, (row, off) in told.items():
            assert off - after[key][1] == pytest.approx(row @ change, abs=0.25 * by), (name, key)


def test_how_a_fragment_leans_is_not_held_against_it(oblique):
    state = oblique.fit.lower.state
    unleaned = _unleaned(state)
    assert np.allclose(unleaned.usual[:, 2], state.rotation[:, 2])
    assert np.allclose(unleaned.usual.T @ unleaned.usual, np.eye(3))


def test_what_is_less_sure_of_a_break_tells_less(model, oblique):
    """Of places that may be 10 mm off, and of none."""
    fit = oblique.fit

    def joint(**changed):
        fragments = tuple(replace(each, **changed) for each in (oblique.upper, oblique.lower))
        return _Joint(model, fit.upper.mesh, fragments, (fit.upper.state, fit.lower.state), fit.cut, False)

    sure, unsure, blind = joint(), joint(ends_off_mm=10.0), joint(ends=np.full((2, 2, 2), np.nan))
    rows, _, inverse = unsure._break_rows(6)
    assert (
        np.allclose(rows, sure._break_rows(6)[0])
        and np.diag(inverse).max() < 0.1 * np.diag(sure._break_rows(6)[2]).max()
    )
    deviation = [np.sqrt(np.diag(each.finished().covariance)) for each in (sure, unsure, blind)]
    assert (np.isfinite(deviation)).all() and deviation[0][-3] < deviation[1][-3] < deviation[2][-3]


def test_in_one_view_the_first_cut_does_not_lean_in_depth(model, monkeypatch):
    """The fragments put it 30 mm apart, and the places that they show hardly differ in depth."""
    places = [[(-6.0, -17.6, -15.0), (17.0, -12.4, -15.0)], [(-3.4, -11.8, 15.0), (20.0, -12.7, 15.0)]]
    ends = [{(0, side): SimpleNamespace(place=np.array(at)) for side, at in enumerate(each)} for each in places]
    monkeypatch.setattr(fragments, "_ends", lambda model, mesh, fragment, state: ends[fragment])
    cut = fragments._cut_at_first(model, None, (0, 1), (None, None))
    middle = np.mean(np.reshape(places, (4, 3)), axis=0)
    assert cut @ [1, *middle[:2]] == pytest.approx(middle[2]) and np.abs(cut[1:]).max() < 0.2
    level = [{(0, side): SimpleNamespace(place=np.array([x, y, 0.4 * x])) for side, (x, y) in enumerate(each)}
             for each in (((-90, 0), (90, 0)), ((0, -90), (0, 90)))]  # fmt: skip
    monkeypatch.setattr(fragments, "_ends", lambda model, mesh, fragment, state: level[fragment])
    assert fragments._cut_at_first(model, None, (0, 1), (None, None)) == pytest.approx([0, 0.4, 0], abs=0.02)


def test_a_cut_does_not_run_off_the_bone_in_one_step(model, oblique, monkeypatch):
    fit = oblique.fit.fits
    states = tuple(each.state for each in fit)
    joint = _Joint(model, fit[0].mesh, (oblique.upper, oblique.lower), states, oblique.fit.cut, False)
    size = joint.size(3)
    pull = np.zeros(size)
    pull[-3:] = 300.0, 1.0, -20.0
    monkeypatch.setattr(_Joint, "equations", lambda *_: (np.eye(size), pull))
    assert joint.stepped(3, 2.0, False).cut - joint.cut == pytest.approx(pull[-3:] / 40)


def test_a_cut_that_is_far_off_the_broken_edges_is_drawn_back(model, oblique):
    """Its edges are not taken for a break that is uneven by as much."""
    fit = oblique.fit
    states, far = tuple(each.state for each in fit.fits), fit.cut + np.array([120.0, 0.0, 0.0])
    joint = _Joint(model, fit.upper.mesh, (oblique.upper, oblique.lower), states, far, False)
    rows, off, inverse = joint._break_rows(6)
    pull = (rows.T @ inverse @ off)[-3]
    assert pull < 0 and abs(pull) > 100 / 15**2 / 2
