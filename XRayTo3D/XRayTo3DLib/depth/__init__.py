"""Depth: how thick or how high the bone is at every pixel."""

from .inflation import inflate
from .intensity import emboss, modulation, relief_height
from .maps import HALF_THICKNESS, HEIGHT, DepthMap, half_width, relief, solid

__all__ = [
    "HALF_THICKNESS",
    "HEIGHT",
    "DepthMap",
    "emboss",
    "half_width",
    "inflate",
    "modulation",
    "relief",
    "relief_height",
    "solid",
]
