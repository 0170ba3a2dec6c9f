"""Shape: a whole bone from one or two views, by a statistical model fitted to the outlines seen in them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence

import numpy as np

from .. import shape, surface
from ..case import VIEW_NUMBERS, Case, Making, Patient, Segmentation
from ..depth import half_width
from ..errors import NoFemurError, ReconstructionError
from ..geometry.camera import Camera
from ..geometry.stand import Stand
from ..helpers.progress import Progress
from ..helpers.stages import Stages
from ..radiograph import UNKNOWN
from ..segmentation import BONES, Bone, bounding_box, heights_of
from ..shape import Facts, Mark, ShapeModel, View
from ..surface import Surface
from .bone import BoneResult, FoundBone
from .extent import border_planes
from .fitted import MOST_OF_IT, Fitted
from .joints import hung, parted
from .standing import cameras_of, is_calibrated, untold

_READ_MM, _PLACED_MM = 12.0, 3.0  # how far off landmarks are: the network's, a user's
_HEIGHTS_OFF = 0.03  # of the bone's length: how far off the network's heights are together
_LEAST_CONFIDENCE = 0.5
_FAR_MM = 1e6
_EDGE_MM = 3.0  # of a model's triangles
_MOST_VIEWS = 8


def why_not(case: Case, making: Making) -> str:
    """What speaks against it: too many views, one twice, or untold ones, or what cannot be true of a patient."""
    if len(case.views) > _MOST_VIEWS:
        return f"The method shape uses {_MOST_VIEWS} views at most, not {len(case.views)}: leave the others out."
    for one, other in itertools.combinations(range(len(case.views)), 2):
        if np.array_equal(*(case.views[number].radiograph.pixels for number in (one, other))):
            return f"Views {one + 1} and {other + 1} are the same picture: give each view once."
    return untold(case) or shape.impossible(Facts(case.patient.height_cm, case.patient.sex))


def make(bone: FoundBone, making: Making, progress: Progress | None = None) -> BoneResult:
    """Make the whole bone that the shape model finds in its views; see `Method.make`."""
    stage = Stages(progress)
    with stage("shape", 0.0, "fitting the shape model"):
        fitted = fit_to(bone, making, progress)
    model = fitted.fit.model
    made, extent = surface_of(fitted, making.triangles), "whole"
    whole = None
    if making.extent == "seen" or (making.extent == "auto" and fitted.length_seen < MOST_OF_IT):
        whole, extent = made, "seen"
        made = surface_of(fitted, making.triangles, border_planes(fitted))
    return BoneResult(
        model.bone, model.side, (made,), shape=fitted, extent=extent, whole=whole, timings_s=stage.timings_s
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
        If two views are the same one, nothing tells how views stand to each other, an outline is too short, a landmark
        is not one of the model's, or the fit does not meet the outlines.
    SurfaceError
        If the model cannot be used.
    """
    model = _model(bone, making)
    for number, found in enumerate(bone.seen):
        _check_landmarks(found.view.marking.landmarks, model)
        _check_bone(found, model, making.force, f"{VIEW_NUMBERS[number - 1]} picture" if number else "picture")
    facts, beside = _facts(bone.case.patient), [each.in_mm for each in bone.beside]
    side = bone.side or (shape.side_of_other(model, facts.other_side) if facts.other_side else "")
    sides = (side,) if side or not model.side else ("left", "right")
    models = [shape.informed(model.of_side(each), facts) for each in sides]
    if beside:  # which told the scale as well
        guess, cameras = None, _cameras_beside(bone, beside[0])
        arrangements = [(each, _views(bone, cameras, each.bone)) for each in models]
    else:
        guess = _guessed_pixel(bone.seen, model)
        arrangements = [
            (each, _views(bone, cameras, each.bone))
            for of_side, each in zip(sides, models, strict=True)
            for cameras in cameras_of(bone, of_side or "left", guess)
        ]
    fit = shape.fit_shape(
        arrangements,
        free_scale=guess is not None,
        anchor=hung(models[0], beside),
        progress=progress,
    )
    if not fit.met:
        raise ReconstructionError(
            f"The shape model does not meet the bone's outline: the residual is {fit.residual_mm:.1f} mm "
            f"({shape.WORST_RESIDUAL_MM:g} mm are allowed), and {fit.unmet:.0%} of the outline is not met "
            f"({shape.MOST_UNMET:.0%} are allowed). Look at the outline that was found, mark the bone or landmarks, "
            "and check the pixel size and the side. Of a broken bone, or one with metal, make a solid instead."
        )
    fit, moved, within = parted(fit, beside)
    deviation = bone.seen[0].radiograph.pixel_size_deviation or 0.0
    return Fitted(
        fit,
        "built-in" if making.shape_model in (None, *shape.BUILT_IN_BONES) else os.fspath(making.shape_model),
        bool(side),
        None if guess is None else guess / float(np.exp(fit.state.log_scale)),
        shape.measures(fit, deviation),
        shape.uncertainty(fit, deviation),
        shape.length_seen(fit),
        moved,
        within,
    )


