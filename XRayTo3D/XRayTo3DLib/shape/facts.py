"""What is known of a patient besides pictures, and which of a model's bones it makes probable."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import ReconstructionError, SurfaceError
from ..surface import is_closed
from .alignment import Aligned, align
from .correspondence import Template, register
from .model import ShapeModel
from .statistics import onto

SEXES = ("female", "male")
_HEIGHTS_CM = (120.0, 230.0)  # of adults
# Height (cm) = slope * length (cm) + constant, and its standard error, from a bone's greatest length, of Americans of
# European and of African descent (M. Trotter, G. C. Gleser, "Estimation of stature from long bones of American whites
# and negroes", American Journal of Physical Anthropology 10, 1952).
_HEIGHT = {
    ("femur", "male"): ((2.38, 61.41, 3.27), (2.11, 70.35, 3.94)),
    ("femur", "female"): ((2.47, 54.10, 3.72), (2.28, 59.76, 3.41)),
    ("tibia", "male"): ((2.52, 78.62, 3.37), (2.19, 86.02, 3.78)),
    ("tibia", "female"): ((2.90, 61.53, 3.66), (2.45, 72.65, 3.70)),
    ("fibula", "male"): ((2.68, 71.78, 3.29), (2.19, 85.65, 4.08)),
    ("fibula", "female"): ((2.93, 59.61, 3.57), (2.49, 70.90, 3.80)),
}
# They left out the malleolus (R. L. Jantz et al., Journal of Forensic Sciences 40, 1995).
_NOT_COUNTED_MM = {"tibia": 11.0}
# Greatest length and diameter of the head of femora, mean and standard deviation in mm (G. Mall et al., "Determination
# of sex from femora", Forensic Science International 113, 2000: 170 Germans).
_BY_SEX = ({"male": (464.0, 24.0), "female": (434.0, 24.0)}, {"male": (49.0, 3.0), "female": (44.0, 3.0)})
_HEAD = 1.05  # of the head's radius: what is no farther from its centre is its surface
# How a leg's bone differs from the other leg's, standard deviations from mean absolute differences (P. Laumonerie et
# al., "Which factors influence proximal femoral asymmetry?", Bone and Joint Journal 100-B, 2018, 345 pairs: length 3.6
# mm, neck version 5.1 degrees, offset 3.8 mm; J. Ferras-Tarrago et al., Journal of Clinical Medicine 9, 2020: version
# 4.5 degrees).
_LENGTH, _TWIST, _END = 4.5 / 440, np.radians(5.8), 4.0 / 440  # of the bone's length; twist from end to end
_LOCAL_MM = 0.1  # of each mode: 0.7 mm in all where fifty are of one size
_CORRESPONDENCE_MM = 1.0  # of a registered point, as many as there are
_OTHER_BONE_MM = 6.0  # a bone of the same kind comes closer than this to the mean one, aligned


@dataclass(frozen=True)
class Facts:
    """What may be known of a patient.

    Attributes
    ----------
    height_cm : float, optional
    sex : {"female", "male", ""}
    other_side : (points, faces), optional
        Closed surface of the other leg's bone: (n, 3) in mm, wherever it stands, and (m, 3).
    """

    height_cm: float | None = None
    sex: str = ""
    other_side: tuple[np.ndarray, np.ndarray] | None = None


@dataclass(frozen=True)
class _Told:
    """A linear observation of a model's weights: rows @ weights is values, but for errors of this covariance."""

    rows: np.ndarray
    values: np.ndarray
    covariance: np.ndarray


def informed(model: ShapeModel, facts: Facts) -> ShapeModel:
    """The model of bones like this patient's.

    Parameters
    ----------
    model : ShapeModel
        Of the side of the bone that is looked for.
    facts : Facts

    Returns
    -------
    ShapeModel
        Its mean is the most probable bone, its modes are what the facts leave open, the largest first. The model itself
        where nothing is known that tells of this bone.

    Raises
    ------
    ReconstructionError
        If a fact is impossible.
    SurfaceError
        If the other leg's surface is open, of another bone, or of the same leg.

    Notes
    -----
    All facts are linear observations of normal weights (C. E. Rasmussen, C. K. I. Williams, "Gaussian processes for
    machine learning", 2006, appendix A). A regression of height on length is what is observed, so that no equation has
    to be turned round.
    """
    if reason := impossible(facts):
        raise ReconstructionError(reason)
    told = _sexed(model, facts.sex) if facts.sex else []
    told += _tall(model, facts.height_cm, facts.sex) if facts.height_cm is not None else []
    told += [_like_the_other(model, *facts.other_side)] if facts.other_side is not None else []
    return _conditioned(model, told) if told else model


