"""The panel: what it shows, what it allows, and what its buttons do."""

import enum
import json
import sys
import types

import numpy as np
import pytest
import vtk

from ..mrml.conftest import models, node_ids, part, points_of, rod, save_scene
from ..stand_ins import application


@pytest.fixture
def xray(scene):
    """A volume with the made-up rod, 0.5 mm pixels."""
    import slicer.util

    volume = slicer.util.addVolumeFromArray(rod()[0][None], np.diag([-0.5, -0.5, 1, 1]), "Thigh")
    volume.CreateDefaultDisplayNodes()
    return volume


@pytest.fixture
def ready(xray, open_panel):
    """The panel with an X-ray chosen, and few triangles, which are made quickly."""
    panel = open_panel()
    panel._parameterNode.triangles = 4000
    return panel


def test_chooses_the_first_radiograph(xray, open_panel):
    panel = open_panel()
    assert panel.ui.inputSelector.currentNode() is xray
    assert panel.ui.applyButton.enabled and not panel.ui.statusLabel.visible


def gray_range(low, high):
    """A range as the parameter node takes it."""
    from slicer.parameterNodeWrapper import FloatRange

    return FloatRange(low, high)


# Parameters, both ways

NODES = {
    "inputVolume": "vtkMRMLVectorVolumeNode",
    "lateralVolume": "vtkMRMLScalarVolumeNode",
    "thirdVolume": "vtkMRMLScalarVolumeNode",
    "fourthVolume": "vtkMRMLVectorVolumeNode",
    "calibrationLine": "vtkMRMLMarkupsLineNode",
    "fracture": "vtkMRMLMarkupsLineNode",
    "region": "vtkMRMLMarkupsClosedCurveNode",
    "includePoints": "vtkMRMLMarkupsFiducialNode",
    "excludePoints": "vtkMRMLMarkupsFiducialNode",
    "landmarks": "vtkMRMLMarkupsFiducialNode",
    "lateralRegion": "vtkMRMLMarkupsPlaneNode",
    "thirdRegion": "vtkMRMLMarkupsROINode",
    "fourthRegion": "vtkMRMLMarkupsClosedCurveNode",
    "boneSegmentation": "vtkMRMLSegmentationNode",
    "otherSide": "vtkMRMLModelNode",
    "outputModel": "vtkMRMLModelNode",
}
for view in ("lateral", "third", "fourth"):
    for mark in ("includePoints", "excludePoints", "boneSegmentation", "landmarks", "fracture"):
        NODES[f"{view}{mark[0].upper()}{mark[1:]}"] = NODES[mark]


def widget_of(panel, name):
    found = [each for each in vars(panel.ui).values() if each.property("SlicerParameterName") == name]
    assert len(found) == 1, name
    return found[0]


def parameter_names():
    return list(part("parameters").XRayTo3DParameterNode.allParameters)


def other_value(panel, scene, name):
    """A value that a parameter does not have yet."""
    if name in NODES:
        return scene.AddNewNodeByClass(NODES[name])
    value = getattr(panel._parameterNode, name)
    if isinstance(value, enum.Enum):
        return list(type(value))[-1]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return value + "model.npz"
    return gray_range(value.minimum / 2, 0.75)


def shown(widget):
    kind = type(widget).__name__
    if kind == "qMRMLNodeComboBox":
        return widget.currentNode()
    if kind == "QComboBox":
        return widget.currentIndex
    if kind == "ctkRangeWidget":
        return widget.minimumValue, widget.maximumValue
    if kind == "QLineEdit":
        return widget.text
    return widget.checked if kind == "QCheckBox" else widget.value


def show(widget, value):
    kind = type(widget).__name__
    if kind == "qMRMLNodeComboBox":
        widget.setCurrentNode(value)
    elif kind == "QComboBox":
        widget.currentIndex = list(type(value)).index(value)
    elif kind == "ctkRangeWidget":
        widget.setValues(value.minimum, value.maximum)
    elif kind == "QCheckBox":
        widget.checked = value
    elif kind == "QLineEdit":
        widget.text = value
    else:
        widget.value = value


