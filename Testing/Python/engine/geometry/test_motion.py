"""A part of a rigid motion."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from XRayTo3DLib.geometry.motion import part_of_motion


@pytest.fixture
def motion():
    """A turn of 40 degrees about a slanting axis, and a shift."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(np.radians(40) * np.array([2, -1, 2]) / 3).as_matrix()
    matrix[:3, 3] = 5, -12, 30
    return matrix


CENTER = np.array([300.0, -80.0, 500.0])


def test_the_ends_are_nothing_and_all_of_it(motion):
    np.testing.assert_allclose(part_of_motion(motion, 0.0, CENTER), np.eye(4), atol=1e-9)
    np.testing.assert_allclose(part_of_motion(motion, 1.0, CENTER), motion, atol=1e-9)


def test_it_turns_about_its_axis_and_its_center_goes_straight(motion):
    for share in (0.25, 0.5, 0.9):
        found = part_of_motion(motion, share, CENTER)
        turn = Rotation.from_matrix(found[:3, :3]).as_rotvec()
        np.testing.assert_allclose(turn, share * Rotation.from_matrix(motion[:3, :3]).as_rotvec(), atol=1e-9)
        there, end = (each[:3, :3] @ CENTER + each[:3, 3] for each in (found, motion))
        np.testing.assert_allclose(there, CENTER + share * (end - CENTER), atol=1e-9)
