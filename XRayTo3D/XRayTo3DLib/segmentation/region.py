"""Region of interest: the part of the picture that the user marked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import ReconstructionError

_MARKED = 0.9  # of the picture: a smaller region was marked by somebody


def box_region(shape: tuple[int, int], box: Sequence[float]) -> np.ndarray:
    """Pixels inside a box.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the picture.
    box : (x0, y0, x1, y1)
        Two opposite corners as column and row; both corner pixels belong to the box. Parts outside the
        picture are cut off.

    Returns
    -------
    (rows, columns) bool array

    Examples
    --------
    >>> box_region((2, 4), (1, 0, 2, 5)).astype(int)
    array([[0, 1, 1, 0],
           [0, 1, 1, 0]])

    Raises
    ------
    ReconstructionError
        If the box has no pixel of the picture, or a corner is not a finite number.
    """
    corners = np.asarray(box, float)
    if corners.shape != (4,) or not np.isfinite(corners).all():
        raise ReconstructionError(f"The region of interest needs four numbers X0 Y0 X1 Y1, not {box!r}.")
    x0, x1 = sorted(corners[[0, 2]])
    y0, y1 = sorted(corners[[1, 3]])
    region = np.zeros(shape, bool)
    region[max(0, round(y0)) : max(0, round(y1) + 1), max(0, round(x0)) : max(0, round(x1) + 1)] = True
    _check_not_empty(region, f"box {x0:g} {y0:g} {x1:g} {y1:g}")
    return region


def polygon_region(shape: tuple[int, int], polygon: Sequence[Sequence[float]]) -> np.ndarray:
    """Pixels inside a closed polygon, its border included.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the picture.
    polygon : (n, 2) array
        Corners as column and row, n >= 3.

    Returns
    -------
    (rows, columns) bool array

    Raises
    ------
    ReconstructionError
        If there are fewer than three corners, its sides cross, or none of the picture lies inside.
    """
    import cv2
    from shapely import Polygon

    corners = np.asarray(polygon, float)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3 or not np.isfinite(corners).all():
        raise ReconstructionError("A polygon needs three corners or more, each with a column and a row.")
    if not Polygon(corners).is_valid:
        raise ReconstructionError("The polygon crosses or touches itself: go round the bone once.")
    # Corners far outside are kept within what OpenCV's fixed-point coordinates can hold.
    corners = np.clip(corners, -1e5, 1e5)
    region = np.zeros(shape, np.uint8)
    cv2.fillPoly(region, [np.round(corners * 16).astype(np.int32)], 1, shift=4)
    region = region.astype(bool)
    _check_not_empty(region, "polygon")
    return region


def region_of(
    shape: tuple[int, int], box: Sequence[float] | None, polygon: Sequence[Sequence[float]] | None
) -> np.ndarray:
    """Pixels (rows, columns) in what a box and a polygon share, as far as they are given: see these."""
    region = np.ones(shape, bool)
    if box is not None:
        region &= box_region(shape, box)
    if polygon is not None:
        region &= polygon_region(shape, polygon)
    return region


def mask_region(shape: tuple[int, int], mask: np.ndarray) -> np.ndarray:
    """Pixels that are not zero in `mask`, an array of the picture's own size.

    Raises
    ------
    ReconstructionError
        If the mask has another size or marks nothing.
    """
    mask = np.asarray(mask)
    if mask.shape != tuple(shape):
        found = " x ".join(str(n) for n in mask.shape)
        raise ReconstructionError(
            f"The mask has {found} pixels (rows x columns) but the picture has {shape[0]} x {shape[1]}: "
            "draw it on the picture itself."
        )
    region = mask != 0
    _check_not_empty(region, "mask")
    return region


def bounding_box(region: np.ndarray, margin: int = 0) -> tuple[slice, slice]:
    """Rows and columns (slices) of the smallest box round the true pixels, grown by `margin` pixels."""
    rows = np.flatnonzero(region.any(axis=1))
    columns = np.flatnonzero(region.any(axis=0))
    return (
        slice(max(0, rows[0] - margin), min(region.shape[0], rows[-1] + 1 + margin)),
        slice(max(0, columns[0] - margin), min(region.shape[1], columns[-1] + 1 + margin)),
    )


def corners(region: np.ndarray) -> np.ndarray:
    """Corners (low, high) of the box round the true pixels, (2, 2) columns and rows: the outer edges of its pixels."""
    rows, columns = bounding_box(region)
    return np.array([(columns.start, rows.start), (columns.stop, rows.stop)]) - 0.5


def _check_not_empty(region: np.ndarray, what: str) -> None:
    if not region.any():
        raise ReconstructionError(
            f"The {what} marks no pixel of the picture ({region.shape[1]} columns x {region.shape[0]} rows)."
        )


def is_marked(region: np.ndarray) -> bool:
    """Whether a region is so much smaller than its picture that somebody marked it."""
    return bool(np.count_nonzero(region) < _MARKED * region.size)