def test_every_parameter_reaches_its_widget_and_comes_back(panel, scene):
    for name in parameter_names():
        widget = widget_of(panel, name)
        for way in ("from node", "from widget"):
            value = other_value(panel, scene, name)
            before = shown(widget)
            if way == "from node":
                setattr(panel._parameterNode, name, value)
            else:
                show(widget, value)
            found = getattr(panel._parameterNode, name)
            if name in NODES:
                assert found is value and shown(widget) is value, (name, way)
            else:
                assert found == value, (name, way)
                assert shown(widget) != before or isinstance(value, enum.Enum), (name, way)
            show(widget, value)  # shown as it is meant
            assert getattr(panel._parameterNode, name) == value, (name, way)


@pytest.mark.parametrize(
    "name", ["calibration", "region", "include", "exclude", "landmarks", "lateralRegion", "lateralExclude"]
)
def test_a_new_mark_is_placed_at_once(ready, name):
    selector, placer = (getattr(ready.ui, f"{name}{kind}") for kind in ("Selector", "PlaceWidget"))
    assert not placer.placeModeEnabled
    node = selector.addNode()
    assert placer.placeModeEnabled and placer.currentNode() is node


def test_node_types_are_slicers(panel):
    import slicer

    for widget in vars(panel.ui).values():
        if type(widget).__name__ == "qMRMLNodeComboBox":
            assert widget.nodeTypes and all(hasattr(slicer, name) for name in widget.nodeTypes), widget.name


def test_every_choice_has_its_own_words(panel):
    for name in parameter_names():
        value = getattr(panel._parameterNode, name)
        if isinstance(value, enum.Enum):
            labels = [each.label() for each in type(value)]
            assert len(set(labels)) == len(labels) and all(labels)


def test_choices_are_settings_of_the_engine(ready):
    import dataclasses

    from XRayTo3DLib import Settings

    fields = {field.name for field in dataclasses.fields(Settings)}
    nodes = {"roiNode", "maskNode", "bone", "includeNode", "excludeNode", "view", "sid", "sod", "landmarksNode"}
    nodes |= {"otherSideNode", "fractureNode"}
    ready._parameterNode.manualRange = True
    ready._parameterNode.lateralVolume = ready._parameterNode.inputVolume
    chosen = part("parameters").choices(ready._parameterNode)
    (further,) = chosen.pop("furtherViews")
    assert set(chosen) <= fields | nodes and set(further) <= nodes | {"volumeNode"}


# What can be done, and why not


def test_without_an_xray(panel):
    assert not panel.ui.applyButton.enabled
    assert "Choose an X-ray" in panel.ui.statusLabel.text == panel.ui.applyButton.toolTip
    assert not panel.ui.saveButton.enabled and not panel.ui.reportButton.enabled


@pytest.mark.parametrize(
    ("shape", "words"), [((5, 40, 40), "5 slices.*single image"), (None, "empty")], ids=["CT", "no image"]
)
def test_what_is_no_radiograph(panel, scene, shape, words):
    import slicer.util

    if shape:
        volume = slicer.util.addVolumeFromArray(np.random.default_rng(0).random(shape))
    else:
        volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Nothing")
    panel._parameterNode.inputVolume = volume
    assert not panel.ui.applyButton.enabled and not panel.ui.editButton.enabled
    import re

    assert re.search(words, panel.ui.statusLabel.text) and panel.ui.statusLabel.text == panel.ui.applyButton.toolTip


def test_one_distance_alone(ready):
    ready._parameterNode.sid = 1150
    assert not ready.ui.applyButton.enabled and "both distances" in ready.ui.statusLabel.text
    ready._parameterNode.sod = 1000
    assert ready.ui.applyButton.enabled and "1.15 times" in ready.ui.scaleLabel.text


def test_a_drawn_bone_leaves_nothing_to_find(ready, scene):
    ui = ready.ui
    ready._parameterNode.manualRange = True
    assert ui.grayRangeWidget.enabled and not ui.finderComboBox.enabled and not ui.clustersSpinBox.enabled
    ready._parameterNode.boneSegmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    for name in ("grayRangeWidget", "finderComboBox", "clustersSpinBox", "piecesComboBox", "manualRangeCheckBox"):
        assert not getattr(ui, name).enabled, name


def test_only_a_solid_is_embossed(ready):
    method = type(ready._parameterNode.method)
    ready._parameterNode.automaticEmboss = False
    assert ready.ui.embossSlider.enabled
    ready._parameterNode.method = method.RELIEF
    assert not ready.ui.embossSlider.enabled and not ready.ui.automaticEmbossCheckBox.enabled


