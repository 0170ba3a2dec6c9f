"""Pictures of the tutorial's steps, to be looked at: written to a folder XRAYTO3D_TUTORIAL if one is given."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from ..mrml.conftest import part, points_of
from ..mrml.test_nodes import needs_opengl
from ..stand_ins.application import ROOT
from .test_panel import wait_for_preview
from .test_pictures import PANEL, grabbed, rendered

HEIGHT = 700
VIEW = (330, HEIGHT)  # of a slice view, and of the 3D view
MOST_BYTES = 200_000  # of a picture
RING = (0, 90, 255)  # round what is clicked, BGR
SAMPLES = ("femur_ap", "femur_lateral")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where pictures go."""
    given = os.environ.get("XRAYTO3D_TUTORIAL")
    return Path(given) if given else tmp_path_factory.mktemp("tutorial")


@pytest.fixture
def opened(scene, open_panel, app):
    """The panel, opened after Sample Data has loaded the femur's radiographs."""
    part("scale").followFiles()  # as when Slicer has started
    for name in SAMPLES:
        app.coreIOManager().load_sample(scene, ROOT / "Resources" / "Samples" / f"{name}.dcm")
    panel = open_panel()
    panel._parameterNode.triangles = 60000
    return panel


def box_round(scene, volume, low, high):
    """A markups box round some pixels of an X-ray, as the panel dresses it."""
    to_ras = part("nodes").ijkToRAS(volume)
    low, high = ((to_ras @ [*pixel, 0, 1])[:3] for pixel in (low, high))
    region = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Region")
    region.SetCenter((low + high) / 2)
    region.SetSize(np.abs(high - low) + np.array([0, 0, 1]))
    part("marks").dress(region, "region")
    return region


def bgr(color):
    """A color from 0 to 1, as OpenCV takes it."""
    return [255 * value for value in color[::-1]]


def slice_view(panel, volume, node):
    """A slice view: the X-ray that it shows, fitted, with what is shown over it."""
    import slicer.util

    parameters = panel._parameterNode
    grey = slicer.util.arrayFromVolume(volume)[0].astype(float)
    scale = min(VIEW[0] / grey.shape[1], VIEW[1] / grey.shape[0])
    image = np.clip(255 * (grey - grey.min()) / np.ptp(grey), 0, 255).astype(np.uint8)
    image = cv2.cvtColor(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2BGR)

    def draw(pixels, color):
        places = np.rint((np.asarray(pixels) + 0.5) * scale).astype(np.int32)
        cv2.polylines(image, [places], True, color, 2, cv2.LINE_AA)

    for outline in filter(part("outlines").isOutline, slicer.util.getNodesByClass("vtkMRMLModelNode")):
        display = outline.GetDisplayNode()
        if display.GetVisibility() and display.IsDisplayableInView(node.GetID()):
            draw(part("marks").toPixels(points_of(outline), volume), bgr(outline.GetDisplayNode().GetColor()))
    preview, region = part("preview").previewNode(), parameters.region
    if preview and volume is parameters.inputVolume:
        mask = part("marks").maskOf(preview, volume).astype(np.uint8)
        color = preview.GetSegmentation().GetNthSegment(0).GetColor()
        for contour in cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
            draw(contour[:, 0], bgr(color))
    if region and volume is parameters.inputVolume and region.GetDisplayNode().GetVisibility2D():
        x0, y0, x1, y1 = part("marks").regionSettings(region, volume)["roi"]
        draw([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], bgr(region.GetDisplayNode().GetSelectedColor()))
    view = np.zeros((VIEW[1], VIEW[0], 3), np.uint8)
    top, left = ((view.shape[i] - image.shape[i]) // 2 for i in (0, 1))
    view[top : top + image.shape[0], left : left + image.shape[1]] = image
    return view


def panel_view(panel, app, rings, at_end=False):
    """The panel in a place of the window's height, scrolled to its begin or end, with rings round what is clicked."""
    widget = panel.parent._object
    widget.resize(PANEL, widget.layout().totalHeightForWidth(PANEL))
    widget.show()
    app._qt.processEvents()
    picture = grabbed(widget)[:, :PANEL]
    for name in rings:
        each = getattr(panel.ui, name)._object
        corner = each.mapTo(widget, each.rect().topLeft())
        low = (corner.x() - 4, corner.y() - 4)
        cv2.rectangle(picture, low, (low[0] + each.width() + 7, low[1] + each.height() + 7), RING, 2, cv2.LINE_AA)
    picture = picture[-HEIGHT:] if at_end else picture[:HEIGHT]
    left = np.full((HEIGHT, PANEL, 3), 239, np.uint8)
    left[: picture.shape[0]] = picture
    return left


def write(panel, app, path, rings, azimuth=0, at_end=False):
    """Write panel, slice views and, if there is a surface, 3D view beside each other, in few colors."""
    from PIL import Image

    model, shown = panel._parameterNode.outputModel, part("views").shownXrays()
    nodes = [app.layoutManager().sliceWidget(name).mrmlSliceNode() for name in ("Red", "XRay2")[: len(shown)]]
    parts = [panel_view(panel, app, rings, at_end)]
    parts += [slice_view(panel, volume, node) for volume, node in zip(shown, nodes, strict=True)]
    if model:
        parts.append(rendered(panel._parameterNode.inputVolume, model, VIEW, azimuth))
    image = Image.fromarray(np.hstack(parts)[..., ::-1])
    # Grays of their own for the X-ray, or its noise takes the colors of the marks.
    array = np.asarray(image).astype(int)
    colored = Image.fromarray(array[np.ptp(array, axis=2) > 24].astype(np.uint8)[None])
    colors = np.reshape(colored.quantize(128).getpalette(), (-1, 3))
    grays = np.rint(np.linspace(0, 255, 256 - len(colors)))[:, None].repeat(3, axis=1)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.vstack([colors, grays]).astype(np.uint8).tobytes())
    image.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)
    assert path.stat().st_size < MOST_BYTES, path


