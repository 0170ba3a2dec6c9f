"""A bone, or a piece of a broken one, that knows how high on the bone each place of it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .bone import Bone, Mesh


@dataclass(frozen=True)
class Piece:
    """A bone, or a piece of it.

    Attributes
    ----------
    bone : Bone
    along : (4,) float64 array
        Its product with a place (x, y, z, 1) is the height there: 0 at the lower end of the whole bone, 1 at the upper.
    """

    bone: Bone
    along: np.ndarray

    def moved(self, matrix: np.ndarray) -> Piece:
        """Return the piece moved by a (4, 4) matrix; the same places of it are as high on the bone as before."""
        return Piece(self.bone.moved(matrix), self.along @ np.linalg.inv(matrix))

    def warped(self, field: Callable[[np.ndarray], np.ndarray]) -> Piece:
        """Return the piece with its points moved by a smooth field; heights follow it as far as a plane can."""
        outer, inner = self.bone.outer, self.bone.inner
        points = field(outer.points)
        along = np.linalg.lstsq(_placed(points), _placed(outer.points) @ self.along, rcond=None)[0]
        moved = Bone(Mesh(points, outer.faces), inner and Mesh(field(inner.points), inner.faces))
        return Piece(moved, along)

    def heights(self, points: np.ndarray) -> np.ndarray:
        """Heights (n,) of points (n, 3)."""
        return _placed(points) @ self.along


def whole(bone: Bone) -> Piece:
    """Return an unbroken bone of an upright, extended limb as the one piece that it is."""
    low, high = bone.outer.points[:, 2].min(), bone.outer.points[:, 2].max()
    return Piece(bone, np.array([0.0, 0.0, 1.0, -low]) / (high - low))


def _placed(points: np.ndarray) -> np.ndarray:
    return np.column_stack([points, np.ones(len(points))])
