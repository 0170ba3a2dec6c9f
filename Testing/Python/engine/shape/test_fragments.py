"""Fragments of a bone of the model, displaced by known motions, are found where they lie, as parts of one bone."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from XRayTo3DLib.geometry.outline import broken, outlines, smooth_field
from XRayTo3DLib.shape import Ends, Fragment, fit_fragments, fragments, shadow, to_reduced, view_from
from XRayTo3DLib.shape.joint import Joint, unleaned
from XRayTo3DLib.shape.solve import moved
from XRayTo3DLib.shape.view import to_mm
from XRayTo3DLib.simulate.bones.bone import Bone, Mesh
from XRayTo3DLib.simulate.bones.fracture import Fracture
from XRayTo3DLib.simulate.bones.segmental import break_in_pieces
from XRayTo3DLib.surface import area_and_volume, is_closed

FINER = 2


def fragment_of(piece, cameras, above=None, below=None):
    """A fragment as cameras see it: its outlines, the breaks' shadows on them borders.

    `above` and `below` tell how far (mm) points are off the break at that end, if there is one.
    """
    to_fine = np.array([[FINER, 0, (FINER - 1) / 2], [0, FINER, (FINER - 1) / 2]])
    views, ends = [], {each: [] for each in (above, below) if each is not None}
    for camera in cameras:
        mask = shadow(camera, piece.points, piece.faces, FINER)
        (outline, *_) = outlines(smooth_field(mask), to_fine, np.zeros(mask.shape, bool))
        column, row = np.rint(outline.points @ to_fine[:, :2].T + to_fine[:, 2]).astype(int).T
        for off, places in ends.items():
            on_it = (np.abs(off(piece.points)) < 1e-3)[piece.faces].all(axis=1)
            near = np.pad(shadow(camera, piece.points, piece.faces[on_it], FINER), 1)
            near = sum(np.roll(near, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)) > 0
            outline, found = broken(outline, near[1:-1, 1:-1][row, column])
            places.append(to_mm(camera, found[::-1] if off is below else found))
        views.append(view_from(camera, [outline]))
    return Fragment(tuple(views), *(None if each is None else Ends(np.array(ends[each])) for each in (above, below)))


def broken_bone(model, points, fractures, cameras):
    """Fragments of a bone that breaks in planes, as cameras see them, and what displaced them."""
    pieces = break_in_pieces(Bone(Mesh(points, model.faces)), fractures)
    normals = []
    for frame, fracture in zip(pieces.frames, fractures, strict=True):
        slope, towards = np.tan(np.radians(fracture.angle_deg)), np.radians(fracture.towards_deg)
        normals.append(frame[:3, :3] @ np.array([-slope * np.cos(towards), -slope * np.sin(towards), 1.0]))

    def off(number, motion):
        back, frame, normal = np.linalg.inv(motion), pieces.frames[number], normals[number]
        return lambda there: (there @ back[:3, :3].T + back[:3, 3] - frame[:3, 3]) @ normal

    last = len(fractures)
    return SimpleNamespace(
        points=points,
        motions=pieces.motions,
        frames=pieces.frames,
        normals=[normal / np.linalg.norm(normal) for normal in normals],
        fragments=[
            fragment_of(
                piece.outer,
                cameras,
                off(number - 1, motion) if number else None,
                off(number, motion) if number < last else None,
            )
            for number, (piece, motion) in enumerate(zip(pieces.bones, pieces.motions, strict=True))
        ],
    )


def apart(fit, truth, number=0):
    """Angle and turn about the bone (degrees), and shift of a break (3,), by which a displacement is wrong.

    It is that of the fragment below the break against the one above it, where both belong to the latter.
    """
    moving = np.linalg.inv(truth.motions[number]) @ truth.motions[number + 1]
    found = to_reduced(fit)[number] @ np.linalg.inv(to_reduced(fit)[number + 1])
    wrong, center, up = found[:3, :3] @ moving[:3, :3].T, truth.frames[number][:3, 3], truth.frames[number][:3, 2]
    x, y, z, w = Rotation.from_matrix(wrong).as_quat()
    off = found[:3, :3] @ center + found[:3, 3] - moving[:3, :3] @ center - moving[:3, 3]
    about = 2 * np.degrees(np.arctan2(up @ [x, y, z], w))
    return np.degrees(np.arccos(np.clip(up @ wrong @ up, -1, 1))), (about + 180) % 360 - 180, off


@pytest.fixture(scope="module")
def oblique(model, cast):
    """A bone in two calibrated views, broken obliquely, and the fit to its fragments."""
    fracture = Fracture("oblique", 0.55, 30.0, 40.0, 0.0, (10.0, 5.0, 15.0), (6.0, -12.0, 8.0))
    cameras = [cast.camera(turn, shape=(760, 420)) for turn in (0, 90)]
    truth = broken_bone(model, cast.random_bone(model, 3), [fracture], cameras)
    truth.fit = fit_fragments([(model, *truth.fragments)])
    return truth


@pytest.fixture(scope="module")
def segmental(model, cast):
    """The same, broken in two places: a piece of the shaft between them is displaced, and what is below it again."""
    breaks = [
        Fracture("oblique", 0.36, 30.0, 40.0, 0.0, (6.0, 9.0, -4.0), (5.0, -10.0, 4.0)),
        Fracture("oblique", 0.64, 25.0, 200.0, 0.0, (-8.0, 4.0, -6.0), (-8.0, 6.0, -5.0)),
    ]
    cameras = [cast.camera(turn, shape=(760, 420)) for turn in (0, 90)]
    truth = broken_bone(model, cast.random_bone(model, 3), breaks, cameras)
    truth.fit = fit_fragments([(model, *truth.fragments)])
    return truth


def joint_of(truth):
    """The fit of all fragments where it ended."""
    fit = truth.fit
    states = tuple(each.state for each in fit.fits)
    return Joint(fit.upper.model, fit.upper.mesh, tuple(truth.fragments), states, fit.cuts, False)


def test_fragments_lie_to_each_other_as_they_were_displaced(oblique):
    angle, about, off = apart(oblique.fit, oblique)
    assert angle < 2.5 and abs(about) < 10
    assert np.linalg.norm(off[:2]) < 1.5 and abs(off[2]) < 2.5


@pytest.mark.parametrize("number", [0, 1])
def test_so_do_three(segmental, number):
    angle, about, off = apart(segmental.fit, segmental, number)
    assert angle < 2.5 and abs(about) < 10
    assert np.linalg.norm(off[:2]) < 1.5 and abs(off[2]) < 2.5


def test_three_meet_their_outlines_as_parts_of_one_bone_and_add_up_to_it(segmental):
    fit = segmental.fit
    assert fit.met and max(each.residual_mm for each in fit.fits) < 0.25
    assert len({each.state.weights.tobytes() for each in fit.fits}) == 1
    assert all(is_closed(faces) for _, faces in fit.parts)
    volumes = [area_and_volume(*part)[1] for part in fit.parts]
    assert sum(volumes) == pytest.approx(area_and_volume(fit.upper.points, fit.upper.model.faces)[1], rel=1e-6)
    assert 0.1 < volumes[1] / sum(volumes) < 0.3


def test_both_meet_their_outlines_as_parts_of_one_bone(oblique):
    fit = oblique.fit
    assert fit.met and max(each.residual_mm for each in fit.fits) < 0.2
    assert np.array_equal(fit.upper.state.weights, fit.lower.state.weights)
    assert np.ptp(fit.upper.points[:, 2]) == pytest.approx(np.ptp(oblique.points[:, 2]), abs=3)


def test_where_outlines_are_not_met_other_arrangements_are_tried(model, oblique, monkeypatch):
    """The one that meets most is taken; none is tried where the first one meets its outlines."""
    upper, lower = oblique.fragments
    tried, both = [], [(model, replace(upper), lower) for _ in range(3)]

    def fitted(unmet):
        def found(arrangement, *_):
            tried.append(next(number for number, each in enumerate(both) if each[1] is arrangement[1]))
            worst = replace(oblique.fit.upper, unmet=unmet[len(tried) - 1])
            return replace(oblique.fit, fits=(worst, oblique.fit.lower))

        return found

    monkeypatch.setattr(fragments, "_alone", lambda told, *_: oblique.fit.lower)
    for unmet, best, count in (((0.6, 0.4, 0.2), 0.2, 3), ((0.6, 0.7, 0.8), 0.6, 3), ((0.1,), 0.1, 1)):
        tried.clear()
        monkeypatch.setattr(fragments, "_all", fitted(unmet))
        assert fit_fragments(both).upper.unmet == best
        assert sorted(tried) == list(range(count))


def test_the_cut_is_where_the_bone_broke(oblique):
    ((normal, offset),) = oblique.fit.planes
    state, (known,) = oblique.fit.upper.state, oblique.normals
    assert np.degrees(np.arccos(state.rotation @ normal @ known)) < 8
    through = state.placed(oblique.fit.upper.model, (offset * normal)[None])[0]
    assert abs((through - oblique.frames[0][:3, 3]) @ known) < 3


def test_how_sure_it_is(oblique):
    """Across the rays less than a degree and a mm; a turn about the bone is hardly told."""
    deviation = np.sqrt(np.diag(oblique.fit.covariance))
    assert np.degrees(deviation[[0, 1, 6, 7]]).max() < 2 < 3 * np.degrees(deviation[8])
    assert np.allclose(oblique.fit.lower.covariance[:6, :6], oblique.fit.covariance[6:12, 6:12])


def test_rows_of_the_break_are_the_slopes_of_its_crossings(oblique):
    """Where a silhouette crosses the cut, against finite differences; it is a line through points of the mesh."""
    base = joint_of(oblique)
    told, by = base.crossings(0, 1, 6), 0.3
    numbers = {"shift": 11, "scale": 12, "weight": base.size(6) - 9, "cut": base.size(6) - 3}
    for name, number in numbers.items():
        change = np.zeros(base.size(6))
        change[number] = by * {"scale": 0.01}.get(name, 1.0)
        own = base.own(1, 6)
        after = replace(
            base, states=(base.states[0], moved(base.states[1], change[own])), cuts=base.cuts + change[-3:]
        ).crossings(0, 1, 6)
        for key, (row, off) in told.items():
            assert off - after[key][1] == pytest.approx(row @ change, abs=0.25 * by), (name, key)


def test_how_a_fragment_leans_is_not_held_against_it(oblique):
    state = oblique.fit.lower.state
    usual = unleaned(state).usual
    assert np.allclose(usual[:, 2], state.rotation[:, 2])
    assert np.allclose(usual.T @ usual, np.eye(3))


def test_what_is_less_sure_of_a_break_tells_less(oblique):
    """Of places that may be 10 mm off, and of none."""
    sure, nowhere = joint_of(oblique), Ends(np.full((2, 2, 2), np.nan))
    upper, lower = sure.fragments
    about = Ends(upper.below.places, 10.0), Ends(lower.above.places, 10.0)
    unsure = replace(sure, fragments=(replace(upper, below=about[0]), replace(lower, above=about[1])))
    blind = replace(sure, fragments=(replace(upper, below=nowhere), replace(lower, above=nowhere)))
    rows, _, inverse = unsure.break_rows(0, 6)
    assert (
        np.allclose(rows, sure.break_rows(0, 6)[0])
        and np.diag(inverse).max() < 0.1 * np.diag(sure.break_rows(0, 6)[2]).max()
    )
    deviation = [np.sqrt(np.diag(each.finished().covariance)) for each in (sure, unsure, blind)]
    assert (np.isfinite(deviation)).all() and deviation[0][-3] < deviation[1][-3] < deviation[2][-3]


def test_how_far_apart_views_put_a_break_is_told(oblique):
    """In the second one it is taken for another break, 60 mm farther up on both fragments."""
    joint = joint_of(oblique)
    assert joint.finished().apart_mm[0] < 4
    moved_up = []
    for fragment, name in zip(joint.fragments, ("below", "above"), strict=True):
        places = getattr(fragment, name).places.copy()
        places[1] += [0, -60]
        moved_up.append(replace(fragment, **{name: Ends(places)}))
    assert replace(joint, fragments=tuple(moved_up)).finished().apart_mm[0] == pytest.approx(60, abs=6)


def test_in_one_view_the_first_cut_does_not_lean_in_depth():
    """The fragments put it 30 mm apart, and the places that they show hardly differ in depth."""
    places = np.array([(-6.0, -17.6, -15.0), (17.0, -12.4, -15.0), (-3.4, -11.8, 15.0), (20.0, -12.7, 15.0)])
    cut, middle = fragments._first_cut(places), places.mean(axis=0)
    assert cut @ [1, *middle[:2]] == pytest.approx(middle[2]) and np.abs(cut[1:]).max() < 0.2
    level = np.array([(x, y, 0.4 * x) for x, y in ((-90.0, 0.0), (90, 0), (0, -90), (0, 90))])
    assert fragments._first_cut(level) == pytest.approx([0, 0.4, 0], abs=0.02)


def test_a_cut_does_not_run_off_the_bone_in_one_step(oblique, monkeypatch):
    joint = joint_of(oblique)
    size = joint.size(3)
    pull = np.zeros(size)
    pull[-3:] = 300.0, 1.0, -20.0
    monkeypatch.setattr(Joint, "equations", lambda *_: (np.eye(size), pull))
    assert (joint.stepped(3, 2.0, False).cuts - joint.cuts)[0] == pytest.approx(pull[-3:] / 40)


def test_a_cut_that_is_far_off_the_broken_edges_is_drawn_back(oblique):
    """Its edges are not taken for a break that is uneven by as much."""
    joint = joint_of(oblique)
    rows, off, inverse = replace(joint, cuts=joint.cuts + np.array([120.0, 0.0, 0.0])).break_rows(0, 6)
    pull = (rows.T @ inverse @ off)[-3]
    assert pull < 0 and abs(pull) > 100 / 15**2 / 2
