"""Between MRML nodes and the engine: radiographs from volumes, and surfaces, pictures and masks back into the scene."""

import logging
from dataclasses import replace

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

BONE_COLOR = (0.95, 0.84, 0.57)
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])  # its own inverse
PIXEL_SIZE_SOURCE = "XRayTo3D.PixelSizeSource"  # attribute of a volume whose pixel size the user set
CALIBRATED = "calibration"


def firstRadiograph():
    """Return the scene's first volume that could be an X-ray, a single image in view; None if there is none."""
    for className in ("vtkMRMLScalarVolumeNode", "vtkMRMLVectorVolumeNode"):
        for node in slicer.util.getNodesByClass(className):
            isItself = node.GetClassName() == className and not node.GetHideFromEditors()
            # What this module made of a radiograph is none.
            if isItself and isSingleImage(node) and not node.GetAttribute("XRayTo3D.Settings"):
                return node
    return None


def isSingleImage(volumeNode) -> bool:
    """Tell whether a volume has one slice."""
    image = volumeNode.GetImageData()
    return bool(image and image.GetDimensions()[2] == 1)


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


def fileOf(volumeNode):
    """Return the file that a volume was loaded from, by itself or through the DICOM database; None if there is none."""
    identifiers = volumeNode.GetAttribute("DICOM.instanceUIDs")
    database = getattr(slicer, "dicomDatabase", None)
    if identifiers and database:
        path = database.fileForInstance(identifiers.split()[0])
        if path:
            return path
    storageNode = volumeNode.GetStorageNode()
    return (storageNode and storageNode.GetFullNameFromFileName()) or None


def headerOf(volumeNode, sid=None, sod=None):
    """Return what is known of an X-ray's sizes, view and side, as the engine's Header.

    A DICOM file's numbers count as long as the volume has the pixel size that they tell.

    :param sid: distance from the source to the detector in mm; outranks the file's
    :param sod: distance from the source to the bone in mm; outranks the file's
    """
    from XRayTo3DLib.radiograph import Header, read_header
    from XRayTo3DLib.radiograph.geometry import SAME_SIZE, projection_geometry

    spacing = tuple(volumeNode.GetSpacing()[:2])
    source = volumeNode.GetAttribute(PIXEL_SIZE_SOURCE)
    calibrated = bool(source) and source.startswith(CALIBRATED)
    if calibrated:  # the size at the bone was measured
        sid = sod = None
    path = fileOf(volumeNode)
    header = read_header(path, sid, sod) if path else None
    if header and not source:
        told = header.geometry
        atBone = tuple(size / told.magnification for size in told.pixel_size_mm)
        for size, magnification in ((told.pixel_size_mm, told.magnification), (atBone, 1.0)):
            if np.allclose(spacing, size, rtol=SAME_SIZE):
                return header._replace(geometry=told._replace(pixel_size_mm=spacing, magnification=magnification))
    if not source:  # picture files come without a pixel size, and Slicer then takes 1 mm
        source = "unknown" if spacing == (1.0, 1.0) else "volume spacing"
    geometry = projection_geometry({}, None if source == "unknown" else spacing, sid, sod)
    geometry = geometry._replace(pixel_size_source=source)
    return Header(geometry, header and header.view, header and header.side)


def radiographFromVolume(volumeNode, bone="auto", view=None, sid=None, sod=None):
    """Return the engine's Radiograph of a volume node, with grey values as Slicer shows them."""
    from XRayTo3DLib import radiograph_from_array

    image = imageOf(volumeNode)
    displayNode = volumeNode.GetDisplayNode()
    isScalarDisplay = isinstance(displayNode, slicer.vtkMRMLScalarVolumeDisplayNode)
    if image.ndim == 2 and image.size and isScalarDisplay and displayNode.GetInvertDisplayScalarRange():
        image = np.subtract(image.max(), image, dtype=float)
    header = headerOf(volumeNode, sid, sod)
    known = header.geometry
    radiograph = radiograph_from_array(
        image,
        pixel_size_mm=known.pixel_size_mm,
        pixel_size_source=known.pixel_size_source,
        bone=bone,
        name=volumeNode.GetName() or _("the volume"),
    )
    return replace(
        radiograph,
        magnification=known.magnification,
        sid_mm=known.sid_mm,
        sod_mm=known.sod_mm,
        view=view or header.view,
        side=header.side,
        path=fileOf(volumeNode),
        warnings=tuple(dict.fromkeys((*radiograph.warnings, *known.warnings))),
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


def rescale(volumeNode, factor, source, markNodes=()) -> None:
    """Make an X-ray's pixels so many times larger, and move what was marked on it along.

    :param factor: new pixel size divided by the present one
    :param source: where the pixel size comes from, in words; kept with the volume
    :param markNodes: markups and segmentations that lie on the X-ray
    """
    before = ijkToRAS(volumeNode)
    spacing = volumeNode.GetSpacing()
    with slicer.util.NodeModify(volumeNode):
        volumeNode.SetSpacing(spacing[0] * factor, spacing[1] * factor, spacing[2])
        volumeNode.SetAttribute(PIXEL_SIZE_SOURCE, source)
    parent = parentToWorld(volumeNode)
    moved = parent @ ijkToRAS(volumeNode) @ np.linalg.inv(parent @ before)
    for node in filter(None, markNodes):
        own = parentToWorld(node)
        node.ApplyTransformMatrix(slicer.util.vtkMatrixFromArray(np.linalg.inv(own) @ moved @ own))


def bodyOf(node):
    """Return what the engine's simulator takes for a model node, or for a CT volume node."""
    from XRayTo3DLib.errors import SimulationError
    from XRayTo3DLib.simulate.bone import Bone, checked_mesh
    from XRayTo3DLib.simulate.volume import Volume
    from XRayTo3DLib.surface import arrays

    if isinstance(node, slicer.vtkMRMLModelNode):
        if not hasSurface(node):
            raise SimulationError(_("{name} holds no surface.").format(name=node.GetName()))
        triangles = vtk.vtkTriangleFilter()
        triangles.SetInputData(node.GetPolyData())
        triangles.Update()
        points, faces = arrays(triangles.GetOutput())
        mesh, warnings = checked_mesh(points @ RAS_TO_LPS[:3, :3], faces, node.GetName())
        for warning in warnings:
            logging.warning(warning)
        return [Bone(mesh)]
    if not isinstance(node, slicer.vtkMRMLScalarVolumeNode) or node.GetImageData() is None:
        raise SimulationError(_("Choose a CT volume or a model of a bone."))
    return Volume(slicer.util.arrayFromVolume(node), RAS_TO_LPS @ ijkToRAS(node))


def placeSurface(polydata, volumeNode, modelNode=None):
    """Show a surface of the engine's frame on its X-ray's plane; return the model node, a new one if None."""
    from XRayTo3DLib.frames import engine_to_ras, transform

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
