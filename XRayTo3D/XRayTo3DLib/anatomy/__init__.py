"""What is measured on bones: landmarks, axes, angles."""

from .definitions import DEFINITIONS, Definition
from .femur import SHAFT_FRACTIONS, FemurAnatomy, measure_femur
from .femur_measures import femur_axes, femur_measures, femur_measures_at, femur_places
from .follow import followed
from .fracture import fracture_measures
from .leg import leg_measures, leg_measures_at, patella_places
from .measure import BoneMeasure, Places
from .tibia import tibia_axes, tibia_measures, tibia_measures_at, tibia_places

__all__ = [
    "DEFINITIONS",
    "SHAFT_FRACTIONS",
    "BoneMeasure",
    "Definition",
    "FemurAnatomy",
    "Places",
    "femur_axes",
    "femur_measures",
    "femur_measures_at",
    "femur_places",
    "followed",
    "fracture_measures",
    "leg_measures",
    "leg_measures_at",
    "measure_femur",
    "patella_places",
    "tibia_axes",
    "tibia_measures",
    "tibia_measures_at",
    "tibia_places",
]
