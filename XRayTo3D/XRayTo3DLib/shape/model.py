"""A statistical shape model: a mean surface and the ways in which it varies."""

from __future__ import annotations

import functools
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import SurfaceError
from ..helpers.files import replacing
from ..helpers.reading import read_arrays
from .silhouette import prepared

BUILT_IN_BONES = ("femur", "tibia", "fibula", "patella", "hip")
SIDES = ("left", "right", "")
_NAME = re.compile(r"[\w() -]{0,64}")  # files are called by it
_ARRAYS = ("mean", "modes", "deviations", "faces", "landmark_mean", "landmark_modes")
_STRAIGHT_MODES = ("straight", "lengths")
_STRAIGHT = 1e-3  # of its length, by which a mode that runs along the normals may leave them
_WORDS = ("bone", "side", "landmark_names")
_MOST_POINTS, _MOST_MODES = 100_000, 2_000
_LEVELS = 21  # of the bone's length, from end to end


@dataclass(frozen=True)
class ShapeModel:
    """A bone is `mean` + sum of weight * deviation * mode, with independent standard normal weights.

    Attributes
    ----------
    bone : str
        What it is a model of, such as "femur".
    side : {"left", "right", ""}
        "" where the bone has none, or it is not known.
    mean : (n, 3) float64 array
        Points of the mean surface, LPS (mm): a bone that stands upright in the patient.
    modes : (k, n, 3) float32 array
        Displacements of the points; each mode's RMS length over the points is one.
    deviations : (k,) float64 array
        Standard deviation of each mode (mm, RMS over the points).
    faces : (m, 3) int64 array
        Triangles of the closed surface, anticlockwise seen from outside.
    landmarks : dict of str to (3,) array
        Places of the mean's landmarks (mm), in or on the bone; may be empty.
    landmark_modes : (k, len(landmarks), 3) float64 array
        How the landmarks move with each mode, in the modes' own scale.

    Raises
    ------
    SurfaceError
        If shapes do not fit together, numbers are not finite, or the surface is not closed.
    """

    bone: str
    side: str
    mean: np.ndarray
    modes: np.ndarray
    deviations: np.ndarray
    faces: np.ndarray
    landmarks: dict[str, np.ndarray]
    landmark_modes: np.ndarray

    def __post_init__(self) -> None:
        if problem := _problem(self):
            raise SurfaceError(f"shape model: {problem}.")

    @functools.cached_property
    def basis(self) -> np.ndarray:
        """Modes times their deviations, (k, n, 3) float64: what a weight of one adds (mm)."""
        return self.modes * self.deviations[:, None, None].astype(np.float64)

    @functools.cached_property
    def by_point(self) -> np.ndarray:
        """The same as `basis`, (n, k, 3): what each point takes from each mode lies together."""
        return np.ascontiguousarray(self.basis.transpose(1, 0, 2))

    @functools.cached_property
    def heights(self) -> np.ndarray:
        """How high along the bone each point of the mean is (n,): 0 at the lower end, 1 at the upper."""
        along = self.mean[:, 2]
        return (along - along.min()) / np.ptp(along)

    @functools.cached_property
    def _middles(self) -> tuple[np.ndarray, np.ndarray]:
        """Middles (l, 3) of the mean's cross-sections at even shares of its length; how modes move them, (l, k, 3)."""
        share = _near_levels(self.heights)
        return share @ self.mean, (share @ self.by_point.reshape(len(self.mean), -1)).reshape(_LEVELS, -1, 3)

    def middle(self, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The mean's middle (m, 3) so high along it (m,), 0 to 1, and what weights of one add to it (m, k, 3)."""
        at = np.clip(shares, 0, 1) * (_LEVELS - 1)
        low = np.minimum(at.astype(int), _LEVELS - 2)
        part = (at - low)[:, None]
        mean, moves = self._middles
        return (
            mean[low] * (1 - part) + mean[low + 1] * part,
            moves[low] * (1 - part[:, None]) + moves[low + 1] * part[:, None],
        )

    def surface(self, weights: np.ndarray) -> np.ndarray:
        """Points (n, 3) of the bone with these weights (up to k of them, in standard deviations)."""
        told = np.trim_zeros(weights, "b")  # a fit moves few modes at first
        return self.mean + np.tensordot(told, self.basis[: len(told)], 1)

    def landmarks_at(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Landmarks of the bone with these weights."""
        moved = np.tensordot(weights * self.deviations[: len(weights)], self.landmark_modes[: len(weights)], 1)
        return {name: place + shift for (name, place), shift in zip(self.landmarks.items(), moved, strict=True)}

    def mirrored(self) -> ShapeModel:
        """The model of the other side's bone: mirrored in the plane x = 0."""
        flip = np.array([-1.0, 1.0, 1.0])
        return replace(
            self,
            side={"left": "right", "right": "left", "": ""}[self.side],
            mean=self.mean * flip,
            modes=self.modes * flip.astype(self.modes.dtype),
            faces=self.faces[:, ::-1],
            landmarks={name: place * flip for name, place in self.landmarks.items()},
            landmark_modes=self.landmark_modes * flip,
        )

    def of_side(self, side: str) -> ShapeModel:
        """The model for a left or a right bone."""
        return self.mirrored() if self.side and side and side != self.side else self


def _near_levels(shares: np.ndarray) -> np.ndarray:
    """What each point (n,) counts at each level, (l, n): of a line through the points near by, as ends need it."""
    away = shares[None] - np.linspace(0, 1, _LEVELS)[:, None]
    weights = np.exp(-0.5 * (2 * (_LEVELS - 1) * away) ** 2)
    first, second = (weights * away).sum(axis=1, keepdims=True), (weights * away**2).sum(axis=1, keepdims=True)
    weights = weights * (second - first * away + 1e-9 * weights.sum(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def built_in_file(bone: str) -> Path:
    """Where the model that ships of a bone lies.

    Raises
    ------
    SurfaceError
        If none ships.
    """
    if bone not in BUILT_IN_BONES:
        raise SurfaceError(f"there is no built-in model of {bone!r}, only of {', '.join(BUILT_IN_BONES)}.")
    return Path(__file__).with_name(f"{bone}.npz")


@functools.cache
def built_in(bone: str = "femur") -> ShapeModel:
    """The model that ships of a left bone, made from people's limbs: see `train.models`.

    Raises
    ------
    SurfaceError
        If none ships.
    """
    return load_shape_model(built_in_file(bone))


def save_shape_model(model: ShapeModel, path: str | os.PathLike) -> None:
    """Write a model as a compressed .npz file; modes are kept in half precision (0.05 % of their length).

    Of modes that run along the mean's normals only the lengths are kept.
    """
    mean = model.mean.astype(np.float32)
    normals = prepared(model.faces, len(mean)).normals(mean.astype(np.float64))
    lengths = np.einsum("kni,ni->kn", model.modes, normals)
    straight = np.abs(model.modes - lengths[:, :, None] * normals).max(axis=(1, 2)) < _STRAIGHT
    content = {
        "bone": np.array(model.bone),
        "side": np.array(model.side),
        "mean": mean,
        "modes": model.modes[~straight].astype(np.float16),
        "straight": straight,
        "lengths": lengths[straight].astype(np.float16),
        "deviations": model.deviations.astype(np.float32),
        "faces": model.faces.astype(np.int32),
        "landmark_names": np.array(list(model.landmarks), dtype=np.str_),
        "landmark_mean": np.array(list(model.landmarks.values()), np.float32).reshape(-1, 3),
        "landmark_modes": model.landmark_modes.astype(np.float32),
    }
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **content)


def load_shape_model(path: str | os.PathLike) -> ShapeModel:
    """Read a model.

    Raises
    ------
    SurfaceError
        If the file is missing, damaged, or no shape model; the text names it.
    """
    if not Path(path).is_file():
        raise SurfaceError(f"{path}: there is no such shape model.")
    try:
        content = read_arrays(path, (*_ARRAYS, *_WORDS), _STRAIGHT_MODES)  # 0.1 had no straight modes
        names = [str(name) for name in content["landmark_names"]]
        return ShapeModel(
            bone=str(content["bone"]),
            side=str(content["side"]),
            mean=content["mean"].astype(np.float64),
            modes=_all_modes(content),
            deviations=content["deviations"].astype(np.float64),
            faces=content["faces"].astype(np.int64),
            landmarks=dict(zip(names, content["landmark_mean"].astype(np.float64), strict=True)),
            landmark_modes=content["landmark_modes"].astype(np.float64),
        )
    except KeyError as error:
        raise SurfaceError(
            f"{path}: it is no shape model: it has no {error.args[0]}. Make one with train-shape-model."
        ) from error
    except SurfaceError as error:
        raise SurfaceError(f"{path}: {error}") from error
    except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
        raise SurfaceError(f"{path}: it cannot be read as a shape model: {error}.") from error


def _all_modes(content: dict[str, np.ndarray]) -> np.ndarray:
    """Modes (k, n, 3) of a file, those along the normals among them."""
    modes = content["modes"].astype(np.float32)
    straight = content.get("straight", np.zeros(0)).astype(bool)
    if not straight.any():
        return modes
    lengths, mean = content["lengths"], content["mean"].astype(np.float64)
    made = np.zeros((len(straight), *mean.shape), np.float32)
    made[~straight] = modes
    made[straight] = lengths.astype(np.float32)[:, :, None] * prepared(content["faces"], len(mean)).normals(mean)
    return made


def _problem(model: ShapeModel) -> str:
    """What is wrong with a model's arrays, in words; "" if nothing."""
    from ..surface import is_closed

    points, count = model.mean.shape[:1], len(model.deviations)
    if not _NAME.fullmatch(model.bone):
        return f"the bone is called {model.bone!r}; its name must have up to 64 letters, digits, spaces, -, _, ( and )"
    if model.side not in SIDES:
        return f"side is {model.side!r}; it must be left, right or empty"
    if model.mean.ndim != 2 or model.mean.shape[1] != 3 or not 4 <= points[0] <= _MOST_POINTS:
        return f"the mean has the shape {model.mean.shape}; it must be (n, 3)"
    if model.modes.shape != (count, *model.mean.shape) or model.deviations.ndim != 1 or not 0 < count <= _MOST_MODES:
        return f"there are modes {model.modes.shape} for {count} deviations and {points[0]} points"
    if model.landmark_modes.shape != (count, len(model.landmarks), 3):
        return f"there are landmark modes {model.landmark_modes.shape} for {len(model.landmarks)} landmarks"
    arrays = (model.mean, model.modes, model.deviations, model.landmark_modes, *model.landmarks.values())
    if not all(np.isfinite(array).all() for array in arrays):
        return "some of its numbers are not finite"
    if not (model.deviations > 0).all():
        return "a deviation is not above zero"
    if model.faces.ndim != 2 or model.faces.shape[1] != 3 or not is_closed(model.faces):
        return "its surface is not closed"
    if model.faces.min() < 0 or model.faces.max() >= points[0]:
        return "its triangles name points that are not there"
    return ""
