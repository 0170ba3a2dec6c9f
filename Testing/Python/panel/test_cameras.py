"""Calibrated cameras in the panel: chosen from files, told where they do not fit, forgotten, and what comes of them."""

import json

import numpy as np
import pytest

from ..mrml.conftest import part, sample_volume, save_scene
from .test_further_views import engine, region_on  # noqa: F401 - a fixture
from .test_views import add_xray

SIZE = 0.4  # of a pixel at the detector, mm
SID, SOD = 1150.0, 1000.0


def written(path, count=2, **more):
    """A file of cameras that look at one place from the front and, turned about the patient's axis, from elsewhere."""
    cameras = []
    for number in range(count):
        turn = number * np.pi / 3
        columns = [np.cos(turn), -np.sin(turn), 0]
        pose = {"columns": columns, "rows": [0, 0, -1], "center": [5, 6, 7]}
        cameras.append(pose | {"sid_mm": SID, "sod_mm": SOD, "pixel_size_mm": SIZE} | more)
    path.write_text(json.dumps({"cameras": cameras}))
    return str(path)


@pytest.fixture
def choose(monkeypatch):
    """A function that says which files the user chooses in the next dialog."""
    import qt

    def files(*paths):
        monkeypatch.setattr(qt.QFileDialog._qt, "getOpenFileNames", lambda *arguments: list(paths))

    return files


@pytest.fixture
def two(scene, open_panel):
    """The panel with two X-rays chosen."""
    volumes = [add_xray(name=name) for name in ("First", "Second")]
    panel = open_panel()
    panel._parameterNode.inputVolume, panel._parameterNode.lateralVolume = volumes
    return panel, volumes


def test_cameras_reach_the_engine_and_scale_their_xrays(two, choose, engine, scene, messages, tmp_path):  # noqa: F811
    panel, volumes = two
    parameters = panel._parameterNode
    parameters.viewAngle = 75.0
    parameters.region = region_on(scene, volumes[0])
    assert panel.ui.viewAngleSpinBox.enabled
    choose(written(tmp_path / "cameras.json"))
    panel.ui.camerasButton.click()
    assert panel.ui.camerasLineEdit.text == parameters.cameras == str(tmp_path / "cameras.json")
    assert not panel.ui.viewAngleSpinBox.enabled  # the cameras tell it
    panel.ui.applyButton.click()
    (case,) = engine
    assert not messages and case.view_angle is None
    between = [view.camera.from_lps[2, :3] for view in case.views]
    assert np.degrees(np.arccos(between[0] @ between[1])) == pytest.approx(60)
    assert case.views[0].marking.roi == pytest.approx([9, 6, 45, 58], abs=1e-4)
    for volume, view in zip(volumes, case.views, strict=True):
        assert volume.GetSpacing()[:2] == pytest.approx(view.camera.pixel_size_mm)
        assert volume.GetSpacing()[0] == pytest.approx(SIZE * SOD / SID, rel=0.02)  # at the bone
    # What was marked has moved along.
    assert part("marks").regionSettings(parameters.region, volumes[0])["roi"] == pytest.approx([9, 6, 45, 58], abs=1e-4)
    assert panel.ui.scaleLabel.text == "From calibration of the camera."
    sizes = [volume.GetSpacing() for volume in volumes]
    panel.ui.applyButton.click()
    assert [volume.GetSpacing() for volume in volumes] == [pytest.approx(size) for size in sizes]


def test_a_file_for_each_view(two, choose, engine, messages, tmp_path):  # noqa: F811
    panel, _ = two
    turned = {"columns": [0, -1, 0], "rows": [0, 0, -1]}
    paths = [written(tmp_path / "one.json", 1), written(tmp_path / "other.json", 1, **turned)]
    choose(*paths)
    panel.ui.camerasButton.click()
    panel.ui.applyButton.click()
    assert not messages and panel._parameterNode.cameras == ";".join(paths)
    assert all(view.camera for view in engine[0].views)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda path: written(path, 3), "3 cameras for 2 pictures"),
        (lambda path: written(path, image_size=[9, 9]), "of pictures of 9 x 9 pixels"),
        (lambda path: path.write_text("{") and str(path), "no JSON"),
        (lambda path: str(path), "no such file"),
    ],
    ids=["another number", "of other pictures", "no cameras", "no file"],
)
def test_files_that_do_not_fit_are_told_and_not_kept(two, choose, messages, quietly, tmp_path, made, words):
    panel, _ = two
    choose(made(tmp_path / "cameras.json"))
    with quietly():
        panel.ui.camerasButton.click()
    assert words in str(messages[-1]) and panel._parameterNode.cameras == ""


