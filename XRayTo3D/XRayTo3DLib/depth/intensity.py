"""What the grey values say of a bone's depth: modulation of an inflated outline, relief, embossed detail."""

from __future__ import annotations

import numpy as np

from ..filters import average_inside

# Measured on simulated radiographs of 18 views of 9 femora: against inflation alone these take the mean error
# of the half thickness from 2.9 to 2.6 mm and that of the worst view from 3.6 to 3.0 mm.
_NEAR, _WIDE = 0.3, 6.0  # widths of the two averages, in largest half widths of the bone
_STRENGTH, _LEAST, _MOST = 0.5, 0.6, 1.4


def modulation(pixels: np.ndarray, mask: np.ndarray, half_width: float) -> np.ndarray:
    """Factor for the half thickness of an inflated bone, from how bright the bone is there.

    A part that is brighter than the bone's average stopped more of the beam and is taken to be thicker. The
    grey value is averaged over about a cross-section, so that a shaft of even brightness along its length
    keeps its round sections.

    Parameters
    ----------
    pixels : (rows, columns) float array
        Grey values, bone bright.
    mask : (rows, columns) bool array
        The bone.
    half_width : float
        Largest half width of the bone, in pixels.

    Returns
    -------
    (rows, columns) float32 array
        Factor in 0.6..1.4; 1 everywhere for an evenly bright bone.
    """
    near = average_inside(pixels, mask, _NEAR * half_width)
    wide = average_inside(pixels, mask, _WIDE * half_width)
    relative = near / np.maximum(wide, 1e-6)
    return np.clip(1 + _STRENGTH * (relative - 1), _LEAST, _MOST).astype(np.float32)


def emboss(detail: np.ndarray, half_thickness: np.ndarray, height_mm: float) -> np.ndarray:
    """Combine the detail layer with depth: how much the front is raised or lowered by the detail.

    Parameters
    ----------
    detail : (rows, columns) float array
        Detail layer of the radiograph.
    half_thickness : (rows, columns) float array
        Half thickness of the bone (mm), 0 outside.
    height_mm : float
        Largest height of the embossed detail.

    Returns
    -------
    (rows, columns) float32 array
        Height (mm) to add to the front, fading to 0 at the outline, so that front and back still meet there.
    """
    bone = half_thickness > 0
    spread = float(np.std(detail[bone])) if bone.any() else 0.0
    if spread == 0 or height_mm == 0:
        return np.zeros(detail.shape, np.float32)
    fade = np.clip(half_thickness / (4 * height_mm), 0, 1)
    return (height_mm * np.tanh(detail / (2 * spread)) * fade).astype(np.float32)


def relief_height(tone: np.ndarray, mask: np.ndarray, height_mm: float) -> np.ndarray:
    """Height of a relief from the tone-mapped image: bright is high.

    Parameters
    ----------
    tone : (rows, columns) float array
        Tone-mapped image in 0..1.
    mask : (rows, columns) bool array
        The bone.
    height_mm : float
        Height of the brightest point over the flat back; the darkest stands on a plate of a tenth of it.

    Returns
    -------
    (rows, columns) float32 array
        Height (mm), also outside the mask, which only sets the grey range.
    """
    low, high = np.percentile(tone[mask], (0.5, 99.5))
    relative = np.clip((tone - low) / (high - low), 0, 1) if high > low else np.ones_like(tone)
    return (height_mm * (0.1 + 0.9 * relative)).astype(np.float32)
