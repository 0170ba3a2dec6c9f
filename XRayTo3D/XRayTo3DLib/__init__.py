"""XRayTo3D: closed 3D bone surfaces in millimetres from X-rays. The engine, without Slicer or Qt."""

from .errors import Cancelled, RadiographError, ReconstructionError
from .pipeline import Reconstruction, Settings, estimate_depth, find_layers, find_region, generate_surface, reconstruct
from .radiograph import Radiograph, radiograph_from_array, read_radiograph
from .surface import write_surface
from .version import __version__

__all__ = [
    "Cancelled",
    "Radiograph",
    "RadiographError",
    "Reconstruction",
    "ReconstructionError",
    "Settings",
    "__version__",
    "estimate_depth",
    "find_layers",
    "find_region",
    "generate_surface",
    "radiograph_from_array",
    "read_radiograph",
    "reconstruct",
    "write_surface",
]
