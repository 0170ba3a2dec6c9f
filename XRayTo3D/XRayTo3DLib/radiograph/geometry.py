"""Pixel size at the detector, and magnification from the bone to the detector."""

import math
from typing import NamedTuple

from ..errors import RadiographError
from .checks import PIXEL_SIZES_MM

MAX_MAGNIFICATION = 3.0  # a bone two thirds of the way to the source; larger is a wrong tag
MAX_GIVEN_MAGNIFICATION = 20.0  # of geometric magnification with a microfocus tube
SAME_SIZE = 0.01  # relative difference below which two pixel sizes are one, rounded differently
UNKNOWN = "unknown"
AT_BONE = "pixel size at the bone"
UNKNOWN_SCALE = "The scale is unknown: pixels are taken to be 1 mm. Give the pixel size."
UNKNOWN_MAGNIFICATION = (
    "The magnification is unknown: the bone is taken to be as large as its shadow, which is usually 5 to 20 % larger. "
    "Give the distances from the source to the detector and to the bone."
)


class Geometry(NamedTuple):
    """What is known of sizes; the fields of `Radiograph` of the same names."""

    pixel_size_mm: tuple[float, float]
    pixel_size_source: str
    magnification: float
    magnification_source: str
    sid_mm: float | None
    sod_mm: float | None
    warnings: tuple[str, ...]


def projection_geometry(tags, pixel_size_mm, sid_mm, sod_mm) -> Geometry:
    """Pixel size and magnification from a caller's values, else from DICOM tags.

    Parameters
    ----------
    tags : pydicom.Dataset or dict
        DICOM attributes by keyword; empty for other files.
    pixel_size_mm : (float, float) or None
        Given size at the detector, along x and y.
    sid_mm, sod_mm : float or None
        Given distances from the source to the detector and to the bone.

    Returns
    -------
    Geometry

    Raises
    ------
    RadiographError
        If SID is given and SOD is neither given nor in the file, or the reverse, or SOD exceeds SID.

    Examples
    --------
    >>> tags = {"ImagerPixelSpacing": [0.2, 0.2], "DistanceSourceToDetector": 1150, "DistanceSourceToPatient": 1000}
    >>> known = projection_geometry(tags, None, None, None)
    >>> known.magnification, known.magnification_source
    (1.15, 'DICOM SID / SOD')

    Notes
    -----
    DICOM PS3.3, 10.7.1: ImagerPixelSpacing and NominalScannedPixelSpacing are distances at the detector or
    film. PixelSpacing that differs from them, or that has a PixelSpacingCalibrationType, has been corrected
    for magnification and holds at some depth in the body. The quotient of the two is then a magnification:
    a measured one, which is preferred to EstimatedRadiographicMagnificationFactor and to SID / SOD.
    PixelSpacing alone does not tell; it is taken as a size at the detector.
    """
    warnings = []
    given = sid_mm is not None or sod_mm is not None
    sid, sod, distance_ratio = _distances(tags, sid_mm, sod_mm, warnings)
    imager = _spacing(tags, "ImagerPixelSpacing", warnings)
    nominal = _spacing(tags, "NominalScannedPixelSpacing", warnings)
    spacing = _spacing(tags, "PixelSpacing", warnings)
    kind = str(tags.get("PixelSpacingCalibrationType") or "").strip().upper()
    calibrated = kind in ("GEOMETRY", "FIDUCIAL")

    detector, source = None, UNKNOWN
    if imager:
        detector, source = imager, "DICOM ImagerPixelSpacing"
    elif nominal:
        detector, source = nominal, "DICOM NominalScannedPixelSpacing"
    magnification, enlarged = None, UNKNOWN
    if detector and spacing and _differ(spacing, detector):
        enlarged = f"{source} / PixelSpacing"
        magnification = _plausible(_quotient(detector, spacing), enlarged, warnings)
        if magnification:
            source += f", PixelSpacing at the bone ({kind.lower() or 'not said how calibrated'})"
    if given:
        magnification, enlarged = distance_ratio, "given SID and SOD"
    elif magnification is None:
        estimate = _number(tags, "EstimatedRadiographicMagnificationFactor", warnings)
        magnification = estimate and _plausible(estimate, "EstimatedRadiographicMagnificationFactor", warnings)
        enlarged = "DICOM EstimatedRadiographicMagnificationFactor" if magnification else "DICOM SID / SOD"
        magnification = magnification or distance_ratio
    if detector is None and spacing:
        source = "DICOM PixelSpacing"
        factor = 1.0
        if calibrated:
            source += f", at the bone ({kind.lower()})"
            enlarged = enlarged if magnification else AT_BONE
            magnification = factor = magnification or 1.0
        detector = tuple(size * factor for size in spacing)
    if pixel_size_mm is not None:
        detector, source = pixel_size_mm, "given"
        if enlarged == AT_BONE:
            magnification = None
    if detector is None:
        detector = (1.0, 1.0)
        warnings.append(UNKNOWN_SCALE)
    elif magnification is None:
        warnings.append(UNKNOWN_MAGNIFICATION)
    if not given and magnification and sid:
        sod = sid / magnification  # so that the three numbers agree
    return Geometry(
        detector, source, magnification or 1.0, enlarged if magnification else UNKNOWN, sid, sod, tuple(warnings)
    )


