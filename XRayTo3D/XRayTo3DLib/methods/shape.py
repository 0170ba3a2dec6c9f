"""A whole bone from one or two segmented radiographs, by a shape model fitted to their outlines."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .. import shape, surface
from ..depth import half_width
from ..errors import NoFemurError, ReconstructionError
from ..geometry.camera import Camera, place, view_directions
from ..geometry.outline import Outline
from ..helpers.progress import Progress
from ..segmentation import BONES, Bone, bounding_box
from ..shape import Fit, Mark, Measure, ShapeModel, View
from ..surface import Surface

if TYPE_CHECKING:
    from ..case import Segmentation, Settings

_USUAL_SOD_MM = 1000.0  # where nothing tells it: rays that are nearly parallel
_USUAL_HALF_WIDTH_MM = 30.0  # of the widest part of a femur, where no pixel size is known
_READ_MM, _PLACED_MM = 12.0, 3.0  # how far off landmarks are: the network's, a user's
_LEAST_CONFIDENCE = 0.5
# How far patient and machine are from where a second picture's angle says, in most cases; Cauchy's tails allow more.
SECOND_VIEW = {"turn_deg": 0.5, "shift_mm": 0.5}
_RIGHT_ANGLE = 90.0
# Of a second view, against what was said: more is rarely how the patient stood, and often a wrong angle or picture.
_FAR_TURNED_DEG, _FAR_SHIFTED_MM = 10.0, 10.0
_DOUBTFUL = 0.03  # of an outline not met: more than a network's slips
_MOST_OF_IT = 0.8  # of a bone's length
_EDGE_MM = 3.0  # of a model's triangles


@dataclass(frozen=True)
class Fitted:
    """A shape model that met its outlines, and what was found by it.

    Attributes
    ----------
    fit : Fit
    model : str
        Which model: a file's path, or "built-in".
    side_given : bool
        Whether the side was told, and not found by the fit.
    pixel_size_mm : float or None
        Where no pixel size was known: the one with which the bone would be as large as it is probable.
    measures : dict of str to Measure
    uncertainty_mm : (n,) array
        See `shape.uncertainty`; of the bone itself, where the scale of its pictures is not known.
    length_seen : float
        See `shape.length_seen`.
    """

    fit: Fit
    model: str
    side_given: bool
    pixel_size_mm: float | None
    measures: dict[str, Measure]
    uncertainty_mm: np.ndarray
    length_seen: float

    @functools.cached_property
    def outlines(self) -> tuple[tuple[Outline, ...], ...]:
        """Outline of the fitted bone's shadow in each picture (columns and rows)."""
        return tuple(shape.shadow_outlines(self.fit, view) for view in self.fit.views)

    @property
    def doubtful(self) -> bool:
        """Whether so much of the outline is not met that the bone may be broken."""
        return self.fit.unmet > _DOUBTFUL

    @property
    def unmet_words(self) -> str:
        """How much of the outline is not met, and why that may be."""
        return (
            f"{self.fit.unmet:.0%} of the bone's outline is not met by the fitted shape, because of a fracture, metal "
            "or another bone"
        )

    @property
    def second_view(self) -> tuple[float, float]:
        """How far (degrees, mm) the second view was found turned and shifted against what was said of it."""
        shift = self.fit.state.shifts[1]
        return float(np.degrees(np.linalg.norm(shift[:3]))), float(np.linalg.norm(shift[3:]))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know."""
        said = []
        if self.doubtful:
            said.append(f"{self.unmet_words}; the surface shows an unbroken bone there.")
        if self.length_seen < _MOST_OF_IT:
            said.append(
                f"{self.length_seen:.0%} of the bone's length was seen: the rest of the surface is a usual bone's, not "
                "this one's."
            )
        if not self.side_given and len(self.fit.views) == 1:
            said.append(
                f"The side was taken to be {self.fit.model.side}, as in a picture seen from the front: one outline "
                "does not tell. If that is wrong, give the side."
            )
        if len(self.fit.views) > 1:
            said += _second_view_words(*self.second_view)
        if self.pixel_size_mm is not None:
            deviation = self.pixel_size_mm * self.fit.scale_deviation
            said.append(
                f"The scale is unknown: if the bone is of usual size, a pixel is {self.pixel_size_mm:.3g} mm "
                f"(± {deviation:.2g}); the surface has 1 mm for a pixel."
            )
        return tuple(said)

    def as_json(self) -> dict:
        """The fit in numbers, for the command line's `--json`."""
        fit = self.fit
        told = {
            "model": self.model,
            "bone": fit.model.bone,
            "side": fit.model.side or None,
            "side_given": self.side_given,
            "views": len(fit.views),
            "residual_mm": round(fit.residual_mm, 3),
            "unmet_share": round(fit.unmet, 4),
            "length_seen": round(self.length_seen, 3),
            "scale_known": self.pixel_size_mm is None,
            "probable_pixel_size_mm": None if self.pixel_size_mm is None else round(self.pixel_size_mm, 4),
            "distance_deviation_mm": round(shape.depth_deviation(fit), 2),
            "uncertainty_mm": {
                "median": round(float(np.median(self.uncertainty_mm)), 3),
                "largest": round(float(self.uncertainty_mm.max()), 3),
            },
            "measures": {
                name: {"value": round(each.value, 2), "deviation": round(each.deviation, 2)}
                for name, each in self.measures.items()
            },
        }
        if len(fit.views) > 1:
            turned, shifted = self.second_view
            told["second_view"] = {
                "turned_deg": round(turned, 2),
                "shifted_mm": round(shifted, 2),
            }
        return told


