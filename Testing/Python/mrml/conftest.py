"""The module file on real MRML: Slicer's core in plain Python, and stand-ins for what only the application has.

The stand-ins hold exactly what the module may use; anything else raises AttributeError or ImportError, so a
misspelt name does not pass unseen.
"""

import importlib
import importlib.util
import sys
import types
import unittest
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]
MODULE = ROOT / "XRayTo3D" / "XRayTo3D.py"
NEEDS_CORE = "slicer-core, Slicer's MRML for plain Python, is not installed (it exists for some systems only)"


@dataclass(frozen=True)
class WithinRange:
    minimum: float
    maximum: float


class ScriptedLoadableModule:
    def __init__(self, parent):
        self.parent = parent


class ScriptedLoadableModuleWidget:
    pass


class ScriptedLoadableModuleLogic:
    pass


class ScriptedLoadableModuleTest(unittest.TestCase):
    def delayDisplay(self, message):
        assert isinstance(message, str)


def _stand_in(name, **content):
    module = types.ModuleType(name)
    module.__dict__.update(content)
    return module


@pytest.fixture(scope="session")
def slicer_core():
    """Slicer's core, `slicer`."""
    try:
        return importlib.import_module("slicer")
    except ImportError:
        pytest.skip(NEEDS_CORE)


@pytest.fixture(scope="session")
def module(slicer_core):
    """The module file, imported as Slicer would."""
    assert not hasattr(slicer_core, "app"), "these tests are for Slicer's core alone"
    stand_ins = [
        _stand_in("qt"),
        _stand_in("slicer.i18n", tr=str, translate=lambda context, text: text),
        _stand_in("slicer.parameterNodeWrapper", WithinRange=WithinRange, parameterNodeWrapper=lambda each: each),
        _stand_in(
            "slicer.ScriptedLoadableModule",
            ScriptedLoadableModule=ScriptedLoadableModule,
            ScriptedLoadableModuleWidget=ScriptedLoadableModuleWidget,
            ScriptedLoadableModuleLogic=ScriptedLoadableModuleLogic,
            ScriptedLoadableModuleTest=ScriptedLoadableModuleTest,
        ),
        _stand_in("slicer.packaging", load_requirements=_load_requirements, pip_ensure=_pip_ensure),
    ]
    with pytest.MonkeyPatch.context() as patch:
        for stand_in in stand_ins:
            patch.setitem(sys.modules, stand_in.__name__, stand_in)
        patch.syspath_prepend(str(MODULE.parent))  # Slicer does the same
        spec = importlib.util.spec_from_file_location("XRayTo3D", MODULE)
        result = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, "XRayTo3D", result)
        spec.loader.exec_module(result)
        yield result


def _load_requirements(path):
    lines = Path(path).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _pip_ensure(requirements, *, requester, skip_in_testing):
    assert requirements and requester == "XRayTo3D" and isinstance(skip_in_testing, bool)


@pytest.fixture
def scene(slicer_core):
    """A new, empty scene as Slicer's own."""
    slicer_core.mrmlScene = slicer_core.vtkMRMLScene()
    yield slicer_core.mrmlScene
    slicer_core.mrmlScene.Clear()


@pytest.fixture
def logic(module):
    """The module's logic."""
    return module.XRayTo3DLogic()


def rod(rows=70, columns=50, row=32, column=27, half_width=9, half_length=22):
    """Grey values of a rod with round ends along the rows, and its mask; neither is centred."""
    y, x = np.mgrid[:rows, :columns]
    distance = np.hypot(x - column, np.maximum(np.abs(y - row) - (half_length - half_width), 0))
    depth = np.sqrt(np.maximum(half_width**2 - distance**2, 0))
    return (300 + 3000 * depth / half_width).astype(np.uint16), (distance < half_width).astype(np.uint8)


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
