"""Reading radiographs: image files and DICOM, photometric meaning, pixel size and projection geometry."""

from .checks import VIEWS
from .geometry import Geometry, projection_geometry
from .grey import to_grey
from .header import Header, read_header
from .radiograph import Radiograph, calibrated
from .reading import radiograph_from_array, read_mask, read_radiograph

__all__ = [
    "VIEWS",
    "Geometry",
    "Header",
    "Radiograph",
    "calibrated",
    "projection_geometry",
    "radiograph_from_array",
    "read_header",
    "read_mask",
    "read_radiograph",
    "to_grey",
]
