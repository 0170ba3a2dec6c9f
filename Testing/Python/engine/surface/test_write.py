"""Surface files: LPS coordinates under Slicer's own mark, four formats that agree, complete or absent."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.surface import (
    OBSERVED,
    SUFFIXES,
    arrays,
    check_surface_path,
    read_surface,
    with_observed,
    write_surface,
)

CENTRE = (30.0, 40.0, 50.0)


@pytest.fixture
def surface(ball):
    made = ball(10.0, CENTRE)
    return with_observed(made, arrays(made)[0][:, 2] > 50)


def read_vtp(path):
    from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

    reader = vtkXMLPolyDataReader()
    reader.SetFileName(str(path))
    reader.Update()
    return reader.GetOutput()


def load(path) -> trimesh.Trimesh:
    if path.suffix == ".vtp":
        return trimesh.Trimesh(*arrays(read_vtp(path)), process=False)
    return trimesh.load(path, force="mesh", process=path.suffix.lower() == ".stl", merge_norm=True, merge_tex=True)


def test_four_suffixes():
    assert set(SUFFIXES) == {".stl", ".ply", ".obj", ".vtp"}


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".STL"])
def test_files_are_closed_and_in_lps(surface, tmp_path, check_closed, suffix):
    path = tmp_path / f"bone{suffix}"
    write_surface(surface, path)
    mesh = load(path)
    check_closed(mesh)
    points, faces = arrays(surface)
    assert (len(mesh.vertices), len(mesh.faces)) == (len(points), len(faces))
    # The engine's z is towards the source; LPS is right-handed, so there it is the other way.
    assert np.allclose(mesh.bounds, [[20, 30, -60], [40, 50, -40]], atol=1e-4)
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 1000, rel=0.02)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_formats_agree(surface, tmp_path):
    corners = []
    for suffix in SUFFIXES:
        write_surface(surface, tmp_path / f"bone{suffix}")
        mesh = load(tmp_path / f"bone{suffix}")
        triangles = np.sort(mesh.triangles.reshape(-1, 9).round(3), axis=0)
        corners.append(triangles)
    assert all(np.allclose(corners[0], other, atol=2e-3) for other in corners[1:])


def test_each_format_carries_the_mark_that_slicer_reads(surface, tmp_path):
    for suffix in SUFFIXES:
        write_surface(surface, tmp_path / f"bone{suffix}")
    stl = (tmp_path / "bone.stl").read_bytes()
    assert stl[:80].rstrip(b"\0 ") == b"3D Slicer output. SPACE=LPS"
    assert len(stl) == 84 + 50 * int.from_bytes(stl[80:84], "little")
    assert b"comment SPACE=LPS" in (tmp_path / "bone.ply").read_bytes()[:300]
    assert (tmp_path / "bone.ply").read_bytes()[:60].split(b"\n")[1].startswith(b"format binary")
    assert (tmp_path / "bone.obj").read_text().startswith("# 3D Slicer output. SPACE=LPS\n")
    vtp = read_vtp(tmp_path / "bone.vtp")
    assert vtp.GetFieldData().GetAbstractArray("SPACE").GetValue(0) == "LPS"


def test_vtp_carries_what_was_observed(surface, tmp_path):
    write_surface(surface, tmp_path / "bone.vtp")
    found = read_vtp(tmp_path / "bone.vtp")
    observed = found.GetPointData().GetArray(OBSERVED)
    seen = np.array([observed.GetValue(i) for i in range(observed.GetNumberOfValues())])
    assert set(seen) == {0, 1}
    assert np.array_equal(seen == 1, arrays(found)[0][:, 2] < -50)


def test_writing_does_not_touch_the_surface_itself(surface, tmp_path):
    before = [a.copy() for a in arrays(surface)]
    write_surface(surface, tmp_path / "bone.vtp")
    assert all(np.array_equal(a, b) for a, b in zip(before, arrays(surface), strict=True))
    assert surface.GetFieldData().GetNumberOfArrays() == 0


def test_an_older_file_is_replaced_with_its_folders_rights(surface, tmp_path):
    path = tmp_path / "bone.stl"
    path.write_text("older")
    write_surface(surface, path)
    assert path.stat().st_size > 1000
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bone.step", r"must end in one of \.stl, \.ply, \.obj, \.vtp, not '\.step'"),
        ("bone", "not 'nothing'"),
        ("absent/bone.stl", "does not exist"),
        ("folder.stl", "this is a folder"),
    ],
)
def test_bad_places(surface, tmp_path, name, words):
    (tmp_path / "folder.stl").mkdir()
    with pytest.raises(ReconstructionError, match=words) as caught:
        write_surface(surface, tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.stl"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_folder_without_right_to_write(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ReconstructionError, match="cannot be written to"):
            check_surface_path(tmp_path / "bone.stl")
    finally:
        tmp_path.chmod(0o700)


FULL_DISK = """
import resource, signal, sys
import trimesh
from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.surface import polydata, write_surface
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
sphere = trimesh.creation.icosphere(4)
for path in sys.argv[1:]:
    try:
        write_surface(polydata(sphere.vertices, sphere.faces), path)
    except ReconstructionError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size")
def test_full_disk(tmp_path):
    """In a process of its own, which cannot write larger files; one for all formats."""
    import XRayTo3DLib

    cases = [(".stl", None), (".stl", "older"), (".ply", None), (".obj", None), (".vtp", "older")]
    paths = [tmp_path / str(number) / f"bone{suffix}" for number, (suffix, _) in enumerate(cases)]
    for path, (_, older) in zip(paths, cases, strict=True):
        path.parent.mkdir()
        if older:
            path.write_text(older)
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, *paths],
        capture_output=True,
        text=True,
        cwd=Path(XRayTo3DLib.__file__).parents[1],
        check=False,
    )
    assert run.returncode == 0 and run.stderr == ""
    for told, path, (_, older) in zip(run.stdout.splitlines(), paths, cases, strict=True):
        assert "could not be written" in told and str(path) in told
        assert [p.name for p in path.parent.iterdir()] == ([path.name] if older else [])
        assert older is None or path.read_text() == older


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_names_that_are_no_text_and_long_ones(surface, tmp_path, suffix):
    folder = tmp_path / "H\udcfcfte"
    folder.mkdir()
    path = folder / ("\udcfc" * (255 - len(suffix)) + suffix)
    write_surface(surface, path)
    assert list(folder.iterdir()) == [path]
    points, faces = read_surface(path)
    assert len(faces) == len(arrays(surface)[1]) and points.mean(axis=0) == pytest.approx((30, 40, -50), abs=1)
