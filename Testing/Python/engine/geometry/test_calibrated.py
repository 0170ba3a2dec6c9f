"""Cameras of projection matrices: they project alike, meet where they look, and stand to the patient as said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.geometry.calibrated import camera_from_projection, met, standing
from XRayTo3DLib.geometry.stand import Stand

SHAPE = (400, 300)
PLACE = np.array([120.0, -40.0, 700.0])


SEEDS = st.integers(0, 10**6)


def matrix(seed, number=0, place=PLACE, look=(150.0, 200.0), skew=0.0):
    """A random camera of some that stand round a place and see it at a pixel, its principal point anywhere."""
    rng, distance = np.random.default_rng([seed, number]), 1200.0 + 50 * number
    turn = Rotation.from_euler("yx", (50 * number, 20 * number), degrees=True)
    rotation = (turn * Rotation.random(random_state=seed)).as_matrix()
    fx, fy = rng.uniform(3000, 9000, 2)
    inner = np.array([[fx, skew * fx, rng.uniform(-100, 400)], [0, fy, rng.uniform(0, 500)], [0, 0, 1]])
    ray = np.linalg.solve(inner, [*look, 1.0])
    return inner @ np.column_stack([rotation, distance * ray - rotation @ place])


def shadows(projection, points):
    pixel = np.column_stack([points, np.ones(len(points))]) @ projection.T
    return pixel[:, :2] / pixel[:, 2:]


@given(SEEDS, st.floats(-10, 10).filter(lambda factor: abs(factor) > 1e-3))
def test_a_matrix_and_its_camera_project_alike(seed, factor):
    """Whatever the matrix's factor: it means nothing."""
    projection = matrix(seed)
    camera = camera_from_projection(factor * projection, SHAPE)
    points = PLACE + np.random.default_rng(seed).uniform(-80, 80, (20, 3))
    assert camera.project(points)[0] == pytest.approx(shadows(projection, points), abs=1e-4)
    assert camera.projection / camera.projection[2, 3] == pytest.approx(
        projection / projection[2, 3], rel=1e-6, abs=1e-9
    )


@given(SEEDS, st.sampled_from([1, -1]), st.booleans())
def test_cameras_meet_where_they_look_and_go_on_to_project_alike(seed, sign, mirrored):
    """In front of all of them, though a matrix may say that it is behind, or show a mirrored picture."""
    flip = np.array([[-1.0, 0, 299], [0, 1, 0], [0, 0, 1]]) if mirrored else np.eye(3)
    looks = [np.array([150.0, 200.0]), np.array([140.0, 210.0]), np.array([160.0, 190.0])]
    matrices = [sign * matrix(seed, number, look=look) for number, look in enumerate(looks)]
    matrices[1] = flip @ matrices[1]
    looks[1] = (flip @ [*looks[1], 1])[:2]
    found = met([camera_from_projection(each, SHAPE) for each in matrices], looks)
    points = np.random.default_rng(seed).uniform(-80, 80, (20, 3))
    for camera, projection in zip(found, matrices, strict=True):
        pixel, distance = camera.project(points)
        assert pixel == pytest.approx(shadows(projection, points + PLACE), abs=1e-3)
        assert (distance > 0).all() and camera.sod_mm == camera.sid_mm
        assert camera.project(np.zeros((1, 3)))[1] == pytest.approx([camera.sod_mm])
    assert np.sign(np.linalg.det(found[1].from_lps[:3, :3])) == (1 if mirrored else -1)


@given(SEEDS, st.sampled_from([Stand(0), Stand(0, True), Stand(90), Stand(-30)]))
def test_the_patient_is_turned_the_cameras_stay_among_themselves(seed, stand):
    world = met([camera_from_projection(matrix(seed, number), SHAPE) for number in range(3)], [[150, 200]] * 3)
    stood = standing(world, stand)
    said = stand.camera(np.zeros(3), SHAPE, (1.0, 1.0), 1200.0, 1200.0)
    toward, expected = stood[0].from_lps[2, :3], said.from_lps[2, :3]
    assert toward == pytest.approx(expected, abs=1e-9)  # the source
    assert stood[0].from_lps[1, :3] == pytest.approx(said.from_lps[1, :3], abs=1e-9)  # down the rows
    for one, other in zip(world, stood, strict=True):
        moved = np.linalg.inv(stood[0].from_lps) @ world[0].from_lps
        assert np.linalg.det(moved[:3, :3]) == pytest.approx(1)  # nobody is mirrored
        assert other.from_lps @ moved == pytest.approx(one.from_lps, abs=1e-6)


def test_cameras_that_look_elsewhere_are_refused():
    one, other = (camera_from_projection(matrix(1, number), SHAPE) for number in range(2))
    beside = np.cross(one.from_lps[2, :3], other.from_lps[2, :3])
    cameras = [one, camera_from_projection(matrix(1, 1, place=PLACE + 200 * beside), SHAPE)]
    with pytest.raises(ReconstructionError, match=r"do not see the same place.*of view \d, outside"):
        met(cameras, [[150, 200]] * 2)


@pytest.mark.parametrize(
    ("projection", "words"),
    [
        (np.eye(3), "no projection matrix"),
        (np.zeros((3, 4)), "no projection matrix"),
        (np.full((3, 4), np.nan), "no projection matrix"),
        (matrix(3, skew=0.02), "slanted axes"),
    ],
)
def test_what_is_no_camera_is_refused(projection, words):
    with pytest.raises(ReconstructionError, match=words):
        camera_from_projection(projection, SHAPE)


def test_a_calibrations_noise_is_no_slant():
    camera = camera_from_projection(matrix(3, skew=0.002), SHAPE)
    points = PLACE + np.random.default_rng(0).uniform(-30, 30, (20, 3))
    assert np.abs(camera.project(points)[0] - shadows(matrix(3, skew=0.002), points)).max() < 2
