"""Cutting a closed surface by planes, so that it stays closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import SurfaceError

if TYPE_CHECKING:
    from manifold3d import Manifold


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

    solid = solid_of(points, faces)
    if solid.status() != manifold3d.Error.NoError:
        raise SurfaceError(f"The surface cannot be cut, since it is not closed ({solid.status().name}).")
    for normal, offset in planes:
        solid = solid.trim_by_plane(tuple(map(float, normal)), float(offset))
    if solid.is_empty():
        raise SurfaceError("Nothing is left of the surface: it lies behind the planes that it was to be cut by.")
    return triangles_of(solid)


def solid_of(points: np.ndarray, faces: np.ndarray) -> Manifold:
    """Solid inside a surface of points (n, 3) and triangles (m, 3); its `status` says whether it is one."""
    import manifold3d

    return manifold3d.Manifold(
        manifold3d.Mesh64(
            vert_properties=np.ascontiguousarray(points, np.float64), tri_verts=np.ascontiguousarray(faces, np.uint64)
        )
    )


def triangles_of(solid: Manifold) -> tuple[np.ndarray, np.ndarray]:
    """Points (k, 3) float64 and triangles (l, 3) int64 of a solid's surface, with no point twice."""
    mesh = solid.to_mesh64()
    same = np.arange(len(mesh.vert_properties))
    same[np.asarray(mesh.merge_from_vert, np.int64)] = np.asarray(mesh.merge_to_vert, np.int64)
    used, faces = np.unique(same[np.asarray(mesh.tri_verts, np.int64)], return_inverse=True)
    return np.array(mesh.vert_properties[used, :3]), faces.reshape(-1, 3).astype(np.int64)
