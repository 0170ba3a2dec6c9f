"""Which further view would make a fit surest: what outlines of the fitted bone would tell, were they seen."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import ReconstructionError
from ..geometry.camera import Camera
from ..geometry.outline import outlines, smooth_field
from ..geometry.stand import Stand
from .fit import Fit
from .posterior import uncertainty
from .shadow import shadow
from .solve import step
from .view import SECOND_VIEW, View, view_from

VIEWS = {"AP": 0.0, "lateral": 90.0, "45 degrees": 45.0}
PARTS = {"whole": (0.0, 1.0), "proximal": (0.55, 1.0), "distal": (0.0, 0.45)}  # shares of the bone's length
_SOD_MM, _SID_MM, _PIXEL_MM = 1000.0, 1150.0, 1.0
_MARGIN_MM = 15.0
_REACH_MM = 2.0
_AS_GOOD = 1.03  # a part's picture that leaves so much more is as good as one of the whole bone


@dataclass(frozen=True)
class NextView:
    """A view that may be taken.

    Attributes
    ----------
    view : {"AP", "lateral", "45 degrees"}
        Of the bone itself, however the patient lies.
    part : {"whole", "proximal", "distal"}
    uncertainty_mm : float
        The mean standard deviation that the surface's points would have.
    """

    view: str
    part: str
    uncertainty_mm: float


def next_views(fit: Fit, parts: Sequence[str] = ("whole",)) -> list[NextView]:
    """Views that may be taken, the best first.

    A view is judged by the information that the outline of the fitted bone would add there, as the fit would take it:
    nearly where it is said to stand. What it would change of the bone is not known, and not needed.

    Parameters
    ----------
    fit : Fit
    parts : sequence of {"whole", "proximal", "distal"}
        A picture of a part is put before one of the whole bone that is hardly better.
    """
    found = []
    for (name, turn), part in itertools.product(VIEWS.items(), parts):
        with contextlib.suppress(ReconstructionError):  # too little of a small bone to see
            expected = _with_view(fit, _seen(fit, turn, *PARTS[part]))
            found.append(NextView(name, part, float(uncertainty(expected).mean())))
    return sorted(found, key=lambda each: each.uncertainty_mm * (_AS_GOOD if each.part == "whole" else 1.0))


def _with_view(fit: Fit, view: View) -> Fit:
    """A fit as sure as it would be with a further view that meets it."""
    shifts = np.zeros((len(fit.views) + 1, 6))  # the fit's views stand where it found them
    state, views = replace(fit.state, shifts=shifts), (*fit.views, view)
    information = step(fit.model, fit.mesh, views, state, len(state.weights), _REACH_MM, free_scale=fit.free_scale)[1]
    return replace(fit, views=views, state=state, information=information)


def _seen(fit: Fit, turn_deg: float, low: float, high: float) -> View:
    """A view of the fitted bone from the front, turned to its side, that shows it from one height to another."""
    camera = _camera(fit, turn_deg, low, high)
    mask = shadow(camera, fit.points, fit.model.faces)
    lines = outlines(smooth_field(mask), np.eye(2, 3), np.zeros(mask.shape, bool))
    return view_from(camera, lines, **SECOND_VIEW)


def _camera(fit: Fit, turn_deg: float, low: float, high: float) -> Camera:
    own = (fit.points - fit.state.translation) @ fit.state.rotation  # as the model stands
    heights = fit.model.heights
    part = own[(heights >= low) & (heights <= high)]
    bottom, top = part.min(axis=0), part.max(axis=0)
    across = np.linalg.norm(np.ptp(part[:, :2], axis=0)) / 2 + _MARGIN_MM
    margins = [_MARGIN_MM if low == 0 else 0.0, _MARGIN_MM if high == 1 else 0.0]
    along = [bottom[2] - margins[0], top[2] + margins[1]]
    enlarged = _SID_MM / _SOD_MM / _PIXEL_MM
    shape = tuple(int(np.ceil(enlarged * length)) for length in (along[1] - along[0], 2 * across))
    center = [*(bottom[:2] + top[:2]) / 2, np.mean(along)]
    turn = turn_deg if fit.model.side != "right" else -turn_deg
    camera = Stand(turn).camera(np.array(center), shape, (_PIXEL_MM, _PIXEL_MM), _SID_MM, _SOD_MM)
    to_own = np.eye(4)
    to_own[:3, :3] = fit.state.rotation.T
    to_own[:3, 3] = -fit.state.rotation.T @ fit.state.translation
    return replace(camera, from_lps=camera.from_lps @ to_own)