def fit_to(segmentations: Sequence[Segmentation], settings: Settings, progress: Progress | None = None) -> Fitted:
    """Fit the shape model to the bones found in one or two radiographs.

    Parameters
    ----------
    segmentations : sequence of Segmentation
        The first picture decides where the surface stands.
    settings : Settings
        Of the first picture: model, side, angle between the views.
    progress : callable, optional

    Returns
    -------
    Fitted

    Raises
    ------
    NoFemurError
        If the check says that a picture shows none, the model is a femur's, and `settings.force` is not set.
    ReconstructionError
        If both views are the same one, an outline is too short, a landmark is not one of the model's, or the fit does
        not meet the outlines.
    SurfaceError
        If the model cannot be used.
    """
    model = shape.built_in() if settings.shape_model is None else shape.load_shape_model(settings.shape_model)
    for number, found in enumerate(segmentations):
        _check_landmarks(found.settings.landmarks, model)
        _check_bone(found, model, settings.force, number == 0)
    angle = _angle(segmentations, settings)
    guess = _guessed_pixel(segmentations)
    side = _side(segmentations, settings)
    models = [model.of_side(each) for each in ((side,) if side or not model.side else ("left", "right"))]
    arrangements = [
        (each, _views(segmentations, angle, turn, guess)) for each in models for turn in _turns(segmentations)
    ]
    fit = shape.fit_shape(arrangements, free_scale=guess is not None, progress=progress)
    if not fit.met:
        raise ReconstructionError(
            f"The shape model does not meet the bone's outline: the residual is {fit.residual_mm:.1f} mm "
            f"({shape.WORST_RESIDUAL_MM:g} mm are allowed), and {fit.unmet:.0%} of the outline is not met "
            f"({shape.MOST_UNMET:.0%} are allowed). Look at the outline that was found, mark the bone or landmarks, "
            "and check the pixel size and the side. Of a broken bone, or one with metal, make a solid instead."
        )
    found = shape.measures(fit) if model.bone == "femur" else {}
    if guess is not None:  # sizes are then as unknown as the scale
        found = {name: each for name, each in found.items() if not name.endswith("_mm")}
    return Fitted(
        fit,
        "built-in" if settings.shape_model is None else os.fspath(settings.shape_model),
        bool(side),
        None if guess is None else guess / float(np.exp(fit.state.log_scale)),
        found,
        shape.uncertainty(fit) / float(np.exp(fit.state.log_scale)),
        shape.length_seen(fit),
    )


def surface_of(fitted: Fitted, triangles: int) -> Surface:
    """The fitted bone in the engine's frame of the first picture, with `Observed` and `Uncertainty_mm`."""
    from scipy.spatial import cKDTree

    fit = fitted.fit
    camera = fit.views[0].camera
    local = fit.points @ camera.from_lps[:3, :3].T + camera.from_lps[:3, 3]
    faces = fit.model.faces[:, ::-1] if np.linalg.det(camera.from_lps[:3, :3]) < 0 else fit.model.faces
    uncertainty = fitted.uncertainty_mm
    if fitted.pixel_size_mm is not None:  # back to the picture's millimetres, one for each pixel
        local = local / camera.pixel_size_mm[0] * camera.magnification
        uncertainty = uncertainty / fitted.pixel_size_mm
    made, error = surface.polydata(local, faces), 0.0
    if len(faces) > triangles:
        made, error = surface.decimate(made, triangles, _EDGE_MM)
    points, _ = surface.arrays(made)
    nearest = cKDTree(local).query(points)[1]
    surface.with_observed(made, shape.observed(fit)[nearest])
    surface.with_point_data(made, surface.UNCERTAINTY, uncertainty[nearest].astype(np.float32))
    return Surface(made, "shape", error)


def _second_view_words(turned_deg: float, shifted_mm: float) -> list[str]:
    """A warning, if a second view was found far from where it was said to stand."""
    off = [f"turned by {turned_deg:.0f} degrees"] * (turned_deg > _FAR_TURNED_DEG)
    off += [f"shifted by {shifted_mm:.0f} mm"] * (shifted_mm > _FAR_SHIFTED_MM)
    if not off:
        return []
    return [
        f"The second view was found {' and '.join(off)} against what was said: check the angle between the views, and "
        "that both pictures show the same bone, moved by nothing between them."
    ]


