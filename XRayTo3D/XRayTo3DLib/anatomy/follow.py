"""How the places where a bone is measured follow its surface when that is bent a little."""

from __future__ import annotations

import numpy as np

from .measure import Places

_NEAR_MM = 5.0  # how far around a place the surface is asked
_ON_SPHERE = 0.07  # of the radius: what lies no farther off a sphere is of it
_AROUND = 2.2  # times the distance of what is nearest: so far off may lie the ring around a section's middle
_SLIDE = 0.03  # share by which a patch goes with the mean of its points, and not with its normals
_LEAST = 10  # points that tell a sphere


def followed(points: np.ndarray, faces: np.ndarray, places: Places, moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How places move with displacements of a surface's points, to first order.

    Parameters
    ----------
    points : (n, 3) float64 array
        Of the surface on which the places were found (mm).
    faces : (m, 3) int array
    places : Places
    moves : (n, k, 3) float64 array
        So many displacements of each point.

    Returns
    -------
    (p, k, 3) float64 array
        Displacements of `places.points`, in their order.
    (r, k) float64 array
        Changes of `places.radii`, in their order.

    Notes
    -----
    A sphere goes where one of least squares through the moved points does, the middle of a section as the centroid of
    its area does when its outline moves (by the divergence theorem, over a few millimeters of the bone's length), and
    all else with the surface that is nearest.
    """
    normals, shifts, growths = _areas(points, faces), [], {}
    for name, place in places.points.items():
        away = points - place
        distance = np.linalg.norm(away, axis=1)
        if name in places.radii:
            near = np.flatnonzero(np.abs(distance / places.radii[name] - 1) < _ON_SPHERE)
            if len(near) >= _LEAST:
                direction = away[near] / distance[near, None]
                solved = np.linalg.pinv(np.column_stack([direction, np.ones(len(near))]))
                change = solved @ np.einsum("ni,nki->nk", direction, moves[near])
                shifts.append(change[:3].T)
                growths[name] = change[3]
                continue
            growths[name] = np.zeros(moves.shape[1])
        if name in places.axes:
            shifts.append(_section_moves(away, places.axes[name], normals, moves))
            continue
        shifts.append(_patch_moves(distance, normals, moves))
    radii = np.array([growths[name] for name in places.radii]).reshape(len(places.radii), moves.shape[1])
    return np.array(shifts), radii


def _patch_moves(distance: np.ndarray, normals: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Displacements (k, 3) of the surface around a place.

    That of least squares along the normals, since along itself a surface may slide; where they all point one way, the
    mean decides on the rest.
    """
    least = distance.min() ** 2
    weights = np.exp((least - distance**2) / (2 * (_NEAR_MM**2 + least)))
    near = np.flatnonzero(weights > 1e-2)
    area = np.linalg.norm(normals[near], axis=1)
    share = weights[near] * area
    mean = np.einsum("n,nki->ki", share, moves[near]) / share.sum()
    facing = normals[near] / np.maximum(area, 1e-12)[:, None]
    matrix = (facing * share[:, None]).T @ facing + _SLIDE * share.sum() * np.eye(3)
    off = np.einsum("ni,nki->nk", facing, moves[near] - mean)
    return mean + np.linalg.solve(matrix, (facing * share[:, None]).T @ off).T


def _section_moves(away: np.ndarray, axis: np.ndarray, normals: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Displacements (k, 3) of the middle of a section, from the ring of points around it."""
    along = away @ axis
    aside = np.linalg.norm(away - np.outer(along, axis), axis=1)
    least = np.min(aside, where=np.abs(along) < _NEAR_MM, initial=aside.max())
    near = np.flatnonzero((np.abs(along) < 3 * _NEAR_MM) & (aside < _AROUND * least))
    weights = np.exp(-((along[near, None] / _NEAR_MM) ** 2) / 2)
    outwards, moved = away[near] - along[near, None] * axis, moves[near]
    facing = weights * (normals[near] - np.outer(normals[near] @ axis, axis))
    lifted = (weights / weights.sum() * (moved @ axis)).sum(axis=0)  # the section goes along with the bone
    area = np.einsum("ni,ni->", outwards, facing) / 2
    return np.einsum("ni,nj,nkj->ki", outwards, facing, moved, optimize=True) / area + np.outer(lifted, axis)


def _areas(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Area that each point stands for, along its outward normal (n, 3)."""
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], np.cross(b - a, c - a) / 6)
    return normals
