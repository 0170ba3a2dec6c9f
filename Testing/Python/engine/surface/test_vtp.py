"""VTP files are read as VTK reads them, in every form that it writes; damaged ones are refused in words."""

import itertools
import re

import numpy as np
import pytest
import trimesh
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints, vtkStringArray
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkIOXML import vtkXMLPolyDataReader, vtkXMLPolyDataWriter

from XRayTo3DLib.surface import vtp
from XRayTo3DLib.surface.vtp import MOST_ELEMENTS, read_vtp

FORMS = list(
    itertools.product(["ascii", "binary", "base64", "raw"], [False, True], [False, True], ["UInt32", "UInt64"])
)


@pytest.fixture(scope="module")
def surface():
    """Triangles, a quadrangle, strips, a point and a line, in RAS; its arrays have several blocks."""
    ball, made = trimesh.creation.icosphere(3), vtkPolyData()
    points = vtkPoints()
    points.SetData(numpy_to_vtk(ball.vertices.astype(np.float32), deep=True))
    made.SetPoints(points)
    lists = ([*ball.faces.tolist(), [0, 1, 2, 3]], [[0, 1, 2, 3, 4], [5, 6, 7]], [[8]], [[9, 10]])
    for put, cells in zip((made.SetPolys, made.SetStrips, made.SetVerts, made.SetLines), lists, strict=True):
        put(array := vtkCellArray())
        for each in cells:
            array.InsertNextCell(len(each), each)
    space = vtkStringArray()
    space.SetName("SPACE")
    space.InsertNextValue("RAS")
    made.GetFieldData().AddArray(space)
    return made


def write(surface, path, form, compressed, big, length):
    writer = vtkXMLPolyDataWriter()
    writer.SetInputData(surface)
    writer.SetFileName(str(path))
    {"ascii": writer.SetDataModeToAscii, "binary": writer.SetDataModeToBinary}.get(form, writer.SetDataModeToAppended)()
    writer.SetEncodeAppendedData(form == "base64")
    writer.SetCompressorTypeToZLib() if compressed else writer.SetCompressorTypeToNone()
    writer.SetBlockSize(1024)
    writer.SetByteOrderToBigEndian() if big else writer.SetByteOrderToLittleEndian()
    writer.SetHeaderTypeToUInt64() if length == "UInt64" else writer.SetHeaderTypeToUInt32()
    assert writer.Write()


def numbers(surface):
    cells = [each for kind in (surface.GetPolys(), surface.GetStrips()) for each in _lists(kind)]
    return vtk_to_numpy(surface.GetPoints().GetData()).tolist(), cells


def _lists(cells):
    return np.split(vtk_to_numpy(cells.GetConnectivityArray()), vtk_to_numpy(cells.GetOffsetsArray())[1:-1])


@pytest.mark.parametrize(("form", "compressed", "big", "length"), FORMS)
def test_every_form_is_read_as_vtk_reads_it(surface, tmp_path, form, compressed, big, length):
    write(surface, tmp_path / "a.vtp", form, compressed, big, length)
    reader = vtkXMLPolyDataReader()
    reader.SetFileName(str(tmp_path / "a.vtp"))
    reader.Update()
    made, space = read_vtp(tmp_path / "a.vtp")
    (points, cells), (wanted, wanted_cells) = numbers(made), numbers(reader.GetOutput())
    assert points == wanted and space == "RAS"
    assert len(cells) == len(wanted_cells) > 1280
    assert all(here.tolist() == there.tolist() for here, there in zip(cells, wanted_cells, strict=True))


