"""Bodies described by how far a point lies from their surface: negative inside, in mm, near enough outside.

All functions take (n, 3) points and return (n,) numbers in the points' precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .bone import Mesh, mesh_from

_TAPER = 0.7  # mm of thickness on each side that a tube loses for a mm beyond its end
_BLOCK = 4  # grid points along the edge of a block that is passed over if the surface is far away


def ellipsoid(points: np.ndarray, center: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Signed distance to an ellipsoid along the axes, exact to first order at its surface.

    Parameters
    ----------
    points : (n, 3) array
    center : (3,) array
    radii : (3,) array

    Notes
    -----
    With f = |(p - c) / r|, f (f - 1) / |grad f| is the distance near the surface.
    """
    scaled = (points - np.asarray(center, points.dtype)) / np.asarray(radii, points.dtype)
    return _from_scaled(scaled, np.asarray(radii, points.dtype))


def sphere(points: np.ndarray, center: np.ndarray, radius: float) -> np.ndarray:
    """Signed distance to a sphere."""
    away = points - np.asarray(center, points.dtype)
    return np.sqrt(np.einsum("ij,ij->i", away, away)) - points.dtype.type(radius)


def tube(points: np.ndarray, centers: np.ndarray, radii: np.ndarray, beyond: np.ndarray) -> np.ndarray:
    """Signed distance to a tube of elliptic sections, which tapers off beyond its ends.

    Parameters
    ----------
    points : (n, 2) array
        In the plane of the section that each lies in.
    centers, radii : (n, 2) array
        Of that section.
    beyond : (n,) array
        How far the point lies beyond the tube's ends (mm), else 0.
    """
    return _from_scaled((points - centers) / radii, radii) + _TAPER * beyond


def _from_scaled(scaled: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Distance from points in units of the radii of an ellipse or ellipsoid."""
    level = np.sqrt(np.einsum("ij,ij->i", scaled, scaled))
    slope = np.sqrt(np.einsum("ij,ij->i", scaled / radii, scaled / radii))
    # Near the centre the formula's value depends on the direction; no point lies deeper than the least radius.
    deepest = -np.min(np.broadcast_to(radii, scaled.shape), axis=1)
    return np.where(slope > 1e-6, np.maximum(level * (level - 1) / np.maximum(slope, 1e-6), deepest), deepest)


def union(distances: Sequence[np.ndarray], blend: float) -> np.ndarray:
    """Signed distance to bodies that flow into each other.

    Parameters
    ----------
    distances : sequence of (n,) arrays
    blend : float
        Size of the fillets (mm). Where two surfaces meet, the union's lies 0.7 of it further out.
    """
    stacked = np.asarray(distances)
    nearest = stacked.min(axis=0)
    return nearest - blend * np.log(np.exp((nearest - stacked) / blend).sum(axis=0))


def without(distance: np.ndarray, removed: Sequence[np.ndarray], blend: float) -> np.ndarray:
    """Signed distance to a body from which others are taken away, with fillets as for `union`."""
    return -union([-distance, *removed], blend)


def mesh_of(
    field: Callable[[np.ndarray], np.ndarray], low: Sequence[float], high: Sequence[float], step: float
) -> Mesh | None:
    """Closed surface where a signed distance is zero.

    Parameters
    ----------
    field : callable
        From (n, 3) float32 points to (n,) distances, negative inside; it may be wrong by a factor of 2 away
        from the surface.
    low, high : (float, float, float)
        Corners of a box that holds the body.
    step : float
        Spacing of the grid (mm).

    Returns
    -------
    Mesh or None
        Triangles that face outwards; None where there is nothing. The grid is looked at in blocks, and only
        those that the surface may pass through are computed point by point.
    """
    from ...surface import isosurface

    low = np.asarray(low, float)
    blocks = np.ceil((np.asarray(high, float) - low) / (step * _BLOCK)).astype(int) + 1
    # Grids run k, j, i, as isosurface takes them.
    middle = _grid(low + step * (_BLOCK - 1) / 2, step * _BLOCK, blocks)
    coarse = field(middle.astype(np.float32))
    near = np.flatnonzero(np.abs(coarse) < np.sqrt(3) * step * _BLOCK)
    offsets = _grid(np.zeros(3), step, (_BLOCK,) * 3) - step * (_BLOCK - 1) / 2
    fine = np.repeat(coarse[:, None], _BLOCK**3, axis=1).astype(np.float32)
    fine[near] = field((middle[near, None] + offsets).reshape(-1, 3).astype(np.float32)).reshape(len(near), -1)
    k, j, i = blocks[::-1]
    grid = fine.reshape(k, j, i, _BLOCK, _BLOCK, _BLOCK).transpose(0, 3, 1, 4, 2, 5)
    found = mesh_from(isosurface(-grid.reshape(k * _BLOCK, j * _BLOCK, i * _BLOCK), tuple(low), step))
    return found if len(found.faces) else None


def _grid(origin: np.ndarray, step: float, count: Sequence[int]) -> np.ndarray:
    """Points (n, 3) of a grid of count (x, y, z), z the slowest."""
    z, y, x = np.meshgrid(*(origin[axis] + step * np.arange(count[axis]) for axis in (2, 1, 0)), indexing="ij")
    return np.stack([x, y, z], axis=-1).reshape(-1, 3)
