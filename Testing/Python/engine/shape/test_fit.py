"""A model fitted to the outlines of its own random bones finds them again, in spite of what is wrong with outlines."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from XRayTo3DLib.errors import Cancelled
from XRayTo3DLib.geometry.outline import EDGE, Outline
from XRayTo3DLib.shape import MOST_UNMET, WORST_RESIDUAL_MM, Heights, fit_shape, scale_deviation, view_from
from XRayTo3DLib.shape.fit import residual
from XRayTo3DLib.shape.view import to_mm


def off(fit, truth):
    """Mean distance (mm) of points."""
    return np.linalg.norm(fit.points - truth, axis=1).mean()


def test_two_views_tell_pose_and_shape(two_views, cast):
    fit = two_views.fit
    assert fit.met and fit.residual_mm < 0.15 and fit.unmet < 0.02
    assert off(fit, two_views.truth) < 1.0
    assert np.abs(cast.shape_error(fit, two_views.truth)).mean() < 0.6
    assert Rotation.from_matrix(fit.state.rotation @ two_views.turn.T).magnitude() < np.radians(2)


def test_one_view_tells_what_lies_across_the_rays(one_view, cast):
    fit = one_view.fit
    assert fit.met and fit.residual_mm < 0.15 and fit.unmet < 0.02
    assert np.abs(fit.points.mean(axis=0) - one_view.truth.mean(axis=0))[[0, 2]].max() < 2.0
    assert np.abs(cast.shape_error(fit, one_view.truth)).mean() < 0.9


def test_the_side_that_is_given_is_kept(model, one_view):
    other = fit_shape([(model.mirrored(), one_view.views)])
    assert other.model.side == "right"
    assert other.residual_mm > 1.5 * one_view.fit.residual_mm


def test_an_upside_down_film_of_the_other_side_is_found(model, cast, with_modes):
    """A right femur that stands on its head."""
    few = with_modes(model, 40)
    truth = cast.random_bone(model, 5) * [-1, 1, 1]
    faces = model.faces[:, ::-1]
    upside_down = Rotation.from_euler("y", 180, degrees=True).as_matrix()
    views = [
        cast.view_of(cast.camera(turn), truth @ upside_down.T, faces, **(cast.free if turn else {})) for turn in (0, 90)
    ]
    fit = fit_shape([(few.mirrored(), views), (few, views)])
    assert fit.model.side == "right"
    assert fit.state.rotation[2, 2] < 0
    assert off(fit, truth @ upside_down.T) < 1.5


def test_a_third_of_the_outline_may_be_wrong(model, two_views, cast, wrong_points):
    views = []
    for turn, view in zip((0, 90), two_views.views, strict=True):
        longest, *_ = cast.outlines_of(cast.camera(turn), two_views.truth, model.faces)
        views.append(
            replace(view_from(view.camera, [wrong_points(longest, 0.3, 12.0)]), shift_mm=view.shift_mm)
        )  # 8 mm
    fit = fit_shape([(model, views)])
    assert fit.met and 0.1 < fit.unmet < MOST_UNMET
    assert residual(fit.mesh, fit.points, two_views.views)[0] < 1.0  # it still meets the true outlines
    assert np.abs(cast.shape_error(fit, two_views.truth)).mean() < 1.5


def test_half_the_bone_outside_the_picture(half_seen):
    fit = half_seen.fit
    assert fit.met and fit.residual_mm < 0.2
    seen = half_seen.truth[:, 2] > 30
    assert np.abs(fit.points - half_seen.truth)[seen, 0].mean() < 1.5
    assert fit.state.rotation[2, 2] > 0.9


def test_a_wrong_angle_between_the_views_is_found(model, two_views, cast):
    """The second picture was taken at 80 degrees and is said to be at 90."""
    second = cast.view_of(cast.camera(80), two_views.truth, model.faces, named=cast.camera(90), **cast.free)
    fit = fit_shape([(model, [two_views.views[0], second])])
    turn = np.degrees(np.linalg.norm(fit.state.shifts[1, :3]))
    assert 6 < turn < 11  # the prior keeps some of it back
    assert np.allclose(fit.state.shifts[0], 0, atol=1e-6)
    assert np.abs(cast.shape_error(fit, two_views.truth)).mean() < 0.8


def test_a_patient_who_moved_between_the_pictures_is_found(model, two_views, cast):
    shift = np.array([0.0, 30.0, -60.0])
    second = cast.view_of(cast.camera(90), two_views.truth + shift, model.faces, **cast.free)
    fit = fit_shape([(model, [two_views.views[0], second])])
    assert fit.state.shifts[1, 3:] == pytest.approx(shift, abs=3)
    assert np.abs(cast.shape_error(fit, two_views.truth)).mean() < 0.6


def test_an_unknown_scale_is_as_large_as_the_bone_is_probable(model, two_views):
    """Millimetres are said to be 1.25 times as large as they are."""
    wrong = [replace(view, points=1.25 * view.points) for view in two_views.views]
    fit = fit_shape([(model, wrong)], free_scale=True)
    assert fit.met
    assert fit.state.log_scale == pytest.approx(np.log(1.25), abs=3 * scale_deviation(fit))
    assert 0.005 < scale_deviation(fit) < 0.1
    assert scale_deviation(two_views.fit) < 1e-6  # where it is known


def disc(radius, count=300):
    angle = np.arange(count) * 2 * np.pi / count
    return np.array([210.0, 350.0]) + radius * np.stack([np.cos(angle), np.sin(angle)], 1)


ANOTHER_THING = {
    "rectangle": np.array([[100.0, 50], [300, 50], [300, 600], [100, 600]]),
    "small disc": disc(25),
    "disc of a head": disc(30),
    "disc": disc(60),
    "large disc": disc(200),
}


@pytest.mark.parametrize("what", ANOTHER_THING)
def test_another_thing_is_not_met(model, cast, with_modes, what):
    points = ANOTHER_THING[what]
    view = view_from(cast.camera(), [Outline(points, np.full(len(points), EDGE, np.uint8))])
    fit = fit_shape([(with_modes(model, 30), [view])])
    assert not fit.met
    assert fit.residual_mm > WORST_RESIDUAL_MM or fit.unmet > MOST_UNMET
    assert np.isfinite(fit.points).all()


def test_residual_is_that_of_most_points(one_view):
    """An outline shifted by 3 mm is off by 2 mm on average, across lines of all directions; none of it by more."""
    fit, view = one_view.fit, one_view.views[0]
    moved = replace(view, points=view.points + np.array([3.0, 0]))
    off_mm, unmet = residual(fit.mesh, fit.points, [moved])
    assert 0.7 < off_mm < 3.0 and 0.4 < unmet < 1.0
    assert residual(fit.mesh, fit.points, [replace(view, weights=0 * view.weights)]) == (float("inf"), 1.0)


def test_a_fit_can_be_stopped(model, one_view):
    told = []

    def stop(fraction, text):
        told.append((fraction, text))
        return len(told) > 2

    with pytest.raises(Cancelled):
        fit_shape([(model, one_view.views)], progress=stop)
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told) and "bone" in told[0][1]


def test_a_model_of_one_mode_is_fitted(model, one_view, with_modes):
    fit = fit_shape([(with_modes(model, 1), one_view.views)])
    assert fit.met and len(fit.state.weights) == 1 and fit.information.shape == (14, 14)


def test_unknown_landmarks_are_passed_over(model, one_view, with_modes):
    from XRayTo3DLib.shape import Mark

    few = with_modes(model, 5)
    marked = replace(one_view.views[0], marks={"nose": Mark(3.0, 4.0, 1.0), "ear": Mark(90.0, 4.0, 1.0)})
    plain, passed = (fit_shape([(few, [view])]) for view in (one_view.views[0], marked))
    assert np.allclose(plain.points, passed.points)


def test_landmarks_decide_which_part_of_the_shaft_is_seen(model, cast, one_view, with_modes):
    """A picture of the shaft alone does not tell where along the bone it is; two landmarks beside it do."""
    from XRayTo3DLib.anatomy import measure_femur
    from XRayTo3DLib.shape import Mark

    camera = cast.camera(shape=(220, 420))
    places = measure_femur(one_view.truth, model.faces).landmarks
    at = {name: camera.project(places[name][None])[0][0] for name in ("head_center", "knee_center")}
    view = cast.view_of(camera, one_view.truth, model.faces)
    view = replace(view, marks={name: Mark(*where, 2.0) for name, where in at.items()})
    fit = fit_shape([(with_modes(model, 20), [view])])
    assert abs(fit.points[:, 2].mean() - one_view.truth[:, 2].mean()) < 4.0


def test_a_fit_goes_on_from_a_known_state(two_views, model, monkeypatch):
    """After a small change it finds what a fit from all starts finds, in a tenth of the steps."""
    import XRayTo3DLib.shape.fit as module

    counted = []
    step = module.step
    monkeypatch.setattr(module, "step", lambda *arguments: counted.append(1) or step(*arguments))
    whole = fit_shape([(model, two_views.views)])
    taken = len(counted)
    again = fit_shape([(model, two_views.views)], begin=whole.state)
    assert len(counted) - taken < taken / 6
    assert np.abs(again.points - whole.points).mean() < 0.2


def read(view, truth, faces, cast, off=0.0, spoiled=0.0):
    """The view with heights of an upright bone, all of them off by a share, and some wrong altogether."""
    pixel, shares, deviation = cast.heights_of(view.camera, truth, faces, off=off)
    rng = np.random.default_rng(0)
    shares = np.where(rng.random(len(shares)) < spoiled, rng.random(len(shares)), shares)
    return replace(view, heights=Heights(to_mm(view.camera, pixel), shares, deviation))


@pytest.mark.parametrize(("off_mm", "spoiled"), [(0.0, 0.0), (10.0, 0.0), (0.0, 0.3)])
def test_wrong_heights_do_a_whole_bone_no_harm(model, one_view, cast, off_mm, spoiled):
    view = read(one_view.views[0], one_view.truth, model.faces, cast, off_mm / 440, spoiled)
    fit = fit_shape([(model, [view])])
    assert fit.met and fit.residual_mm < 0.2 and fit.unmet < 0.03
    assert np.abs((fit.points - one_view.truth)[:, 2].mean() - (one_view.fit.points - one_view.truth)[:, 2].mean()) < 1
    assert np.abs(cast.shape_error(fit, one_view.truth)).mean() < 1.0


def test_heights_decide_which_part_of_the_shaft_is_seen(model, cast, one_view):
    camera = cast.camera(shape=(220, 420))
    view = read(cast.view_of(camera, one_view.truth, model.faces), one_view.truth, model.faces, cast)
    fit = fit_shape([(model, [view])])
    assert fit.met and abs(fit.points[:, 2].mean() - one_view.truth[:, 2].mean()) < 10
    assert (
        fit.information[5, 5] > fit_shape([(model, [replace(view, heights=None)])], begin=fit.state).information[5, 5]
    )


def test_heights_make_a_fit_shorter(model, one_view, cast, monkeypatch):
    import XRayTo3DLib.shape.fit as module

    counted = []
    step = module.step
    monkeypatch.setattr(module, "step", lambda *arguments: counted.append(1) or step(*arguments))
    fit_shape([(model, one_view.views)])
    taken = len(counted)
    fit_shape([(model, [read(one_view.views[0], one_view.truth, model.faces, cast)])])
    assert len(counted) - taken < taken / 2


@pytest.mark.parametrize("rows", [700, 220])
def test_heights_that_mislead_are_left_out_and_right_ones_fitted_once(model, cast, one_view, rows, monkeypatch):
    """Of the whole bone and of its shaft: heights that are wrong by a fifth of the length do not change the fit."""
    import XRayTo3DLib.shape.fit as module

    counted = []
    best = module._best
    monkeypatch.setattr(module, "_best", lambda *arguments: counted.append(1) or best(*arguments))
    whole = rows == one_view.views[0].camera.shape[0]  # whose fit without heights is known
    view = one_view.views[0] if whole else cast.view_of(cast.camera(shape=(rows, 420)), one_view.truth, model.faces)
    right, wrong = (read(view, one_view.truth, model.faces, cast, off) for off in (0.0, 0.2))
    assert fit_shape([(model, [right])]).met and len(counted) == 1
    misled = fit_shape([(model, [wrong])])
    assert len(counted) == 3
    unread = one_view.fit if whole else fit_shape([(model, [view])])
    assert np.allclose(misled.points, unread.points)


def test_an_arrangement_that_another_crowds_out_is_found_by_itself(model, one_view, monkeypatch):
    """Where what is found together meets little; otherwise none is fitted by itself."""
    import XRayTo3DLib.shape.fit as module

    alone = [replace(one_view.fit, unmet=unmet) for unmet in (0.4, 0.02)]
    cameras = [replace(one_view.views[0]) for _ in alone]

    def best(unmet):
        def found(tries, *_):
            shown = {id(each.views[0]) for each in tries}
            together = replace(one_view.fit, unmet=unmet, arrangement=0)
            return together if len(shown) > 1 else alone[next(n for n, view in enumerate(cameras) if id(view) in shown)]

        return found

    for unmet, number in ((0.5, 1), (0.1, 0)):
        monkeypatch.setattr(module, "_best", best(unmet))
        fit = fit_shape([(model, [view]) for view in cameras])
        assert fit.arrangement == number and fit.unmet == (0.02 if number else unmet)
