"""Running the network that says, of each point of a grid, how far inside the bone it is."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ReconstructionError
from ..helpers.reading import opened
from .features import FEATURES
from .grid import SHAPE

if TYPE_CHECKING:
    import cv2

SHIPPED = Path(__file__).with_name("volume.onnx")
OUTPUTS = ("distance", "doubt")  # inside the bone, in steps; logarithm of how far off that is


def load_volume(path: str | os.PathLike | None = None) -> cv2.dnn.Net:
    """Load a volume network, the one that is shipped if no other is named.

    Raises
    ------
    ReconstructionError
        If there is no such file, it is damaged, made for other features, or OpenCV cannot run it.
    """
    path = Path(path or SHIPPED)
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise ReconstructionError(f"The volume network {path} cannot be read: {error.strerror or error}.") from error
    return _loaded(str(path), changed)


@functools.lru_cache(maxsize=2)
def _loaded(path: str, changed: int) -> cv2.dnn.Net:
    import cv2

    again = "train it again, or name none and take the one that is shipped."
    try:
        with opened(path) as file:
            network = cv2.dnn.readNetFromONNX(np.frombuffer(file.read(), np.uint8))
    except (cv2.error, OSError, ValueError) as error:
        raise ReconstructionError(f"The volume network {path} is damaged or no ONNX network: {again}") from error
    try:
        made = _asked(network, np.zeros((len(FEATURES), *SHAPE), np.float32))
    except cv2.error as error:
        raise ReconstructionError(f"The volume network {path} has another layout: {again}") from error
    if made.shape != (len(OUTPUTS), *SHAPE):
        raise ReconstructionError(f"The volume network {path} has another layout: {again}")
    return network


def said(network: cv2.dnn.Net, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a network says of a grid's features.

    Parameters
    ----------
    network : cv2.dnn.Net
    seen : (features, layers, rows, columns) float32 array

    Returns
    -------
    distance, deviation : (layers, rows, columns) float32 arrays
        How far inside the bone, negative outside, and how far off that is told to be; in the grid's steps.
    """
    distance, doubt = _asked(network, seen)
    return distance, np.exp(doubt)


def _asked(network: cv2.dnn.Net, seen: np.ndarray) -> np.ndarray:
    network.setInput(np.ascontiguousarray(seen[None], np.float32))
    return np.array(network.forward()[0])
