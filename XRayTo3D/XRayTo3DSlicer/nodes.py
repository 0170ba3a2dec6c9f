"""Between MRML nodes and the engine: radiographs from volumes, and surfaces, pictures and masks back into the scene."""

import logging
from dataclasses import replace

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from .scale import CALIBRATED, CAMERA, ESTIMATED, UNKNOWN, deviationOf, fileOf, headerOf, isSingleImage, setPixelSize

BONE_COLOR = (0.95, 0.84, 0.57)
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])  # its own inverse


def firstRadiograph():
    """Return the scene's first volume that could be an X-ray, a single image in view; None if there is none."""
    for className in ("vtkMRMLScalarVolumeNode", "vtkMRMLVectorVolumeNode"):
        for node in slicer.util.getNodesByClass(className):
            isItself = node.GetClassName() == className and not node.GetHideFromEditors()
            if isItself and isSingleImage(node) and not isMadeHere(node):
                return node
    return None


def isMadeHere(node) -> bool:
    """Tell whether this module made a node of a radiograph, which is no radiograph then."""
    return bool(node.GetAttribute("XRayTo3D.Settings"))


def idsOfKeptImages() -> list:
    """Return the IDs of the volumes that this module made of radiographs: layers, depth, clusters."""
    return [node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLVolumeNode") if isMadeHere(node)]


def hasSurface(modelNode) -> bool:
    """Tell whether a model node holds a mesh."""
    return bool(modelNode and modelNode.GetPolyData() and modelNode.GetPolyData().GetNumberOfPolys())


def imageOf(volumeNode) -> np.ndarray:
    """Return the (rows, columns) or (rows, columns, components) values of a volume of one image."""
    from XRayTo3DLib import RadiographError

    if volumeNode is None:
        raise RadiographError(_("No X-ray is chosen: choose a volume."))
    image = volumeNode.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None:
        return np.empty((0, 0))
    array = slicer.util.arrayFromVolume(volumeNode)
    if len(array) > 1:
        raise RadiographError(
            _("{name} has {count} slices, an X-ray has one: choose a single image, not a CT or MR volume.").format(
                name=volumeNode.GetName(), count=len(array)
            )
        )
    return array[0]


def radiographFromVolume(volumeNode, bone="auto", view=None, sid=None, sod=None):
    """Return the engine's Radiograph of a volume node, with gray values as Slicer shows them."""
    from XRayTo3DLib import radiograph_from_array

    image = imageOf(volumeNode)
    displayNode = volumeNode.GetDisplayNode()
    isScalarDisplay = isinstance(displayNode, slicer.vtkMRMLScalarVolumeDisplayNode)
    if image.ndim == 2 and image.size and isScalarDisplay and displayNode.GetInvertDisplayScalarRange():
        image = np.subtract(image.max(), image, dtype=float)
    header = headerOf(volumeNode, sid, sod)
    radiograph = radiograph_from_array(
        image, geometry=header.geometry, bone=bone, name=volumeNode.GetName() or _("the volume")
    )
    return replace(
        radiograph,
        pixel_size_deviation=None if radiograph.pixel_size_source == UNKNOWN else deviationOf(volumeNode),
        view=view or header.view,
        side=header.side,
        path=fileOf(volumeNode),
    )


def ijkToRAS(volumeNode) -> np.ndarray:
    """Return the (4, 4) matrix from a volume's voxels to its own RAS frame, parent transforms left out."""
    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def parentToWorld(node) -> np.ndarray:
    """Return the (4, 4) matrix from a node's own RAS frame to the world's, by its parent transforms."""
    matrix = vtk.vtkMatrix4x4()
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(node.GetParentTransformNode(), None, matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def rescale(volumeNode, factor, source, markNodes=(), deviation=None) -> None:
    """Make an X-ray's pixels so many times larger, and move what was marked on it along.

    :param factor: new pixel size divided by the present one, along columns and rows if they differ
    :param source: where the pixel size comes from, in words; kept with the volume
    :param markNodes: markups and segmentations that lie on the X-ray
    :param deviation: relative standard deviation of the new pixel size, None where it is not known
    """
    before = ijkToRAS(volumeNode)
    setPixelSize(volumeNode, np.multiply(volumeNode.GetSpacing()[:2], factor).tolist(), source, deviation)
    parent = parentToWorld(volumeNode)
    moved = parent @ ijkToRAS(volumeNode) @ np.linalg.inv(parent @ before)
    for node in filter(None, dict.fromkeys(markNodes)):
        own = parentToWorld(node)
        node.ApplyTransformMatrix(slicer.util.vtkMatrixFromArray(np.linalg.inv(own) @ moved @ own))


def takeScale(volumeNode, radiograph, markNodes=()) -> None:
    """Give an X-ray the pixel size with which a surface was made of it, so that both fit together.

    Of one whose scale was known it is the X-ray's own, unless its camera was calibrated.

    :param radiograph: the engine's Radiograph of it, as the reconstruction holds it
    :param markNodes: markups and segmentations that lie on the X-ray
    """
    factor = radiograph.pixel_size_mm[0] / volumeNode.GetSpacing()[0]
    if radiograph.pixel_size_source == CAMERA:
        both = np.divide(radiograph.pixel_size_mm, volumeNode.GetSpacing()[:2])
        source = _("{method} of the camera").format(method=CALIBRATED)
        rescale(volumeNode, both, source, markNodes, radiograph.pixel_size_deviation)
    elif radiograph.pixel_size_source in (ESTIMATED, UNKNOWN) and abs(factor - 1) > 1e-9:
        rescale(volumeNode, factor, radiograph.pixel_size_source, markNodes, radiograph.pixel_size_deviation)


def trianglesOf(modelNode):
    """Return a model's points, (n, 3) in LPS, and triangles, (m, 3), as they stand in the model's own frame."""
    from XRayTo3DLib.surface import arrays

    triangles = vtk.vtkTriangleFilter()
    triangles.SetInputData(modelNode.GetPolyData())
    triangles.Update()
    points, faces = arrays(triangles.GetOutput())
    return points @ RAS_TO_LPS[:3, :3], faces


def bodyOf(node):
    """Return what the engine's simulator takes for a model node, or for a CT volume node."""
    from XRayTo3DLib.errors import SimulationError
    from XRayTo3DLib.simulate.bones.bone import Bone, checked_mesh
    from XRayTo3DLib.simulate.bones.volume import Volume

    if isinstance(node, slicer.vtkMRMLModelNode):
        if not hasSurface(node):
            raise SimulationError(_("{name} holds no surface.").format(name=node.GetName()))
        mesh, warnings = checked_mesh(*trianglesOf(node), node.GetName())
        for warning in warnings:
            logging.warning(warning)
        return [Bone(mesh)]
    if not isinstance(node, slicer.vtkMRMLScalarVolumeNode) or node.GetImageData() is None:
        raise SimulationError(_("Choose a CT volume or a model of a bone."))
    return Volume(slicer.util.arrayFromVolume(node), RAS_TO_LPS @ ijkToRAS(node))


def placeSurface(polydata, volumeNode, modelNode=None):
    """Show a surface of the engine's frame on its X-ray's plane; return the model node, a new one if None."""
    from XRayTo3DLib.geometry.frames import engine_to_ras, transform

    polydata = transform(polydata, engine_to_ras(ijkToRAS(volumeNode)))
    if modelNode is None:
        modelNode = addNode("vtkMRMLModelNode", _("{name} bone"), volumeNode)
    with slicer.util.NodeModify(modelNode):
        modelNode.SetAndObservePolyData(polydata)
        modelNode.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
    if modelNode.GetDisplayNode() is None:
        modelNode.CreateDefaultDisplayNodes()
        displayNode = modelNode.GetDisplayNode()
        displayNode.SetColor(*BONE_COLOR)
        displayNode.SetVisibility(True)
        displayNode.SetScalarVisibility(False)  # bone first; what was seen can be shown on demand
    if modelNode.GetStorageNode() is None:
        modelNode.AddDefaultStorageNode()
    placeBeside(modelNode, volumeNode)
    return modelNode


def placeImage(array, volumeNode, outputNode, className, name):
    """Put a (rows, columns) array on its X-ray's plane as a volume; return the node, a new one if None."""
    if outputNode is None:
        outputNode = addNode(className, name, volumeNode)
    with slicer.util.NodeModify(outputNode):
        outputNode.CopyOrientation(volumeNode)
        outputNode.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
        slicer.util.updateVolumeFromArray(outputNode, array[None])
    outputNode.CreateDefaultDisplayNodes()
    if className == "vtkMRMLScalarVolumeNode":
        outputNode.GetDisplayNode().AutoWindowLevelOff()
        outputNode.GetDisplayNode().SetWindowLevelMinMax(float(array.min()), float(array.max()))
    placeBeside(outputNode, volumeNode)
    return outputNode


def placeMask(mask, volumeNode, segmentationNode=None):
    """Put a (rows, columns) mask on its X-ray as the only segment of a segmentation; return it, a new one if None."""
    if segmentationNode is None:
        segmentationNode = addNode("vtkMRMLSegmentationNode", _("{name} mask"), volumeNode)
        segmentationNode.CreateDefaultDisplayNodes()
        segmentationNode.GetDisplayNode().SetVisibility2DFill(False)  # the X-ray is to be seen under it
    segmentationNode.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
    segmentationNode.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
    segmentation = segmentationNode.GetSegmentation()
    if segmentation.GetNumberOfSegments() == 0:
        segmentation.AddEmptySegment("bone", _("Bone"), BONE_COLOR)
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        mask[None].astype(np.uint8), segmentationNode, segmentation.GetNthSegmentID(0), volumeNode
    )
    placeBeside(segmentationNode, volumeNode)
    return segmentationNode


def addNode(className, name, volumeNode):
    """Add a node named after an X-ray."""
    name = slicer.mrmlScene.GenerateUniqueName(name.format(name=volumeNode.GetName()))
    return slicer.mrmlScene.AddNewNodeByClass(className, name)


def placeBeside(node, volumeNode) -> None:
    """Put a node into its X-ray's folder, study or patient of the subject hierarchy."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    volumeItem, item = (hierarchy.GetItemByDataNode(each) for each in (volumeNode, node))
    if volumeItem and item:
        hierarchy.SetItemParent(item, hierarchy.GetItemParent(volumeItem))
