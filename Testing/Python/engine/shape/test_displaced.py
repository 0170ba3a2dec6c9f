"""What is measured between fitted fragments is what their poses say, and as sure as they are."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from XRayTo3DLib.shape import (
    BreakFrame,
    BrokenFit,
    Fit,
    break_frames,
    displacements,
    to_reduced,
    view_from,
)
from XRayTo3DLib.shape.displaced import _UNTOLD_MM, _crossed, _untold_deg
from XRayTo3DLib.shape.silhouette import prepared
from XRayTo3DLib.shape.solve import start

TURN = Rotation.from_euler("y", -15, degrees=True).as_matrix()  # what hangs below goes outwards, of a left leg
SHIFT = np.array([6.0, 8.0, 10.0])


def broken(model, cameras, log_scale=0.0, deviation=(1.0, 2.0)):
    """A mean bone, broken across at z = -20, its lower fragment turned about the break's middle and shifted."""
    mesh, cut = prepared(model.faces, len(model.mean)), np.array([-20.0, 0.0, 0.0])
    upper = start(model, np.eye(3), np.zeros(3), len(cameras), log_scale)
    center = np.exp(log_scale) * _crossed(model, upper, cut)
    shift = np.exp(log_scale) * SHIFT
    lower = replace(upper, rotation=TURN, translation=center - TURN @ center + shift)
    line = np.array([[150.0, 100], [250, 100], [250, 400], [150, 400]])
    views = tuple(view_from(camera, [_outline(line)]) for camera in cameras)
    modes = len(model.deviations)
    size = 12 + 1 + 6 * len(cameras) + modes + 3
    variances = np.full(size, 1e-12)
    turn, off = np.radians(deviation[0]) ** 2, deviation[1] ** 2
    variances[:12] = [*[turn] * 3, *[off] * 3] * 2
    variances[13 + 6 * len(cameras) : -3] = 1 / 3  # so that the model's few people widen it by a known factor
    fits = [
        Fit(model, mesh, views, state, np.diag(1 / variances[own]), 0.1, 0.0)
        for state, own in ((upper, [*range(6), *range(12, size - 3)]), (lower, range(6, size - 3)))
    ]
    return BrokenFit(tuple(fits), cut[None], np.diag(variances))


def _outline(points):
    from XRayTo3DLib.geometry.outline import EDGE, Outline

    return Outline(points, np.full(len(points), EDGE, np.uint8))


@pytest.mark.parametrize("log_scale", [0.0, 0.2])
def test_two_views_tell_all_of_it(model, cast, log_scale):
    (found,) = displacements(broken(model, [cast.camera(turn) for turn in (0, 90)], log_scale))
    assert found["angulation_deg"].value == pytest.approx(15, abs=0.2)
    assert found["angulation_ap_deg"].value == pytest.approx(15, abs=0.5)
    assert found["rotation_deg"].value == pytest.approx(0, abs=3)  # the shaft is not quite upright
    assert np.hypot(found["translation_mm"].value, found["shortening_mm"].value) == pytest.approx(np.sqrt(200))
    assert found["shortening_mm"].value == pytest.approx(10, abs=2)


def test_they_are_as_unsure_as_both_poses_together(model, cast):
    (found,) = displacements(broken(model, [cast.camera(turn) for turn in (0, 90)], deviation=(1.0, 0.001)))
    angles = ("angulation_ap_deg", "rotation_deg")
    told = {name: np.sqrt(found[name].deviation ** 2 - _untold_deg(name, "femur") ** 2) for name in angles}
    assert told["angulation_ap_deg"] == pytest.approx(told["rotation_deg"], rel=0.4)
    (wide,) = displacements(broken(model, [cast.camera(turn) for turn in (0, 90)], deviation=(3.0, 0.001)))
    beyond = np.sqrt(wide["rotation_deg"].deviation ** 2 - _untold_deg("rotation_deg", "femur") ** 2)
    assert beyond == pytest.approx(3 * told["rotation_deg"], rel=0.2)
    assert found["rotation_deg"].deviation > 8 > 3 * found["angulation_ap_deg"].deviation  # a bone's torsion is its own
    (sized,) = displacements(broken(model, [cast.camera(turn) for turn in (0, 90)], deviation=(1e-3, 1e-3)), 0.1)
    shorter = sized["shortening_mm"]
    assert shorter.deviation == pytest.approx(np.hypot(0.1 * shorter.value, _UNTOLD_MM), rel=0.05)


