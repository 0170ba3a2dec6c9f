"""A hip bone in the outline of a pelvis: what lies between the two hip bones is not the edge of either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .fit import Fit, fit_shape
from .shadow import shadow_outlines
from .view import View, to_mm

_MEDIAL = 1 / 3  # of a hip bone's points, the nearest to the patient's middle plane: symphysis and sacroiliac joint
_OWN_MM = 4.0  # outside of its shadow: what is nearer may be its own edge all the same
_ROUNDS = 3


def hip_alone(fit: Fit, views: Sequence[View]) -> Fit:
    """Fit a hip bone to its own edges alone, where its outlines are those of a pelvis.

    The networks see a pelvis as one bone: what they draw of one side of it has edges of sacrum and coccyx as well.
    These lie between the hip bone and its mirror image, off its shadow; none of its own do.

    Parameters
    ----------
    fit : Fit
        To all of the outlines.
    views : sequence of View
        As they were before that fit.

    Returns
    -------
    Fit
    """
    for _ in range(_ROUNDS):
        own = [
            replace(view, weights=np.where(_between(fit, there), 0.0, view.weights))
            for view, there in zip(views, fit.views, strict=True)
        ]
        again = fit_shape([(fit.model, own)], fit.free_scale, begin=fit.state)
        fit = replace(again, arrangement=fit.arrangement)
    return fit


def _between(fit: Fit, view: View) -> np.ndarray:
    """Which points (m,) of a view's outline lie between a fitted hip bone and its mirror image, off its own shadow."""
    import cv2

    outlines = shadow_outlines(fit, view)
    if not outlines:
        return np.zeros(len(view.points), bool)

    def inside_mm(line: np.ndarray) -> np.ndarray:
        line = line.astype(np.float32)[:, None]
        return np.array([cv2.pointPolygonTest(line, tuple(map(float, at)), True) for at in view.points])

    own = max((to_mm(view.camera, outline.points) for outline in outlines), key=len)
    middle = fit.state.placed(fit.model, fit.model.landmarks_at(fit.state.weights)["symphysis"][None])[0]
    across = fit.state.rotation[:, 0]
    away = (fit.points - middle) @ across
    medial = np.abs(away) <= np.quantile(np.abs(away), _MEDIAL)
    mirrored = fit.points - 2 * away[:, None] * across
    both = view.camera.project(np.concatenate([fit.points[medial], mirrored]))[0]
    hull = cv2.convexHull(to_mm(view.camera, both).astype(np.float32))[:, 0]
    return (inside_mm(hull) > 0) & (inside_mm(own) < -_OWN_MM)
