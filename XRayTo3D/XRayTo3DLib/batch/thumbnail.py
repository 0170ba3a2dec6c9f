"""A small picture of a radiograph, with the bone that was found in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_LONGEST_SIDE = 160  # pixels
_OUTLINE = (60, 210, 255)  # BGR


def write_thumbnail(pixels: np.ndarray, mask: np.ndarray | None, path: Path) -> None:
    """Write a JPEG.

    Parameters
    ----------
    pixels : (rows, columns) float array
        0 to 1.
    mask : (rows, columns) bool array or None
        Its outline is drawn.
    path : Path
    """
    import cv2

    shrink = min(1.0, _LONGEST_SIDE / max(pixels.shape))
    size = tuple(max(1, round(shrink * length)) for length in pixels.shape[::-1])
    small = cv2.resize(np.clip(pixels, 0, 1).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    picture = cv2.cvtColor((255 * small).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    if mask is not None:
        inside = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_AREA)
        outlines, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, outlines, -1, _OUTLINE, 1)
    path.write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
