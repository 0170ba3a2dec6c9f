"""Bones of one knee, fitted one after the other: where the second one stands, and that it does not lie in the first."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from XRayTo3DLib import Case, Making, Patient, Settings, radiograph_from_array, segment
from XRayTo3DLib.geometry.camera import place, view_directions
from XRayTo3DLib.methods import FoundBone, joints
from XRayTo3DLib.methods import shape as by_shape
from XRayTo3DLib.methods.joints import hung, knee_center, parted, usual_place
from XRayTo3DLib.shape import Fit, State, built_in, shadow
from XRayTo3DLib.shape.silhouette import prepared
from XRayTo3DLib.surface import distance_to

SHAPE, PIXEL, SID, SOD = (520, 360), 0.8, 1150.0, 1000.0
NEARER = 30.0  # mm
FIT = Making(method="shape")


def camera():
    columns, rows = view_directions("ap", "left")
    return place(columns, rows, np.array([10.0, 0.0, 0.0]), SHAPE, (PIXEL, PIXEL), SID, SOD)


def standing(bone, size=1.0, shift=(0, 0, 0), side="left"):
    """A model's mean, as large as told, as if it had been fitted, its knee's center at the origin but for a shift."""
    model = built_in(bone).of_side(side)
    state = State(np.zeros(len(model.deviations)), np.eye(3), np.zeros(3), np.log(size), np.zeros((1, 6)), np.eye(3))
    fit = Fit(model, prepared(model.faces, len(model.mean)), (), state, np.eye(7), 0.0, 0.0)
    return replace(fit, state=replace(state, translation=shift - knee_center(fit)))


@pytest.fixture(scope="module")
def knee():
    """Femur and tibia in a picture from the front, the knee so much nearer to the source than is said."""
    found = []
    for bone in ("femur", "tibia"):
        mask = shadow(camera(), standing(bone, 0.97, NEARER * camera().from_lps[2, :3]).points, built_in(bone).faces)
        flesh = 0.35 + 0.02 * np.random.default_rng(0).standard_normal(SHAPE)
        known = {"pixel_size_mm": PIXEL, "pixel_size_source": "the test", "sid_mm": SID, "sod_mm": SOD}
        seen = segment(radiograph_from_array(flesh + 0.4 * mask, bone="bright", **known), Settings(mask=mask))
        found.append(replace(seen, bone=replace(seen.bone, name=bone)))
    return found


def fitted(found, *beside):
    case = Case([found.view], "left", None, Patient())
    return by_shape.fit_to(FoundBone(case, (found,), None, beside), FIT)


def knee_depth(fitted_bone):
    """How far (mm) towards the source the bone has the knee's center."""
    return camera().from_lps[2, :3] @ knee_center(fitted_bone.in_mm)


def test_a_bone_stands_at_the_joint_of_the_other(knee):
    """How far from the source it is, no outline tells: what does is the joint."""
    femur = fitted(knee[0])
    state, ray = femur.fit.state, camera().from_lps[2, :3]
    known = replace(state, translation=state.translation + (NEARER - knee_depth(femur)) * ray)
    femur = replace(femur, fit=replace(femur.fit, state=known))
    alone, held = fitted(knee[1]), fitted(knee[1], femur)
    assert abs(knee_depth(alone) - NEARER) > 15
    assert abs(knee_depth(held) - NEARER) < 5
    assert held.fit.residual_mm < 0.5 and held.fit.unmet < 0.02


def test_a_bone_hangs_on_the_bone_of_its_leg_that_holds_it_best():
    femur, tibia, fibula = (standing(bone, shift=(x, 0, 0)) for bone, x in (("femur", 1), ("tibia", 2), ("fibula", 3)))
    assert hung(built_in("patella"), [fibula, tibia]).place == pytest.approx([2, 0, 0])
    assert hung(built_in("tibia"), [fibula, femur]).place == pytest.approx([1, 0, 0])
    assert hung(built_in("femur"), [fibula]).deviation_mm > hung(built_in("femur"), [tibia]).deviation_mm
    assert hung(built_in("tibia"), [standing("femur", side="right")]) is None
    assert hung(built_in("tibia"), []) is None and hung(built_in("hip"), [tibia, fibula]) is None


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_hip_bone_has_its_socket_where_the_femur_has_its_head(side):
    femur = standing("femur", shift=(1, 2, 3), side=side)
    model = built_in("hip").of_side(side)
    held = hung(model, [standing("tibia", side=side), femur])
    assert held.place == pytest.approx(femur.state.placed(femur.model, femur.model.landmarks["head_center"][None])[0])
    assert held.point(model, np.zeros(1)) == pytest.approx(model.landmarks["acetabulum_center"])
    assert hung(built_in("hip").of_side("left" if side == "right" else "right"), [femur]) is None


