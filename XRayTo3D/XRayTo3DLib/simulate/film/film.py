"""From path lengths to a film: attenuation, scatter, noise and blur."""

from __future__ import annotations

import numpy as np

from .setup import Exposure

# Linear attenuation coefficients (1/mm) at 60 keV, about the mean energy behind a limb at 80 to 90 kV:
# mass attenuation coefficients times densities of J. H. Hubbell, S. M. Seltzer, "Tables of X-ray mass
# attenuation coefficients", NIST 2004. Spongy bone: marrow with 12 % of bone in it.
MU_CORTEX = 0.0604
MU_SPONGY = 0.0252
MU_MUSCLE = 0.0215
MU_FAT = 0.0188
MU_TITANIUM = 0.345
MU_STEEL = 0.95


def expose(line_integral: np.ndarray, exposure: Exposure, pixel_size_mm: float, rng: np.random.Generator) -> np.ndarray:
    """Logarithmic signal of a film behind a body.

    Parameters
    ----------
    line_integral : (rows, columns) array
        Attenuation coefficient times path length, summed along each ray.
    exposure : Exposure
    pixel_size_mm : float
        Pixel size at the detector (mm).
    rng : numpy.random.Generator
        For the noise.

    Returns
    -------
    (rows, columns) float32 array
        -ln(I / I0): what was put in, but for scatter, noise and blur. Bone is bright.
    """
    import cv2

    beam = np.exp(-np.asarray(line_integral, np.float32))
    if exposure.scatter:
        beam = beam + np.float32(exposure.scatter) * _veil(beam, exposure.scatter_width_mm / pixel_size_mm)
    if np.isfinite(exposure.photons):
        beam = (rng.poisson(beam * exposure.photons) / exposure.photons).astype(np.float32)
    if exposure.blur_mm:
        beam = cv2.GaussianBlur(beam, (0, 0), exposure.blur_mm / pixel_size_mm, borderType=cv2.BORDER_REPLICATE)
    darkest = 0.5 / exposure.photons  # half a photon: no logarithm of nothing
    return -np.log(np.maximum(beam, max(darkest, np.finfo(np.float32).tiny)))


def _veil(beam: np.ndarray, sigma: float) -> np.ndarray:
    """A wide blur, made on fewer pixels: nothing of it is finer than they are."""
    import cv2

    step = max(1, int(sigma / 4))
    small = (max(1, -(-beam.shape[1] // step)), max(1, -(-beam.shape[0] // step)))
    few = cv2.resize(beam, small, interpolation=cv2.INTER_AREA)
    few = cv2.GaussianBlur(few, (0, 0), max(sigma / step, 0.1), borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(few, beam.shape[::-1], interpolation=cv2.INTER_LINEAR)
