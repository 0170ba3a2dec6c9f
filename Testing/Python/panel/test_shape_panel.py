"""The panel's part for the shape model: what can be chosen when, and what Apply makes of two X-rays."""

import numpy as np
import pytest
import vtk

from ..mrml.conftest import models, part, points_of, rod, sample_volume
from ..stand_ins.application import ROOT

OF_SHAPE = ("lateralSelector", "sideComboBox", "landmarksSelector", "forceCheckBox", "shapeModelLineEdit")
OF_PATIENT = ("heightSpinBox", "sexComboBox", "otherSideSelector")
OF_SECOND = ("lateralRegionSelector", "lateralRegionPlaceWidget", "lateralViewComboBox", "viewAngleSpinBox")


@pytest.fixture
def femur(scene, open_panel):
    """The panel with the sample femur from the front and from the side."""
    volumes = [sample_volume(scene, name) for name in ("femur_ap.dcm", "femur_lateral.dcm")]
    for volume in volumes:
        volume.CreateDefaultDisplayNodes()
    panel = open_panel()
    panel._parameterNode.inputVolume, panel._parameterNode.lateralVolume = volumes
    return panel


def enabled(panel, names):
    return [getattr(panel.ui, name).enabled for name in names]


def test_only_a_shape_has_a_side_and_only_a_second_view_an_angle(femur):
    method = part("parameters").Method
    for chosen in (method.AUTO, method.SHAPE):
        femur._parameterNode.method = chosen
        assert all(enabled(femur, OF_SHAPE + OF_PATIENT + OF_SECOND))
    femur._parameterNode.method = method.SOLID
    assert not any(enabled(femur, OF_SHAPE + OF_PATIENT + OF_SECOND))
    femur._parameterNode.method = method.VOLUME  # has views and a side, but no patient
    assert all(enabled(femur, OF_SECOND)) and femur.ui.sideComboBox.enabled
    assert not any(enabled(femur, OF_PATIENT)) and not femur.ui.landmarksSelector.enabled
    femur._parameterNode.method = method.AUTO
    femur._parameterNode.lateralVolume = None
    assert all(enabled(femur, OF_SHAPE + OF_PATIENT)) and not any(enabled(femur, OF_SECOND))


def test_one_xray_is_no_two_views(femur):
    parameters = femur._parameterNode
    parameters.lateralVolume = parameters.inputVolume
    assert not femur.ui.applyButton.enabled and "same X-ray" in femur.ui.statusLabel.text
    parameters.method = part("parameters").Method.SOLID  # which has no use for it
    assert femur.ui.applyButton.enabled


def test_apply_tells_the_scale_that_no_file_did(scene, open_panel, messages):
    """In the panel's place for it; the calibration line that was drawn, but not used, moves along with the X-ray."""
    import slicer.util

    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "picture")
    slicer.util.updateVolumeFromArray(volume, slicer.util.arrayFromVolume(sample_volume(scene)))
    volume.CreateDefaultDisplayNodes()
    panel = open_panel()
    parameters, kinds = panel._parameterNode, part("parameters")
    parameters.inputVolume, parameters.method, parameters.side = volume, kinds.Method.SHAPE, kinds.Side.RIGHT
    assert panel.ui.scaleLabel.text.startswith("Unknown: 1 mm is assumed")
    line = scene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", "Ruler")
    for column in (10, 60):
        place = part("nodes").ijkToRAS(volume) @ [column, 20, 0, 1]
        line.AddControlPointWorld(vtk.vtkVector3d(*place[:3]))
    parameters.calibrationLine = line
    panel.ui.applyButton.click()
    assert not messages
    size = part("result").recordOf(parameters.outputModel)["scale"]["pixel_size_mm"]
    assert panel.ui.pixelSizeSpinBox.value == pytest.approx(size, abs=0.001)
    assert panel.ui.scaleLabel.text.startswith("Estimated from the bone's usual size")
    assert part("marks").lengthOnXray(line, volume) == pytest.approx(50 * size, rel=1e-4)


