"""The two looks: at all that is marked, of which what is long is looked at in parts too, and at one bone."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..region import corners
from ..seeds import Seeds
from .channels import BONES, BROKEN, FRAGMENTS, MASKS
from .reader import Reading, first_window, part_window, read, second_window, seen_in, upright
from .tracer import trace

if TYPE_CHECKING:
    import cv2

_LONG = 2.5  # ratio of its box's sides: a longer bone fills so little of a window that parts of it are missed
_PARTS = ((0.0, 0.6), (0.4, 1.0))  # shares of its length
_NOTHING = -20.0  # logit where nobody looked


def first_look(pixels: np.ndarray, region: np.ndarray, network: cv2.dnn.Net, turns: int | None = None) -> Reading:
    """Look at all that is marked, upright (see `reader.upright`); at a long picture in parts as well.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
    region : (rows, columns) bool array
        What is marked.
    network : cv2.dnn.Net
    turns : int, optional
        Quarter turns after which the picture is known to be upright.

    Notes
    -----
    The last look is kept as long as its picture is: each click, and each bone beside the main one, begins with it.
    """
    global _last
    if _last is not None and _last.is_of(pixels, region, network) and turns in (None, _last.reading.turns):
        return _last.reading
    turns = upright(pixels, region, network) if turns is None else turns
    first = read(pixels, first_window(region), network=network, turns=turns)
    first = _in_parts(pixels, first, *corners(region), network)
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
        The bone's mask (see `channel_of`), its fragments, the heights on it and whether it is broken are the tracer's.
    """
    window = second_window(low, high, pixels.shape)
    reading = read(pixels, window, seeds, network, first.turns)
    drawn = trace(pixels, window, name, seeds, first.turns)
    logits, heights, facts = reading.logits.copy(), reading.heights.copy(), dict(reading.facts)
    parts = dict(zip(FRAGMENTS.get(name, ()), ("upper", "lower"), strict=False))
    for mask, traced in {channel_of(name): "mask", **parts}.items():
        logits[MASKS.index(mask)] = drawn.logit(traced)
    heights[BONES.index(name)] = drawn.heights
    if name in BROKEN:
        facts[BROKEN[name]] = drawn.broken
    untold = trace(pixels, window, "", seeds, first.turns)
    return replace(reading, logits=logits, heights=heights, facts=facts, untold=untold)


def channel_of(name: str) -> str:
    """The mask that holds a bone: of a femur the one that was trained with clicks."""
    return "marked" if name == "femur" else name


def _in_parts(pixels: np.ndarray, reading: Reading, low: np.ndarray, high: np.ndarray, network: cv2.dnn.Net) -> Reading:
    """A reading of a box; of a long one, with what looks at its parts saw as well."""
    size = high - low
    if size.max() <= _LONG * size.min():
        return reading
    along = (size == size.max()).astype(float)
    windows = [part_window(low + begin * along * size, high - (1 - end) * along * size) for begin, end in _PARTS]
    parts = [read(pixels, window, network=network, turns=reading.turns) for window in windows]
    logits = [
        np.maximum.reduce([reading.logit(name), *(seen_in(part, reading.window, name, _NOTHING) for part in parts)])
        for name in MASKS
    ]
    return replace(reading, logits=np.stack(logits))
