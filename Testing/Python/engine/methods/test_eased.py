"""A hip bone gives way to the femur's head where its outlines leave it open, and otherwise stays."""

from dataclasses import replace

import numpy as np
import pytest

from XRayTo3DLib.methods import eased as module
from XRayTo3DLib.methods.eased import eased
from XRayTo3DLib.shape import Fit, State, built_in
from XRayTo3DLib.shape.silhouette import prepared
from XRayTo3DLib.surface import distance_to

POSE_SD = np.array([0.02] * 3 + [2.0] * 3 + [1e-6])  # radians, mm, scale


def standing(bone, at, size=1.0, side="left"):
    """A mean bone as if it had been fitted, as large as told, a landmark at a place; its shape is as open as usual."""
    model = built_in(bone).of_side(side)
    modes = len(model.deviations)
    state = State(np.zeros(modes), np.eye(3), np.zeros(3), np.log(size), np.zeros((0, 6)), np.eye(3))
    information = np.diag(np.concatenate([POSE_SD**-2, np.ones(modes)]))
    fit = Fit(model, prepared(model.faces, len(model.mean)), (), state, information, 0.3, 0.1)
    name, place = at
    off = np.array(place, float) - state.placed(model, model.landmarks[name][None])[0]
    return replace(fit, state=replace(state, translation=off))


@pytest.fixture(autouse=True)
def unseen(monkeypatch):
    """Bones that were seen in no picture leave nothing unmet."""
    monkeypatch.setattr(module, "residual", lambda mesh, points, views: (0.4, 0.2))


def within(hip, femur):
    """How deep (mm) femur and hip bone lie within each other."""
    pairs = ((hip, femur), (femur, hip))
    return max(-distance_to(one.points, one.model.faces, other.points).min() for one, other in pairs)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("off", "size"), [((0, 0, 0), 1.0), ((2, -3, 3), 1.0), ((0, 0, 0), 1.06)])
def test_a_head_that_is_large_or_off_gets_room(side, off, size):
    hip, femur = (
        standing("hip", ("acetabulum_center", (0, 0, 0)), side=side),
        standing("femur", ("head_center", off * np.array([1 if side == "left" else -1, 1, 1])), size, side),
    )
    assert within(hip, femur) > 1.0
    made = eased(hip, [standing("tibia", ("eminence", (0, 0, -400)), side=side), femur])
    assert within(made, femur) < 0.5
    assert np.linalg.norm(made.points - hip.points, axis=1).mean() < 5.0
    assert np.square(made.state.weights).sum() < 40  # of 142 modes of one standard deviation each
    assert (made.residual_mm, made.unmet) == (0.4, 0.2)


def test_what_has_room_is_another_bone_or_of_the_other_leg_stays():
    hip = standing("hip", ("acetabulum_center", (0, 0, 0)))
    head = ("head_center", (3, 0, 3))
    assert eased(hip, []) is hip
    assert eased(hip, [standing("femur", ("head_center", (60, 0, 0)))]) is hip
    assert eased(hip, [standing("femur", head, side="right")]) is hip
    femur = standing("femur", head)
    assert eased(femur, [hip]) is femur


def test_a_hip_bone_that_stands_wrong_stays():
    hip = standing("hip", ("acetabulum_center", (0, 0, 0)))
    assert eased(hip, [standing("femur", ("head_center", (-25, 0, 0)))]) is hip
