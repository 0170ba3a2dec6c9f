"""Where the source may have stood: what a view's name tells of it, and what it leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import ReconstructionError
from .camera import Camera, place, view_directions

# What each name leaves open: (degrees from the front towards the limb's inner side, whether the source is behind).
_FRONT, _BACK = (0.0, False), (0.0, True)
_NAMES = {
    "": (_FRONT, _BACK),
    "ap": (_FRONT,),
    "pa": (_BACK,),
    "mediolateral": ((90.0, False),),
    "lateromedial": ((-90.0, False),),
    "lateral": ((90.0, False), (-90.0, False)),
}
VIEW_NAMES = tuple(name for name in _NAMES if name)


@dataclass(frozen=True)
class Stand:
    """Where the source stood, and from where its picture is looked at.

    Attributes
    ----------
    turn_deg : float
        From where the picture is looked at: 0 in front of the patient, 90 at his right, 180 behind, -90 at his left.
    behind : bool
        Whether the source stood on the other side of the patient than who looks: pictures taken from behind (PA) are
        shown as if seen from the front.
    """

    turn_deg: float
    behind: bool = False

    def camera(
        self,
        center_lps: np.ndarray,
        shape: tuple[int, int],
        pixel_size_mm: tuple[float, float],
        sid_mm: float,
        sod_mm: float,
    ) -> Camera:
        """The camera (see `camera.place`)."""
        columns, rows = view_directions("oblique", "left", self.turn_deg)
        placed = place(columns, rows, center_lps, shape, pixel_size_mm, sid_mm, sod_mm)
        return from_behind(placed) if self.behind else placed


def from_behind(camera: Camera) -> Camera:
    """The same picture, taken by a source on the other side of the patient: its frame does not mirror."""
    return replace(camera, from_lps=np.diag([1.0, 1.0, -1.0, 1.0]) @ camera.from_lps)


def positioned(
    primary_deg: float,
    secondary_deg: float,
    mirrored: bool,
    shape: tuple[int, int],
    pixel_size_mm: tuple[float, float],
    sid_mm: float,
    sod_mm: float,
) -> Camera:
    """The camera of a C-arm, about its isocentre, of a patient who lies on his back.

    Parameters
    ----------
    primary_deg, secondary_deg : float
        Of the detector, from in front of the patient towards his left (LAO), and towards his head (DICOM PS3.3,
        C.8.7.5: PositionerPrimaryAngle, PositionerSecondaryAngle).
    mirrored : bool
        Whether the picture is shown as seen from the detector, as angiograms usually are, not from the source.
    shape, pixel_size_mm, sid_mm, sod_mm
        See `Camera`.
    """
    (sin, across), (cos, along) = (f(np.radians([primary_deg, secondary_deg])) for f in (np.sin, np.cos))
    columns = np.array([cos, sin, 0.0])
    rows = np.array([sin * across, -cos * across, -along])
    placed = place(columns if mirrored else -columns, rows, np.zeros(3), shape, pixel_size_mm, sid_mm, sod_mm)
    return from_behind(placed) if mirrored else placed


def stands(views: Sequence[str], side: str, angles_deg: Sequence[float] = ()) -> tuple[tuple[Stand, ...], ...]:
    """All ways in which the sources may have stood.

    Parameters
    ----------
    views : sequence of str
        For each picture what it is called: "ap", "pa", "mediolateral", "lateromedial", "lateral" (from either side) or
        "" where nothing is known: from the front or from behind.
    side : {"left", "right"}
        Of the limb: it tells which of its sides is the inner one.
    angles_deg : sequence of float, optional
        From the first picture to each other one, where they are known, with signs that tell which of several stand to
        the same side of it. To which, is tried, unless names tell.

    Returns
    -------
    tuple of tuple of Stand
        Arrangements, each with a stand for every picture; those that the names tell first.

    Raises
    ------
    ReconstructionError
        If a view has no such name.

    Examples
    --------
    A lateral picture of a left leg whose source stood at its inner side, the patient's right:

    >>> stands(["mediolateral"], "left")
    ((Stand(turn_deg=90.0, behind=False),),)
    """
    for name in views:
        if name not in _NAMES:
            raise ReconstructionError(f"There is no view {name!r}: choose from {', '.join(VIEW_NAMES)}.")
    inwards = 1.0 if side == "left" else -1.0
    found = [(Stand(turn * inwards, behind),) for turn, behind in _NAMES[views[0]]]
    if len(angles_deg):
        return tuple(each for stood in found for each in _beside(stood[0], views[1:], inwards, angles_deg))
    for name in views[1:]:
        found = [(*stood, each) for stood in found for each in _named(name, inwards)]
    return tuple(found)


def _named(name: str, inwards: float) -> tuple[Stand, ...]:
    return tuple(Stand(turn * inwards, behind) for turn, behind in _NAMES[name])


def _beside(first: Stand, names: Sequence[str], inwards: float, angles_deg: Sequence[float]) -> list[tuple[Stand, ...]]:
    """Stands so many degrees to either side of the first one, or to the one that is nearer to what names say."""
    either, away = [], []
    for sign in (inwards, -inwards):
        turns = [_wrapped(first.turn_deg + sign * angle) for angle in angles_deg]
        either.append((first, *(Stand(turn, name == "pa") for turn, name in zip(turns, names, strict=True))))
        told = [(turn, _named(name, inwards)) for turn, name in zip(turns, names, strict=True) if name]
        away.append(sum(abs(_wrapped(turn - each[0].turn_deg)) for turn, each in told if len(each) == 1))
    return either if np.isclose(*away) else [either[int(np.argmin(away))]]


def _wrapped(degrees: float) -> float:
    return (degrees + 180) % 360 - 180
