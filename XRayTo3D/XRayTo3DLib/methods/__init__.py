"""Methods that make surfaces of bones, side by side."""

from .auto import looks_whole
from .bone import BoneResult, FoundBone, with_scale_of
from .by_depth import depth_grid, find_layers, generate_surface
from .fitted import Fitted
from .fragments import Broken, fragment_names
from .joints import usual_place
from .registered import METHODS, Method, estimate_depth

__all__ = [
    "METHODS",
    "BoneResult",
    "Broken",
    "Fitted",
    "FoundBone",
    "Method",
    "depth_grid",
    "estimate_depth",
    "find_layers",
    "fragment_names",
    "generate_surface",
    "looks_whole",
    "usual_place",
    "with_scale_of",
]
