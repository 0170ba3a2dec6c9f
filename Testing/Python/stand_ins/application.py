"""The application round the module: main window, layout, module manager, and Slicer's Python modules beyond the core.

With SLICER_SOURCE_DIR set, Slicer's own parameter node wrapper, module base classes and translation are used.
"""

import contextlib
import importlib.util
import os
import sys
import types
import unittest
from pathlib import Path

import pytest
import vtk

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


class LayoutManager:
    """`slicer.app.layoutManager()`, with real nodes."""

    def __init__(self, slicer, scene):
        self.layout, self.resets = None, 0
        self._logics = vtk.vtkCollection()
        self._node = scene.AddNewNodeByClass("vtkMRMLLayoutNode")
        self._slice = scene.AddNewNodeByClass("vtkMRMLSliceNode", "Red")
        self.composite = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")

    def layoutLogic(self):
        return types.SimpleNamespace(GetLayoutNode=lambda: self._node)

    def setLayout(self, number):
        assert self._node.IsLayoutDescription(number)
        self.layout = number

    def sliceViewNames(self):
        return ("Red",)

    def sliceWidget(self, name):
        assert name == "Red"
        return types.SimpleNamespace(mrmlSliceNode=lambda: self._slice)

    def mrmlSliceLogics(self):
        return self._logics

    def resetThreeDViews(self):
        self.resets += 1


def source_of_slicer():
    """Checkout of Slicer's sources that the environment names, None if it names none."""
    source = os.environ.get("SLICER_SOURCE_DIR")
    if source and not (Path(source) / "Base" / "Python" / "slicer").is_dir():
        pytest.fail(f"SLICER_SOURCE_DIR: there is no Base/Python/slicer in {source}")
    return source
