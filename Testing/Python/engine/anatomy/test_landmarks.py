"""Landmarks lie where anatomy says, on every bone of the built-in models, and move with the bone."""

import numpy as np
import pytest

from XRayTo3DLib.anatomy.landmarks import bone_landmarks
from XRayTo3DLib.errors import SurfaceError
from XRayTo3DLib.shape import BUILT_IN_BONES, built_in
from XRayTo3DLib.surface import distance_to

LEFT, BACK, UP = np.eye(3)
INSIDE = {"plateau", "center", "shaft", "condyle"}  # places that are middles of something


@pytest.fixture(params=BUILT_IN_BONES)
def bone(request):
    return request.param


def found_on(bone, weights=()):
    model = built_in(bone)
    return bone_landmarks(bone, model.surface(np.array(weights)) if len(weights) else model.mean, model.faces)


def test_places_on_a_tibia():
    at = found_on("tibia")
    assert at["lateral_plateau"] @ LEFT > at["eminence"] @ LEFT > at["medial_plateau"] @ LEFT
    assert at["eminence"] @ UP > max(at["medial_plateau"] @ UP, at["lateral_plateau"] @ UP)
    assert at["tuberosity"] @ BACK < at["medial_plateau"] @ BACK - 10
    assert 20 < (at["eminence"] - at["tuberosity"]) @ UP < 60
    assert at["medial_malleolus"] @ LEFT < at["plafond_center"] @ LEFT
    assert 5 < (at["plafond_center"] - at["medial_malleolus"]) @ UP < 25


def test_places_on_a_fibula_and_a_patella():
    fibula, patella = found_on("fibula"), found_on("patella")
    assert 300 < (fibula["head_tip"] - fibula["lateral_malleolus"]) @ UP < 450
    assert 30 < (patella["base"] - patella["apex"]) @ UP < 55
    assert patella["articular_center"] @ BACK > patella["apex"] @ BACK
    assert patella["apex"] @ UP < patella["articular_center"] @ UP < patella["base"] @ UP


def test_places_on_a_hip_bone():
    at = found_on("hip")
    cup = at["acetabulum_center"]
    assert at["asis"] @ UP > cup @ UP + 35 and at["asis"] @ BACK < cup @ BACK - 40
    assert at["psis"] @ UP > cup @ UP + 60 and at["psis"] @ BACK > cup @ BACK + 50
    assert at["symphysis"] @ LEFT < cup @ LEFT - 60 and at["symphysis"] @ UP < cup @ UP
    assert at["ischial_tuberosity"] @ UP < cup @ UP - 40 and at["ischial_tuberosity"] @ BACK > at["symphysis"] @ BACK
    model = built_in("hip")
    near = np.linalg.norm(model.mean - cup, axis=1)
    assert (np.abs(near - 26) < 6).sum() > 100  # the socket is a sphere about it


def test_the_models_landmarks_are_those_of_its_mean(bone):
    model, found = built_in(bone), found_on(bone)
    assert model.landmarks.keys() == found.keys()
    assert all(np.linalg.norm(at - found[name]) < 4 for name, at in model.landmarks.items())


def test_they_move_with_the_first_mode(bone):
    """Where the modes say that they go, they are found again."""
    model = built_in(bone)
    for far in (-1.5, 1.5):
        told, found = model.landmarks_at(np.array([far])), found_on(bone, [far])
        away = [np.linalg.norm(told[name] - found[name]) for name in told]
        assert np.mean(away) < 4, dict(zip(told, np.round(away, 1), strict=True))


def test_they_do_not_hang_on_where_the_bone_stands(bone):
    model, shift = built_in(bone), np.array([40.0, -70.0, 900.0])
    moved = bone_landmarks(bone, model.mean + shift, model.faces)
    assert all(np.allclose(moved[name] - shift, at, atol=0.05) for name, at in found_on(bone).items())


def test_tips_lie_on_the_surface(bone):
    model = built_in(bone)
    tips = [at for name, at in found_on(bone).items() if not any(word in name for word in INSIDE)]
    assert not tips or np.abs(distance_to(model.mean, model.faces, np.array(tips))).max() < 3


def test_other_bones_have_none():
    with pytest.raises(SurfaceError, match="'scapula'; landmarks are known of femur, tibia, fibula, patella, hip"):
        bone_landmarks("scapula", np.zeros((4, 3)), np.zeros((4, 3), int))


def test_half_a_hip_bone_has_no_socket():
    model = built_in("hip")
    ball = (
        60
        * (model.mean - model.mean.mean(axis=0))
        / np.linalg.norm(model.mean - model.mean.mean(axis=0), axis=1, keepdims=True)
    )
    with pytest.raises(SurfaceError, match="hip bone"):
        bone_landmarks("hip", ball, model.faces)
