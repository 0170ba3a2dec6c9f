"""Methods that make surfaces of bones, side by side."""

from .bone import BoneResult, FoundBone, with_scale_of
from .by_depth import depth_grid, find_layers, generate_surface
from .fitted import Fitted
from .fragments import FRAGMENT_NAMES, Broken
from .registered import METHODS, Method, estimate_depth

__all__ = [
    "FRAGMENT_NAMES",
    "METHODS",
    "BoneResult",
    "Broken",
    "Fitted",
    "FoundBone",
    "Method",
    "depth_grid",
    "estimate_depth",
    "find_layers",
    "generate_surface",
    "with_scale_of",
]
