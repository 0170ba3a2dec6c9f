"""What is known of an X-ray's scale stays with its volume, wherever that goes."""

import types
from dataclasses import replace

import numpy as np
import pytest

from ..stand_ins.application import ROOT, CoreIOManager
from .conftest import part, points_of, rod, sample_volume

SAMPLE = ROOT / "Resources" / "Samples" / "femur_ap.dcm"
QUICK = {"method": "solid", "threshold": (0.4, 1.0), "triangles": 3000}


@pytest.fixture
def files(module, scene, slicer_core, monkeypatch):
    """Slicer's way of loading and saving files, with the module listening."""
    manager = CoreIOManager()
    app = types.SimpleNamespace(coreIOManager=lambda: manager)
    monkeypatch.setattr(slicer_core, "app", app, raising=False)
    part("scale").followFiles()
    return manager


def in_engine(model, volume):
    """Points of a model in the engine's frame of its X-ray."""
    from XRayTo3DLib.geometry.frames import engine_to_ras

    points = points_of(model)
    to_ras = engine_to_ras(part("nodes").ijkToRAS(volume))
    return np.linalg.solve(to_ras, np.column_stack([points, np.ones(len(points))]).T)[:3].T


def known(volume):
    return part("scale").knownOf(volume)


def check_sample(volume, logic):
    """The sample's volume is known as well as its DICOM file, and its surface has the same size and place."""
    from XRayTo3DLib import Settings, read_radiograph, reconstruct
    from XRayTo3DLib.surface import arrays

    told = known(volume)
    assert told.pixel_size_source == "DICOM ImagerPixelSpacing"
    assert float(told.magnification) == pytest.approx(1.15) and "DICOM" in told.magnification_source
    assert float(told.sid) / float(told.sod) == pytest.approx(1.15)
    assert (told.view, told.side) == ("AP", "right")
    read, pixels = read_radiograph(SAMPLE), part("nodes").radiographFromVolume(volume).pixels
    np.testing.assert_allclose(pixels, read.pixels, atol=1e-5)
    # Decimation makes something of the last digits of gray values, hence the volume's.
    truth, _ = arrays(reconstruct(replace(read, pixels=pixels), Settings(**QUICK)).surface.polydata)
    np.testing.assert_allclose(in_engine(logic.process(volume, **QUICK), volume), truth, atol=1e-3)


def test_sample_data_takes_the_file_away(files, logic, scene):
    volume = files.load_sample(scene, SAMPLE)
    assert volume.GetStorageNode() is None
    check_sample(volume, logic)


def test_saved_as_nrrd_and_loaded_again(files, logic, scene, tmp_path):
    volume = files.load_sample(scene, SAMPLE)
    files.save(volume, tmp_path / "xray.nrrd")
    assert [path.name for path in tmp_path.iterdir()] == ["xray.nrrd"]
    scene.Clear()
    check_sample(files.load(scene, tmp_path / "xray.nrrd", "again"), logic)


def test_nrrd_without_anybody_listening_to_its_loading(files, logic, scene, tmp_path):
    """A script in which nobody told the module of the file."""
    files.save(files.load_sample(scene, SAMPLE), tmp_path / "xray.nrrd")
    scene.Clear()
    check_sample(CoreIOManager().load(scene, tmp_path / "xray.nrrd", "again"), logic)


def test_a_saved_file_holds_the_same_picture(files, scene, tmp_path):
    import slicer.util

    rng = np.random.default_rng(3)
    matrix = np.eye(4)
    matrix[:3, :3] = np.linalg.qr(rng.standard_normal((3, 3)))[0] * [0.31, 0.42, 2.0]
    matrix[:3, 3] = rng.uniform(-90, 90, 3)
    volume = slicer.util.addVolumeFromArray(rng.integers(0, 4000, (1, 31, 23), dtype=np.uint16), matrix)
    part("scale").setPixelSize(volume, (0.31, 0.42), "given")
    files.save(volume, tmp_path / "xray.nrrd")
    again = files.load(scene, tmp_path / "xray.nrrd", "again")
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(again), slicer.util.arrayFromVolume(volume))
    np.testing.assert_allclose(part("nodes").ijkToRAS(again), matrix, atol=1e-6)
    assert known(again).pixel_size_source == "given"


