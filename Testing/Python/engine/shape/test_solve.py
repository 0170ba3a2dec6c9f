"""A step follows the slope of the residual; priors pull towards what was expected."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from XRayTo3DLib.shape import Heights, Mark
from XRayTo3DLib.shape.matching import _by_run, matched
from XRayTo3DLib.shape.silhouette import prepared, silhouette
from XRayTo3DLib.shape.solve import (
    State,
    _height_rows,
    _landmark_rows,
    _stiffness,
    _surprise,
    motion,
    pivot,
    point_rows,
    start,
    step,
)
from XRayTo3DLib.shape.view import gradient, projected, to_mm, to_pixel


@pytest.fixture
def setting(small_model, cast):
    """A posed, bent egg, two views of another one, and its mesh."""
    rng = np.random.default_rng(4)
    usual = Rotation.from_euler("xyz", [3, -6, 10], degrees=True).as_matrix()
    state = State(
        rng.standard_normal(2), usual, np.array([5.0, -8, 3]), 0.07, 0.05 * rng.standard_normal((2, 6)), usual
    )
    seen = small_model.surface(np.array([-0.5, 0.3]))
    views = [cast.view_of(cast.camera(turn), seen, small_model.faces, **cast.free) for turn in (0, 80)]
    return small_model, prepared(small_model.faces, len(small_model.mean)), views, state


def moved(state, change, views):
    """The state after a change of all its numbers."""
    return replace(
        state,
        weights=state.weights + change[7 + 6 * views :],
        rotation=Rotation.from_rotvec(change[:3]).as_matrix() @ state.rotation,
        translation=state.translation + change[3:6],
        log_scale=state.log_scale + change[6],
        shifts=state.shifts + change[7 : 7 + 6 * views].reshape(-1, 6),
    )


def slopes(function, size, by=1e-5):
    """Finite differences (m, size)."""
    return np.column_stack([(function(by * each) - function(-by * each)) / (2 * by) for each in np.eye(size)])


@pytest.mark.parametrize("number", [0, 1])
def test_rows_are_the_slopes_of_the_shadows(setting, number):
    model, mesh, views, state = setting
    state = replace(state, shifts=np.zeros_like(state.shifts))
    view, points = views[number], state.points(model)
    rim = silhouette(mesh, points, mesh.normals(points), view)
    directions = rim.normals
    slope = gradient(view.camera, directions, rim.nearness, rim.local)
    scaled = np.exp(state.log_scale) * state.rotation
    rows = point_rows(model, state, scaled, views, number, 2, slope, rim.on(points), rim.ends, rim.share)

    def shadow(change):
        new = moved(state, change, 2)
        place = projected(new.seen_by(views)[number].camera, rim.on(new.points(model)))[0]
        return (place * directions).sum(axis=1)

    assert np.allclose(rows, slopes(shadow, 7 + 12 + 2), atol=1e-4, rtol=1e-4)


def test_rows_of_landmarks_are_the_slopes_of_theirs(setting):
    """Of the second of two, each with its own weight."""
    model, _, views, state = setting
    low = model.landmarks["tip"] * [1.0, 1.0, -1.0]
    model = replace(
        model,
        landmarks={"low": low} | model.landmarks,
        landmark_modes=np.concatenate([-0.5 * model.landmark_modes, model.landmark_modes], axis=1),
    )
    state = replace(state, shifts=np.zeros_like(state.shifts))
    at = to_pixel(views[0].camera, np.array([4.0, -60.0]))
    marks = {"tip": Mark(*at, 5.0), "low": Mark(*at, 2.0)}
    seen = replace(state.seen_by(views)[0], marks=marks)

    def away(change):
        new = moved(state, change, 2)
        place = new.placed(model, model.landmarks_at(new.weights)["tip"][None])
        return projected(new.seen_by(views)[0].camera, place)[0][0]

    jacobian, off = slopes(away, 21), to_mm(views[0].camera, at) - away(np.zeros(21))
    weight = 1 / (1 + off @ off / (3 * 5.0) ** 2) ** 2 / 5.0**2
    scaled = np.exp(state.log_scale) * state.rotation
    rows, weights, away_from = (
        each[2:] for each in _landmark_rows(model, state, scaled, views, 0, seen, 2, ["low", "tip"])
    )
    assert np.allclose(weights, weight) and np.allclose(away_from, off)
    information, pull = (rows * weights[:, None]).T @ rows, rows.T @ (weights * away_from)
    assert np.allclose(information, weight * jacobian.T @ jacobian, rtol=1e-3, atol=1e-5)
    assert np.allclose(pull, weight * jacobian.T @ off, rtol=1e-3, atol=1e-5)


def read(view, model, cast, off=0.0, deviation=0.03):
    """A view in which heights of the model's mean were read."""
    told = cast.heights_of(view.camera, model.mean, model.faces, off=off, deviation=deviation)
    return replace(view, heights=Heights(to_mm(view.camera, told[0]), *told[1:]))


