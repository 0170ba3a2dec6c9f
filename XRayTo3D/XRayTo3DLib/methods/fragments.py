"""A broken bone that was found in its fragments, in numbers and words."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from .. import shape
from ..geometry.frames import ENGINE_TO_LPS
from ..geometry.outline import Outline
from ..shape import BrokenFit, Measure
from ..surface import Surface
from .fitted import Fitted

FRAGMENT_NAMES = ("upper", "lower")
_DISPLACED = (
    "angulation_ap_deg",
    "angulation_lateral_deg",
    "translation_lateral_mm",
    "translation_posterior_mm",
    "shortening_mm",
)
_UNSURE_DEG = 5.0  # standard deviation of a rotation of which a word is said


@dataclass(frozen=True)
class Broken:
    """A broken bone that was found in its fragments.

    Attributes
    ----------
    fit : BrokenFit
    upper, lower : Fitted
        The whole bone as it would lie with this fragment.
    measures : dict of str to Measure
        How the lower fragment lies to the upper one: see `shape.displacements`.
    drawn : bool
        Whether the bone, broken edges too, was drawn by hand in all views.
    """

    fit: BrokenFit
    upper: Fitted
    lower: Fitted
    measures: dict[str, Measure]
    drawn: bool = True

    @property
    def pixel_size_mm(self) -> float | None:
        """See `Fitted`."""
        return self.upper.pixel_size_mm

    @property
    def scale_deviation(self) -> float:
        """See `Fitted`."""
        return self.upper.scale_deviation

    @property
    def displaced(self) -> bool:
        """Whether the fragments surely lie otherwise than in a whole bone, by more than two standard deviations."""
        told = (self.measures[name] for name in _DISPLACED if name in self.measures)
        return any(abs(each.value) > 2 * each.deviation for each in told)

    @property
    def to_reduced(self) -> tuple[np.ndarray, np.ndarray]:
        """Matrices (4, 4) that put upper and lower fragment where the reduced bone is (LPS of the files, mm)."""
        to_file = ENGINE_TO_LPS @ self.fit.upper.to_picture
        return np.eye(4), to_file @ shape.to_reduced(self.fit) @ np.linalg.inv(to_file)

    @functools.cached_property
    def outlines(self) -> tuple[tuple[tuple[Outline, ...], ...], ...]:
        """Of the upper and the lower fragment, outline of its shadow in each picture (columns and rows)."""
        return tuple(
            tuple(shape.shadow_outlines(fit, view, part) for view in fit.views)
            for fit, part in zip(self.fit.fits, self.fit.parts, strict=True)
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know."""
        said = [
            f"Of the {name} fragment, {fitted.unmet_words}."
            for name, fitted in zip(FRAGMENT_NAMES, (self.upper, self.lower), strict=True)
            if fitted.doubtful
        ]
        if not self.drawn:
            said.append(
                "The broken edges are as they were found: thin tips of fragments, and what lies over the other "
                "fragment, are easily left out and make the shortening seem too small. Look at the outline at the "
                "break, and draw the bone's mask if it is wrong."
            )
        if len(self.fit.upper.views) == 1:
            said.append(
                "One view shows how the fragments lie to each other in its own plane only: give a second view for "
                "angulation and translation across it, and for rotation."
            )
        elif (deviation := self.measures["rotation_deg"].deviation) > _UNSURE_DEG:
            said.append(
                f"How far the lower fragment is turned about the bone is hardly told by outlines: it is known to "
                f"{deviation:.0f} degrees (standard deviation)."
            )
        return (*said, *self.upper.place_warnings)

    def as_json(self, pieces: tuple[Surface, Surface]) -> list[dict]:
        """The fragments in numbers, given their surfaces, as `fragments` of the command line's `--json`.

        The upper one is where the reduced bone is; how the lower one lies is told against it.
        """
        told = []
        for name, fit, piece, matrix in zip(FRAGMENT_NAMES, self.fit.fits, pieces, self.to_reduced, strict=True):
            told.append(
                {
                    "name": name,
                    "surface": piece.describe(),
                    "to_reduced": matrix.tolist(),
                    "residual_mm": round(fit.residual_mm, 3),
                    "unmet_share": round(fit.unmet, 4),
                }
            )
        told[1] |= {name: each.as_json() for name, each in self.measures.items()}
        return told