def test_other_formats_are_left_alone(files, scene, tmp_path):
    volume = files.load_sample(scene, SAMPLE)
    files.save(volume, tmp_path / "xray.nii.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["xray.nii.gz"]
    assert known(files.load(scene, tmp_path / "xray.nii.gz", "again")).magnification is None


def test_clone(files, logic, scene, slicer_core):
    volume = files.load_sample(scene, SAMPLE)
    check_sample(slicer_core.modules.volumes.logic().CloneVolume(scene, volume, "Clone"), logic)


@pytest.mark.parametrize("isNew", [True, False])
def test_crop(files, scene, slicer_core, isNew):
    """Crop Volume's new output is a clone; one that the user made beforehand is known by the module's parameters."""
    volume = files.load_sample(scene, SAMPLE)
    region = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
    bounds = np.zeros(6)
    volume.GetRASBounds(bounds)
    low, high = bounds.reshape(3, 2).T
    region.SetCenter((low + high) / 2)
    region.SetSize((high - low) / 2 + [0, 0, 5])
    output = None if isNew else scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Output")
    parameters = scene.AddNewNodeByClass("vtkMRMLCropVolumeParametersNode")
    parameters.SetInputVolumeNodeID(volume.GetID())
    parameters.SetROINodeID(region.GetID())
    if output:
        parameters.SetOutputVolumeNodeID(output.GetID())
    parameters.SetVoxelBased(True)
    cropping = slicer_core.modules.cropvolume.logic()
    if isNew:
        output = slicer_core.modules.volumes.logic().CloneVolume(scene, volume, "Cropped")
    assert cropping.CropVoxelBased(region, volume, output) == 0
    assert output.GetImageData().GetDimensions() != volume.GetImageData().GetDimensions()
    part("scale").remember(output)
    assert known(output) == known(volume)


@pytest.mark.parametrize("names", [("inputVolume", "outputVolume"), ("InputVolume", "OutputVolume")])
def test_resampling(files, scene, monkeypatch, names):
    """A resampled X-ray has other pixels, and the same magnification."""
    import slicer.util

    volume = files.load_sample(scene, SAMPLE)
    coarse = np.ascontiguousarray(slicer.util.arrayFromVolume(volume)[:, ::2, ::2])
    output = slicer.util.addVolumeFromArray(coarse, part("nodes").ijkToRAS(volume) @ np.diag([2, 2, 1, 1]))
    # The core has no command line modules, whose nodes get their parameters from them.
    values = dict(zip(names, (volume.GetID(), output.GetID()), strict=True))
    command = types.SimpleNamespace(GetParameterAsString=lambda name: values.get(name, ""))
    find = slicer.util.getNodesByClass
    monkeypatch.setattr(slicer.util, "getNodesByClass", lambda name: [command] if "CommandLine" in name else find(name))
    assert known(output) == known(volume)


def test_scene_file(files, logic, scene, tmp_path):
    volume = files.load_sample(scene, SAMPLE)
    volume.AddDefaultStorageNode()
    volume.GetStorageNode().SetFileName(str(tmp_path / "xray.nrrd"))
    assert volume.GetStorageNode().WriteData(volume)
    scene.SetRootDirectory(str(tmp_path))
    scene.SetURL(str(tmp_path / "scene.mrml"))
    assert scene.Commit()
    scene.Clear()
    assert scene.Import()
    (volume,) = [scene.GetNthNodeByClass(0, "vtkMRMLScalarVolumeNode")]
    check_sample(volume, logic)


def test_size_typed_elsewhere(files, scene):
    """Somebody changed the spacing in another module: what it holds for, detector or bone, is not known."""
    volume = files.load_sample(scene, SAMPLE)
    volume.SetSpacing(0.3, 0.3, 1)
    geometry = part("scale").headerOf(volume).geometry
    assert geometry.pixel_size_source == "volume spacing" and geometry.magnification_source == "unknown"
    assert any("magnification is unknown" in warning for warning in geometry.warnings)
    assert part("scale").headerOf(volume).view == "AP"


def test_size_typed_in_the_panel_is_one_at_the_detector(files, logic, scene):
    volume = files.load_sample(scene, SAMPLE)
    logic.setPixelSize(volume, 0.3)
    geometry = part("scale").headerOf(volume).geometry
    assert geometry.pixel_size_mm == pytest.approx((0.3, 0.3)) and geometry.pixel_size_source == "given"
    assert geometry.magnification == pytest.approx(1.15)


def test_calibration_is_one_at_the_bone(files, scene):
    volume = files.load_sample(scene, SAMPLE)
    part("scale").setPixelSize(volume, (0.4, 0.4), "calibration: Ball is 25 mm long")
    geometry = part("scale").headerOf(volume, sid=1200, sod=1000).geometry
    assert geometry.magnification == 1 and geometry.magnification_source.startswith("calibration")
    assert not geometry.warnings and geometry.sid_mm is None


def test_distances_in_the_panel_outrank_what_is_known(files, scene):
    volume = files.load_sample(scene, SAMPLE)
    geometry = part("scale").headerOf(volume, sid=1200, sod=1000).geometry
    assert geometry.magnification == pytest.approx(1.2) and geometry.magnification_source == "given SID and SOD"


def test_unknown_magnification_is_said(logic, scene):
    import json

    import slicer.util

    volume = slicer.util.addVolumeFromArray(rod()[0][None], np.diag([-0.5, -0.5, 1, 1]))
    part("scale").remember(volume)
    assert not [name for name in volume.GetAttributeNames() if name.startswith("XRayTo3D")]
    record = json.loads(logic.process(volume, triangles=2000).GetAttribute("XRayTo3D.Result"))
    assert record["input"]["magnification_source"] == "unknown"
    assert any("magnification is unknown" in warning for warning in record["warnings"])


def test_reader_without_pixel_size(module, scene, monkeypatch):
    """Slicer's reader says 1 mm where there is PixelSpacing alone; the file knows better."""
    from XRayTo3DLib.radiograph import Header, projection_geometry

    volume = sample_volume(scene)
    scale = part("scale")
    header = Header(projection_geometry({"PixelSpacing": [0.3, 0.2]}, None, None, None), "AP", None)
    monkeypatch.setattr(scale, "_headerOf", lambda path: header)
    volume.SetSpacing(1, 1, 1)
    scale.remember(volume)  # by itself it changes no volume
    assert volume.GetSpacing() == (1, 1, 1) and known(volume).pixel_size_source is None
    scale.takeOver(volume)
    assert volume.GetSpacing() == (0.2, 0.3, 1) and known(volume).pixel_size_source == "DICOM PixelSpacing"
    volume.SetSpacing(0.5, 0.5, 1)
    scale.takeOver(volume)
    assert volume.GetSpacing() == (0.5, 0.5, 1)


def test_fitted_shape_of_a_sample_is_the_one_of_its_file(files, logic, scene, tmp_path):
    """To a hundredth of a millimeter, from Sample Data and from a NRRD file; and not 15 % longer."""
    from XRayTo3DLib import read_radiograph, reconstruct
    from XRayTo3DLib.surface import arrays

    truth, _ = arrays(reconstruct(read_radiograph(SAMPLE)).surface.polydata)
    assert np.ptp(truth, axis=0).max() == pytest.approx(421, abs=6)  # the bone's own length, as one view tells it
    volume = files.load_sample(scene, SAMPLE)
    files.save(volume, tmp_path / "xray.nrrd")
    for each in (volume, files.load(scene, tmp_path / "xray.nrrd", "again")):
        np.testing.assert_allclose(in_engine(logic.process(each), each), truth, atol=0.01)
