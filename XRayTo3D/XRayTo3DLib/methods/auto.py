"""The method that chooses: a shape model wherever it explains what is seen, otherwise what may claim less, and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..case import Case, Making, Segmentation
from ..errors import NoFemurError, ReconstructionError, UnmetError
from ..helpers.progress import Progress, part
from ..segmentation import HIP
from ..segmentation.morphology import dice
from ..segmentation.network.channels import FRAGMENTS
from ..shape import BUILT_IN_BONES
from . import broken, shape, solid, volume
from .bone import BoneResult, FoundBone
from .fitted import Fitted
from .volumetric import AGREES

_BREAKS_UNKNOWN = set(BUILT_IN_BONES) - set(FRAGMENTS)
_SHARE = 0.67  # of the time, for trying a shape model


def why_not(case: Case, making: Making) -> str:
    """What speaks against it: what speaks against a shape model, which it may turn out to be."""
    return shape.why_not(case, making)


def wants_shape(bone: FoundBone, making: Making) -> bool:
    """Whether a shape model is to be tried: two views or another model ask for it, or the network knows the bone.

    Of a femur the check has the last word.
    """
    check, name = bone.seen[0].femur, bone.name
    known = name != "femur" and name in BUILT_IN_BONES
    return len(bone.seen) > 1 or making.shape_model is not None or known or (check is not None and check.is_femur)


def looks_whole(bone: FoundBone, made: BoneResult) -> bool:
    """Whether a fitted shape, which is one of an unbroken bone, may be the answer.

    So it may if it meets nearly all of the outline. If not, and the network sees no break, it may if its shadow is that
    of the bone all the same: what is not met belongs to something else (an osteophyte, metal, another bone's edge), or
    is how far a mask or a model are off. Of patellae and fibulae no network knows breaks: there the shadow alone tells.
    """
    if not made.shape.doubtful:
        return True
    seen = bone.seen[0].fragments
    unbroken = bone.name in _BREAKS_UNKNOWN if seen is None else not seen.broken
    return unbroken and _agreement(bone.seen[0], made.shape, 0) >= AGREES


def _agreement(found: Segmentation, fitted: Fitted, view: int) -> float:
    """Dice of a fitted bone's shadow in one of its views and the bone that was found, where it was looked for."""
    import cv2

    shadow = np.zeros(found.region.shape, np.uint8)
    cv2.fillPoly(shadow, [np.rint(outline.points).astype(np.int32) for outline in fitted.outlines[view]], 1)
    return float(dice((shadow > 0) & found.region, found.bone.mask & found.region))


def make(bone: FoundBone, making: Making, progress: Progress | None = None) -> BoneResult:
    """Make the surface of a bone by the method that may claim most; see `Method.make`.

    Of several views no solid can be made: where they are calibrated, and no shape meets them, or one whose shadow is
    not the bone that was found in each of them, the bone is taken as a volume network sees it, if the shadow of that
    is. Of one view, a solid is made where no shape is wanted or can be fitted, or so much of the outline is not met
    that the bone may be broken (see `looks_whole`). Where its fracture is marked, or the network sees it in all views,
    its fragments are made. Of a hip bone no solid is made: the outline of a pelvis, inflated, is none.
    """
    if broken.is_marked(bone, making):
        return broken.make(bone, making, progress)
    if not wants_shape(bone, making):
        return solid.make(bone, making, progress)
    views = len(bone.seen)
    try:
        made = shape.make(bone, making, part(progress, 0.0, _SHARE))
    except ReconstructionError as error:
        if views > 1:
            return _by_volume(bone, making, error, part(progress, _SHARE, 1 - _SHARE))
        if bone.name == HIP:
            raise
        why, spent, doubts = f"since no shape model could be fitted to it. {error}", {}, ()
        tried = error.fit if isinstance(error, UnmetError) else None
    else:
        if views > 1:
            return made if made.broken else _or_volume(bone, making, made, part(progress, _SHARE, 1 - _SHARE))
        if made.broken or looks_whole(bone, made):
            return made
        why = f"since a shape model is of unbroken bones: {made.shape.unmet_words}."
        spent, doubts, tried = made.timings_s, made.doubts, made.shape.fit
    doubts = (*doubts, f"A solid was made from the outline, {why}")
    instead = solid.make(bone, making, part(progress, _SHARE, 1 - _SHARE))
    return replace(instead, doubts=doubts, tried=tried, timings_s=spent | instead.timings_s)


def _or_volume(bone: FoundBone, making: Making, made: BoneResult, progress: Progress | None) -> BoneResult:
    """A fitted shape, or where its shadow is another than the bone that was found, what a volume network sees there."""
    worst = min(_agreement(found, made.shape, number) for number, found in enumerate(bone.seen))
    if worst >= AGREES:
        return made
    why = ReconstructionError(
        f"The shadow of the one that comes nearest is another than that of the bone that was found (Dice {worst:.2f})."
    )
    try:
        instead = _by_volume(bone, making, why, progress)
    except ReconstructionError:
        return made
    return replace(instead, timings_s=made.timings_s | instead.timings_s)


def _by_volume(bone: FoundBone, making: Making, why: ReconstructionError, progress: Progress | None) -> BoneResult:
    """The bone as a volume network sees it in several views; where it does not see that bone, `why` is raised."""
    if isinstance(why, NoFemurError):
        raise why
    try:
        made = volume.made_surely(bone, making, progress)
    except ReconstructionError:
        raise why from None
    said = f"The bone was made as a volume network sees it, since no shape model could be fitted to it. {why}"
    return replace(made, doubts=(*made.doubts, said))
