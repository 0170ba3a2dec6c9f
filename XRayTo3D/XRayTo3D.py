"""3D Slicer module XRayTo3D: surfaces of bones from X-ray images.

The computing is done by XRayTo3DLib, which knows nothing of Slicer. This file shows it in Slicer: it reads
volumes and regions from the scene, puts surfaces and maps back into it, and holds the module's panel.
"""

import importlib
import json
import logging
import os
import pathlib
import sys
import tempfile
from enum import Enum
from typing import Annotated

import numpy as np
import qt
import slicer
import vtk
from slicer import (
    vtkMRMLMarkupsROINode,
    vtkMRMLModelNode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLVectorVolumeNode,
)
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

BONE_COLOR = (0.95, 0.84, 0.57)
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])  # its own inverse


class XRayTo3D(ScriptedLoadableModule):
    """What Slicer's module list knows of this module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("X-ray to 3D")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Tomographic Reconstruction")]
        self.parent.dependencies = []
        self.parent.contributors = ["The XRayTo3D developers"]
        self.parent.helpText = _(
            "Makes a 3D surface of a bone, in millimetres, from an X-ray image. A single X-ray does not show how"
            " thick a bone is: the depth of the surface is an estimate."
            ' See the <a href="https://github.com/XRayTo3D/SlicerXRayTo3D">documentation</a>.'
        )
        self.parent.acknowledgementText = ""
        slicer.app.connect("startupCompleted()", registerSampleData)


SAMPLES_URL = "https://github.com/XRayTo3D/SlicerXRayTo3D/raw/main/Resources/Samples/"
SAMPLES = {
    "Femur": {
        "femur_ap.dcm": "8de5cfb6f6a6ee134afa2ffa337c7f54b97c83fd1022723fb7a44f8dd9642709",
        "femur_lateral.dcm": "7dd0f45ef0dd6e9d7ea54e38806c87fcb0de0f4ed76fb39dd27fb71fc31648fb",
    },
    "FracturedFemur": {
        "femur_fractured_ap.dcm": "e406f9e4cbb1eaea4bde312cc345007b49c9e5df0910e07995b3c68f9cb3e2ae",
        "femur_fractured_lateral.dcm": "5a02adb9aa4366b38d498e077967c2466b8c4667bf6c7267725b7709be64ff1e",
    },
}


def registerSampleData() -> None:
    """Offer the simulated radiographs in the module Sample Data, from this repository's copy where there is one."""
    import SampleData

    here = os.path.dirname(os.path.abspath(__file__))
    copies = os.path.join(os.path.dirname(here), "Resources", "Samples")
    for sampleName, files in SAMPLES.items():
        SampleData.SampleDataLogic.registerCustomSampleDataSource(
            category="XRayTo3D",
            sampleName=sampleName,
            thumbnailFileName=os.path.join(here, "Resources", "Icons", f"{sampleName}.png"),
            uris=[
                pathlib.Path(copy).as_uri()
                if os.path.exists(copy := os.path.join(copies, name))
                else SAMPLES_URL + name
                for name in files
            ],
            fileNames=[f"XRayTo3D_{name}" for name in files],
            nodeNames=[os.path.splitext(name)[0] for name in files],
            loadFileTypes="VolumeFile",
            checksums=[f"SHA256:{digest}" for digest in files.values()],
        )


class Method(Enum):
    """How the surface is made; the values are the engine's names."""

    AUTO = "auto"
    RELIEF = "relief"
    SOLID = "solid"

    def label(self) -> str:
        """Text in the panel."""
        return {Method.AUTO: _("Automatic"), Method.RELIEF: _("Relief"), Method.SOLID: _("Solid")}[self]


