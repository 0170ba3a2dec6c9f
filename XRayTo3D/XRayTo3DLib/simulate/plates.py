"""Bodies of balls, and of what a ball sweeps as it goes over a triangle from one to others and changes its size."""

from __future__ import annotations

import numpy as np

_NEAR_MM = 9.0  # farther from a plate's box than this, the plate does not count
_FAR_MM = 100.0


def plates(points: np.ndarray, balls: np.ndarray, corners: np.ndarray, blend: float) -> np.ndarray:
    """Signed distance (mm) to plates that flow into each other, negative inside; near enough for slender ones.

    Parameters
    ----------
    points : (n, 3) array
    balls : (b, 4) array
        Centre and radius (mm) of each.
    corners : (t, 3) int array
        The balls at each plate's corners; a ball named twice makes a rod of the plate.
    blend : float
        Size of the fillets (mm).

    Returns
    -------
    (n,) array
        100 where no plate is near.

    References
    ----------
    J.-M. Thiery, E. Guy, T. Boubekeur, "Sphere-meshes: shape approximation using spherical quadric error
    metrics", ACM Transactions on Graphics 32, 2013.
    """
    balls = np.asarray(balls, points.dtype)
    total = np.zeros(len(points), points.dtype)
    for plate in corners:
        ball = balls[plate]
        reach = ball[:, 3:] + _NEAR_MM
        low, high = (ball[:, :3] - reach).min(axis=0), (ball[:, :3] + reach).max(axis=0)
        near = np.flatnonzero(((points > low) & (points < high)).all(axis=1))
        if len(near) == 0:
            continue
        share = nearest(points[near], ball[:, :3])
        away = points[near] - share @ ball[:, :3]
        total[near] += np.exp((share @ ball[:, 3] - np.sqrt(np.einsum("ij,ij->i", away, away))) / blend)
    with np.errstate(divide="ignore"):
        return np.minimum(-blend * np.log(total), _FAR_MM).astype(points.dtype)


def nearest(points: np.ndarray, triangle: np.ndarray) -> np.ndarray:
    """Barycentric coordinates (n, 3) of the point of a triangle (3, 3) that is nearest to each point (n, 3)."""
    best = np.full(len(points), np.inf, points.dtype)
    share = np.zeros((len(points), 3), points.dtype)
    for first, second in ((0, 1), (1, 2), (2, 0)):
        edge = triangle[second] - triangle[first]
        away = points - triangle[first]
        along = np.clip(away @ edge / max(float(edge @ edge), 1e-9), 0, 1)
        off = away - along[:, None] * edge
        distance = np.einsum("ij,ij->i", off, off)
        closer = distance < best
        best[closer] = distance[closer]
        share[closer] = 0
        share[closer, first], share[closer, second] = 1 - along[closer], along[closer]
    a, b = triangle[1] - triangle[0], triangle[2] - triangle[0]
    normal = np.cross(a, b)
    size = float(normal @ normal)
    if size < 1e-6:  # a rod
        return share
    away = points - triangle[0]
    second = np.cross(away, b) @ normal / size
    third = np.cross(a, away) @ normal / size
    inside = (second >= 0) & (third >= 0) & (second + third <= 1)
    share[inside] = np.column_stack([1 - second - third, second, third])[inside]
    return share
