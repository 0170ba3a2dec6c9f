"""Looking at what was made: pictures of the stages and of the surface."""

from .picture import render
from .report import segmentation_pictures, stage_pictures, write_report, write_segmentation_report

__all__ = ["render", "segmentation_pictures", "stage_pictures", "write_report", "write_segmentation_report"]
