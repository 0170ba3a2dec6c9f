"""A femur of any pose and side is brought back onto the template."""

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from XRayTo3DLib.shape.alignment import align
from XRayTo3DLib.shape.correspondence import Template
from XRayTo3DLib.surface.mesh import area_and_volume


@pytest.mark.parametrize(("seed", "mirrored"), [(0, False), (1, True), (2, True)])
def test_a_turned_femur_of_either_side_is_laid_on_the_template(coarse, seed, mirrored):
    known = np.eye(4)
    known[:3, :3] = Rotation.random(random_state=seed).as_matrix() @ np.diag([-1.0 if mirrored else 1, 1, 1])
    known[:3, 3] = [100, -300, 50 * seed]
    points = coarse.points @ known[:3, :3].T + known[:3, 3]
    faces = coarse.faces[:, ::-1] if mirrored else coarse.faces
    found = align(coarse, points, faces)
    assert found.mirrored == mirrored and not found.symmetric
    assert np.allclose(found.moved(points), coarse.points, atol=0.5)
    assert np.allclose(found.motion @ known, np.eye(4), atol=0.5) and found.off_mm < 1.5
    assert area_and_volume(found.moved(points), found.faces(faces))[1] > 0
    turn = found.motion[:3, :3]
    assert np.allclose(turn @ turn.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(turn) == pytest.approx(-1 if mirrored else 1)


def test_what_is_its_own_mirror_image_has_no_side():
    egg = trimesh.creation.icosphere(3, 1.0)
    points, faces = egg.vertices * [20.0, 30.0, 60.0], np.asarray(egg.faces)
    turned = points * [1.2, 0.9, 1.1] @ Rotation.random(random_state=3).as_matrix().T + 7
    found = align(Template(points, faces), turned, faces)
    assert found.symmetric and not found.mirrored and 1.0 < found.off_mm < 4.0


def test_another_bone_is_farther_off(coarse):
    ball = trimesh.creation.icosphere(3, 60.0)
    assert align(coarse, ball.vertices, np.asarray(ball.faces)).off_mm > 20
