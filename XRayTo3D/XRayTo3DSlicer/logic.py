"""What the module can do, on MRML nodes and without a panel."""

import json
import logging
import os
import tempfile

import numpy as np
import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from .axes import placeAxes
from .bones import placeMeasures, placeOthers
from .fragments import placeFragments
from .further import MARKS
from .marks import fractureOf, landmarksOf, lengthOnXray, maskOf, regionSettings, seedsOf
from .nodes import (
    RAS_TO_LPS,
    addNode,
    bodyOf,
    hasSurface,
    placeBeside,
    placeImage,
    placeMask,
    placeSurface,
    radiographFromVolume,
    rescale,
    takeScale,
    trianglesOf,
)
from .outlines import showOutlines
from .parameters import XRayTo3DParameterNode
from .scale import CALIBRATED, takeOver
from .wanted import keepSeen


def inputs(
    volumeNode,
    roiNode=None,
    maskNode=None,
    bone="auto",
    includeNode=None,
    excludeNode=None,
    view=None,
    sid=None,
    sod=None,
    landmarksNode=None,
    otherSideNode=None,
    fractureNode=None,
    **settings,
):
    """Return the engine's Radiograph and Settings that nodes and settings stand for.

    :param volumeNode: the X-ray, a volume of a single image
    :param roiNode: region round the bone: a markups box, closed curve or plane
    :param maskNode: the bone itself, a segmentation or a label map, in the place of finding it
    :param bone: "bright" or "dark", as bone is shown; "auto" looks
    :param includeNode: point list on the bone
    :param excludeNode: point list beside the bone
    :param view: "AP", "PA", "mediolateral", "lateromedial" or "lateral"; None: as the image tells
    :param sid: distance from the source to the detector in mm; None: as the image tells
    :param sod: distance from the source to the bone in mm; None: as the image tells
    :param landmarksNode: point list on landmarks of the bone, which are its points' names
    :param otherSideNode: the same bone of the other leg, a closed model
    :param fractureNode: line along a fracture, from one edge of the bone to the other; box, closed curve or plane
        round it; or point list with a point on each of its two to four pieces
    :param settings: fields of XRayTo3DLib.Settings, such as method="solid" or clusters=5
    """
    from XRayTo3DLib import Settings

    takeOver(volumeNode)
    radiograph = radiographFromVolume(volumeNode, bone, view, sid, sod)
    marked = regionSettings(roiNode, volumeNode)
    seeds = seedsOf(includeNode, excludeNode, volumeNode)
    if seeds:
        marked["seeds"] = seeds
    if maskNode is not None:
        marked["mask"] = maskOf(maskNode, volumeNode)
    if landmarksNode is not None:
        marked["landmarks"] = landmarksOf(landmarksNode, volumeNode) or None
    if fractureNode is not None:
        marked |= fractureOf(fractureNode, volumeNode)
    if otherSideNode is not None:
        marked["other_side"] = trianglesOf(otherSideNode)
    return radiograph, Settings(**settings, **marked)


