"""Reading surfaces: what was written comes back in LPS; open, empty and damaged files are refused in words."""

import re

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


ELEMENTS = "element vertex 4\nproperty {0} x\nproperty {0} y\nproperty {0} z\nelement face {1}\n"
LISTS = "property list uchar {} vertex_indices\nend_header\n"
CORNERS, SIDES = np.eye(4, 3), np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])


def ply(faces=SIDES, encoding="ascii", real="float", whole="int", count=None):
    """A tetrahedron as a PLY file, or what its faces make of it."""
    head = f"ply\nformat {encoding} 1.0\n" + ELEMENTS.format(real, count or len(faces)) + LISTS.format(whole)
    if encoding == "ascii":
        rows = [*CORNERS, *np.insert(faces, 0, 3, axis=1)]
        return (head + "".join(" ".join(f"{each:g}" for each in row) + "\n" for row in rows)).encode()
    order = {"binary_little_endian": "<", "binary_big_endian": ">"}[encoding]
    sides = np.zeros(len(faces), [("count", "u1"), ("named", order + {"int": "i4", "uint": "u4"}[whole], 3)])
    sides["count"], sides["named"] = 3, faces
    return head.encode() + CORNERS.astype(order + {"float": "f4", "double": "f8"}[real]).tobytes() + sides.tobytes()


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize(("real", "whole"), [("float", "int"), ("double", "uint")])
def test_ply_in_all_encodings(tmp_path, encoding, real, whole):
    (tmp_path / "bone.ply").write_bytes(ply(SIDES, encoding, real, whole))
    points, faces = read_surface(tmp_path / "bone.ply")
    assert sorted(map(tuple, points)) == sorted(map(tuple, CORNERS))
    assert area_and_volume(points, faces)[1] == pytest.approx(1 / 6)


def test_obj_with_quads_textures_relative_numbers_and_a_material(tmp_path):
    """The material's file is not looked for: it would be any file that a stranger's file names."""
    cube = trimesh.creation.box()
    quads = [[1, 2, 4, 3], [5, 7, 8, 6], [1, 5, 6, 2], [3, 4, 8, 7], [1, 3, 7, 5], [-7, -3, -1, -5]]
    text = "mtllib ../secret.mtl\nusemtl bone\nvt 0 0\nvt 1 1\nvn 0 0 1\n"
    text += "".join("v {} {} {}\n".format(*corner) for corner in cube.vertices)
    text += "".join("f " + " ".join(f"{each}/1/1" for each in quad) + "\n" for quad in quads)
    (tmp_path / "box.obj").write_text(text)
    points, faces = read_surface(tmp_path / "box.obj")
    assert (len(points), len(faces)) == (8, 12)
    assert area_and_volume(points, faces)[1] == pytest.approx(1)


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize(
    "damaged",
    [
        lambda encoding: ply(encoding=encoding, count=5),
        lambda encoding: ply(encoding=encoding, count=10**17),
        lambda encoding: ply(encoding=encoding).replace(b"vertex_indices", b"vertex_indicez"),
        lambda encoding: ply(encoding=encoding).replace(b"property float y", b"property fluat y"),
        lambda encoding: ply(encoding=encoding)[:-7],
        lambda encoding: ply(np.where(SIDES == 3, 2**28, SIDES), encoding),
        lambda encoding: ply(np.where(SIDES == 3, -(2**28), SIDES), encoding),
    ],
    ids=["a face too many", "faces for petabytes", "no faces", "no type", "short", "beyond", "before"],
)
def test_damaged_ply_files_end_in_words_or_are_what_is_in_them(tmp_path, capfd, encoding, damaged):
    """VTK's reader made an end of the process, by a fault or by exit()."""
    (tmp_path / "bone.ply").write_bytes(damaged(encoding))
    try:
        points, faces = read_surface(tmp_path / "bone.ply")
    except SurfaceError as error:
        assert re.search(r"bone\.ply: .*(no triangles|points that are not there|not closed)", str(error))
    else:
        assert (len(faces), area_and_volume(points, faces)[1]) == (4, pytest.approx(1 / 6))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "faces",
    [
        "f 1 2 99999999\n",
        "f 1 2 -99999999\n",
        "f 1//1 2//99999999 3//1\n",
        "f 1/9/1 2/9999999/1 3/0/1\n",
        "f 1\n",
        "f",
        "f one two three\n",
    ],
)
def test_damaged_obj_files_end_in_words(tmp_path, capfd, faces):
    (tmp_path / "bone.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvn 0 0 1\n" + faces)
    with pytest.raises(SurfaceError, match=r"bone\.obj"):
        read_surface(tmp_path / "bone.obj")
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
