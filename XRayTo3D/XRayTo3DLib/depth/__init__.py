"""Depth: how thick or how high the bone is at every pixel."""

from .inflation import inflate
from .intensity import emboss, relief_height
from .maps import HALF_THICKNESS, HEIGHT, Cells, DepthMap, cells, half_width, relief, solid
from .network import FEATURES, DepthNetwork, features, load_depth_network, relative_thickness

__all__ = [
    "FEATURES",
    "HALF_THICKNESS",
    "HEIGHT",
    "Cells",
    "DepthMap",
    "DepthNetwork",
    "cells",
    "emboss",
    "features",
    "half_width",
    "inflate",
    "load_depth_network",
    "relative_thickness",
    "relief",
    "relief_height",
    "solid",
]
