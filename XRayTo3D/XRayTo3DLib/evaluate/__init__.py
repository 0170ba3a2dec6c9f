"""Scores: image quality, and distances to a reference."""

from ..choices import ALIGNMENTS
from .compare import Comparison, align_rigid, compare, neck_shaft_angle, read_bone
from .quality import Enhancement, Quality, image_enhancement_factor, quality_without_truth, structural_similarity

__all__ = [
    "ALIGNMENTS",
    "Comparison",
    "Enhancement",
    "Quality",
    "align_rigid",
    "compare",
    "image_enhancement_factor",
    "neck_shaft_angle",
    "quality_without_truth",
    "read_bone",
    "structural_similarity",
]
