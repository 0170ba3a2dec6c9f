"""Is what a caller asks for possible? Said before anything is decoded."""

import math
from collections.abc import Iterable

from ..choices import PROJECTIONS
from ..errors import RadiographError

BONE_CHOICES = ("auto", "bright", "dark")
PIXEL_SIZES_MM = (1e-4, 1e3)  # beyond these, whatever was meant was not millimetres
LARGEST_LENGTH_MM = 1e5


def check_bone(bone: str) -> None:
    """Raise RadiographError unless `bone` is "auto", "bright" or "dark"."""
    if bone not in BONE_CHOICES:
        raise RadiographError(f"bone: {bone!r} is unknown; say one of {', '.join(BONE_CHOICES)}.")


def check_view(view: str | None) -> None:
    """Raise RadiographError unless `view` is None or one of `PROJECTIONS`."""
    if view is not None and view not in PROJECTIONS:
        raise RadiographError(f"view: {view!r} is unknown; say one of {', '.join(PROJECTIONS)}.")


def check_length(argument: str, value) -> float | None:
    """A length in mm as a float, None where none is given.

    Raises
    ------
    RadiographError
        If it is not a positive finite number; the message names the argument.
    """
    if value is None:
        return None
    try:
        length = float(value)
    except (TypeError, ValueError):
        length = math.nan
    if not (math.isfinite(length) and length > 0):
        raise RadiographError(f"{argument}: {value!r} is not a positive number; give millimeters.")
    if length > LARGEST_LENGTH_MM:
        raise RadiographError(f"{argument}: {value!r} is more than {LARGEST_LENGTH_MM:g}; give millimeters.")
    return length


def check_pixel_size(value) -> tuple[float, float] | None:
    """A pixel size in mm along x and y, from one number or from two; None where none is given."""
    if value is None:
        return None
    sizes = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value, value)
    if len(sizes) != 2:
        raise RadiographError(f"pixel_size_mm: {value!r} is neither one number nor two (x, y); give millimeters.")
    sizes = tuple(check_length("pixel_size_mm", size) for size in sizes)
    if not PIXEL_SIZES_MM[0] <= min(sizes) <= max(sizes) <= PIXEL_SIZES_MM[1]:
        low, high = PIXEL_SIZES_MM
        raise RadiographError(
            f"pixel_size_mm: {value!r} is no size of a pixel ({low:g} to {high:g}); give millimeters."
        )
    return sizes


def check_frame(frame, frames: int, name: str) -> int:
    """The frame's number as an int, where the file has it: 0 <= frame < frames."""
    if isinstance(frame, bool) or frame != frame or int(frame) != frame or not 0 <= frame < frames:
        held = "only frame 0" if frames == 1 else f"frames 0 to {frames - 1}"
        raise RadiographError(f"frame: {frame} is not in {name}, which has {held}; choose one of these.")
    return int(frame)


def check_size(rows: int, columns: int, max_megapixels: float, name: str) -> None:
    """Refuse a picture without pixels, or of absurd size, before memory is taken for it."""
    if rows <= 0 or columns <= 0:
        raise RadiographError(f"{name}: the picture is empty ({rows} rows, {columns} columns); export it again.")
    if rows * columns > max_megapixels * 1e6:
        raise RadiographError(
            f"{name}: declares {columns} x {rows} pixels, more than {max_megapixels:g} megapixels; "
            "if the file is sound, raise the limit of megapixels."
        )