@needs_opengl
def test_the_tutorials_steps(opened, scene, app, folder, monkeypatch, messages):
    """What the tutorial tells is what happens, step by step."""
    import qt
    import slicer

    panel, parameters = opened, opened._parameterNode
    first, second = (slicer.util.getNode(name) for name in SAMPLES)
    shown = app.layoutManager().shown

    panel.ui.inputSelector.setCurrentNode(first)
    assert shown() == first.GetID() and panel.ui.applyButton.enabled
    assert panel.ui.scaleLabel.text == "From DICOM ImagerPixelSpacing. The bone is shown 1.15 times as large."
    write(panel, app, folder / "1-inputs.png", ["inputSelector"])

    parameters.region = box_round(scene, first, (46, 48), (304, 1056))
    panel.ui.boneAdvancedCollapsibleButton.collapsed = False
    panel.ui.previewCheckBox.checked = True
    wait_for_preview(panel, app)
    assert panel.ui.previewLabel.text.startswith("Femur")
    write(panel, app, folder / "2-mark.png", ["regionSelector", "regionPlaceWidget", "previewCheckBox"])

    panel.ui.previewCheckBox.checked = False
    panel.ui.boneAdvancedCollapsibleButton.collapsed = True
    panel.ui.applyButton.click()
    assert not messages and "Fitted shape" in panel.ui.resultBrowser.toPlainText()
    assert shown() == first.GetID()
    write(panel, app, folder / "3-apply.png", ["applyButton"])

    panel.ui.lateralSelector.setCurrentNode(second)
    assert shown() == second.GetID()
    panel.ui.applyButton.click()
    assert (shown("Red"), shown("XRay2")) == (first.GetID(), second.GetID())
    assert not messages and "Anteversion" in panel.ui.resultBrowser.toPlainText()
    write(panel, app, folder / "4-second-view.png", ["lateralSelector", "applyButton"], azimuth=35)

    path = folder / "bone.stl"
    monkeypatch.setattr(qt.QFileDialog._qt, "getSaveFileName", lambda *arguments: str(path))
    panel.ui.saveButton.click()
    assert path.stat().st_size == 84 + 50 * parameters.outputModel.GetPolyData().GetNumberOfPolys()
    path.unlink()
    parameters.color = part("parameters").Color.UNCERTAINTY
    write(panel, app, folder / "5-save.png", ["colorComboBox", "saveButton"], azimuth=35, at_end=True)
