"""Clicks on what a network answers: they have the last word where they are."""

from __future__ import annotations

import numpy as np

from .seeds import Seeds

_PUSH, _PUSH_REACH = 6.0, np.array([0.015, 0.06])  # the logit at a click, and how far it reaches, in window diagonals


def pushed(logit: np.ndarray, clicks: Seeds) -> np.ndarray:
    """Logits that a click has the last word on, at its place and half way to where the answer changes."""
    import cv2

    rows, columns = np.indices(logit.shape, np.float32)
    least, most = _PUSH_REACH * np.hypot(*logit.shape)
    for points, sign in ((clicks.include, 1), (clicks.exclude, -1)):
        wrong = np.pad((sign * logit <= 0).astype(np.uint8), 1)
        depth = cv2.distanceTransform(wrong, cv2.DIST_L2, 5)[1:-1, 1:-1]
        for x, y in points:
            at = pixel_at(logit, x, y)
            reach = min(max(0.5 * float(depth[at]), least), most)
            near = np.exp(((columns - x) ** 2 + (rows - y) ** 2) / np.float32(-2 * reach**2))
            # Enough to turn the answer at the click, whatever it was.
            logit = logit + sign * near * max(_PUSH - sign * float(logit[at]), 0)
    return logit


def pixel_at(array: np.ndarray, x: float, y: float) -> tuple[int, int]:
    """Row and column of the pixel at or nearest to a place, given as column and row."""
    rows, columns = array.shape
    return min(max(round(y), 0), rows - 1), min(max(round(x), 0), columns - 1)
