"""Evening out: grey values made comparable over the picture, so that one threshold can tell bone everywhere."""

from __future__ import annotations

import numpy as np

from ..filters import average_inside, inner_range
from .region import bounding_box

_SIGMA = 0.15  # of the region's smaller side: wider than a shaft, narrower than the limb's own shading
_LEAST_CONTRAST = 0.1  # of the mean contrast: where there is less, noise is not raised to bone
_NO_CONTRAST = 1e-4  # of the grey range: less than any picture's noise


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
