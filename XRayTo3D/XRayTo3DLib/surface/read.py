"""Surface files, read into the patient's LPS millimetres."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import SurfaceError
from .mesh import area_and_volume, arrays, is_closed, polydata
from .vtp import read_vtp
from .write import SUFFIXES

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData
    from vtkmodules.vtkCommonExecutionModel import vtkAlgorithm


def read_surface(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """Read a closed triangle surface.

    Parameters
    ----------
    path : path
        .stl, .ply, .obj or .vtp. As in Slicer, coordinates are LPS unless the file says "SPACE=RAS".

    Returns
    -------
    points : (n, 3) float64 array
        LPS, in the file's unit of length, which ought to be the millimetre.
    faces : (m, 3) int64 array
        Triangles with outward normals, whichever way the file's face.

    Raises
    ------
    SurfaceError
        If the file is missing, is no surface, is empty, has holes or edges of more than two triangles.
    """
    path = Path(path)
    if not path.is_file():
        raise SurfaceError(f"{path}: there is no such file.")
    if (suffix := path.suffix.lower()) not in SUFFIXES:
        raise SurfaceError(f"{path}: a surface's name must end in one of {', '.join(SUFFIXES)}, not {suffix!r}.")
    points, faces, space = _read(path, suffix)
    if len(faces) == 0:
        raise SurfaceError(f"{path}: there are no triangles in it, or it is damaged.")
    if not np.isfinite(points).all():
        raise SurfaceError(f"{path}: some of its coordinates are not numbers.")
    if not is_closed(faces):
        raise SurfaceError(
            f"{path}: the surface is not closed (it has holes, or edges that more than two triangles share); "
            "repair it first, for instance with Slicer's Surface Toolbox."
        )
    if space == "RAS":
        points = points * [-1, -1, 1]
    if area_and_volume(points, faces)[1] < 0:
        faces = faces[:, ::-1]
    return points, np.ascontiguousarray(faces)


def _read(path: Path, suffix: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Points that some triangle uses, each place once, triangles of three different points, and the space."""
    from vtkmodules.vtkFiltersCore import vtkCleanPolyData, vtkTriangleFilter

    if suffix == ".vtp":
        surface, space = _of_vtp(path)
    else:
        surface, space = (_by_vtk if suffix == ".stl" else _by_trimesh)(path), _told_space(path, suffix)
    _check_cells(surface, path)
    triangles = vtkTriangleFilter()
    triangles.PassLinesOff()
    triangles.PassVertsOff()
    triangles.SetInputData(surface)
    clean = vtkCleanPolyData()
    clean.ConvertLinesToPointsOff()
    clean.ConvertPolysToLinesOff()
    clean.ConvertStripsToPolysOff()
    clean.ToleranceIsAbsoluteOn()
    clean.SetAbsoluteTolerance(0.0)
    clean.SetInputConnection(triangles.GetOutputPort())
    _silence(triangles)
    _silence(clean)
    clean.Update()
    points, faces = arrays(clean.GetOutput())
    return np.array(points, np.float64), np.array(faces, np.int64), space


def _by_vtk(path: Path) -> vtkPolyData:
    from vtkmodules.vtkIOGeometry import vtkSTLReader

    reader = vtkSTLReader()
    reader.SetFileName(os.fsencode(path))
    _silence(reader)
    reader.Update()
    return reader.GetOutput()


def _of_vtp(path: Path) -> tuple[vtkPolyData, str]:
    try:
        return read_vtp(path)
    except (OSError, ValueError, KeyError, OverflowError, MemoryError) as error:
        raise SurfaceError(f"{path}: there are no triangles in it, or it is damaged ({error}).") from error


def _by_trimesh(path: Path) -> vtkPolyData:
    """Surface of a PLY or OBJ file: of a damaged one VTK's readers write beyond their memory, which ends the process.

    Without the file's name trimesh cannot look for the files of materials and textures that it names.
    """
    import trimesh

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", "string or file could not be read")  # numpy's, of words for numbers
            data = io.BytesIO(path.read_bytes())
            mesh = trimesh.load_mesh(data, file_type=path.suffix[1:].lower(), process=False, skip_materials=True)
        points, faces = np.reshape(mesh.vertices, (-1, 3)), np.reshape(mesh.faces, (-1, 3))
        if len(points) != len(mesh.vertices) or len(faces) != len(mesh.faces):
            raise ValueError("not all points or faces have three numbers")
    except Exception as error:  # whatever a damaged file leads to: no triangles can be made of it
        raise SurfaceError(f"{path}: there are no triangles in it, or it is damaged ({error}).") from error
    return polydata(points, faces)


def _silence(algorithm: vtkAlgorithm) -> None:
    """Keep VTK from printing what is wrong: the caller tells it in words."""
    for part in (algorithm, algorithm.GetExecutive()):
        part.AddObserver("ErrorEvent", lambda *_: None)
        part.AddObserver("WarningEvent", lambda *_: None)


def _check_cells(surface: vtkPolyData, path: Path) -> None:
    """Raise SurfaceError where a cell names points that are not there: VTK's filters would read beyond its memory."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    for cells in (surface.GetVerts(), surface.GetLines(), surface.GetPolys(), surface.GetStrips()):
        named, ends = (vtk_to_numpy(each) for each in (cells.GetConnectivityArray(), cells.GetOffsetsArray()))
        ordered = len(ends) == 0 or (ends[0] == 0 and ends[-1] == len(named) and (np.diff(ends) >= 0).all())
        there = len(named) == 0 or (named.min() >= 0 and named.max() < surface.GetNumberOfPoints())
        if not (ordered and there):
            raise SurfaceError(f"{path}: its faces name points that are not there; export it again.")


def _told_space(path: Path, suffix: str) -> str:
    """The space that the file's header tells, as Slicer writes it: "RAS", or "" for all else."""
    with open(path, "rb") as file:
        head = file.read(80 if suffix == ".stl" else 2000)
    return "RAS" if b"SPACE=RAS" in head else ""
