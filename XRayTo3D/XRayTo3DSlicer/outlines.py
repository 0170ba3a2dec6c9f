"""The outline that a fitted shape casts, drawn over its X-ray in the slice views."""

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _
from vtk.util.numpy_support import numpy_to_vtk

from .nodes import addNode, ijkToRAS, placeBeside
from .views import showOver

# By the role in which a model refers to the outlines over its X-rays, in the order of its views.
_COLORS = {
    "XRayTo3D.Outline": (0.2, 0.9, 1.0),
    "XRayTo3D.LateralOutline": (1.0, 0.4, 0.9),
    "XRayTo3D.ThirdOutline": (0.5, 1.0, 0.4),
    "XRayTo3D.FourthOutline": (1.0, 0.7, 0.2),
}
_XRAY = "XRayTo3D.Radiograph"
_IS_OUTLINE = "XRayTo3D.IsOutline"


def isOutline(modelNode) -> bool:
    """Tell whether a model is an outline that was drawn here, and no surface."""
    return bool(modelNode and modelNode.GetAttribute(_IS_OUTLINE))


def showOutlines(outlines, volumeNodes, modelNode) -> None:
    """Draw outlines over X-rays, in the place of those that the model had before; where there is none, none is left.

    :param outlines: for each X-ray, any number of the engine's Outlines; empty where no shape was fitted
    """
    for number, (role, color) in enumerate(_COLORS.items()):
        volumeNode = volumeNodes[number] if number < len(outlines) else None  # of which no shape was fitted, or no view
        node = modelNode.GetNodeReference(role)
        if node and node.GetNodeReference(_XRAY) is not volumeNode:  # None, or another one
            slicer.mrmlScene.RemoveNode(node)
            node = None
        if volumeNode is None:
            modelNode.SetNodeReferenceID(role, None)
            continue
        if node is None:
            node = _newOutline(volumeNode, color)
        with slicer.util.NodeModify(node):
            node.SetAndObservePolyData(linesOver(outlines[number], volumeNode))
            node.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
        placeBeside(node, volumeNode)
        modelNode.SetNodeReferenceID(role, node.GetID())


def linesOver(outlines, volumeNode) -> vtk.vtkPolyData:
    """Return outlines as closed lines in their X-ray's plane, in the X-ray's own RAS frame."""
    points, lines = [np.empty((0, 2))], vtk.vtkCellArray()
    begin = 0
    for outline in outlines:
        count = len(outline.points)
        lines.InsertNextCell(count + 1)
        for index in (*range(count), 0):
            lines.InsertCellPoint(begin + index)
        points.append(outline.points)
        begin += count
    pixels = np.vstack(points)
    ijk = np.column_stack([pixels, np.zeros(len(pixels)), np.ones(len(pixels))])
    places = vtk.vtkPoints()
    places.SetData(numpy_to_vtk(np.ascontiguousarray((ijk @ ijkToRAS(volumeNode).T)[:, :3]), deep=True))
    polydata = vtk.vtkPolyData()
    polydata.SetPoints(places)
    polydata.SetLines(lines)
    return polydata


def _newOutline(volumeNode, color):
    """Add an empty outline that is shown in slice views only."""
    node = addNode("vtkMRMLModelNode", _("{name} fitted outline"), volumeNode)
    node.SetAttribute(_IS_OUTLINE, "1")
    node.SetNodeReferenceID(_XRAY, volumeNode.GetID())
    node.CreateDefaultDisplayNodes()
    node.AddDefaultStorageNode()
    displayNode = node.GetDisplayNode()
    displayNode.SetColor(*color)
    displayNode.SetScalarVisibility(False)
    displayNode.SetVisibility3D(False)
    displayNode.SetVisibility2D(True)
    # Lines in the slice's own plane have no intersection with it.
    displayNode.SetSliceDisplayModeToProjection()
    displayNode.SetSliceIntersectionThickness(2)
    return node


def removeOutlinesOf(modelNode) -> None:
    """Remove the outlines of a surface that has just been removed from the scene."""
    for role in _COLORS:
        node = slicer.mrmlScene.GetNodeByID(modelNode.GetNodeReferenceID(role) or "")
        if isOutline(node):
            slicer.mrmlScene.RemoveNode(node)


def showOutlinesOverXrays() -> None:
    """Show each outline over the X-ray that it belongs to, where that is shown, and nowhere else."""
    for node in slicer.util.getNodesByClass("vtkMRMLModelNode"):
        if isOutline(node) and node.GetDisplayNode():
            node.GetDisplayNode().SetVisibility(showOver(node.GetDisplayNode(), node.GetNodeReference(_XRAY)))