@parameterNodeWrapper
class XRayTo3DParameterNode:
    """Choices in the panel; they are saved with the scene.

    inputVolume - the X-ray: a volume of one image, grey or colour
    region - where the bone is; None means the whole image
    method - how the surface is made
    clusters - number of grey clusters
    triangles - largest number of triangles of the surface
    outputModel - model that receives the surface; None makes a new one
    """

    # The selector takes its node types from here; None is needed in a union of nodes.
    inputVolume: vtkMRMLScalarVolumeNode | vtkMRMLVectorVolumeNode | None
    region: vtkMRMLMarkupsROINode
    method: Method = Method.AUTO
    clusters: Annotated[int, WithinRange(2, 32)] = 2
    triangles: Annotated[int, WithinRange(1000, 5000000)] = 200000
    outputModel: vtkMRMLModelNode


class XRayTo3DWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The module's panel."""

    def __init__(self, parent=None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self._parameterNode = None
        self._parameterNodeGuiTag = None

    def setup(self) -> None:
        """Build the panel, when it is opened for the first time or reloaded."""
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/XRayTo3D.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = XRayTo3DLogic()

        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.ui.applyButton.clicked.connect(self.onApplyButton)
        self.ui.saveButton.clicked.connect(self.onSaveButton)
        self.initializeParameterNode()

    def cleanup(self) -> None:
        """Let go of the scene before the panel is destroyed or reloaded."""
        self.setParameterNode(None)
        self.removeObservers()

    def enter(self) -> None:
        """Follow the parameter node again: the user comes back to this module."""
        self.initializeParameterNode()

    def exit(self) -> None:
        """Leave the parameter node alone while another module is shown."""
        self.setParameterNode(None)

    def onReload(self) -> None:
        """Reload the engine together with the module."""
        for name in [name for name in sys.modules if name.split(".")[0] == "XRayTo3DLib"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        ScriptedLoadableModuleWidget.onReload(self)

    def onSceneStartClose(self, caller, event) -> None:
        """Let go of the parameter node that is about to be removed."""
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event) -> None:
        """Start anew if the panel is in view."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self) -> None:
        """Follow the scene's parameter node, and choose an X-ray if none is chosen."""
        self.setParameterNode(self.logic.getParameterNode())
        if not self._parameterNode.inputVolume:
            self._parameterNode.inputVolume = firstRadiograph()

    def setParameterNode(self, parameterNode) -> None:
        """Connect the panel to a parameter node, or to none."""
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._parameterNodeGuiTag)
            self.removeObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.updateButtons)
        self._parameterNode = parameterNode
        if self._parameterNode:
            self._parameterNodeGuiTag = self._parameterNode.connectGui(self.ui)
            self.addObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.updateButtons)
            self.updateButtons()

    def updateButtons(self, caller=None, event=None) -> None:
        """Enable what can be done with the nodes that are chosen."""
        parameters = self._parameterNode
        canApply = bool(parameters and parameters.inputVolume)
        self.ui.applyButton.enabled = canApply
        self.ui.applyButton.toolTip = _("Make the surface.") if canApply else _("Choose an X-ray image first.")
        self.ui.saveButton.enabled = bool(parameters and hasSurface(parameters.outputModel))

    def onApplyButton(self) -> None:
        """Make the surface."""
        self.ui.applyButton.enabled = False  # the progress dialog lets events through
        try:
            with slicer.util.tryWithErrorDisplay(_("No surface could be made of this X-ray.")):
                ensurePackages()
                self.apply()
        finally:
            self.updateButtons()

    def apply(self) -> None:
        """Run the logic on the chosen nodes, with a progress dialog that can be cancelled."""
        from XRayTo3DLib import Cancelled

        parameters = self._parameterNode
        isFirst = not hasSurface(parameters.outputModel)
        dialog = slicer.util.createProgressDialog(
            windowTitle=_("X-ray to 3D"), labelText=_("Starting"), windowModality=qt.Qt.ApplicationModal
        )

        def progress(fraction, text):
            dialog.labelText = text
            dialog.value = int(100 * fraction)
            slicer.app.processEvents()
            return dialog.wasCanceled

        try:
            parameters.outputModel = self.logic.process(
                parameters.inputVolume,
                parameters.outputModel,
                roiNode=parameters.region,
                progress=progress,
                method=parameters.method.value,
                clusters=parameters.clusters,
                triangles=parameters.triangles,
            )
        except Cancelled:
            slicer.util.showStatusMessage(_("Stopped; nothing was changed."), 3000)
            return
        finally:
            dialog.close()
        if isFirst:
            slicer.util.resetThreeDViews()

    def onSaveButton(self) -> None:
        """Ask for a file name and save the surface."""
        modelNode = self._parameterNode.outputModel
        path = qt.QFileDialog.getSaveFileName(
            slicer.util.mainWindow(),
            _("Save the surface"),
            f"{modelNode.GetName()}.stl",
            "STL (*.stl);;PLY (*.ply);;OBJ (*.obj);;VTK (*.vtp)",
        )
        if path:
            with slicer.util.tryWithErrorDisplay(_("The surface could not be saved."), waitCursor=True):
                self.logic.saveModel(modelNode, path)


