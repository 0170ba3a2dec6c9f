"""Looking at what was made: pictures of the stages and of the surface."""

from .picture import render
from .report import stage_pictures, write_report

__all__ = ["render", "stage_pictures", "write_report"]
