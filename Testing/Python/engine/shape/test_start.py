"""A fit begins near the bone: upright and upside down, rolled, slid along where both ends are cut."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from XRayTo3DLib.shape import Heights, Mark, view_from
from XRayTo3DLib.shape.start import _SLIDES, _axes, _is_cut, _similarity, starts
from XRayTo3DLib.shape.view import to_mm


def standing(state):
    """Whether the bone's head is up."""
    return state.rotation[2, 2] > 0


def test_heads_up_and_down_and_rolled(model, one_view):
    states = list(starts(model, one_view.views, False))
    assert len(states) == 6 and sum(map(standing, states)) == 3
    assert all(np.allclose(state.rotation.T @ state.rotation, np.eye(3), atol=1e-9) for state in states)
    apart = [Rotation.from_matrix(a.rotation.T @ b.rotation).magnitude() for a in states for b in states if a is not b]
    assert min(apart) > np.radians(20)


@pytest.mark.parametrize(("name", "near_mm"), [("one_view", 15), ("two_views", 15), ("half_seen", 50)])
def test_one_of_them_is_near_the_bone(model, request, name, near_mm):
    case = request.getfixturevalue(name)
    away = [np.linalg.norm(s.points(model) - case.truth, axis=1).mean() for s in starts(model, case.views, False)]
    assert min(away) < near_mm


def test_where_both_ends_are_cut_places_along_the_bone_are_tried(model, one_view, cast):
    view = cast.view_of(cast.camera(shape=(260, 420)), one_view.truth, model.faces)
    states = list(starts(model, [view], False))
    assert len(states) == 6 * len(_SLIDES)
    heights = sorted({round(state.translation[2]) for state in states if standing(state)})
    assert np.ptp(heights) == pytest.approx(0.6 * np.ptp(model.mean[:, 2]), rel=0.1)


def test_landmarks_make_slides_needless(model, one_view, cast):
    camera = cast.camera(shape=(260, 420))
    marks = {name: Mark(*at, 3.0) for name, at in marks_of(model, camera).items()}
    view = cast.view_of(camera, one_view.truth, model.faces)
    assert len(list(starts(model, [replace(view, marks=marks)], False))) == 6


def marks_of(model, camera):
    at = np.array(list(model.landmarks.values())) - model.mean.mean(axis=0)
    return dict(zip(model.landmarks, camera.project(at)[0], strict=True))


def test_the_ends_cut_by_the_picture_are_known(model, one_view, half_seen, cast):
    both = cast.view_of(cast.camera(shape=(260, 420)), one_view.truth, model.faces)
    for view, cuts in ((one_view.views[0], (False, False)), (half_seen.views[0], (False, True)), (both, (True, True))):
        axis = _axes(view.points)[0]
        assert axis[1] < 0  # up in the picture
        assert tuple(_is_cut(view, axis, end) for end in (1, -1)) == cuts


def test_an_unknown_scale_is_guessed_from_both_ends(model, one_view):
    large = replace(one_view.views[0], points=1.4 * one_view.views[0].points)
    found = [s.log_scale for s in starts(model, [large], True) if standing(s)]
    assert found == pytest.approx([np.log(1.4)] * 3, abs=0.05)
    assert all(s.log_scale == 0 for s in starts(model, [large], False))


def test_similarity_is_recovered():
    rng = np.random.default_rng(0)
    there = rng.standard_normal((5, 2)) * 100
    turn, size = 0.4, 1.3
    matrix = size * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    wanted = there @ matrix.T + [10, -20]
    found = _similarity(there, wanted)
    assert (found[0], found[2]) == pytest.approx((turn, size))
    assert np.allclose(found[1], wanted.mean(axis=0) - there.mean(axis=0))


def test_marks_in_one_place_give_no_endless_size():
    _, _, size = _similarity(np.zeros((2, 2)), np.ones((2, 2)))
    assert 0 < size < 100


UPSIDE_DOWN = Rotation.from_euler("y", 180, degrees=True).as_matrix()


