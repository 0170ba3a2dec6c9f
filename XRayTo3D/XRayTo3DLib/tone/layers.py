"""High dynamic range: base and detail layers of a radiograph, and the tone-mapped image made of them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from ..helpers.filters import inner_range

_EDGE = 0.1  # grey difference beyond which the base layer keeps an edge (regularisation is its square)
_BASE_RANGE = 0.7  # share of the base layer's contrast that tone mapping keeps


@dataclass(frozen=True)
class Layers:
    """Layers of a radiograph, each a (rows, columns) float32 array.

    Attributes
    ----------
    base : what varies slowly, with the large edges
    detail : the rest; base + detail is the input
    strength : how much detail is raised in the tone-mapped image
    """

    base: np.ndarray
    detail: np.ndarray
    strength: float = 1.0

    @functools.cached_property
    def tone(self) -> np.ndarray:
        """Tone-mapped image in 0..1: base compressed, detail raised (see `tone_map`)."""
        return tone_map(self.base, self.detail, self.strength)


def base_and_detail(pixels: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """Split an image into a base layer, smoothed but for its edges, and the detail that is left.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
        Grey values in 0..1.
    radius : int
        Half width of the window in pixels: detail is finer than this.

    Returns
    -------
    base, detail : (rows, columns) float32 arrays
        Their sum is `pixels` to float precision.

    References
    ----------
    K. He, J. Sun, X. Tang, "Guided image filtering", ECCV 2010 (guide = input); as a base layer in the place
    of the bilateral filter of F. Durand and J. Dorsey, "Fast bilateral filtering for the display of
    high-dynamic-range images", SIGGRAPH 2002, at a cost that does not grow with the radius.
    """
    import cv2

    window = (2 * radius + 1, 2 * radius + 1)

    def mean(image: np.ndarray) -> np.ndarray:
        return cv2.blur(image, window, borderType=cv2.BORDER_REFLECT)

    # Of a large picture each array takes hundreds of megabytes: what is not needed any more is written over.
    pixels = np.ascontiguousarray(pixels, np.float32)
    average = mean(pixels)
    slope = mean(pixels * pixels)
    slope -= average * average  # the variance
    np.maximum(slope, 0, out=slope)
    slope /= slope + np.float32(_EDGE**2)
    average *= 1 - slope
    slope = mean(slope)
    slope *= pixels
    base = mean(average)
    base += slope
    return base, np.subtract(pixels, base, out=average)


def tone_map(base: np.ndarray, detail: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Compress the base layer's contrast, raise the detail, and stretch the result over 0..1.

    Parameters
    ----------
    base, detail : (rows, columns) float32 arrays
        Layers of one image.
    strength : float
        How much detail is raised: 0 leaves it, 1 doubles it.

    Returns
    -------
    (rows, columns) float32 array
        Edges are steeper in it than in base + detail, both taken over their own grey range.
    """
    tone = np.float32(_BASE_RANGE) * base
    tone += np.float32(1 + strength) * detail
    low, high = inner_range(tone, 0.1)
    if high <= low:
        return np.zeros_like(tone)
    tone -= np.float32(low)
    tone /= np.float32(high - low)
    return np.clip(tone, 0, 1, out=tone)


def layers(pixels: np.ndarray, radius: int, strength: float = 1.0) -> Layers:
    """Base and detail layer of an image, and what is tone-mapped of them (see `base_and_detail` and `tone_map`)."""
    base, detail = base_and_detail(pixels, radius)
    return Layers(base, detail, strength)


def apply_mask(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return `image`, grey (rows, columns) or colour (rows, columns, 3), black where `mask` is false."""
    return np.where(mask if image.ndim == 2 else mask[..., None], image, 0).astype(image.dtype)
