"""Plane sections of closed triangle surfaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Section:
    """Where a plane cuts a closed surface: one entry a loop, the largest first.

    Attributes
    ----------
    areas : (k,) float64 array
        Enclosed by each loop (mm^2); negative for a hole.
    centroids : (k, 3) float64 array
        Of those areas (mm).
    """

    areas: np.ndarray
    centroids: np.ndarray


def section(points: np.ndarray, faces: np.ndarray, through: np.ndarray, normal: np.ndarray) -> Section:
    """Cut a closed surface with a plane.

    Parameters
    ----------
    points : (n, 3) float array
    faces : (m, 3) int array
        Outward. A part of a closed surface will do where the plane cuts whole loops of it.
    through : (3,) array
        A point of the plane (mm).
    normal : (3,) array
        Unit vector.

    Returns
    -------
    Section
        Empty where the plane misses the surface.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    through = np.asarray(through, float)
    height = (points - through) @ normal
    above = height >= 0  # a corner in the plane counts as above: no triangle lies in the plane
    first, second, third = (above[faces[:, i]] for i in range(3))
    cut = (first != second) | (first != third)
    if not cut.any():
        return Section(np.empty(0), np.empty((0, 3)))
    triangles = faces[cut]
    above = above[triangles]
    count = above.sum(axis=1)
    alone = np.where(count == 1, above.argmax(axis=1), above.argmin(axis=1))  # the corner on its own side
    rows = np.arange(len(triangles))
    a, b, c = (triangles[rows, (alone + turn) % 3] for turn in range(3))
    ends = np.stack([a, b], axis=1), np.stack([a, c], axis=1)
    start, stop = (_crossing(points, height, end) - through for end in ends)
    turned = (count == 2)[:, None]
    start, stop = np.where(turned, stop, start), np.where(turned, start, stop)

    keys = np.concatenate([np.sort(end, axis=1) @ np.array([len(points), 1]) for end in ends])
    _, edge = np.unique(keys, return_inverse=True)
    links = coo_array((np.ones(len(rows)), edge.reshape(2, -1)), shape=(edge.max() + 1,) * 2)
    loops, loop = connected_components(links, directed=False)
    loop = loop[edge[: len(rows)]]

    share = np.cross(start, stop) @ normal / 2  # of the area, by Green's theorem
    areas = np.bincount(loop, share, loops)
    moments = np.stack([np.bincount(loop, share * (start + stop)[:, i] / 3, loops) for i in range(3)], axis=1)
    real = np.abs(areas) > 1e-9
    areas, moments = areas[real], moments[real]
    order = np.argsort(-areas, kind="stable")
    return Section(areas[order], (moments / areas[:, None])[order] + through)


def _crossing(points: np.ndarray, height: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Where edges (k, 2) pass through height zero, (k, 3)."""
    low, high = height[edges[:, 0]], height[edges[:, 1]]
    share = (low / (low - high))[:, None]
    return points[edges[:, 0]] * (1 - share) + points[edges[:, 1]] * share
