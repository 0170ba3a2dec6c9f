"""Relief: tone-mapped grey values as height over a flat back. A picture in relief, no anatomy."""

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
    return too_many_views("relief", case)


def estimate(radiograph: Radiograph, mask: np.ndarray, layers: Layers, settings: Settings) -> DepthMap:
    """Height of the bone under a mask, by its tone-mapped grey values."""
    return depth.relief(depth_grid(radiograph, mask, settings), mask, layers.tone)


def make(bone: FoundBone, making: Making, progress: Progress | None = None) -> BoneResult:
    """Make the relief of a bone; see `Method.make`."""
    return made_by(estimate, bone, making, progress)
