"""Cutting a closed surface by planes, so that it stays closed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import SurfaceError


def trimmed(
    points: np.ndarray, faces: np.ndarray, planes: Sequence[tuple[np.ndarray, float]]
) -> tuple[np.ndarray, np.ndarray]:
    """Cut off what lies behind planes, and close the cuts with flat faces.

    Parameters
    ----------
    points : (n, 3) array
    faces : (m, 3) int array
        Triangles of a closed surface, facing outwards.
    planes : sequence of (normal, offset)
        What has normal @ point >= offset is kept.

    Returns
    -------
    points : (k, 3) float64 array
    faces : (l, 3) int64 array

    Raises
    ------
    SurfaceError
        If the surface is not closed, or nothing is left of it.
    """
    import manifold3d

    solid = manifold3d.Manifold(
        manifold3d.Mesh64(
            vert_properties=np.ascontiguousarray(points, np.float64), tri_verts=np.ascontiguousarray(faces, np.uint64)
        )
    )
    if solid.status() != manifold3d.Error.NoError:
        raise SurfaceError(f"The surface cannot be cut, since it is not closed ({solid.status().name}).")
    for normal, offset in planes:
        solid = solid.trim_by_plane(tuple(map(float, normal)), float(offset))
    if solid.is_empty():
        raise SurfaceError("Nothing is left of the surface: it lies behind the planes that it was to be cut by.")
    mesh = solid.to_mesh64()
    same = np.arange(len(mesh.vert_properties))
    same[np.asarray(mesh.merge_from_vert, np.int64)] = np.asarray(mesh.merge_to_vert, np.int64)
    used, kept = np.unique(same[np.asarray(mesh.tri_verts, np.int64)], return_inverse=True)
    return np.array(mesh.vert_properties[used, :3], np.float64), kept.reshape(-1, 3).astype(np.int64)
