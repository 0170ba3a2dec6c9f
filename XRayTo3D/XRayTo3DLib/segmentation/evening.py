"""Evening out: grey values made comparable over the picture, so that one threshold can tell bone everywhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..helpers.filters import average_inside, inner_range
from .morphology import disc
from .region import bounding_box

_SIGMA = 0.15  # of the region's smaller side: wider than a shaft, narrower than the limb's own shading
_REACH = 0.25  # of the region's smaller side: a disc that does not fit into the bone
_LEAST_CONTRAST = 0.1  # of the mean contrast: where there is less, noise is not raised to bone
_NO_CONTRAST = 1e-4  # of the grey range: less than any picture's noise


def flatten(pixels: np.ndarray, region: np.ndarray, height: np.ndarray | None = None) -> np.ndarray:
    """Take away what is not bone as far as it changes slowly: the mean of `raised` and `even_out`.

    The one keeps a bone's broad ends, which are their own surroundings; the other keeps the shaft where the beam
    was weak.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
        Grey values in 0..1.
    region : (rows, columns) bool array
        Pixels that count; what lies outside does not shine in.
    height : (rows, columns) float32 array, optional
        What `raised` gives of them, if it is known.

    Returns
    -------
    (rows, columns) float32 array
        In 0..1.
    """
    return ((raised(pixels, region) if height is None else height) + even_out(pixels, region)) / 2


def raised(pixels: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Measure by how much every pixel is brighter than the soft tissue round the bone.

    The soft tissue's grey under the bone is what an opening by a disc leaves that is too large for the bone: the
    top-hat transform.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
        Grey values in 0..1.
    region : (rows, columns) bool array

    Returns
    -------
    (rows, columns) float32 array
        In 0..1, 1 where it is as bright as the region's brightest 1 %.
    """
    import cv2

    box = bounding_box(region)
    radius = max(1, round(_REACH * min(side.stop - side.start for side in box)))
    calm = cv2.medianBlur(np.ascontiguousarray(pixels, np.float32), 5)

    def swept(image: np.ndarray, outside: float, sweep: Callable) -> np.ndarray:
        filled = np.where(region, image, np.float32(outside))  # so that it neither counts as dark nor as bright
        wide = cv2.copyMakeBorder(filled, *[radius] * 4, cv2.BORDER_REFLECT)
        return sweep(wide, disc(radius))[radius:-radius, radius:-radius]

    ground = average_inside(swept(swept(calm, 1, cv2.erode), 0, cv2.dilate), region, 0.3 * radius)
    height = np.maximum(pixels - ground, 0)
    _, high = inner_range(height, 1.0, region)
    if high < _NO_CONTRAST:
        return np.zeros_like(height)
    return np.clip(height / np.float32(high), 0, 1)


def even_out(pixels: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Measure every grey value against those around it: by how many local standard deviations it is brighter.

    That takes away what varies slowly (thick soft tissue, an uneven beam) and differences of contrast between
    thick and thin parts of the limb.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
        Grey values in 0..1.
    region : (rows, columns) bool array
        Pixels that count; what lies outside does not shine in.

    Returns
    -------
    (rows, columns) float32 array
        In 0..1, the region's own range with 0.5 % cut off at both ends.
    """
    box = bounding_box(region)
    sigma = _SIGMA * min(side.stop - side.start for side in box)
    difference = pixels - average_inside(pixels, region, sigma)
    contrast = np.sqrt(average_inside(difference * difference, region, sigma))
    contrast += np.float32(_LEAST_CONTRAST * contrast[region].mean() + _NO_CONTRAST)
    difference /= contrast
    low, high = inner_range(difference, 0.5, region)
    if high - low < 0.01:  # of a standard deviation: rounding
        return np.zeros_like(pixels)
    return np.clip((difference - np.float32(low)) / np.float32(high - low), 0, 1)
