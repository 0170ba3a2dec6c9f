"""The shape of a bone: a statistical model of it, how it is made, and how it is fitted to radiographs."""

from .fit import MOST_UNMET, WORST_RESIDUAL_MM, Fit, fit_shape
from .model import ShapeModel, built_in, load_shape_model, save_shape_model
from .posterior import Measure, depth_deviation, length_seen, measures, observed, uncertainty
from .shadow import shadow, shadow_outlines
from .view import Mark, View, view_from

__all__ = [
    "MOST_UNMET",
    "WORST_RESIDUAL_MM",
    "Fit",
    "Mark",
    "Measure",
    "ShapeModel",
    "View",
    "built_in",
    "depth_deviation",
    "fit_shape",
    "length_seen",
    "load_shape_model",
    "measures",
    "observed",
    "save_shape_model",
    "shadow",
    "shadow_outlines",
    "uncertainty",
    "view_from",
]