# Apply


def test_apply(ready, xray, scene, app, messages):
    import slicer

    ready.ui.applyButton.click()
    parameters = ready._parameterNode
    model = parameters.outputModel
    assert not messages
    assert model.GetName() == "Thigh bone" and model.GetNodeReference("XRayTo3D.Radiograph") is xray
    assert ready.ui.outputSelector.currentNode() is model
    assert ready.ui.applyButton.enabled and ready.ui.saveButton.enabled and ready.ui.reportButton.enabled
    settings = json.loads(model.GetAttribute("XRayTo3D.Settings"))
    assert settings["triangles"] == 4000
    text = ready.ui.resultBrowser.toPlainText()
    for words in ("Method", "What was found", "Volume", "Please note"):
        assert words in text, words
    for words in ("IEF", "SSIM", "--", "network", "pixel_size"):  # are for the report, or for nobody
        assert words not in text, words
    notes = text.split("Please note")[1].split("\n")
    assert all(note[:1].isupper() and note.endswith(".") for note in notes if note)

    manager = slicer.app.layoutManager()
    assert manager.layout and manager.shown() == xray.GetID()
    pose = np.array([manager.camera.GetPosition(), manager.camera.GetFocalPoint()])
    np.testing.assert_allclose(np.diff(pose, axis=0)[0] / np.linalg.norm(np.diff(pose, axis=0)), [0, 0, 1], atol=1e-6)
    manager.camera.SetPosition(1, 2, 3)
    assert manager.sliceWidget("Red").mrmlSliceNode().GetSliceVisible()

    ids = node_ids(scene)
    parameters.smoothing = 3
    ready.ui.applyButton.click()
    assert node_ids(scene) == ids and parameters.outputModel is model
    assert json.loads(model.GetAttribute("XRayTo3D.Settings"))["smoothing"] == 3
    assert manager.camera.GetPosition() == (1, 2, 3)  # the user may have turned the view


def test_the_panels_choices_reach_the_engine(ready, xray, scene):
    """Everything that can be chosen is told by the surface that came of it."""
    kinds = part("parameters")
    parameters = ready._parameterNode
    region = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    region.SetCenter(-13.5, -16, 0)
    region.SetSize(18, 13, 10)
    for name, position in (("includePoints", (-13.5, -16, 0)), ("excludePoints", (-6, -4, 0))):
        points = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
        points.AddControlPoint(vtk.vtkVector3d(*position))
        setattr(parameters, name, points)
    values = {
        "region": region,
        "view": kinds.View.LATERAL,
        "tone": kinds.Tone.BRIGHT,
        "sid": 1200.0,
        "sod": 1000.0,
        "finder": kinds.Finder.CLUSTERS,
        "clusters": 3,
        "pieces": kinds.Pieces.ALL,
        "method": kinds.Method.SOLID,
        "hdrStrength": 2.0,
        "automaticEmboss": False,
        "emboss": 0.2,
        "smoothing": 4,
    }
    for name, value in values.items():
        setattr(parameters, name, value)
    ready.ui.applyButton.click()
    record = part("result").recordOf(parameters.outputModel)
    settings = record["settings"]
    assert settings["roi"] == pytest.approx([9, 19, 45, 45])
    assert settings["seeds"]["include"][0] == pytest.approx([27, 32])
    assert settings["seeds"]["exclude"][0] == pytest.approx([12, 8])
    expected = {"segmentation": "clusters", "clusters": 3, "pieces": "all", "method": "solid", "smoothing": 4}
    assert {name: settings[name] for name in expected} == expected
    assert (settings["hdr_strength"], settings["emboss_mm"]) == (2.0, 0.2)
    assert record["input"]["view"] == "lateral" and record["input"]["magnification"] == pytest.approx(1.2)

    parameters.manualRange = True
    parameters.grayRange = gray_range(0.3, 1.0)
    ready.ui.applyButton.click()
    record = part("result").recordOf(parameters.outputModel)
    assert record["settings"]["threshold"] == [0.3, 1.0] and record["settings"]["seeds"] is None