def _check_bone(found: Segmentation, model: ShapeModel, force: bool, first: bool) -> None:
    femur, seen = found.femur, found.bone.name
    if seen and seen != model.bone and model.bone in set(BONES) - {"femur"} and not force:
        raise ReconstructionError(
            f"The shape model is one of a {model.bone}, but the bone that was found is a {seen}: give another model, "
            "mark the other bone with a box or a click, or go on in spite of it."
        )
    if model.bone == "femur" and femur is not None and not femur.is_femur and not force:
        which = "The picture does" if first else "The second picture does"
        raise NoFemurError(
            f"{which} not seem to show a femur (score {femur.score:.2f}): {'; '.join(femur.reasons)}. Mark the femur "
            "with a box or clicks, or go on in spite of it."
        )


def _check_landmarks(placed: Mapping[str, Sequence[float]] | None, model: ShapeModel) -> None:
    for name, at in (placed or {}).items():
        if name not in model.landmarks:
            known = ", ".join(model.landmarks) or "none"
            raise ReconstructionError(f"The shape model has no landmark {name!r}; it has: {known}.")
        if np.shape(at) != (2,) or not np.isfinite(at).all():
            raise ReconstructionError(f"The landmark {name} needs a column and a row, not {at}.")


def _view_of(found: Segmentation) -> str:
    """ "ap", "lateral" or "" as far as file or network tell."""
    told = (found.radiograph.view or (found.femur.view if found.femur else "") or "").lower()
    return "ap" if told in ("ap", "pa") else told if told == "lateral" else ""


def _angle(segmentations: Sequence[Segmentation], settings: Settings) -> float:
    """Angle between two views (degrees)."""
    if settings.view_angle is not None:
        if not 20 <= settings.view_angle <= 160:
            raise ReconstructionError(
                f"The angle between the views must lie between 20 and 160 degrees, not {settings.view_angle:g}: views "
                "that are nearly the same add nothing."
            )
        return settings.view_angle
    views = [_view_of(found) for found in segmentations]
    if len(views) > 1 and views[0] and views[0] == views[1]:
        raise ReconstructionError(
            f"Both pictures are {views[0]} views: a second view must show the bone from another side. If they were "
            "taken at an angle to each other, give that angle."
        )
    return _RIGHT_ANGLE


def _turns(segmentations: Sequence[Segmentation]) -> tuple[float, ...]:
    """Ways in which the bone may be seen: 1 or -1 for a lateral view's two directions, 0 for one from the front."""
    lateral_alone = len(segmentations) == 1 and _view_of(segmentations[0]) == "lateral"
    return (1.0, -1.0) if lateral_alone or len(segmentations) > 1 else (0.0,)


def _views(segmentations: Sequence[Segmentation], angle: float, turn: float, guess: float | None) -> list[View]:
    """Views of the patient as the fit wants them; a second one is turned by the angle, one way or the other."""
    first_lateral = _view_of(segmentations[0]) == "lateral"
    facing = _RIGHT_ANGLE * turn if first_lateral else 0.0
    turns = [facing] if len(segmentations) == 1 else [facing, facing - angle * turn if first_lateral else angle * turn]
    views = []
    for number, (found, degrees) in enumerate(zip(segmentations, turns, strict=True)):
        camera = _camera(found, degrees, guess)
        marks = _marks(found.bone, found.settings.landmarks)
        views.append(shape.view_from(camera, found.bone.outlines, marks, **(SECOND_VIEW if number else {})))
    return views


def _camera(found: Segmentation, degrees: float, guess: float | None) -> Camera:
    """Where the source stood: in front of the patient, turned by some degrees towards his left."""
    picture = found.radiograph
    sod = picture.sod_mm or _USUAL_SOD_MM
    size = picture.pixel_size_mm if guess is None else (guess, guess)
    columns, rows = view_directions("oblique", "left", degrees)
    return place(columns, rows, np.zeros(3), picture.pixels.shape, size, sod * picture.magnification, sod)


def _guessed_pixel(segmentations: Sequence[Segmentation]) -> float | None:
    """A pixel size (mm) with which the bone is about as wide as usual; None where it is known."""
    unknown = [found.radiograph.pixel_size_source == "unknown" for found in segmentations]
    if not any(unknown):
        return None
    if not all(unknown):
        raise ReconstructionError(
            "The pixel size of one picture is known and that of the other is not: give the pixel size of both."
        )
    mask = segmentations[0].bone.mask
    return _USUAL_HALF_WIDTH_MM / max(half_width(mask[bounding_box(mask)]), 1.0)


def _side(segmentations: Sequence[Segmentation], settings: Settings) -> str:
    """The side that was given, or that a file tells; "" if none does."""
    if settings.side != "auto":
        return settings.side
    told = {found.radiograph.side for found in segmentations} - {None}
    return str(told.pop()) if len(told) == 1 else ""


def _marks(bone: Bone, placed: Mapping[str, Sequence[float]] | None) -> dict[str, Mark]:
    """Landmarks that the network is sure of, and those of the user, who is right."""
    read = {
        name: Mark(mark.x, mark.y, _READ_MM)
        for name, mark in bone.landmarks.items()
        if mark.confidence >= _LEAST_CONFIDENCE
    }
    return read | {name: Mark(*map(float, place), _PLACED_MM) for name, place in (placed or {}).items()}
