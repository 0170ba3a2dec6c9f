"""How sure a fit says it is agrees with how far it is off; measures are those of the fitted bone."""

from dataclasses import replace

import numpy as np
import pytest

from XRayTo3DLib.anatomy import DEFINITIONS, femur_measures, measure_femur, tibia_measures
from XRayTo3DLib.shape import (
    built_in,
    depth_deviation,
    fit_shape,
    length_seen,
    measures,
    moves_of,
    observed,
    uncertainty,
)
from XRayTo3DLib.shape.posterior import _EDGE_MM, _FLOOR_MM, _ROLL_DEG, few_people, rolled
from XRayTo3DLib.shape.silhouette import silhouette

NOISE_MM, TOGETHER_MM = 0.6, 8.0


@pytest.fixture(scope="module")
def noisy(model, cast):
    """Fits to outlines of random bones, off by a normal error that is alike over some millimetres."""
    made = []
    for seed in (11, 12):
        rng = np.random.default_rng(seed)
        truth = model.surface(rng.standard_normal(len(model.deviations))) - model.mean.mean(axis=0)
        views = []
        for turn in (0, 90):
            view = cast.view_of(cast.camera(turn), truth, model.faces, **(cast.free if turn else {}))
            white = np.fft.rfft(rng.standard_normal(len(view.points)))
            waves = np.fft.rfftfreq(len(view.points), 1.5)
            error = np.fft.irfft(white * np.exp(-((np.pi * waves * TOGETHER_MM / 2) ** 2)), len(view.points))
            views.append(replace(view, points=view.points + NOISE_MM * (error / error.std())[:, None] * view.normals))
        made.append((truth, fit_shape([(model, views)])))
    return made


def test_two_standard_deviations_cover_most_errors(noisy, cast):
    for truth, fit in noisy:
        off, sure = np.abs(cast.shape_error(fit, truth)), uncertainty(fit)
        assert 0.78 < (off < 2 * sure).mean() <= 1.0
    every = np.concatenate([cast.shape_error(fit, truth) / uncertainty(fit) for truth, fit in noisy])
    assert 0.84 < (np.abs(every) < 2).mean() < 0.998
    assert 0.4 < np.sqrt((every**2).mean()) < 1.5


def test_what_26_people_tell_of_the_next_one_is_as_unsure_as_it_says():
    """Twelve numbers of a person, eight of them seen: the other four by the covariance of few people."""
    rng = np.random.default_rng(5)
    mix, seen, errors, variances = rng.standard_normal((12, 12)), 8, [], []
    for _ in range(400):
        people = rng.standard_normal((26, 12)) @ mix
        next_one = rng.standard_normal(12) @ mix - people.mean(axis=0)
        covariance = np.cov(people.T)
        inverse = np.linalg.inv(covariance[:seen, :seen])
        slope = covariance[seen:, :seen] @ inverse
        left = np.diag(covariance[seen:, seen:] - slope @ covariance[:seen, seen:])
        errors.append(next_one[seen:] - slope @ next_one[:seen])
        variances.append([left, left * few_people(next_one[:seen] @ inverse @ next_one[:seen], seen)])
    plain, student = np.abs(errors)[:, None].transpose(1, 0, 2) / np.sqrt(np.transpose(variances, (1, 0, 2)))
    assert (plain < 2).mean() + 0.04 < (student < 2).mean() < 0.97


@pytest.mark.parametrize("deg", [0.4, -0.8])
def test_what_a_roll_of_a_further_view_changes_is_what_a_fit_to_rolled_outlines_finds(two_views, deg):
    """The bone leans, and its ends come nearer and go farther away."""
    fit = two_views.fit
    cos, sin = np.cos(np.radians(deg)), np.sin(np.radians(deg))
    turn = np.array([[cos, sin], [-sin, cos]])
    first, second = two_views.views
    other = replace(second, points=second.points @ turn, normals=second.normals @ turn)
    found = [fit_shape([(fit.model, [first, view])], begin=fit.state) for view in (second, other)]
    (change,) = rolled(fit) * deg / _ROLL_DEG
    low, high = (fit.model.heights < 0.1, fit.model.heights > 0.9)
    depth = [np.array([each.points[end, 1].mean() for end in (low, high)]) for each in found]
    length = [np.ptp(each.model.surface(each.state.weights)[:, 2]) for each in found]
    told = moves_of(fit) @ change
    assert np.abs(depth[1] - depth[0]).max() > 1.0
    assert [told[end, 1].mean() for end in (low, high)] == pytest.approx(depth[1] - depth[0], abs=0.3)
    moved = fit.model.surface(fit.state.weights + change[-len(fit.state.weights) :])
    assert np.ptp(moved[:, 2]) - np.ptp(fit.model.surface(fit.state.weights)[:, 2]) == pytest.approx(
        length[1] - length[0], abs=0.3
    )


def test_views_that_stand_as_said_do_not_roll(two_views, one_view):
    assert rolled(one_view.fit).shape == (0, len(one_view.fit.information))
    fit = two_views.fit
    firm = replace(fit, views=tuple(replace(view, turn_deg=0.0, shift_mm=0.0) for view in fit.views))
    assert rolled(fit).any() and not rolled(firm).any()
    length = [measures(each)["length_mm"].deviation for each in (fit, firm)]
    assert length[0] > 1.5 * length[1] and depth_deviation(fit) > depth_deviation(firm)


def test_an_unusual_bone_is_less_sure(two_views):
    fit = two_views.fit
    unusual = replace(fit, state=replace(fit.state, weights=1.5 * fit.state.weights))
    assert (uncertainty(unusual) > uncertainty(fit)).mean() > 0.95
    assert depth_deviation(unusual) > depth_deviation(fit)


