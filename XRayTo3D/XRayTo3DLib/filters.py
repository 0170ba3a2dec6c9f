"""Filters that more than one stage needs."""

from __future__ import annotations

import numpy as np


def average_inside(pixels: np.ndarray, mask: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian average of the masked pixels alone.

    Parameters
    ----------
    pixels : (rows, columns) float array
    mask : (rows, columns) bool array
        Pixels that count (normalised convolution).
    sigma : float
        Width of the Gaussian in pixels. A wide one is applied on a coarser grid.

    Returns
    -------
    (rows, columns) float32 array
        Defined everywhere, though far from the mask it means nothing.

    References
    ----------
    H. Knutsson and C.-F. Westin, "Normalized and differential convolution", CVPR 1993.
    """
    import cv2

    shrink = max(1, int(sigma / 4))
    small = tuple(max(1, n // shrink) for n in pixels.shape)
    weight = cv2.resize(mask.astype(np.float32), small[::-1], interpolation=cv2.INTER_AREA)
    value = cv2.resize((pixels * mask).astype(np.float32), small[::-1], interpolation=cv2.INTER_AREA)
    width = max(sigma / shrink, 0.3)

    def blur(image: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(image, (0, 0), width, borderType=cv2.BORDER_CONSTANT)

    average = blur(value) / np.maximum(blur(weight), 1e-6)
    return cv2.resize(average, pixels.shape[::-1], interpolation=cv2.INTER_LINEAR)
