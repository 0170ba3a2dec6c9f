"""What a user says of a fracture: lines along it, a region round it, a click on each piece. The parting follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

from ..errors import ReconstructionError
from .found import Bone
from .fracture_line import check_fracture_line, split_along
from .fragments import Fragments, described, look
from .network.breaks import Break
from .network.channels import HEAT_STRIDE
from .parting import Told, parted
from .region import region_of

MOST_PIECES = 4  # that a shape is fitted to
_SAME = 1.0  # pixels: clicks closer than that are at one place
_NUMBERS = {1: "two", 2: "three", 3: "four"}  # of pieces, by breaks
_STEPS = 200  # along a line, at which it is looked whether a region holds it


@dataclass(frozen=True)
class FractureMarks:
    """Marks of a fracture in a picture; each may be missing.

    Attributes
    ----------
    line : (x0, y0, x1, y1), sequence of such lines, or None
        Along the fracture, from one edge of the bone to the other: one line for each break, three at most.
    box : (x0, y0, x1, y1) or None
        Round the fracture.
    polygon : sequence of (x, y) or None
        Round the fracture; with a box, it lies in what they share.
    pieces : sequence of (x, y) or None
        A place on each of the pieces, two to four.
    """

    line: Sequence[float] | Sequence[Sequence[float]] | None = None
    box: Sequence[float] | None = None
    polygon: Sequence[Sequence[float]] | None = None
    pieces: Sequence[Sequence[float]] | None = None

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(each is not None for each in vars(self).values())

    @property
    def lines(self) -> list[Sequence[float]]:
        """The lines, however many there are."""
        if self.line is None:
            return []
        return list(self.line) if len(self.line) and np.ndim(self.line[0]) else [self.line]

    def region(self, shape: tuple[int, int]) -> np.ndarray:
        """Where the fracture is (rows, columns) in a picture of that shape: all of it, where nothing is told."""
        return region_of(shape, self.box, self.polygon)


def check_fracture_marks(marks: FractureMarks) -> None:
    """Raise ReconstructionError for marks that mean nothing, whatever the picture is."""
    for line in marks.lines:
        check_fracture_line(line)
    if len(marks.lines) >= MOST_PIECES:
        raise ReconstructionError(
            f"Lines along the fracture: {len(marks.lines)}, but a bone is made in {MOST_PIECES} pieces at most, which "
            f"{MOST_PIECES - 1} lines part: draw those that matter most."
        )
    if marks.pieces is None:
        return
    places = [np.asarray(place, float) for place in marks.pieces]
    for place in places:
        if place.shape != (2,) or not np.isfinite(place).all():
            raise ReconstructionError(f"A click on a piece needs a column and a row, not {place.tolist()}.")
    if not 2 <= len(places) <= MOST_PIECES:
        raise ReconstructionError(
            f"Clicks on pieces of the fracture: {len(places)}, but a bone is made in 2 to {MOST_PIECES}: click once on "
            "each piece, of a bone in more on those that matter most."
        )
    if min(np.linalg.norm(one - other) for one, other in combinations(places, 2)) < _SAME:
        raise ReconstructionError("Two clicks on pieces are at one place: click once on each piece.")
    if marks.lines and len(places) != len(marks.lines) + 1:
        raise ReconstructionError(
            f"Lines along the fracture: {len(marks.lines)}, clicks on its pieces: {len(places)}. Lines part a bone in "
            "one piece more than there are: click once on each, or leave the clicks out."
        )


def fragments_as_marked(pixels: np.ndarray, bone: Bone, marks: FractureMarks) -> Fragments:
    """Part a bone that was found as a user marked its fracture.

    Lines part it as they run. Otherwise the breaks network says where in the region, or between the clicks, it is
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
    if marks.lines:
        found = split_along(bone, marks.lines)
        _check_lines(found, region, marks)
        return found
    seen = look(pixels, bone)
    if seen is None:
        raise ReconstructionError(
            "No network was asked for this bone that knows breaks of it: draw a line along the fracture in the place "
            "of clicks on pieces or a region round it."
        )
    inside = seen.window.cut_mask(bone.mask)
    places = _downwards(_in_window(marks.pieces, seen.window.matrix), seen)
    partings = [parted(seen, inside, told) for told in _between(places, seen.window.cut_mask(region))]
    fragments = None if None in partings else described(seen, bone, partings, 1.0, marked=True)
    if fragments is None or (len(partings) > 1 and not _each_has_one(fragments, marks)):
        raise ReconstructionError(
            f"Where the fracture is marked the bone cannot be parted in {_NUMBERS[len(partings)]}: leave some of the "
            "bone outside of the region on both sides, click on pieces on both sides of the fracture, or draw a line "
            "along it."
        )
    return fragments


def _in_window(pieces: Sequence[Sequence[float]] | None, matrix: np.ndarray) -> np.ndarray:
    places = np.asarray(pieces or (), float).reshape(-1, 2)
    return places @ matrix[:, :2].T + matrix[:, 2]


def _downwards(places: np.ndarray, seen: Break) -> np.ndarray:
    """Places (n, 2) in the window as they follow each other down the bone.

    They lie along it; which way is down, heights tell, which may be wrong of a piece between two breaks.
    """
    if not len(places):
        return places
    away = places - places.mean(axis=0)
    along = away @ np.linalg.svd(away)[2][0]
    column, row = np.rint(places / HEAT_STRIDE).astype(int).T
    heights = seen.heights[row.clip(0, seen.heights.shape[0] - 1), column.clip(0, seen.heights.shape[1] - 1)]
    order = np.argsort(along)
    return places[order if along @ heights < 0 else order[::-1]]


def _between(places: np.ndarray, region: np.ndarray) -> list[Told]:
    """What is told of each break: that it lies between the pieces above it and those below it."""
    breaks = range(1, max(len(places), 2))
    return [Told(region, places[:number], places[number:]) for number in breaks]


def _each_has_one(fragments: Fragments, marks: FractureMarks) -> bool:
    """Whether each click is on a fragment of its own."""
    on = np.array([[mask[round(y), round(x)] for x, y in marks.pieces] for mask in fragments.masks])
    return any(on[list(order), range(len(on))].all() for order in permutations(range(len(on))))


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


def _check_lines(found: Fragments, region: np.ndarray, marks: FractureMarks) -> None:
    """Refuse lines that do not run through the region, or do not part the clicks on pieces."""
    for line in marks.lines:
        start, end = np.reshape(line, (2, 2))
        along = np.rint(start + np.linspace(0, 1, _STEPS)[:, None] * (end - start)).astype(int)
        inside = along[((along >= 0) & (along < region.shape[::-1])).all(axis=1)]
        if not region[inside[:, 1], inside[:, 0]].any():
            raise ReconstructionError("The line along the fracture does not run through the region round it.")
    if marks.pieces is not None and not _each_has_one(found, marks):
        if len(marks.pieces) > 2:
            raise ReconstructionError("Two clicks on pieces are on one side of the lines along the fracture.")
        raise ReconstructionError("Both clicks on pieces are on one side of the line along the fracture.")
