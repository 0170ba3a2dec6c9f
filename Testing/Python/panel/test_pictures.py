"""Pictures of the panel and of the views, to be looked at: written to a folder XRAYTO3D_PICTURES if one is given."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from ..mrml.conftest import part, points_of, sample_volume
from ..mrml.test_nodes import needs_opengl

WIDTH, HEIGHT = 1366, 768  # of a small laptop's screen
PANEL = 400
COLOR_TABLES = {
    "vtkMRMLColorTableNodeFileDivergingBlueRed.txt": "coolwarm",
    "vtkMRMLColorTableNodeFileInferno.txt": "inferno",
    "vtkMRMLColorTableNodeFileViridis.txt": "viridis",
    "vtkMRMLColorTableNodeGrey": "gray",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where pictures go."""
    given = os.environ.get("XRAYTO3D_PICTURES")
    return Path(given) if given else tmp_path_factory.mktemp("pictures")


@pytest.fixture
def applied(scene, open_panel):
    """The panel, and its widget, after Apply on the sample radiograph."""
    volume = sample_volume(scene)
    volume.CreateDefaultDisplayNodes()
    panel = open_panel()
    panel._parameterNode.triangles = 60000
    panel.ui.applyButton.click()
    return panel, panel.parent._object


def grabbed(widget):
    """What a widget looks like, (rows, columns, 3) in BGR."""
    from PySide6.QtGui import QImage

    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    array = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return array[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)[..., ::-1].copy()


def open_all(panel):
    for name, each in vars(panel.ui).items():
        if name.endswith("CollapsibleButton"):
            each.collapsed = False


def test_no_text_is_cut_off(applied, app, folder):
    from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton

    panel, widget = applied
    open_all(panel)
    for name in ("lateral", "third", "fourth"):  # what is offered of further views
        getattr(panel.ui, f"{name}Group").visible = True
    widget.resize(PANEL, widget.sizeHint().height())
    widget.show()
    app._qt.processEvents()
    assert widget.width() == PANEL  # nothing needs more
    texts = 0
    for kind in (QLabel, QPushButton, QCheckBox, QComboBox):
        for each in widget.findChildren(kind):
            if each.isVisible() and not (kind is QLabel and each.wordWrap()):
                assert each.width() >= each.minimumSizeHint().width(), (each.objectName(), each.width())
                if kind is not QComboBox:  # whose longest text may be a node's name
                    assert each.width() >= each.sizeHint().width(), (each.objectName(), each.width())
                texts += 1
            elif each.isVisible():
                assert each.height() >= each.heightForWidth(each.width()), (each.objectName(), each.height())
    assert texts > 40
    widget.resize(PANEL, widget.layout().totalHeightForWidth(PANEL))
    app._qt.processEvents()
    cv2.imwrite(str(folder / "panel.png"), grabbed(widget))


def color_table(name):
    """The colors of one of Slicer's tables, whose files its core does not bring."""
    import matplotlib

    table = vtk.vtkLookupTable()
    table.SetNumberOfTableValues(256)
    for index, color in enumerate(matplotlib.colormaps[name](np.linspace(0, 1, 256))):
        table.SetTableValue(index, *color)
    return table


def rendered(volume, model, size, azimuth):
    """The 3D view as Slicer's, with the model as its display node says, (rows, columns, 3) in BGR."""
    display = model.GetDisplayNode()
    mapper = vtk.vtkPolyDataMapper()
    mapper.SetInputData(model.GetPolyData())
    mapper.SetScalarVisibility(display.GetScalarVisibility())
    if display.GetScalarVisibility():
        mapper.SetScalarModeToUsePointFieldData()
        mapper.SetColorModeToMapScalars()
        mapper.SetLookupTable(color_table(COLOR_TABLES[display.GetColorNodeID()]))
        mapper.SetUseLookupTableScalarRange(False)
        mapper.SelectColorArray(display.GetActiveScalarName())
        mapper.SetScalarRange(model.GetPolyData().GetPointData().GetArray(display.GetActiveScalarName()).GetRange())
    surface = vtk.vtkActor()
    surface.SetMapper(mapper)
    surface.GetProperty().SetColor(display.GetColor())
    renderer = vtk.vtkRenderer()
    renderer.SetBackground(0.76, 0.76, 0.91)
    renderer.SetBackground2(0.45, 0.47, 0.75)
    renderer.GradientBackgroundOn()
    renderer.AddActor(surface)
    camera = renderer.GetActiveCamera()
    bounds = np.reshape(model.GetPolyData().GetBounds(), (3, 2)).mean(axis=1)
    matrix = part("nodes").ijkToRAS(volume)
    towards = -np.cross(matrix[:3, 0], matrix[:3, 1])
    camera.SetFocalPoint(*bounds)
    camera.SetPosition(*(bounds + 900 * towards / np.linalg.norm(towards)))
    camera.SetViewUp(*-matrix[:3, 1])
    camera.Azimuth(azimuth)
    renderer.ResetCamera()
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(8)
    window.SetSize(*size)
    window.AddRenderer(renderer)
    window.Render()
    taken = vtk.vtkWindowToImageFilter()
    taken.SetInput(window)
    taken.ReadFrontBufferOff()
    taken.Update()
    image = vtk_to_numpy(taken.GetOutput().GetPointData().GetScalars()).reshape(size[1], size[0], 3)
    return np.ascontiguousarray(image[::-1, :, ::-1])


