"""The bones of people whose limbs were segmented, each with one mesh for all of them."""

from __future__ import annotations

import os

import numpy as np

from ..errors import SurfaceError
from ..simulate.bones.limbs import read_bones
from ..surface.mesh import area_and_volume

_FILES = {"femur": "femur", "tibia": "tibiafibula", "fibula": "tibiafibula", "patella": "patella", "hip": "pelvis"}


def bones_of_people(folder: str | os.PathLike, bone: str) -> tuple[np.ndarray, np.ndarray]:
    """Read the left one of everybody.

    Parameters
    ----------
    folder : path
        With femur_26_correspondence.npz, and tibiafibula, patella and pelvis likewise.
    bone : {"femur", "tibia", "fibula", "patella", "hip"}

    Returns
    -------
    points : (people, n, 3) float64 array
        LPS, mm, in the limb's place.
    faces : (m, 3) int64 array
        Facing outwards.

    Raises
    ------
    SimulationError
        If a file is missing or damaged.
    SurfaceError
        If it does not hold the bodies that it should.
    """
    meshes = read_bones(folder, _FILES[bone])
    points, faces = np.array([mesh.points for mesh in meshes]), np.asarray(meshes[0].faces, np.int64)
    found = bodies(points, faces)
    wanted = {"tibiafibula": 2, "pelvis": 3}.get(_FILES[bone], 1)
    if len(found) != wanted:
        raise SurfaceError(f"{folder}: {_FILES[bone]} has {len(found)} bodies; it should have {wanted}.")
    if bone == "hip":
        return max(found, key=lambda body: body[0][..., 0].mean())  # x is the patient's left
    found.sort(key=lambda body: area_and_volume(body[0].mean(axis=0), body[1])[1])
    return found[0] if bone == "fibula" else found[-1]


def bodies(points: np.ndarray, faces: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Take surfaces (s, n, 3) with the same triangles apart into what hangs together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = np.concatenate([faces[:, :2], faces[:, 1:]])
    graph = coo_array((np.ones(len(ends), bool), ends.T), shape=(points.shape[1],) * 2)
    count, body = connected_components(graph, directed=False)
    apart = []
    for number in range(count):
        own = body == number
        apart.append((points[:, own], (np.cumsum(own) - 1)[faces[own[faces[:, 0]]]]))
    return apart
