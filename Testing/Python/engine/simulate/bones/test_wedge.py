"""A wedge of a broken tube: nothing is lost, nothing is added, and it lies beside the break."""

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.simulate.bones.bone import USUAL_FEMUR_MM, Bone, Mesh
from XRayTo3DLib.simulate.bones.fracture import Fracture, break_bone, break_frame, displacement, manifold_of
from XRayTo3DLib.simulate.bones.wedge import with_wedge

LENGTH, RADIUS, MARROW = USUAL_FEMUR_MM, 12.0, 7.0
BREAK = Fracture(place=0.4, shift_mm=(6.0, 0.0, 15.0), turn_deg=(10.0, 0.0, 0.0))
FARTHEST = 2.6 * RADIUS / np.tan(np.radians(14)) + 20  # what tapers most, and where it moves to (mm)


def tube(radius, length):
    shape = trimesh.creation.cylinder(radius, length, sections=32).subdivide_to_size(16.0)
    return Mesh(np.array(shape.vertices, float), np.array(shape.faces, np.int64))


@pytest.fixture(scope="module")
def broken():
    """Both fragments, and from the break's frame to each."""
    bone = Bone(tube(RADIUS, LENGTH), tube(MARROW, LENGTH - 10))
    frame = break_frame(bone.outer, BREAK.place)
    return list(zip(break_bone(bone, BREAK), (frame, displacement(frame, BREAK) @ frame), (True, False), strict=True))


def volumes(bone):
    return np.array([manifold_of(mesh, "a surface").volume() for mesh in (bone.outer, bone.inner)])


@pytest.mark.parametrize("which", range(2))
def test_a_wedge_keeps_what_it_is_made_of_and_lies_beside_the_break(broken, which):
    fragment, frame, up = broken[which]
    came_off = 0
    for seed in range(8):
        made = with_wedge(fragment, frame, up, np.random.default_rng(seed))
        assert np.allclose(volumes(made), volumes(fragment), rtol=1e-3)
        parts = trimesh.Trimesh(made.outer.points, made.outer.faces, process=False).split(only_watertight=False)
        assert len(parts) in (1, 2) and all(part.is_watertight for part in parts)
        if len(parts) == 2:
            came_off += 1
            wedge = min(parts, key=lambda part: part.volume)
            assert 0.003 <= wedge.volume / volumes(fragment)[0] <= 0.2
            assert np.linalg.norm(wedge.centroid - frame[:3, 3]) < FARTHEST
        else:
            assert made is fragment
    assert came_off >= 4


def test_a_seed_gives_the_same_wedge_again(broken):
    fragment, frame, up = broken[0]
    one, again = (with_wedge(fragment, frame, up, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one.outer.points, again.outer.points)
