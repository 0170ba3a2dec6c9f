"""Clicks: points that a user says are bone, or are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import ReconstructionError

_SAME = 1.0  # pixels: clicks closer than that are at one place


@dataclass(frozen=True)
class Seeds:
    """Points on the bone that is meant, and points beside it.

    Attributes
    ----------
    include, exclude : sequence of (x, y)
        Column and row.
    """

    include: Sequence[Sequence[float]] = ()
    exclude: Sequence[Sequence[float]] = ()

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(len(self.include) or len(self.exclude))

    def as_json(self) -> dict:
        """The points as JSON holds them."""
        return {
            name: np.asarray(points, float).reshape(-1, 2).tolist()
            for name, points in (("include", self.include), ("exclude", self.exclude))
        }

    def moved(self, matrix: np.ndarray) -> Seeds:
        """Return the same points in other pixels, by a (2, 3) matrix."""
        return Seeds(
            *(
                [tuple((matrix[:, :2] @ point + matrix[:, 2]).tolist()) for point in points]
                for points in (self.include, self.exclude)
            )
        )


def check_seeds(seeds: Seeds, region: np.ndarray) -> None:
    """Raise ReconstructionError if a click lies outside the picture or its region, or bone and none are at one place.

    Parameters
    ----------
    seeds : Seeds
    region : (rows, columns) bool array
    """
    rows, columns = region.shape
    for where, points in (("on", seeds.include), ("beside", seeds.exclude)):
        for point in points:
            place = np.asarray(point, float)
            if place.shape != (2,) or not np.isfinite(place).all():
                raise ReconstructionError(f"A click {where} the bone needs a column and a row, not {point!r}.")
            x, y = np.rint(place).astype(int)
            if not (0 <= x < columns and 0 <= y < rows):
                raise ReconstructionError(
                    f"The click {where} the bone at {place[0]:g} {place[1]:g} lies outside the picture "
                    f"({columns} columns x {rows} rows)."
                )
            if where == "on" and not region[y, x]:
                raise ReconstructionError(
                    f"The click on the bone at {place[0]:g} {place[1]:g} lies outside the marked region: "
                    "mark a larger region or click inside it."
                )
    for point in seeds.include:
        for against in seeds.exclude:
            if np.hypot(*np.subtract(point, against)) < _SAME:
                raise ReconstructionError(
                    f"One click at {point[0]:g} {point[1]:g} says that there is bone, and another one there says "
                    "that there is none: take one of them away."
                )
