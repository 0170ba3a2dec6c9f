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
    solid = _closed(points, faces)
    for normal, offset in planes:
        solid = solid.trim_by_plane(tuple(map(float, normal)), float(offset))
    if solid.is_empty():
        raise SurfaceError("Nothing is left of the surface: it lies behind the planes that it was to be cut by.")
    return triangles_of(solid)


def cut_in_two(
    points: np.ndarray, faces: np.ndarray, normal: np.ndarray, offset: float
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Cut a surface by a plane into two closed ones, which together enclose what it did.

    Parameters
    ----------
    points : (n, 3) array
    faces : (m, 3) int array
        Triangles of a closed surface, facing outwards.
    normal, offset : (3,) array and float
        Of the plane: normal @ point = offset.

    Returns
    -------
    (points, faces), (points, faces)
        In front of the plane and behind it, each in one piece. What of a bent surface the plane cuts off besides stays
        with the piece that it hangs on.

    Raises
    ------
    SurfaceError
        If the surface is not closed, or all of it lies on one side.
    """
    sides = _closed(points, faces).split_by_plane(tuple(map(float, normal)), float(offset))
    if any(side.is_empty() for side in sides):
        raise SurfaceError("The surface is not cut in two: all of it lies on one side of the plane.")
    (front, *before), (back, *behind) = (sorted(side.decompose(), key=lambda part: -part.volume()) for side in sides)
    for part in before:
        back = back + part
    for part in behind:
        front = front + part
    return triangles_of(front), triangles_of(back)


def _closed(points: np.ndarray, faces: np.ndarray) -> Manifold:
    """Solid inside a surface; an error where it is not closed."""
    import manifold3d

    solid = solid_of(points, faces)
    if solid.status() != manifold3d.Error.NoError:
        raise SurfaceError(f"The surface cannot be cut, since it is not closed ({solid.status().name}).")
    return solid


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
