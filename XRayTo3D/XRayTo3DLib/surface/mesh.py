"""Triangle surfaces: made from a field, smoothed, measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData


def isosurface(field: np.ndarray, origin_mm: tuple[float, float, float], step: float) -> vtkPolyData:
    """Closed surface round the positive part of a field.

    Parameters
    ----------
    field : (layers, rows, columns) float32 array
        Positive inside. What reaches the array's border is closed there.
    origin_mm : (float, float, float)
        x, y, z of the first grid point.
    step : float
        Grid spacing (mm).

    Returns
    -------
    vtkPolyData
        Triangles with outward normals (in the numbers of this frame, taken as right-handed).
    """
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D

    largest = np.float32(np.abs(field).max())
    field = np.pad(field, 1, constant_values=-largest)
    # An exact zero would put the vertices of several triangles in one place, the grid point.
    field[np.abs(field) < 1e-6 * largest] = 1e-6 * largest

    image = vtkImageData()
    image.SetDimensions(field.shape[::-1])
    image.SetSpacing(step, step, step)
    image.SetOrigin(*(o - step for o in origin_mm))
    image.GetPointData().SetScalars(numpy_to_vtk(field.ravel()))
    edges = vtkFlyingEdges3D()
    edges.SetInputData(image)
    edges.SetValue(0, 0.0)
    edges.ComputeNormalsOff()
    edges.ComputeGradientsOff()
    edges.ComputeScalarsOff()
    edges.Update()
    return edges.GetOutput()


def smooth(surface: vtkPolyData, iterations: int = 15) -> vtkPolyData:
    """Smooth a closed triangle surface without shrinking it.

    A windowed sinc filter lets pass what is smoother than about ten triangles and takes away the stairs of
    the grid; unlike Laplacian smoothing it keeps the volume.

    References
    ----------
    G. Taubin, T. Zhang, G. Golub, "Optimal surface smoothing as filter design", ECCV 1996.
    """
    from vtkmodules.vtkFiltersCore import vtkWindowedSincPolyDataFilter

    if iterations <= 0:
        return surface
    sinc = vtkWindowedSincPolyDataFilter()
    sinc.SetInputData(surface)
    sinc.SetNumberOfIterations(iterations)
    sinc.SetPassBand(0.1)
    sinc.NormalizeCoordinatesOn()
    sinc.FeatureEdgeSmoothingOff()
    sinc.BoundarySmoothingOff()
    sinc.Update()
    return sinc.GetOutput()


def keep_largest(surface: vtkPolyData, pieces: int) -> vtkPolyData:
    """Keep so many of a surface's connected pieces, those with the most triangles."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    points, faces = arrays(surface)
    edges = np.concatenate([faces[:, :2], faces[:, 1:]])
    graph = coo_array((np.ones(len(edges), bool), edges.T), shape=(len(points), len(points)))
    count, piece = connected_components(graph, directed=False)
    if count <= pieces:
        return surface
    sizes = np.bincount(piece[faces[:, 0]], minlength=count)
    kept = np.zeros(count, bool)
    kept[np.argsort(-sizes, kind="stable")[:pieces]] = True
    used = kept[piece]
    return polydata(points[used], (np.cumsum(used) - 1)[faces[used[faces[:, 0]]]])


def flatten_back(surface: vtkPolyData, reach_mm: float) -> vtkPolyData:
    """Put all points that lie no higher than `reach_mm` onto the plane z = 0: smoothing has bent a flat back."""
    points, faces = arrays(surface)
    points = points.copy()
    points[points[:, 2] <= reach_mm, 2] = 0
    return polydata(points, faces)


def arrays(surface: vtkPolyData) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) and triangles (m, 3) of a surface of triangles, as numpy arrays."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    if surface.GetNumberOfPolys() == 0:
        return np.empty((0, 3), np.float32), np.empty((0, 3), np.int64)
    points = vtk_to_numpy(surface.GetPoints().GetData())
    return points, vtk_to_numpy(surface.GetPolys().GetConnectivityArray()).reshape(-1, 3)


def polydata(points: np.ndarray, faces: np.ndarray) -> vtkPolyData:
    """Surface of triangles from points (n, 3) and triangles (m, 3)."""
    from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

    corners = vtkPoints()
    corners.SetData(numpy_to_vtk(np.ascontiguousarray(points, np.float32), deep=True))
    cells = vtkCellArray()
    cells.SetData(3, numpy_to_vtkIdTypeArray(np.ascontiguousarray(faces, np.int64).ravel(), deep=True))
    result = vtkPolyData()
    result.SetPoints(corners)
    result.SetPolys(cells)
    return result


def together(surfaces: Sequence[vtkPolyData]) -> vtkPolyData:
    """Several surfaces as one, with the point data that all of them have."""
    from vtkmodules.vtkFiltersCore import vtkAppendPolyData

    append = vtkAppendPolyData()
    for surface in surfaces:
        append.AddInputData(surface)
    append.Update()
    return append.GetOutput()


def area_and_volume(points: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, float]:
    """Area of each triangle (mm^2) and the volume a closed surface encloses (mm^3), by the divergence theorem."""
    a, b, c = (points[faces[:, i]].astype(float) for i in range(3))
    normals = np.cross(b - a, c - a)
    return np.linalg.norm(normals, axis=1) / 2, float(np.einsum("ij,ij->", a, normals) / 6)


def is_closed(faces: np.ndarray) -> bool:
    """True where every edge has exactly two triangles, which run along it in opposite directions."""
    if len(faces) == 0:
        return False
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    count = int(faces.max()) + 1
    there = np.sort(edges[:, 0] * count + edges[:, 1])
    back = np.sort(edges[:, 1] * count + edges[:, 0])
    return bool((np.diff(there) > 0).all() and np.array_equal(there, back))
