"""Reading radiographs: image files and DICOM, photometric meaning, pixel size and projection geometry."""

from .grey import to_grey
from .header import Header, read_header
from .radiograph import Radiograph
from .reading import radiograph_from_array, read_mask, read_radiograph

__all__ = ["Header", "Radiograph", "radiograph_from_array", "read_header", "read_mask", "read_radiograph", "to_grey"]