class XRayTo3DLogic(ScriptedLoadableModuleLogic):
    """What the module can do, on MRML nodes and without a panel.

    Nothing is put into the scene, and no output node is changed, before a result is complete. The engine's
    errors (RadiographError, ReconstructionError, SimulationError, all ValueErrors, and Cancelled) go to the caller.
    """

    def getParameterNode(self):
        """The scene's parameter node, with its parameters as attributes."""
        return XRayTo3DParameterNode(super().getParameterNode())

    def process(self, volumeNode, modelNode=None, roiNode=None, maskNode=None, bone="auto", progress=None, **settings):
        """Make a surface from an X-ray, standing on the X-ray's plane.

        :param volumeNode: the X-ray, a volume of a single image
        :param modelNode: model that receives the surface; a new one if None
        :param roiNode: region of interest round the bone
        :param maskNode: label map of the bone on the X-ray's own pixels, in the place of the segmentation
        :param bone: "bright" or "dark", as bone is shown; "auto" looks
        :param progress: called with a fraction (0 to 1) and a text; a true answer stops the work
        :param settings: fields of XRayTo3DLib.Settings, such as method="solid" or clusters=5
        :return: the model
        """
        from XRayTo3DLib import reconstruct

        reconstruction = reconstruct(*inputs(volumeNode, roiNode, maskNode, bone, **settings), progress)
        modelNode = placeSurface(reconstruction.surface.polydata, volumeNode, modelNode)
        record = reconstruction.as_json()
        for warning in record["warnings"]:
            logging.warning(f"{volumeNode.GetName()}: {warning}")
        modelNode.SetAttribute("XRayTo3D.Settings", json.dumps(record["settings"]))
        modelNode.SetAttribute("XRayTo3D.Version", record["version"])
        modelNode.SetAttribute("XRayTo3D.Warnings", "\n".join(record["warnings"]))
        return modelNode

    def cluster(self, volumeNode, outputNode=None, clusters=4, roiNode=None, bone="auto"):
        """Divide an X-ray into clusters of grey; return a label map, 0 the darkest cluster."""
        from XRayTo3DLib import find_region, segmentation

        radiograph, settings = inputs(volumeNode, roiNode, bone=bone)
        labels = segmentation.cluster(radiograph.pixels, clusters, find_region(radiograph, settings)).labels
        return placeImage(labels, volumeNode, outputNode, "vtkMRMLLabelMapVolumeNode", _("{name} clusters"))

    def threshold(self, volumeNode, low, high=1.0, outputNode=None, roiNode=None, bone="auto", pieces="near"):
        """Find the bone by its grey range; return a label map, 1 on the bone.

        :param low, high: grey values, 0 the darkest and 1 the brightest of the X-ray, bone bright
        :param pieces: "main", "near" or "all" of the pieces that are found
        """
        from XRayTo3DLib import find_region, segmentation

        radiograph, settings = inputs(volumeNode, roiNode, bone=bone)
        mask = segmentation.bone_by_threshold(
            radiograph.pixels, (low, high), find_region(radiograph, settings), pieces
        ).mask
        name = _("{name} bone mask")
        return placeImage(mask.astype(np.uint8), volumeNode, outputNode, "vtkMRMLLabelMapVolumeNode", name)

    def segment(self, volumeNode, outputNode=None, roiNode=None, bone="auto", **settings):
        """Find the bone; return a label map, 1 on the bone. Its attributes tell how, and whether it is a femur.

        Settings as in `process`; clicks are `seeds=XRayTo3DLib.Seeds(include, exclude)`, in columns and rows.
        """
        from XRayTo3DLib import segment

        found = segment(*inputs(volumeNode, roiNode, bone=bone, **settings))
        record = found.as_json()
        mask, name = found.bone.mask.astype(np.uint8), _("{name} bone mask")
        outputNode = placeImage(mask, volumeNode, outputNode, "vtkMRMLLabelMapVolumeNode", name)
        for warning in record["warnings"]:
            logging.warning(f"{volumeNode.GetName()}: {warning}")
        for key in ("bone", "femur"):
            outputNode.SetAttribute(f"XRayTo3D.{key.title()}", json.dumps(record[key]))
        return outputNode

    def estimateDepth(self, volumeNode, maskNode, outputNode=None, bone="auto", **settings):
        """Estimate how thick or high the bone under a label map is; return a volume in mm. Settings as in `process`."""
        from XRayTo3DLib import estimate_depth, find_layers, find_region

        radiograph, settings = inputs(volumeNode, None, maskNode, bone, **settings)
        mask = find_region(radiograph, settings)
        depth = estimate_depth(radiograph, mask, find_layers(radiograph, mask, settings), settings)
        mm = depth.on_picture(mask.shape)
        return placeImage(mm, volumeNode, outputNode, "vtkMRMLScalarVolumeNode", _("{name} depth (mm)"))

    def generateSurface(self, volumeNode, maskNode, modelNode=None, bone="auto", progress=None, **settings):
        """Make the surface of the bone under a label map; return the model. Settings as in `process`."""
        return self.process(volumeNode, modelNode, None, maskNode, bone, progress, **settings)

    def simulate(self, bodyNode, view="ap", side="left", outputNode=None, seed=0, **setup):
        """Simulate a radiograph of a CT volume or of a closed model; return a volume that stands in the bone's middle.

        :param bodyNode: a volume in Hounsfield units, or a model of a bone, in the patient's RAS frame
        :param view: "ap", "pa", "lateral" or "oblique"
        :param seed: chooses the noise
        :param setup: fields of XRayTo3DLib.simulate.view.Setup, such as pixel_size_mm=0.4 or sid_mm=1150
        """
        from XRayTo3DLib.simulate.view import Setup, simulate

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

    def saveModel(self, modelNode, path):
        """Save a model as .stl, .ply, .obj, .vtk or .vtp, in LPS as Slicer does; the file is complete or absent."""
        if not hasSurface(modelNode):
            raise ValueError(_("There is no surface to save: make one first."))
        from XRayTo3DLib.files import check_writable

        path = check_writable(path)
        # A folder beside the file's place, since .obj comes with a second file that it names.
        with tempfile.TemporaryDirectory(prefix=".xrayto3d-", dir=path.parent) as draft:
            storageNode = slicer.vtkMRMLModelStorageNode()
            storageNode.SetFileName(os.path.join(draft, path.name))
            if not storageNode.WriteData(modelNode):
                raise OSError(_("The file {path} could not be written.").format(path=path))
            for name in os.listdir(draft):
                os.replace(os.path.join(draft, name), path.parent / name)


