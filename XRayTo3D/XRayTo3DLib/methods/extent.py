"""Which part of a fitted bone was seen: what the pictures' borders cut off is a usual bone's, and is left out."""

from __future__ import annotations

import numpy as np

from .fitted import Fitted

_END = 0.05  # of the length: as near to a bone's end, the end was seen


def seen_between(fitted: Fitted) -> tuple[float, float]:
    """From where to where on the bone outlines were seen and met, as shares of its length; its ends are 0 and 1."""
    heights = fitted.fit.model.heights[fitted.observed]
    if not len(heights):
        return 0.0, 1.0
    low, high = float(heights.min()), float(heights.max())
    return (0.0 if low < _END else low), (1.0 if high > 1 - _END else high)


def border_planes(fitted: Fitted) -> list[tuple[np.ndarray, float]]:
    """Planes across the bone at the ends of what was seen: (normal, offset), the seen part in front of them.

    They stand in the patient (LPS, mm). An end of the bone that was seen has none.
    """
    fit, (low, high) = fitted.fit, seen_between(fitted)
    placed = np.column_stack([fit.points, np.ones(len(fit.points))])
    *rise, start = np.linalg.lstsq(placed, fit.model.heights, rcond=None)[0]  # height is nearly linear in space
    steep = float(np.linalg.norm(rise))
    up = np.array(rise) / steep
    planes = [(up, (low - start) / steep)] if low > 0 else []
    return planes + ([(-up, -(high - start) / steep)] if high < 1 else [])
