"""Making a bone, and looking for it once more where a fit came to lie that does not meet what was found."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..case import Making, Segmentation, segment_again
from ..errors import ReconstructionError, UnmetError
from ..geometry.outline import Outline
from ..helpers.progress import Progress, part
from ..methods import BoneResult, FoundBone
from ..segmentation import with_room
from ..segmentation.morphology import dice
from ..shape import Fit, shadow_outlines

if TYPE_CHECKING:
    from ..methods import Method

_FIRST = 0.6  # of the time, where there is a second try
_AS_BEFORE = 0.99  # Dice of two masks that would be fitted alike


def made(
    method: Method, bone: FoundBone, making: Making, progress: Progress | None = None
) -> tuple[FoundBone, BoneResult]:
    """Make a bone; where a fit hardly meets what was found, find the bone again by that fit, and make it anew.

    A mask that went astray, into the next bone or over a part of this one alone, is met by the true bone in most of its
    length all the same. Its fitted shadow then tells where the bone is, as a box does that a user draws, and in a box
    it is found far better. The second try is taken if it meets what it found better than the first one does. Where
    somebody marked the bone, it is where they said.

    Parameters
    ----------
    method : Method
    bone : FoundBone
    making : Making
    progress : callable, optional

    Returns
    -------
    FoundBone, BoneResult
        The bone as it was found, or found again, and what was made of it.

    Raises
    ------
    ReconstructionError
        If neither try gives a bone, why the first one does not.
    """
    refusal: UnmetError | None = None
    try:
        result = method.make(bone, making, part(progress, 0.0, _FIRST))
        doubted = result.doubted
    except UnmetError as error:
        refusal, doubted = error, error.fit
    again = None if doubted is None else _seen_again(bone, doubted)
    if again is not None:
        with suppress(ReconstructionError):
            other = method.make(again, making, part(progress, _FIRST, 1 - _FIRST))
            if other.shape is not None and other.shape.fit.unmet < doubted.unmet:
                return again, other
    if refusal is not None:
        raise refusal
    return bone, result


def _seen_again(bone: FoundBone, fit: Fit) -> FoundBone | None:
    """The bone as it is found in boxes round a fit's shadows, in views in which nothing was marked.

    None where something was marked in all views, it is not found in a box, or it is found as before.
    """
    if not any(map(_is_unmarked, bone.seen)):
        return None
    try:
        seen = [
            segment_again(found, _box(shadow_outlines(fit, view), found.region.shape)) if _is_unmarked(found) else found
            for found, view in zip(bone.seen, fit.views, strict=True)
        ]
    except ReconstructionError:
        return None
    if all(dice(now.bone.mask, before.bone.mask) > _AS_BEFORE for now, before in zip(seen, bone.seen, strict=True)):
        return None
    return replace(bone, seen=tuple(seen))


def _is_unmarked(found: Segmentation) -> bool:
    """Whether the network was left to find a bone by itself."""
    return found.view.marking.is_empty and found.bone.method == "network"


def _box(outlines: tuple[Outline, ...], shape: tuple[int, int]) -> tuple[float, float, float, float]:
    """Box round a shadow, with the room that users leave, as far as it is in the picture: x0, y0, x1, y1."""
    points = np.concatenate([outline.points for outline in outlines])
    x0, y0, x1, y1 = np.ravel(with_room(points.min(axis=0), points.max(axis=0)))
    rows, columns = shape
    return max(x0, 0.0), max(y0, 0.0), min(x1, columns - 1.0), min(y1, rows - 1.0)
