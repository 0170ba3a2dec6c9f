"""What is shown of the grey values in depth: relief, embossed detail."""

from __future__ import annotations

import numpy as np


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