def test_apply_with_two_views(femur, scene, app, messages):
    parameters, kinds = femur._parameterNode, part("parameters")
    parameters.side = kinds.Side.RIGHT
    points = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    part("marks").offerLandmarks(points)
    head = femur.logic.segment(parameters.inputVolume).bone.landmarks["head_center"]
    place = part("nodes").ijkToRAS(parameters.inputVolume) @ [head.x, head.y, 0, 1]
    points.SetNthControlPointPositionWorld(0, vtk.vtkVector3d(*place[:3]))
    parameters.landmarks = points
    femur.ui.applyButton.click()
    assert not messages
    model = parameters.outputModel
    record = part("result").recordOf(model)
    assert record["surface"]["method"] == "shape" and record["shape"]["views"] == 2
    assert (record["shape"]["side"], record["shape"]["side_given"]) == ("right", True)
    assert record["settings"]["landmarks"]["head_center"] == pytest.approx([head.x, head.y], abs=0.01)
    text = femur.ui.resultBrowser.toPlainText()
    for words in ("Fitted shape", "Neck-shaft angle", "Anteversion", "±"):
        assert words in text, words

    sliceNode = app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    assert not sliceNode.GetSliceVisible()  # half of the bone would be behind it
    display = model.GetDisplayNode()
    parameters.color = kinds.Color.UNCERTAINTY
    assert display.GetScalarVisibility() and display.GetActiveScalarName() == "Uncertainty_mm"
    # An outline is a model too, but no place for a surface.
    parameters.outputModel = model.GetNodeReference("XRayTo3D.Outline")
    assert not femur.ui.applyButton.enabled and "outline" in femur.ui.statusLabel.text
    parameters.outputModel = model
    parameters.method = kinds.Method.RELIEF  # says nothing of how sure it is
    femur.ui.applyButton.click()
    assert not display.GetScalarVisibility() and sliceNode.GetSliceVisible()
    assert not any(model.GetNodeReference(f"XRayTo3D.{role}") for role in ("Outline", "LateralOutline"))


def test_what_is_no_femur_is_said_and_nothing_is_left(open_panel, scene, messages):
    import slicer.util

    volume = slicer.util.addVolumeFromArray(rod()[0][None], np.diag([-0.5, -0.5, 1, 1]), "Thigh")
    volume.CreateDefaultDisplayNodes()
    panel = open_panel()
    panel._parameterNode.method = part("parameters").Method.SHAPE
    panel.ui.applyButton.click()
    assert "femur" in str(messages[-1]) and panel._parameterNode.outputModel is None
    assert not models(scene)


def test_new_landmarks_are_waiting_for_their_places(femur, app):
    femur.ui.landmarksSelector.addNode()
    points = femur._parameterNode.landmarks
    assert points.GetNumberOfControlPoints() == 4 and points.GetNthControlPointLabel(0) == "Head center"
    assert femur.ui.landmarksPlaceWidget.placeModeEnabled
    shown = app.layoutManager().shown
    assert shown() == femur._parameterNode.inputVolume.GetID()
    femur.ui.lateralRegionSelector.addNode()
    assert shown() == femur._parameterNode.lateralVolume.GetID()


def test_another_shape_model(femur, monkeypatch, messages):
    import qt

    monkeypatch.setattr(qt.QFileDialog._qt, "getOpenFileName", lambda *arguments: "/absent/model.npz")
    femur.ui.shapeModelButton.click()
    assert femur._parameterNode.shapeModel == "/absent/model.npz" == femur.ui.shapeModelLineEdit.text
    femur._parameterNode.lateralVolume = None
    femur._parameterNode.method = part("parameters").Method.SHAPE
    femur.ui.applyButton.click()
    assert "/absent/model.npz" in str(messages[-1])
    monkeypatch.setattr(qt.QFileDialog._qt, "getOpenFileName", lambda *arguments: "")
    femur.ui.shapeModelButton.click()  # and think better of it
    assert femur._parameterNode.shapeModel == "/absent/model.npz"