@pytest.mark.parametrize("number", [0, 1])
def test_rows_of_heights_are_the_slopes_of_theirs(setting, cast, number):
    model, _, views, state = setting
    state = replace(state, shifts=np.zeros_like(state.shifts))
    views = [read(view, model, cast) for view in views]
    levels = views[number].heights.levels

    def off(change):
        new = moved(state, change, 2)
        middle, moves = model.middle(levels.shares)
        at = new.placed(model, middle + np.tensordot(new.weights, moves, (0, 1)))
        return (levels.places - projected(new.seen_by(views)[number].camera, at)[0]) @ levels.up

    scaled, seen = np.exp(state.log_scale) * state.rotation, state.seen_by(views)[number]
    rows, _, away = _height_rows(model, state, scaled, views, number, seen, 2)
    assert np.allclose(away, off(np.zeros(21)))
    assert np.allclose(rows, -slopes(off, 21), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("count", [1, 5])
def test_all_heights_together_are_as_sure_as_one_place(small_model, cast, count):
    """However many pixels there are: they are wrong together."""
    mesh = prepared(small_model.faces, len(small_model.mean))
    view = read(cast.view_of(cast.camera(), small_model.mean, small_model.faces), small_model, cast)
    few = replace(view.heights, points=view.heights.points[::count], shares=view.heights.shares[::count])
    view = replace(view, heights=few, weights=0 * view.weights)
    state = start(small_model, np.eye(3), small_model.mean.mean(axis=0), 1)
    told, none = (step(small_model, mesh, [each], state, 0, 5.0)[1] for each in (view, replace(view, heights=None)))
    assert told[5, 5] - none[5, 5] == pytest.approx((0.03 * 120) ** -2, rel=0.1)


@pytest.mark.parametrize(("seen", "least_mm", "most_mm"), [(True, 0.0, 0.1), (False, 9.0, 11.0)])
def test_heights_place_what_outlines_do_not(small_model, cast, seen, least_mm, most_mm):
    """All of them are 10 mm too high, of 120: a bone whose outline is seen stays, another goes there."""
    mesh = prepared(small_model.faces, len(small_model.mean))
    view = read(cast.view_of(cast.camera(), small_model.mean, small_model.faces), small_model, cast, 10 / 120, 0.1)
    view = replace(view, weights=seen * view.weights)
    state = start(small_model, np.eye(3), small_model.mean.mean(axis=0), 1)
    for _ in range(8):
        state, _ = step(small_model, mesh, [view], state, 0, 5.0)
    below = (small_model.mean.mean(axis=0) - state.translation)[2]
    assert least_mm - 0.1 < below < most_mm


def test_a_match_is_the_distance_along_the_normal(setting):
    model, mesh, views, state = setting
    match = matched(mesh, state.points(model), views[0])
    away = views[0].points[match.point] - match.on.place
    assert np.allclose(match.off, (away * views[0].normals[match.point]).sum(axis=1))
    assert np.allclose(match.apart, np.linalg.norm(away, axis=1))
    assert (match.distances <= match.apart + 1e-9).all() and (match.distances >= np.abs(match.off) - 1e-9).all()


def test_an_outline_is_matched_with_its_own_surface_to_a_fraction_of_a_pixel(small_model, cast):
    mesh = prepared(small_model.faces, len(small_model.mean))
    view = cast.view_of(cast.camera(), small_model.mean, small_model.faces)
    match = matched(mesh, small_model.mean, view)
    assert match.distances.mean() < 0.5 and np.median(np.abs(match.off)) < 0.5 * cast.pixel_mm


def test_what_was_not_seen_pulls_nothing(setting):
    model, mesh, views, state = setting
    blind = replace(views[0], weights=np.zeros_like(views[0].weights))
    assert not matched(mesh, state.points(model), blind).weights.any()
    free, information = step(model, mesh, [blind, blind], replace(state, shifts=np.zeros((2, 6))), 2, 5.0)
    assert np.abs(free.weights).max() < 1e-9  # the prior's own
    assert np.allclose(information[-2:, -2:], np.eye(2))


def test_silhouette_beyond_the_picture_is_not_asked_for(small_model, cast):
    camera = cast.camera(shape=(60, 420))  # shows 42 mm of 120
    view = cast.view_of(cast.camera(), small_model.mean, small_model.faces, named=camera)
    mesh = prepared(small_model.faces, len(small_model.mean))
    match = matched(mesh, small_model.mean, view)
    asked = match.weights[len(view.points) :] > 0
    assert np.abs(match.on.place[len(view.points) :][asked, 1]).max() < 21
    assert 0 < asked.sum() < len(asked)


def test_steps_bring_an_egg_back(small_model, cast):
    mesh = prepared(small_model.faces, len(small_model.mean))
    truth = small_model.surface(np.array([1.0, -1.2]))
    views = [cast.view_of(cast.camera(turn), truth, small_model.faces) for turn in (0, 90)]
    state = start(small_model, np.eye(3), small_model.mean.mean(axis=0) + np.array([4, -3, 6]), 2)
    for _ in range(12):
        state, information = step(small_model, mesh, views, state, 2, 10.0)
    assert state.weights == pytest.approx([1.0, -1.2], abs=0.3)
    assert np.linalg.norm(state.translation - small_model.mean.mean(axis=0)) < 1.0
    own = np.sqrt(np.diag(information))
    assert np.linalg.eigvalsh(information / np.outer(own, own)).min() > 0 and np.allclose(information, information.T)


def test_scale_moves_only_where_it_is_free(small_model, cast):
    mesh = prepared(small_model.faces, len(small_model.mean))
    large = 1.3 * small_model.mean
    view = cast.view_of(cast.camera(), large, small_model.faces)
    for free, expected in ((True, np.log(1.3)), (False, 0.0)):
        state = start(small_model, np.eye(3), large.mean(axis=0), 1)
        for _ in range(15):
            state, _ = step(small_model, mesh, [view], state, 0, 30.0, free_scale=free)
        assert state.log_scale == pytest.approx(expected, abs=0.03)


def test_motion_turns_about_the_middle_of_the_picture(cast, setting):
    view, shift = setting[2][1], np.array([0.1, -0.2, 0.3, 4.0, 5.0, -6.0])
    center = pivot(view)
    moving = motion(view, shift)
    assert np.allclose(moving[:3, :3] @ center + moving[:3, 3], center + shift[3:])
    assert np.allclose(Rotation.from_matrix(moving[:3, :3]).as_rotvec(), shift[:3])
    assert np.allclose(view.camera.project(center[None])[0], view.camera.middle)


def test_a_step_is_never_longer_than_a_straight_line_may_stand_for(setting):
    model, mesh, views, state = setting
    far = replace(state, translation=state.translation + np.array([400.0, 0, 0]))
    new, _ = step(model, mesh, views, far, 2, 25.0)
    assert np.linalg.norm(new.translation - far.translation) <= 60 + 1e-9
    assert Rotation.from_matrix(new.rotation @ far.rotation.T).magnitude() <= 0.35 + 1e-9


def test_how_stiff_a_view_is_is_the_slope_of_its_surprise(setting):
    """Of minus twice the logarithm of its probability, as the steps want it."""
    view, shift = setting[2][1], np.array([0.02, -0.05, 0.001, 0.3, -0.8, 0.1])
    (slope,) = slopes(lambda change: np.array([_surprise(view, shift + change)]), 6)
    assert np.allclose(slope, 2 * _stiffness(view, shift) @ shift, rtol=1e-4, atol=1e-4)


def test_stretches_of_an_outline_are_doubted_together():
    apart = np.zeros(200)
    apart[50:60] = 10.0
    doubt = _by_run(apart)
    assert doubt[55] > 5 and doubt[48] > 2  # a point that is met by chance, amid those that are not
    assert doubt[100] == 0 and np.allclose(_by_run(np.full(30, 3.0)), 3.0)
