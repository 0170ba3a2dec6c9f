"""The methods by their names, and the one signature that they share."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..case import Case, Making, Settings
from ..depth import DepthMap
from ..helpers.progress import Progress
from ..radiograph import Radiograph
from ..tone import Layers
from . import auto, relief, shape, solid, volume
from .bone import BoneResult, FoundBone


class Method(Protocol):
    """One way from a bone that was found to its surfaces: what each file of a method has."""

    def why_not(self, case: Case, making: Making) -> str:
        """What the method needs and the case does not have, in words; "" if it can be tried."""

    def make(self, bone: FoundBone, making: Making, progress: Progress | None = None) -> BoneResult:
        """Make the surfaces of a bone, in the engine's frame of the case's first view.

        Raises
        ------
        ReconstructionError
            If it cannot; the text says why, and what to do.
        Cancelled
            If `progress` asked to stop.
        """


METHODS: dict[str, Method] = {"auto": auto, "relief": relief, "solid": solid, "shape": shape, "volume": volume}


def estimate_depth(radiograph: Radiograph, mask: np.ndarray, layers: Layers, settings: Settings) -> DepthMap:
    """Depth of the bone under a mask: its height, of a relief, or otherwise its half thickness.

    Parameters
    ----------
    radiograph : Radiograph
    mask : (rows, columns) bool array
        The bone.
    layers : Layers
    settings : Settings
        Method, network and budget.

    Returns
    -------
    DepthMap

    Raises
    ------
    ReconstructionError
        If the depth network cannot be loaded.
    """
    method = relief if settings.method == "relief" else solid
    return method.estimate(radiograph, mask, layers, settings)