def surface_of(fitted: Fitted, triangles: int, planes: Sequence[tuple[np.ndarray, float]] = ()) -> Surface:
    """The fitted bone in the engine's frame of the first picture, with `Observed` and `Uncertainty_mm`.

    Where no pixel size was known, it is the one that the fit found: see `Fit.in_picture` and `with_scale_of`. What
    lies behind `planes` (see `extent.border_planes`) is left out.
    """
    from scipy.spatial import cKDTree

    fit = fitted.fit
    whole, faces = fit.points, fit.model.faces
    points = whole
    if planes:
        points, faces = surface.trimmed(whole, faces, planes)
    local = fit.in_picture(points)
    faces = faces[:, ::-1]  # the engine's frame is mirrored
    made, error = surface.polydata(local, faces), 0.0
    if len(faces) > triangles:
        made, error = surface.decimate(made, triangles, _EDGE_MM)
    kept = cKDTree(whole).query(points)[1]  # of the model's points, the one at each point
    nearest = kept[cKDTree(local).query(surface.arrays(made)[0])[1]]
    surface.with_observed(made, fitted.observed[nearest])
    surface.with_point_data(made, surface.UNCERTAINTY, fitted.uncertainty_mm[nearest].astype(np.float32))
    return Surface(made, "shape", error)


def _check_bone(found: Segmentation, model: ShapeModel, force: bool, which: str) -> None:
    femur, seen = found.femur, found.bone.name
    if seen and seen != model.bone and model.bone in set(BONES) - {"femur"} and not force:
        raise ReconstructionError(
            f"The shape model is one of a {model.bone}, but the bone that was found is a {seen}: give another model, "
            "mark the other bone with a box or a click, or go on in spite of it."
        )
    if model.bone == "femur" and femur is not None and not femur.is_femur and not force:
        raise NoFemurError(
            f"The {which} does not seem to show a femur (score {femur.score:.2f}): {'; '.join(femur.reasons)}. Mark "
            "the femur with a box or clicks, or go on in spite of it."
        )


def _check_landmarks(placed: Mapping[str, Sequence[float]] | None, model: ShapeModel) -> None:
    for name, at in (placed or {}).items():
        if name not in model.landmarks:
            known = ", ".join(model.landmarks) or "none"
            raise ReconstructionError(f"The shape model has no landmark {name!r}; it has: {known}.")
        if np.shape(at) != (2,) or not np.isfinite(at).all():
            raise ReconstructionError(f"The landmark {name} needs a column and a row, not {at}.")


def _model(bone: FoundBone, making: Making) -> ShapeModel:
    """The model that was given, or else the built-in one of the bone that was found; the femur's where that is none."""
    if making.shape_model is not None and making.shape_model not in shape.BUILT_IN_BONES:
        return shape.load_shape_model(making.shape_model)
    return shape.built_in(making.shape_model or (bone.name if bone.name in shape.BUILT_IN_BONES else "femur"))


def _facts(patient: Patient) -> Facts:
    """What is known of the patient, with the other leg's bone read where a file is named."""
    other = patient.other_side
    if other is not None and not isinstance(other, tuple):
        other = surface.read_surface(other)
    return Facts(patient.height_cm, patient.sex, other)


def _cameras_beside(bone: FoundBone, other: shape.Fit) -> list[Camera]:
    """Cameras of a bone's views where another bone, fitted before, found them."""
    numbers = [
        next(n for n, view in enumerate(bone.case.views) if view.radiograph.pixels is found.radiograph.pixels)
        for found in bone.seen
    ]
    return [other.views[number].camera for number in numbers]


def _views(bone: FoundBone, cameras: Sequence[Camera], name: str) -> list[View]:
    """Views of the patient as the fit wants them; further ones stand only nearly as said, unless calibrated."""
    views = []
    for number, (found, camera) in enumerate(zip(bone.seen, cameras, strict=True)):
        marks = _marks(found.bone, found.view.marking.landmarks)
        loose = shape.SECOND_VIEW if number and not is_calibrated(bone) else {}
        views.append(shape.view_from(camera, found.bone.outlines, marks, heights=_heights(found, name), **loose))
    return views


def _heights(found: Segmentation, bone: str) -> tuple[np.ndarray, np.ndarray, float] | None:
    """Heights that the network sees on the bone that is fitted."""
    seen = heights_of(found.bone) if found.bone.name == bone else None
    return None if seen is None else (seen.points, seen.shares, _HEIGHTS_OFF)


def _guessed_pixel(seen: Sequence[Segmentation], model: ShapeModel) -> float | None:
    """A pixel size (mm) with which the bone is about as wide as usual; None where it is known."""
    unknown = [found.radiograph.pixel_size_source == UNKNOWN for found in seen]
    if not any(unknown):
        return None
    if not all(unknown):
        raise ReconstructionError(
            "The pixel size of one picture is known and that of the other is not: give the pixel size of both."
        )
    mask = seen[0].bone.mask
    usual = half_width(shape.shadow(_far_camera(model), model.mean, model.faces))  # mm, of the widest part
    return usual / max(half_width(mask[bounding_box(mask)]), 1.0)


def _far_camera(model: ShapeModel) -> Camera:
    """A camera in front of a model's mean, so far away that a pixel is a millimeter of the bone."""
    low, high = model.mean.min(axis=0), model.mean.max(axis=0)
    size = np.ceil(high - low).astype(int) + 8
    return Stand(0.0).camera((low + high) / 2, (size[2], size[0]), (1.0, 1.0), _FAR_MM, _FAR_MM)


def _marks(bone: Bone, placed: Mapping[str, Sequence[float]] | None) -> dict[str, Mark]:
    """Landmarks that the network is sure of, and those of the user, who is right."""
    read = {
        name: Mark(mark.x, mark.y, _READ_MM)
        for name, mark in bone.landmarks.items()
        if mark.confidence >= _LEAST_CONFIDENCE
    }
    return read | {name: Mark(*map(float, place), _PLACED_MM) for name, place in (placed or {}).items()}
