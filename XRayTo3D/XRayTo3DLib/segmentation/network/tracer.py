"""Running the tracer network: one bone, and the heights on it, at a crop's full resolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..seeds import Seeds
from .channels import BONES, NOTHING, TRACED, channels, told_name
from .loading import TRACER_OUTPUTS, asked, load_tracer
from .logits import softmax
from .window import Window, seen_through, window_over

if TYPE_CHECKING:
    import cv2

_NAMES = (*BONES, NOTHING)
_PIXELS = 160 * 160  # of a window
_LONG = 2.5  # ratio of the sides of a long bone's box


@dataclass(frozen=True)
class Trace:
    """What the tracer says of the bone that fills a window.

    Attributes
    ----------
    window : Window
    logits : (3, rows, columns) float32 array
        Of `TRACED`; of the bone above zero where it is.
    heights : (rows / 2, columns / 2) float32 array
        How high on the bone its shadow shows it, 0 at its lower end and 1 at the upper; it means nothing beside it.
    names : dict of str to float
        Probabilities of what the bone is: `BONES`, or nothing of these.
    """

    window: Window
    logits: np.ndarray
    heights: np.ndarray
    names: dict[str, float]

    def logit(self, name: str) -> np.ndarray:
        """Logits of one of the masks: `TRACED`."""
        return self.logits[TRACED.index(name)]

    @property
    def mask(self) -> np.ndarray:
        """The bone, (rows, columns) bool array."""
        return self.logit("mask") > 0


def traced_window(low: np.ndarray, high: np.ndarray, shape: tuple[int, int]) -> Window:
    """Window of a bone's box, as far as a picture of that shape holds it."""
    return window_over(np.maximum(low, -0.5), np.minimum(high, np.array(shape[::-1]) - 0.5), _PIXELS)


def is_long(low: np.ndarray, high: np.ndarray) -> bool:
    """Whether a box holds a whole long bone: it is a few pixels of a window wide, and parts of it are missed there."""
    return bool(max(high - low) > _LONG * min(high - low))


def trace(
    pixels: np.ndarray,
    window: Window,
    name: str = "",
    seeds: Seeds | None = None,
    turns: int = 0,
    mirrored: bool = True,
) -> Trace:
    """Let the tracer draw the bone that a window was laid round.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
        The picture, bone bright.
    window : Window
    name : str
        Which of `BONES` is meant; "" where that is not known.
    seeds : Seeds, optional
        Clicks, as column and row of the picture.
    turns : int
        Quarter turns (anticlockwise) by which it looks at the picture; what it says is as the picture lies.
    mirrored : bool
        Whether it looks at the mirror image too, which takes twice the time and errs less.

    Returns
    -------
    Trace

    Raises
    ------
    ReconstructionError
        If the network cannot be loaded.
    """
    logits, heights, facts = drawn_by(load_tracer(), pixels, window, name, seeds, turns, mirrored)
    names = softmax(facts[: len(_NAMES)])
    return Trace(window, logits, heights, dict(zip(_NAMES, map(float, names), strict=True)))


def drawn_by(
    network: cv2.dnn.Net,
    pixels: np.ndarray,
    window: Window,
    name: str,
    seeds: Seeds | None = None,
    turns: int = 0,
    mirrored: bool = True,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a network that draws one bone says of a window; see `trace`.

    Returns
    -------
    logits : (masks, rows, columns) float32 array
        Strongly negative beside the picture.
    heights : (rows / 2, columns / 2) float32 array
    facts : (7,) float32 array
        Logits.
    """
    grey, inside = seen_through(window, pixels)
    clicks = (seeds or Seeds()).moved(window.matrix)
    seen = np.concatenate([channels(grey, inside, clicks.include, clicks.exclude), told_name(grey.shape, name)])
    seen = np.rot90(seen, turns, (1, 2))
    masks, heights, facts = asked(network, seen, TRACER_OUTPUTS)
    if mirrored:
        also = asked(network, seen[:, :, ::-1], TRACER_OUTPUTS)
        masks, heights = (masks + also[0][..., ::-1]) / 2, (heights + also[1][..., ::-1]) / 2
        facts = (facts + also[2]) / 2
    logits = np.ascontiguousarray(np.rot90(masks, -turns, (1, 2)))
    logits[:, ~inside] = -20
    return logits, np.rot90(heights[0], -turns), facts
