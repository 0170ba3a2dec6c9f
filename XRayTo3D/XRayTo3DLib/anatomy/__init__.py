"""What is measured on bones: landmarks, axes, angles."""

from .femur import SHAFT_FRACTIONS, FemurAnatomy, measure_femur

__all__ = ["SHAFT_FRACTIONS", "FemurAnatomy", "measure_femur"]