def test_outlines_that_all_lie_outwards_are_no_surprise(cast, model):
    """No number of points averages that out: the head is larger by twice as much and a little, and may be."""
    truth = cast.random_bone(model, 2)
    views = []
    for turn in (0, 90):
        view = cast.view_of(cast.camera(turn), truth, model.faces, **(cast.free if turn else {}))
        views.append(replace(view, points=view.points + _EDGE_MM * view.normals))
    found, true = measures(fit_shape([(model, views)]))["head_diameter_mm"], measure_femur(truth, model.faces)
    off = found.value - 2 * true.head_radius
    assert _EDGE_MM < off < 2 * found.deviation


def test_measures_are_within_their_deviations(noisy, model):
    off = []
    for truth, fit in noisy:
        true, found = femur_measures(truth, model.faces), measures(fit)
        assert set(found) == set(true) == set(DEFINITIONS["femur"])
        off += [(each.value - true[name].value) / each.deviation for name, each in found.items()]
    assert np.abs(off).max() < 4 and np.sqrt(np.mean(np.square(off))) < 2


def test_measures_are_those_of_anatomy(two_views, model):
    fit = two_views.fit
    true, found = femur_measures(fit.model.surface(fit.state.weights), fit.model.faces), measures(fit)
    for name, each in found.items():
        assert each.value == pytest.approx(true[name].value) and 0 < each.deviation < 5
        assert each.title == DEFINITIONS["femur"][name].title


def test_a_tibia_is_measured_as_well(cast):
    model = built_in("tibia")
    truth = cast.random_bone(model, 2)
    views = [cast.view_of(cast.camera(turn), truth, model.faces, **(cast.free if turn else {})) for turn in (0, 90)]
    two, one = (measures(fit_shape([(model, seen)])) for seen in (views, views[:1]))
    assert list(two) == list(DEFINITIONS["tibia"]) and set(two) - set(one) == {"torsion_deg"}
    for name, each in tibia_measures(truth, model.faces).items():
        assert abs(two[name].value - each.value) < 3 * two[name].deviation, name
        assert name not in one or 0.9 * two[name].deviation < one[name].deviation, name


def test_one_view_tells_no_anteversion_and_less_of_the_rest(one_view, two_views):
    one, two = measures(one_view.fit), measures(two_views.fit)
    assert set(two) - set(one) == {"anteversion_deg"}
    assert all(one[name].deviation > two[name].deviation for name in one)


def test_uncertainty_grows_where_nothing_was_seen(half_seen, one_view):
    """In the lower half, which one picture shows and the other does not; the whole is laid on the whole, so that no
    part is surer for it."""
    half, whole, height = uncertainty(half_seen.fit), uncertainty(one_view.fit), one_view.fit.points[:, 2]
    assert np.median((half / whole)[height < 0]) > 1.2
    assert (half > whole).mean() > 0.95
    assert (half >= _FLOOR_MM).all()


def test_a_second_view_makes_surer(one_view, two_views, model):
    one, two = uncertainty(one_view.fit), uncertainty(two_views.fit)
    assert one.shape == two.shape == (len(model.mean),)
    assert (one > two).mean() > 0.9
    assert depth_deviation(two_views.fit) < 3 < depth_deviation(one_view.fit) < 16


def test_observed_points_lie_near_the_silhouette(one_view):
    fit = one_view.fit
    rim = silhouette(fit.mesh, fit.points, fit.mesh.normals(fit.points), fit.views[0]).on(fit.points)
    away = np.array([np.linalg.norm(rim - point, axis=1).min() for point in fit.points])
    near = observed(fit)
    assert 0.02 < near.mean() < 0.5
    assert away[near].max() < 4.0
    assert (near == (away < 4.0)).mean() > 0.98


def test_what_lies_outside_the_picture_was_not_observed(half_seen, two_views, one_view):
    fit = half_seen.fit
    assert not observed(fit)[fit.points[:, 2] < 0].any()
    assert observed(two_views.fit).sum() > 1.5 * observed(one_view.fit).sum()


def test_the_length_that_was_seen(half_seen, one_view):
    assert length_seen(one_view.fit) == 1.0
    visible = (half_seen.truth[:, 2].max() - 23.0) / np.ptp(half_seen.truth[:, 2])  # the picture's lower edge
    assert length_seen(half_seen.fit) == pytest.approx(visible, abs=0.08)


def test_what_was_not_seen_is_not_measured(half_seen, one_view):
    of_the_hip = {"neck_shaft_angle_deg", "head_diameter_mm", "neck_length_mm", "femoral_offset_mm"}
    assert set(measures(half_seen.fit)) == of_the_hip
    blind = tuple(replace(view, weights=0 * view.weights) for view in one_view.fit.views)
    assert measures(replace(one_view.fit, views=blind)) == {} and length_seen(replace(one_view.fit, views=blind)) == 0


def test_where_the_outline_was_not_met_nothing_was_observed(one_view):
    """An outline that was moved away by 10 mm along the bone's lower half."""
    view = one_view.views[0]
    lower = view.points[:, 1] > 60
    fit = replace(one_view.fit, views=(replace(view, points=view.points + 10 * lower[:, None] * view.normals),))
    near = observed(fit)
    assert not near[fit.points[:, 2] < -80].any() and near[fit.points[:, 2] > 0].any()


def test_a_bone_that_is_no_femur_has_no_measures(small_model, cast):
    view = cast.view_of(cast.camera(), small_model.mean, small_model.faces)
    fit = fit_shape([(small_model, [view])])
    assert fit.met and measures(fit) == {}
    assert np.isfinite(uncertainty(fit)).all() and uncertainty(fit).shape == (len(small_model.mean),)