def _distances(tags, sid_mm, sod_mm, warnings):
    """SID, SOD and their quotient, given values before tags (PS3.3 C.8.7.2, C.8.11.5)."""
    sid = sid_mm or _number(tags, "DistanceSourceToDetector", warnings)
    sod = sod_mm or _number(tags, "DistanceSourceToPatient", warnings)
    if sid_mm is None and sod_mm is None:
        ratio = _plausible(sid / sod, "SID / SOD", warnings) if sid and sod else None
        return sid, sod, ratio
    if sid is None:
        raise RadiographError("sid_mm: missing, and the file does not tell it; give SID and SOD together.")
    if sod is None:
        raise RadiographError("sod_mm: missing, and the file does not tell it; give SID and SOD together.")
    if sod > sid:
        raise RadiographError(
            f"sod_mm: {sod:g} mm is more than SID {sid:g} mm; the bone lies between source and detector."
        )
    if sid / sod > MAX_GIVEN_MAGNIFICATION:
        raise RadiographError(
            f"sod_mm: {sod:g} mm of SID {sid:g} mm would enlarge the bone {sid / sod:.3g} times; give millimeters."
        )
    return sid, sod, sid / sod


def _number(tags, keyword: str, warnings: list) -> float | None:
    """A positive number from a tag; None where the tag is absent or empty, and with a warning where it is bad."""
    values = _numbers(tags, keyword, warnings)
    if values is None:
        return None
    # Zero is how many devices write "not known".
    if len(values) != 1 or values[0] < 0:
        warnings.append(f"DICOM {keyword} {values} makes no sense and is ignored.")
        return None
    return values[0] or None


def _spacing(tags, keyword: str, warnings: list) -> tuple[float, float] | None:
    """A pixel spacing along x and y. DICOM writes row spacing (y) first: PS3.3, 10.7.1.3."""
    values = _numbers(tags, keyword, warnings)
    if values is None:
        return None
    low, high = PIXEL_SIZES_MM
    if len(values) != 2 or not low <= min(values) <= max(values) <= high:
        warnings.append(f"DICOM {keyword} {values} makes no sense and is ignored.")
        return None
    return values[1], values[0]


def _numbers(tags, keyword: str, warnings: list) -> list[float] | None:
    try:
        value = tags.get(keyword)
        if value is None or value == "":
            return None
        values = [float(item) for item in (value if hasattr(value, "__iter__") else [value])]
    except Exception:  # what a damaged tag makes pydicom raise is not bounded
        values = [math.nan]
    if not all(map(math.isfinite, values)):
        warnings.append(f"DICOM {keyword} is not a number and is ignored.")
        return None
    return values or None


def _plausible(magnification: float, what: str, warnings: list) -> float | None:
    if 1 <= magnification <= MAX_MAGNIFICATION:
        return magnification
    warnings.append(f"Magnification {magnification:.3g} from {what} makes no sense and is ignored.")
    return None


def _differ(a, b) -> bool:
    return any(abs(x - y) > SAME_SIZE * y for x, y in zip(a, b, strict=True))


def _quotient(a, b) -> float:
    return math.sqrt(a[0] / b[0] * a[1] / b[1])
