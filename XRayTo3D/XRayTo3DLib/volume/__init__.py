"""A bone from calibrated views by a network that sees them carried along their rays into a grid in the patient."""

from .bone import Made, bone_of, factor_of
from .features import FEATURES, features
from .grid import SHAPE, Grid, Seen, grid_round
from .network import OUTPUTS, SHIPPED, load_volume, said

__all__ = [
    "FEATURES",
    "OUTPUTS",
    "SHAPE",
    "SHIPPED",
    "Grid",
    "Made",
    "Seen",
    "bone_of",
    "factor_of",
    "features",
    "grid_round",
    "load_volume",
    "said",
]
