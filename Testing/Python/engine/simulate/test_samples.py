"""The samples that ship are what the project makes, carry their geometry, and become femora of the right size."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pydicom
import pytest

from XRayTo3DLib import Settings, read_radiograph, reconstruct, segment
from XRayTo3DLib.commands.main import main
from XRayTo3DLib.commands.terminal import DONE

ROOT = Path(__file__).resolve().parents[4]
SAMPLES = ROOT / "Resources" / "Samples"
NAMES = ("femur_ap", "femur_lateral", "femur_fractured_ap", "femur_fractured_lateral")


@pytest.fixture(scope="module")
def made_again(tmp_path_factory):
    """Folder of the intact femur, made by the command that the Makefile has."""
    folder = tmp_path_factory.mktemp("samples")
    command = re.search(r"^SAMPLE = \S+xrayto3d (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    assert main([*shlex.split(command), "-o", str(folder)]) == DONE
    return folder


@pytest.mark.parametrize("view", ["ap", "lateral"])
def test_the_files_are_what_the_project_makes(made_again, view):
    shipped, made = (pydicom.dcmread(path) for path in (SAMPLES / f"femur_{view}.dcm", made_again / f"{view}.dcm"))
    assert (shipped.Rows, shipped.Columns) == (made.Rows, made.Columns)
    difference = np.abs(shipped.pixel_array.astype(int) - made.pixel_array)
    # OpenCV 5 draws the letters otherwise than OpenCV 4; they are less than a fiftieth of the picture.
    assert (difference > 65535 / 100).mean() < 0.02
    for dataset in (shipped, made):
        del dataset.PixelData, dataset.SOPInstanceUID, dataset.WindowCenter, dataset.WindowWidth
        del dataset.SoftwareVersions
    assert shipped == made


@pytest.mark.parametrize("name", NAMES)
def test_geometry_and_provenance(name):
    dataset = pydicom.dcmread(SAMPLES / f"{name}.dcm")
    assert list(dataset.ImagerPixelSpacing) == [0.5, 0.5]
    assert (dataset.DistanceSourceToDetector, dataset.DistanceSourceToPatient) == (1150, 1000)
    assert "Simulated" in str(dataset.PatientName) and "imulated" in dataset.ImageComments
    radiograph = read_radiograph(SAMPLES / f"{name}.dcm")
    assert radiograph.magnification == pytest.approx(1.15) and radiograph.warnings == ()
    assert radiograph.view == ("AP" if name.endswith("ap") else "lateral")
    assert (radiograph.side, radiograph.inverted) == ("right", False)


def test_intact_and_broken_are_studies_of_two_views():
    studies = [pydicom.dcmread(SAMPLES / f"{name}.dcm").StudyInstanceUID for name in NAMES]
    assert studies[0] == studies[1] != studies[2] == studies[3]


@pytest.mark.parametrize("method", ["solid", "relief"])
def test_the_sample_becomes_a_femur(as_trimesh, check_closed, made_again, method):
    found = reconstruct(read_radiograph(SAMPLES / "femur_ap.dcm"), Settings(method=method, triangles=30_000))
    mesh = as_trimesh(found.surface.polydata, flip_z=True)
    check_closed(mesh)
    width, length, depth = np.ptp(mesh.bounds, axis=0)
    head = json.loads((made_again / "simulation.json").read_text())["parameters"]["head"]
    assert length == pytest.approx(head["height"] + head["radius"] + 22, abs=10)
    assert 75 < width < 125 and 15 < depth < 70
    # Narrow in the shaft, wide at both ends.
    across = lambda y: np.ptp(mesh.vertices[np.abs(mesh.vertices[:, 1] - y) < 8][:, 0])  # noqa: E731
    low, high = mesh.bounds[:, 1]
    shaft, upper, lower = (across(low + share * (high - low)) for share in (0.5, 0.1, 0.95))
    assert 24 < shaft < 38 and upper > 1.8 * shaft and lower > 1.8 * shaft


@pytest.mark.parametrize("way", ["clusters", "network", "auto"])
@pytest.mark.parametrize("view", ["ap", "lateral"])
def test_the_bone_that_is_found_is_the_bone(made_again, view, way):
    """The sample's mask against the true one."""
    import cv2

    found = segment(read_radiograph(made_again / f"{view}.dcm"), Settings(segmentation=way)).bone.mask
    truth = cv2.imread(str(made_again / f"{view}_mask.png"), cv2.IMREAD_UNCHANGED) > 0
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.93
