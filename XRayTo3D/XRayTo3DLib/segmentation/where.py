"""Where in a picture a bone is: what the reader sees at a first look and a closer one, or what the tracer finds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from .bone import choose_pieces
from .clicks import pushed
from .network.look import channel_of, closer_look
from .network.reader import Reading
from .network.search import SAME, Box, Place, searched, shared, sureness_in, with_room
from .region import corners
from .seeds import Seeds

if TYPE_CHECKING:
    import cv2

LEAST = 0.003  # of a window: less of a bone is nothing
LEGS, OTHER_LEG = 2, 0.1  # how many a person has; a bone of the other one is as large as this share at least
# How sure the tracer is of a femur (see `search.sureness_in`): one of which it is less sure than the first is looked
# for elsewhere too, less than the second is none, and of one that is surer than the third no part is taken instead.
_DOUBT, _HARDLY, _RATHER = 0.8, 0.3, 0.5


def box_seen(
    pixels: np.ndarray,
    region: np.ndarray,
    first: Reading,
    name: str,
    network: cv2.dnn.Net,
    pieces: str = "near",
    seeds: Seeds | None = None,
) -> Box | None:
    """Box of a bone as the reader sees it, or, of a femur that it does not see surely, as the tracer does.

    Parameters
    ----------
    pixels, region, pieces, seeds
        As of `by_network.find_by_network`.
    first : Reading
        The first look at the region.
    name : str
        Of the bone.
    network : cv2.dnn.Net
        The reader.

    Returns
    -------
    (low, high) or None
        With the room that users leave round a bone; None where there is none.
    """

    def closer(boxes: Iterable[Box]) -> list[Box]:
        looked = [closer_box(pixels, region, first, name, box, network, pieces, seeds) for box in boxes]
        return [box for box in looked if box is not None]

    def places(boxes: Iterable[Box]) -> list[Place]:
        return [Place(box, sureness_in(pixels, box, name, first.turns)) for box in closer(boxes)]

    main, other_leg = _seen(region, first, name, pieces, seeds or Seeds())
    if seeds or name != "femur":
        return next(iter(closer(main)), None)
    known = places(main)
    best = max(known, key=_sureness, default=None)
    if best is None or best.sureness < _DOUBT:
        known += places(other_leg)
        others = [each for each in searched(pixels, region, name, first.turns) if _is_another(each, best)]
        if others:
            other = max(others, key=_sureness)
            known += [other, *places([other.box])]
        best = max(known, key=_sureness, default=None)
    return best.box if best else None


def closer_box(
    pixels: np.ndarray,
    region: np.ndarray,
    first: Reading,
    name: str,
    box: Box,
    network: cv2.dnn.Net,
    pieces: str = "near",
    seeds: Seeds | None = None,
) -> Box | None:
    """Box of a bone as the reader's closer look at a rougher `box` shows it, with the room that users leave.

    The other parameters are those of `box_seen`.
    """
    reading = closer_look(pixels, first, *box, network, seeds)
    clicks = (seeds or Seeds()).moved(reading.window.matrix)
    mask = (pushed(reading.logit(channel_of(name)), clicks) > 0) & reading.window.cut_mask(region)
    mask = choose_pieces(mask, pieces, clicks.include)
    if np.count_nonzero(mask) < LEAST * mask.size:
        return None
    low, high = reading.window.to_picture(corners(mask))
    return with_room(low, high)


def _seen(region: np.ndarray, first: Reading, name: str, pieces: str, seeds: Seeds) -> tuple[list[Box], list[Box]]:
    """Boxes of what a first look sees of a bone, and of that of the other leg.

    What lies near a bone may be a fragment of it, or another one that is mistaken for it: so also without.
    """
    clicks = seeds.moved(first.window.matrix)
    mask = (pushed(first.logit(channel_of(name)), clicks) > 0) & first.window.cut_mask(region)
    if seeds:
        main, others = [choose_pieces(mask, pieces, clicks.include)], []
    else:
        found, alone = legs(mask, pieces), choose_pieces(mask, "main")
        main, others = found[:1], found[1:]
        if main and (alone != main[0]).any():
            main.append(alone)
    main = [each for each in main if np.count_nonzero(each) >= LEAST * each.size]
    return tuple([first.window.to_picture(corners(each)) for each in some] for some in (main, others))


def legs(mask: np.ndarray, pieces: str) -> list[np.ndarray]:
    """The bones of one kind in a mask, the larger one first: what is not near the first one is the other leg's."""
    found: list[np.ndarray] = []
    while len(found) < LEGS:
        bone = choose_pieces(mask, pieces)
        if np.count_nonzero(bone) < LEAST * mask.size or (found and bone.sum() < OTHER_LEG * found[0].sum()):
            break
        found.append(bone)
        mask = mask & ~bone
    return found


def _sureness(place: Place) -> float:
    return place.sureness


def _is_another(place: Place, known: Place | None) -> bool:
    """Whether a bone is there, and it is no part of one that is known: a part is often surer than the whole."""
    part = known is not None and shared(known.box, place.box) > SAME
    return place.sureness >= _HARDLY and not (part and known.sureness >= _RATHER)
