"""A broken bone: its fragments as they lie, and the bone that they make when they are put back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .. import segmentation, shape, surface
from ..case import Making
from ..errors import ReconstructionError
from ..geometry.camera import Camera
from ..helpers.progress import Progress
from ..helpers.stages import Stages
from ..segmentation import Fragments
from ..shape import BrokenFit, Ends, Fit, Fragment, ShapeModel
from ..shape.view import to_mm
from ..surface import Surface
from .arranged import Arranged, arrange, views_of
from .bone import BoneResult, FoundBone
from .extent import border_planes
from .fitted import MOST_OF_IT, Fitted, surface_of
from .fragments import Broken, fragment_names

# How far off along the bone the ends of a broken edge are, standard deviations: drawn by hand, and as they were found.
_DRAWN_MM, _FOUND_MM = 1.5, 3.0
# Standard deviation of a shortening besides, where the network alone told of the break: of an end that lies over the
# other fragment it sees little, and both ends seem too short alike (`make accuracy-fractures`).
_HIDDEN_MM = 12.0

_LEAST_OF_BONE = 0.02  # of a bone's surface: a smaller fragment is none


def is_marked(bone: FoundBone, making: Making) -> bool:
    """Whether a bone is to be made in fragments, since a user marked its fracture.

    Raises
    ------
    ReconstructionError
        If it was marked in some views only, and the network sees none in others, or in other pieces than in others.
    """
    told = _fragments(bone)
    if making.fragments == "whole" or not any(each is not None and each.marked for each in told):
        return False
    without = [number for number, each in enumerate(told, 1) if each is None or not (each.broken and each.breaks)]
    if without:
        raise ReconstructionError(
            f"The fracture is not marked in view {', '.join(map(str, without))}, and not seen there: draw a line along "
            "it or a box round it in each view, click on both pieces, or take the bone for whole."
        )
    counts = [len(each.masks) for each in told]
    if len(set(counts)) > 1:
        views = ", ".join(f"{count} in view {number}" for number, count in enumerate(counts, 1))
        raise ReconstructionError(
            f"The views show the bone in different numbers of pieces: {views}. Click once on each piece in each view, "
            "or draw the same lines in all of them."
        )
    return True


def is_seen(bone: FoundBone, making: Making, least: float = segmentation.SUSPECTED) -> bool:
    """Whether the network takes a bone for broken, given all its views: that is at least so probable."""
    return making.fragments != "whole" and segmentation.probability_broken(_fragments(bone)) >= least


def _fragments(bone: FoundBone) -> list[Fragments | None]:
    return [found.fragments for found in bone.seen]


def make(bone: FoundBone, making: Making, progress: Progress | None = None) -> BoneResult:
    """Make the fragments of a bone whose fracture is marked or seen, and the reduced bone; see `Method.make`."""
    stage = Stages(progress)
    with stage("shape", 0.0, "fitting the shape model"):
        found = fit_to(bone, making, progress)
    model, most = found.fit.upper.model, max(making.triangles // len(found.fitted), surface.FEWEST_TRIANGLES)
    seen = making.extent == "seen" or (making.extent == "auto" and found.upper.length_seen < MOST_OF_IT)
    pieces = tuple(_piece(found, number, seen, most) for number in range(len(found.fitted)))
    return BoneResult(
        model.bone,
        model.side,
        pieces,
        broken=found,
        extent="seen" if seen else "whole",
        whole=surface_of(found.upper, making.triangles),
        timings_s=stage.timings_s,
    )


def fit_to(bone: FoundBone, making: Making, progress: Progress | None = None) -> Broken:
    """Fit the shape model to the fragments of a bone whose fracture is marked in its views.

    Parameters
    ----------
    bone : FoundBone
    making : Making
    progress : callable, optional

    Raises
    ------
    NoFemurError, ReconstructionError, SurfaceError
        As those of a whole bone do: see `methods.shape.fit_to`; and if a fragment is met too badly.
    """
    arranged = arrange(bone, making)
    seen = [found.fragments for found in bone.seen]
    parts = [
        segmentation.broken_outlines(found.bone, fragments) for found, fragments in zip(bone.seen, seen, strict=True)
    ]
    fit = shape.fit_fragments(
        [
            (model, *(_fragment(bone, model, cameras, seen, parts, number) for number in range(len(seen[0].masks))))
            for model, cameras in arranged.ways
        ],
        free_scale=arranged.guessed_pixel_mm is not None,
        pictures=() if _is_drawn(bone) else [found.view.radiograph.pixels for found in bone.seen],
        progress=progress,
    )
    for name, each in zip(fragment_names(len(fit.fits)), fit.fits, strict=True):
        if not each.met:
            raise ReconstructionError(
                f"The shape model does not meet the outline of the {name} fragment: the residual is "
                f"{each.residual_mm:.1f} mm ({shape.WORST_RESIDUAL_MM:g} mm are allowed), and {each.unmet:.0%} of the "
                f"outline is not met ({shape.MOST_UNMET:.0%} are allowed). Look at the outline that was found and at "
                "the fracture's line, and check the pixel size and the side. The bone's upper end must be up in the "
                "picture."
            )
    if _shares(fit).min() < _LEAST_OF_BONE:
        raise ReconstructionError(
            "The fracture's lines put the break at the bone's end, where nothing can break off: draw them along the "
            "same break in all views, between the edges of both fragments."
        )
    deviation, length = bone.seen[0].radiograph.pixel_size_deviation or 0.0, shape.length_seen(*fit.fits)
    fitted = tuple(_fitted(each, arranged, deviation, length) for each in fit.fits)
    displacements = shape.displacements(fit, deviation)
    for number, measures in enumerate(displacements):
        if not all(each.breaks[number].drawn for each in seen):
            shortening = measures["shortening_mm"]
            hidden = float(np.hypot(shortening.deviation, _HIDDEN_MM))
            measures["shortening_mm"] = replace(shortening, deviation=hidden)
    return Broken(fit, fitted, displacements, _is_drawn(bone))


def _shares(fit: BrokenFit) -> np.ndarray:
    """Which share of the bone's points each fragment has, by the breaks above and below it."""
    points = fit.upper.model.surface(fit.upper.state.weights)
    over = np.array([points @ normal >= offset for normal, offset in fit.planes])
    piece = (~over).sum(axis=0)  # so many breaks are above a point
    return np.bincount(piece, minlength=len(fit.fits)) / len(points)