def test_a_right_knee_is_the_mirror_image_of_a_left_one():
    for bone in ("tibia", "fibula", "patella"):
        left, right = (standing(bone, side=side) for side in ("left", "right"))
        assert right.points.mean(axis=0) == pytest.approx(left.points.mean(axis=0) * [-1, 1, 1], abs=0.01)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("bone", "beside"), [("patella", "femur"), ("fibula", "tibia"), ("tibia", "femur")])
def test_a_bone_is_usually_where_it_hangs_turned_with_the_other(bone, beside, side):
    turn = Rotation.from_euler("xyz", (20, -30, 40), degrees=True).as_matrix()
    shift = np.array([5.0, -7.0, 11.0])
    other = standing(beside, side=side)
    state = other.state
    turned = replace(other, state=replace(state, rotation=turn, translation=turn @ state.translation + shift))
    model = built_in(bone).of_side(side)
    expected = standing(bone, side=side).points @ turn.T + shift
    assert np.allclose(usual_place(model, turned), expected, atol=1e-6)


def test_what_does_not_hang_together_has_no_usual_place():
    assert usual_place(built_in("hip"), standing("tibia")) is None
    assert usual_place(built_in("patella"), standing("femur", side="right")) is None


def test_bones_that_stand_as_they_hang_do_not_lie_within_each_other():
    femur, tibia, fibula, patella = (standing(bone) for bone in ("femur", "tibia", "fibula", "patella"))
    for one, other in ((femur, tibia), (femur, patella), (tibia, fibula), (tibia, patella)):
        assert distance_to(one.points, one.model.faces, other.points).min() > -1.5


@pytest.fixture(autouse=True)
def all_seen(monkeypatch):
    """Bones that merely stand there were seen from all around."""
    monkeypatch.setattr(joints, "observed", lambda fit: np.ones(len(fit.points), bool))


@pytest.mark.parametrize("deep", [2.0, 4.0])
def test_bones_that_lie_within_each_other_are_parted(deep):
    femur = standing("femur")
    space = distance_to(femur.points, femur.model.faces, standing("tibia").points).min()
    tibia = standing("tibia", shift=(0, 0, space + deep))
    assert distance_to(femur.points, femur.model.faces, tibia.points).min() < -0.5
    moved, by, within = parted(tibia, [femur])
    assert within < 0.5
    assert distance_to(femur.points, femur.model.faces, moved.points).min() > -0.5
    assert 0 < by < 2 * deep and moved.state.translation[2] < tibia.state.translation[2]


def test_bones_that_do_not_touch_stay():
    tibia = standing("tibia", shift=(0, 0, -10))
    moved, by, within = parted(tibia, [standing("femur")])
    assert moved is tibia and by == within == 0


def test_a_bone_that_stands_far_within_another_stays_and_is_told_of():
    femur, tibia = standing("femur"), standing("tibia", shift=(0, 0, 40))
    moved, by, within = parted(tibia, [femur])
    assert moved is tibia and by == 0 and within > 5


def test_what_was_not_seen_of_bones_does_not_move_them(monkeypatch):
    monkeypatch.setattr(joints, "observed", lambda fit: fit.points[:, 2] < -200)
    tibia = standing("tibia", shift=(0, 0, 3))
    assert parted(tibia, [standing("femur")])[0] is tibia


def test_a_fit_of_unknown_scale_in_mm_is_the_same_picture(knee):
    """All lengths follow, and shadows stay."""
    unknown = replace(knee[0].radiograph, pixel_size_source="unknown")
    fit = fitted(replace(knee[0], view=replace(knee[0].view, radiograph=unknown)))
    before, after = fit.fit, fit.in_mm
    assert before.state.log_scale != 0 == after.state.log_scale
    seen = [each.views[0].camera.project(each.points)[0] for each in (before, after)]
    assert seen[1] == pytest.approx(seen[0], abs=1e-6)
    assert after.views[0].points == pytest.approx(before.views[0].points / np.exp(before.state.log_scale))
