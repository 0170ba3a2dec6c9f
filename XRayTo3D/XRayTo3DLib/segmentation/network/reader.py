"""Running the reader network: masks, landmarks and facts of a window of a radiograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..morphology import dice
from ..region import corners
from ..seeds import Seeds
from .channels import BONES, FACTS, HEAT_SIGMA, HEAT_STRIDE, LANDMARKS, MASKS, VIEWS, channels
from .loading import OUTPUTS, asked, load_reader
from .logits import sigmoid, softmax
from .tracer import Trace
from .window import Window, carried, seen_through, window_over

if TYPE_CHECKING:
    import cv2

_PIXELS = 224 * 224  # of a window
_ROUND = 0.15  # of what is marked: beside it, neighbors tell bones from each other
_TURNED = 128 * 128  # of those that tell how a picture lies
_MUCH_MORE = 2.0
_WORTH = np.array([1.0, 1.0, 1.0, 1.0, 0.5])  # of `BONES`, when it is told: pelves are taken for too much
_CONDYLES = ("medial_condyle", "lateral_condyle")
_APART, _SECOND_PEAK = 4.0, 0.3  # of a second peak: distance from the first (in their widths), least height
_PART_MARGIN = 0.06  # of a part of it


@dataclass(frozen=True)
class Landmark:
    """A landmark of the femur: column and row, and how sure it is (0 to 1)."""

    x: float
    y: float
    confidence: float


@dataclass(frozen=True)
class Reading:
    """What the network says of a window.

    Attributes
    ----------
    window : Window
    logits : (11, rows, columns) float32 array
        Of `MASKS`; above zero where the bone is.
    heat : (9, rows / 2, columns / 2) float32 array
        Of `LANDMARKS`, 0 to 1.
    heights : (5, rows / 2, columns / 2) float32 array
        How high on each of `BONES` its shadow shows it, 0 at the bone's lower end and 1 at the upper; it means nothing
        beside the bone.
    facts : dict of str to float
        Probabilities of `FACTS`: the views, the left side if it is a view from the front, parts of the femur that
        are in the window, a femur, and a femur or tibia that is seen to be broken.
    grey : (rows, columns) float32 array
        The radiograph in the window.
    inside : (rows, columns) bool array
        What of the window it fills.
    turns : int
        Quarter turns (anticlockwise) by which the picture was turned when it was looked at.
    untold : Trace or None
        Of a look at one bone: what the tracer draws and takes it for where it was not told which it is.
    """

    window: Window
    logits: np.ndarray
    heat: np.ndarray
    heights: np.ndarray
    facts: dict[str, float]
    grey: np.ndarray
    inside: np.ndarray
    turns: int = 0
    untold: Trace | None = None

    def logit(self, name: str) -> np.ndarray:
        """Logits of one of the masks."""
        return self.logits[MASKS.index(name)]

    def on_picture(self, name: str, shape: tuple[int, int]) -> np.ndarray:
        """Logits of one of the masks at the picture's size; strongly negative outside the window."""
        return self.window.uncut(self.logit(name), shape, -20.0)

    def landmarks(self, region: np.ndarray | None = None) -> dict[str, Landmark]:
        """The highest peak of each heat map, as column and row of the picture.

        Seen from the front, the condyles are the two highest peaks of both their maps together: the network knows them
        from the rest of the bone better than from each other, and the side tells which is which.

        Parameters
        ----------
        region : (rows, columns) bool array, optional
            Part of the window where landmarks may lie.
        """
        allowed = np.ones(self.heat.shape[1:], bool)
        if region is not None:
            allowed = region[::HEAT_STRIDE, ::HEAT_STRIDE]
        found = {name: self._peak(heat, allowed) for name, heat in zip(LANDMARKS, self.heat, strict=True)}
        if self.facts["ap"] > 0.5:
            found |= self._condyles(found, allowed)
        return found

    def _peak(self, heat: np.ndarray, allowed: np.ndarray) -> Landmark:
        kept = np.where(allowed, heat, 0)
        row, column = np.unravel_index(int(kept.argmax()), kept.shape)
        place = np.array([column + _beyond(heat[row], column), row + _beyond(heat[:, column], row)])
        x, y = self.window.to_picture([place * HEAT_STRIDE + (HEAT_STRIDE - 1) / 2])[0]
        return Landmark(float(x), float(y), float(kept[row, column]))

    def _condyles(self, found: dict[str, Landmark], allowed: np.ndarray) -> dict[str, Landmark]:
        """Both condyles of a view from the front; nothing if only one is seen."""
        both = np.max([self.heat[LANDMARKS.index(name)] for name in _CONDYLES], axis=0)
        one = self._peak(both, allowed)
        x, y = (self.window.matrix[:, :2] @ (one.x, one.y) + self.window.matrix[:, 2]) / HEAT_STRIDE
        rows, columns = np.indices(both.shape)
        two = self._peak(both, allowed & (np.hypot(columns - x, rows - y) > _APART * HEAT_SIGMA))
        if two.confidence < _SECOND_PEAK * one.confidence:
            return {}
        knee, shaft = found["knee_center"], found["shaft_distal"]
        up = np.array([0.0, -1.0])
        if min(knee.confidence, shaft.confidence) > _SECOND_PEAK:
            up = np.array([shaft.x - knee.x, shaft.y - knee.y])
        # Of a left leg, which stands on the right of a picture from the front, the medial side is to the left of up.
        medial = np.array([up[1], -up[0]]) * (1 if self.facts["left"] > 0.5 else -1)
        ordered = sorted((one, two), key=lambda mark: medial @ (mark.x, mark.y))
        return dict(zip(_CONDYLES, ordered[::-1], strict=True))


