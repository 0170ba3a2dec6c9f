"""The one place that knows the frames: pixels, the engine's millimetres, LPS files and Slicer's RAS world.

The engine's frame of a radiograph has x along columns, y along rows, z towards the X-ray source, in
millimetres, with its origin at the centre of the first pixel. A radiograph is looked at from the source's
side: with x to the right and y down, z points at the viewer, so this frame is left-handed. LPS and RAS are
right-handed; seen in them the source lies at -(i x j). Going there therefore mirrors the numbers, and a
left bone stays a left bone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData

ENGINE_TO_LPS = np.diag([1.0, 1.0, -1.0, 1.0])


def pixel_to_mm(
    pixel: np.ndarray, shape: tuple[int, int], pixel_size_mm: tuple[float, float], magnification: float = 1.0
) -> np.ndarray:
    """Map pixel coordinates to where the bone that cast their shadow lies, in the engine's frame.

    Rays spread from the source, above the middle of the picture; a shadow is `magnification` times as large
    as the bone. Bone and shadow lie on one ray when sizes shrink towards the middle.

    Parameters
    ----------
    pixel : (..., 2) array
        Column and row; whole numbers are pixel centres.
    shape : (int, int)
        Rows and columns of the picture.
    pixel_size_mm : (float, float)
        Pixel size at the detector along x and y (mm).
    magnification : float
        SID / SOD.

    Returns
    -------
    (..., 2) float64 array
        x and y (mm).

    Examples
    --------
    The middle stays; a shadow's corner belongs to a bone that is half as far from it.

    >>> pixel_to_mm(np.array([[0, 0], [2, 1]]), (3, 5), (0.5, 0.5), magnification=2.0)
    array([[0.5 , 0.25],
           [1.  , 0.5 ]])
    """
    size = np.asarray(pixel_size_mm, float)
    middle = (np.array([shape[1], shape[0]], float) - 1) / 2 * size
    return middle + (np.asarray(pixel, float) * size - middle) / magnification


def mm_to_pixel(
    mm: np.ndarray, shape: tuple[int, int], pixel_size_mm: tuple[float, float], magnification: float = 1.0
) -> np.ndarray:
    """Inverse of `pixel_to_mm`: (..., 2) engine x and y (mm) to column and row."""
    size = np.asarray(pixel_size_mm, float)
    middle = (np.array([shape[1], shape[0]], float) - 1) / 2 * size
    return (middle + (np.asarray(mm, float) - middle) * magnification) / size


def engine_to_ras(ijk_to_ras: np.ndarray) -> np.ndarray:
    """Matrix from a radiograph's engine frame to the RAS world in which its volume stands.

    Parameters
    ----------
    ijk_to_ras : (4, 4) array
        The volume's own matrix; its first two columns carry the pixel size. The third is not used: a single
        slice has no thickness that means anything.

    Returns
    -------
    (4, 4) float64 array
        x along i, y along j, z along -(i x j), towards the source.

    Raises
    ------
    ValueError
        If i and j are parallel or zero, so that the picture has no plane.
    """
    matrix = np.asarray(ijk_to_ras, float)
    normal = -np.cross(matrix[:3, 0], matrix[:3, 1])
    area = np.linalg.norm(normal)
    sides = np.linalg.norm(matrix[:3, :2], axis=0)
    if not area > 1e-9 * sides.prod():
        raise ValueError("The volume's IJK-to-RAS matrix gives its rows and columns the same direction.")
    result = np.eye(4)
    result[:3, :2] = matrix[:3, :2] / sides
    result[:3, 2] = normal / area
    result[:3, 3] = matrix[:3, 3]
    return result


def transform(polydata: vtkPolyData, matrix: np.ndarray) -> vtkPolyData:
    """Return `polydata` moved by a (4, 4) matrix, its triangles still facing outwards if the matrix mirrors."""
    from vtkmodules.vtkCommonTransforms import vtkTransform
    from vtkmodules.vtkFiltersCore import vtkReverseSense
    from vtkmodules.vtkFiltersGeneral import vtkTransformPolyDataFilter

    matrix = np.asarray(matrix, float)
    move = vtkTransform()
    move.SetMatrix(matrix.ravel())
    moved = vtkTransformPolyDataFilter()
    moved.SetTransform(move)
    moved.SetInputData(polydata)
    moved.Update()
    if np.linalg.det(matrix[:3, :3]) > 0:
        return moved.GetOutput()
    turned = vtkReverseSense()
    turned.SetInputConnection(moved.GetOutputPort())
    turned.ReverseCellsOn()
    turned.Update()
    return turned.GetOutput()
