"""Looking for a bone with the tracer, in boxes all over a picture; each becomes that of what is drawn in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..bone import choose_pieces
from ..morphology import dice
from ..region import corners
from .logits import expected_dice
from .tracer import Trace, trace, traced_window

_SHARE, _PLACES = 0.6, (0.0, 0.5, 1.0)  # of a region: how large boxes are, and where they lie in it
_FOLLOWED = 3  # of the boxes are looked into more than once
SAME = 0.7  # of a box lies in another one: then they are of one bone
_ROUND = 0.08  # of a box's larger side: round it, where a bone that was seen roughly may go on
_TRIES = 4  # looks at most that make a box the bone's
_AT_END, _GROWN = 0.02, 0.4  # of a box: a bone that is drawn so near to its end goes on there, and how far to look
ROOM = 0.04  # of its larger side: round the bone, as users leave it
_LEAST = 0.01  # of a window: a bone that fills less of it is not where it was seen

Box = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Place:
    """Where a bone may be.

    Attributes
    ----------
    box : (low, high) of (2,) array
        Corners, as column and row of the picture.
    sureness : float
        See `sureness_in`.
    """

    box: Box
    sureness: float


def searched(pixels: np.ndarray, region: np.ndarray, name: str, turns: int = 0) -> list[Place]:
    """The places all over a picture where a bone may be.

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
        if len(followed) < _FOLLOWED and all(shared(box, other) < SAME for other in followed):
            followed.append(box)
    boxes = [box_of(pixels, *box, name, turns) for box in followed]
    return [Place(box, sureness_in(pixels, box, name, turns)) for box in boxes]


def sureness_in(pixels: np.ndarray, box: Box, name: str, turns: int = 0) -> float:
    """How sure the tracer is of a bone in a box, 0 to 1.

    Returns
    -------
    float
        What it says of the name that it was not told, times how sure it is of the mask, times the Dice coefficient of
        what it draws told and not told.
    """
    window = traced_window(*box, pixels.shape)
    told, untold = (trace(pixels, window, each, turns=turns, mirrored=False) for each in (name, ""))
    return untold.names[name] * expected_dice(told.logit("mask")) * dice(told.mask, untold.mask)


def box_of(
    pixels: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    name: str,
    turns: int = 0,
) -> Box:
    """Box of a bone of which it is known roughly where it is: that of what the tracer draws round there.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
    low, high : (2,) array
        Corners of the box that was seen, as column and row of the picture.
    name, turns
        As of `tracer.trace`.

    Returns
    -------
    low, high : (2,) array
        Of a box with a little room, as users draw them: round the given one where the tracer draws hardly anything.
    """
    within = np.array([[-0.5, -0.5], np.array(pixels.shape[::-1]) - 0.5])
    for _ in range(_TRIES):
        room = _ROUND * float(max(high - low))
        ends = np.clip([low - room, high + room], *within)
        seen = _drawn(trace(pixels, traced_window(*ends, pixels.shape), name, turns=turns, mirrored=False))
        if seen is None:
            break
        low, high = seen
        # What is drawn up to the end of what was looked at goes on there, unless the picture ends.
        cut = (np.abs(np.array(seen) - ends) < _AT_END * (high - low)) & (np.abs(ends - within) > 0.5)
        if not cut.any():
            break
        low, high = low - _GROWN * cut[0] * (high - low), high + _GROWN * cut[1] * (high - low)
    return with_room(low, high)


def with_room(low: np.ndarray, high: np.ndarray) -> Box:
    """Box that just holds a bone, with the room that users leave round it."""
    room = ROOM * float(max(high - low))
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
    seen = trace(pixels, traced_window(*box, pixels.shape), turns=turns, mirrored=False)
    return _drawn(seen) or box, seen.names[name] * expected_dice(seen.logit("mask"))


def _drawn(seen: Trace) -> Box | None:
    mask = choose_pieces(seen.mask, "near")
    return tuple(seen.window.to_picture(corners(mask))) if np.count_nonzero(mask) >= _LEAST * mask.size else None


def shared(one: Box, two: Box) -> float:
    """Share of the smaller one of two boxes that lies in the other one."""
    return float(_both(one, two) / min((high - low).prod() for low, high in (one, two)))


def likeness(one: Box, two: Box) -> float:
    """What two boxes share of both together, 0 to 1."""
    both = _both(one, two)
    return float(both / (sum((high - low).prod() for low, high in (one, two)) - both))


def _both(one: Box, two: Box) -> float:
    """Area that lies in two boxes."""
    return np.maximum(np.minimum(one[1], two[1]) - np.maximum(one[0], two[0]), 0).prod()
