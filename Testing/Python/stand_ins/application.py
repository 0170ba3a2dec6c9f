"""The application round the module: main window, layout, module manager, and Slicer's Python modules beyond the core.

With SLICER_SOURCE_DIR set, Slicer's own parameter node wrapper, module base classes and translation are used.
"""

import contextlib
import importlib.util
import os
import sys
import types
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MODULE = ROOT / "XRayTo3D" / "XRayTo3D.py"
OWN = ("XRayTo3D", "XRayTo3DSlicer")


class ScriptedLoadableModule:
    def __init__(self, parent):
        self.parent = parent


class ScriptedLoadableModuleWidget:
    def __init__(self, parent=None):
        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.parent = parent
        self.layout = parent.layout()

    def setup(self):
        pass

    def resourcePath(self, name):
        return str(MODULE.parent / "Resources" / name)

    def onReload(self):
        import slicer

        slicer.util.reloadScriptedModule(self.moduleName)


class ScriptedLoadableModuleLogic:
    def __init__(self, parent=None):
        self.moduleName = type(self).__name__.removesuffix("Logic")

    def getParameterNode(self):
        import slicer

        node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
            node.UnRegister(None)
            node.SetSingletonTag(self.moduleName)
            node.SetAttribute("ModuleName", self.moduleName)
            node = slicer.mrmlScene.AddNode(node)
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    def delayDisplay(self, message):
        assert isinstance(message, str)


class Module(types.SimpleNamespace):
    """A loaded module, as `slicer.modules` holds it."""


def module_named(name, **content):
    module = types.ModuleType(name)
    module.__dict__.update(content)
    return module


def python_modules(source=None):
    """Slicer's Python modules that its core lacks: stand-ins, or Slicer's own from a checkout of its sources."""
    from . import parameter_node

    packaging = module_named("slicer.packaging", load_requirements=_load_requirements, pip_ensure=_pip_ensure)
    if source is None:
        wrapper = {name: value for name, value in vars(parameter_node).items() if not name.startswith("_")}
        bases = (
            ScriptedLoadableModule,
            ScriptedLoadableModuleWidget,
            ScriptedLoadableModuleLogic,
            ScriptedLoadableModuleTest,
        )
        return [
            packaging,
            module_named("slicer.i18n", tr=str, translate=lambda context, text: text),
            module_named("slicer.parameterNodeWrapper", **wrapper),
            module_named("slicer.ScriptedLoadableModule", **{each.__name__: each for each in bases}),
        ]
    found = [packaging]
    for name, file in (
        ("slicer.i18n", "i18n.py"),
        ("slicer.parameterNodeWrapper", "parameterNodeWrapper/__init__.py"),
        ("slicer.ScriptedLoadableModule", "ScriptedLoadableModule.py"),
    ):
        path = Path(source) / "Base" / "Python" / "slicer" / file
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # its parts import each other
        spec.loader.exec_module(module)
        found.append(module)
    return found


def _load_requirements(path):
    return [line for line in Path(path).read_text().splitlines() if line and not line.startswith("#")]


def _pip_ensure(requirements, *, prompt_install, requester, skip_in_testing):
    assert requirements and requester == "XRayTo3D" and not prompt_install and isinstance(skip_in_testing, bool)


@contextlib.contextmanager
def module_loaded(patch, *more):
    """The module file, imported as Slicer would, with these Python modules; afterwards nothing of it is left."""
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] in OWN}
    for name in before:
        del sys.modules[name]
    for module in more:
        patch.setitem(sys.modules, module.__name__, module)
    patch.syspath_prepend(str(MODULE.parent))  # Slicer does the same
    spec = importlib.util.spec_from_file_location("XRayTo3D", MODULE)
    result = importlib.util.module_from_spec(spec)
    patch.setitem(sys.modules, "XRayTo3D", result)
    spec.loader.exec_module(result)
    yield result
    for name in [name for name in sys.modules if name.split(".")[0] in OWN]:
        del sys.modules[name]
    sys.modules.update(before)


def core_logics(slicer, scene):
    """`slicer.modules` as far as the core fills it."""
    logics = {
        "cameras": slicer.vtkSlicerCamerasModuleLogic(),
        "cropvolume": slicer.vtkSlicerCropVolumeLogic(),
        "segmentations": slicer.vtkSlicerSegmentationsModuleLogic(),
        "volumes": slicer.vtkSlicerVolumesLogic(),
    }
    for logic in logics.values():
        logic.SetMRMLScene(scene)
    return types.SimpleNamespace(**{name: Module(logic=lambda each=logic: each) for name, logic in logics.items()})


