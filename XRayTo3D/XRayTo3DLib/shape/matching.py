"""Which points of an outline seen and of a surface's silhouette belong to each other, and what each one weighs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .silhouette import Mesh, Silhouette, silhouette
from .view import STEP_MM, View, to_mm

_NOISE_MM = 0.6  # of an outline
_CORRELATED_MM = 8.0  # outline's errors nearer than this are the same error
_RUN_MM = 20.0  # where an outline is wrong, it is wrong over about such a length
# What one point of an outline weighs: neighbours tell the same, and their errors are the same.
EVIDENCE = STEP_MM / _CORRELATED_MM / _NOISE_MM**2
_TURNED_MM = 8.0  # how far off a point with the opposite normal would seem


@dataclass(frozen=True)
class Matched:
    """Outline and silhouette of one view, point by point.

    Attributes
    ----------
    on : Silhouette
        The surface's points.
    normals : (m, 2) array
    off, apart : (m,) arrays
        Distance from the silhouette to the outline along the outline's normal, and in all (mm).
    weights : (m,) array
        Before any are doubted.
    point : (m,) int array
        Of the view's outline.
    doubt : (m,) array
        Distance in all of the point and its neighbours, or of the silhouette if that is more (mm).
    """

    on: Silhouette
    normals: np.ndarray
    off: np.ndarray
    apart: np.ndarray
    weights: np.ndarray
    point: np.ndarray
    doubt: np.ndarray

    @property
    def distances(self) -> np.ndarray:
        """Distance (m,) of each from the other's line (mm): points that lie apart along the line are not off it."""
        along = np.sqrt(np.maximum(self.apart**2 - self.off**2, 0))
        return np.hypot(self.off, np.maximum(along - STEP_MM, 0))

    def trusted(self, reach_mm: float) -> np.ndarray:
        """Weights (m,) after Geman and McClure: what is far off loses its pull, and so do its neighbours."""
        return self.weights / (1 + (self.doubt / reach_mm) ** 2) ** 2


def matched(mesh: Mesh, points: np.ndarray, view: View) -> Matched:
    """Match a view's outline with a surface's silhouette, each point with the nearest of the other that faces its way.

    Where no edge was seen, or the silhouette leaves the picture, weights are zero.
    """
    from scipy.spatial import cKDTree

    rim = silhouette(mesh, points, mesh.normals(points), view)
    if not len(rim.share):
        none = np.zeros(0)
        return Matched(rim, np.zeros((0, 2)), none, none, none, np.zeros(0, int), none)
    seen = np.hstack([view.points, _TURNED_MM / 2 * view.normals])
    found = np.hstack([rim.place, _TURNED_MM / 2 * rim.normals])
    to_rim = cKDTree(found).query(seen)[1]
    to_seen = cKDTree(seen).query(found)[1]
    on = np.concatenate([to_rim, np.arange(len(found))])
    point = np.concatenate([np.arange(len(seen)), to_seen])
    half = np.concatenate([np.full(len(seen), 0.5), np.full(len(found), 0.5 * len(seen) / len(found))])
    low, high = to_mm(view.camera, np.array([[-0.5, -0.5], np.array(view.camera.shape[::-1]) - 0.5]))
    half[len(seen) :] *= ((rim.place > low) & (rim.place < high)).all(axis=1)
    away = view.points[point] - rim.place[on]
    normals = view.normals[point]
    off = np.einsum("mi,mi->m", away, normals)
    apart = np.linalg.norm(away, axis=1)
    doubt = np.maximum(apart, _by_run(apart[: len(seen)])[point])
    return Matched(rim.where(on), normals, off, apart, half * view.weights[point], point, doubt)


def _by_run(apart: np.ndarray) -> np.ndarray:
    """RMS distance of each point of an outline (m,) and its neighbours: stretches of an outline are wrong together."""
    from scipy.ndimage import uniform_filter1d

    return np.sqrt(uniform_filter1d(apart**2, round(_RUN_MM / STEP_MM), mode="wrap"))
