"""A mesh of its own for a bone: even triangles, smaller where the surface bends, carried onto everybody's bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import SurfaceError
from ..shape.silhouette import Mesh, prepared
from ..surface import arrays, is_closed, polydata
from ..surface.mesh import area_and_volume

_ROUNDS = 25  # in which cells and their middles find each other
_SWEEPS = 8  # that even out triangles
_FINEST = 60_000  # points from which a surface is fine enough to be cut into cells
_SMALLEST, _LARGEST = 0.7, 1.6  # sides of triangles, in shares of the usual one
_BEND_SWEEPS = 30  # over which a bend's sharpness is averaged
# On a sphere of radius r a point stands s^2 / 2 r above its neighbours, s away; flat triangles lie s^2 / 8 r too low.
_BULGE = 0.25


@dataclass(frozen=True)
class Carried:
    """A surface whose points lie on the triangles of another one, and move with them.

    Attributes
    ----------
    faces : (m, 3) int64 array
        Triangles between its points; closed.
    corners : (n, 3) int64 array
        Points of the other surface that each of its points lies between.
    shares : (n, 3) float64 array
        How much of each: barycentric coordinates.
    """

    faces: np.ndarray
    corners: np.ndarray
    shares: np.ndarray

    def on(self, points: np.ndarray) -> np.ndarray:
        """Its points (n, 3), where the other surface's are `points` (k, 3).

        They stand out of that surface a little, by as much as flat triangles between points on it would lie below it.
        """
        placed = np.einsum("nc,ncd->nd", self.shares, points[self.corners])
        return placed + _BULGE * (placed - _among(self.faces, placed))


def rounded(points: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Many small triangles on smooth surfaces through all points of coarse ones.

    Parameters
    ----------
    points : (s, n, 3) array
        Of surfaces with the same triangles.
    faces : (m, 3) array

    Returns
    -------
    points : (s, k, 3) float64 array
    faces : (l, 3) int64 array
        The same ones for the same faces.

    References
    ----------
    D. Zorin, P. Schroeder, W. Sweldens, "Interpolating subdivision for meshes with arbitrary topology", SIGGRAPH 1996.
    """
    from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
    from vtkmodules.vtkFiltersModeling import vtkButterflySubdivisionFilter

    coarse = polydata(points[0], faces)
    for each in points:  # numbers at points are rounded as places are: all surfaces at once
        coarse.GetPointData().AddArray(numpy_to_vtk(np.asarray(each, np.float32), deep=True))
    finer = vtkButterflySubdivisionFilter()
    finer.SetInputData(coarse)
    finer.SetNumberOfSubdivisions(max(0, int(np.ceil(np.log(_FINEST / points.shape[1]) / np.log(4)))))
    finer.Update()
    carried = finer.GetOutput().GetPointData()
    fine = np.array([vtk_to_numpy(carried.GetArray(number)) for number in range(len(points))], np.float64)
    return fine, np.asarray(arrays(finer.GetOutput())[1], np.int64)


