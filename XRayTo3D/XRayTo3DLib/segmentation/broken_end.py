"""Where the outline of a broken shaft's fragment runs across its broken end."""

from __future__ import annotations

import numpy as np

_REACH = 2.5  # shaft's widths round a break: so far the fragment's end is looked for
_ALONG = np.cos(np.radians(20.0))  # between an outline and the shaft: less than so far it runs along it
_WIDE = 0.5  # of the shaft's width: a narrower end is none
_RUN = 0.15  # of the width: so far it must do so


def broken_end(points: np.ndarray, own: np.ndarray, mask: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Which points of a fragment's outline lie on its broken end.

    From the outline's farthest point along the shaft, both ways, until the outline runs along the shaft, or comes to
    the seam between the fragments: where these lie beside each other the seam is no end. If what is found is too narrow
    for an end of the shaft, the seam is a part of it.

    Parameters
    ----------
    points : (n, 2) array
        Columns and rows of the outline, about a pixel apart.
    own : (n,) bool array
        Which of them lie on the outline of the whole bone, and not on the seam.
    mask : (rows, columns) bool array
        The fragment.
    line : (2, 2) array
        Ends of a line that parts it from the other fragment.

    Returns
    -------
    (n,) bool array
    """
    import cv2

    near, reach = line.mean(axis=0), np.linalg.norm(line[1] - line[0])
    rows, columns = np.nonzero(mask)
    inside = np.column_stack([columns, rows]).astype(float)
    away = np.linalg.norm(inside - near, axis=1)
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)[mask]
    widest = 2 * float(depth[away <= max(reach, away.min() + 2)].max())
    end = inside[away < away.min() + _REACH * widest]
    shaft = np.linalg.eigh(np.cov(end.T))[1][:, -1]
    shaft = shaft * np.sign(shaft @ (near - inside.mean(axis=0)))
    level = np.rint(end @ shaft).astype(int)
    width = float(np.median(np.bincount(level - level.min())))
    step = max(2, round(_RUN * width / 2))
    ahead = np.roll(points, -step, axis=0) - np.roll(points, step, axis=0)
    along = np.abs(ahead @ shaft) / np.maximum(np.linalg.norm(ahead, axis=1), 1e-9) > _ALONG
    close = np.linalg.norm(points - near, axis=1) < away.min() + _REACH * width
    tip = int(np.where(close, points @ shaft, -np.inf).argmax())
    on_end = _walked(tip, along | ~own, 2 * step)
    across = points[on_end] @ [-shaft[1], shaft[0]]
    return on_end if np.ptp(across) > _WIDE * width else _walked(tip, along, 2 * step)


def _walked(tip: int, along: np.ndarray, run: int) -> np.ndarray:
    """Points of a closed line from one on, both ways, to where so many in a row run along the shaft."""
    on_end = np.zeros(len(along), bool)
    for way in (1, -1):
        walked = (tip + way * np.arange(len(along) // 2)) % len(along)
        runs = np.convolve(along[walked], np.ones(run), "full")[run - 1 :] >= run  # from there on
        on_end[walked[: int(runs.argmax()) + 1]] = True
    return on_end
