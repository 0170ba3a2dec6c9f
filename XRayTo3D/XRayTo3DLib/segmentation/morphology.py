"""Morphology of masks: by discs, on masks that may go on beyond the picture."""

from __future__ import annotations

import numpy as np


def disc(radius: int) -> np.ndarray:
    """Structuring element: a disc of that radius in pixels."""
    import cv2

    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def dilated(mask: np.ndarray, radius: int) -> np.ndarray:
    """Return a (rows, columns) bool mask grown by a radius."""
    import cv2

    return cv2.dilate(mask.astype(np.uint8), disc(radius)) > 0


def eroded(mask: np.ndarray, radius: int) -> np.ndarray:
    """Return a mask shrunk by a radius, as if it went on beyond the border."""
    import cv2

    padded = cv2.copyMakeBorder(mask.astype(np.uint8), *[radius] * 4, cv2.BORDER_REPLICATE)
    return cv2.erode(padded, disc(radius))[radius:-radius, radius:-radius] > 0


def opened(mask: np.ndarray, radius: int) -> np.ndarray:
    """Return a mask opened by a radius, as if it went on beyond the border."""
    import cv2

    padded = cv2.copyMakeBorder(mask.astype(np.uint8), *[2 * radius] * 4, cv2.BORDER_REPLICATE)
    return (
        cv2.morphologyEx(padded, cv2.MORPH_OPEN, disc(radius))[2 * radius : -2 * radius, 2 * radius : -2 * radius] > 0
    )


def closed(mask: np.ndarray, radius: int) -> np.ndarray:
    """Return a mask closed by a radius, as if it went on beyond the border, all holes filled: a cut shaft's too."""
    import cv2

    padded = cv2.copyMakeBorder(mask.astype(np.uint8), *[2 * radius] * 4, cv2.BORDER_REPLICATE)
    made = filled(cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc(radius)))
    return made[2 * radius : -2 * radius, 2 * radius : -2 * radius] > 0


def closed_widely(mask: np.ndarray, radius: int) -> np.ndarray:
    """Return a (rows, columns) uint8 mask of 0 and 1 closed by a radius, as if nothing lay beyond the border.

    By distances, which takes a third of the time of so large a disc.
    """
    import cv2

    # Half way between the radius and the next larger distance of two pixels: OpenCV's last digits do not matter.
    reach = float(np.sqrt(radius**2 + 0.5))
    padded = cv2.copyMakeBorder(mask, *[radius] * 4, cv2.BORDER_CONSTANT, value=0)
    grown = cv2.distanceTransform(1 - padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) < reach
    made = cv2.distanceTransform(grown.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) > reach
    return np.ascontiguousarray(made[radius:-radius, radius:-radius]).view(np.uint8)


def filled(mask: np.ndarray) -> np.ndarray:
    """Return a (rows, columns) uint8 mask of 0 and 1 with its holes filled."""
    import cv2

    made = np.ascontiguousarray(mask)
    outlines, _ = cv2.findContours(made, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(made.copy(), outlines, -1, 1, cv2.FILLED)


def dice(one: np.ndarray, two: np.ndarray) -> float:
    """Twice what two masks share, over the sum of their areas."""
    return 2 * np.count_nonzero(one & two) / max(np.count_nonzero(one) + np.count_nonzero(two), 1)
