"""From depth to a closed triangle surface, and to a file."""

from .crossing import crossing_triangles
from .decimation import FEWEST_TRIANGLES, decimate, simplify
from .field import relief_field, solid_field
from .mesh import area_and_volume, arrays, flatten_back, is_closed, isosurface, keep_largest, polydata, smooth
from .read import read_surface
from .surface import OBSERVED, Surface, with_observed
from .write import SUFFIXES, check_surface_path, write_surface

__all__ = [
    "FEWEST_TRIANGLES",
    "OBSERVED",
    "SUFFIXES",
    "Surface",
    "area_and_volume",
    "arrays",
    "check_surface_path",
    "crossing_triangles",
    "decimate",
    "flatten_back",
    "is_closed",
    "isosurface",
    "keep_largest",
    "polydata",
    "read_surface",
    "relief_field",
    "simplify",
    "smooth",
    "solid_field",
    "with_observed",
    "write_surface",
]
