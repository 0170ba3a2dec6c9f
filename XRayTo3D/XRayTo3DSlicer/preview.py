"""The bone as an overlay in the slice views, before a surface is made."""

import slicer
from slicer.i18n import tr as _

from .nodes import placeMask

_TAG = "XRayTo3D.Preview"
_COLOR = (1.0, 0.73, 0.29)


def previewNode():
    """Return the scene's preview, None if there is none."""
    return slicer.mrmlScene.GetSingletonNode(_TAG, "vtkMRMLSegmentationNode")


def showPreview(mask, volumeNode) -> None:
    """Show a (rows, columns) mask over its X-ray; the node is hidden, not saved and not undone."""
    node = previewNode()
    if node is None:
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentationNode")
        node.UnRegister(None)
        node.SetSingletonTag(_TAG)
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


def removePreview() -> None:
    """Take the preview out of the scene."""
    node = previewNode()
    if node:
        slicer.mrmlScene.RemoveNode(node)
