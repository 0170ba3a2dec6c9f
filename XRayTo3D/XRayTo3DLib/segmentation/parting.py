"""Parting a bone's shadow at a break: what lies on either side of it is of one fragment, and they may overlap there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .morphology import dilated
from .network.breaks import Break
from .network.channels import HEAT_STRIDE
from .network.window import Window

LEAST = 0.03  # of the bone's shadow: a smaller fragment is none
_GROWN = (1, 2, 4, 8, 12)  # pixels, by which a break's place may have to grow until it parts the bone
_AROUND = 8  # pixels round it, in which fragments may lie over each other, or reach beyond the bone that was found
_LEVELS = tuple(range(0, -11, -1))  # logits that a break must be above, in turn, where a user says that there is one
_HARDLY = 0.05  # logit of what is rather of one fragment, since it hangs together with that
_NOWHERE = -6.0  # logit


@dataclass(frozen=True)
class Told:
    """What a user told of a break, in a window.

    Attributes
    ----------
    region : (rows, columns) bool array
        The break lies there.
    one, other : (n, 2), (m, 2) array
        Columns and rows of places on the pieces on either side of it, in their order along the bone: the break lies
        between the last of one and the first of the other. None, if that is not told.
    """

    region: np.ndarray
    one: np.ndarray
    other: np.ndarray

    def agrees(self, upper: np.ndarray, lower: np.ndarray) -> bool:
        """Whether two fragments (rows, columns) have all places of one side each."""
        if not (len(self.one) and len(self.other)):
            return True
        above, below = (
            [dilated(part, 1)[self._pixels(places)].all() for places in (self.one, self.other)]
            for part in (upper, lower)
        )
        return bool((above[0] and below[1]) or (above[1] and below[0]))

    @property
    def several(self) -> bool:
        """Whether it lies between more than two pieces."""
        return len(self.one) + len(self.other) > 2

    def holding(self, labels: np.ndarray, near: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Parts (rows, columns) that hold the places of one side, and of the other.

        None where a part holds both, or the two between which the break lies are not both `near`.
        """
        one, other = (labels[self._pixels(places)].tolist() for places in (self.one, self.other))
        if 0 in (*one, *other) or set(one) & set(other):
            return None
        if not all((near & (labels == label)).any() for label in (one[-1], other[0])):
            return None
        return np.isin(labels, one), np.isin(labels, other)

    def _pixels(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        last = np.array(self.region.shape) - 1
        row, column = np.clip(np.rint(places[:, ::-1]).astype(int), 0, last).T
        return row, column


@dataclass(frozen=True)
class Parting:
    """A bone parted at a break, in a window.

    Attributes
    ----------
    window : Window
    place : (rows, columns) bool array
        Where the break is.
    rather : (rows, columns) float32 array
        Above zero where a pixel is rather of the upper fragment than of the lower one.
    both : (rows, columns) float32 array
        Above zero where it is of both.
    beyond : (rows, columns) float32 array
        Above zero where there is bone near the break, though it was not found before: the ends of fragments are thin.
    """

    window: Window
    place: np.ndarray
    rather: np.ndarray
    both: np.ndarray
    beyond: np.ndarray

    def within(self, bone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The upper and the lower fragment (rows, columns) of a bone's mask in the window."""
        return _fragments(bone, self.rather, self.both)


def in_picture(partings: Sequence[Parting], bone: np.ndarray) -> tuple[np.ndarray, ...]:
    """The fragments (rows, columns) of a bone's mask in the picture, and what is beyond it.

    The partings are those at its breaks, the uppermost first: what lies between two is below one and above the other.
    """
    fields = [
        [each.window.uncut(field, bone.shape, _NOWHERE) for field in (each.rather, each.both)] for each in partings
    ]
    for each in partings:
        bone = bone | (each.window.uncut(each.beyond, bone.shape, _NOWHERE) > 0)
    masks = [bone]
    for rather, both in fields:
        masks[-1:] = _fragments(masks[-1], rather, both)
    return tuple(masks)


def parted(seen: Break, bone: np.ndarray, told: Told | None = None) -> Parting | None:
    """Part a bone where the breaks network sees a break most surely.

    Beyond the break all is of the fragment that hangs together there, whatever the network says of it: seeing two
    breaks, it takes the bone between them for both ends in turn. Which fragment is the upper one, heights tell.

    Parameters
    ----------
    seen : Break
    bone : (rows, columns) bool array
        In its window.
    told : Told, optional
        Where a user says that it is broken. Then the break is the likeliest place that agrees, however unlikely, or
        all of the region.

    Returns
    -------
    Parting or None
        None where no place of a break has a fragment on either side.
    """
    own = seen.logit("mask") > 0
    for place in _places(seen.logit("break"), bone | own, told):
        near = dilated(place, _AROUND)
        sides = _sides(bone | (own & near), place, told)
        if sides is None:
            continue
        parting = _parting(seen, bone | (own & near), place, near, *sides)
        if told is None or told.agrees(*parting.within(bone)):
            return parting
    return None


def _places(logit: np.ndarray, bone: np.ndarray, told: Told | None) -> Iterator[np.ndarray]:
    """Places of breaks (rows, columns), that of which most is seen first."""
    import cv2

    bone = bone if told is None else bone & told.region
    for level in _LEVELS if told else _LEVELS[:1]:
        count, labels = cv2.connectedComponents((bone & (logit > level)).astype(np.uint8))
        much = np.bincount(labels.ravel(), np.maximum(logit - level, 0).ravel(), count)
        yield from (labels == label for label in 1 + np.argsort(-much[1:]))
    if told is not None:
        yield bone


def _sides(bone: np.ndarray, place: np.ndarray, told: Told | None) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """The parts of a bone on both sides of a break's place, and that place, grown as far as it must to part them.

    They are the two largest; of a bone in more than two pieces, which may lie apart, those that hold what was told.
    """
    import cv2

    for radius in _GROWN:
        grown = dilated(place, radius)
        _, labels, stats, _ = cv2.connectedComponentsWithStats((bone & ~grown).astype(np.uint8), connectivity=4)
        if told is not None and told.several:
            if (held := told.holding(labels, dilated(grown, _AROUND))) is not None:
                return *held, grown
            continue
        largest = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:2]
        if len(largest) == 2 and stats[largest[1], cv2.CC_STAT_AREA] >= LEAST * np.count_nonzero(bone):
            return labels == largest[0], labels == largest[1], grown
    return None


def _parting(
    seen: Break,
    bone: np.ndarray,
    place: np.ndarray,
    near: np.ndarray,
    one: np.ndarray,
    other: np.ndarray,
    at: np.ndarray,
) -> Parting:
    """The parting `at` a place, beyond which lie the `one` fragment and the `other`."""
    from scipy.ndimage import distance_transform_edt

    heights = np.repeat(np.repeat(seen.heights, HEAT_STRIDE, 0), HEAT_STRIDE, 1)
    above, below = (one, other) if heights[one].mean() > heights[other].mean() else (other, one)
    upper, lower = seen.logit("upper"), seen.logit("lower")
    nearest = distance_transform_edt(~(above | below), return_distances=False, return_indices=True)
    rather = np.where(at, upper > lower, above[tuple(nearest)])
    for side, beyond in ((True, above), (False, below)):
        rather = np.where(_apart(bone & (rather == side), beyond), not side, rather)
    sure = np.where(rather, np.maximum(upper - lower, _HARDLY), np.minimum(upper - lower, -_HARDLY))
    both, mask = (np.where(near, each, np.float32(_NOWHERE)) for each in (np.minimum(upper, lower), seen.logit("mask")))
    return Parting(seen.window, place, sure.astype(np.float32), both, mask)


def _apart(part: np.ndarray, from_: np.ndarray) -> np.ndarray:
    """Pieces of a mask that do not hang together with another one."""
    import cv2

    labels = cv2.connectedComponents(part.astype(np.uint8))[1]
    return (labels > 0) & ~np.isin(labels, labels[from_])


def _fragments(bone: np.ndarray, rather: np.ndarray, both: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return bone & ((rather > 0) | (both > 0)), bone & ((rather <= 0) | (both > 0))
