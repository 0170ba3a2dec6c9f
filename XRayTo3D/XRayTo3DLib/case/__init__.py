"""What a user has and chooses: settings, and the bone in each view."""

from .segment import Segmentation, find_bone, find_region, segment
from .settings import METHODS, Settings

__all__ = ["METHODS", "Segmentation", "Settings", "find_bone", "find_region", "segment"]
