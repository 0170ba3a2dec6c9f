"""What a DICOM file tells of a picture whose pixels come from elsewhere."""

from __future__ import annotations

import os
from typing import NamedTuple

from ..errors import RadiographError
from .attributes import read_attributes
from .geometry import Geometry, projection_geometry
from .quiet import quiet_decoders

SIDES = {"L": "left", "R": "right"}
# "Left lateral" says which side of the body is at the detector; of a limb it is used for either way.
_LATERAL_VIEWS = {
    "ML": "mediolateral",
    "LM": "lateromedial",
    **dict.fromkeys(("LL", "RL", "LAT", "LATERAL"), "lateral"),
}


class Header(NamedTuple):
    """Geometry, view and side; the fields of `Radiograph` of the same names."""

    geometry: Geometry
    view: str | None
    side: str | None


def read_header(path: str | os.PathLike, sid_mm: float | None = None, sod_mm: float | None = None) -> Header | None:
    """Read what a DICOM file tells of sizes, view and side, without its pixels.

    Parameters
    ----------
    path : path
    sid_mm, sod_mm : float, optional
        Distances that outrank the file's.

    Returns
    -------
    Header or None
        None where there is no such file, or it is no DICOM file, or so damaged that it does not tell.

    Raises
    ------
    RadiographError
        If SID is given and SOD is neither given nor in the file, or the reverse, or SOD exceeds SID.
    """
    try:
        with quiet_decoders():
            tags = read_attributes(path, stop_before_pixels=True)
            return Header(projection_geometry(tags, None, sid_mm, sod_mm), view_of(tags), side_of(tags))
    except RadiographError:  # of the caller's distances
        raise
    except Exception:  # pydicom raises anything where bytes are damaged: reading the picture will say what is wrong
        return None


def view_of(tags) -> str | None:
    """View: one of `choices.PROJECTIONS`, another name that the file has for it, or None."""
    view = " ".join(str(tags.get("ViewPosition") or "").upper().split())
    return _LATERAL_VIEWS.get(view, view) or None


def side_of(tags) -> str | None:
    """The limb's side: "left", "right" or None."""
    return SIDES.get(str(tags.get("ImageLaterality") or tags.get("Laterality") or "").strip().upper())


def positioner_of(tags) -> tuple[float, float] | None:
    """Primary and secondary angle of the positioner (degrees), where both are told."""
    try:
        told = tuple(float(tags.get(f"Positioner{which}Angle")) for which in ("Primary", "Secondary"))
    except (TypeError, ValueError):  # missing, empty, or no number
        return None
    return told if all(abs(angle) <= 180 for angle in told) else None
