"""Real X-rays beside the project: each becomes a closed surface or is refused in words; broken ones are refused."""

from pathlib import Path

import pytest

from XRayTo3DLib import RadiographError, ReconstructionError, Settings, read_radiograph, reconstruct

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"

# Of X-rays of one kind every sixth, and of DICOM files in many transfer syntaxes those whose pictures differ: what the
# others ask of the engine is much the same, and each takes seconds. That they are read is tested with the readers.
SAME = ("RG2_JLSL", "RG2_JPLL", "RG2_JPLY", "RG2_RLE", "RG2_UNC", "RG3_", "JPEG2K", "Monochrome1")
PICTURES = [
    path.relative_to(DATA).as_posix()
    for kind in ("femur", "longbone", "other")
    for path in sorted(DATA.glob(f"radiographs/{kind}_*.*"))[::6]
]
PICTURES += [
    path.relative_to(DATA).as_posix() for path in sorted(DATA.glob("dicom/*.dcm")) if not path.name.startswith(SAME)
]
BROKEN = [path.relative_to(DATA).as_posix() for path in sorted(DATA.glob("dicom/broken/*.dcm"))]
# Where the files are absent, one test stands for them all and is skipped by `shared_data` with its reason.
NONE = [pytest.param(None, id="absent")]


@pytest.mark.parametrize("name", PICTURES or NONE)
def test_a_closed_surface_or_a_refusal(shared_data, as_trimesh, check_closed, name):
    radiograph = read_radiograph(shared_data / name)
    try:
        found = reconstruct(radiograph, Settings(triangles=20_000))
    except ReconstructionError as error:
        assert "\n" not in str(error) and len(str(error)) > 20
        assert "femur_" not in name and "longbone_" not in name  # in these anyone sees a bone
    else:
        mesh = as_trimesh(found.surface.polydata, flip_z=True)
        check_closed(mesh, mesh.body_count)
        assert 100 < len(mesh.faces) <= 20_000


@pytest.mark.parametrize("name", BROKEN or NONE)
def test_broken_files_are_refused_or_read(shared_data, name):
    """A damaged file is a RadiographError that names it, and never another exception."""
    try:
        radiograph = read_radiograph(shared_data / name)
    except RadiographError as error:
        assert name.rsplit("/", 1)[-1] in str(error) and "\n" not in str(error)
    else:
        assert radiograph.pixels.size > 0
