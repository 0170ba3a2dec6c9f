"""The X-ray beside the 3D view."""

import slicer

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
    """Show an X-ray in the slice views, straight on."""
    slicer.util.setSliceViewerLayers(background=volumeNode, fit=True, rotateToVolumePlane=True)


def showBesideXray(volumeNode) -> None:
    """Show an X-ray beside the 3D view, and centre the camera."""
    layoutManager = slicer.app.layoutManager()
    if layoutManager is None:  # without a main window
        return
    layoutNode = layoutManager.layoutLogic().GetLayoutNode()
    if not layoutNode.IsLayoutDescription(_LAYOUT):
        layoutNode.AddLayoutDescription(_LAYOUT, _DESCRIPTION)
    layoutManager.setLayout(_LAYOUT)
    showXray(volumeNode)
    slicer.util.resetThreeDViews()


def showXrayInSpace(visible) -> None:
    """Show the X-ray in the 3D view, or hide it there."""
    layoutManager = slicer.app.layoutManager()
    if layoutManager is not None:
        layoutManager.sliceWidget("Red").mrmlSliceNode().SetSliceVisible(visible)
