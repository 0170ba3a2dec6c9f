"""Outlines: smooth polygons between the pixels, which say of each point whether an edge was seen there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

EDGE, BORDER, OVERLAP = 0, 1, 2  # flags
FLAGS = ("edge", "border", "overlap")
_FEWEST = 12  # points; a shorter outline is a speck's


@dataclass(frozen=True)
class Outline:
    """A closed line round a piece of bone, or round a hole in it.

    Attributes
    ----------
    points : (n, 2) float64 array
        Column and row; clockwise as the picture is seen round bone, anticlockwise round a hole. The first point
        follows the last one.
    flags : (n,) uint8 array
        `EDGE`: the bone's own edge; `BORDER`: the picture, a collimator or the user's region ends there, and the
        bone may go on; `OVERLAP`: another bone or metal lies there too, and the edge is weak.
    """

    points: np.ndarray
    flags: np.ndarray

    def as_json(self) -> dict:
        """The outline as JSON holds it: a flag in words for each point."""
        return {"points": np.round(self.points, 3).tolist(), "flags": [FLAGS[flag] for flag in self.flags]}


def outlines(
    field: np.ndarray, matrix: np.ndarray, border: np.ndarray, overlaps: Mapping[str, np.ndarray] | None = None
) -> tuple[Outline, ...]:
    """Outlines of where a field is above zero, the longest first.

    Parameters
    ----------
    field : (rows, columns) float array
        Smooth: the outline lies where it is zero between pixels.
    matrix : (2, 3) array
        From the picture's column and row to the field's.
    border : (rows, columns) bool array
        Where nothing can be seen; what lies beyond the field counts as such.
    overlaps : dict of str to (rows, columns) float array, optional
        Other things, above zero where they are.

    Returns
    -------
    tuple of Outline
        Found by marching squares (contourpy); their points are about a pixel of the field apart.
    """
    import cv2
    from contourpy import contour_generator

    wide = np.pad(field.astype(np.float64), 1, constant_values=min(-1.0, float(field.min())))
    blind = np.pad(border.astype(np.uint8), 3, constant_values=1)
    blind = cv2.dilate(blind, np.ones((5, 5), np.uint8))[2:-2, 2:-2]
    others = [np.pad(other > 0, 1) for other in (overlaps or {}).values()]
    made = []
    for line in contour_generator(z=wide).lines(0.0):
        if len(line) < _FEWEST:
            continue
        points = _evenly(line)
        column, row = np.rint(points).astype(int).T
        flags = np.full(len(points), EDGE, np.uint8)
        for other in others:
            flags[other[row, column]] = OVERLAP
        flags[blind[row, column] > 0] = BORDER
        turned = ((points - 1) - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
        made.append(Outline(turned, flags))
    return tuple(sorted(made, key=lambda each: -_length(each.points)))


def broken(outline: Outline, where: np.ndarray) -> tuple[Outline, np.ndarray]:
    """A fragment's outline with its broken edge flagged as a border, and where that begins and ends.

    Parameters
    ----------
    outline : Outline
    where : (n,) bool array
        Points that lie on the break. The longest stretch without any is the bone's own edge, all else is broken.

    Returns
    -------
    Outline
    (2, 2) float64 array
        Columns and rows of the broken edge's first and last point, in the outline's order; NaN where nothing, or all
        of it, is broken.
    """
    stretch = broken_stretch(where)
    if stretch is None:
        flags = np.full(len(where), BORDER, np.uint8) if where.all() else outline.flags
        return Outline(outline.points, flags), np.full((2, 2), np.nan)
    first, stop = stretch
    edge = (np.arange(len(where)) - first) % len(where) <= (stop - first) % len(where)
    return Outline(outline.points, np.where(edge, np.uint8(BORDER), outline.flags)), outline.points[[first, stop]]


def broken_stretch(where: np.ndarray) -> tuple[int, int] | None:
    """Numbers of a broken edge's first and last point, of points (n,) round a fragment of which some lie on the break.

    The longest stretch without any is the bone's own edge, all else is broken; None where nothing, or all of it, is.
    """
    if where.all() or not where.any():
        return None
    last = np.flatnonzero(where & ~np.roll(where, -1))  # before each stretch of own edge
    begins = np.flatnonzero(where & ~np.roll(where, 1))
    begins = begins[np.searchsorted(begins, last, side="right") % len(begins)]  # after it
    lengths = (begins - last) % len(where) if len(last) > 1 else np.array([len(where)])
    return int(begins[lengths.argmax()]), int(last[lengths.argmax()])


def smooth_field(mask: np.ndarray, sigma: float = 1.0) -> np.ndarray:
    """A field whose zero line runs along a mask's border, without its stairs."""
    import cv2

    return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) - np.float32(0.5)


def _evenly(line: np.ndarray) -> np.ndarray:
    """The same closed line with points that are equally far apart, about one pixel."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    count = max(_FEWEST, round(along[-1]))
    at = np.arange(count) * along[-1] / count
    return np.stack([np.interp(at, along, values) for values in line.T], axis=1)


def _length(points: np.ndarray) -> float:
    return float(np.hypot(*(points - np.roll(points, 1, axis=0)).T).sum())