def slice_view(volume, model, size):
    """The slice view: the X-ray, fitted, with the fitted bone's outline over it."""
    import slicer.util

    grey = slicer.util.arrayFromVolume(volume)[0].astype(float)
    grey = (255 * (grey - grey.min()) / np.ptp(grey)).astype(np.uint8)
    image = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    outline = model.GetNodeReference("XRayTo3D.Outline")
    points = points_of(outline)
    pixels = np.linalg.solve(part("nodes").ijkToRAS(volume), np.vstack([points.T, np.ones(len(points))]))[:2].T
    color = [255 * value for value in outline.GetDisplayNode().GetColor()[::-1]]
    cv2.polylines(image, [np.rint(pixels).astype(np.int32)], True, color, 2, cv2.LINE_AA)
    scale = min(size[0] / image.shape[1], size[1] / image.shape[0])
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    view = np.zeros((size[1], size[0], 3), np.uint8)
    top, left = ((view.shape[i] - image.shape[i]) // 2 for i in (0, 1))
    view[top : top + image.shape[0], left : left + image.shape[1]] = image
    return view


def test_apply_is_in_view(scene, open_panel, app):
    """In a window 950 pixels high, of which Slicer's own parts take 330, and with what a user sees first."""
    panel = open_panel()
    widget = panel.parent._object
    widget.resize(PANEL, 950)
    widget.show()
    app._qt.processEvents()
    button = panel.ui.applyButton._object
    assert button.mapTo(widget, button.rect().bottomLeft()).y() < 620
    assert not panel.ui.resultCollapsibleButton.visible  # no empty box before there is a result
    for name, each in vars(panel.ui).items():
        if name.endswith("CollapsibleButton"):
            assert each.collapsed == each.text.startswith("Advanced"), name


@needs_opengl
def test_the_window_after_apply(applied, scene, app, folder):
    """Panel, radiograph with the outline, and the surface, as on a screen of 1366 x 768 pixels."""
    panel, widget = applied
    parameters = panel._parameterNode
    volume, model = parameters.inputVolume, parameters.outputModel
    widget.resize(PANEL, HEIGHT)
    widget.show()
    app._qt.processEvents()
    left = np.full((HEIGHT, PANEL, 3), 239, np.uint8)
    picture = grabbed(widget)[:HEIGHT, :PANEL]
    left[: picture.shape[0], : picture.shape[1]] = picture
    width = (WIDTH - PANEL) // 2
    views = [slice_view(volume, model, (width, HEIGHT))]
    sliceNode = app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    assert not sliceNode.GetSliceVisible()  # in space the X-ray would hide half of a bone that stands in its plane
    for color in part("parameters").Color:
        parameters.color = color
        image = rendered(volume, model, (WIDTH - PANEL - width, HEIGHT), azimuth=35)
        assert len(np.unique(image.reshape(-1, 3), axis=0)) > 300  # not blank
        assert all((image != other).mean() > 0.02 for other in views[1:])
        views.append(image)
    window = np.hstack([left, views[0], views[1]])
    assert window.shape == (HEIGHT, WIDTH, 3)
    cv2.imwrite(str(folder / "window.png"), window)
    cv2.imwrite(str(folder / "colors.png"), np.hstack([cv2.resize(each, None, fx=0.6, fy=0.6) for each in views[1:]]))
