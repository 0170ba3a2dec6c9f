"""How a volume network saw a bone, in numbers and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..geometry.outline import Outline

AGREES = 0.9  # Dice of a bone's shadow and the bone that was found, in every view, at which it is the same bone


@dataclass(frozen=True)
class Volumetric:
    """How a volume network saw a bone.

    Attributes
    ----------
    step_mm : float
        Of the grid that it saw.
    uncertainty_mm : (n,) float array
        Standard deviation of each point of the surface that it made, along the surface's normal.
    agreement : tuple of float
        Of each view, Dice of the bone's shadow and of the bone that was found.
    outlines : tuple of tuple of Outline
        Outline of the bone's shadow in each view (columns and rows).
    """

    step_mm: float
    uncertainty_mm: np.ndarray
    agreement: tuple[float, ...]
    outlines: Sequence[tuple[Outline, ...]]

    @property
    def agrees(self) -> bool:
        """Whether its shadow is the bone that was found, in every view."""
        return min(self.agreement) >= AGREES

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know."""
        if self.agrees:
            return ()
        worst = int(np.argmin(self.agreement))
        return (
            f"The surface's shadow is not the bone that was found in view {worst + 1} (Dice "
            f"{self.agreement[worst]:.2f}): check what was found in each view, and the cameras.",
        )

    def as_json(self) -> dict:
        """The bone in numbers, for the command line's `--json`."""
        return {
            "views": len(self.agreement),
            "step_mm": round(self.step_mm, 3),
            "agreement": [round(each, 4) for each in self.agreement],
            "uncertainty_mm": {
                "median": round(float(np.median(self.uncertainty_mm)), 3),
                "largest": round(float(self.uncertainty_mm.max()), 3),
                "mean": round(float(self.uncertainty_mm.mean()), 3),
            },
        }
