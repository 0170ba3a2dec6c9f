"""Cutting by planes: volumes are those of the cut solids, surfaces stay closed, and every point lies in front."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from XRayTo3DLib.errors import SurfaceError
from XRayTo3DLib.shape import built_in
from XRayTo3DLib.surface import area_and_volume, cut_in_two, is_closed, trimmed

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


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.floats(-60, 60))
def test_two_fragments_of_a_bone_are_closed_and_make_the_bone(seed, offset):
    """A femur, cut across its shaft by planes of all slopes up to 60 degrees."""
    rng = np.random.default_rng(seed)
    normal = np.array([*rng.uniform(-1, 1, 2), 1.0])
    points, faces = built_in().mean - built_in().mean.mean(axis=0), built_in().faces
    pieces = cut_in_two(points, faces, normal / np.linalg.norm(normal), offset)
    for sign, (there, triangles) in zip((1, -1), pieces, strict=True):
        mesh = trimesh.Trimesh(there, triangles, process=False)
        assert mesh.is_watertight and mesh.is_winding_consistent and mesh.body_count == 1
        away = sign * (there @ normal / np.linalg.norm(normal) - offset)
        assert np.median(away) > 10 and away.max() > 50
    volumes = [area_and_volume(*each)[1] for each in pieces]
    assert sum(volumes) == pytest.approx(area_and_volume(points, faces)[1], rel=1e-6)


def test_what_a_plane_cuts_off_besides_stays_where_it_hangs():
    """A bow of three bars: the plane cuts off the tips of two of them, of which the longer one is the fragment."""
    bars = [
        trimesh.creation.box(bounds=[[0, 0, 0], [60, 10, 10]]),
        trimesh.creation.box(bounds=[[0, 0, 5], [10, 10, 60]]),
        trimesh.creation.box(bounds=[[50, 0, 5], [60, 10, 40]]),
    ]
    bow = trimesh.boolean.union(bars, engine="manifold")
    front, back = cut_in_two(np.asarray(bow.vertices), np.asarray(bow.faces), np.array([0.0, 0, 1]), 30.0)
    assert area_and_volume(*front)[1] == pytest.approx(10 * 10 * 30)
    assert area_and_volume(*back)[1] == pytest.approx(bow.volume - 10 * 10 * 30)
    assert trimesh.Trimesh(*back).body_count == 1 and is_closed(back[1])


def test_what_cannot_be_cut_in_two():
    with pytest.raises(SurfaceError, match="one side"):
        cut_in_two(POINTS, FACES, np.array([0.0, 0.0, 1.0]), 31.0)
    with pytest.raises(SurfaceError, match="not closed"):
        cut_in_two(POINTS, FACES[1:], np.array([0.0, 0.0, 1.0]), 0.0)
