"""A broken bone in the panel: a line along the fracture in each view, and a slider that puts the fragments back."""

import types

import numpy as np
import pytest
import vtk

from XRayTo3DLib.shape import BreakFrame

from ..mrml.conftest import part
from .test_further_views import NAMES, four  # noqa: F401 - a fixture

LINES = {"fracture": "fracture", **{f"{name}Fracture": f"{name}Fracture" for name in NAMES}}


def test_a_new_line_is_placed_at_once_on_its_own_xray(four, app):  # noqa: F811
    from ..stand_ins.widgets import create_node

    panel, volumes = four
    for (name, parameter), volume in zip(LINES.items(), volumes, strict=True):
        line = create_node(getattr(panel.ui, f"{name}Selector"))
        assert line.IsA("vtkMRMLMarkupsLineNode") and getattr(panel._parameterNode, parameter) is line
        assert app.layoutManager().shown() == volume.GetID()


def test_lines_are_chosen_for_shape_models_alone(four, scene):  # noqa: F811
    panel, volumes = four
    parameters, kinds = panel._parameterNode, part("parameters")
    lines = [scene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", name) for name in LINES]
    for parameter, line in zip(LINES.values(), lines, strict=True):
        setattr(parameters, parameter, line)
    chosen = kinds.choices(parameters)
    assert [chosen["fractureNode"], *(each["fractureNode"] for each in chosen["furtherViews"])] == lines
    assert part("further").furtherMarks(parameters) == list(zip(lines[1:], volumes[1:], strict=True))
    assert lines[0] in part("placing").marksOf(parameters)
    parameters.method = kinds.Method.SOLID
    assert "fractureNode" not in kinds.choices(parameters) and not panel.ui.fractureSelector.enabled


@pytest.mark.parametrize("kind", ["ROI", "ClosedCurve", "Plane", "Fiducial"])
def test_a_region_or_points_on_pieces_may_mark_it_in_the_place_of_a_line(four, scene, kind):  # noqa: F811
    panel, _ = four
    parameters, kinds = panel._parameterNode, part("parameters")
    mark = scene.AddNewNodeByClass(f"vtkMRMLMarkups{kind}Node")
    for parameter, widgets in {value: key for key, value in LINES.items()}.items():
        selector = getattr(panel.ui, f"{widgets}Selector")
        assert mark.GetClassName() in selector.nodeTypes
        selector.setCurrentNode(mark)
        assert getattr(parameters, parameter) is mark
    assert kinds.choices(parameters)["fractureNode"] is mark


def test_the_slider_is_shown_where_a_bone_is_broken_and_moves_its_fragment(four, scene, monkeypatch):  # noqa: F811
    import slicer.util

    panel, volumes = four
    parameters = panel._parameterNode
    assert panel.ui.reductionSlider._object.isHidden() and panel.ui.reductionLabel._object.isHidden()
    source = vtk.vtkSphereSource()
    source.Update()
    ball = types.SimpleNamespace(polydata=source.GetOutput())
    to_reduced = np.eye(4)
    to_reduced[:3, 3] = 4, -8, 12
    frame = BreakFrame(np.zeros(3), np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]), "left")
    told = {"title": "Shortening", "value": -12.0, "deviation": 1.0, "interval_95": [-14, -10]}
    record = {"bones": [{"fragments": [{"name": "upper"}, {"name": "lower", "shortening_mm": told}]}]}
    bone = types.SimpleNamespace(
        broken=types.SimpleNamespace(to_reduced=(np.eye(4), to_reduced), break_frames=(frame,)),
        pieces=(ball, ball),
        whole=ball,
    )
    model = part("nodes").placeSurface(ball.polydata, volumes[0])
    _upper, lower, _reduced = part("fragments").placeFragments(bone, volumes[0], model)
    parameters.outputModel = model
    assert not panel.ui.reductionSlider._object.isHidden() and parameters.reduction == 0
    assert panel.ui.displacementLabel._object.isHidden()  # nothing is kept of how they were found
    monkeypatch.setattr(part("displacing"), "recordOf", lambda _: record)
    above = lower.GetParentTransformNode()
    lies = slicer.util.arrayFromTransformMatrix(above).copy()
    assert np.linalg.norm(lies[:3, 3]) == pytest.approx(np.linalg.norm([4, 8, 12]))
    panel.ui.reductionSlider.value = 50
    assert panel.ui.displacementLabel.text == "Shortening: -6.0 mm"
    np.testing.assert_allclose(slicer.util.arrayFromTransformMatrix(above)[:3, 3], lies[:3, 3] / 2, atol=1e-6)
    panel.ui.reductionSlider.value = 100
    np.testing.assert_allclose(slicer.util.arrayFromTransformMatrix(above), np.eye(4), atol=1e-6)
    above.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(lies))  # by hand
    assert panel.ui.displacementLabel.text == "Shortening: -12.0 mm"
    scene.RemoveNode(model)
    assert not scene.IsNodePresent(lower) and not scene.IsNodePresent(above)
    assert panel.ui.reductionSlider._object.isHidden()
