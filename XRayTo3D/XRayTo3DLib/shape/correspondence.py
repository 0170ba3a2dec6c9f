"""The same points on every bone: a template bent onto a surface, coarse to fine."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from ..surface.mesh import area_and_volume
from .silhouette import Mesh, prepared

_SAMPLES = 20_000  # on a surface: one for each 3 mm^2 of a femur's
_TURNED_MM = 6.0  # how far off a point with a normal at right angles would seem
# Each: over which distance neighbours move together (mm), steps, and stiffness: how much a point's wish must be shared.
_LEVELS = ((120.0, 8, 1.0), (60.0, 8, 0.5), (30.0, 10, 0.3), (15.0, 10, 0.2), (8.0, 6, 0.1))
_SLIDING = 0.3  # share of a way along the surface that is followed: outlines fix points across it alone


@dataclass(frozen=True)
class Template:
    """A surface whose points other bones are given.

    Attributes
    ----------
    points, faces : (n, 3) float64 and (m, 3) int64 arrays
    """

    points: np.ndarray
    faces: np.ndarray

    @functools.cached_property
    def mesh(self) -> Mesh:
        """Its triangles, prepared."""
        return prepared(self.faces, len(self.points))

    @functools.cached_property
    def levels(self) -> list[tuple[np.ndarray, tuple, int]]:
        """For each level the kernel (n, c) over control points, the factors of its normal equations, and steps."""
        from scipy.linalg import cho_factor

        made = []
        for length, steps, stiffness in _LEVELS:
            control = self.points[_apart(self.points, length / 2)]
            kernel = _kernel(self.points, control, length)
            gram = _kernel(control, control, length) + 1e-6 * np.eye(len(control))
            made.append((kernel, cho_factor(kernel.T @ kernel + stiffness * gram), steps))
        return made


def register(template: Template, points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Move a template's points onto a surface that stands where it does and is of the same side.

    Parameters
    ----------
    template : Template
    points, faces : (k, 3) and (l, 3) arrays
        A closed surface of any meshing.

    Returns
    -------
    (n, 3) float64 array
        Points on the surface that correspond to the template's.

    Notes
    -----
    Closest points in both directions, among those with normals alike, give each point a wish; a sum of Gaussians of the
    points of the template, ever narrower, follows the wishes by least squares.

    References
    ----------
    M. Luethi, T. Gerig, C. Jud, T. Vetter, "Gaussian process morphable models", IEEE Transactions on Pattern Analysis
    and Machine Intelligence 40, 2018.
    """
    from scipy.linalg import cho_solve
    from scipy.spatial import cKDTree

    there, normals = sampled(points, faces, _SAMPLES)
    tree = cKDTree(np.hstack([there, _TURNED_MM * normals]))
    coarse = np.random.default_rng(0).choice(len(there), min(len(there), 2 * len(template.points)), replace=False)
    moved = template.points.copy()
    for kernel, factors, steps in template.levels:
        for _ in range(steps):
            own = template.mesh.normals(moved)
            near = tree.query(np.hstack([moved, _TURNED_MM * own]))[1]
            wish = _wish(moved, there[near], normals[near])
            back = cKDTree(np.hstack([moved, _TURNED_MM * own])).query(
                np.hstack([there[coarse], _TURNED_MM * normals[coarse]])
            )[1]
            count = 1 + np.bincount(back, minlength=len(moved))
            asked = _wish(moved[back], there[coarse], normals[coarse])
            for axis in range(3):
                wish[:, axis] += np.bincount(back, asked[:, axis], minlength=len(moved))
            wish /= count[:, None]
            moved = moved + kernel @ cho_solve(factors, kernel.T @ wish)
    return moved


def sampled(points: np.ndarray, faces: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """So many points and unit normals (count, 3), drawn evenly over a surface; always the same ones."""
    rng = np.random.default_rng(0)
    areas = area_and_volume(points, faces)[0]
    chosen = rng.choice(len(faces), count, p=areas / areas.sum())
    a, b, c = (points[faces[chosen, corner]] for corner in range(3))
    u, v = rng.random((2, count, 1))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    normals = np.cross(b - a, c - a)
    return a + u * (b - a) + v * (c - a), normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def _wish(here: np.ndarray, there: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Way to a surface: all of it across, some of it along."""
    way = there - here
    across = np.einsum("ni,ni->n", way, normals)[:, None] * normals
    return across + _SLIDING * (way - across)


def _kernel(one: np.ndarray, other: np.ndarray, length: float) -> np.ndarray:
    from scipy.spatial.distance import cdist

    return np.exp(-cdist(one, other, "sqeuclidean") / (2 * length**2))


def _apart(points: np.ndarray, distance: float) -> np.ndarray:
    """Numbers of points that are at least so far apart and leave no gap twice as wide."""
    away, chosen = np.full(len(points), np.inf), []
    while away.max() > distance:
        chosen.append(int(away.argmax()) if chosen else 0)
        away = np.minimum(away, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return np.array(chosen)
