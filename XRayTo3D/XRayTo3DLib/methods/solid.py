"""Solid: the outline inflated, its thickness estimated by the depth network, detail embossed on the front."""

from __future__ import annotations

import numpy as np

from .. import depth
from ..case import Case, Making, Settings
from ..depth import DepthMap
from ..helpers.progress import Progress
from ..radiograph import Radiograph
from ..tone import Layers
from .bone import BoneResult, FoundBone
from .by_depth import depth_grid, made_by, too_many_views


def why_not(case: Case, making: Making) -> str:
    """What speaks against it: more than one view."""
    return too_many_views("solid", case)


def estimate(radiograph: Radiograph, mask: np.ndarray, layers: Layers, settings: Settings) -> DepthMap:
    """Half thickness of the bone under a mask, with the relief of its detail.

    Raises
    ------
    ReconstructionError
        If the depth network cannot be loaded.
    """
    network = depth.load_depth_network(settings.depth_network)
    grid = depth_grid(radiograph, mask, settings)
    return depth.solid(grid, mask, radiograph.pixels, layers.base, layers.detail, network, settings.emboss_mm)


def make(bone: FoundBone, making: Making, progress: Progress | None = None) -> BoneResult:
    """Make the solid of a bone; see `Method.make`."""
    return made_by(estimate, bone, making, progress)
