"""Looking at what was made: pictures of the stages and of the surface."""

from .picture import render
from .report import check_report_folder, stage_pictures, write_report

__all__ = ["check_report_folder", "render", "stage_pictures", "write_report"]
