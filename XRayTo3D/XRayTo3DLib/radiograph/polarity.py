"""Is bone bright or dark in a picture, as far as the picture itself tells?

The ray that grazes a cortex crosses far more bone than its neighbours, so outlines of bones, trabeculae
and metal are thin lines of much attenuation: ridges where bone is bright, valleys where it is dark. Thin
lines of little attenuation (joint spaces, cracks) are fewer. This holds whatever the background is, which
collimators, film frames and the round mask of an image intensifier make black or white at will.
"""

import numpy as np

WORKING_SIZE = 256  # pixels of the longer side: a cortex is then one to three pixels wide
MIN_SIZE = 64  # pixels of the longer side below which no line is resolved
LINE_WIDTHS = (1.0, 1.5)  # standard deviations of the Gaussians whose Hessian finds lines, pixels
EXTREME = 0.1  # share of the grey range at either end where air, collimators and frames lie
MARGIN = 4  # pixels around these and along the border: the reach of the filters, which would see edges as lines
STRENGTH_WEIGHT = 0.3  # of the lines' strength against their number
CLEAR = 0.1  # evidence (-1.3 to 1.3) that is not taken for chance


def bone_brightness_evidence(pixels: np.ndarray) -> float:
    """How much a picture's thin lines speak for bright bone (positive) or dark bone (negative).

    Parameters
    ----------
    pixels : (rows, columns) float32 array in 0..1

    Returns
    -------
    float
        An odd function of the picture: the inverted picture has the opposite value. 0 where there is
        nothing to judge by.
    """
    import cv2

    if max(pixels.shape) < MIN_SIZE:
        return 0.0
    scale = WORKING_SIZE / max(pixels.shape)
    size = tuple(max(1, round(length * scale)) for length in pixels.shape[::-1])
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    small = small - np.float32(0.5)
    inside = _inside_the_body(small)
    if np.count_nonzero(inside) < WORKING_SIZE:
        return 0.0
    excess = np.mean([_ridge_excess(small, width, inside) for width in LINE_WIDTHS])
    fine = (_blurred(small, LINE_WIDTHS[0]) - _blurred(small, 1.6 * LINE_WIDTHS[0]))[inside].astype(np.float64)
    variance = np.mean(fine**2)
    skewness = np.mean(fine**3) / variance**1.5 if variance > 0 else 0.0
    return float(excess + STRENGTH_WEIGHT * np.tanh(skewness))


def bone_is_dark(pixels: np.ndarray, by_tag: bool | None, custom: str) -> bool:
    """Whether bone is dark in a picture, as its DICOM tag and the picture together tell.

    Parameters
    ----------
    pixels : (rows, columns) float32 array in 0..1
        The picture as it is meant to be shown.
    by_tag : bool or None
        What PixelIntensityRelationshipSign says. It is wrong in some files: a picture that clearly
        shows bright bone outweighs it.
    custom : {"bright", "mostly bright", "either"}
        How such pictures show bone, where there is no tag. "mostly bright" is overruled by clear evidence
        in the picture, "either" by any.
    """
    if by_tag is not None:
        return by_tag and bone_brightness_evidence(pixels) < CLEAR
    if custom == "bright":
        return False
    return bone_brightness_evidence(pixels) < (-CLEAR if custom == "mostly bright" else 0)


def _inside_the_body(small: np.ndarray) -> np.ndarray:
    """Where grey values are neither wide areas of an extreme, nor next to them, nor at the border."""
    import cv2

    # Quantiles by order, so that those of the inverted picture are the same pixels.
    ordered = np.sort(small, axis=None)
    low, high = ordered[len(ordered) // 200], ordered[-1 - len(ordered) // 200]
    step = EXTREME * (high - low)
    wide, near = (cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * r + 1, 2 * r + 1)) for r in (3, MARGIN))
    inside = np.ones(small.shape, bool)
    for extreme in (small <= low + step, small >= high - step):
        area = cv2.morphologyEx(extreme.astype(np.uint8), cv2.MORPH_OPEN, wide)
        inside &= cv2.dilate(area, near) == 0
    inside[:MARGIN] = inside[-MARGIN:] = False
    inside[:, :MARGIN] = inside[:, -MARGIN:] = False
    return inside


def _ridge_excess(small: np.ndarray, width: float, inside: np.ndarray) -> float:
    """(ridges - valleys) / (ridges + valleys), by the larger principal curvature, locally normalised."""
    import cv2

    smooth = _blurred(small, width)
    dxx, dyy, dxy = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3) for order in ((2, 0), (0, 2), (1, 1)))
    mean, spread = (dxx + dyy) / 2, np.hypot((dxx - dyy) / 2, dxy)
    most, least = mean + spread, mean - spread
    within = inside.astype(np.float32)
    # Faint trabeculae in thin soft tissue count as much as a cortex against the background.
    local = _blurred((most**2 + least**2) * within, 4 * width) / np.maximum(_blurred(within, 4 * width), 0.05)
    ridge = np.maximum(-least - np.abs(most), 0) - np.maximum(most - np.abs(least), 0)
    ridge = (ridge / (np.sqrt(np.maximum(local, 0)) + 1e-6))[inside]
    total = np.sum(ridge**2, dtype=np.float64)
    return float(np.sum(ridge * np.abs(ridge), dtype=np.float64) / total) if total > 0 else 0.0


def _blurred(image: np.ndarray, width: float) -> np.ndarray:
    import cv2

    return cv2.GaussianBlur(image, (0, 0), width, borderType=cv2.BORDER_REFLECT)
