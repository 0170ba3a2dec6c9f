"""Running the breaks network: is a bone broken, where, and which of its shadow hangs on which end."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from .channels import BREAKS_DRAWN, TRACER_FACTS
from .loading import load_breaks
from .tracer import drawn_by, traced_window
from .window import Window


@dataclass(frozen=True)
class Break:
    """What the breaks network says of a femur or tibia.

    Attributes
    ----------
    window : Window
    logits : (4, rows, columns) float32 array
        Of `BREAKS_DRAWN`: the bone; its upper and its lower fragment, if it is broken, which may lie over each other;
        and the break. Above zero where they are.
    heights : (rows / 2, columns / 2) float32 array
        See `tracer.Trace`.
    broken : float
        Logit of the network's own answer.
    """

    window: Window
    logits: np.ndarray
    heights: np.ndarray
    broken: float

    def logit(self, name: str) -> np.ndarray:
        """Logits of one of the masks: `BREAKS_DRAWN`."""
        return self.logits[BREAKS_DRAWN.index(name)]


def look_for_break(
    pixels: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    name: str,
    turns: int = 0,
    network: str | os.PathLike | None = None,
) -> Break:
    """Look for a break of a bone.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
        The picture, bone bright.
    low, high : (2,) array
        Corners of the bone's box, as column and row.
    name : {"femur", "tibia"}
    turns : int
        See `tracer.trace`.
    network : path, optional
        Of another network than the one that is shipped.

    Raises
    ------
    ReconstructionError
        If the network cannot be loaded.
    """
    window = traced_window(low, high, pixels.shape)
    logits, heights, facts = drawn_by(load_breaks(network), pixels, window, name, turns=turns)
    return Break(window, logits, heights, float(facts[TRACER_FACTS.index("broken")]))
