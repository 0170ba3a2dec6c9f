"""What a user says of a fracture: a line along it, a region round it, a click on each piece. The parting follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import ReconstructionError
from .found import Bone
from .fracture_line import check_fracture_line, split_along
from .fragments import Fragments, described, look
from .parting import Told, parted
from .region import region_of

PIECES = 2  # that a shape is fitted to
_SAME = 1.0  # pixels: clicks closer than that are at one place
_STEPS = 200  # along a line, at which it is looked whether a region holds it


@dataclass(frozen=True)
class FractureMarks:
    """Marks of a fracture in a picture; each may be missing.

    Attributes
    ----------
    line : (x0, y0, x1, y1) or None
        Along the fracture, from one edge of the bone to the other.
    box : (x0, y0, x1, y1) or None
        Round the fracture.
    polygon : sequence of (x, y) or None
        Round the fracture; with a box, it lies in what they share.
    pieces : sequence of (x, y) or None
        A place on each of the two pieces.
    """

    line: Sequence[float] | None = None
    box: Sequence[float] | None = None
    polygon: Sequence[Sequence[float]] | None = None
    pieces: Sequence[Sequence[float]] | None = None

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(each is not None for each in vars(self).values())

    def region(self, shape: tuple[int, int]) -> np.ndarray:
        """Where the fracture is (rows, columns) in a picture of that shape: all of it, where nothing is told."""
        return region_of(shape, self.box, self.polygon)


def check_fracture_marks(marks: FractureMarks) -> None:
    """Raise ReconstructionError for marks that mean nothing, whatever the picture is."""
    check_fracture_line(marks.line)
    if marks.pieces is None:
        return
    places = [np.asarray(place, float) for place in marks.pieces]
    for place in places:
        if place.shape != (2,) or not np.isfinite(place).all():
            raise ReconstructionError(f"A click on a piece needs a column and a row, not {place.tolist()}.")
    if len(places) != PIECES:
        raise ReconstructionError(
            f"Clicks on pieces of the fracture: {len(places)}, but a bone is made in {PIECES}: click once on each of "
            f"{PIECES} pieces, of a bone in more on the two that matter most."
        )
    if np.linalg.norm(places[0] - places[1]) < _SAME:
        raise ReconstructionError("Both clicks on pieces are at one place: click once on each piece.")


def fragments_as_marked(pixels: np.ndarray, bone: Bone, marks: FractureMarks) -> Fragments:
    """Part a bone that was found as a user marked its fracture.

    A line parts it as it runs. Otherwise the breaks network says where in the region, or between the clicks, it is
    broken most likely, whether it would have called it broken or not.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
        The picture, bone bright.
    bone : Bone
        From `find_bone`.
    marks : FractureMarks

    Returns
    -------
    Fragments

    Raises
    ------
    ReconstructionError
        If a mark lies outside the picture or the bone, marks contradict each other, or the bone cannot be parted so.
    """
    region = marks.region(bone.mask.shape)
    _check_on(bone.mask, region, marks)
    if marks.line is not None:
        found = split_along(bone, marks.line)
        _check_line(found, region, marks)
        return found
    seen = look(pixels, bone)
    if seen is None:
        raise ReconstructionError(
            "No network was asked for this bone that knows breaks of it: draw a line along the fracture in the place "
            "of clicks on pieces or a region round it."
        )
    told = Told(seen.window.cut_mask(region), _in_window(marks.pieces, seen.window.matrix))
    parting = parted(seen, seen.window.cut_mask(bone.mask), told)
    fragments = None if parting is None else described(seen, bone, parting, 1.0, marked=True)
    if fragments is None:
        raise ReconstructionError(
            "Where the fracture is marked the bone cannot be parted in two: leave some of the bone outside of the "
            "region on both sides, click on pieces on both sides of the fracture, or draw a line along it."
        )
    return fragments


def _in_window(pieces: Sequence[Sequence[float]] | None, matrix: np.ndarray) -> np.ndarray:
    places = np.asarray(pieces or (), float).reshape(-1, 2)
    return places @ matrix[:, :2].T + matrix[:, 2]


def _check_on(mask: np.ndarray, region: np.ndarray, marks: FractureMarks) -> None:
    """Refuse clicks that are not on the bone, and a region that holds none of it."""
    rows, columns = mask.shape
    for x, y in marks.pieces or ():
        column, row = round(x), round(y)
        if not (0 <= column < columns and 0 <= row < rows):
            raise ReconstructionError(
                f"The click on a piece at {x:g} {y:g} lies outside the picture ({columns} columns x {rows} rows)."
            )
        if not mask[row, column]:
            raise ReconstructionError(
                f"The click on a piece at {x:g} {y:g} is not on the bone that was found: click on the bone, or mark "
                "the bone itself there with a click or a mask."
            )
    if not (mask & region).any():
        raise ReconstructionError("The region round the fracture holds nothing of the bone that was found.")


def _check_line(found: Fragments, region: np.ndarray, marks: FractureMarks) -> None:
    """Refuse a line that does not run through the region, or has both pieces on one side."""
    start, end = np.reshape(found.line, (2, 2))
    along = np.rint(start + np.linspace(0, 1, _STEPS)[:, None] * (end - start)).astype(int)
    inside = along[((along >= 0) & (along < region.shape[::-1])).all(axis=1)]
    if not region[inside[:, 1], inside[:, 0]].any():
        raise ReconstructionError("The line along the fracture does not run through the region round it.")
    if marks.pieces is not None:
        (one, other) = (found.upper[round(y), round(x)] for x, y in marks.pieces)
        if one == other:
            raise ReconstructionError("Both clicks on pieces are on one side of the line along the fracture.")
