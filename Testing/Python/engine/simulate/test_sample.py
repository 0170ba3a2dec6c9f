"""The sample that ships is what the project makes, carries its geometry, and becomes a femur of the right size."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from XRayTo3DLib import Settings, read_radiograph, reconstruct
from XRayTo3DLib.simulate.sample import PIXEL_MM, SID_MM, SOD_MM, write_sample

SAMPLE = Path(__file__).resolve().parents[4] / "Resources" / "Samples" / "femur_ap.dcm"


@pytest.fixture(scope="module")
def made_again(tmp_path_factory):
    path = tmp_path_factory.mktemp("sample") / "femur.dcm"
    write_sample(str(path))
    return path


def test_the_file_is_what_the_project_makes(made_again):
    shipped, made = (pydicom.dcmread(path) for path in (SAMPLE, made_again))
    difference = np.abs(shipped.pixel_array.astype(int) - made.pixel_array)
    # OpenCV 5 draws the letters otherwise than OpenCV 4; they are less than a fiftieth of the picture.
    assert (difference > 2).mean() < 0.02
    for dataset in (shipped, made):
        del dataset.PixelData
    assert shipped == made


def test_geometry_and_provenance():
    dataset = pydicom.dcmread(SAMPLE)
    assert list(dataset.ImagerPixelSpacing) == [PIXEL_MM, PIXEL_MM]
    assert dataset.EstimatedRadiographicMagnificationFactor == pytest.approx(SID_MM / SOD_MM)
    assert (dataset.DistanceSourceToDetector, dataset.DistanceSourceToPatient) == (SID_MM, SOD_MM)
    assert dataset.PhotometricInterpretation == "MONOCHROME2" and dataset.BitsStored == 12
    assert "Simulated" in str(dataset.PatientName)
    radiograph = read_radiograph(SAMPLE)
    assert radiograph.pixel_size_mm == (PIXEL_MM, PIXEL_MM)
    assert radiograph.magnification == pytest.approx(SID_MM / SOD_MM)
    assert (radiograph.view, radiograph.side, radiograph.inverted) == ("AP", "right", False)
    assert radiograph.warnings == ()


@pytest.mark.parametrize("method", ["solid", "relief"])
def test_it_becomes_a_femur(as_trimesh, check_closed, method):
    found = reconstruct(read_radiograph(SAMPLE), Settings(method=method, triangles=30_000))
    mesh = as_trimesh(found.surface.polydata, flip_z=True)
    check_closed(mesh)
    width, length, depth = np.ptp(mesh.bounds, axis=0)
    assert 420 < length < 480 and 75 < width < 115
    assert 15 < depth < 70
    # Narrow in the shaft, wide at both ends.
    across = lambda y: np.ptp(mesh.vertices[np.abs(mesh.vertices[:, 1] - y) < 8][:, 0])  # noqa: E731
    low, high = mesh.bounds[:, 1]
    shaft, upper, lower = (across(low + share * (high - low)) for share in (0.5, 0.1, 0.95))
    assert 24 < shaft < 36 and upper > 1.8 * shaft and lower > 1.8 * shaft
