"""How the fragments of a broken bone lie to each other as they stand: numbers that follow whoever moves them."""

import json
from itertools import pairwise

import numpy as np
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from .fragments import BREAK, fragmentsOf
from .names import betweenFragments, withUnit
from .packages import missingPackages
from .result import recordOf

# Of several views; of one view there are only some measures, and all are told.
_TOLD = ("angulation_deg", "rotation_deg", "translation_mm", "shortening_mm")


class StandingFragments(VTKObservationMixin):
    """What is told beside the slider of how the fragments of a bone lie to each other, as long as they are followed.

    :param ui: the panel's widgets
    """

    def __init__(self, ui) -> None:
        VTKObservationMixin.__init__(self)
        self._ui = ui
        self._modelNode = None

    def follow(self, modelNode) -> None:
        """Tell of the fragments of this bone from now on; of a whole one, or None, nothing."""
        self.stop()
        self._modelNode = modelNode
        for node in fragmentsOf(modelNode):
            pose = node.GetParentTransformNode()
            if pose and not self.hasObserver(pose, slicer.vtkMRMLTransformableNode.TransformModifiedEvent, self.show):
                self.addObserver(pose, slicer.vtkMRMLTransformableNode.TransformModifiedEvent, self.show)
        self.show()

    def stop(self) -> None:
        """Follow nothing, and touch no widget: it may be gone already."""
        self.removeObservers()
        self._modelNode = None

    def show(self, caller=None, event=None) -> None:
        """Tell how the fragments lie now."""
        text = displacementText(self._modelNode)
        self._ui.displacementLabel.text = text
        self._ui.standingLabel.visible = self._ui.displacementLabel.visible = bool(text)


def displacementText(modelNode) -> str:
    """Return how each lower fragment lies to the one next above it now, a line for each measure."""
    nodes, lines = fragmentsOf(modelNode), []
    record = recordOf(modelNode) if nodes else None
    if record is None or missingPackages():
        return ""
    for (upper, lower), (called, found) in zip(pairwise(nodes), betweenFragments(record["bones"][0]), strict=False):
        now = _measures(upper.GetParentTransformNode(), lower.GetParentTransformNode())
        names = [name for name in _TOLD if name in found] if "rotation_deg" in found else found
        for name in names if now else ():
            title = found[name]["title"] + f", {called}" * bool(called)
            lines.append(_("{title}: {value}").format(title=title, value=withUnit(name, f"{now[name].value:.1f}")))
    return "\n".join(lines)


def _measures(upperPose, lowerPose) -> dict:
    """The engine's measures between two fragments, by the transforms above them; none where one was taken away."""
    from XRayTo3DLib.shape import BreakFrame

    told = lowerPose.GetAttribute(BREAK) if lowerPose else None
    if told is None or upperPose is None:
        return {}
    told = json.loads(told)
    upper, lower = (slicer.util.arrayFromTransformMatrix(node) for node in (upperPose, lowerPose))
    toXray = np.array(told["toXray"])
    moving = np.linalg.inv(toXray) @ np.linalg.inv(upper) @ lower @ toXray
    return BreakFrame.from_json(told["frame"]).measures(moving)