def side_of_other(model: ShapeModel, surface: tuple[np.ndarray, np.ndarray]) -> str:
    """Side of the bone that is looked for, if this is the surface of the other leg's; "" where it does not tell.

    Raises
    ------
    SurfaceError
        If the surface is open, or of another bone.
    """
    placed = _placed(model, *surface)
    if placed.symmetric or not model.side:
        return ""
    return model.side if placed.mirrored else model.mirrored().side


def impossible(facts: Facts) -> str:
    """What is wrong with height or sex, in words; "" if nothing is."""
    low, high = _HEIGHTS_CM
    if facts.sex not in ("", *SEXES):
        return f"The sex is {facts.sex!r}; it must be female or male, or left out."
    if facts.height_cm is not None and not low <= facts.height_cm <= high:
        return (
            f"A height of {facts.height_cm:g} cm is impossible: give the patient's height in centimeters, between "
            f"{low:.0f} and {high:.0f} (what is known of height and bones is known of adults)."
        )
    return ""


def _sexed(model: ShapeModel, sex: str) -> list[_Told]:
    """Length and head are rather those of this sex: the model's bones are taken to be of both."""
    if model.bone != "femur":
        return []
    told = []
    for (_, row), each in zip((_length(model), _head(model)), _BY_SEX, strict=True):
        (mean, deviation), (other, _) = each[sex], each["male" if sex == "female" else "female"]
        within, between = deviation**2, ((mean - other) / 2) ** 2
        own, share = float(row @ row), within / (within + between)
        moved = (mean - other) / 2 * np.sqrt(own / (within + between))
        # Told with this error, what is left of the variance is the share that lies within a sex.
        error = own * share / (1 - share)
        told.append(_Told(row[None], np.array([moved / (1 - share)]), np.array([[error]])))
    return told


def _tall(model: ShapeModel, height_cm: float, sex: str) -> list[_Told]:
    equations = [each for one in SEXES if sex in ("", one) for each in _HEIGHT.get((model.bone, one), ())]
    if not equations:
        return []
    value, row = _length(model)
    value -= _NOT_COUNTED_MM.get(model.bone, 0.0)
    slopes, constants, errors = np.array(equations).T
    heights = slopes * value / 10 + constants  # of the mean bone's owner, by each equation
    variance = (errors**2).mean() + heights.var()  # nobody says which of them holds
    return [_Told(slopes.mean() * row[None] / 10, np.array([height_cm - heights.mean()]), np.array([[variance]]))]


def _like_the_other(model: ShapeModel, points: np.ndarray, faces: np.ndarray) -> _Told:
    """The weights are those of the other leg's bone, but for what legs differ by."""
    placed = _placed(model, points, faces)
    if model.side and not placed.symmetric and not placed.mirrored:
        raise SurfaceError(
            f"The other leg's surface is a {model.side} {model.bone}, as the bone that is looked for: give the surface "
            "of the other side, or the side of the bone in the pictures."
        )
    template = Template(model.mean, model.faces)
    there = onto(register(template, placed.moved(points), placed.faces(faces)), model.mean)[0]
    rows = model.basis.reshape(len(model.deviations), -1)
    inverse = rows @ rows.T / _CORRESPONDENCE_MM**2
    weights = np.linalg.solve(inverse + np.eye(len(rows)), rows @ (there - model.mean).ravel()) / _CORRESPONDENCE_MM**2
    return _Told(np.eye(len(rows)), weights, _asymmetry(model, rows, inverse))


