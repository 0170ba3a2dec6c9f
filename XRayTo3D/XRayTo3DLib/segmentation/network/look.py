"""The two looks: at all that is marked, of which what is long is looked at in parts too, and at one bone."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..morphology import dice
from ..region import corners
from ..seeds import Seeds
from .channels import BONES, FRAGMENTS, HEAT_STRIDE, MASKS
from .loading import forget
from .reader import Reading, first_window, part_window, read, second_window, seen_all, seen_in, upright
from .tracer import is_long, trace, traced_window
from .window import carried

if TYPE_CHECKING:
    import cv2

_ALIKE = 0.92  # Dice of what reader and tracer draw of a long bone, at which neither has missed anything
_CLOSE, _CLOSER = 0.15, (0.45, 1.0)  # of a bone's size: round it, where the tracer draws it, and before that
# Of a bone's size, round its box, where the tracer draws it: a patella lies over a femur, and is known by what is round
# it. On films of people left out its median Dice is 0.97 with this room and 0.92 without; that of larger bones falls.
_ROOM = {"patella": 0.12}
_SEEN_TOO = 0.5  # Dice at which the reader sees that bone as well: of another one its heights tell nothing
_DRAWN_IN = 1.04  # by which femora's and tibiae's seem too short, on films of people trained with
_PARTS = ((0.0, 0.6), (0.4, 1.0))  # shares of its length
_NOTHING = -20.0  # logit where nobody looked
_KEPT = 2  # looks at a picture: at all of it, and at what is marked in it
_PICTURES = 8  # as many as a case may have views


def first_look(pixels: np.ndarray, region: np.ndarray, network: cv2.dnn.Net, whole: Reading | None = None) -> Reading:
    """Look at all that is marked, upright (see `reader.upright`); at a long picture in parts as well.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
    region : (rows, columns) bool array
        What is marked.
    network : cv2.dnn.Net
    whole : Reading, optional
        A first look at all of the picture, which shows better than what is marked how it lies.

    Notes
    -----
    Looks are kept as long as their picture is: each click, and each bone beside the main one, begins with them.
    """
    kept = [look for look in _looks if look.pixels() is not None and look.network is network]
    known = [look for look in kept if look.pixels() is pixels]
    _looks[:] = [look for look in kept if look.pixels() is not pixels][-_KEPT * (_PICTURES - 1) :]
    if not known:
        forget()
    for number, look in enumerate(known):
        if np.array_equal(look.region, region):
            _looks.extend([*known[:number], *known[number + 1 :], look])
            return look.reading
    if whole is None:
        seen = [
            read(pixels, first_window(region), network=network, turns=turns)
            for turns in dict.fromkeys((0, upright(pixels, region, network)))
        ]
        # A small picture tells roughly how legs lie; seen closer it must look more like a femur's than as it lies.
        first = max(seen, key=lambda reading: reading.facts["femur"])
    else:
        first = read(pixels, first_window(region), network=network, turns=whole.turns)
    first = _in_parts(pixels, first, *corners(region), network)
    _looks.extend([*known, _Look(weakref.ref(pixels), region.copy(), network, first)][-_KEPT:])
    return first


@dataclass(frozen=True)
class _Look:
    """A first look, and at what."""

    pixels: weakref.ref[np.ndarray]
    region: np.ndarray
    network: cv2.dnn.Net
    reading: Reading


_looks: list[_Look] = []  # of the last pictures, the last one's last


def closer_look(
    pixels: np.ndarray,
    first: Reading,
    low: np.ndarray,
    high: np.ndarray,
    network: cv2.dnn.Net,
    seeds: Seeds | None = None,
) -> Reading:
    """Let the reader look closer at what it saw, from near and from a little farther away: together they err less.

    Parameters
    ----------
    pixels, first, low, high, network, seeds
        As of `second_look`.
    """
    near, far = (
        read(pixels, second_window(low, high, pixels.shape, margin), seeds, network, first.turns) for margin in _CLOSER
    )
    return replace(near, logits=(near.logits + seen_all(far, near.window)) / 2)


def second_look(
    pixels: np.ndarray,
    first: Reading,
    low: np.ndarray,
    high: np.ndarray,
    name: str,
    network: cv2.dnn.Net,
    seeds: Seeds | None = None,
) -> Reading:
    """Look closer at a bone: the reader at what is round it, and the tracer, which draws it.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
    first : Reading
        Of all that was marked.
    low, high : (2,) array
        Corners of the bone's box in the picture, as column and row.
    name : str
        Of the bone.
    network : cv2.dnn.Net
        The reader.
    seeds : Seeds, optional
        Clicks, as column and row of the picture.

    Returns
    -------
    Reading
        The bone's mask (see `channel_of`) and the heights on it are the tracer's. Of a long bone, which is a few of the
        tracer's pixels wide, the mask is that of the reader, who sees it in parts, if they see the same. Heights on a
        femur or tibia that both see are the mean of both: each errs in its own way.
    """
    long = is_long(low, high)
    clicks = seeds if long else None  # of others the mask is not the reader's: one answer for all clicks
    reading = read(pixels, second_window(low, high, pixels.shape, _CLOSE), clicks, network, first.turns)
    reading = _in_parts(pixels, reading, low, high, network, clicks)
    own, room = traced_window(low, high, pixels.shape), _ROOM.get(name, 0.0) * float(np.max(high - low))
    drawn = trace(pixels, traced_window(low - room, high + room, pixels.shape), name, seeds, first.turns)
    untold = trace(pixels, own, "", seeds, first.turns, mirrored=not seeds)  # in half the time when somebody waits
    logits, heights = reading.logits.copy(), reading.heights.copy()
    bone = MASKS.index(channel_of(name))
    logits[bone] = carried(drawn.logit("mask"), drawn.window, reading.window, _NOTHING)
    same, at = dice(reading.logits[bone] > 0, logits[bone] > 0), BONES.index(name)
    if long and same >= _ALIKE:
        logits[bone] = reading.logits[bone]
    told = carried(drawn.heights, drawn.window, reading.window, stride=HEAT_STRIDE)
    heights[at] = _spread((told + heights[at]) / 2) if name in FRAGMENTS and same >= _SEEN_TOO else told
    return replace(reading, logits=logits, heights=heights, untold=untold)


def _spread(heights: np.ndarray) -> np.ndarray:
    """Heights farther from the middle of the bone: networks draw them towards it, as what is unsure is drawn."""
    return np.float32(0.5) + np.float32(_DRAWN_IN) * (heights - np.float32(0.5))


def channel_of(name: str) -> str:
    """The mask that holds a bone: of a femur the one that was trained with clicks."""
    return "marked" if name == "femur" else name


def _in_parts(
    pixels: np.ndarray,
    reading: Reading,
    low: np.ndarray,
    high: np.ndarray,
    network: cv2.dnn.Net,
    seeds: Seeds | None = None,
) -> Reading:
    """A reading of a box; of a long one, with what looks at its parts saw as well."""
    if not is_long(low, high):
        return reading
    size = high - low
    along = (size == size.max()).astype(float)
    windows = [part_window(low + begin * along * size, high - (1 - end) * along * size) for begin, end in _PARTS]
    parts = [read(pixels, window, seeds, network, reading.turns) for window in windows]
    logits = [
        np.maximum.reduce([reading.logit(name), *(seen_in(part, reading.window, name, _NOTHING) for part in parts)])
        for name in MASKS
    ]
    return replace(reading, logits=np.stack(logits))
