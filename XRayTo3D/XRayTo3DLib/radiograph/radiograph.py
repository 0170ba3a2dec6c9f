"""A radiograph as the engine sees it: grey values with bone bright, and what is known of its geometry."""

from dataclasses import dataclass, replace

import numpy as np

from .geometry import AT_BONE, UNKNOWN_MAGNIFICATION, UNKNOWN_SCALE

BONE_DARK = "Bone looks dark, so the picture was inverted; if that is wrong, say that bone is bright."


@dataclass(frozen=True)
class Radiograph:
    """One X-ray picture, ready for reconstruction.

    Attributes
    ----------
    pixels : (rows, columns) float32 array
        Grey values, darkest 0, brightest 1; bone is bright.
    pixel_size_mm : (float, float)
        Distance of neighbouring pixel centres at the detector, along x (columns) and y (rows).
    pixel_size_source : str
        Where the pixel size comes from, in words ("DICOM ImagerPixelSpacing", "unknown", ...).
    pixel_size_deviation : float or None
        Relative standard deviation of a pixel size that was measured in the picture, or estimated from its bone.
    magnification : float
        Size at the detector divided by size at the bone, SID / SOD; 1 where it is not known.
    magnification_source : str
        Where the magnification comes from, in words ("given SID and SOD", "unknown", ...).
    sid_mm, sod_mm : float or None
        Distance from the X-ray source to the detector and to the bone.
    view, side : str or None
        "AP", "PA", "mediolateral", "lateromedial", "lateral", ... and "left" or "right", as far as somebody or the
        file tells.
    positioner_deg : (float, float) or None
        Primary and secondary angle of a C-arm, where the file tells them.
    photometric : str
        How the file stores its values: "MONOCHROME1", "MONOCHROME2", "RGB", "grey", ...
    inverted : bool
        True where bone was dark in the picture as it is meant to be shown, and the values were inverted.
    polarity_source : {"given", "file", "picture", "network"}
        What tells whether bone is bright or dark in the picture: somebody, its file, its thin lines, or the reader
        network.
    bits : int
        Bits of a grey value in the file.
    colour : (rows, columns, 3) uint8 array or None
        The picture in its own colours (RGB), where the file has colours.
    path : str or None
        The file it was read from.
    frame : int
        Which frame of the file, from 0.
    warnings : tuple of str
        What a user should know about this picture.
    """

    pixels: np.ndarray
    pixel_size_mm: tuple[float, float] = (1.0, 1.0)
    pixel_size_source: str = "unknown"
    pixel_size_deviation: float | None = None
    magnification: float = 1.0
    magnification_source: str = "unknown"
    sid_mm: float | None = None
    sod_mm: float | None = None
    view: str | None = None
    side: str | None = None
    positioner_deg: tuple[float, float] | None = None
    photometric: str = "grey"
    inverted: bool = False
    polarity_source: str = "picture"
    bits: int = 8
    colour: np.ndarray | None = None
    path: str | None = None
    frame: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def pixel_size_at_bone_mm(self) -> tuple[float, float]:
        """Size of a pixel's shadow at the bone, along x and y (mm)."""
        return tuple(size / self.magnification for size in self.pixel_size_mm)

    def scale_as_json(self) -> dict:
        """The pixel size along columns at detector and bone, with the latter's deviation where one is known (mm)."""
        at_bone, deviation = self.pixel_size_at_bone_mm[0], self.pixel_size_deviation
        return {
            "pixel_size_mm": round(self.pixel_size_mm[0], 5),
            "pixel_size_at_bone_mm": round(at_bone, 5),
            "deviation_mm": None if deviation is None else round(deviation * at_bone, 5),
            "source": self.pixel_size_source,
        }


def turned(radiograph: Radiograph, source: str) -> Radiograph:
    """The same picture with light and dark changed, as a `source` tells that bone is the other one."""
    others = tuple(each for each in radiograph.warnings if each != BONE_DARK)
    inverted = not radiograph.inverted
    return replace(
        radiograph,
        pixels=1 - radiograph.pixels,
        inverted=inverted,
        polarity_source=source,
        warnings=(*others, BONE_DARK) if inverted else others,
    )


def calibrated(radiograph: Radiograph, pixel_size_mm: tuple[float, float]) -> Radiograph:
    """The same picture, with the pixel size at the bone that its calibrated camera tells."""
    return replace(
        radiograph,
        pixel_size_mm=pixel_size_mm,
        pixel_size_source="calibrated camera",
        magnification=1.0,
        magnification_source=AT_BONE,
        sid_mm=None,
        sod_mm=None,
        warnings=tuple(each for each in radiograph.warnings if each not in (UNKNOWN_SCALE, UNKNOWN_MAGNIFICATION)),
    )