def seen_in(reading: Reading, window: Window, name: str, outside: float | None = None) -> np.ndarray:
    """Logits of one of a reading's masks in another window (rows, columns).

    Where the reading did not look there is its border's value, or `outside`.
    """
    return carried(reading.logit(name), reading.window, window, outside)


def seen_all(reading: Reading, window: Window) -> np.ndarray:
    """Logits of all of a reading's masks in another window (masks, rows, columns); see `seen_in`."""
    return np.stack([seen_in(reading, window, name) for name in MASKS])


def sureness(first: Reading, second: Reading, name: str) -> float:
    """How sure two looks are of a bone, 0 to 1, within what the second one shows.

    Returns
    -------
    float
        The least of three Dice coefficients: what each look expects of its mask if its probabilities hold, and what
        their masks share. What is no bone of the leg often looks like one from far or from near, and rarely from both.
    """
    before = seen_in(first, second.window, name)
    looks = [sigmoid(before), sigmoid(second.logit(name))]
    one, two = (probability > 0.5 for probability in looks)
    expected = [
        2 * probability[probability > 0.5].sum() / max((probability > 0.5).sum() + probability.sum(), 1)
        for probability in looks
    ]
    return float(min(dice(one, two), *expected))


def _beyond(line: np.ndarray, at: int) -> float:
    """How far from its largest value a line's peak lies: that of the bell curve through three values, within half."""
    if not 0 < at < len(line) - 1:
        return 0.0
    before, here, after = np.log(np.maximum(line[at - 1 : at + 2], 1e-9)).tolist()
    bend = before + after - 2 * here
    return min(max((before - after) / (2 * bend), -0.5), 0.5) if bend < 0 else 0.0


def read(
    pixels: np.ndarray,
    window: Window,
    seeds: Seeds | None = None,
    network: cv2.dnn.Net | None = None,
    turns: int = 0,
) -> Reading:
    """Let the network look at a window, as it is and mirrored.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
        The picture, bone bright.
    window : Window
    seeds : Seeds, optional
        Clicks, as column and row of the picture.
    network : cv2.dnn.Net, optional
        From `load_reader`.
    turns : int
        Quarter turns (anticlockwise) by which it looks at the picture; the reading is as the picture lies.

    Returns
    -------
    Reading
    """
    network = network or load_reader()
    grey, inside = seen_through(window, pixels)
    clicks = (seeds or Seeds()).moved(window.matrix)
    seen = np.rot90(channels(grey, inside, clicks.include, clicks.exclude), turns, (1, 2))
    one, two = (asked(network, picture, OUTPUTS) for picture in (seen, seen[:, :, ::-1]))

    def together(number: int) -> np.ndarray:
        return np.rot90((one[number] + two[number][..., ::-1]) / 2, -turns, (1, 2))

    logits = np.ascontiguousarray(together(0))
    logits[:, ~inside] = -20
    one[1], two[1] = sigmoid(one[1]), sigmoid(two[1])
    return Reading(window, logits, together(1), together(2), _told(one[3], two[3]), grey, inside, turns)


def upright(pixels: np.ndarray, region: np.ndarray, network: cv2.dnn.Net) -> int:
    """Quarter turns (anticlockwise) after which a picture shows legs as the network knows them: upright.

    It looks at a small window in each position, and takes another than the one that it lies in only if it sees
    much more bone there.
    """
    grey, inside = _window_round(region, _TURNED).cut(pixels)
    seen = channels(grey, inside, (), ())
    sure = []
    for turns in range(4):
        logits = asked(network, np.rot90(seen, turns, (1, 2)), OUTPUTS)[0][: len(BONES)]
        sure.append(float(np.maximum(2 * sigmoid(logits) - 1, 0).sum(axis=(1, 2)) @ _WORTH))
    best = int(np.argmax(sure))
    return best if sure[best] > _MUCH_MORE * sure[0] else 0


def _told(facts: np.ndarray, mirrored: np.ndarray) -> dict[str, float]:
    """Probabilities of `FACTS` from the logits of a picture and of its mirror image, which shows the other side."""
    mirrored = mirrored.copy()
    mirrored[FACTS.index("left")] *= -1
    mean = (facts + mirrored) / 2
    values = [*softmax(mean[: len(VIEWS)]), *sigmoid(mean[len(VIEWS) :])]
    return dict(zip(FACTS, map(float, values), strict=True))


def first_window(region: np.ndarray) -> Window:
    """Window of the first look: all of what is marked, and some of what is round it."""
    return _window_round(region, _PIXELS)


def _window_round(region: np.ndarray, pixels: int) -> Window:
    low, high = corners(region)
    room = _ROUND * float(max(high - low))
    return window_over(
        np.maximum(low - room, -0.5), np.minimum(high + room, np.array(region.shape[::-1]) - 0.5), pixels
    )


def second_window(low: np.ndarray, high: np.ndarray, shape: tuple[int, int], margin: float) -> Window:
    """Window of a look at a bone: its box with a margin, a share of its size, in a picture of that shape."""
    room = margin * float(np.max(np.subtract(high, low)))
    return window_over(np.maximum(low - room, -0.5), np.minimum(high + room, np.array(shape[::-1]) - 0.5), _PIXELS)


def part_window(low: np.ndarray, high: np.ndarray) -> Window:
    """Window of a look at a part of a long bone: the part's box, with little margin."""
    margin = _PART_MARGIN * float(np.max(np.subtract(high, low)))
    return window_over(low - margin, high + margin, _PIXELS)
