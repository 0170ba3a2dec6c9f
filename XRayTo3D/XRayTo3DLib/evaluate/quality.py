"""Picture quality: the image enhancement factor and the structural similarity index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_DEGENERATE = 1e-9  # of the range of grey: a smaller RMS error is round-off
_SIDE = 512  # pixels of the part of a radiograph that is scored


@dataclass(frozen=True)
class Quality:
    """What tone mapping made of a radiograph.

    Attributes
    ----------
    enhancement : Enhancement
    ssim : float
        Structural similarity of the tone-mapped picture and the reference.
    """

    enhancement: Enhancement
    ssim: float

    def as_json(self) -> dict:
        """The scores as JSON holds them."""
        of = self.enhancement
        return {
            "ief": of.ief,
            "ief_db": of.ief_db,
            "ssim": self.ssim,
            "numerator": of.numerator,
            "denominator": of.denominator,
            "degenerate": of.degenerate,
            "reference": of.reference,
        }


@dataclass(frozen=True)
class Enhancement:
    """Image enhancement factor: how much nearer to the original a picture is than it was before.

    Attributes
    ----------
    numerator, denominator : float
        Sum of squared errors before and after.
    reference : str
        What the original is.
    degenerate : bool
        Whether one of the errors is nothing but round-off: then their ratio says nothing.
    """

    numerator: float
    denominator: float
    reference: str
    degenerate: bool

    @property
    def ief(self) -> float | None:
        """The factor; None where it is degenerate."""
        return None if self.degenerate else self.numerator / self.denominator

    @property
    def ief_db(self) -> float | None:
        """The factor in decibels."""
        return None if self.degenerate else float(10 * np.log10(self.numerator / self.denominator))

    def __str__(self) -> str:
        what = "degenerate" if self.degenerate else f"{self.ief:.3g} ({self.ief_db:+.1f} dB)"
        return f"{what}: {self.numerator:.4g} / {self.denominator:.4g}, against {self.reference}"


def image_enhancement_factor(
    noisy: np.ndarray, original: np.ndarray, enhanced: np.ndarray, reference: str, data_range: float = 1.0
) -> Enhancement:
    """Sum of squares of `noisy - original` over that of `enhanced - original`: larger is better.

    Parameters
    ----------
    noisy, original, enhanced : (rows, columns) float arrays
    reference : str
        What the original is, in words.
    data_range : float
        Of the grey values.

    Raises
    ------
    ValueError
        If the pictures are not of one size.

    Examples
    --------
    An error that is half as large has a quarter of the squares.

    >>> flat = np.zeros((2, 2))
    >>> image_enhancement_factor(flat + 0.2, flat, flat + 0.1, "the truth").ief
    4.0
    """
    if not noisy.shape == original.shape == enhanced.shape:
        raise ValueError(f"pictures of different sizes: {noisy.shape}, {original.shape}, {enhanced.shape}.")
    before, after = (float(np.sum((np.asarray(each, float) - original) ** 2)) for each in (noisy, enhanced))
    least = original.size * (_DEGENERATE * data_range) ** 2
    return Enhancement(before, after, reference, min(before, after) < least)


def structural_similarity(image: np.ndarray, reference: np.ndarray, data_range: float = 1.0) -> float:
    """Mean structural similarity index of two (rows, columns) pictures, with the authors' settings.

    References
    ----------
    Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE Transactions on Image Processing 13, 2004.
    """
    from skimage.metrics import structural_similarity as ssim

    return float(
        ssim(
            np.asarray(reference, float),
            np.asarray(image, float),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=data_range,
        )
    )


def quality_without_truth(pixels: np.ndarray, tone: np.ndarray, box: tuple[slice, slice]) -> Quality:
    """Score the tone-mapped picture of a radiograph whose noise-free original nobody knows.

    In its place stands the radiograph with its noise removed by non-local means. The scores say how far tone mapping
    went from that, and nothing about the bone.

    Parameters
    ----------
    pixels, tone : (rows, columns) float32 arrays
        The radiograph and its tone-mapped picture, 0 to 1.
    box : (slice, slice)
        Rows and columns that count. A larger one is scored on a coarser grid.
    """
    import cv2

    def part(image: np.ndarray) -> np.ndarray:
        image = image[box]
        scale = min(1.0, _SIDE / max(image.shape))
        size = [max(16, round(n * scale)) for n in image.shape]
        return np.rint(cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA).clip(0, 1) * 255).astype(np.uint8)

    noisy, enhanced = part(pixels), part(tone)
    original = cv2.fastNlMeansDenoising(noisy)
    noisy, enhanced, original = (each / 255.0 for each in (noisy, enhanced, original))
    of = image_enhancement_factor(noisy, original, enhanced, "the radiograph, denoised by non-local means")
    return Quality(of, structural_similarity(enhanced, original))
