"""The line on a surface along which the rays of a radiograph graze it, and which of it is the shadow's outline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .view import View, projected

_CELL_MM = 1.0  # of the grid that tells what lies inside the shadow
_WIDEST_MM = 2000.0
_INSIDE_MM = 2.0  # a grazed point is of the outline if the shadow ends within this distance


@dataclass(frozen=True)
class Mesh:
    """Triangles prepared for finding silhouettes: what does not change when the points move.

    Attributes
    ----------
    faces : (m, 3) int array
    edges : (e, 2) int array
        Each once.
    to_points : (n, m) sparse array
        Sums over the triangles at each point.
    """

    faces: np.ndarray
    edges: np.ndarray
    to_points: object

    def normals(self, points: np.ndarray) -> np.ndarray:
        """Unit normals (n, 3) at points (n, 3), each triangle weighed by its area."""
        a, b, c = (points[self.faces[:, corner]] for corner in range(3))
        summed = self.to_points @ cross(b - a, c - a)
        return summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-12)


def cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Cross products of vectors (m, 3): those of `np.cross`, which takes longer to sort out axes than to multiply."""
    a, b, c = one.T
    u, v, w = other.T
    return np.column_stack([b * w - c * v, c * u - a * w, a * v - b * u])


def prepared(faces: np.ndarray, count: int) -> Mesh:
    """Prepare the triangles of a closed surface of so many points."""
    from scipy.sparse import csr_array

    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    low, high = np.sort(pairs, axis=1).astype(np.int64).T  # their numbers are products
    edges = np.column_stack(np.divmod(np.unique(low * count + high), count))
    triangle = np.repeat(np.arange(len(faces)), 3)
    to_points = csr_array((np.ones(3 * len(faces)), (faces.ravel(), triangle)), shape=(count, len(faces)))
    return Mesh(faces, edges, to_points)


@dataclass(frozen=True)
class Silhouette:
    """Points at which rays graze a surface, on its edges.

    Attributes
    ----------
    ends : (s, 2) int array
        The edge each lies on.
    share : (s,) float64 array
        How far it lies from the first end to the second.
    place, normals : (s, 2) float64 arrays
        Its shadow (mm at the bone) and the outline's outward unit normal there.
    nearness : (s,) float64 array
    local : (s, 3) float64 array
        See `view.projected`.
    """

    ends: np.ndarray
    share: np.ndarray
    place: np.ndarray
    normals: np.ndarray
    nearness: np.ndarray
    local: np.ndarray

    def where(self, kept: np.ndarray) -> Silhouette:
        """Return those points that are kept."""
        return Silhouette(*(getattr(self, name)[kept] for name in self.__dataclass_fields__))

    def on(self, values: np.ndarray) -> np.ndarray:
        """Values at the surface's points (n, ...), interpolated at the silhouette's."""
        share = self.share.reshape(-1, *[1] * (values.ndim - 1))
        return values[self.ends[:, 0]] * (1 - share) + values[self.ends[:, 1]] * share


def silhouette(mesh: Mesh, points: np.ndarray, normals: np.ndarray, view: View) -> Silhouette:
    """Find where a view's rays graze a surface and no other part of it casts its shadow beyond.

    Parameters
    ----------
    mesh : Mesh
    points, normals : (n, 3) arrays
        Of the surface, in the patient.
    view : View
    """
    camera = view.camera
    place, _, local = projected(camera, points)
    turned = normals @ camera.from_lps[:3, :3].T
    ray = local - [0, 0, camera.sod_mm]
    grazing = np.einsum("ni,ni->n", turned, ray)
    first, second = mesh.edges.T
    crossed = (grazing[first] > 0) != (grazing[second] > 0)
    ends = mesh.edges[crossed]
    share = grazing[ends[:, 0]] / (grazing[ends[:, 0]] - grazing[ends[:, 1]])
    at = local[ends[:, 0]] * (1 - share[:, None]) + local[ends[:, 1]] * share[:, None]
    across = (turned[ends[:, 0]] * (1 - share[:, None]) + turned[ends[:, 1]] * share[:, None])[:, :2]
    across = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
    nearness = camera.sod_mm / (camera.sod_mm - at[:, 2])
    if not len(ends):
        return Silhouette(ends, share, at[:, :2], across, share, at)
    found = Silhouette(ends, share, at[:, :2] * nearness[:, None], across, nearness, at)
    return found.where(~_covered(found.place + _INSIDE_MM * across, place, mesh.faces))


def _covered(asked: np.ndarray, place: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Whether the shadow of triangles, to about a cell, covers each of some places (k, 2)."""
    import cv2

    low, high = asked.min(axis=0) - 2 * _CELL_MM, asked.max(axis=0) + 2 * _CELL_MM
    if not (high - low < _WIDEST_MM).all():  # a bone that has come close to the source
        return np.zeros(len(asked), bool)
    columns, rows = np.ceil((high - low) / _CELL_MM).astype(int) + 2
    corners = ((np.clip(place, low, high) - low) / _CELL_MM).astype(np.float32)
    x, y = (np.stack([axis.take(corner) for corner in faces.T]) for axis in corners.T.copy())
    # Of a closed surface, the triangles that face one way cover all of the shadow.
    facing = (x[1] - x[0]) * (y[2] - y[0]) > (y[1] - y[0]) * (x[2] - x[0])
    column, row = (np.rint(_SPREAD @ axis[:, facing]).astype(np.int32) for axis in (x, y))
    shadow = np.zeros(rows * columns, np.uint8)
    shadow[row * columns + column] = 1
    shadow = cv2.morphologyEx(shadow.reshape(rows, columns), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    column, row = np.rint((asked - low) / _CELL_MM).astype(int).T
    return shadow[row, column] > 0


def _evenly_inside(count: int) -> np.ndarray:
    """Barycentric coordinates spread evenly over a triangle, (k, 3)."""
    a, b = np.mgrid[: count + 1, : count + 1]
    kept = a + b <= count
    a, b = a[kept], b[kept]
    return (np.column_stack([a, b, count - a - b]) / count).astype(np.float32)


_SPREAD = _evenly_inside(4)