def _is_drawn(bone: FoundBone) -> bool:
    """Whether the bone was drawn by hand in all views, broken edges too."""
    return all(found.bone.method == "drawn" for found in bone.seen)


def _fragment(
    bone: FoundBone, model: ShapeModel, cameras: list[Camera], seen: list[Fragments], parts: list, number: int
) -> Fragment:
    """One fragment, 0 the uppermost one, as it is seen in all views; `parts` are from `broken_outlines`."""
    masks = [each.masks[number] for each in seen]
    lines, *ends = zip(*(each[number] for each in parts), strict=True)
    views = views_of(bone, cameras, model.bone, list(zip(masks, lines, strict=True)))
    off_mm = _DRAWN_MM if _is_drawn(bone) else _FOUND_MM
    above, below = (
        None if side[0] is None else Ends(np.array([to_mm(*each) for each in zip(cameras, side, strict=True)]), off_mm)
        for side in ends
    )
    return Fragment(tuple(views), above, below)


def _fitted(fit: Fit, arranged: Arranged, deviation: float, length: float) -> Fitted:
    return Fitted(
        fit,
        arranged.model_name,
        arranged.side_given,
        arranged.pixel_size_mm(fit),
        {},
        shape.uncertainty(fit, deviation),
        length,
    )


def _piece(found: Broken, number: int, seen: bool, triangles: int) -> Surface:
    """A fragment's surface where it lies; an end of the bone that was not seen is cut off where `seen` is asked for."""
    part, fitted, last = found.fit.parts[number], found.fitted[number], len(found.fitted) - 1
    if seen:
        up = fitted.fit.state.rotation[:, 2]
        outwards = [up] * (number == 0) + [-up] * (number == last)
        ends = [plane for plane in border_planes(fitted) for out in outwards if plane[0] @ out < 0]
        part = surface.trimmed(*part, ends) if ends else part
    return surface_of(fitted, triangles, part)
