"""Where a bone hangs on another one: a place of it that a joint keeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .model import ShapeModel


@dataclass(frozen=True)
class Anchor:
    """A place of a bone that is known from another bone.

    Against an outline it weighs little: a joint that is out is fitted where its outline is. What it tells is how far
    from the source the bone is, which outlines hardly do.

    Attributes
    ----------
    marks : tuple of str
        Landmarks of the model between which the place lies.
    offset : (3,) array
        From there to the place, in the model's frame (mm).
    place : (3,) array
        Where it is in the patient (LPS, mm).
    deviation_mm : float
        How far off it may be in each direction, a standard deviation.
    """

    marks: tuple[str, ...]
    offset: np.ndarray
    place: np.ndarray
    deviation_mm: float

    def point(self, model: ShapeModel, weights: np.ndarray) -> np.ndarray:
        """The place (3,) on a bone of these weights, in the model's frame."""
        return between(model, weights, self.marks) + self.offset

    def moves(self, model: ShapeModel, modes: int) -> np.ndarray:
        """How the place moves with the first modes, (modes, 3)."""
        numbers = [list(model.landmarks).index(name) for name in self.marks]
        return model.landmark_modes[:modes, numbers].mean(axis=1) * model.deviations[:modes, None]


def between(model: ShapeModel, weights: np.ndarray, marks: tuple[str, ...]) -> np.ndarray:
    """Middle (3,) of some of a model's landmarks, on a bone of these weights."""
    places = model.landmarks_at(weights)
    return np.mean([places[name] for name in marks], axis=0)