def read(model, truth, cast, shape=(700, 420), upright=None, off=0.0, spoiled=0.0):
    """A view of a bone in which heights were read, a share of them wrong altogether."""
    camera = cast.camera(shape=shape)
    pixel, shares, deviation = cast.heights_of(camera, truth, model.faces, upright, off)
    rng = np.random.default_rng(0)
    shares = np.where(rng.random(len(shares)) < spoiled, rng.random(len(shares)), shares)
    return view_from(camera, cast.outlines_of(camera, truth, model.faces), heights=(pixel, shares, deviation))


def along(state, model, truth):
    """How far (mm) a start's middle and the truth's are apart along the picture."""
    return abs(state.points(model)[:, 2].mean() - truth[:, 2].mean())


@pytest.mark.parametrize("turn_deg", [0, 25, 90, 180, -120])
def test_heights_tell_the_turn_in_the_picture_and_only_rolls_are_tried(model, one_view, cast, turn_deg):
    turn = Rotation.from_euler("y", turn_deg, degrees=True).as_matrix()
    truth = one_view.truth @ turn.T
    states = list(starts(model, [read(model, truth, cast, (700, 700), one_view.truth)], False))
    assert len(states) == 3
    for state in states:
        assert state.rotation[:, 2] @ turn[:, 2] > np.cos(np.radians(6))
        assert np.linalg.norm((state.points(model).mean(axis=0) - truth.mean(axis=0))[[0, 2]]) < 12
        assert state.usual[:, 2] @ turn[:, 2] > np.cos(np.radians(46))


@pytest.mark.parametrize("spoiled", [0.0, 0.3])
def test_heights_tell_which_part_of_a_shaft_is_seen(model, one_view, cast, spoiled):
    for upright in (one_view.truth, one_view.truth @ UPSIDE_DOWN.T):
        view = read(model, upright, cast, (260, 420), one_view.truth, spoiled=spoiled)
        states = list(starts(model, [view], False))
        assert len(states) == 3 and max(along(state, model, upright) for state in states) < 12


def test_what_heights_have_wrong_moves_the_start_by_as_much(model, one_view, cast):
    views = [read(model, one_view.truth, cast, (260, 420), off=off) for off in (0.0, 0.05)]
    first, second = (next(starts(model, [view], False)).translation[2] for view in views)
    assert first - second == pytest.approx(0.05 * np.ptp(model.mean[:, 2]), rel=0.1)


def test_heights_and_landmarks_are_weighed_together(model, one_view, cast):
    """Landmarks that are sure decide where heights are off."""
    view = read(model, one_view.truth, cast, (260, 420), off=0.05)
    marked = replace(view, marks={name: Mark(*at, 1.0) for name, at in marks_of(model, view.camera).items()})
    without, both = (along(next(starts(model, [each], False)), model, one_view.truth) for each in (view, marked))
    assert both < without / 2


def test_an_unknown_scale_is_told_by_heights(model, one_view, cast):
    view = read(model, one_view.truth, cast)
    large = replace(view, points=1.4 * view.points, heights=replace(view.heights, points=1.4 * view.heights.points))
    found = [state.log_scale for state in starts(model, [large], True)]
    assert found == pytest.approx([np.log(1.4)] * 3, abs=0.06)
    assert all(state.log_scale == 0 for state in starts(model, [large], False))


def test_heights_of_a_second_view_alone_tell_which_end_is_up(model, two_views, cast):
    first, second = two_views.views
    told = cast.heights_of(second.camera, two_views.truth, model.faces, two_views.truth @ two_views.turn)
    second = replace(second, heights=Heights(to_mm(second.camera, told[0]), *told[1:]))
    states = list(starts(model, [first, second], False))
    assert len(states) == 3 and all(map(standing, states))


@pytest.mark.parametrize("lean_deg", [(35, 0), (0, 80), (-50, 100)])
def test_views_that_stand_firmly_tell_how_a_bone_leans(model, cast, lean_deg):
    """Out of the first picture's plane, and in it: every start lies along the bone, head up or head down."""
    lean = Rotation.from_euler("xy", lean_deg, degrees=True).as_matrix()
    truth = cast.random_bone(model, 4) @ lean.T
    views = [cast.view_of(cast.camera(turn, shape=(700, 700)), truth, model.faces) for turn in (0, 70)]
    along = np.array([state.rotation[:, 2] @ lean[:, 2] for state in starts(model, views, False)])
    assert (np.abs(along) > np.cos(np.radians(12))).all() and {*np.sign(along)} == {1, -1}
