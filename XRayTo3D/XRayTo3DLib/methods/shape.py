"""Shape: a bone, whole or in fragments, by a statistical model fitted to the outlines seen in its views."""

from __future__ import annotations

from .. import shape, surface
from ..case import Case, Making
from ..errors import ReconstructionError, UnmetError
from ..helpers.progress import Progress, part
from ..helpers.stages import Stages
from ..segmentation import HIP
from ..shape import Facts, Fit
from . import broken
from .arranged import arrange, views_of
from .bone import BoneResult, FoundBone
from .eased import eased
from .extent import border_planes
from .fitted import DOUBTFUL, MOST_OF_IT, Fitted, surface_of
from .joints import hung, parted
from .standing import untold, unusable

_NOT_DISPLACED = (
    "The bone was taken for whole: what looks like a break is not displaced. If it is broken, draw a line along the "
    "fracture in each view."
)
_SURELY = 0.97  # probability of a break that need not be displaced: of so sure ones at most 3 % are none
_FRAGMENTS_SHARE = 0.5  # of the time, where fragments are tried first


def why_not(case: Case, making: Making) -> str:
    """What speaks against it: too many views, one twice, or untold ones, or what cannot be true of a patient."""
    return unusable(case, "shape") or untold(case) or shape.impossible(Facts(case.patient.height_cm, case.patient.sex))


def make(bone: FoundBone, making: Making, progress: Progress | None = None) -> BoneResult:
    """Make the whole bone that the shape model finds in its views, or its fragments; see `Method.make`.

    A bone that the network sees broken, but whose fragments cannot be fitted, is taken for whole, and that is said. So
    is one whose fragments lie as in a whole bone, unless the network is very sure: a stem's tip looks like a break.
    """
    if broken.is_marked(bone, making):
        return broken.make(bone, making, progress)
    doubts: tuple[str, ...] = ()
    if broken.is_seen(bone, making):
        try:
            found = broken.make(bone, making, part(progress, 0.0, _FRAGMENTS_SHARE))
        except ReconstructionError as error:
            doubts = (f"The bone was taken for whole, since its fragments could not be fitted. {error}",)
        else:
            if found.broken.displaced or broken.is_seen(bone, making, _SURELY):
                return found
            doubts = (_NOT_DISPLACED,)
        progress = part(progress, _FRAGMENTS_SHARE, 1 - _FRAGMENTS_SHARE)
    stage = Stages(progress)
    with stage("shape", 0.0, "fitting the shape model"):
        fitted = fit_to(bone, making, progress)
    model = fitted.fit.model
    made, extent = surface_of(fitted, making.triangles), "whole"
    whole = None
    if making.extent == "seen" or (making.extent == "auto" and fitted.length_seen < MOST_OF_IT):
        whole, extent = made, "seen"
        seen = surface.trimmed(fitted.fit.points, model.faces, border_planes(fitted))
        made = surface_of(fitted, making.triangles, seen)
    return BoneResult(
        model.bone,
        model.side,
        (made,),
        shape=fitted,
        extent=extent,
        whole=whole,
        doubts=doubts,
        timings_s=stage.timings_s,
    )


def fit_to(bone: FoundBone, making: Making, progress: Progress | None = None) -> Fitted:
    """Fit the shape model to a bone found in its views.

    Parameters
    ----------
    bone : FoundBone
    making : Making
        Which model, and whether to go on with what seems to be another bone.
    progress : callable, optional

    Returns
    -------
    Fitted

    Raises
    ------
    NoFemurError
        If the check says that a picture shows none, the model is a femur's, and `force` is not set.
    ReconstructionError
        If two views are the same one, nothing tells how views stand to each other, an outline is too short, or a
        landmark is not one of the model's.
    UnmetError
        If the fit does not meet the outlines.
    SurfaceError
        If the model cannot be used.
    """
    arranged = arrange(bone, making)
    beside = [each.in_mm for each in bone.beside]
    ways = [(model, views_of(bone, cameras, model.bone)) for model, cameras in arranged.ways]
    anchor = hung(arranged.ways[0][0], beside)
    fit = shape.fit_shape(ways, free_scale=arranged.guessed_pixel_mm is not None, anchor=anchor, progress=progress)
    of_pelvis = fit.model.bone == HIP and all(found.bone.method == "network" for found in bone.seen)
    if of_pelvis:
        fit = shape.hip_alone(fit, ways[fit.arrangement][1])
    fit = eased(fit, beside)
    if not fit.met:
        raise _refusal(
            fit,
            f"The shape model does not meet the bone's outline: the residual is {fit.residual_mm:.1f} mm "
            f"({shape.WORST_RESIDUAL_MM:g} mm are allowed), and {fit.unmet:.0%} of the outline is not met "
            f"({shape.MOST_UNMET:.0%} are allowed). Look at the outline that was found, mark the bone or landmarks, "
            "and check the pixel size and the side. Of a broken bone draw a line along the fracture in each view; of "
            "one with metal make a solid instead.",
        )
    if of_pelvis and anchor is None and fit.unmet > DOUBTFUL:
        raise _refusal(
            fit,
            f"{fit.unmet:.0%} of the hip bone's outline is not met, and no femur tells where the hip bone is: ask for "
            "the femur with it, or draw the hip bone's mask.",
        )
    fit, moved, within = parted(fit, beside)
    deviation = bone.seen[0].radiograph.pixel_size_deviation or 0.0
    return Fitted(
        fit,
        arranged.model_name,
        arranged.side_given,
        arranged.pixel_size_mm(fit),
        shape.measures(fit, deviation),
        shape.uncertainty(fit, deviation),
        shape.length_seen(fit),
        moved,
        within,
    )


def _refusal(fit: Fit, words: str) -> UnmetError:
    refusal = UnmetError(words)
    refusal.fit = fit
    return refusal
