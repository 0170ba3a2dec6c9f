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
    """Cut a closed surface with the plane through a point: see `sections`.

    Parameters
    ----------
    points : (n, 3) float array
    faces : (m, 3) int array
    through : (3,) array
        A point of the plane (mm).
    normal : (3,) array
        Unit vector.
    """
    return sections(points, faces, np.array([np.dot(through, normal)]), normal)[0]


def sections(points: np.ndarray, faces: np.ndarray, levels: np.ndarray, normal: np.ndarray) -> list[Section]:
    """Cut a closed surface with parallel planes.

    Parameters
    ----------
    points : (n, 3) float array
    faces : (m, 3) int array
        Outward. A part of a closed surface will do where the planes cut whole loops of it.
    levels : (k,) array
        Where each plane lies along the normal (mm).
    normal : (3,) array
        Unit vector.

    Returns
    -------
    list of Section
        One a plane; empty where it misses the surface.
    """
    middle = points.mean(axis=0)
    points, levels = points - middle, np.asarray(levels, float) - middle @ normal
    height = points @ normal
    corners = height[faces]
    # A corner in the plane counts as above: no triangle lies in the plane.
    plane, cut = np.nonzero((corners.min(axis=1) < levels[:, None]) & (corners.max(axis=1) >= levels[:, None]))
    if not len(cut):
        return [Section(np.empty(0), np.empty((0, 3)))] * len(levels)
    triangles, level = faces[cut], levels[plane]
    above = corners[cut] >= level[:, None]
    count = above.sum(axis=1)
    alone = np.where(count == 1, above.argmax(axis=1), above.argmin(axis=1))  # the corner on its own side
    rows = np.arange(len(cut))
    a, b, c = (triangles[rows, (alone + turn) % 3] for turn in range(3))
    b, c = np.where(count == 2, c, b), np.where(count == 2, b, c)
    start, stop = (_crossing(points, height, a, other, level) for other in (b, c))

    first, last = (np.minimum(a, other) * len(points) + np.maximum(a, other) for other in (b, c))
    loop, begins = _loops(first + plane * len(points) ** 2, last + plane * len(points) ** 2)
    share = np.cross(start, stop) @ normal / 2  # of the area, by Green's theorem
    areas = np.bincount(loop, share)
    moments = np.stack([np.bincount(loop, share * (start + stop)[:, i] / 3) for i in range(3)], axis=1)
    real = np.abs(areas) > 1e-9
    areas, moments, of = areas[real], moments[real], plane[begins][real]
    order = np.argsort(-areas, kind="stable")
    areas, of = areas[order], of[order]
    # Of the triangles whose areas are summed, the third corner is the plane's own point above or below the middle.
    centers = moments[order] / areas[:, None] + levels[of, None] * normal / 3 + middle
    return [Section(areas[of == each], centers[of == each]) for each in range(len(levels))]


def _crossing(points: np.ndarray, height: np.ndarray, a: np.ndarray, b: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Where edges from `a` to `b` (k,) pass through levels (k,), (k, 3)."""
    share = ((level - height[a]) / (height[b] - height[a]))[:, None]
    return points[a] * (1 - share) + points[b] * share


def _loops(start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number (k,) of the loop that each piece of a cut is on, and the first piece of each loop.

    Pieces (k,) begin and end on edges, which are given by numbers.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges, edge = np.unique(np.concatenate([start, stop]), return_inverse=True)
    ends = edge.reshape(2, -1)
    links = coo_array((np.ones(len(start)), ends), shape=(len(edges),) * 2)
    of_edge = connected_components(links, directed=False)[1]
    _, begins, loop = np.unique(of_edge[ends[0]], return_index=True, return_inverse=True)
    return loop, begins


def gaps(points: np.ndarray, faces: np.ndarray, places: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """How far a closed surface is from places outside it, back and forth along lines through them.

    Parameters
    ----------
    points : (n, 3) float array
    faces : (m, 3) int array
        Those of a closed surface that the lines may meet.
    places : (k, 3) array
    direction : (3,) array
        Unit vector.

    Returns
    -------
    (k, 2) float64 array
        A negative and a positive distance (mm); NaN where a place lies inside, or open to one side.
    """
    first, second = np.linalg.svd(direction[None])[2][1:]
    flat, height = points @ np.stack([first, second], axis=1), points @ direction
    found = np.full((len(places), 2), np.nan)
    for row, place in enumerate(places):
        a, b, c = ((flat - [place @ first, place @ second])[faces[:, corner]] for corner in range(3))
        shares = np.stack([p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0] for p, q in ((b, c), (c, a), (a, b))], axis=1)
        met = (shares > 0).all(axis=1) | (shares < 0).all(axis=1)
        away = (shares[met] * height[faces[met]]).sum(axis=1) / shares[met].sum(axis=1) - place @ direction
        before, after = away[away < 0], away[away > 0]
        if len(before) and len(after) and len(after) % 2 == 0:  # a line leaves a body as often as it enters it
            found[row] = before.max(), after.min()
    return found