def test_pieces_are_put_together(surface, tmp_path):
    write(surface, tmp_path / "a.vtp", "ascii", False, False, "UInt32")
    text = (tmp_path / "a.vtp").read_text()
    piece = re.search(r"<Piece.*</Piece>", text, re.DOTALL).group()
    (tmp_path / "a.vtp").write_text(text.replace(piece, piece + piece))
    made, _ = read_vtp(tmp_path / "a.vtp")
    points, _ = numbers(made)
    assert len(points) == 2 * surface.GetNumberOfPoints() and points[: len(points) // 2] == points[len(points) // 2 :]
    polygons = _lists(made.GetPolys())
    half = len(polygons) // 2
    assert all((b - a == len(points) // 2).all() for a, b in zip(polygons[:half], polygons[half:], strict=True))


@pytest.mark.parametrize(
    "form", [form for form in FORMS if form[1:] in ((True, False, "UInt32"), (False, False, "UInt32"))]
)
def test_damaged_files_end_in_words_or_in_what_is_in_them(surface, tmp_path, form):
    """Letters are changed one at a time where arrays begin: there VTK's reader takes lengths as they come."""
    write(surface, tmp_path / "a.vtp", *form)
    whole, rng = (tmp_path / "a.vtp").read_bytes(), np.random.default_rng(0)
    for _ in range(40):
        changed = bytearray(whole)
        changed[rng.integers(len(whole) if rng.random() < 0.5 else 3000)] = rng.integers(256)
        (tmp_path / "a.vtp").write_bytes(changed)
        try:
            made, _ = read_vtp(tmp_path / "a.vtp")
        except (ValueError, KeyError) as error:
            assert str(error)
        else:
            assert len(numbers(made)[0]) == made.GetNumberOfPoints()
    (tmp_path / "a.vtp").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cut off|no XML|damaged"):
        read_vtp(tmp_path / "a.vtp")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('type="PolyData"', 'type="ImageData"', "no VTK file of a surface"),
        ("vtkZLibDataCompressor", "vtkLZ4DataCompressor", "save it with vtkZLibDataCompressor"),
        ('NumberOfPoints="642"', 'NumberOfPoints="643"', "more or fewer points"),
        ('NumberOfPolys="1281"', 'NumberOfPolys="1280"', "more or fewer polys"),
        ('type="Float32"', 'type="Float16"', "no type that is known"),
        ("<VTKFile", '<!DOCTYPE a [<!ENTITY b "c">]><VTKFile', "declares entities"),
        ('format="binary"', 'format="floppy"', "the format 'floppy'"),
    ],
)
def test_what_is_wrong_is_said(surface, tmp_path, old, new, words):
    write(surface, tmp_path / "a.vtp", "binary", True, False, "UInt32")
    text = (tmp_path / "a.vtp").read_text()
    assert old in text
    (tmp_path / "a.vtp").write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=words):
        read_vtp(tmp_path / "a.vtp")


def test_what_unpacks_to_much_is_refused(surface, tmp_path, monkeypatch):
    """All arrays together, to the byte but for the rest of a block."""
    write(surface, tmp_path / "a.vtp", "binary", True, False, "UInt32")
    points, cells = numbers(surface)
    taken = 12 * len(points) + 8 * sum(map(len, cells)) + 8 * len(cells) + len("RAS\0")
    monkeypatch.setattr(vtp, "MOST_INFLATED", taken)
    read_vtp(tmp_path / "a.vtp")
    monkeypatch.setattr(vtp, "MOST_INFLATED", taken - 2048)
    with pytest.raises(ValueError, match=f"more than {taken - 2048} bytes"):
        read_vtp(tmp_path / "a.vtp")


@pytest.mark.parametrize("text", ["<a>", "<a/>"])
def test_many_elements_are_refused(tmp_path, text):
    (tmp_path / "a.vtp").write_text('<VTKFile type="PolyData">' + (MOST_ELEMENTS + 1) * text)
    with pytest.raises(ValueError, match="more than 100000 elements"):
        read_vtp(tmp_path / "a.vtp")


def test_a_surface_of_nothing_is_read(tmp_path):
    empty = vtkPolyData()
    empty.SetPoints(vtkPoints())
    write(empty, tmp_path / "a.vtp", "raw", True, False, "UInt32")
    made, space = read_vtp(tmp_path / "a.vtp")
    assert (made.GetNumberOfPoints(), made.GetNumberOfPolys(), space) == (0, 0, "")
