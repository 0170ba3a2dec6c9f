"""Callus of a broken tube: closed clouds round the break, outside the fragments and apart from each other."""

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.simulate.bones.bone import USUAL_FEMUR_MM, Bone, Mesh
from XRayTo3DLib.simulate.bones.callus import callus
from XRayTo3DLib.simulate.bones.fracture import Fracture, break_bone, manifold_of
from XRayTo3DLib.simulate.bones.piece import Piece, whole

LENGTH, RADIUS, PLACE = USUAL_FEMUR_MM, 12.0, 0.4
FARTHEST, THICKEST = 40.0, 11.0 * 1.1  # of a bone of that length (mm)
ROUNDED = 12.0  # that balls which flow into each other, and the grid, add


@pytest.fixture(scope="module")
def fragments():
    shape = trimesh.creation.cylinder(RADIUS, LENGTH, sections=32).subdivide_to_size(16.0)
    bone = Bone(Mesh(np.array(shape.vertices, float), np.array(shape.faces, np.int64)))
    return [Piece(part, whole(bone).along) for part in break_bone(bone, Fracture(place=1 - PLACE))]


@pytest.mark.parametrize("seed", range(2))
def test_clouds_lie_round_the_break_and_nowhere_else(fragments, seed):
    clouds = callus(fragments, PLACE, LENGTH, np.random.default_rng(seed))
    assert len(clouds) == 2
    solids = [manifold_of(cloud, "a cloud") for cloud in clouds]
    bones = [manifold_of(piece.bone.outer, "a fragment") for piece in fragments]
    for cloud, solid in zip(clouds, solids, strict=True):
        assert solid.volume() > 0
        assert all((solid ^ bone).volume() < 1e-3 * solid.volume() for bone in bones)
        away = np.abs(fragments[0].heights(cloud.points) - PLACE) * LENGTH
        assert away.max() < FARTHEST + THICKEST + ROUNDED and away.min() < THICKEST + ROUNDED
        assert np.linalg.norm(cloud.points[:, :2], axis=1).max() < RADIUS + THICKEST + ROUNDED
    assert (solids[0] ^ solids[1]).volume() < 1e-3 * solids[0].volume()