class Application:
    """`slicer.app`."""

    applicationName = "Slicer"

    def __init__(self, qt_application, folder):
        self._qt, self.temporaryPath = qt_application, str(folder)
        self.on_events = lambda: None
        self._layout_manager = None
        self._io_manager = CoreIOManager()

    def connect(self, signal, slot):
        assert signal == "startupCompleted()"

    def processEvents(self):
        self.on_events()
        self._qt.processEvents()

    def topLevelWidgets(self):
        from .pythonqt import wrap

        return wrap(self._qt.topLevelWidgets())

    def layoutManager(self):
        return self._layout_manager

    def coreIOManager(self):
        return self._io_manager

    def moduleManager(self):
        return types.SimpleNamespace(connect=lambda *_: True, disconnect=lambda *_: True)

    def testingEnabled(self):
        return False

    def translate(self, context, text):
        return text

    def setOverrideCursor(self, shape):
        self._qt.setOverrideCursor(shape)

    def restoreOverrideCursor(self):
        self._qt.restoreOverrideCursor()

    def overrideCursor(self):
        return self._qt.overrideCursor()


class CoreIOManager:
    """`slicer.app.coreIOManager()`: loads and saves nodes as Slicer's readers and writers do, and tells of it."""

    SIGNALS = ("newFileLoaded(qSlicerIO::IOProperties)", "fileSaved(qSlicerIO::IOProperties)")

    def __init__(self):
        self._slots = {signal: [] for signal in self.SIGNALS}

    def connect(self, signal, slot):
        self._slots[signal].append(slot)  # KeyError: Slicer only prints that there is no such signal
        return True

    def load(self, scene, path, name):
        """A volume from a file, as by *Add data*: it comes into the scene when it is read, and then gets its file."""
        import slicer

        volume, storage = slicer.vtkMRMLScalarVolumeNode(), slicer.vtkMRMLVolumeArchetypeStorageNode()
        volume.SetName(name)
        storage.SetFileName(str(path))
        storage.SetSingleFile(True)
        assert storage.ReadData(volume)
        for node in (storage, volume):
            scene.AddNode(node)
        volume.CreateDefaultDisplayNodes()
        volume.SetAndObserveStorageNodeID(storage.GetID())
        self._tell(self.SIGNALS[0])
        return volume

    def save(self, volume, path):
        """Save a volume, as by `slicer.util.saveNode`."""
        volume.AddDefaultStorageNode()
        volume.GetStorageNode().SetFileName(str(path))
        assert volume.GetStorageNode().WriteData(volume)
        self._tell(self.SIGNALS[1])

    def load_sample(self, scene, path):
        """A volume as Slicer's Sample Data leaves it: without a file."""
        volume = self.load(scene, path, Path(path).stem)
        storage = volume.GetStorageNode()
        scene.RemoveNode(storage)
        volume.SetAndObserveStorageNodeID(None)
        return volume

    def _tell(self, signal):
        for slot in self._slots[signal]:
            slot()


class LayoutManager:
    """`slicer.app.layoutManager()`: slice views, with Slicer's own logic and so a model each, and a 3D view.

    There are three of them, and those that a layout brings.
    """

    def __init__(self, slicer, scene):
        self.layout = None
        self._new_logic, self._scene = slicer.vtkMRMLSliceLogic, scene
        self._node = scene.AddNewNodeByClass("vtkMRMLLayoutNode")
        self._slices = {}
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
        for name, orientation in (("Red", "Axial"), ("Green", "Coronal"), ("Yellow", "Sagittal")):
            self._add(name, orientation)
        self._view = scene.AddNewNodeByClass("vtkMRMLViewNode", "View1")
        self.camera = scene.AddNewNodeByClass("vtkMRMLCameraNode")
        for node in (self._view, self.camera):
            node.SetLayoutName("1")

    def shown(self, name="Red"):
        """ID of the volume in a slice view's background, None if there is none."""
        return self._slices[name].GetSliceCompositeNode().GetBackgroundVolumeID()

    def layoutLogic(self):
        return types.SimpleNamespace(GetLayoutNode=lambda: self._node)

    def setLayout(self, number):
        assert self._node.IsLayoutDescription(number)
        self.layout = number
        self._node.SetViewArrangement(number)
        for view in ElementTree.fromstring(self._node.GetLayoutDescription(number)).iter("view"):
            name = view.get("singletontag")
            if view.get("class") == "vtkMRMLSliceNode" and name not in self._slices:
                self._add(name, view.findtext("property[@name='orientation']"))

    def _add(self, name, orientation):
        logic = self._new_logic()
        logic.SetMRMLScene(self._scene)
        logic.AddSliceNode(name)
        logic.GetSliceNode().SetOrientation(orientation)
        self._slices[name] = logic

    def sliceWidget(self, name):
        logic = self._slices.get(name)
        return logic and types.SimpleNamespace(mrmlSliceNode=logic.GetSliceNode, sliceLogic=lambda: logic)

    def threeDWidget(self, number):
        assert number == 0
        view = types.SimpleNamespace(mrmlViewNode=lambda: self._view)
        return types.SimpleNamespace(threeDView=lambda: view)


def source_of_slicer():
    """Checkout of Slicer's sources that the environment names, None if it names none."""
    source = os.environ.get("SLICER_SOURCE_DIR")
    if source and not (Path(source) / "Base" / "Python" / "slicer").is_dir():
        pytest.fail(f"SLICER_SOURCE_DIR: there is no Base/Python/slicer in {source}")
    return source
