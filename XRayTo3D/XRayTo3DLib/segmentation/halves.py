"""Parting a bone's shadow along a line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BEYOND = 0.15  # of its length, by which a line may end short of the bone's edge
_WIDTH = 3  # pixels: wide enough to part a mask whose pixels touch at corners
_LEAST = 0.03  # of the bone's shadow: a smaller part is none


def halves(mask: np.ndarray, line: Sequence[float]) -> tuple[np.ndarray, np.ndarray] | None:
    """Part a mask along a line.

    Parameters
    ----------
    mask : (rows, columns) bool array
    line : (x0, y0, x1, y1)
        Columns and rows of its ends, at the bone's edges or beyond them.

    Returns
    -------
    (rows, columns) bool array, twice, or None
        Both parts; together they are the mask. None where the line does not part it.
    """
    import cv2
    from scipy.ndimage import distance_transform_edt

    start, end = np.asarray(line, float).reshape(2, 2)
    beyond = BEYOND * (end - start)
    drawn = np.zeros(mask.shape, np.uint8)
    ends = [tuple(np.rint(place).astype(int).tolist()) for place in (start - beyond, end + beyond)]
    cv2.line(drawn, *ends, 1, _WIDTH)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask & (drawn == 0)).astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    largest = np.argsort(-areas)[:2] + 1
    if count < 3 or areas[largest - 1].min() < _LEAST * np.count_nonzero(mask):
        return None
    nearest = distance_transform_edt(~np.isin(labels, largest), return_distances=False, return_indices=True)
    of = labels[tuple(nearest)]
    return mask & (of == largest[0]), mask & (of == largest[1])
