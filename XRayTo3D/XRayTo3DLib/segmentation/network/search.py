"""Looking for a bone with the tracer, in boxes all over a picture; each becomes that of what is drawn in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..bone import choose_pieces
from ..morphology import dice
from ..region import corners
from ..seeds import Seeds
from .logits import expected_dice
from .reader import second_window
from .tracer import Trace, trace

_SHARE, _PLACES = 0.6, (0.0, 0.5, 1.0)  # of a region: how large boxes are, and where they lie in it
_FOLLOWED = 3  # of the boxes are looked into more than once
_SAME = 0.5  # of what two boxes hold they share: then they are one
_ROUND = (0.08, 0.03)  # of a box's larger side: round it, where a bone that was seen roughly may go on
_MARGIN = 0.04  # of it: round the bone
_LEAST = 0.01  # of a window: a bone that fills less of it is not where it was seen

Box = tuple[np.ndarray, np.ndarray]


def searched(pixels: np.ndarray, region: np.ndarray, name: str, turns: int = 0) -> tuple[Box, float]:
    """The box in which a bone is seen most surely, and how surely (see `sureness_in`).

    Parameters
    ----------
    pixels : (rows, columns) float32 array
    region : (rows, columns) bool array
        Where to look.
    name : str
        Of the bone.
    turns : int
        See `tracer.trace`.
    """
    begun = sorted((_seen(pixels, box, name, turns) for box in _boxes(region)), key=lambda seen: -seen[1])
    followed: list[Box] = []
    for box, _ in begun:
        if len(followed) < _FOLLOWED and all(_shared(box, other) < _SAME for other in followed):
            followed.append(box)
    settled = [box_of(pixels, *box, name, turns=turns) for box in followed]
    return max(((box, sureness_in(pixels, box, name, turns)) for box in settled), key=lambda found: found[1])


def sureness_in(pixels: np.ndarray, box: Box, name: str, turns: int = 0) -> float:
    """How sure the tracer is of a bone in a box, 0 to 1.

    Returns
    -------
    float
        What it says of the name that it was not told, times how sure it is of the mask, times the Dice coefficient of
        what it draws told and not told.
    """
    window = second_window(*box, pixels.shape)
    told, untold = (trace(pixels, window, each, turns=turns, mirrored=False) for each in (name, ""))
    return untold.names[name] * expected_dice(told.logit("mask")) * dice(told.mask, untold.mask)


def box_of(
    pixels: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    name: str,
    pieces: str = "near",
    seeds: Seeds | None = None,
    turns: int = 0,
) -> Box:
    """Box of a bone of which it is known roughly where it is: that of what the tracer draws round there.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
    low, high : (2,) array
        Corners of the box that was seen, as column and row of the picture.
    name, pieces, seeds, turns
        As of `tracer.trace` and `bone.choose_pieces`.

    Returns
    -------
    low, high : (2,) array
        Of a box with a little room, as users draw them: round the given one where the tracer draws hardly anything.
    """
    for share in _ROUND:
        room = share * float(max(high - low))
        window = second_window(low - room, high + room, pixels.shape)
        low, high = _drawn(trace(pixels, window, name, seeds, turns, mirrored=False), pieces) or (low, high)
    room = _MARGIN * float(max(high - low))
    return low - room, high + room


def _boxes(region: np.ndarray) -> Iterator[Box]:
    """All of a region, and boxes all over it."""
    low, high = corners(region)
    yield low, high
    size = _SHARE * (high - low)
    for across in _PLACES:
        for down in _PLACES:
            at = low + (high - low - size) * (across, down)
            yield at, at + size


def _seen(pixels: np.ndarray, box: Box, name: str, turns: int) -> tuple[Box, float]:
    """Box of what the tracer, not told the name, draws in a box, and how sure it is of it."""
    seen = trace(pixels, second_window(*box, pixels.shape), turns=turns, mirrored=False)
    return _drawn(seen, "near") or box, seen.names[name] * expected_dice(seen.logit("mask"))


def _drawn(seen: Trace, pieces: str) -> Box | None:
    mask = choose_pieces(seen.mask, pieces)
    return tuple(seen.window.to_picture(corners(mask))) if np.count_nonzero(mask) >= _LEAST * mask.size else None


def _shared(one: Box, two: Box) -> float:
    """What both boxes hold over what either holds."""
    shared = np.maximum(np.minimum(one[1], two[1]) - np.maximum(one[0], two[0]), 0).prod()
    return float(shared / ((one[1] - one[0]).prod() + (two[1] - two[0]).prod() - shared))
