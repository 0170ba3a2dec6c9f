"""The module file on real MRML: Slicer's core in plain Python, and stand-ins for what only the application has.

The stand-ins hold exactly what the module may use; anything else raises AttributeError or ImportError, so a
misspelt name does not pass unseen.
"""

import importlib

import numpy as np
import pytest

from ..stand_ins.application import ROOT, core_logics, module_loaded, module_named, python_modules

NEEDS_CORE = "slicer-core, Slicer's MRML for plain Python, is not installed (it exists for some systems only)"


@pytest.fixture(scope="session")
def slicer_core():
    """Slicer's core, `slicer`."""
    try:
        return importlib.import_module("slicer")
    except ImportError:
        pytest.skip(NEEDS_CORE)


@pytest.fixture(scope="module")
def module(seen_once, slicer_core):
    """The module file, imported as Slicer would without a window."""
    assert not hasattr(slicer_core, "app"), "these tests are for Slicer's core alone"
    with pytest.MonkeyPatch.context() as patch, module_loaded(patch, module_named("qt"), *python_modules()) as result:
        yield result


@pytest.fixture
def scene(slicer_core):
    """A new, empty scene as Slicer's own."""
    slicer_core.mrmlScene = slicer_core.vtkMRMLScene()
    slicer_core.modules = core_logics(slicer_core, slicer_core.mrmlScene)
    yield slicer_core.mrmlScene
    slicer_core.mrmlScene.Clear()


@pytest.fixture
def logic(module):
    """The module's logic."""
    return module.XRayTo3DLogic()


def part(name):
    """A file of XRayTo3DSlicer, the module being loaded."""
    return importlib.import_module(f"XRayTo3DSlicer.{name}")


def rod(rows=70, columns=50, row=32, column=27, half_width=9, half_length=22):
    """Grey values of a rod with round ends along the rows, and its mask; neither is centred."""
    y, x = np.mgrid[:rows, :columns]
    distance = np.hypot(x - column, np.maximum(np.abs(y - row) - (half_length - half_width), 0))
    depth = np.sqrt(np.maximum(half_width**2 - distance**2, 0))
    return (300 + 3000 * depth / half_width).astype(np.uint16), (distance < half_width).astype(np.uint8)


def sample_volume(scene, name="femur_ap.dcm"):
    """A sample radiograph, read by Slicer's own storage node."""
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name.split(".")[0])
    storage = scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetFileName(str(ROOT / "Resources" / "Samples" / name))
    storage.SetSingleFile(True)
    volume.SetAndObserveStorageNodeID(storage.GetID())
    assert storage.ReadData(volume)
    return volume


def save_scene(scene, folder, model, xray):
    """Save a model, its X-ray and the scene into a folder, as scene.mrml."""
    for node, name in ((model, "bone.vtp"), (xray, "xray.nrrd")):
        if node.GetStorageNode() is None:
            node.AddDefaultStorageNode()
        node.GetStorageNode().SetFileName(str(folder / name))
        assert node.GetStorageNode().WriteData(node)
    scene.SetRootDirectory(str(folder))
    scene.SetURL(str(folder / "scene.mrml"))
    assert scene.Commit()


def models(scene):
    """The models of a scene, but for those that the slice views are."""
    import slicer

    count = scene.GetNumberOfNodesByClass("vtkMRMLModelNode")
    nodes = [scene.GetNthNodeByClass(index, "vtkMRMLModelNode") for index in range(count)]
    return [node for node in nodes if not slicer.vtkMRMLSliceLogic.IsSliceModelNode(node)]


def node_ids(scene):
    """IDs of all nodes in a scene."""
    return {scene.GetNthNode(i).GetID() for i in range(scene.GetNumberOfNodes())}


def points_of(model_node):
    """Points (n, 3) of a model node."""
    import slicer.util

    return np.array(slicer.util.arrayFromModelPoints(model_node), float)


def triangles_of(model_node):
    """Corner indices (m, 3) of a model node's triangles."""
    import slicer.util

    return np.array(slicer.util.arrayFromModelPolyIds(model_node)).reshape(-1, 4)[:, 1:]


def signed_volume(points, triangles):
    """Volume inside a closed surface, positive where the triangles face outwards in a right-handed frame."""
    a, b, c = (points[triangles[:, i]] for i in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)