def _asymmetry(model: ShapeModel, rows: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Covariance (k, k) of the weights by which two legs differ: stretched, twisted, each end aside, and locally."""
    height = model.mean[:, 2]
    length, middle = np.ptp(height), (height.max() + height.min()) / 2
    along = (height - middle) / length
    x, y = (model.mean[:, :2] - model.mean[:, :2].mean(axis=0)).T
    none = np.zeros_like(x)
    fields = [
        _LENGTH * length * np.stack([none, none, along], 1),
        _TWIST * np.stack([-y, x, none], 1) * along[:, None],
    ]
    for end in (1, -1):
        share = np.clip((end * along - 0.25) / 0.25, 0, 1) ** 2
        fields += [_END * length * share[:, None] * axis for axis in np.eye(3)[:2]]
    fields = np.array([onto(model.mean + field, model.mean)[0] - model.mean for field in fields])
    moved = np.linalg.solve(inverse + np.eye(len(rows)), rows @ fields.reshape(len(fields), -1).T)
    moved /= _CORRESPONDENCE_MM**2
    return moved @ moved.T + np.diag((_LOCAL_MM / model.deviations) ** 2)


def _placed(model: ShapeModel, points: np.ndarray, faces: np.ndarray) -> Aligned:
    """How another leg's surface is brought onto a model's mean."""
    if not is_closed(faces):
        raise SurfaceError("The other leg's surface is not closed: close its holes, or leave it out.")
    placed = align(Template(model.mean, model.faces), points, faces)
    off = max(placed.off_mm, _missing(model, placed.moved(points)))
    if off > _OTHER_BONE_MM:
        raise SurfaceError(
            f"The other leg's surface is unlike a {model.bone} ({off:.0f} mm off, aligned): give the surface "
            "of the same bone of the other leg, in millimeters, or leave it out."
        )
    return placed


def _missing(model: ShapeModel, points: np.ndarray) -> float:
    """RMS distance (mm) of nine tenths of a model's points from the nearest ones of a surface: a small bone lies close
    to a large one's, but not the other way round."""
    from scipy.spatial import cKDTree

    away = np.sort(cKDTree(points).query(model.mean)[0])[: int(0.9 * len(model.mean))]
    return float(np.sqrt((away**2).mean()))


def _length(model: ShapeModel) -> tuple[float, np.ndarray]:
    """Greatest length of the mean bone (mm), and how it changes with each weight (k,)."""
    top, bottom = model.mean[:, 2].argmax(), model.mean[:, 2].argmin()
    return float(np.ptp(model.mean[:, 2])), model.basis[:, top, 2] - model.basis[:, bottom, 2]


def _head(model: ShapeModel) -> tuple[float, np.ndarray]:
    """Diameter of a mean femur's head (mm), and how it changes with each weight (k,)."""
    center = model.landmarks["head_center"]
    away = model.mean - center
    distance = np.linalg.norm(away, axis=1)
    near = distance < _HEAD * np.percentile(distance, 2)
    outward = away[near] / distance[near, None]
    number = list(model.landmarks).index("head_center")
    moved = model.basis[:, near] - (model.landmark_modes[:, number] * model.deviations[:, None])[:, None]
    return 2 * float(distance[near].mean()), 2 * np.einsum("knc,nc->k", moved, outward) / near.sum()


def _conditioned(model: ShapeModel, told: list[_Told]) -> ShapeModel:
    """The model after linear observations of its weights, its modes turned so that they are independent again."""
    information, pull = np.eye(len(model.deviations)), np.zeros(len(model.deviations))
    for each in told:
        weighed = np.linalg.solve(each.covariance, each.rows).T
        information += weighed @ each.rows
        pull += weighed @ each.values
    mean = np.linalg.solve(information, pull)
    strengths, axes = np.linalg.eigh(information)
    turned = axes.T / np.sqrt(strengths)[:, None]  # weights (k, k) of the new modes, each of deviation one
    basis = np.tensordot(turned, model.basis, 1)
    deviations = np.sqrt((basis**2).sum(axis=2).mean(axis=1))
    order = np.argsort(-deviations)
    deviations = deviations[order]
    marks = np.tensordot(turned[order], model.landmark_modes * model.deviations[:, None, None], 1)
    return replace(
        model,
        mean=model.surface(mean),
        modes=(basis[order] / deviations[:, None, None]).astype(np.float32),
        deviations=deviations,
        landmarks=model.landmarks_at(mean),
        landmark_modes=marks / deviations[:, None, None],
    )
