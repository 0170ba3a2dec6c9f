"""Bodies made of plates: of what a ball sweeps that goes over a triangle and changes its size on the way."""

from __future__ import annotations

import numpy as np

from .bone import Mesh, mesh_from

_NEAR_MM = 9.0  # a plate does not count farther away than this


def body(balls: np.ndarray, plates: np.ndarray, blend_mm: float, step_mm: float, hole_mm: float = 0.0) -> Mesh:
    """Surface of plates that flow into each other.

    Parameters
    ----------
    balls : (b, 4) array
        Centre and radius (mm) of each.
    plates : (p, 3) int array
        The balls at each plate's corners; a ball named twice makes a rod of the plate.
    blend_mm : float
        Size of the fillets.
    step_mm : float
        Spacing of the grid the surface is made on.
    hole_mm : float
        Radius of a ball round the origin that is taken away.

    Returns
    -------
    Mesh
        Closed, outward.

    References
    ----------
    J.-M. Thiery, E. Guy, T. Boubekeur, "Sphere-meshes: shape approximation using spherical quadric error
    metrics", ACM Transactions on Graphics 32, 2013.
    """
    from ...surface import isosurface

    balls = np.asarray(balls, np.float32)
    reach = balls[:, 3:] + _NEAR_MM
    low = (balls[:, :3] - reach).min(axis=0)
    count = np.ceil(((balls[:, :3] + reach).max(axis=0) - low) / step_mm).astype(int) + 1
    total = np.zeros(count[::-1], np.float32)
    axes = [low[axis] + np.float32(step_mm) * np.arange(count[axis], dtype=np.float32) for axis in range(3)]
    for plate in plates:
        # Only the grid's points in the plate's box.
        first = np.ceil(((balls[plate, :3] - reach[plate]).min(axis=0) - low) / step_mm).astype(int)
        last = (((balls[plate, :3] + reach[plate]).max(axis=0) - low) / step_mm).astype(int) + 1
        box = tuple(slice(first[axis], last[axis]) for axis in (2, 1, 0))
        z, y, x = np.meshgrid(*(axes[axis][box[2 - axis]] for axis in (2, 1, 0)), indexing="ij")
        inside = -distance(np.column_stack([x.ravel(), y.ravel(), z.ravel()]), balls[plate])
        total[box] += np.exp(inside / np.float32(blend_mm)).reshape(x.shape)
    field = blend_mm * np.log(np.maximum(total, np.float32(np.exp(-_NEAR_MM / blend_mm))))
    if hole_mm:
        z, y, x = np.meshgrid(*axes[::-1], indexing="ij", sparse=True)
        field = np.minimum(field, np.sqrt(x * x + y * y + z * z) - hole_mm)
    return mesh_from(isosurface(field, tuple(low), step_mm))


def distance(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Signed distance (n,) of points (n, 3) to a plate of three balls (3, 4), near enough if sizes change slowly."""
    if (corners == corners[0]).all():  # a ball
        away = points - corners[0, :3]
        return np.sqrt(np.einsum("ij,ij->i", away, away)) - corners[0, 3]
    share = nearest(points, corners[:, :3])
    away = points - share @ corners[:, :3]
    return np.sqrt(np.einsum("ij,ij->i", away, away)) - share @ corners[:, 3]


def nearest(points: np.ndarray, triangle: np.ndarray) -> np.ndarray:
    """Barycentric coordinates (n, 3) of the point of a triangle (3, 3) that is nearest to each point (n, 3)."""
    best = np.full(len(points), np.inf, points.dtype)
    share = np.zeros((len(points), 3), points.dtype)
    for first, second in ((0, 1), (1, 2), (2, 0)):
        edge = triangle[second] - triangle[first]
        away = points - triangle[first]
        along = np.clip(away @ edge / max(float(edge @ edge), 1e-9), 0, 1)
        off = away - along[:, None] * edge
        squared = np.einsum("ij,ij->i", off, off)
        closer = np.flatnonzero(squared < best)
        best[closer] = squared[closer]
        share[closer] = 0
        share[closer, second] = along[closer]
        share[closer, first] += 1 - along[closer]
    a, b = triangle[1] - triangle[0], triangle[2] - triangle[0]
    normal = np.cross(a, b)
    size = float(normal @ normal)
    if size < 1e-6:  # a rod or a ball
        return share
    away = points - triangle[0]
    second, third = away @ np.cross(b, normal) / size, away @ np.cross(normal, a) / size
    inside = np.flatnonzero((second >= 0) & (third >= 0) & (second + third <= 1))
    share[inside] = np.column_stack([1 - second - third, second, third])[inside]
    return share
