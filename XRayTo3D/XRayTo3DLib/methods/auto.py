"""The method that chooses: a shape model wherever it explains what is seen, otherwise a solid, with the reason."""

from __future__ import annotations

from dataclasses import replace

from ..case import Case, Making
from ..errors import ReconstructionError
from ..helpers.progress import Progress, part
from ..shape import BUILT_IN_BONES
from . import broken, shape, solid
from .bone import BoneResult, FoundBone

_BESIDE = 0.25  # of a whole bone's outline: so much may belong to something else
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

    So it may if it meets nearly all of the outline. If not, and the network sees no break, what is not met is a small
    part of it that belongs to something else: an osteophyte, metal, another bone's edge.
    """
    seen = bone.seen[0].fragments
    unbroken = seen is not None and not seen.broken
    return not made.shape.doubtful or (unbroken and made.shape.fit.unmet <= _BESIDE)


def make(bone: FoundBone, making: Making, progress: Progress | None = None) -> BoneResult:
    """Make the surface of a bone by the method that may claim most; see `Method.make`.

    Of two views no solid can be made. Of one, a solid is made where no shape is wanted or can be fitted, or so much of
    the outline is not met that the bone may be broken (see `looks_whole`). Where its fracture is marked, or the network
    sees it in all views, its fragments are made.
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
            raise
        why, spent, doubts = f"since no shape model could be fitted to it. {error}", {}, ()
    else:
        if views > 1 or made.broken or looks_whole(bone, made):
            return made
        why = f"since a shape model is of unbroken bones: {made.shape.unmet_words}."
        spent, doubts = made.timings_s, made.doubts
    doubts = (*doubts, f"A solid was made from the outline, {why}")
    instead = solid.make(bone, making, part(progress, _SHARE, 1 - _SHARE))
    return replace(instead, doubts=doubts, timings_s=spent | instead.timings_s)
