"""Which bone somebody drew a box round: by what fills it, and by what all of the picture has there."""

from __future__ import annotations

import os

import numpy as np

from .bone import choose_pieces
from .network.calibration import score
from .network.channels import BONES
from .network.logits import log_odds, softmax
from .network.reader import Reading
from .network.search import Box, likeness
from .network.tracer import trace, traced_window
from .region import corners

_KINDS = ("taken", "told", "fills", "fits")
NAMING = tuple(f"{kind} {name}" for kind in _KINDS for name in BONES)
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
    shares = softmax(np.array([score(f"named {name}", NAMING, values, reader) for name in BONES]))
    return dict(zip(BONES, map(float, shares), strict=True))


def naming_features(pixels: np.ndarray, box: Box, whole: Reading) -> np.ndarray:
    """Numbers that tell which bone a box was drawn round: `NAMING`, (20,) float64 array.

    For each of `BONES`: the logits of the probability that the tracer gives that name to what fills the box, and that
    it gives it if it is told so; how well the box fits what it draws if it is told so; and how well the box fits the
    best piece of that bone which was seen in the whole picture (see `search.likeness`).

    The parameters are those of `names_in`.
    """
    edges = np.array([[-0.5, -0.5], np.array(pixels.shape[::-1]) - 0.5])
    box = tuple(np.clip(corner, *edges) for corner in box)
    window = traced_window(*box, pixels.shape)
    taken = trace(pixels, window, turns=whole.turns).names
    told = {name: trace(pixels, window, name, turns=whole.turns, mirrored=False) for name in BONES}
    drawn = {name: choose_pieces(each.mask, "near") for name, each in told.items()}
    return np.array(
        [
            *(log_odds(taken[name]) for name in BONES),
            *(log_odds(told[name].names[name]) for name in BONES),
            *(likeness(box, tuple(window.to_picture(corners(mask)))) if mask.any() else 0.0 for mask in drawn.values()),
            *(max((likeness(box, piece) for piece in _pieces(whole, name)), default=0.0) for name in BONES),
        ]
    )


def _pieces(whole: Reading, name: str) -> list[Box]:
    """Boxes of the pieces of a bone in a look, as columns and rows of the picture."""
    import cv2

    _, _, found, _ = cv2.connectedComponentsWithStats((whole.logit(name) > 0).astype(np.uint8))
    return [
        tuple(whole.window.to_picture([(x - 0.5, y - 0.5), (x + width - 0.5, y + height - 0.5)]))
        for x, y, width, height, pixels in found[1:].tolist()
        if pixels >= _LEAST_PIECE
    ]
