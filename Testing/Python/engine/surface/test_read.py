"""Reading surfaces: what was written comes back in LPS; open, empty and damaged files are refused in words."""

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.errors import SurfaceError
from XRayTo3DLib.geometry.frames import ENGINE_TO_LPS
from XRayTo3DLib.surface import SUFFIXES, area_and_volume, arrays, polydata, read_surface, write_surface

CENTRE = np.array([30.0, 40.0, 50.0])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_was_written_comes_back(tmp_path, ball, suffix):
    path = tmp_path / f"bone{suffix}"
    write_surface(ball(10.0, CENTRE), path)
    points, faces = read_surface(path)
    assert points.mean(axis=0) == pytest.approx(CENTRE @ ENGINE_TO_LPS[:3, :3], abs=1e-3)
    assert (points.dtype, faces.dtype) == (np.float64, np.int64)
    assert len(faces) == len(arrays(ball(10.0, CENTRE))[1])
    assert area_and_volume(points, faces)[1] == pytest.approx(4 / 3 * np.pi * 1000, rel=0.02)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_ras_files_are_turned(tmp_path, ball, suffix):
    path = tmp_path / f"bone{suffix}"
    write_surface(ball(10.0, CENTRE), path)
    before, _ = read_surface(path)
    if suffix == ".vtp":
        say_ras(path)
    else:
        path.write_bytes(path.read_bytes().replace(b"SPACE=LPS", b"SPACE=RAS"))
    after, faces = read_surface(path)
    assert after == pytest.approx(before * [-1, -1, 1])
    assert area_and_volume(after, faces)[1] > 0


def say_ras(path):
    from vtkmodules.vtkIOXML import vtkXMLPolyDataReader, vtkXMLPolyDataWriter

    reader, writer = vtkXMLPolyDataReader(), vtkXMLPolyDataWriter()
    reader.SetFileName(str(path))
    reader.Update()
    reader.GetOutput().GetFieldData().GetAbstractArray("SPACE").SetValue(0, "RAS")
    writer.SetInputData(reader.GetOutput())
    writer.SetFileName(str(path))
    writer.Write()


def test_inside_out_files_are_turned(tmp_path):
    body = trimesh.creation.icosphere(2, 5.0)
    write_surface(polydata(body.vertices, body.faces), tmp_path / "in.stl")  # mirrored once too few
    body.invert()
    body.export(tmp_path / "out.stl")
    for name in ("in.stl", "out.stl"):
        assert area_and_volume(*read_surface(tmp_path / name))[1] > 0


def test_open_surfaces(tmp_path):
    body = trimesh.creation.icosphere(2, 5.0)
    body.update_faces(np.arange(len(body.faces)) != 7)
    body.export(tmp_path / "open.stl")
    with pytest.raises(SurfaceError, match=r"open\.stl.*not closed.*holes.*repair"):
        read_surface(tmp_path / "open.stl")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.stl", b"", "no triangles"),
        ("text.stl", b"hello there", "no triangles"),
        ("short.stl", b"\0" * 80 + (500).to_bytes(4, "little") + b"\0" * 60, "no triangles|not closed"),
        ("text.ply", b"ply\nhello", "no triangles"),
        ("text.vtp", b"<xml/>", "no triangles"),
        ("points.obj", b"v 0 0 0\nv 1 0 0\n", "no triangles"),
        ("nan.obj", b"v 0 0 nan\nv 1 0 0\nv 0 1 0\nf 1 2 3\nf 1 3 2\n", "not"),
        ("bone.step", b"solid", "must end in one of"),
    ],
)
def test_damaged_files(tmp_path, capfd, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SurfaceError, match=words) as caught:
        read_surface(tmp_path / name)
    assert name in str(caught.value)
    assert capfd.readouterr().err == ""


def test_missing_file(tmp_path):
    with pytest.raises(SurfaceError, match="no such file"):
        read_surface(tmp_path / "bone.stl")


def test_faces_of_absent_points_are_refused(tmp_path):
    """VTK would read beyond its memory, which ends the process."""
    from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

    made = polydata(np.eye(4, 3), np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2**28]]))
    path, writer = tmp_path / "bone.vtp", vtkXMLPolyDataWriter()
    writer.SetFileName(str(path))
    writer.SetInputData(made)
    writer.Write()
    with pytest.raises(SurfaceError, match=r"bone\.vtp: its faces name points that are not there"):
        read_surface(path)
