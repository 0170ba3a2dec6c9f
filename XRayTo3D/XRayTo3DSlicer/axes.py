"""The axes and places that bones are measured by: locked markups in a folder beside a bone's model, hidden at first."""

import numpy as np
import slicer
from slicer.i18n import tr as _

from .folders import nodesOf, putIntoFolder, removeWithFolders
from .names import boneName, legName
from .nodes import ijkToRAS

_AXIS = "XRayTo3D.Axis"  # the role in which a model refers to them, and the attribute that tells them apart
_FOLDER = "XRayTo3D.Axes"
_COLOR = (0.35, 0.75, 1.0)


def axesOf(modelNode) -> list:
    """Return the markups by which a model's bone is measured."""
    return nodesOf(modelNode, _AXIS)


def idsOfAxes() -> list:
    """Return the IDs of the scene's markups that are axes of bones, and no marks on X-rays."""
    return [node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLMarkupsNode") if node.GetAttribute(_AXIS)]


def placeAxes(reconstruction, volumeNode, modelNodes) -> None:
    """Put what bones and legs are measured by into the scene, in the place of what there was before.

    What a user has shown stays shown. Axes of a leg, which go across joints, are those of the main bone's model.

    :param reconstruction: the engine's
    :param volumeNode: X-ray of its first view
    :param modelNodes: models of its bones, in their order
    """
    from XRayTo3DLib.geometry.frames import engine_to_ras

    toRAS, scene = engine_to_ras(ijkToRAS(volumeNode)), slicer.mrmlScene
    scene.StartState(scene.BatchProcessState)  # or each line would be what the user's next clicks are added to
    try:
        for bone, modelNode in zip(reconstruction.bones, modelNodes, strict=True):
            owners = {}
            if bone.shape:
                owners["bone"] = boneName(bone.name, bone.side), bone.shape.measures_in_picture
            if modelNode is modelNodes[0]:
                owners |= {leg.side: (legName(leg.side), leg.measures_in_picture) for leg in reconstruction.legs}
            _placeOwn(owners, toRAS, modelNode)
    finally:
        scene.EndState(scene.BatchProcessState)


def removeAxesOf(modelNode) -> None:
    """Remove the axes of a surface that has just been removed from the scene."""
    removeWithFolders(axesOf(modelNode), _FOLDER)


def _placeOwn(owners, toRAS, modelNode) -> None:
    """Place the axes of one model: by their owner, its bone or a leg, what that is called and its measures."""
    before = {node.GetAttribute(_AXIS): node for node in axesOf(modelNode)}
    modelNode.RemoveNodeReferenceIDs(_AXIS)
    for owner, (called, measures) in owners.items():
        nodes = []
        for name, measure in measures.items():
            for part, points in (measure.lines | measure.points).items():
                key = f"{owner}/{name}/{part}"
                node = before.pop(key, None) or _newAxis(key, np.ndim(points))
                with slicer.util.NodeModify(node):
                    _describe(node, measure, part)
                    places = np.reshape(points, (-1, 3)) @ toRAS[:3, :3].T + toRAS[:3, 3]
                    slicer.util.updateMarkupsControlPointsFromArray(node, places)
                    node.SetAndObserveTransformNodeID(modelNode.GetTransformNodeID())
                modelNode.AddNodeReferenceID(_AXIS, node.GetID())
                nodes.append(node)
        name = _("{bone} axes").format(bone=called)
        if folder := putIntoFolder(nodes, modelNode, _FOLDER, owner, name):
            hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
            hierarchy.SetItemName(folder, name)  # the side may be another one now
    removeWithFolders(before.values(), _FOLDER)


def _newAxis(key, dimensions):
    """Add a line, or a point list for what has one dimension only: hidden, locked, and seen through the bone."""
    className = "vtkMRMLMarkupsLineNode" if dimensions == 2 else "vtkMRMLMarkupsFiducialNode"
    node = slicer.mrmlScene.AddNewNodeByClass(className)
    node.SetAttribute(_AXIS, key)
    node.SetLocked(True)
    node.CreateDefaultDisplayNodes()
    displayNode = node.GetDisplayNode()
    displayNode.SetVisibility(False)
    displayNode.SetOccludedVisibility(True)
    displayNode.SetPointLabelsVisibility(False)
    displayNode.SetPropertiesLabelVisibility(True)
    displayNode.SetColor(*_COLOR)
    displayNode.SetSelectedColor(*_COLOR)
    return node


def _describe(node, measure, part) -> None:
    """Name markups as their measure, with the part that they are where it has more than one."""
    hasMore = len(measure.lines) + len(measure.points) > 1
    node.SetName(f"{measure.title}: {part.replace('_', ' ')}" if hasMore else measure.title)
    if length := node.GetMeasurement("length"):
        length.SetEnabled(measure.unit != "deg")  # an axis is drawn somehow long: its length means nothing
