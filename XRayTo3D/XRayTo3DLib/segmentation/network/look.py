"""The two looks: at all that is marked, and at a bone; what is long is looked at in parts too."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..region import corners
from ..seeds import Seeds
from .channels import BONES, BROKEN, FRAGMENTS, HEAT_STRIDE, MASKS
from .reader import MARGIN, Reading, first_window, part_window, read, second_window, seen_all, seen_in, upright
from .tracer import trace, traced_window
from .window import carried

if TYPE_CHECKING:
    import cv2

_WIDER = 1.0  # of the bone's size: round it, where neighbors are seen that tell it from them
_LONG = 2.5  # ratio of its box's sides: a longer bone fills so little of a window that parts of it are missed
_PARTS = ((0.0, 0.6), (0.4, 1.0))  # shares of its length
_CLOSE = 0.15  # of the bone's size: round it, where the tracer draws it
_NOTHING = -20.0  # logit where nobody looked


def first_look(pixels: np.ndarray, region: np.ndarray, network: cv2.dnn.Net) -> Reading:
    """Look at all that is marked, upright (see `reader.upright`); at a long picture in parts as well.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
    region : (rows, columns) bool array
        What is marked.
    network : cv2.dnn.Net

    Notes
    -----
    The last look is kept as long as its picture is: each click, and each bone beside the main one, begins with it.
    """
    global _last
    if _last is not None and _last.is_of(pixels, region, network):
        return _last.reading
    first = read(pixels, first_window(region), network=network, turns=upright(pixels, region, network))
    first = _in_parts(pixels, first, (), *corners(region), MASKS, network)
    _last = _Look(weakref.ref(pixels), region.copy(), network, first)
    return first


@dataclass(frozen=True)
class _Look:
    """A first look, and at what."""

    pixels: weakref.ref[np.ndarray]
    region: np.ndarray
    network: cv2.dnn.Net
    reading: Reading

    def is_of(self, pixels: np.ndarray, region: np.ndarray, network: cv2.dnn.Net) -> bool:
        return self.pixels() is pixels and self.network is network and np.array_equal(self.region, region)


_last: _Look | None = None


def second_look(
    pixels: np.ndarray,
    first: Reading,
    low: np.ndarray,
    high: np.ndarray,
    names: Iterable[str],
    network: cv2.dnn.Net,
    seeds: Seeds | None = None,
) -> Reading:
    """Look closer at a bone, from near and from a little farther away, which together err less than either.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
    first : Reading
        Of all that was marked.
    low, high : (2,) array
        Corners of the bone's box in the picture, as column and row.
    names : iterable of str
        Masks that hold the bone. Of a long bone, which no look need see whole, they hold all that any look saw.
    network : cv2.dnn.Net
    seeds : Seeds, optional
        Clicks, as column and row of the picture.

    Returns
    -------
    Reading
    """
    second, wider = (
        read(pixels, second_window(low, high, pixels.shape, margin), seeds, network, first.turns)
        for margin in (MARGIN, _WIDER)
    )
    second = replace(second, logits=(second.logits + seen_all(wider, second.window)) / 2)
    return _in_parts(pixels, second, (first,), low, high, names, network, seeds)


def drawn_look(
    pixels: np.ndarray,
    first: Reading,
    low: np.ndarray,
    high: np.ndarray,
    name: str,
    network: cv2.dnn.Net,
    seeds: Seeds | None = None,
) -> Reading:
    """Look at a bone in a box that just holds it: the tracer draws it, the reader sees what is round it.

    Parameters
    ----------
    pixels, first, low, high, network, seeds
        As of `second_look`.
    name : str
        Of the bone.

    Returns
    -------
    Reading
        The bone's mask (see `channel_of`), its fragments, the heights on it and whether it is broken are the tracer's.
    """
    reading = read(pixels, second_window(low, high, pixels.shape, _CLOSE), seeds, network, first.turns)
    own = traced_window(low, high, pixels.shape)
    drawn = trace(pixels, own, name, seeds, first.turns)
    logits, heights, facts = reading.logits.copy(), reading.heights.copy(), dict(reading.facts)
    parts = dict(zip(FRAGMENTS.get(name, ()), ("upper", "lower"), strict=False))
    for mask, traced in {channel_of(name): "mask", **parts}.items():
        logits[MASKS.index(mask)] = carried(drawn.logit(traced), own, reading.window, _NOTHING)
    heights[BONES.index(name)] = carried(drawn.heights, own, reading.window, stride=HEAT_STRIDE)
    if name in BROKEN:
        facts[BROKEN[name]] = drawn.broken
    return replace(reading, logits=logits, heights=heights, facts=facts)


def is_long(low: np.ndarray, high: np.ndarray) -> bool:
    """Whether a box holds a whole long bone: it is a few pixels of a window wide, and best looked at in parts."""
    return bool(max(high - low) > _LONG * min(high - low))


def channel_of(name: str) -> str:
    """The mask that holds a bone: of a femur the one that was trained with clicks."""
    return "marked" if name == "femur" else name


def _in_parts(
    pixels: np.ndarray,
    reading: Reading,
    others: Sequence[Reading],
    low: np.ndarray,
    high: np.ndarray,
    names: Iterable[str],
    network: cv2.dnn.Net,
    seeds: Seeds | None = None,
) -> Reading:
    """A reading of a box; of a long one, with what looks at its parts, and other readings, saw of some masks."""
    if not is_long(low, high):
        return reading
    size = high - low
    along = (size == size.max()).astype(float)
    parts = [
        read(
            pixels,
            part_window(low + begin * along * size, high - (1 - end) * along * size),
            seeds,
            network,
            reading.turns,
        )
        for begin, end in _PARTS
    ]
    logits = reading.logits.copy()
    for name in names:
        seen = [seen_in(each, reading.window, name, _NOTHING) for each in (*others, *parts)]
        logits[MASKS.index(name)] = np.maximum.reduce([reading.logit(name), *seen])
    return replace(reading, logits=logits)
