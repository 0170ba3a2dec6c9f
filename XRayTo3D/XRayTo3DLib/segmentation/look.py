"""The second look at a bone; a long one is looked at in parts too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .channels import MASKS
from .reader import Reading, part_window, read, second_window, seen_in
from .seeds import Seeds

if TYPE_CHECKING:
    import cv2

_LONG = 2.5  # ratio of its box's sides: a longer bone fills so little of a window that parts of it are missed
_PARTS = ((0.0, 0.6), (0.4, 1.0))  # shares of its length
_NOTHING = -20.0  # logit where nobody looked


def second_look(
    pixels: np.ndarray,
    first: Reading,
    low: np.ndarray,
    high: np.ndarray,
    names: Iterable[str],
    network: cv2.dnn.Net,
    seeds: Seeds | None = None,
) -> Reading:
    """Look closer at a bone.

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
    second = read(pixels, second_window(low, high, pixels.shape), seeds, network, first.turns)
    size = high - low
    if size.max() <= _LONG * size.min():
        return second
    along = (size == size.max()).astype(float)
    parts = [
        read(
            pixels,
            part_window(low + begin * along * size, high - (1 - end) * along * size),
            seeds,
            network,
            first.turns,
        )
        for begin, end in _PARTS
    ]
    logits = second.logits.copy()
    for name in names:
        seen = [seen_in(each, second.window, name, _NOTHING) for each in (first, *parts)]
        logits[MASKS.index(name)] = np.maximum.reduce([second.logit(name), *seen])
    return replace(second, logits=logits)
