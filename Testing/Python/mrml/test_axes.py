"""The axes that bones are measured by, in the scene: where they lie, in which folder, and what goes with the bone."""

import json
import types

import numpy as np
import pytest

from .conftest import part, points_of, sample_volume
from .test_bones import folder_of, hierarchy  # noqa: F401 - a fixture


def ends_of(node):
    """World positions (n, 3) of a markups node's points."""
    import slicer.util

    return slicer.util.arrayFromMarkupsControlPoints(node, world=True)


def measured(value, title="Length", unit="mm", **lines):
    from XRayTo3DLib.shape import Measure

    return Measure(value, 1.0, title, unit, lines={name: np.array(ends, float) for name, ends in lines.items()})


@pytest.fixture
def made(module, scene):
    """A function that places these measures of bones and legs, by their names and sides, on so many models."""
    volume = sample_volume(scene)
    models = []

    def place(bones, legs=()):
        told = types.SimpleNamespace(
            bones=[
                types.SimpleNamespace(
                    name=name, side=side, shape=measures and types.SimpleNamespace(measures_in_picture=measures)
                )
                for name, side, measures in bones
            ],
            legs=[types.SimpleNamespace(side=side, measures_in_picture=measures) for side, measures in legs],
        )
        while len(models) < len(bones):
            models.append(part("nodes").addNode("vtkMRMLModelNode", "{name} model", volume))
        part("axes").placeAxes(told, volume, models[: len(bones)])
        return models

    return place


def test_a_femurs_axes_lie_in_its_model_and_are_kept_when_it_is_made_anew(module, logic, scene, hierarchy):  # noqa: F811
    import slicer.util

    volumes = [sample_volume(scene, name) for name in ("femur_ap.dcm", "femur_lateral.dcm")]
    moved = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    turn = np.array([[0, -1, 0, 30], [1, 0, 0, -20], [0, 0, 1, 5], [0, 0, 0, 1.0]])
    moved.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(turn))
    volumes[0].SetAndObserveTransformNodeID(moved.GetID())
    model = logic.process(volumes[0], lateralNode=volumes[1], side="right")
    told = json.loads(model.GetAttribute("XRayTo3D.Result"))["shape"]["measures"]
    axes = {node.GetName(): node for node in part("axes").axesOf(model)}
    surface = points_of(model) @ turn[:3, :3].T + turn[:3, 3]

    for node in axes.values():
        assert node.GetLocked() and not node.GetDisplayNode().GetVisibility()
        assert node.GetTransformNodeID() == model.GetTransformNodeID() == moved.GetID()
        assert hierarchy.GetItemName(folder_of(hierarchy, node)) == "Right femur axes"
    folder = folder_of(hierarchy, model)
    assert {hierarchy.GetItemParent(folder_of(hierarchy, node)) for node in axes.values()} == {folder}
    assert {each["title"] for each in told.values()} == {name.split(": ")[0] for name in axes}

    (head,) = ends_of(axes["Femoral head diameter: center"])
    radius = told["head_diameter_mm"]["value"] / 2
    away = np.linalg.norm(surface - head, axis=1)
    assert np.median(away[away < 1.2 * radius]) == pytest.approx(radius, abs=1)
    length = np.linalg.norm(np.diff(ends_of(axes["Femoral length"]), axis=0))
    assert length == pytest.approx(told["length_mm"]["value"], abs=0.01)
    assert axes["Femoral length"].GetMeasurement("length").GetEnabled()
    neck, shaft = (
        np.diff(ends_of(axes[f"Neck-shaft angle: {name} axis"]), axis=0)[0] for name in ("neck", "proximal shaft")
    )
    angle = np.degrees(np.arccos(-neck @ shaft / np.linalg.norm(neck) / np.linalg.norm(shaft)))
    assert angle == pytest.approx(told["neck_shaft_angle_deg"]["value"], abs=0.05)
    node = axes["Neck-shaft angle: neck axis"]
    assert not node.GetMeasurement("length").GetEnabled()

    node.GetDisplayNode().SetVisibility(True)
    before = set(axes.values())
    logic.process(volumes[0], model, lateralNode=volumes[1], side="right")
    assert set(part("axes").axesOf(model)) == before and node.GetDisplayNode().GetVisibility()
    folder = folder_of(hierarchy, node)
    logic.process(volumes[0], model, method="relief", triangles=2000)  # of which nothing is measured
    assert part("axes").axesOf(model) == [] and not scene.IsNodePresent(node)
    assert not hierarchy.GetItemName(folder) and not scene.GetNumberOfNodesByClass("vtkMRMLMarkupsNode")


def test_axes_of_a_leg_are_apart_and_go_when_it_is_measured_no_more(made, hierarchy, scene):  # noqa: F811
    axis = {"hka_deg": measured(179, "HKA", "deg", femoral_mechanical_axis=[[0, 0, 0], [0, 400, 0]])}
    length = {"length_mm": measured(430, "Femoral length", distance=[[0, 0, 0], [0, 430, 0]])}
    bones = [("femur", "left", length), ("patella", "left", None), ("femur", "right", length)]
    left, patella, right = made(bones, [("left", axis)])
    names = part("axes").axesOf
    assert [node.GetName() for node in names(left)] == ["Femoral length", "HKA"]
    assert [node.GetName() for node in names(right)] == ["Femoral length"] and names(patella) == []
    folders = [hierarchy.GetItemName(folder_of(hierarchy, node)) for node in (*names(left), *names(right))]
    assert folders == ["Left femur axes", "Left leg axes", "Right femur axes"]

    kept, gone = names(left)
    folder = folder_of(hierarchy, gone)
    made(bones)
    assert names(left) == [kept] and not scene.IsNodePresent(gone) and not hierarchy.GetItemName(folder)

    others = names(right)
    scene.RemoveNode(left)
    part("axes").removeAxesOf(left)
    assert not scene.IsNodePresent(kept) and others == names(right) and scene.IsNodePresent(others[0])


def test_axes_are_found_again_in_a_scene_that_was_saved(made, hierarchy, scene, tmp_path):  # noqa: F811
    import slicer

    length = {"length_mm": measured(430, "Femoral length", distance=[[0, 0, 0], [0, 430, 0]])}
    (model,) = made([("femur", "left", length)])
    (axis,) = part("axes").axesOf(model)
    axis.GetDisplayNode().SetVisibility(True)
    name = model.GetName()
    scene.SetURL(str(tmp_path / "scene.mrml"))
    assert scene.Commit()
    scene.Clear()
    assert scene.Connect()
    model = slicer.util.getNode(name)
    (axis,) = part("axes").axesOf(model)
    assert axis.GetName() == "Femoral length" and axis.GetDisplayNode().GetVisibility()
    assert axis.GetNodeReferenceID("transform") is None and axis.GetLocked()


def test_the_users_next_clicks_are_not_added_to_axes(made, scene):
    """Slicer's own logic makes what is added the list that clicks go to."""
    import slicer

    selection = slicer.vtkMRMLSelectionNode()
    selection.SetSingletonTag("Singleton")
    scene.AddNode(selection)
    logic = slicer.vtkSlicerMarkupsLogic()
    logic.SetMRMLScene(scene)
    clicks = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Clicks")
    assert selection.GetActivePlaceNodeID() == clicks.GetID()
    length = {"length_mm": measured(430, "Femoral length", distance=[[0, 0, 0], [0, 430, 0]])}
    (model,) = made([("femur", "left", length)])
    assert len(part("axes").axesOf(model)) == 1 and selection.GetActivePlaceNodeID() == clicks.GetID()
    logic.SetMRMLScene(None)
