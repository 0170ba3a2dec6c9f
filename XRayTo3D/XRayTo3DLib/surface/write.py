"""Surface files: binary STL, PLY, OBJ and VTP in LPS coordinates, marked the way Slicer marks and reads them."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ReconstructionError
from ..geometry.frames import ENGINE_TO_LPS, transform
from ..helpers.files import check_writable, replacing
from .mesh import arrays

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData

SUFFIXES = (".stl", ".ply", ".obj", ".vtp")
_SPACE = "SPACE=LPS"
_HEADER = f"3D Slicer output. {_SPACE}"


def check_surface_path(path: str | os.PathLike) -> Path:
    """Return `path` as a Path if a surface can be written there.

    Raises
    ------
    ReconstructionError
        If the suffix names no known format, or no file can be made there.
    """
    if (suffix := Path(path).suffix.lower()) not in SUFFIXES:
        raise ReconstructionError(
            f"{path}: the output's name must end in one of {', '.join(SUFFIXES)}, not {suffix or 'nothing'!r}."
        )
    return check_writable(path)


def write_surface(surface: vtkPolyData, path: str | os.PathLike) -> None:
    """Write a surface of the engine's frame to a file in LPS coordinates (mm).

    Parameters
    ----------
    surface : vtkPolyData
        Triangles in the engine's frame.
    path : path
        Its suffix chooses the format: .stl (binary), .ply (binary), .obj, .vtp (with point data).

    Raises
    ------
    ReconstructionError
        If the file cannot be written; nothing is left of it then, and a file that was there stays as it was.
    """
    path = check_surface_path(path)
    write = {".stl": _write_stl, ".ply": _write_ply, ".obj": _write_obj, ".vtp": _write_vtp}[path.suffix.lower()]
    with replacing(path) as temporary:
        write(transform(surface, ENGINE_TO_LPS), temporary)


def _write_stl(surface: vtkPolyData, path: Path) -> None:
    from vtkmodules.vtkIOGeometry import vtkSTLWriter

    writer = vtkSTLWriter()
    writer.SetHeader(_HEADER)
    _write_binary(writer, surface, path, bytes_at_least=84 + 50 * surface.GetNumberOfPolys())


def _write_ply(surface: vtkPolyData, path: Path) -> None:
    from vtkmodules.vtkIOPLY import vtkPLYWriter

    writer = vtkPLYWriter()
    writer.AddComment(_SPACE)
    size = 12 * surface.GetNumberOfPoints() + 13 * surface.GetNumberOfPolys()
    _write_binary(writer, surface, path, bytes_at_least=size)


def _write_binary(writer, surface: vtkPolyData, path: Path, bytes_at_least: int) -> None:
    writer.SetInputData(surface)
    writer.SetFileName(os.fsencode(path))
    writer.SetFileTypeToBinary()
    writer.AddObserver("ErrorEvent", lambda *_: None)  # told below, in words, instead of printed
    writer.Write()
    # A full disk goes unnoticed by some of VTK's writers.
    if not path.exists() or path.stat().st_size < bytes_at_least:
        raise OSError(errno.ENOSPC, "not all of it was taken by the disk")


def _write_vtp(surface: vtkPolyData, path: Path) -> None:
    from vtkmodules.vtkCommonCore import vtkStringArray
    from vtkmodules.vtkCommonDataModel import vtkPolyData
    from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

    space = vtkStringArray()
    space.SetName("SPACE")
    space.InsertNextValue("LPS")
    marked = vtkPolyData()
    marked.ShallowCopy(surface)
    marked.GetFieldData().AddArray(space)
    writer = vtkXMLPolyDataWriter()
    writer.SetInputData(marked)
    writer.SetDataModeToBinary()
    writer.WriteToOutputStringOn()
    writer.Write()
    path.write_text(writer.GetOutputString(), encoding="ascii")  # Python notices a full disk, VTK here does not


def _write_obj(surface: vtkPolyData, path: Path) -> None:
    # vtkOBJWriter has neither a memory mode nor a place for the comment that Slicer reads.
    points, faces = arrays(surface)
    text = io.StringIO()
    text.write(f"# {_HEADER}\n")
    np.savetxt(text, points, fmt="v %.6f %.6f %.6f")
    np.savetxt(text, faces + 1, fmt="f %d %d %d")
    path.write_text(text.getvalue(), encoding="ascii")