def test_kept_images_are_replaced_by_the_next_ones(ready, xray, scene):
    import slicer.util

    parameters = ready._parameterNode
    parameters.keepImages = True
    ready.ui.applyButton.click()
    model = parameters.outputModel
    roles = ("clusters", "base", "detail", "tone", "depth")
    nodes = {role: model.GetNodeReference(f"XRayTo3D.{role}") for role in roles}
    for role, node in nodes.items():
        assert node.GetName().startswith("Thigh") and node.GetDisplayNode(), role
        assert node.GetImageData().GetDimensions() == xray.GetImageData().GetDimensions()
        assert json.loads(node.GetAttribute("XRayTo3D.Settings"))["triangles"] == 4000
    layers = [slicer.util.arrayFromVolume(nodes[role])[0] for role in ("base", "detail")]
    grey = rod()[0].astype(float)
    np.testing.assert_allclose(sum(layers), (grey - grey.min()) / np.ptp(grey), atol=1e-4)
    ids = node_ids(scene)
    ready.ui.applyButton.click()
    assert node_ids(scene) == ids
    assert {role: model.GetNodeReference(f"XRayTo3D.{role}") for role in roles} == nodes
    assert part("nodes").firstRadiograph() is xray


@pytest.fixture
def dialogs(ready, monkeypatch):
    """The progress dialogs that were made."""
    import slicer.util

    made, make = [], slicer.util.createProgressDialog
    monkeypatch.setattr(slicer.util, "createProgressDialog", lambda **options: made.append(make(**options)) or made[-1])
    return made


def test_progress_rises_and_nothing_can_be_pressed_meanwhile(ready, app, dialogs):
    told = []

    def look():
        told.append((dialogs[-1].value, dialogs[-1].labelText))
        assert not ready.ui.applyButton.enabled and not ready.ui.editButton.enabled

    app.on_events = look
    ready.ui.applyButton.click()
    values = [value for value, _ in told]
    assert values == sorted(values) and values[0] == 0 and values[-1] == 99
    assert len({text for _, text in told}) > 6


def test_cancel_at_every_stage_leaves_the_scene_as_it_was(ready, scene, app, messages, dialogs):
    calls = []
    app.on_events = lambda: calls.append(1)
    ready._parameterNode.finder = part("parameters").Finder.CLUSTERS  # which is done sooner
    ready.ui.applyButton.click()
    model = ready._parameterNode.outputModel
    points, stages = points_of(model), len(calls)
    for output in (model, None):
        ready._parameterNode.outputModel = output
        before = node_ids(scene)
        for stop in range(1, stages + 1):
            calls.clear()

            def cancel(stop=stop):
                calls.append(1)
                if len(calls) == stop:
                    dialogs[-1].cancel()

            app.on_events = cancel
            ready.ui.applyButton.click()
            assert len(calls) == stop
            assert node_ids(scene) == before and ready._parameterNode.outputModel is output
            assert ready.ui.applyButton.enabled
    np.testing.assert_array_equal(points_of(model), points)
    assert not messages


@pytest.mark.parametrize("event", ["scene closed", "X-ray removed", "model removed"])
def test_what_is_lost_while_busy(ready, scene, app, messages, event, xray):
    ready._parameterNode.finder = part("parameters").Finder.CLUSTERS  # which is done sooner
    ready.ui.applyButton.click()
    model = ready._parameterNode.outputModel
    done = []

    def lose():
        if not done:
            done.append(1)
            if event == "scene closed":
                scene.Clear()
            else:
                scene.RemoveNode(xray if event == "X-ray removed" else model)

    app.on_events = lose
    with pytest.MonkeyPatch.context() as patch:
        printed = []
        patch.setattr("sys.excepthook", lambda kind, value, trace: printed.append(value))
        ready.ui.applyButton.click()
    assert len(messages) == 1 and "removed, or the scene closed" in messages[0]
    assert len(models(scene)) == (1 if event == "X-ray removed" else 0)
    assert not ready._isBusy


def test_errors_are_shown_and_lose_nothing(ready, scene, messages, quietly):
    region = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Far away")
    region.SetCenter(500, 500, 0)
    region.SetSize(10, 10, 10)
    ready._parameterNode.region = region
    before = node_ids(scene)
    with quietly():
        ready.ui.applyButton.click()
    assert len(messages) == 1 and "no pixel" in messages[0]
    assert node_ids(scene) == before and ready.ui.applyButton.enabled


def test_refused_packages_leave_the_panel_usable(ready, scene, messages, monkeypatch):
    import slicer.util

    monkeypatch.setattr(part("packages"), "missingPackages", lambda: ["opencv-python-headless>=4.10"])
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text, title: False)
    before = node_ids(scene)
    for button in (ready.ui.applyButton, ready.ui.editButton):
        button.click()
        assert not messages  # the user said no, which is no error
        assert node_ids(scene) == before and button.enabled