def even(points: np.ndarray, faces: np.ndarray, count: int) -> Carried:
    """Spread points over a fine closed surface, closer to each other where it bends, and join them to triangles.

    Parameters
    ----------
    points, faces : (k, 3) and (l, 3) arrays
        With many more points than wanted.
    count : int
        Points wanted.

    Raises
    ------
    SurfaceError
        If they are too few for the surface's shape.

    Notes
    -----
    The surface is cut into cells: what is nearest to each seed, along edges. Seeds move to their cells' middles, again
    and again. Where three cells meet, their seeds make a triangle.

    References
    ----------
    G. Peyre, L. D. Cohen, "Geodesic remeshing using front propagation", International Journal of Computer Vision 69,
    2006.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    mesh = prepared(faces, len(points))
    first, second = mesh.edges.T
    side = _sides(points, mesh)
    lengths = np.linalg.norm(points[first] - points[second], axis=1) * 2 / (side[first] + side[second])
    graph = csr_array((np.tile(lengths, 2), (np.r_[first, second], np.r_[second, first])), shape=(len(points),) * 2)
    weights = _areas(points, faces) / side**2
    seeds = np.sort(np.random.default_rng(0).choice(len(points), count, replace=False, p=weights / weights.sum()))
    for _ in range(_ROUNDS):
        cells = np.searchsorted(seeds, dijkstra(graph, indices=seeds, min_only=True, return_predecessors=True)[2])
        seeds, before = _middles(points, weights, cells, count), seeds
    meeting = cells[faces]
    joined = meeting[(meeting != np.roll(meeting, 1, axis=1)).all(axis=1)]
    if not is_closed(joined):
        raise SurfaceError(f"{count} points are too few for this surface: its cells do not join to a closed one.")
    return _relaxed(points, faces, joined, points[before])


def _sides(points: np.ndarray, mesh: Mesh) -> np.ndarray:
    """Relative length (n,) of sides: as the root of the radius of curvature, so that all triangles lose alike."""
    from scipy.sparse import csr_array

    first, second = mesh.edges.T
    normals = mesh.normals(points)
    bend = np.linalg.norm(normals[first] - normals[second], axis=1)
    length = np.linalg.norm(points[first] - points[second], axis=1)
    near = csr_array((np.ones(2 * len(first)), (np.r_[first, second], np.r_[second, first])), shape=(len(points),) * 2)
    count = near.sum(axis=1)
    both = np.r_[first, second]
    sharp = np.bincount(both, np.tile(bend**2, 2)) / np.bincount(both, np.tile(length**2, 2))
    for _ in range(_BEND_SWEEPS):
        sharp = (near @ sharp) / count
    wanted = sharp**-0.25
    areas = _areas(points, mesh.faces)
    usual = np.sqrt(areas.sum() / (areas / wanted**2).sum())
    return np.clip(wanted / usual, _SMALLEST, _LARGEST)


def _areas(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Area (n,) that belongs to each point: a third of its triangles'."""
    return np.bincount(faces.ravel(), np.repeat(area_and_volume(points, faces)[0] / 3, 3), minlength=len(points))


def _middles(points: np.ndarray, weights: np.ndarray, cells: np.ndarray, count: int) -> np.ndarray:
    """The point (count,) of each cell that is nearest to its centre, rising."""
    total = np.bincount(cells, weights, count)
    centers = np.column_stack([np.bincount(cells, weights * axis, count) for axis in points.T]) / total[:, None]
    away = ((points - centers[cells]) ** 2).sum(axis=1)
    order = np.lexsort((away, cells))
    return np.sort(order[np.r_[True, np.diff(cells[order]) > 0]])


def _relaxed(points: np.ndarray, faces: np.ndarray, joined: np.ndarray, placed: np.ndarray) -> Carried:
    """Move points (n, 3) towards their neighbours' middle, along the fine surface."""
    from vtkmodules.vtkCommonDataModel import vtkStaticCellLocator

    locator = vtkStaticCellLocator()
    locator.SetDataSet(polydata(points, faces))
    locator.BuildLocator()
    for _ in range(_SWEEPS):
        placed, triangle = _nearest(locator, (placed + _among(joined, placed)) / 2)
    corners = faces[triangle]
    return Carried(joined, corners, _barycentric(points[corners], placed))


def _among(faces: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The middle (n, 3) of each point's neighbours on a closed surface."""
    ends, others = faces.ravel(), np.roll(faces, 1, axis=1).ravel()  # each edge once in each direction
    count = np.bincount(ends, minlength=len(points))
    return np.column_stack([np.bincount(ends, axis[others], len(points)) for axis in points.T]) / count[:, None]


def _nearest(locator, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest points (n, 3) of a surface, and the triangle each lies on."""
    from vtkmodules.vtkCommonCore import mutable

    found, cells, cell, part, squared = (
        np.empty_like(places),
        np.empty(len(places), int),
        mutable(0),
        mutable(0),
        mutable(0.0),
    )
    at = [0.0, 0.0, 0.0]
    for number, place in enumerate(places):
        locator.FindClosestPoint(place, at, cell, part, squared)
        found[number], cells[number] = at, cell.get()
    return found, cells


def _barycentric(triangles: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Barycentric coordinates (n, 3) of places in triangles (n, 3, 3)."""
    a, b, c = triangles.transpose(1, 0, 2)
    normal = np.cross(b - a, c - a)
    square = np.einsum("ni,ni->n", normal, normal)
    second = np.einsum("ni,ni->n", np.cross(places - a, c - a), normal) / square
    third = np.einsum("ni,ni->n", np.cross(b - a, places - a), normal) / square
    return np.column_stack([1 - second - third, second, third])
