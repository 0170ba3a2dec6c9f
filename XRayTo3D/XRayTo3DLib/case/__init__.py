"""What a user has and chooses: views, what is marked in them, settings; and the bone in each view."""

from ..choices import EXTENTS, FRAGMENTS, NAMED_BONES, SIDES, Finding, Making, in_words
from .case import VIEW_NUMBERS, Case, View, case_of
from .polarity import bone_bright
from .region import find_region
from .segment import (
    Segmentation,
    bones_seen,
    find_bone,
    is_same,
    segment,
    segment_again,
    segment_near,
    segment_others,
    segment_view,
)
from .settings import Marking, Patient, Settings, check_finding, check_making

__all__ = [
    "EXTENTS",
    "FRAGMENTS",
    "NAMED_BONES",
    "SIDES",
    "VIEW_NUMBERS",
    "Case",
    "Finding",
    "Making",
    "Marking",
    "Patient",
    "Segmentation",
    "Settings",
    "View",
    "bone_bright",
    "bones_seen",
    "case_of",
    "check_finding",
    "check_making",
    "find_bone",
    "find_region",
    "in_words",
    "is_same",
    "segment",
    "segment_again",
    "segment_near",
    "segment_others",
    "segment_view",
]