def ensurePackages(skipInTesting=True) -> None:
    """Install the Python packages that the engine needs and Slicer lacks, if the user agrees.

    :raises RuntimeError: if the user does not agree
    """
    path = os.path.join(os.path.dirname(__file__), "Resources", "requirements.txt")
    try:
        from slicer.packaging import load_requirements, pip_ensure
    except ImportError:  # Slicer 5.10
        installMissing(path)
    else:
        pip_ensure(load_requirements(path), requester="XRayTo3D", skip_in_testing=skipInTesting)


def installMissing(requirementsPath) -> None:
    """Do what slicer.packaging.pip_ensure does, on a Slicer that has no slicer.packaging yet."""
    from importlib import metadata

    from packaging.requirements import Requirement

    def isMissing(requirement) -> bool:
        try:
            return metadata.version(requirement.name) not in requirement.specifier
        except metadata.PackageNotFoundError:
            return True

    with open(requirementsPath, encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    missing = [line for line in lines if isMissing(Requirement(line))]
    if not missing:
        return
    question = _("These Python packages are needed and will be installed into Slicer:\n\n{packages}\n\nContinue?")
    if not slicer.util.confirmOkCancelDisplay(question.format(packages="\n".join(missing)), "XRayTo3D"):
        raise RuntimeError(_("The Python packages were not installed."))
    slicer.util.pip_install(missing)


def firstRadiograph():
    """Return the scene's first volume that could be an X-ray, a single image; None if there is none."""
    for className in ("vtkMRMLScalarVolumeNode", "vtkMRMLVectorVolumeNode"):
        for node in slicer.util.getNodesByClass(className):
            image = node.GetImageData()
            if node.GetClassName() == className and image and image.GetDimensions()[2] == 1:
                return node
    return None


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


def radiographFromVolume(volumeNode, bone="auto"):
    """Return the engine's Radiograph of a volume node, with grey values as Slicer shows them."""
    from XRayTo3DLib import radiograph_from_array

    image = imageOf(volumeNode)
    displayNode = volumeNode.GetDisplayNode()
    isScalarDisplay = isinstance(displayNode, slicer.vtkMRMLScalarVolumeDisplayNode)
    if image.ndim == 2 and image.size and isScalarDisplay and displayNode.GetInvertDisplayScalarRange():
        image = np.subtract(image.max(), image, dtype=float)
    spacing = volumeNode.GetSpacing()[:2]
    # Picture files come without a pixel size, and Slicer then takes 1 mm.
    source = "unknown" if spacing == (1.0, 1.0) else "volume spacing"
    return radiograph_from_array(
        image, pixel_size_mm=spacing, pixel_size_source=source, bone=bone, name=volumeNode.GetName() or _("the volume")
    )


def inputs(volumeNode, roiNode=None, maskNode=None, bone="auto", **settings):
    """Return the engine's Radiograph and Settings that nodes and settings stand for."""
    from XRayTo3DLib import Settings

    radiograph = radiographFromVolume(volumeNode, bone)
    marked = regionSettings(roiNode, volumeNode)
    if maskNode is not None:
        marked["mask"] = imageOf(maskNode)
    return radiograph, Settings(**settings, **marked)


def ijkToRAS(volumeNode) -> np.ndarray:
    """Return the (4, 4) matrix from a volume's voxels to its own RAS frame, parent transforms left out."""
    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def regionSettings(roiNode, volumeNode) -> dict:
    """Return the fields of the engine's Settings that mark what a region of interest covers of an X-ray.

    The region's eight corners are projected onto the image. One that stands straight on the pixels is a box;
    one that is turned is the polygon round its corners.
    """
    if roiNode is None:
        return {}
    if min(roiNode.GetSize()) <= 0:
        raise ValueError(_("The region {name} has no size yet: place it on the X-ray.").format(name=roiNode.GetName()))
    import cv2

    toWorld = slicer.util.arrayFromVTKMatrix(roiNode.GetObjectToWorldMatrix())
    toVolume = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(None, volumeNode.GetParentTransformNode(), toVolume)
    signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1)
    world = toWorld @ np.vstack([signs * np.array(roiNode.GetSize())[:, None] / 2, np.ones(8)])
    local = np.array([toVolume.TransformPoint(corner) for corner in world[:3].T])
    ijk = np.linalg.solve(ijkToRAS(volumeNode), np.vstack([local.T, np.ones(8)]))
    corners = ijk[:2].T.astype(np.float32)
    hull = cv2.convexHull(corners)[:, 0]
    low, high = corners.min(axis=0), corners.max(axis=0)
    if cv2.contourArea(hull) > 0.999 * np.prod(high - low):
        return {"roi": (*map(float, low), *map(float, high))}
    return {"polygon": [tuple(map(float, corner)) for corner in hull]}


