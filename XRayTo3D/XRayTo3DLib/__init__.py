"""XRayTo3D: closed 3D bone surfaces in millimetres from X-rays. The engine, without Slicer or Qt."""

from .case import Case, Finding, Making, Marking, Patient, Segmentation, Settings, View, find_bone, find_region, segment
from .errors import Cancelled, RadiographError, ReconstructionError
from .methods import depth_grid, estimate_depth, find_layers, generate_surface
from .pipeline import Reconstruction, reconstruct, write_scene
from .radiograph import (
    Radiograph,
    calibrated_by_ball,
    calibrated_by_ruler,
    radiograph_from_array,
    read_radiograph,
)
from .segmentation import Seeds
from .surface import write_surface
from .version import __version__

__all__ = [
    "Cancelled",
    "Case",
    "Finding",
    "Making",
    "Marking",
    "Patient",
    "Radiograph",
    "RadiographError",
    "Reconstruction",
    "ReconstructionError",
    "Seeds",
    "Segmentation",
    "Settings",
    "View",
    "__version__",
    "calibrated_by_ball",
    "calibrated_by_ruler",
    "depth_grid",
    "estimate_depth",
    "find_bone",
    "find_layers",
    "find_region",
    "generate_surface",
    "radiograph_from_array",
    "read_radiograph",
    "reconstruct",
    "segment",
    "write_scene",
    "write_surface",
]