class XRayTo3DLogic(ScriptedLoadableModuleLogic):
    """What the module can do, on MRML nodes and without a panel.

    Nothing is put into the scene, and no output node is changed, before a result is complete. The engine's
    errors (RadiographError, ReconstructionError, SimulationError, all ValueErrors, and Cancelled) go to the caller.
    """

    def __init__(self) -> None:
        ScriptedLoadableModuleLogic.__init__(self)
        self._last = None  # the last reconstruction and its model, for a report

    def getParameterNode(self):
        """The scene's parameter node, with its parameters as attributes."""
        return XRayTo3DParameterNode(super().getParameterNode())

    def process(
        self,
        volumeNode,
        modelNode=None,
        roiNode=None,
        maskNode=None,
        bone="auto",
        progress=None,
        keepImages=False,
        lateralNode=None,
        furtherViews=(),
        cameras=(),
        markNodes=(),
        **choices,
    ):
        """Make a surface from an X-ray, standing on the X-ray's plane.

        Bones that were asked for beside the main one get models of their own, in one folder with it, and so do the
        fragments of a broken one, each under a transform from where it belongs to where it lies. What is measured comes
        as a table, and the axes that it is measured by as hidden markups.
        An X-ray of unknown scale, or with a calibrated camera, gets the pixel size with which its surface was made, and
        its marks move along.

        :param volumeNode: the X-ray, a volume of a single image
        :param modelNode: model that receives the surface; a new one if None
        :param progress: called with a fraction (0 to 1) and a text; a true answer stops the work
        :param keepImages: whether clusters, layers and depth are kept as volumes beside the X-ray
        :param lateralNode: a second view of the same bone, for a shape model; None if there is none
        :param furtherViews: further views of it, up to seven in all: of each a dict of arguments of `inputs`; what
            it does not tell of how it was taken is as in the first one
        :param cameras: files of calibrated cameras of all views, in their order
        :param markNodes: more that lies on the X-ray, and moves along with its pixels
        :param roiNode, maskNode, bone, choices: as in `inputs`
        :return: the model
        :raises RuntimeError: if an X-ray or the model was removed meanwhile
        """
        from XRayTo3DLib import Case, Settings, View, reconstruct
        from XRayTo3DLib.geometry.camera_files import read_cameras

        scene = slicer.mrmlScene
        radiograph, settings = inputs(volumeNode, roiNode, maskNode, bone, **choices)
        views = [View(radiograph, settings.marking)]
        further = [{"volumeNode": lateralNode}] * (lateralNode is not None) + [*furtherViews]
        shared = {"bone": bone, **{name: choices[name] for name in ("sid", "sod") if name in choices}}
        for each in further:
            picture, marked = inputs(**(shared | each))
            views.append(View(picture, marked.marking))
        volumeNodes = [volumeNode, *(each["volumeNode"] for each in further)]
        if cameras:
            found = read_cameras(cameras, [each.radiograph.pixels.shape for each in views])
            views = [View(each.radiograph, each.marking, camera) for each, camera in zip(views, found, strict=True)]
        case = Case(views, settings.side, settings.view_angle, settings.patient)
        reconstruction = reconstruct(case, Settings.of(settings.finding, settings.making), progress)
        for node in filter(None, (*volumeNodes, modelNode)):
            if slicer.mrmlScene is not scene or not scene.IsNodePresent(node):
                raise RuntimeError(
                    _(
                        "An X-ray or the model was removed, or the scene closed, while the surface was being made: "
                        "nothing was kept. Load the X-ray and try again."
                    )
                )
        first = choices | {"roiNode": roiNode, "maskNode": maskNode}
        takeScale(volumeNode, reconstruction.radiograph, [*map(first.get, MARKS.values()), *markNodes])
        for each, found in zip(further, reconstruction.seen[1:], strict=True):
            takeScale(each["volumeNode"], found.radiograph, map(each.get, MARKS.values()))
        if settings.bones == "all":
            keepSeen(volumeNode, dict.fromkeys(found.name for found in reconstruction.found if found.name))
        record = reconstruction.as_json()
        outlines = reconstruction.shape.outlines if reconstruction.shape else ()
        modelNode = placeSurface(reconstruction.surface.polydata, volumeNode, modelNode)
        for warning in record["warnings"]:
            logging.warning(f"{volumeNode.GetName()}: {warning}")
        modelNode.SetNodeReferenceID("XRayTo3D.Radiograph", volumeNode.GetID())
        _annotate(modelNode, record)
        modelNode.SetAttribute("XRayTo3D.Warnings", "\n".join(record["warnings"]))
        modelNode.SetAttribute("XRayTo3D.Result", json.dumps(record))
        showOutlines(outlines, volumeNodes, modelNode)
        placeMeasures(record, volumeNode, modelNode)
        others = placeOthers(reconstruction, volumeNodes, modelNode)
        fragments = placeFragments(reconstruction.bones[0], volumeNode, modelNode)
        for node in (*others, *fragments):
            node.SetNodeReferenceID("XRayTo3D.Radiograph", volumeNode.GetID())
            _annotate(node, record)
        placeAxes(reconstruction, volumeNode, [modelNode, *others])
        if keepImages:
            _placeImages(reconstruction, volumeNode, modelNode, record)
        self._last = reconstruction, modelNode
        return modelNode

    def segment(self, volumeNode, progress=None, **choices):
        """Find the bone in an X-ray; return the engine's Segmentation. Choices as in `inputs`."""
        from XRayTo3DLib import segment

        return segment(*inputs(volumeNode, **choices), progress)

    def findBone(self, volumeNode, segmentationNode=None, **choices):
        """Find the bone in an X-ray; return it as a segmentation, to be corrected. Choices as in `inputs`."""
        return placeMask(self.lookForBone(volumeNode, **choices).mask, volumeNode, segmentationNode)

    def lookForBone(self, volumeNode, **choices):
        """Find the bone in an X-ray, quickly; return the engine's Bone. Choices as in `inputs`."""
        from XRayTo3DLib import find_bone

        return find_bone(*inputs(volumeNode, **choices))

    def lookForBones(self, volumeNode, roiNode=None, bone="auto"):
        """Look which bones of the leg an X-ray shows, and keep it with the X-ray; return their names, the engine's."""
        from XRayTo3DLib.case import bones_seen

        names = bones_seen(*inputs(volumeNode, roiNode, bone=bone))
        keepSeen(volumeNode, names)
        return names

    def cluster(self, volumeNode, outputNode=None, clusters=4, roiNode=None, bone="auto"):
        """Divide an X-ray into clusters of gray; return a label map, 0 the darkest cluster."""
        from XRayTo3DLib import find_region, segmentation

        radiograph, settings = inputs(volumeNode, roiNode, bone=bone)
        labels = segmentation.cluster(radiograph.pixels, clusters, find_region(radiograph, settings)).labels
        return placeImage(labels, volumeNode, outputNode, "vtkMRMLLabelMapVolumeNode", _("{name} clusters"))

    def threshold(self, volumeNode, low, high=1.0, outputNode=None, roiNode=None, bone="auto", pieces="near"):
        """Find the bone by its gray range; return a label map, 1 on the bone.

        :param low, high: gray values, 0 the darkest and 1 the brightest of the X-ray, bone bright
        :param pieces: "main", "near" or "all" of the pieces that are found
        """
        from XRayTo3DLib import find_region, segmentation

        radiograph, settings = inputs(volumeNode, roiNode, bone=bone)
        mask = segmentation.bone_by_threshold(
            radiograph.pixels, (low, high), find_region(radiograph, settings), pieces
        ).mask
        name = _("{name} bone mask")
        return placeImage(mask.astype(np.uint8), volumeNode, outputNode, "vtkMRMLLabelMapVolumeNode", name)

    def estimateDepth(self, volumeNode, maskNode, outputNode=None, bone="auto", **choices):
        """Estimate how thick or high the bone under a mask is; return a volume in mm. Choices as in `inputs`."""
        from XRayTo3DLib import estimate_depth, find_layers, find_region

        radiograph, settings = inputs(volumeNode, None, maskNode, bone, **choices)
        mask = find_region(radiograph, settings)
        depth = estimate_depth(radiograph, mask, find_layers(radiograph, mask, settings), settings)
        mm = depth.on_picture(mask.shape)
        return placeImage(mm, volumeNode, outputNode, "vtkMRMLScalarVolumeNode", _("{name} depth (mm)"))

    def generateSurface(self, volumeNode, maskNode, modelNode=None, bone="auto", progress=None, **choices):
        """Make the surface of the bone under a mask; return the model. Choices as in `inputs`."""
        return self.process(volumeNode, modelNode, None, maskNode, bone, progress, **choices)

    def calibrate(self, volumeNode, lineNode, lengthMm, markNodes=()) -> float:
        """Set an X-ray's pixel size by a line over an object of known length, at the bone; return the size in mm.

        :param markNodes: markups and segmentations on the X-ray that move along with its pixels
        """
        from XRayTo3DLib.radiograph import length_deviation

        length = lengthOnXray(lineNode, volumeNode)
        source = _("{method}: {name} is {length:g} mm long").format(
            method=CALIBRATED, name=lineNode.GetName(), length=lengthMm
        )
        deviation = length_deviation(length / volumeNode.GetSpacing()[0])
        rescale(volumeNode, lengthMm / length, source, [lineNode, *markNodes], deviation)
        return volumeNode.GetSpacing()[0]

    def setPixelSize(self, volumeNode, sizeMm, markNodes=()) -> None:
        """Set an X-ray's pixel size at the detector, along its columns; the proportion of its sides is kept."""
        rescale(volumeNode, sizeMm / volumeNode.GetSpacing()[0], "given", markNodes)

    def simulate(self, bodyNode, view="ap", side="left", outputNode=None, seed=0, **setup):
        """Simulate a radiograph of a CT volume or of a closed model; return a volume that stands in the bone's middle.

        :param bodyNode: a volume in Hounsfield units, or a model of a bone, in the patient's RAS frame
        :param view: "ap", "pa", "lateral" or "oblique"
        :param seed: chooses the noise
        :param setup: fields of XRayTo3DLib.simulate.film.view.Setup, such as pixel_size_mm=0.4 or sid_mm=1150
        """
        from XRayTo3DLib.simulate.film.setup import Setup
        from XRayTo3DLib.simulate.film.view import simulate

        made = simulate(bodyOf(bodyNode), view, side, Setup(**setup), np.random.default_rng(seed))
        if outputNode is None:
            outputNode = addNode("vtkMRMLScalarVolumeNode", "{name} " + view, bodyNode)
        with slicer.util.NodeModify(outputNode):
            outputNode.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(RAS_TO_LPS @ made.camera.ijk_to_lps))
            outputNode.SetAndObserveTransformNodeID(bodyNode.GetTransformNodeID())
            slicer.util.updateVolumeFromArray(outputNode, made.pixels[None])
        outputNode.CreateDefaultDisplayNodes()
        placeBeside(outputNode, bodyNode)
        return outputNode

    def canReport(self, modelNode) -> bool:
        """Tell whether `writeReport` can tell of a model: it was made last, in this session."""
        return bool(self._last and modelNode is self._last[1])

    def writeReport(self, folder) -> str:
        """Write the report of the model that was made last; return the path of its page."""
        from XRayTo3DLib.report import write_report

        if self._last is None:
            raise ValueError(_("There is nothing to report: make a surface first."))
        return str(write_report(self._last[0], folder))

    def saveModel(self, modelNode, path):
        """Save a model as .stl, .ply, .obj, .vtk or .vtp, in LPS as Slicer does; the file is complete or absent."""
        if not hasSurface(modelNode):
            raise ValueError(_("There is no surface to save: make one first."))
        from XRayTo3DLib.helpers.files import check_writable

        path = check_writable(path)
        # A folder beside the file's place, since .obj comes with a second file that it names.
        with tempfile.TemporaryDirectory(prefix=".xrayto3d-", dir=path.parent) as draft:
            storageNode = slicer.vtkMRMLModelStorageNode()
            storageNode.SetFileName(os.path.join(draft, path.name))
            if not storageNode.WriteData(modelNode):
                raise OSError(_("The file {path} could not be written.").format(path=path))
            for name in os.listdir(draft):
                os.replace(os.path.join(draft, name), path.parent / name)


