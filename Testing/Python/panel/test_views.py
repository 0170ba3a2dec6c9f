"""What is shown is what is worked on: the slice view, what lies over the X-ray in it, and the 3D view."""

import numpy as np
import pytest
import vtk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..mrml.conftest import models, part, rod, sample_volume
from ..mrml.test_placement import ijk_to_ras


def add_xray(matrix=None, name="X-ray"):
    import slicer.util

    volume = slicer.util.addVolumeFromArray(
        rod()[0][None], np.diag([-0.5, -0.5, 1, 1]) if matrix is None else matrix, name
    )
    volume.CreateDefaultDisplayNodes()
    return volume


def slice_axes(app, name="Red"):
    """Directions (columns) of a slice view's right side, upper side and normal in the world."""
    import slicer.util

    node = app.layoutManager().sliceWidget(name).mrmlSliceNode()
    return slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())[:3, :3]


@st.composite
def parents(draw):
    """A linear transform to the world: any, as long as it can be inverted."""
    matrix = np.eye(4)
    matrix[:3] = np.array([[draw(st.floats(-1, 1)) for _ in range(4)] for _ in range(3)])
    matrix[:3, :3] += np.diag(draw(st.sampled_from([(2, 2, 2), (-2, 2, 2), (2, 2, -3)])))
    return matrix


@given(matrix=ijk_to_ras(), parent=parents())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_slice_view_and_camera_see_the_xray_straight_on(module, scene, app, matrix, parent):
    """Pixels go right and down in the slice view; the camera looks from the source's side, with the top row up."""
    import slicer
    import slicer.util

    scene.Clear()
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(parent))
    volume = add_xray(matrix)
    volume.SetAndObserveTransformNodeID(transform.GetID())
    views = part("views")
    views.showXray(volume)
    assert views.shownXray() is volume
    world = parent @ matrix
    columns, rows = world[:3, :2].T
    right, up, normal = slice_axes(app).T
    assert right @ columns == pytest.approx(np.linalg.norm(columns)) and up @ rows < 0
    assert normal @ columns == pytest.approx(0, abs=1e-6) and normal @ rows == pytest.approx(0, abs=1e-6)

    # A surface on the X-ray, towards its source.
    sphere = vtk.vtkSphereSource()
    sphere.SetRadius(9)
    source = -np.cross(matrix[:3, 0], matrix[:3, 1])
    sphere.SetCenter(matrix[:3, 3] + 15 * source / np.linalg.norm(source))
    sphere.Update()
    model = scene.AddNewNodeByClass("vtkMRMLModelNode")
    model.SetAndObservePolyData(sphere.GetOutput())
    model.SetAndObserveTransformNodeID(transform.GetID())
    position, middle, upwards = views.cameraPose(volume, model)
    off_plane = [(point - world[:3, 3]) @ normal for point in (middle, position)]
    assert 0 < off_plane[0] * np.sign(off_plane[1]) < abs(off_plane[1])  # the bone lies between camera and X-ray
    view = (middle - position) / np.linalg.norm(middle - position)
    assert abs(view @ normal) == pytest.approx(1) and upwards @ rows < 0
    assert upwards @ view == pytest.approx(0, abs=1e-6)
    bounds = np.zeros(6)
    model.GetRASBounds(bounds)
    corners = np.stack(np.meshgrid(*bounds.reshape(3, 2)), axis=-1).reshape(-1, 3) - position
    angle = np.degrees(np.arccos(corners @ view / np.linalg.norm(corners, axis=1)))
    assert angle.max() < 40  # and in view, but for the corners of its box


def test_only_one_slice_view_is_turned(scene, app, open_panel):
    before = {name: slice_axes(app, name).copy() for name in ("Green", "Yellow")}
    add_xray(np.array([[-0.5, 0, 0, 0], [0, 0, 1, 0], [0, -0.5, 0, 0], [0, 0, 0, 1]]))
    panel = open_panel()
    panel.ui.applyButton.click()
    for name, axes in before.items():
        np.testing.assert_array_equal(slice_axes(app, name), axes)
    assert app.layoutManager().shown("Red") and not app.layoutManager().shown("Green")


def test_choosing_an_xray_shows_it(scene, app, open_panel):
    first, second = add_xray(name="First"), add_xray(name="Second")
    panel = open_panel()
    shown = app.layoutManager().shown
    assert panel._parameterNode.inputVolume is first and shown() == first.GetID()
    panel.ui.inputSelector.setCurrentNode(second)
    assert shown() == second.GetID()
    panel.ui.lateralSelector.setCurrentNode(first)
    assert shown() == first.GetID()
    panel._parameterNode.smoothing = 3  # is no choice of an X-ray
    panel.ui.inputSelector.setCurrentNode(second)
    assert shown() == first.GetID()


