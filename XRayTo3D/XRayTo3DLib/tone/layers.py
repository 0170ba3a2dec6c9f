"""High dynamic range: base and detail layers of a radiograph, and the tone-mapped image made of them."""

from __future__ import annotations

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
    tone : tone-mapped image in 0..1: base compressed, detail raised
    """

    base: np.ndarray
    detail: np.ndarray
    tone: np.ndarray


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

    pixels = np.ascontiguousarray(pixels, np.float32)
    average = mean(pixels)
    variance = np.maximum(mean(pixels * pixels) - average * average, 0)
    slope = variance / (variance + np.float32(_EDGE**2))
    base = mean(slope) * pixels + mean(average * (1 - slope))
    return base, pixels - base


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
    tone = np.float32(_BASE_RANGE) * base + np.float32(1 + strength) * detail
    low, high = inner_range(tone, 0.1)
    if high <= low:
        return np.zeros_like(tone)
    return np.clip((tone - np.float32(low)) / np.float32(high - low), 0, 1)


def layers(pixels: np.ndarray, radius: int, strength: float = 1.0) -> Layers:
    """Base, detail and tone-mapped layer of an image (see `base_and_detail` and `tone_map`)."""
    base, detail = base_and_detail(pixels, radius)
    return Layers(base, detail, tone_map(base, detail, strength))


def apply_mask(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return `image`, grey (rows, columns) or colour (rows, columns, 3), black where `mask` is false."""
    return np.where(mask if image.ndim == 2 else mask[..., None], image, 0).astype(image.dtype)