def _annotate(node, record) -> None:
    """Tell with a node how it was made."""
    node.SetAttribute("XRayTo3D.Settings", json.dumps(record["settings"]))
    node.SetAttribute("XRayTo3D.Version", record["version"])


def _placeImages(reconstruction, volumeNode, modelNode, record) -> None:
    """Put a reconstruction's stages beside the X-ray, in the place of those that the model had before."""
    layers, shape = reconstruction.layers, reconstruction.mask.shape
    clusters = reconstruction.segmentation.bone.clusters
    # By the role in which the model refers to each.
    images = {
        "base": (_("{name} base layer"), layers.base),
        "detail": (_("{name} detail layer"), layers.detail),
        "tone": (_("{name} tone-mapped"), layers.tone),
        "depth": (_("{name} depth (mm)"), reconstruction.depth and reconstruction.depth.on_picture(shape)),
        "clusters": (_("{name} clusters"), clusters and clusters.labels),
    }
    for role, (name, array) in images.items():
        className = "vtkMRMLLabelMapVolumeNode" if role == "clusters" else "vtkMRMLScalarVolumeNode"
        before = modelNode.GetNodeReference(f"XRayTo3D.{role}")
        if array is None:  # not made this time; what was made before is of another surface
            if before:
                slicer.mrmlScene.RemoveNode(before)
            continue
        node = placeImage(array, volumeNode, before, className, name)
        _annotate(node, record)
        modelNode.SetNodeReferenceID(f"XRayTo3D.{role}", node.GetID())