def test_zoom_stays_while_marks_are_placed(scene, app, open_panel):
    add_xray()
    panel = open_panel()
    node = app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    node.SetFieldOfView(7, 7, 1)
    panel.ui.includeSelector.addNode()
    assert node.GetFieldOfView()[:2] == (7, 7)


@pytest.mark.parametrize("name", ["region", "include", "exclude", "calibration", "landmarks"])
def test_every_place_mode_shows_the_xray(scene, app, open_panel, name):
    first, second = add_xray(name="First"), add_xray(name="Second")
    panel = open_panel()
    panel._parameterNode.lateralVolume = second
    shown = app.layoutManager().shown
    assert shown() == second.GetID()
    getattr(panel.ui, f"{name}Selector").addNode()
    assert shown() == first.GetID()
    part("views").showXray(second)
    placer = getattr(panel.ui, f"{name}PlaceWidget")
    placer.setPlaceModeEnabled(False)
    assert shown() == second.GetID()
    placer.setPlaceModeEnabled(True)  # by the place button
    assert shown() == first.GetID()


def test_preview_shows_the_xray(scene, app, open_panel):
    from .test_panel import wait_for_preview

    first, second = add_xray(name="First"), add_xray(name="Second")
    panel = open_panel()
    part("views").showXray(second)
    panel._parameterNode.preview = True
    wait_for_preview(panel, app)
    assert app.layoutManager().shown() == first.GetID()
    node = part("preview").previewNode()
    assert not node.GetDisplayNode().GetVisibility2DFill() and node.GetDisplayNode().GetVisibility2DOutline()


def test_two_xrays_in_one_plane_are_told_apart(scene, app, open_panel):
    """Outlines and marks are shown over the X-ray that they belong to, also when the user changes it elsewhere."""
    volumes = [sample_volume(scene, name) for name in ("femur_ap.dcm", "femur_lateral.dcm")]
    for volume in volumes:
        volume.CreateDefaultDisplayNodes()
    panel = open_panel()
    parameters = panel._parameterNode
    parameters.inputVolume, parameters.lateralVolume = volumes
    panel.ui.includeSelector.addNode()
    panel.ui.lateralRegionSelector.addNode()
    marks = parameters.includePoints, parameters.lateralRegion
    parameters.includePoints.AddControlPointWorld(
        vtk.vtkVector3d(*(part("nodes").ijkToRAS(volumes[0]) @ [300, 700, 0, 1])[:3])
    )
    parameters.lateralRegion = None
    panel.ui.applyButton.click()
    parameters.lateralRegion = marks[1]
    model = parameters.outputModel
    outlines = [model.GetNodeReference(f"XRayTo3D.{role}") for role in ("Outline", "LateralOutline")]
    red = app.layoutManager().sliceWidget("Red")
    for number in (1, 0):
        red.sliceLogic().GetSliceCompositeNode().SetBackgroundVolumeID(volumes[number].GetID())
        for index in (0, 1):
            outline, mark = (each.GetDisplayNode() for each in (outlines[index], marks[index]))
            isThere = [each.IsDisplayableInView(red.mrmlSliceNode().GetID()) for each in (outline, mark)]
            assert bool(outline.GetVisibility() and isThere[0]) == (index == number)
            assert bool(mark.GetVisibility2D() and isThere[1]) == (index == number)

    scene.RemoveNode(model)  # and its outlines with it
    assert not models(scene)


def test_marks_are_told_apart_and_hide_nothing(scene, open_panel):
    add_xray()
    panel = open_panel()
    colors = []
    for name in ("include", "exclude", "region", "landmarks"):
        selector = getattr(panel.ui, f"{name}Selector")
        selector.addNode()
        display = selector.currentNode().GetDisplayNode()
        assert not display.GetFillVisibility()
        colors.append(display.GetSelectedColor())
    assert len(set(colors)) == 4


def test_axes_of_bones_are_not_offered_as_marks(scene, open_panel):
    add_xray()
    panel = open_panel()
    for kind in ("Line", "Fiducial"):
        scene.AddNewNodeByClass(f"vtkMRMLMarkups{kind}Node").SetAttribute("XRayTo3D.Axis", "bone/length_mm/distance")
    panel.updatePanel()
    for name in ("calibration", "include", "exclude", "landmarks", "lateralInclude", "fourthFracture"):
        assert getattr(panel.ui, f"{name}Selector").nodeCount() == 0
    panel.ui.calibrationSelector.addNode()
    panel.updatePanel()
    assert panel.ui.calibrationSelector.nodeCount() == 1


def test_what_was_made_of_xrays_is_not_offered_as_one(scene, app, open_panel):
    from .test_panel import wait_for_preview

    volume = add_xray()
    panel = open_panel()
    panel._parameterNode.keepImages = panel._parameterNode.preview = True
    wait_for_preview(panel, app)
    panel.ui.applyButton.click()
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") > 4
    for selector in (panel.ui.inputSelector, panel.ui.lateralSelector):
        assert selector.nodeCount() == 1
    assert panel._parameterNode.inputVolume is volume
