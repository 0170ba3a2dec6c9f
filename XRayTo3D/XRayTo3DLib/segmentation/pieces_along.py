"""Parting a bone's shadow along lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BEYOND = 0.15  # of its length, by which a line may end short of the bone's edge
_WIDTH = 3  # pixels: wide enough to part a mask whose pixels touch at corners
_LEAST = 0.03  # of the bone's shadow: a smaller part is none


def pieces_along(mask: np.ndarray, lines: Sequence[Sequence[float]]) -> list[np.ndarray] | None:
    """Part a mask along lines.

    Parameters
    ----------
    mask : (rows, columns) bool array
    lines : sequence of (x0, y0, x1, y1)
        Columns and rows of the ends of each, at the bone's edges or beyond them.

    Returns
    -------
    list of (rows, columns) bool array, or None
        One piece more than there are lines, the largest first; together they are the mask. None where the lines do not
        part it so.
    """
    import cv2
    from scipy.ndimage import distance_transform_edt

    drawn = np.zeros(mask.shape, np.uint8)
    for line in lines:
        start, end = np.asarray(line, float).reshape(2, 2)
        beyond = BEYOND * (end - start)
        ends = [tuple(np.rint(place).astype(int).tolist()) for place in (start - beyond, end + beyond)]
        cv2.line(drawn, *ends, 1, _WIDTH)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask & (drawn == 0)).astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    largest = np.argsort(-areas)[: len(lines) + 1] + 1
    if count < len(lines) + 2 or areas[largest - 1].min() < _LEAST * np.count_nonzero(mask):
        return None
    nearest = distance_transform_edt(~np.isin(labels, largest), return_distances=False, return_indices=True)
    of = labels[tuple(nearest)]
    return [mask & (of == label) for label in largest]
