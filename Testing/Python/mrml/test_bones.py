"""Bones beside the main one in the scene: a model for each, a folder, a table; what goes when they are made anew."""

from dataclasses import replace

import numpy as np
import pytest

from .conftest import part, points_of, sample_volume

QUICK = {"method": "solid", "triangles": 2000}


@pytest.fixture
def hierarchy(scene):
    """The subject hierarchy, in which each new node gets an item, as Slicer's plugins see to."""
    import slicer_core
    import vtk

    node = slicer_core.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def added(caller, event, each):
        if each.IsA("vtkMRMLDisplayableNode") or each.IsA("vtkMRMLTableNode"):
            node.CreateItem(node.GetSceneItemID(), each)

    scene.AddObserver(scene.NodeAddedEvent, added)
    return node


@pytest.fixture
def engine(monkeypatch):
    """Lets the engine find so many bones beside the main one: solids of the same picture, of these names and sides."""
    import XRayTo3DLib

    make, others = XRayTo3DLib.reconstruct, []

    def reconstruct(case, settings, progress=None):
        made = make(case, settings, progress)
        bones = [made.bones[0], *(replace(made.bones[0], name=name, side=side) for name, side in others)]
        return replace(made, found=made.found * len(bones), bones=tuple(bones))

    monkeypatch.setattr(XRayTo3DLib, "reconstruct", reconstruct)
    return others


def folder_of(hierarchy, node):
    return hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node))


def test_each_bone_is_a_model_in_one_folder_and_is_kept_when_made_anew(module, logic, scene, hierarchy, engine):
    volume, others = sample_volume(scene), part("bones").othersOf
    engine += [("tibia", "right"), ("fibula", "right")]
    model = logic.process(volume, **QUICK)
    tibia, fibula = others(model)
    assert tibia.GetName().endswith("right tibia") and fibula.GetName().endswith("right fibula")
    folder = folder_of(hierarchy, model)
    assert hierarchy.GetItemName(folder).endswith("bones") and folder != folder_of(hierarchy, volume)
    assert folder == folder_of(hierarchy, tibia) == folder_of(hierarchy, fibula)
    for node in (tibia, fibula):
        np.testing.assert_allclose(points_of(node), points_of(model))
        assert node.GetNodeReference("XRayTo3D.Radiograph") is volume and node.GetDisplayNode().GetVisibility()

    engine.pop()
    assert logic.process(volume, model, **QUICK) is model
    assert others(model) == [tibia] and not scene.IsNodePresent(fibula)
    assert folder == folder_of(hierarchy, model) == folder_of(hierarchy, tibia)

    engine.clear()
    logic.process(volume, model, **QUICK)
    assert others(model) == [] and not scene.IsNodePresent(tibia)
    assert folder_of(hierarchy, model) == folder_of(hierarchy, volume) and not hierarchy.GetItemName(folder)


def test_measures_are_a_table_with_intervals_and_definitions(module, scene):
    from XRayTo3DLib.anatomy import DEFINITIONS

    bones, volume = part("bones"), sample_volume(scene)
    model = scene.AddNewNodeByClass("vtkMRMLModelNode", "bone")
    angle = {"value": 128.04, "deviation": 1.0, "interval_95": [126.08, 130], "title": "Neck-shaft angle"}
    axis = {"value": 179.0, "deviation": 1.0, "interval_95": [177, 181], "title": "HKA"}
    record = {
        "bones": [{"name": "femur", "side": "left", "measures": {"neck_shaft_angle_deg": angle}}],
        "legs": [{"side": "left", "measures": {"hka_deg": axis}}],
    }
    bones.placeMeasures(record, volume, model)
    table = model.GetNodeReference("XRayTo3D.Measures").GetTable()
    rows = [[table.GetValue(row, column).ToString() for column in range(7)] for row in range(table.GetNumberOfRows())]
    assert [row[0] for row in rows] == ["Left femur", "Left leg"]
    assert float(rows[0][2]) == 128.04 and rows[0][3] == "°" and [float(end) for end in rows[1][4:6]] == [177, 181]
    assert rows[0][6] == DEFINITIONS["femur"]["neck_shaft_angle_deg"].meaning

    count = scene.GetNumberOfNodesByClass("vtkMRMLTableNode")
    bones.placeMeasures(record, volume, model)
    assert scene.GetNumberOfNodesByClass("vtkMRMLTableNode") == count
    bones.placeMeasures({"bones": [], "legs": []}, volume, model)
    assert scene.GetNumberOfNodesByClass("vtkMRMLTableNode") == count - 1


def test_all_words_for_bones_are_known(module):
    from XRayTo3DLib.segmentation import BONES

    name = part("bones").boneName
    assert len({name(bone) for bone in BONES}) == len(BONES)
    assert name("tibia", "left") == "Left tibia" and name(None, None) == "Bone"
