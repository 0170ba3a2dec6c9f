"""Which bone somebody drew a box round: what the tracer takes it for, and what all of the picture has there."""

from __future__ import annotations

import os

import numpy as np

from .network.calibration import probability
from .network.channels import BONES
from .network.logits import log_odds
from .network.reader import Reading
from .network.search import Box
from .network.tracer import trace, traced_window

NAMING = ("traced", "fits", "another", *BONES[:-1])
_LEAST_PIECE = 30  # pixels of a window: less is no bone


def names_in(pixels: np.ndarray, box: Box, whole: Reading, reader: str | os.PathLike | None = None) -> dict[str, float]:
    """How probable it is that a box was drawn round each of `BONES`, as calibrated on simulated radiographs.

    In a narrow box a fibula looks much like a femur. Beside it in the picture lie bones that are seen more easily, and
    that the box does not fit.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
    box : (low, high) of (2,) array
        Corners, as column and row of the picture.
    whole : Reading
        A first look at all of the picture.
    reader : path, optional
        The network that looked; its calibration lies beside it.

    Raises
    ------
    ReconstructionError
        If a network or the calibration cannot be read.
    """
    values = naming_features(pixels, box, whole)
    return {name: probability("name_check", NAMING, values[name], reader) for name in BONES}


def naming_features(pixels: np.ndarray, box: Box, whole: Reading) -> dict[str, np.ndarray]:
    """Numbers that tell, for each of `BONES`, whether a box was drawn round it: `NAMING`, (7,) float64 arrays.

    The logit of the probability that the tracer gives that name to what fills the box; how well the box fits the best
    piece of that bone which was seen in the whole picture (see `likeness`), and how well it fits the best one of
    another; 1 for the bone itself, but of the last one.

    The parameters are those of `names_in`.
    """
    edges = np.array([[-0.5, -0.5], np.array(pixels.shape[::-1]) - 0.5])
    box = tuple(np.clip(corner, *edges) for corner in box)
    names = trace(pixels, traced_window(*box, pixels.shape), turns=whole.turns).names
    fits = {name: max((likeness(box, piece) for piece in _pieces(whole, name)), default=0.0) for name in BONES}
    return {
        name: np.array(
            [
                log_odds(names[name]),
                fits[name],
                max(fit for other, fit in fits.items() if other != name),
                *(float(name == each) for each in BONES[:-1]),
            ]
        )
        for name in BONES
    }


def _pieces(whole: Reading, name: str) -> list[Box]:
    """Boxes of the pieces of a bone in a look, as columns and rows of the picture."""
    import cv2

    _, _, found, _ = cv2.connectedComponentsWithStats((whole.logit(name) > 0).astype(np.uint8))
    return [
        tuple(whole.window.to_picture([(x - 0.5, y - 0.5), (x + width - 0.5, y + height - 0.5)]))
        for x, y, width, height, pixels in found[1:].tolist()
        if pixels >= _LEAST_PIECE
    ]


def likeness(one: Box, two: Box) -> float:
    """What two boxes share of both together, 0 to 1."""
    both = np.maximum(np.minimum(one[1], two[1]) - np.maximum(one[0], two[0]), 0).prod()
    return float(both / (sum((high - low).prod() for low, high in (one, two)) - both))