# Results


def test_colours(ready):
    kinds = part("parameters").Color
    ready.ui.applyButton.click()
    display = ready._parameterNode.outputModel.GetDisplayNode()
    assert not display.GetScalarVisibility()
    for color in (kinds.OBSERVED, kinds.HEIGHT, kinds.RADIOGRAPH):
        ready._parameterNode.color = color
        assert display.GetScalarVisibility() and display.GetActiveScalarName() == color.value
    display.SetActiveScalarName("Observed")  # as a user might, in the module Models
    ready._parameterNode.smoothing = 7
    assert display.GetActiveScalarName() == "Observed"
    ready._parameterNode.color = kinds.BONE
    assert not display.GetScalarVisibility()


def test_report_opens(ready, monkeypatch):
    import qt

    opened = []
    monkeypatch.setattr(qt.QDesktopServices._qt, "openUrl", lambda url: opened.append(url.toLocalFile()))
    ready.ui.applyButton.click()
    ready.ui.reportButton.click()
    with open(opened[0], encoding="utf-8") as page:
        assert "Femur check" in page.read()


def test_save(ready, monkeypatch, tmp_path):
    import qt

    path = tmp_path / "bone.stl"
    monkeypatch.setattr(qt.QFileDialog._qt, "getSaveFileName", lambda *arguments: str(path))
    ready.ui.applyButton.click()
    ready.ui.saveButton.click()
    assert path.stat().st_size == 84 + 50 * ready._parameterNode.outputModel.GetPolyData().GetNumberOfPolys()


def test_load(ready, scene, monkeypatch):
    import qt
    import slicer.util

    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Loaded")
    asked = []
    monkeypatch.setattr(qt.QFileDialog._qt, "getOpenFileName", lambda *arguments: "/data/a.dcm")
    monkeypatch.setattr(slicer.util, "loadVolume", lambda path, properties: asked.append((path, properties)) or volume)
    ready.ui.loadButton.click()
    assert asked == [("/data/a.dcm", {"singleFile": True})]
    assert ready._parameterNode.inputVolume is volume


# Scale


def line_over(scene, xray, first, second):
    line = scene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", "Ball")
    matrix = part("nodes").ijkToRAS(xray)
    for column, row in (first, second):
        line.AddControlPointWorld(vtk.vtkVector3d(*(matrix @ [column, row, 0, 1])[:3]))
    return line


def test_calibration(ready, scene, xray):
    parameters = ready._parameterNode
    region = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    region.SetCenter(-13.5, -16, 0)
    region.SetSize(18, 13, 10)
    parameters.region = region
    before = part("marks").regionSettings(region, xray)["roi"]
    assert not ready.ui.calibrateButton.enabled
    parameters.calibrationLine = line_over(scene, xray, (10, 10), (40, 50))  # 50 pixels
    parameters.calibrationLength = 10
    assert ready.ui.calibrateButton.enabled
    ready.ui.calibrateButton.click()
    assert xray.GetSpacing()[:2] == pytest.approx((0.2, 0.2))
    assert "calibration: Ball is 10 mm long" in ready.ui.scaleLabel.text
    assert ready.ui.pixelSizeSpinBox.value == pytest.approx(0.2)
    assert part("marks").regionSettings(region, xray)["roi"] == pytest.approx(before)
    assert part("marks").lengthOnXray(parameters.calibrationLine, xray) == pytest.approx(10)
    ready.ui.applyButton.click()
    told = part("result").recordOf(parameters.outputModel)["input"]
    assert told["pixel_size_mm"] == pytest.approx(0.2) and told["pixel_size_source"].startswith("calibration")


def test_leaving_the_module_while_typing(ready, xray):
    ready.ui.pixelSizeSpinBox.value = 0.25
    ready.exit()
    ready.ui.pixelSizeSpinBox._object.editingFinished.emit()
    assert xray.GetSpacing()[0] == 0.5


def test_pixel_size_by_hand(ready, xray):
    ready.ui.pixelSizeSpinBox.value = 0.25
    assert xray.GetSpacing()[0] == 0.5  # while it is typed
    ready.ui.pixelSizeSpinBox._object.editingFinished.emit()
    assert xray.GetSpacing()[:2] == pytest.approx((0.25, 0.25))
    assert ready.ui.scaleLabel.text.startswith("Entered by hand. The magnification is unknown")