@pytest.mark.parametrize(
    ("turn", "shown"),
    [
        (0, {"angulation_ap_deg", "translation_lateral_mm", "shortening_mm"}),
        (90, {"angulation_lateral_deg", "translation_posterior_mm", "shortening_mm"}),
        (45, {"shortening_mm"}),
    ],
)
def test_one_view_gives_what_it_shows(model, cast, turn, shown):
    (found,) = displacements(broken(model, [cast.camera(turn)]))
    assert set(found) == shown


def test_the_lower_fragment_is_put_back_on_the_upper_one(model, cast):
    fit = broken(model, [cast.camera()])
    still, matrix = to_reduced(fit)
    assert np.allclose(still, np.eye(4))
    back = fit.lower.points @ matrix[:3, :3].T + matrix[:3, 3]
    assert np.allclose(back, fit.upper.points, atol=1e-9)


def test_of_one_view_how_deep_the_fragments_lie_tells_nothing(model, cast):
    """Of a bone that leans in depth, where depth would be taken for shortening."""
    camera, lean = cast.camera(0), Rotation.from_euler("x", 20, degrees=True).as_matrix()
    fit = broken(model, [camera])
    upper, lower = (
        replace(each.state, rotation=lean @ each.state.rotation, translation=lean @ each.state.translation)
        for each in fit.fits
    )
    fit = replace(fit, fits=(replace(fit.upper, state=upper), fit.lower))
    center = upper.placed(model, (model.mean.mean(axis=0) + _crossed(model, upper, fit.cuts[0]))[None])[0]
    ray = (center - camera.source_lps) / np.linalg.norm(center - camera.source_lps)
    told = []
    for deeper in (0.0, 40.0):
        there = replace(lower, translation=lower.translation + deeper * ray)
        (found,) = displacements(replace(fit, fits=(fit.upper, replace(fit.lower, state=there))))
        told.append({name: each.value for name, each in found.items()})
    assert told[1] == pytest.approx(told[0]) and "shortening_mm" in told[0]
    assert abs(40 * (ray @ lean[:, 2])) > 10  # by so much it would be wrong


def test_by_what_a_break_is_measured_goes_through_json_and_with_the_bone(model, cast):
    """Measures are the same in another frame, of which a millimetre is half as long they are half as large."""
    for cameras in ([cast.camera(0)], [cast.camera(0), cast.camera(90)]):
        fit = broken(model, cameras)
        (frame,), (_, back) = break_frames(fit), to_reduced(fit)
        moving = np.linalg.inv(back)
        measures = frame.measures(moving)
        for name, each in displacements(fit)[0].items():
            assert each.value == pytest.approx(measures[name].value)
        into = np.eye(4)
        into[:3, :3], into[:3, 3] = 0.5 * Rotation.from_rotvec([0.3, -1.0, 0.4]).as_matrix(), (7, -30, 12)
        there = BreakFrame.from_json(json.loads(json.dumps(frame.placed(into).as_json())))
        for name, each in there.measures(into @ moving @ np.linalg.inv(into)).items():
            assert each.value == pytest.approx(measures[name].value * (0.5 if each.unit == "mm" else 1.0), abs=1e-6)


def test_each_break_is_measured_as_the_fragment_above_it_was_seen(model, cast):
    """Of three fragments in one view, whose rays run otherwise to the middle one than if it were put back."""
    fit = broken(model, [cast.camera(0)])
    turn = Rotation.from_euler("xy", (25, 12), degrees=True).as_matrix()
    state = fit.lower.state
    below = replace(fit.lower, state=replace(state, rotation=turn @ state.rotation, translation=turn @ SHIFT))
    size = len(fit.covariance) + 6 + 3
    fits, cuts = (*fit.fits, below), np.array([[-20.0, 0, 0], [-70.0, 0, 0]])
    three = replace(fit, fits=fits, cuts=cuts, covariance=1e-12 * np.eye(size))
    back = to_reduced(three)
    for number, (frame, found) in enumerate(zip(break_frames(three), displacements(three), strict=True)):
        measures = frame.measures(back[number] @ np.linalg.inv(back[number + 1]))
        assert {"angulation_ap_deg", "shortening_mm"} <= set(found)
        for name, each in found.items():
            assert measures[name].value == pytest.approx(each.value, abs=1e-6)
