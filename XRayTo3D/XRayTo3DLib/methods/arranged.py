"""What may be of a bone in its views: the model of which side, and how the views stand to the patient."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .. import shape, surface
from ..case import VIEW_NUMBERS, Making, Patient, Segmentation
from ..depth import half_width
from ..errors import NoFemurError, ReconstructionError
from ..geometry.camera import Camera
from ..geometry.outline import Outline
from ..geometry.stand import Stand
from ..radiograph import UNKNOWN
from ..segmentation import BONES, Bone, bounding_box, heights_of
from ..shape import Facts, Mark, ShapeModel, View
from .bone import FoundBone
from .standing import cameras_of, is_calibrated

_READ_MM, _PLACED_MM = 12.0, 3.0  # how far off landmarks are: the network's, a user's
_HEIGHTS_OFF = 0.03  # of the bone's length: how far off the network's heights are together
_LEAST_CONFIDENCE = 0.5
_FAR_MM = 1e6


@dataclass(frozen=True)
class Arranged:
    """In which ways a bone may stand in its views.

    Attributes
    ----------
    ways : tuple of (ShapeModel, cameras)
        A model of the side that it may be of, and a camera for each view.
    guessed_pixel_mm : float or None
        The views' pixel size, if that was only guessed.
    model_name : str
        Which model: a file's path, or "built-in".
    side_given : bool
        Whether the side was told.
    """

    ways: tuple[tuple[ShapeModel, Sequence[Camera]], ...]
    guessed_pixel_mm: float | None
    model_name: str
    side_given: bool

    def pixel_size_mm(self, fit: shape.Fit) -> float | None:
        """The pixel size that a fit found where it was only guessed, otherwise None."""
        return None if self.guessed_pixel_mm is None else self.guessed_pixel_mm / float(np.exp(fit.state.log_scale))


def arrange(bone: FoundBone, making: Making) -> Arranged:
    """In which ways a bone may stand in its views.

    Parameters
    ----------
    bone : FoundBone
    making : Making
        Which model, and whether to go on with what seems to be another bone.

    Raises
    ------
    NoFemurError, ReconstructionError, SurfaceError
        See `shape.fit_to`.
    """
    model = _model(bone, making)
    for number, found in enumerate(bone.seen):
        _check_landmarks(found.view.marking.landmarks, model)
        _check_bone(found, model, making.force, f"{VIEW_NUMBERS[number - 1]} picture" if number else "picture")
    facts = _facts(bone.case.patient)
    side = bone.side or (shape.side_of_other(model, facts.other_side) if facts.other_side else "")
    sides = (side,) if side or not model.side else ("left", "right")
    models = [shape.informed(model.of_side(each), facts) for each in sides]
    if bone.beside:  # which told the scale as well
        guess, cameras = None, _cameras_beside(bone, bone.beside[0].in_mm)
        ways = [(each, cameras) for each in models]
    else:
        guess = _guessed_pixel(bone.seen, model)
        ways = [
            (each, cameras)
            for of_side, each in zip(sides, models, strict=True)
            for cameras in cameras_of(bone, of_side or "left", guess)
        ]
    name = "built-in" if making.shape_model in (None, *shape.BUILT_IN_BONES) else os.fspath(making.shape_model)
    return Arranged(tuple(ways), guess, name, bool(side))


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


def views_of(
    bone: FoundBone,
    cameras: Sequence[Camera],
    name: str,
    parts: Sequence[tuple[np.ndarray, Outline]] | None = None,
) -> list[View]:
    """Views of the patient as the fit wants them; further ones stand only nearly as said, unless calibrated.

    They are of the bone as it was found in each view, or of `parts` of it: mask and outline of one in each view.
    """
    views = []
    for number, (found, camera) in enumerate(zip(bone.seen, cameras, strict=True)):
        marks = _marks(found.bone, found.view.marking.landmarks)
        loose = shape.SECOND_VIEW if number and not is_calibrated(bone) else {}
        heights, lines = _heights(found, name), found.bone.outlines
        if parts is not None:
            mask, outline = parts[number]
            lines = (outline,)
            marks = {
                name: mark for name, mark in marks.items() if _within(mask, np.array([[mark.column, mark.row]]))[0]
            }
            heights = heights and _heights_within(mask, *heights)
        views.append(shape.view_from(camera, lines, marks, heights=heights, **loose))
    return views


def _heights(found: Segmentation, bone: str) -> tuple[np.ndarray, np.ndarray, float] | None:
    """Heights that the network sees on the bone that is fitted."""
    seen = heights_of(found.bone) if found.bone.name == bone else None
    return None if seen is None else (seen.points, seen.shares, _HEIGHTS_OFF)


def _heights_within(
    mask: np.ndarray, points: np.ndarray, shares: np.ndarray, deviation: float
) -> tuple[np.ndarray, np.ndarray, float]:
    inside = _within(mask, points)
    return points[inside], shares[inside], deviation


def _within(mask: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Whether columns and rows (n, 2) lie on a mask."""
    column, row = np.rint(points).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < mask.shape[1]) & (row < mask.shape[0])
    return inside & mask[row.clip(0, mask.shape[0] - 1), column.clip(0, mask.shape[1] - 1)]


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
