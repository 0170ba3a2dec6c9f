"""The bones beside the main one: which are looked for, of which leg they are, and which is which in other views."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ..case import NAMED_BONES, Case, Finding, Segmentation, in_words, segment_others
from ..errors import ReconstructionError

_ORDER = ("femur", "tibia", "patella", "fibula", "hip")  # in which they are made: each hangs on those before it
_GRID = 256  # rows or columns on which distances are taken


@dataclass(frozen=True)
class OtherBone:
    """A bone beside the main one.

    Attributes
    ----------
    name : str
        One of `case.NAMED_BONES`.
    same_leg : bool
        Whether it is of the main bone's leg.
    seen : tuple of Segmentation
        In those views of the case in which it was found, the first one among them.
    """

    name: str
    same_leg: bool
    seen: tuple[Segmentation, ...]


def find_others(case: Case, finding: Finding, main: Sequence[Segmentation]) -> tuple[OtherBone, ...]:
    """Find the bones that were asked for beside the main one: all, of both legs, or some of the main one's leg.

    Parameters
    ----------
    case : Case
    finding : Finding
    main : sequence of Segmentation
        The main bone in each view.

    Raises
    ------
    ReconstructionError
        If a network cannot be loaded.
    """
    if finding.bones == "main":
        return ()
    first, *further = [
        _by_leg(segment_others(view, finding, of), of) for view, of in zip(case.views, main, strict=True)
    ]
    names, legs = (finding.named[1:], (True,)) if finding.named else (NAMED_BONES, (True, False))
    wanted = [(name, same_leg) for same_leg in legs for name in _ORDER if name in names and (name, same_leg) in first]
    return tuple(OtherBone(*key, tuple(found[key] for found in (first, *further) if key in found)) for key in wanted)


def check_all_seen(finding: Finding, names: Collection[str]) -> None:
    """Raise ReconstructionError if a bone that was asked for by name is not one of those that are seen."""
    if missing := [name for name in finding.named[1:] if name not in names]:
        lost, main = (in_words(name) for name in (missing[0], finding.named[0]))
        raise ReconstructionError(
            f"No {lost} is seen beside the {main} in the first picture: mark a larger region, or ask for other bones."
        )


def _by_leg(found: Sequence[Segmentation], main: Segmentation) -> dict[tuple[str, bool], Segmentation]:
    """The bones of a view by their name and whether they are of the main bone's leg: of that which is nearer to it."""
    from_main = _away(main.bone.mask)
    twin = next((each for each in found if each.bone.name == main.bone.name), None)
    from_twin = np.full_like(from_main, np.inf) if twin is None else _away(twin.bone.mask)
    legs: dict[tuple[str, bool], Segmentation] = {}
    for each in sorted(found, key=lambda each: _nearest(from_main, each)):
        same_leg = each is not twin and _nearest(from_main, each) <= _nearest(from_twin, each)
        legs.setdefault((each.bone.name, same_leg and (each.bone.name, True) not in legs), each)
    return legs


def _away(mask: np.ndarray) -> np.ndarray:
    """Distance of each pixel of a coarse grid from a mask."""
    import cv2

    return cv2.distanceTransform((~_coarse(mask)).astype(np.uint8), cv2.DIST_L2, 5)


def _nearest(away: np.ndarray, found: Segmentation) -> float:
    there = _coarse(found.bone.mask)
    return float(away[there].mean()) if there.any() else float(away.max())


def _coarse(mask: np.ndarray) -> np.ndarray:
    """A mask on the coarse grid: pixels of which it has any."""
    import cv2

    scale = min(1.0, _GRID / max(mask.shape))
    size = tuple(max(1, round(scale * n)) for n in mask.shape)[::-1]
    return cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