def test_a_file_that_has_gone_is_told_by_apply(two, choose, messages, quietly, scene, tmp_path):
    panel, volumes = two
    choose(written(tmp_path / "cameras.json"))
    panel.ui.camerasButton.click()
    (tmp_path / "cameras.json").unlink()
    with quietly():
        panel.ui.applyButton.click()
    assert "no such file" in str(messages[-1]) and panel._parameterNode.outputModel is None
    assert volumes[0].GetSpacing()[0] == 0.5


def test_cameras_are_those_of_so_many_views(two, choose, tmp_path):
    panel, volumes = two
    parameters = panel._parameterNode
    path = written(tmp_path / "cameras.json")
    choose(path)
    panel.ui.camerasButton.click()
    choose()
    panel.ui.camerasButton.click()  # and think better of it
    parameters.lateralVolume = add_xray(name="Other")
    assert parameters.cameras == path
    parameters.thirdVolume = volumes[1]
    assert parameters.cameras == ""
    choose(written(tmp_path / "three.json", 3))
    panel.ui.camerasButton.click()
    assert parameters.cameras
    parameters.thirdVolume = parameters.lateralVolume = None
    assert parameters.cameras == "" and not panel.ui.camerasButton.enabled


def test_a_saved_scene_keeps_its_cameras(two, choose, engine, scene, tmp_path, open_panel):  # noqa: F811
    panel, volumes = two
    path = written(tmp_path / "cameras.json")
    choose(path)
    panel.ui.camerasButton.click()
    volumes[1].AddDefaultStorageNode()
    volumes[1].GetStorageNode().SetFileName(str(tmp_path / "second.nrrd"))
    assert volumes[1].GetStorageNode().WriteData(volumes[1])
    panel.ui.applyButton.click()
    save_scene(scene, tmp_path, panel._parameterNode.outputModel, volumes[0])
    scene.Clear()
    assert scene.Connect()  # the panel is in view
    assert panel._parameterNode.cameras == path
    panel.exit()
    assert open_panel()._parameterNode.cameras == path


def test_a_calibrated_femur_lies_over_its_xray(module, scene, tmp_path):
    """By the cameras with which the sample was made, its detector's pixel size said to be a quarter larger."""
    import slicer.util

    from XRayTo3DLib.geometry.camera import view_directions

    volumes = [sample_volume(scene, f"femur_{name}.dcm") for name in ("ap", "lateral")]
    entries = []
    for name in ("ap", "lateral"):
        columns, rows = (np.asarray(each).tolist() for each in view_directions(name, "right"))
        pose = {"columns": columns, "rows": rows, "center": [0, 0, 0]}
        entries.append(pose | {"sid_mm": SID, "sod_mm": SOD, "pixel_size_mm": 0.625})
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps(entries))
    logic = module.XRayTo3DLogic()
    model = logic.process(volumes[0], lateralNode=volumes[1], side="right", method="shape", cameras=[path])
    record = part("result").recordOf(model)
    assert record["shape"]["views"] == 2 and record["shape"]["residual_mm"] < 1.5
    size = 0.625 * SOD / SID
    assert volumes[0].GetSpacing()[:2] == pytest.approx((size, size), rel=0.02)
    points = slicer.util.arrayFromModelPoints(model)
    pixels = part("marks").toPixels(points, volumes[0])
    rows, columns = np.nonzero(logic.segment(volumes[0]).bone.mask)
    for axis, seen in enumerate((columns, rows)):
        assert np.ptp(pixels[:, axis]) == pytest.approx(np.ptp(seen), rel=0.05)
