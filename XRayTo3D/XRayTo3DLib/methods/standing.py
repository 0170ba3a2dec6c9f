"""Where the sources of a bone's views may have stood: by calibration, by what files tell, or by names and angles."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from ..case import Case, Segmentation
from ..errors import ReconstructionError
from ..geometry.calibrated import standing
from ..geometry.camera import Camera
from ..geometry.stand import VIEW_NAMES, positioned, stands
from ..radiograph import Radiograph
from .bone import FoundBone

_MOST_VIEWS = 8
_USUAL_SOD_MM = 1000.0  # where nothing tells it: rays that are nearly parallel
_RIGHT_ANGLE = 90.0
_LEAST_ANGLE, _LARGEST_ANGLE = 20.0, 160.0


def cameras_of(bone: FoundBone, side: str, guessed_pixel_mm: float | None) -> Iterator[tuple[Camera, ...]]:
    """Yield a camera for each view, in each way in which they may stand to the patient.

    Raises
    ------
    ReconstructionError
        If views are nearly the same, or nothing tells how they stand to each other.
    """
    seen, names = bone.seen, [called(found) for found in bone.seen]
    if is_calibrated(bone):
        for (stand,) in stands(names[:1], side):
            yield standing([found.view.camera for found in seen], stand)
        return
    sizes = [_sizes(found, guessed_pixel_mm) for found in seen]
    if bone.case.view_angle is None and _positioners_tell([found.radiograph for found in seen]):
        for mirrored in (True, False):  # as seen from the detector, or from the source
            told = [
                positioned(*found.radiograph.positioner_deg, mirrored, *size)
                for found, size in zip(seen, sizes, strict=True)
            ]
            for (stand,) in stands(names[:1], side):
                yield standing(told, stand)
        return
    for stood in stands(names, side, angles(bone)):
        yield tuple(stand.camera(np.zeros(3), *size) for stand, size in zip(stood, sizes, strict=True))


def unusable(case: Case, method: str) -> str:
    """Why a method cannot use a case's views: too many, or one of them twice; "" if it can."""
    if len(case.views) > _MOST_VIEWS:
        return f"The method {method} uses {_MOST_VIEWS} views at most, not {len(case.views)}: leave the others out."
    for one, other in itertools.combinations(range(len(case.views)), 2):
        if np.array_equal(*(case.views[number].radiograph.pixels for number in (one, other))):
            return f"Views {one + 1} and {other + 1} are the same picture: give each view once."
    return ""


def untold(case: Case) -> str:
    """What is missing, or too much, to know how a case's views stand to each other, in words; "" if nothing is."""
    given, views = _given(case), len(case.views)
    if given and case.views[0].camera:
        return "The cameras tell how the views stand to each other: leave the angle out, or the cameras."
    if given and len(given) != views - 1:
        return f"{len(given)} angles for {views - 1} further views: give the angle from the first view to each of them."
    told = given or case.views[0].camera or _positioners_tell([view.radiograph for view in case.views])
    if views > 2 and not told:
        return (
            f"How {views} views stand to each other is not known: give the angle from the first view to each further "
            "one, or calibrated cameras."
        )
    return ""


def is_calibrated(bone: FoundBone) -> bool:
    """Whether the case's cameras were calibrated, so that its views stand where they were said to."""
    return bone.case.views[0].camera is not None


def called(found: Segmentation) -> str:
    """What a view is called, as far as somebody, the file or the network tells: see `stands`.

    The network tells views from the side; of a view from the front it does not tell where the source was.
    """
    told = (found.radiograph.view or "").lower()
    if told in VIEW_NAMES:
        return told
    return "lateral" if found.femur and found.femur.view == "lateral" else ""


def angles(bone: FoundBone) -> list[float]:
    """Angles from the first view to each other one (degrees); of several, their signs tell sides."""
    given, others = _given(bone.case), len(bone.seen) - 1
    for angle in given:
        if not _LEAST_ANGLE <= (abs(angle) if others > 1 else angle) <= _LARGEST_ANGLE:
            raise ReconstructionError(
                f"The angle between the views must lie between 20 and 160 degrees, not {angle:g}: views that are "
                "nearly the same add nothing."
            )
    kinds = [_kind(found) for found in bone.seen]
    if not given and others and kinds[0] and kinds[0] == kinds[1]:
        raise ReconstructionError(
            f"Both pictures are {kinds[0]} views: a second view must show the bone from another side. If they were "
            "taken at an angle to each other, give that angle."
        )
    return given or [_RIGHT_ANGLE] * others


def _given(case: Case) -> list[float]:
    return [] if case.view_angle is None else np.atleast_1d(np.asarray(case.view_angle, float)).tolist()


def _kind(found: Segmentation) -> str:
    """ "ap", "lateral" or "" as far as somebody, the file or the network tells."""
    name = called(found)
    if name in ("ap", "pa") or (not name and found.femur and found.femur.view == "ap"):
        return "ap"
    return "lateral" if name else ""


def _sizes(found: Segmentation, guessed_pixel_mm: float | None) -> tuple:
    """Shape, pixel size, SID and SOD of a view."""
    picture = found.radiograph
    sod = picture.sod_mm or _USUAL_SOD_MM
    size = picture.pixel_size_mm if guessed_pixel_mm is None else (guessed_pixel_mm, guessed_pixel_mm)
    return picture.pixels.shape, size, sod * picture.magnification, sod


def _positioners_tell(pictures: Sequence[Radiograph]) -> bool:
    """Whether the files of all views tell their positioner's angles, and they differ as those of several views must."""
    told = [picture.positioner_deg for picture in pictures]
    if len(told) < 2 or None in told or len(set(told)) == 1:  # zero everywhere is how some machines say nothing
        return False
    rays = np.array([positioned(*each, False, (1, 1), (1.0, 1.0), 1.0, 1.0).from_lps[2, :3] for each in told])
    between = np.degrees(np.arccos(np.clip(rays @ rays[0], -1, 1)))[1:]
    nearest = float(min(between))
    if not _LEAST_ANGLE <= nearest <= max(between) <= _LARGEST_ANGLE:
        raise ReconstructionError(
            f"By their files' positioner angles, views are {nearest:.0f} degrees apart: they must lie between 20 and "
            "160 degrees, or they add nothing. If that is wrong, give the angle."
        )
    return True