def test_unknown_scale_is_told(ready, scene):
    import slicer.util

    ready._parameterNode.inputVolume = slicer.util.addVolumeFromArray(rod()[0][None], None, "Picture")
    assert "Unknown" in ready.ui.scaleLabel.text


# Preview and the Segment Editor


def wait_for_preview(panel, app):
    """Let the preview's timer run out."""
    import time

    end = time.monotonic() + 10
    while panel.preview.timer.active and time.monotonic() < end:
        app._qt.processEvents()
    assert not panel.preview.timer.active


def mask_in(segmentation, xray):
    return part("marks").maskOf(segmentation, xray)


def test_preview_follows_the_choices(ready, xray, scene, app):
    find = part("preview").previewNode
    parameters = ready._parameterNode
    assert find() is None
    parameters.preview = True
    wait_for_preview(ready, app)
    node = find()
    assert node.GetHideFromEditors() and not node.GetSaveWithScene() and not node.GetUndoEnabled()
    assert "gray values" in ready.ui.previewLabel.text
    parameters.manualRange = True
    wait_for_preview(ready, app)
    assert find() is node and "gray range" in ready.ui.previewLabel.text
    mask = mask_in(node, xray)
    parameters.grayRange = gray_range(0.8, 1.0)
    wait_for_preview(ready, app)
    less = mask_in(node, xray)
    assert 0 < less.sum() < mask.sum() and not (less & ~mask).any()

    region = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    region.SetCenter(-13.5, -16, 0)
    region.SetSize(18, 13, 10)
    parameters.region = region
    wait_for_preview(ready, app)
    part_of = mask_in(node, xray)
    region.SetCenter(-13.5, -18, 0)
    wait_for_preview(ready, app)
    assert (mask_in(node, xray) != part_of).any()

    region.SetCenter(500, 500, 0)
    wait_for_preview(ready, app)
    assert find() is None and "no pixel" in ready.ui.previewLabel.text
    parameters.preview = False
    assert find() is None and not ready.ui.previewLabel.visible


def test_preview_asks_once_for_what_does_not_change_the_bone(ready, app):
    ready._parameterNode.preview = True
    wait_for_preview(ready, app)
    ready._parameterNode.smoothing = 3
    assert not ready.preview.timer.active


def test_preview_without_packages_says_what_to_do(ready, app, monkeypatch):
    monkeypatch.setattr(part("live"), "missingPackages", lambda: ["shapely>=2.0"])
    ready._parameterNode.preview = True
    wait_for_preview(ready, app)
    assert "Apply" in ready.ui.previewLabel.text and "shapely>=2.0" in ready.ui.previewLabel.text


def test_preview_goes_when_the_panel_is_left(ready, app):
    ready._parameterNode.preview = True
    wait_for_preview(ready, app)
    ready.exit()
    assert part("preview").previewNode() is None
    ready.enter()
    wait_for_preview(ready, app)
    assert part("preview").previewNode() is not None


def test_the_bone_is_handed_over_and_comes_back(ready, xray, scene, module):
    import types

    import slicer
    import slicer.util

    handed = {}
    editor = types.SimpleNamespace(
        setSegmentationNode=lambda node: handed.update(segmentation=node),
        setSourceVolumeNode=lambda node: handed.update(volume=node),
    )
    slicer.modules.SegmentEditorWidget = types.SimpleNamespace(editor=editor)
    ready.ui.editButton.click()
    drawn = ready._parameterNode.boneSegmentation
    assert handed == {"segmentation": drawn, "volume": xray} and module.window.selected == ["SegmentEditor"]
    assert drawn.GetName() == "Thigh mask" and not drawn.GetHideFromEditors()
    mask = np.zeros(rod()[0].shape, np.uint8)
    mask[20:45, 20:34] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        mask[None], drawn, drawn.GetSegmentation().GetNthSegmentID(0), xray
    )
    ready.ui.applyButton.click()
    record = part("result").recordOf(ready._parameterNode.outputModel)
    assert record["bone"]["method"] == "drawn" and record["bone"]["pixels"] == mask.sum()
    ids = node_ids(scene)
    ready.ui.editButton.click()
    assert ready._parameterNode.boneSegmentation is drawn and node_ids(scene) == ids


