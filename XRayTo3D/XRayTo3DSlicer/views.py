"""What the views show: each X-ray straight on, and beside them the surface as the first one's source saw the bone."""

import numpy as np
import slicer

from .nodes import ijkToRAS, parentToWorld

# Slice views that show X-rays, with their colors; Slicer's others stay as they are. Without further views it is one.
_SLICE_VIEWS = {"Red": "#F34A33", "XRay2": "#4A50C8", "XRay3": "#E17012", "XRay4": "#8C6BB1"}
_VIEW_ANGLE_DEG = 30.0  # of Slicer's 3D views
_LAYOUT = 5103  # with one X-ray, and from there on with more: numbers of our own, beyond those of Slicer's layouts
_IN_A_ROW = 2


def showXray(volumeNode) -> None:
    """Show an X-ray in a slice view, straight on, its first row at the top; if it is shown so, nothing moves."""
    sliceLogics = _sliceLogics()
    if not sliceLogics or volumeNode is None:
        return
    sliceLogic = next((each for each in sliceLogics if _shownIn(each) is volumeNode), None)
    if sliceLogic is None:
        sliceLogic = sliceLogics[0]
        sliceLogic.GetSliceCompositeNode().SetBackgroundVolumeID(volumeNode.GetID())
    else:
        now = slicer.util.arrayFromVTKMatrix(sliceLogic.GetSliceNode().GetSliceToRAS())[:3, :2]
        if np.allclose(now / np.linalg.norm(now, axis=0), _slice(volumeNode)[:3, :2]):
            return
    _turn(sliceLogic)


def turnToXrays() -> None:
    """Turn the slice views to the X-rays that they show, and fit them."""
    for sliceLogic in _sliceLogics():
        _turn(sliceLogic)


def shownXray():
    """Return the volume that the first slice view shows; None if there is none, or no window."""
    shown = shownXrays()
    return shown[0] if shown else None


def shownXrays() -> list:
    """Return the volumes that the slice views show, None where there is none; nothing without a window."""
    return [_shownIn(sliceLogic) for sliceLogic in _sliceLogics()]


def shownNodes() -> list:
    """Return the nodes that tell which volumes the slice views show; nothing without a window."""
    return [sliceLogic.GetSliceCompositeNode() for sliceLogic in _sliceLogics()]


def showOver(displayNode, volumeNode) -> bool:
    """Keep a node in the slice views that show its X-ray, and tell whether one does: X-rays often lie in one plane."""
    sliceLogics = _sliceLogics()
    over = [each.GetSliceNode() for each in sliceLogics if volumeNode and _shownIn(each) is volumeNode]
    with slicer.util.NodeModify(displayNode):
        displayNode.RemoveAllViewNodeIDs()
        if len(sliceLogics) > 1:
            for viewNode in (*over, *slicer.util.getNodesByClass("vtkMRMLViewNode")):
                displayNode.AddViewNodeID(viewNode.GetID())
    return bool(over)


def showsOtherThan(count) -> bool:
    """Tell whether X-rays are shown beside the 3D view, but more or fewer of them."""
    return _shownBeside() not in (0, count)


def showBeside(volumeNodes) -> None:
    """Show X-rays beside each other, and beside the 3D view."""
    layoutManager = slicer.app.layoutManager()
    if layoutManager is None:  # without a main window
        return
    layoutNode = layoutManager.layoutLogic().GetLayoutNode()
    number = _LAYOUT + len(volumeNodes) - 1
    if not layoutNode.IsLayoutDescription(number):
        layoutNode.AddLayoutDescription(number, _description(len(volumeNodes)))
    layoutManager.setLayout(number)
    for sliceLogic, volumeNode in zip(_sliceLogics(), volumeNodes, strict=False):
        sliceLogic.GetSliceCompositeNode().SetBackgroundVolumeID(volumeNode.GetID())
        _turn(sliceLogic)  # the views have another size now


def lookAsSource(volumeNode, modelNode) -> None:
    """Show a surface in the 3D view as an X-ray's source saw the bone: along the X-ray's normal."""
    layoutManager = slicer.app.layoutManager()
    if layoutManager is None:
        return
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


def _description(count) -> str:
    """Slicer's description of a layout: slice views for so many X-rays, two in a row, and the 3D view beside them."""
    views = [
        f'''<item><view class="vtkMRMLSliceNode" singletontag="{name}">
         <property name="orientation" action="default">Axial</property>
         <property name="viewlabel" action="default">{"R" if number == 1 else number}</property>
         <property name="viewcolor" action="default">{color}</property>
        </view></item>'''
        for number, (name, color) in enumerate(list(_SLICE_VIEWS.items())[:count], 1)
    ]
    rows = ["".join(views[begin : begin + _IN_A_ROW]) for begin in range(0, count, _IN_A_ROW)]
    xrays = "".join(f'<item><layout type="horizontal" split="true">{row}</layout></item>' for row in rows)
    return f"""<layout type="horizontal" split="true">
     <item><layout type="vertical" split="true">{xrays}</layout></item>
     <item><view class="vtkMRMLViewNode" singletontag="1">
      <property name="viewlabel" action="default">1</property>
     </view></item>
    </layout>"""


def _shownBeside() -> int:
    """How many X-rays are shown beside the 3D view; 0 in other layouts."""
    layoutManager = slicer.app.layoutManager()
    arrangement = layoutManager.layoutLogic().GetLayoutNode().GetViewArrangement() if layoutManager else 0
    return arrangement - _LAYOUT + 1 if 0 <= arrangement - _LAYOUT < len(_SLICE_VIEWS) else 0


def _sliceLogics() -> list:
    """Logics of the slice views that show X-rays, the first one's first; none without a window."""
    layoutManager = slicer.app.layoutManager()
    names = list(_SLICE_VIEWS)[: max(_shownBeside(), 1)]
    widgets = [layoutManager.sliceWidget(name) for name in names] if layoutManager else []
    return [each.sliceLogic() for each in widgets if each]


def _shownIn(sliceLogic):
    """The volume that a slice view shows, None if there is none."""
    return slicer.mrmlScene.GetNodeByID(sliceLogic.GetSliceCompositeNode().GetBackgroundVolumeID() or "")


def _turn(sliceLogic) -> None:
    """Turn a slice view to the X-ray that it shows, and fit it."""
    volumeNode = _shownIn(sliceLogic)
    if volumeNode is None:
        return
    sliceNode = sliceLogic.GetSliceNode()
    sliceNode.GetSliceToRAS().DeepCopy(slicer.util.vtkMatrixFromArray(_slice(volumeNode)))
    sliceNode.UpdateMatrices()
    sliceLogic.FitSliceToBackground()


def showXrayInSpace(visible) -> None:
    """Show the first X-ray in the 3D view, or hide it there."""
    for sliceLogic in _sliceLogics()[:1]:
        sliceLogic.GetSliceNode().SetSliceVisible(visible)
