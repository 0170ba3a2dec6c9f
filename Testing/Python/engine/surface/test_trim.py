"""Cutting by planes: volumes are those of the cut solids, surfaces stay closed, and every point lies in front."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from XRayTo3DLib.errors import SurfaceError
from XRayTo3DLib.surface import area_and_volume, is_closed
from XRayTo3DLib.surface.trim import trimmed

BALL = trimesh.creation.icosphere(4, 30.0)
POINTS, FACES = np.asarray(BALL.vertices), np.asarray(BALL.faces)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-25, 25))
def test_a_cap_of_a_ball(seed, offset):
    """pi h^2 (3 r - h) / 3, whatever its direction; what is left and what was cut off make the ball."""
    normal = np.random.default_rng(seed).standard_normal(3)
    normal /= np.linalg.norm(normal)
    kept, cut = (trimmed(POINTS, FACES, [(sign * normal, sign * offset)]) for sign in (1, -1))
    height = 30 - offset
    volumes = [area_and_volume(*each)[1] for each in (kept, cut)]
    assert volumes[0] == pytest.approx(np.pi * height**2 * (90 - height) / 3, rel=0.02, abs=5)
    assert sum(volumes) == pytest.approx(BALL.volume, rel=1e-6)
    assert is_closed(kept[1]) and (kept[0] @ normal >= offset - 1e-6).all()


def test_two_planes_leave_a_slice():
    up = np.array([0.0, 0.0, 1.0])
    points, faces = trimmed(POINTS, FACES, [(up, -5.0), (-up, -5.0)])
    assert np.ptp(points[:, 2]) == pytest.approx(10, abs=1e-6) and is_closed(faces)


def test_what_cannot_be_cut():
    with pytest.raises(SurfaceError, match="not closed"):
        trimmed(POINTS, FACES[1:], [(np.array([0.0, 0.0, 1.0]), 0.0)])
    with pytest.raises(SurfaceError, match="Nothing is left"):
        trimmed(POINTS, FACES, [(np.array([0.0, 0.0, 1.0]), 31.0)])
