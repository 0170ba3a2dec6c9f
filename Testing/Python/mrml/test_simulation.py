"""Simulated radiographs as nodes: they stand in the bone, and Sample Data offers those that ship."""

import hashlib
import sys
import types
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from .conftest import ROOT, node_ids, part, points_of

CENTRE_RAS = np.array([-90.0, 30.0, 400.0])  # on the patient's left


@pytest.fixture
def ball(module, scene, slicer_core):
    """A model of a ball of 25 mm radius, made of quads and triangles as VTK's sources make them."""
    from vtkmodules.vtkFiltersSources import vtkSphereSource

    sphere = vtkSphereSource()
    sphere.SetRadius(25)
    sphere.SetCenter(*CENTRE_RAS)
    sphere.SetThetaResolution(80)
    sphere.SetPhiResolution(80)
    sphere.Update()
    node = slicer_core.vtkMRMLModelNode()
    node.SetName("ball")
    scene.AddNode(node)
    node.SetAndObservePolyData(sphere.GetOutput())
    return node


@pytest.fixture
def ct(module, scene):
    """A CT volume of a cube of bone in flesh."""
    import slicer.util

    values = np.full((30, 30, 30), -1000, np.int16)
    values[3:27, 3:27, 3:27] = 40
    values[10:20, 10:20, 10:20] = 1000
    to_ras = np.diag([-2.0, -2.0, 2.0, 1.0])
    to_ras[:3, 3] = CENTRE_RAS - to_ras[:3, :3] @ [14.5, 14.5, 14.5]
    return slicer.util.addVolumeFromArray(values, to_ras, "CT")


@pytest.mark.parametrize("view", ["ap", "lateral", "oblique"])
@pytest.mark.parametrize("body", ["ball", "ct"])
def test_the_shadow_lies_round_the_bone(module, logic, request, body, view):
    import slicer.util

    made = logic.simulate(request.getfixturevalue(body), view, "left", pixel_size_mm=0.5, tissue_mm=0.0, marked=False)
    image = slicer.util.arrayFromVolume(made)
    assert image.shape[0] == 1 and image.dtype == np.uint16
    j, i = (np.average(np.arange(n), weights=image[0].sum(axis=1 - axis)) for axis, n in enumerate(image.shape[1:]))
    middle = part("nodes").ijkToRAS(made) @ [i, j, 0, 1]
    assert middle[:3] == pytest.approx(CENTRE_RAS, abs=0.3)
    # Its pixels are as large as they are in the bone's middle, and up is up.
    assert made.GetSpacing()[0] == pytest.approx(0.5 / 1.15)
    assert part("nodes").ijkToRAS(made)[:3, 1] == pytest.approx([0, 0, -0.5 / 1.15], abs=1e-9)


def test_a_reconstruction_from_it_stands_on_the_bone(logic, ball):
    made = logic.simulate(ball, "ap", "left", pixel_size_mm=0.5, tissue_mm=0.0, marked=False)
    points = points_of(logic.process(made, method="solid", threshold=(0.1, 1.0), triangles=20000))
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    assert middle[[0, 2]] == pytest.approx(CENTRE_RAS[[0, 2]], abs=1.0)
    assert points[:, 1].min() == pytest.approx(CENTRE_RAS[1], abs=0.5)  # a surface's back lies on its X-ray
    assert np.ptp(points, axis=0)[[0, 2]] == pytest.approx([50, 50], abs=1.5)


def test_an_output_node_is_filled_again(logic, scene, ball):
    made = logic.simulate(ball, "ap", pixel_size_mm=1.0)
    before = node_ids(scene)
    assert logic.simulate(ball, "lateral", outputNode=made, pixel_size_mm=1.0) is made
    assert node_ids(scene) == before


def test_refusals_leave_the_scene_as_it_was(logic, scene, slicer_core, ball):
    from vtkmodules.vtkFiltersSources import vtkPlaneSource

    from XRayTo3DLib.errors import SimulationError

    empty, flat = slicer_core.vtkMRMLModelNode(), slicer_core.vtkMRMLModelNode()
    plane = vtkPlaneSource()
    plane.Update()
    flat.SetAndObservePolyData(plane.GetOutput())
    before = node_ids(scene)
    for node, words in ((empty, "no surface"), (flat, "not closed"), (None, "CT volume or a model")):
        with pytest.raises(SimulationError, match=words):
            logic.simulate(node)
    with pytest.raises(SimulationError, match="no such view"):
        logic.simulate(ball, "skyline")
    assert node_ids(scene) == before


def test_sample_data(module, monkeypatch, tmp_path):
    """What is registered is what SampleData takes: lists of one length; files and digests are those that ship."""
    registered = []

    class SampleDataLogic:
        @staticmethod
        def registerCustomSampleDataSource(
            category,
            sampleName,
            uris,
            fileNames,
            nodeNames,
            thumbnailFileName,
            loadFileTypes,
            checksums,
        ):
            assert category == "XRayTo3D" and loadFileTypes == "VolumeFile"
            assert Path(thumbnailFileName).is_file()
            registered.append((sampleName, list(zip(uris, fileNames, nodeNames, checksums, strict=True))))

    stand_in = types.ModuleType("SampleData")
    stand_in.SampleDataLogic = SampleDataLogic
    monkeypatch.setitem(sys.modules, "SampleData", stand_in)
    part("samples").registerSampleData()
    assert len(registered) == 2
    shipped = ROOT / "Resources" / "Samples"
    for name in (file for _, files in registered for file in files):
        uri, file_name, node_name, checksum = name
        with urllib.request.urlopen(uri) as response:
            assert checksum == f"SHA256:{hashlib.sha256(response.read()).hexdigest()}"
        assert (shipped / file_name.removeprefix("XRayTo3D_")).is_file() and node_name + ".dcm" in file_name

    # An installed extension has no copy beside it: the repository's is downloaded.
    monkeypatch.setattr(part("samples"), "HERE", str(tmp_path))
    monkeypatch.setattr(Path, "is_file", lambda self: True)
    registered.clear()
    part("samples").registerSampleData()
    uris = [uri for _, files in registered for uri, *_ in files]
    assert len(uris) == 4 and all(
        uri.startswith("https://github.com/XRayTo3D/SlicerXRayTo3D/raw/main/") for uri in uris
    )