# The scene and the module


def test_scene_closed_and_filled_again(ready, scene):
    scene.Clear()
    assert ready._parameterNode.inputVolume is None and not ready.ui.applyButton.enabled
    import slicer.util

    ready._parameterNode.inputVolume = slicer.util.addVolumeFromArray(rod()[0][None], None, "Next")
    assert ready.ui.applyButton.enabled


def test_saved_scene_tells_how_the_model_came_to_be(ready, xray, scene, tmp_path, module, open_panel):
    import slicer

    ready._parameterNode.smoothing = 9
    ready.ui.applyButton.click()
    model = ready._parameterNode.outputModel
    record = part("result").recordOf(model)
    points = points_of(model)
    save_scene(scene, tmp_path, model, xray)
    scene.Clear()
    assert ready._parameterNode.smoothing == 15 and not ready.ui.resultBrowser.toPlainText()
    assert not ready.ui.resultCollapsibleButton.visible
    scene.SetURL(str(tmp_path / "scene.mrml"))
    assert scene.Import()
    parameters = ready._parameterNode
    assert parameters.smoothing == 9 and parameters.inputVolume.GetName() == "Thigh"
    copy = parameters.outputModel
    assert part("result").recordOf(copy) == record
    assert copy.GetNodeReference("XRayTo3D.Radiograph") is parameters.inputVolume
    np.testing.assert_allclose(points_of(copy), points, atol=1e-3)
    assert "Volume" in ready.ui.resultBrowser.toPlainText()
    assert not ready.ui.reportButton.enabled and "Press Apply" in ready.ui.reportButton.toolTip
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScriptedModuleNode") == 1


def test_undo_does_not_bring_a_preview_back(ready, scene, app):
    scene.SetUndoOn()
    ready._parameterNode.preview = True
    wait_for_preview(ready, app)
    scene.SaveStateForUndo()
    ready._parameterNode.preview = False
    scene.Undo()
    assert part("preview").previewNode() is None


def test_reload_starts_the_library_anew(ready, monkeypatch, module):
    import sys

    import slicer.util

    before = sys.modules["XRayTo3DSlicer.logic"]
    reloaded = []

    def reload(name):
        assert "XRayTo3DLib" not in sys.modules and "XRayTo3DSlicer.logic" not in sys.modules
        reloaded.append(name)

    monkeypatch.setattr(slicer.util, "reloadScriptedModule", reload)
    kept = {name: each for name, each in sys.modules.items() if name.split(".")[0] in ("XRayTo3DLib", "XRayTo3DSlicer")}
    ready.onReload()
    assert reloaded == ["XRayTo3D"]
    sys.modules.update(kept)
    assert sys.modules["XRayTo3DSlicer.logic"] is before


def test_two_panels_one_after_the_other(xray, scene, open_panel, messages):
    """As on a reload: the first lets go of everything."""
    first = open_panel()
    first.cleanup()
    second = open_panel()
    second._parameterNode.triangles = 4000
    first._parameterNode = None
    second.ui.applyButton.click()
    assert len(models(scene)) == 1 and not messages


def test_self_test_passes(module, scene, app, open_panel, monkeypatch):
    """The test that Slicer runs with the module, by *Reload and Test* too: the panel is open, slice views are models,
    and Sample Data takes the files away."""
    import slicer

    asked = []
    folder = application.ROOT / "Resources" / "Samples"

    def download(name):
        asked.append(name)
        return [app.coreIOManager().load_sample(scene, folder / file) for file in part("samples").SAMPLES[name]]

    monkeypatch.setitem(sys.modules, "SampleData", types.SimpleNamespace(downloadSamples=download))
    monkeypatch.setattr(module, "registerSampleData", lambda: asked.append("registered"))
    again = module.XRayTo3DTest()
    again.runTest = lambda: (again.setUp(), again.test_sample())  # the second time, the one that asks for the sample
    for test in (module.XRayTo3DTest(), again):
        panel = open_panel()
        test.runTest()
        assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLModelNode") > len(models(scene))
        assert panel._parameterNode.inputVolume
        panel.cleanup()
        panel._parameterNode = None
        slicer.modules.sampleDataSources = {"XRayTo3D": []}  # of the first time
    assert asked == ["registered", "Femur", "registered", "Femur", "Femur"]
