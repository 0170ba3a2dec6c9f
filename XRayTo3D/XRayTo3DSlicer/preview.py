"""The bone as an overlay in the slice views, before a surface is made: one for each view."""

import slicer
from slicer.i18n import tr as _

from .nodes import placeMask

_TAG = "XRayTo3D.Preview"
_COLOR = (1.0, 0.73, 0.29)
_VIEWS = 4  # as many as the panel takes


def previewNode(number=0):
    """Return the scene's preview in a view, by its number from 0; None if there is none."""
    return slicer.mrmlScene.GetSingletonNode(_tagOf(number), "vtkMRMLSegmentationNode")


def showPreview(mask, volumeNode, number=0) -> None:
    """Show a (rows, columns) mask over its X-ray; the node is hidden, not saved and not undone."""
    node = previewNode(number)
    if node is None:
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentationNode")
        node.UnRegister(None)
        node.SetSingletonTag(_tagOf(number))
        node.SetName(_("X-ray to 3D preview"))
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        node.SetUndoEnabled(False)
        node = slicer.mrmlScene.AddNode(node)
        node.CreateDefaultDisplayNodes()
        displayNode = node.GetDisplayNode()
        displayNode.SetSaveWithScene(False)
        displayNode.SetUndoEnabled(False)
        displayNode.SetVisibility3D(False)
        displayNode.SetVisibility2DFill(False)  # the X-ray is to be seen under it
    placeMask(mask, volumeNode, node)
    node.GetSegmentation().GetNthSegment(0).SetColor(*_COLOR)


def removePreview(number) -> None:
    """Take the preview in a view out of the scene."""
    node = previewNode(number)
    if node:
        slicer.mrmlScene.RemoveNode(node)


def removePreviews(but=()) -> None:
    """Take the previews in all views out of the scene, but for those of some numbers."""
    for number in range(_VIEWS):
        if number not in but:
            removePreview(number)


def _tagOf(number) -> str:
    return f"{_TAG}{number + 1 if number else ''}"