def bodyOf(node):
    """Return what the engine's simulator takes for a model node, or for a CT volume node."""
    from XRayTo3DLib.errors import SimulationError
    from XRayTo3DLib.simulate.bone import Bone, checked_mesh
    from XRayTo3DLib.simulate.volume import Volume
    from XRayTo3DLib.surface import arrays

    if isinstance(node, vtkMRMLModelNode):
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
    if not isinstance(node, vtkMRMLScalarVolumeNode) or node.GetImageData() is None:
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
        displayNode.SetScalarVisibility(False)  # bone first; which points were seen can be shown on demand
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


class XRayTo3DTest(ScriptedLoadableModuleTest):
    """The module's self test: a made-up X-ray goes the whole way to an STL file and back."""

    def setUp(self):
        """Start from an empty scene, with the packages that the engine needs."""
        slicer.mrmlScene.Clear()
        ensurePackages(skipInTesting=False)

    def runTest(self):
        """Run all tests."""
        self.setUp()
        self.test_surfaceStandsOnXray()
        self.setUp()
        self.test_refusals()

    def test_surfaceStandsOnXray(self):
        """The surface lies on the X-ray's plane, inside the bone's outline, and survives an STL file."""
        self.delayDisplay("Making a surface from a made-up X-ray")
        volumeNode = makeXray()
        logic = XRayTo3DLogic()
        modelNode = logic.process(volumeNode, method="solid", threshold=(0.05, 1.0), triangles=100000)

        bounds = np.array(modelNode.GetPolyData().GetBounds()).reshape(3, 2)
        # The bone is 24 mm wide and centred on column 60, row 80, in a coronal plane: i to the left, j down.
        self.assertLess(abs(bounds[0].mean() + 30), 0.5)
        self.assertLess(abs(np.ptp(bounds[0]) - 24), 1.0)
        self.assertLess(abs(bounds[2].mean() + 40), 0.5)
        self.assertLess(abs(np.ptp(bounds[2]) - 64), 1.0)
        # The source stands in front: the back lies on the plane, the front is anterior.
        self.assertLess(abs(bounds[1, 0]), 0.1)
        self.assertGreater(bounds[1, 1], 10)

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bone.stl")
            logic.saveModel(modelNode, path)
            storageNode, copy = slicer.vtkMRMLModelStorageNode(), vtkMRMLModelNode()
            storageNode.SetFileName(path)
            self.assertTrue(storageNode.ReadData(copy))
        self.assertEqual(copy.GetPolyData().GetNumberOfPolys(), modelNode.GetPolyData().GetNumberOfPolys())
        np.testing.assert_allclose(copy.GetPolyData().GetBounds(), bounds.ravel(), atol=1e-3)
        self.delayDisplay("Test passed")

    def test_refusals(self):
        """What is no X-ray is refused, and leaves nothing in the scene."""
        volumeNode = slicer.util.addVolumeFromArray(np.random.default_rng(0).random((3, 40, 40)))
        with self.assertRaises(ValueError):
            XRayTo3DLogic().process(volumeNode)
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLModelNode"), 0)


def makeXray():
    """Add a made-up X-ray: a rod with round ends, 24 mm thick and 64 mm long, in a coronal plane of 0.5 mm pixels."""
    rows, columns = np.mgrid[:160, :120]
    distance = np.hypot((columns - 60) / 2, np.maximum(np.abs(rows - 80) / 2 - 20, 0))
    thickness = 2 * np.sqrt(np.maximum(12**2 - distance**2, 0))
    grey = (400 + 150 * thickness).astype(np.uint16)
    toRAS = np.array([[-0.5, 0, 0, 0], [0, 0, 1, 0], [0, -0.5, 0, 0], [0, 0, 0, 1]])
    return slicer.util.addVolumeFromArray(grey[None], toRAS, "Made-up X-ray")
