"""Which part of a fitted bone was seen: what the pictures' borders cut off is a usual bone's, and is left out."""

from __future__ import annotations

import numpy as np

from .. import shape
from ..shape import Fit

MOST_OF_IT = 0.8  # of a bone's length: where less was seen, the seen part is the answer
_END = 0.05  # of the length: as near to a bone's end, the end was seen


def seen_between(fit: Fit) -> tuple[float, float]:
    """From where to where on the bone outlines were seen and met, as shares of its length; its ends are 0 and 1."""
    heights = _heights(fit)[shape.observed(fit)]
    if not len(heights):
        return 0.0, 1.0
    low, high = float(heights.min()), float(heights.max())
    return (0.0 if low < _END else low), (1.0 if high > 1 - _END else high)


def border_planes(fit: Fit) -> list[tuple[np.ndarray, float]]:
    """Planes across the bone at the ends of what was seen: (normal, offset), the seen part in front of them.

    They stand in the patient (LPS, mm). An end of the bone that was seen has none.
    """
    low, high = seen_between(fit)
    placed = np.column_stack([fit.points, np.ones(len(fit.points))])
    *rise, start = np.linalg.lstsq(placed, _heights(fit), rcond=None)[0]  # height is nearly linear in space
    steep = float(np.linalg.norm(rise))
    up = np.array(rise) / steep
    planes = [(up, (low - start) / steep)] if low > 0 else []
    return planes + ([(-up, -(high - start) / steep)] if high < 1 else [])


def _heights(fit: Fit) -> np.ndarray:
    """Heights (n,) of the model's points on the bone, 0 to 1."""
    along = fit.model.mean[:, 2]
    return (along - along.min()) / np.ptp(along)
