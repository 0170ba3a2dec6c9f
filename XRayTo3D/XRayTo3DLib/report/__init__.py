"""The report: a page with the stages, the numbers, what was observed, and the surface to be turned."""

from .page import write_report, write_segmentation_report
from .picture import render
from .stages import segmentation_pictures, stage_pictures
from .view3d import surface_view

__all__ = [
    "render",
    "segmentation_pictures",
    "stage_pictures",
    "surface_view",
    "write_report",
    "write_segmentation_report",
]
