"""Reading radiographs: image files and DICOM, photometric meaning, pixel size and projection geometry."""

from .geometry import UNKNOWN, Geometry, projection_geometry
from .grey import to_grey
from .header import Header, read_header
from .identity import Identity, read_identity
from .radiograph import Radiograph, calibrated, turned
from .reading import looks_like_radiograph, radiograph_from_array, read_mask, read_radiograph
from .scale import ESTIMATED, calibrated_by_ball, calibrated_by_ruler, estimated, length_deviation

__all__ = [
    "ESTIMATED",
    "UNKNOWN",
    "Geometry",
    "Header",
    "Identity",
    "Radiograph",
    "calibrated",
    "calibrated_by_ball",
    "calibrated_by_ruler",
    "estimated",
    "length_deviation",
    "looks_like_radiograph",
    "projection_geometry",
    "radiograph_from_array",
    "read_header",
    "read_identity",
    "read_mask",
    "read_radiograph",
    "to_grey",
    "turned",
]
