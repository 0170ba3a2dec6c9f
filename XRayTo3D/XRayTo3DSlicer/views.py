"""What the views show: the X-ray straight on, and beside it the surface as the X-ray's source saw the bone."""

import numpy as np
import slicer

from .nodes import ijkToRAS, parentToWorld

_SLICE_VIEW = "Red"  # the one that shows the X-ray; the others stay as they are
_VIEW_ANGLE_DEG = 30.0  # of Slicer's 3D views
_LAYOUT = 5103  # a number of our own, beyond those of Slicer's layouts
_DESCRIPTION = """
<layout type="horizontal" split="true">
 <item>
  <view class="vtkMRMLSliceNode" singletontag="Red">
   <property name="orientation" action="default">Axial</property>
   <property name="viewlabel" action="default">R</property>
   <property name="viewcolor" action="default">#F34A33</property>
  </view>
 </item>
 <item>
  <view class="vtkMRMLViewNode" singletontag="1">
   <property name="viewlabel" action="default">1</property>
  </view>
 </item>
</layout>
"""


def showXray(volumeNode) -> None:
    """Show an X-ray in one slice view, straight on, its first row at the top; if it is shown so, nothing moves."""
    sliceLogic = _sliceLogic()
    if sliceLogic is None or volumeNode is None:
        return
    now = slicer.util.arrayFromVTKMatrix(sliceLogic.GetSliceNode().GetSliceToRAS())[:3, :2]
    if shownXray() is volumeNode and np.allclose(now / np.linalg.norm(now, axis=0), _slice(volumeNode)[:3, :2]):
        return
    sliceLogic.GetSliceCompositeNode().SetBackgroundVolumeID(volumeNode.GetID())
    turnToXray()


def turnToXray() -> None:
    """Turn the slice view to the X-ray that it shows, and fit it."""
    sliceLogic, volumeNode = _sliceLogic(), shownXray()
    if volumeNode is None:
        return
    sliceNode = sliceLogic.GetSliceNode()
    sliceNode.GetSliceToRAS().DeepCopy(slicer.util.vtkMatrixFromArray(_slice(volumeNode)))
    sliceNode.UpdateMatrices()
    sliceLogic.FitSliceToBackground()


def shownXray():
    """Return the volume that the slice view shows; None if there is none, or no window."""
    composite = shownNode()
    return slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID() or "") if composite else None


def shownNode():
    """Return the node that tells which volume the slice view shows; None without a window."""
    sliceLogic = _sliceLogic()
    return sliceLogic.GetSliceCompositeNode() if sliceLogic else None


def showBesideXray(volumeNode, modelNode) -> None:
    """Show an X-ray beside the 3D view, and the surface there as the source saw the bone: along the X-ray's normal."""
    layoutManager = slicer.app.layoutManager()
    if layoutManager is None:  # without a main window
        return
    layoutNode = layoutManager.layoutLogic().GetLayoutNode()
    if not layoutNode.IsLayoutDescription(_LAYOUT):
        layoutNode.AddLayoutDescription(_LAYOUT, _DESCRIPTION)
    layoutManager.setLayout(_LAYOUT)
    showXray(volumeNode)
    turnToXray()  # the view has another size now
    viewNode = layoutManager.threeDWidget(0).threeDView().mrmlViewNode()
    cameraNode = slicer.modules.cameras.logic().GetViewActiveCameraNode(viewNode)
    if cameraNode is None:  # the view has not been drawn yet, and looks for itself then
        return
    position, middle, up = cameraPose(volumeNode, modelNode)
    with slicer.util.NodeModify(cameraNode):
        cameraNode.SetFocalPoint(middle)
        cameraNode.SetPosition(position)
        cameraNode.SetViewUp(up)
    cameraNode.ResetClippingRange()


def cameraPose(volumeNode, modelNode):
    """Return where a camera stands that sees a surface as an X-ray's source does, all of it.

    :return: position, point that it looks at, and direction upwards, each (3,) in the world's RAS
    """
    bounds = np.zeros(6)
    modelNode.GetRASBounds(bounds)
    low, high = bounds.reshape(3, 2).T
    _columns, up, towards = axesOf(volumeNode)
    distance = np.linalg.norm(high - low) / 2 / np.sin(np.radians(_VIEW_ANGLE_DEG / 2))
    middle = (low + high) / 2
    return middle + distance * towards, middle, up


def axesOf(volumeNode):
    """Return the directions of an X-ray's columns, of its upper edge and of its source in the world, unit vectors (3,).

    They are normal to each other, also under a transform that shears.
    """
    parent, local = parentToWorld(volumeNode)[:3, :3], ijkToRAS(volumeNode)[:3, :3]
    columns, rows = (parent @ local)[:, :2].T
    columns = columns / np.linalg.norm(columns)
    up = -(rows - (rows @ columns) * columns)
    # In the volume's own frame the source stands at -(i x j), which a transform that mirrors turns round.
    normal = np.cross(columns, up)
    towards = normal * np.sign(normal @ parent @ -np.cross(local[:, 0], local[:, 1]))
    return columns, up / np.linalg.norm(up), towards / np.linalg.norm(towards)


def _slice(volumeNode) -> np.ndarray:
    """The (4, 4) matrix from a slice view that shows an X-ray straight on to the world."""
    sliceToRAS = np.eye(4)
    sliceToRAS[:3, :3] = np.column_stack(axesOf(volumeNode))
    middle = (np.array(volumeNode.GetImageData().GetDimensions()) - 1) / 2
    sliceToRAS[:3, 3] = (parentToWorld(volumeNode) @ ijkToRAS(volumeNode) @ [*middle, 1])[:3]
    return sliceToRAS


def _sliceLogic():
    layoutManager = slicer.app.layoutManager()
    sliceWidget = layoutManager and layoutManager.sliceWidget(_SLICE_VIEW)
    return sliceWidget.sliceLogic() if sliceWidget else None


def showXrayInSpace(visible) -> None:
    """Show the X-ray in the 3D view, or hide it there."""
    sliceLogic = _sliceLogic()
    if sliceLogic is not None:
        sliceLogic.GetSliceNode().SetSliceVisible(visible)
