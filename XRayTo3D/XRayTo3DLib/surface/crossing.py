"""Does a surface cross itself?"""

from __future__ import annotations

import numpy as np

from .mesh import polydata


def crossing_triangles(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Triangles that an edge of a triangle elsewhere on the surface passes through.

    Where two triangles cross, an edge of one of them passes through the other. Triangles that share a point
    with the edge are not asked.

    Parameters
    ----------
    points : (n, 3) array
    faces : (m, 3) array

    Returns
    -------
    (k,) int64 array
        Their numbers, rising; empty for a surface that does not cross itself.
    """
    from vtkmodules.vtkCommonCore import vtkIdList, vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkStaticCellLocator

    if len(faces) == 0:
        return np.empty(0, np.int64)
    locator = vtkStaticCellLocator()
    locator.SetDataSet(polydata(points, faces))
    locator.BuildLocator()
    edges = np.unique(np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1), axis=0)
    where, cells = vtkPoints(), vtkIdList()
    near: list[tuple[int, int]] = []
    single = np.asarray(points, np.float32).astype(float)  # as VTK holds them
    for number, (a, b) in enumerate(zip(single[edges[:, 0]].tolist(), single[edges[:, 1]].tolist(), strict=True)):
        locator.IntersectWithLine(a, b, 0.0, where, cells)
        near += [(number, cells.GetId(i)) for i in range(cells.GetNumberOfIds())]
    if not near:
        return np.empty(0, np.int64)
    edge, cell = np.array(near).T
    own = (edges[edge][:, :, None] == faces[cell][:, None, :]).any(axis=(1, 2))
    return np.unique(cell[~own])
