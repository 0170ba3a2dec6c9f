"""From depth to a closed triangle surface, and to a file."""

from .crossing import crossing_triangles
from .decimation import FEWEST_TRIANGLES, decimate, simplify
from .distance import Distances, dice, distance_to, inside_of, surface_distances
from .field import relief_field, solid_field
from .mesh import area_and_volume, arrays, flatten_back, is_closed, isosurface, keep_largest, polydata, smooth, together
from .read import read_surface
from .surface import GREY, OBSERVED, OVER_FILM, UNCERTAINTY, Surface, with_observed, with_point_data
from .trim import cut_in_two, trimmed
from .write import SUFFIXES, check_surface_path, write_surface

__all__ = [
    "FEWEST_TRIANGLES",
    "GREY",
    "OBSERVED",
    "OVER_FILM",
    "SUFFIXES",
    "UNCERTAINTY",
    "Distances",
    "Surface",
    "area_and_volume",
    "arrays",
    "check_surface_path",
    "crossing_triangles",
    "cut_in_two",
    "decimate",
    "dice",
    "distance_to",
    "flatten_back",
    "inside_of",
    "is_closed",
    "isosurface",
    "keep_largest",
    "polydata",
    "read_surface",
    "relief_field",
    "simplify",
    "smooth",
    "solid_field",
    "surface_distances",
    "together",
    "trimmed",
    "with_observed",
    "with_point_data",
    "write_surface",
]
