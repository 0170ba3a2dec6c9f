"""3D Slicer module XRayTo3D: surfaces of bones from X-ray images.

What knows Slicer stands in XRayTo3DSlicer, what computes in XRayTo3DLib.
"""

import json
import os
import tempfile

import numpy as np
import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleTest

from XRayTo3DSlicer.logic import XRayTo3DLogic
from XRayTo3DSlicer.packages import ensurePackages
from XRayTo3DSlicer.parameters import XRayTo3DParameterNode
from XRayTo3DSlicer.samples import registerSampleData
from XRayTo3DSlicer.scale import followFiles
from XRayTo3DSlicer.widget import XRayTo3DWidget

__all__ = ["XRayTo3D", "XRayTo3DLogic", "XRayTo3DParameterNode", "XRayTo3DTest", "XRayTo3DWidget"]


class XRayTo3D(ScriptedLoadableModule):
    """What Slicer's module list knows of this module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("X-ray to 3D")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Tomographic Reconstruction")]
        self.parent.dependencies = ["Cameras", "Markups", "Segmentations", "Volumes"]
        self.parent.contributors = ["The XRayTo3D developers"]
        self.parent.helpText = _(
            "Makes a 3D surface of a bone, in millimeters, from an X-ray image. A single X-ray does not show how"
            " thick a bone is: the depth of the surface is an estimate."
            ' See the <a href="https://github.com/XRayTo3D/SlicerXRayTo3D">documentation</a>.'
        )
        self.parent.acknowledgementText = ""
        slicer.app.connect("startupCompleted()", onStartup)


def onStartup():
    """Offer the samples, and follow what is loaded and saved, once Slicer has started."""
    registerSampleData()
    followFiles()


class XRayTo3DTest(ScriptedLoadableModuleTest):
    """The module's self test: X-rays go the whole way to an STL file and back."""

    def setUp(self):
        """Start from an empty scene, with the packages that the engine needs."""
        slicer.mrmlScene.Clear()
        self.assertTrue(ensurePackages(skipInTesting=False), "the packages that the engine needs are missing")

    def runTest(self):
        """Run all tests."""
        for test in (self.test_surfaceStandsOnXray, self.test_sample, self.test_twoViews, self.test_refusals):
            self.setUp()
            test()

    def test_sample(self):
        """The sample's femur is found, and its surface is as large as the one that was X-rayed."""
        self.delayDisplay("Making a surface from the sample radiograph")
        volumeNode = self.sample()[0]
        logic = XRayTo3DLogic()
        modelNode = logic.process(volumeNode, triangles=50000, keepImages=True)
        record = json.loads(modelNode.GetAttribute("XRayTo3D.Result"))
        self.assertTrue(record["femur"]["is_femur"])
        self.assertEqual(record["input"]["pixel_size_source"], "DICOM ImagerPixelSpacing")
        # The femur that the sample shows is 417 mm long and 94 mm wide, seen from the front.
        width, height, depth = np.ptp(np.reshape(record["surface"]["bounds_mm"], (3, 2)), axis=1)
        self.assertLess(abs(height - 417), 5)
        self.assertLess(abs(width - 94), 4)
        size = np.ptp(np.reshape(modelNode.GetPolyData().GetBounds(), (3, 2)), axis=1)
        np.testing.assert_allclose(sorted(size), sorted((width, height, depth)), atol=0.01)
        self.checkFile(logic, modelNode)
        self.delayDisplay("Test passed")

    def test_twoViews(self):
        """Seen from two sides, the sample's femur has the angle and the head of the one that was X-rayed."""
        self.delayDisplay("Fitting a femur's shape to both sample radiographs")
        volumeNode, lateralNode = self.sample()
        modelNode = XRayTo3DLogic().process(volumeNode, lateralNode=lateralNode)
        record = json.loads(modelNode.GetAttribute("XRayTo3D.Result"))
        self.assertEqual(record["surface"]["method"], "shape")
        measures = {name: each["value"] for name, each in record["shape"]["measures"].items()}
        self.assertLess(abs(measures["neck_shaft_angle_deg"] - 129.1), 4)
        self.assertLess(abs(measures["head_diameter_mm"] - 45.2), 2)
        self.assertTrue(modelNode.GetPolyData().GetPointData().HasArray("Uncertainty_mm"))
        for role, node in (("Outline", volumeNode), ("LateralOutline", lateralNode)):
            outline = modelNode.GetNodeReference(f"XRayTo3D.{role}")
            self.assertIs(outline.GetNodeReference("XRayTo3D.Radiograph"), node)
            self.assertGreater(outline.GetPolyData().GetNumberOfPoints(), 500)
        self.delayDisplay("Test passed")

    def sample(self):
        """The sample femur's radiographs, from the front and from the side."""
        import SampleData

        if "XRayTo3D" not in getattr(slicer.modules, "sampleDataSources", {}):
            onStartup()  # Slicer has not finished starting
        return SampleData.downloadSamples("Femur")

    def test_surfaceStandsOnXray(self):
        """The surface lies on the X-ray's plane, inside the bone's outline, and survives an STL file."""
        self.delayDisplay("Making a surface from a made-up X-ray")
        volumeNode = makeXray()
        logic = XRayTo3DLogic()
        modelNode = logic.process(volumeNode, method="solid", threshold=(0.05, 1.0), triangles=100000)

        bounds = np.array(modelNode.GetPolyData().GetBounds()).reshape(3, 2)
        # The bone is 24 mm wide and centered on column 60, row 80, in a coronal plane: i to the left, j down.
        self.assertLess(abs(bounds[0].mean() + 30), 0.5)
        self.assertLess(abs(np.ptp(bounds[0]) - 24), 1.0)
        self.assertLess(abs(bounds[2].mean() + 40), 0.5)
        self.assertLess(abs(np.ptp(bounds[2]) - 64), 1.0)
        # The source stands in front: the back lies on the plane, the front is anterior.
        self.assertLess(abs(bounds[1, 0]), 0.1)
        self.assertGreater(bounds[1, 1], 10)

        self.checkFile(logic, modelNode)
        self.delayDisplay("Test passed")

    def checkFile(self, logic, modelNode):
        """What is saved as an STL file is what comes back from it."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bone.stl")
            logic.saveModel(modelNode, path)
            storageNode, copy = slicer.vtkMRMLModelStorageNode(), slicer.vtkMRMLModelNode()
            storageNode.SetFileName(path)
            self.assertTrue(storageNode.ReadData(copy))
        surface = modelNode.GetPolyData()
        self.assertEqual(copy.GetPolyData().GetNumberOfPolys(), surface.GetNumberOfPolys())
        np.testing.assert_allclose(copy.GetPolyData().GetBounds(), surface.GetBounds(), atol=1e-3)

    def test_refusals(self):
        """What is no X-ray is refused, and leaves nothing in the scene."""
        volumeNode = slicer.util.addVolumeFromArray(np.random.default_rng(0).random((3, 40, 40)))
        before = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLModelNode")  # those of the slice views
        with self.assertRaises(ValueError):
            XRayTo3DLogic().process(volumeNode)
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLModelNode"), before)


def makeXray():
    """Add a made-up X-ray: a rod with round ends, 24 mm thick and 64 mm long, in a coronal plane of 0.5 mm pixels."""
    rows, columns = np.mgrid[:160, :120]
    distance = np.hypot((columns - 60) / 2, np.maximum(np.abs(rows - 80) / 2 - 20, 0))
    thickness = 2 * np.sqrt(np.maximum(12**2 - distance**2, 0))
    gray = (400 + 150 * thickness).astype(np.uint16)
    toRAS = np.array([[-0.5, 0, 0, 0], [0, 0, 1, 0], [0, -0.5, 0, 0], [0, 0, 0, 1]])
    return slicer.util.addVolumeFromArray(gray[None], toRAS, "Made-up X-ray")
