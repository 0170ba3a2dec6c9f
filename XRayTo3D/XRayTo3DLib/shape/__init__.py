"""The shape of a bone: a statistical model of it, how it is made, and how it is fitted to radiographs."""

from .anchor import Anchor, between
from .break_frame import BreakFrame
from .broken_fit import BrokenFit
from .displaced import break_frames, displacements, to_reduced
from .facts import Facts, impossible, informed, side_of_other
from .fit import MOST_UNMET, WORST_RESIDUAL_MM, Fit, fit_shape, residual
from .fragment_seen import Ends, Fragment
from .fragments import fit_fragments
from .heights import Heights
from .measured import Measure, leg_measures, measures
from .model import BUILT_IN_BONES, ShapeModel, built_in, load_shape_model, save_shape_model
from .next_view import PARTS, NextView, next_views
from .pelvis import hip_alone
from .posterior import depth_deviation, length_seen, moves_of, observed, scale_deviation, uncertainty
from .shadow import shadow, shadow_outlines
from .solve import State, moved
from .view import SECOND_VIEW, Mark, View, view_from

__all__ = [
    "BUILT_IN_BONES",
    "MOST_UNMET",
    "PARTS",
    "SECOND_VIEW",
    "WORST_RESIDUAL_MM",
    "Anchor",
    "BreakFrame",
    "BrokenFit",
    "Ends",
    "Facts",
    "Fit",
    "Fragment",
    "Heights",
    "Mark",
    "Measure",
    "NextView",
    "ShapeModel",
    "State",
    "View",
    "between",
    "break_frames",
    "built_in",
    "depth_deviation",
    "displacements",
    "fit_fragments",
    "fit_shape",
    "hip_alone",
    "impossible",
    "informed",
    "leg_measures",
    "length_seen",
    "load_shape_model",
    "measures",
    "moved",
    "moves_of",
    "next_views",
    "observed",
    "residual",
    "save_shape_model",
    "scale_deviation",
    "shadow",
    "shadow_outlines",
    "side_of_other",
    "to_reduced",
    "uncertainty",
    "view_from",
]
