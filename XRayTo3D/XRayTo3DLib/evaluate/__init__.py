"""Looking at what was made, and measuring it: pictures, the report, image quality, distances to a reference."""

from .compare import ALIGNMENTS, Comparison, align_rigid, compare, neck_shaft_angle, read_bone
from .picture import render
from .quality import Enhancement, Quality, image_enhancement_factor, quality_without_truth, structural_similarity
from .report import write_report, write_segmentation_report
from .stages import segmentation_pictures, stage_pictures
from .view3d import surface_view

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
    "render",
    "segmentation_pictures",
    "stage_pictures",
    "structural_similarity",
    "surface_view",
    "write_report",
    "write_segmentation_report",
]
