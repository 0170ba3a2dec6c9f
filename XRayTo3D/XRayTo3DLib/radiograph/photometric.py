"""What the stored values of a DICOM file mean: modality and VOI transformation, presentation, intensity.

DICOM PS3.3: modality LUT C.11.1, VOI LUT C.11.2, presentation LUT shape C.11.6, photometric
interpretation C.7.6.3.1.2, pixel intensity relationship C.8.11.3.
"""

import numpy as np

# Fewer values than this share strictly between black and white: the window belongs to another picture.
MIN_SHARE_IN_WINDOW = 0.05


def grey_as_shown(stored: np.ndarray, tags) -> tuple[np.ndarray, bool, list[str]]:
    """Grey values as a viewer that follows the standard would show them.

    Parameters
    ----------
    stored : (rows, columns) integer array
    tags : pydicom.Dataset

    Returns
    -------
    shown : (rows, columns) float array
        In any range; larger is brighter.
    rising : bool
        Whether larger stored values are, all in all, shown brighter.
    warnings : list of str
    """
    # Every step maps value to value, so it is done once for each value and not for each pixel.
    values, index = _distinct(stored)
    counts = np.bincount(index.ravel(), minlength=len(values))
    occurring = counts > 0
    warnings = []
    shown, step_failed = _apply("apply_modality_lut", values, tags)
    if step_failed:
        warnings.append("The modality LUT or rescale of the file cannot be applied and is ignored.")
    windowed, step_failed = _apply("apply_voi_lut", shown, tags)
    if step_failed:
        warnings.append("The VOI LUT or window of the file cannot be applied and is ignored.")
    elif _share_inside(windowed, counts) >= min(MIN_SHARE_IN_WINDOW, _share_inside(shown, counts)):
        # A window as wide as the values moves them by half a step: readers that know no windows shall see the same.
        steps = np.ptp(values[occurring])
        shown = shown if _are_alike(shown[occurring], windowed[occurring], steps) else windowed
    else:
        warnings.append("The window of the file leaves nearly nothing to see and is ignored.")
    if is_inverse(tags):
        shown = -shown
    here, there = values[occurring].astype(np.float64), shown[occurring]
    weights = counts[occurring]
    rising = np.average((here - np.average(here, weights=weights)) * there, weights=weights) >= 0
    return shown.astype(np.float32)[index], bool(rising), warnings


def is_inverse(tags) -> bool:
    """Whether the smallest value is shown white. MONOCHROME1 and INVERSE say the same, once."""
    return (
        str(tags.get("PhotometricInterpretation") or "").strip().upper() == "MONOCHROME1"
        or str(tags.get("PresentationLUTShape") or "").strip().upper() == "INVERSE"
    )


def bone_dark_by_tag(tags, rising: bool) -> bool | None:
    """Whether bone is dark as shown, by PixelIntensityRelationshipSign; None where the file does not say.

    +1 means that larger stored values are more X-rays, and bone lets fewer through (PS3.3 C.8.11.3.1.2).
    """
    try:
        sign = int(tags.get("PixelIntensityRelationshipSign"))
    except Exception:  # absent, empty or damaged
        return None
    return {1: rising, -1: not rising}.get(sign)


def _distinct(stored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = int(stored.min()), int(stored.max())
    if high - low < 1 << 16:
        return np.arange(low, high + 1), stored.astype(np.int32) - low if low else stored
    values, index = np.unique(stored, return_inverse=True)
    return values, index.reshape(stored.shape)


def _apply(step: str, values: np.ndarray, tags) -> tuple[np.ndarray, bool]:
    """`values` after a step of pydicom's, as float64, and whether the step failed."""
    try:
        from pydicom import pixels
    except ImportError:  # pydicom 2
        from pydicom.pixel_data_handlers import util as pixels
    if np.array_equal(values, np.rint(values)) and np.abs(values).max() < 1 << 31:
        values = values.astype(np.int32)  # a LUT is looked up by whole numbers
    try:
        result = np.asarray(getattr(pixels, step)(values, tags), dtype=np.float64)
    except Exception:  # a damaged tag
        return values.astype(np.float64), True
    if not np.isfinite(result).all() or result.shape != values.shape:
        return values.astype(np.float64), True
    return result, False


def _share_inside(values: np.ndarray, counts: np.ndarray) -> float:
    """Share of pixels that are neither darkest nor brightest."""
    there = values[counts > 0]
    inside = (values > there.min()) & (values < there.max())
    return counts[inside].sum() / counts.sum()


def _are_alike(values: np.ndarray, others: np.ndarray, steps: int) -> bool:
    """Whether two scales differ by less than one of so many steps, once both are stretched from 0 to 1."""
    if not (np.ptp(values) > 0 and np.ptp(others) > 0):
        return False
    first, second = ((each - each.min()) / np.ptp(each) for each in (values, others))
    return bool(np.abs(first - second).max() * steps < 1)