@pytest.mark.parametrize("marked", [False, True])
def test_a_mask_that_went_to_the_segment_editor_and_back_gives_the_same_surface(femur, scene, messages, marked):
    import types

    import slicer

    nothing = lambda node: None  # noqa: E731
    editor = types.SimpleNamespace(setSegmentationNode=nothing, setSourceVolumeNode=nothing)
    slicer.modules.SegmentEditorWidget = types.SimpleNamespace(editor=editor)
    parameters = femur._parameterNode
    parameters.lateralVolume, parameters.side = None, part("parameters").Side.RIGHT  # so that one side is fitted
    if marked:  # a box, and a click on the bone
        to_ras = part("nodes").ijkToRAS(parameters.inputVolume)
        low, high = ((to_ras @ [*pixel, 0, 1])[:3] for pixel in ((40, 30), (360, 1150)))
        parameters.region = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
        parameters.region.SetCenter((low + high) / 2)
        parameters.region.SetSize(np.abs(high - low) + np.array([0, 0, 1]))
        parameters.includePoints = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
        mask = femur.logic.lookForBone(parameters.inputVolume).mask
        row, column = np.argwhere(mask)[mask.sum() // 2]
        parameters.includePoints.AddControlPointWorld(vtk.vtkVector3d(*(to_ras @ [column, row, 0, 1])[:3]))
    femur.ui.applyButton.click()
    before, points = part("result").recordOf(parameters.outputModel), points_of(parameters.outputModel)
    femur.ui.editButton.click()
    assert parameters.boneSegmentation
    femur.ui.applyButton.click()
    after = part("result").recordOf(parameters.outputModel)
    assert not messages and before["surface"]["method"] == after["surface"]["method"] == "shape"
    np.testing.assert_array_equal(points_of(parameters.outputModel), points)
    assert after["bone"]["method"] == "drawn" and after["femur"] == before["femur"]


def test_a_file_that_knows_the_pixel_size_better_than_slicers_reader(open_panel, app, scene, tmp_path):
    """PixelSpacing alone: Slicer's reader says 1 mm."""
    import pydicom

    tags = pydicom.dcmread(ROOT / "Resources" / "Samples" / "femur_ap.dcm")
    del tags.ImagerPixelSpacing
    tags.PixelSpacing = [0.43, 0.43]
    tags.SOPClassUID = tags.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1"  # CR
    tags.Modality = "CR"
    tags.save_as(tmp_path / "cr.dcm")
    panel = open_panel()
    volume = app.coreIOManager().load(scene, tmp_path / "cr.dcm", "CR")
    assert panel._parameterNode.inputVolume is volume  # as the first one in the scene
    assert volume.GetSpacing()[:2] == (0.43, 0.43)
    assert panel.ui.scaleLabel.text == "From DICOM PixelSpacing. The bone is shown 1.15 times as large."


def test_each_view_has_a_button_to_load_it(open_panel, app, scene, monkeypatch):
    import qt
    import slicer.util

    files = [ROOT / "Resources" / "Samples" / name for name in ("femur_ap.dcm", "femur_lateral.dcm")]
    load = app.coreIOManager().load
    monkeypatch.setattr(slicer.util, "loadVolume", lambda path, properties: load(scene, path, "Loaded"))
    panel = open_panel()
    for button, path in zip((panel.ui.loadButton, panel.ui.lateralLoadButton), files, strict=True):
        monkeypatch.setattr(qt.QFileDialog._qt, "getOpenFileName", lambda *arguments, path=path: str(path))
        button.click()
    parameters = panel._parameterNode
    volumes = parameters.inputVolume, parameters.lateralVolume
    assert [part("scale").fileOf(volume) for volume in volumes] == [str(path) for path in files]
    assert [volume.GetAttribute("XRayTo3D.Magnification") for volume in volumes] == ["1.15", "1.15"]
    assert app.layoutManager().shown() == volumes[1].GetID()
    monkeypatch.setattr(qt.QFileDialog._qt, "getOpenFileName", lambda *arguments: "")
    panel.ui.lateralLoadButton.click()  # and think better of it
    assert parameters.lateralVolume is volumes[1]
