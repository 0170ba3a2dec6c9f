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


def distance_inside(mask: np.ndarray) -> np.ndarray:
    """Distance of every masked pixel's centre to that of the nearest pixel outside, in pixels; 0 outside.

    Where there is no pixel outside it is rows + columns, more than any distance in the array.

    Parameters
    ----------
    mask : (rows, columns) bool or uint8 array

    Returns
    -------
    (rows, columns) float32 array
        The same for the same mask, whatever the memory it lies in: the last digits of OpenCV's square roots depend on
        that. Its numbers are roots of whole numbers, and are rounded to them.
    """
    import cv2

    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.sqrt(np.rint(np.minimum(distance, sum(mask.shape)) ** 2))


def inner_range(values: np.ndarray, cut_percent: float, region: np.ndarray | None = None) -> tuple[float, float]:
    """Lowest and highest value after cutting off a share at both ends.

    Parameters
    ----------
    values : (rows, columns) float array
    cut_percent : float
        Per cent of the values to cut off at either end.
    region : (rows, columns) bool array, optional
        Values that count. Of large pictures every second or third row and column is enough.
    """
    stride = max(1, int(np.sqrt(values.size / 1e6)))
    sparse = values[::stride, ::stride]
    if region is not None:
        inside = region[::stride, ::stride]
        sparse = sparse[inside] if inside.any() else values[region]
    low, high = np.percentile(sparse, (cut_percent, 100 - cut_percent))
    return float(low), float(high)
