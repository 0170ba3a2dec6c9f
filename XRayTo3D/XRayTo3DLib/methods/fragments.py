"""A broken bone that was found in its fragments, in numbers and words."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from .. import shape
from ..geometry.frames import ENGINE_TO_LPS
from ..geometry.outline import Outline
from ..shape import BreakFrame, BrokenFit, Measure
from ..surface import Surface
from .fitted import Fitted

_BETWEEN = ((), ("middle",), ("upper middle", "lower middle"))  # names of so many fragments between two others
_DISPLACED = (
    "angulation_ap_deg",
    "angulation_lateral_deg",
    "translation_lateral_mm",
    "translation_posterior_mm",
    "shortening_mm",
)
_ELSEWHERE_MM = 30.0  # along the bone: views that put a break so far apart may show two
_UNSURE_DEG = 5.0  # standard deviation of a rotation of which a word is said


def fragment_names(count: int) -> tuple[str, ...]:
    """What the fragments of a bone in two to four are called, from its upper end to the lower one."""
    return "upper", *_BETWEEN[count - 2], "lower"


@dataclass(frozen=True)
class Broken:
    """A broken bone that was found in its fragments.

    Attributes
    ----------
    fit : BrokenFit
    fitted : tuple of Fitted
        The whole bone as it would lie with each fragment, the upper one first.
    displacements : tuple of dict of str to Measure
        How each lower fragment lies to the one next above it: see `shape.displacements`.
    drawn : bool
        Whether the bone, broken edges too, was drawn by hand in all views.
    """

    fit: BrokenFit
    fitted: tuple[Fitted, ...]
    displacements: tuple[dict[str, Measure], ...]
    drawn: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """What the fragments are called: see `fragment_names`."""
        return fragment_names(len(self.fitted))

    @property
    def upper(self) -> Fitted:
        """Of the uppermost fragment, where the reduced bone is."""
        return self.fitted[0]

    @property
    def lower(self) -> Fitted:
        """Of the lowermost one."""
        return self.fitted[-1]

    @property
    def measures(self) -> dict[str, Measure]:
        """How the lowermost fragment lies to the one next above it: of two, all that there is."""
        return self.displacements[-1]

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
        told = (each[name] for each in self.displacements for name in _DISPLACED if name in each)
        return any(abs(each.value) > 2 * each.deviation for each in told)

    @property
    def to_reduced(self) -> tuple[np.ndarray, ...]:
        """Matrices (4, 4) that put each fragment where the reduced bone is (LPS of the files, mm)."""
        from_file, (_, *others) = np.linalg.inv(self._to_file), shape.to_reduced(self.fit)
        return np.eye(4), *(self._to_file @ each @ from_file for each in others)

    @property
    def break_frames(self) -> tuple[BreakFrame, ...]:
        """Of each break, by what a displacement there is measured, in the reduced bone (LPS of the files, mm)."""
        return tuple(each.placed(self._to_file) for each in shape.break_frames(self.fit))

    @property
    def _to_file(self) -> np.ndarray:
        return ENGINE_TO_LPS @ self.fit.upper.to_picture

    @functools.cached_property
    def outlines(self) -> tuple[tuple[tuple[Outline, ...], ...], ...]:
        """Of each fragment, outline of its shadow in each picture (columns and rows)."""
        return tuple(
            tuple(shape.shadow_outlines(fit, view, part) for view in fit.views)
            for fit, part in zip(self.fit.fits, self.fit.parts, strict=True)
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know."""
        said = [
            f"Of the {name} fragment, {fitted.unmet_words}."
            for name, fitted in zip(self.names, self.fitted, strict=True)
            if fitted.doubtful
        ]
        if (apart := max(self.fit.apart_mm, default=0.0)) > _ELSEWHERE_MM:
            said.append(
                f"The views show the bone broken at places that are {apart:.0f} mm apart along it: look whether they "
                "show the same break. If the bone is broken in more than one place, click once on each piece in each "
                "view."
            )
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
        else:
            turns = zip(self.names[1:], (each["rotation_deg"].deviation for each in self.displacements), strict=True)
            said += [
                f"How far the {name} fragment is turned about the bone is hardly told by outlines: it is known to "
                f"{deviation:.0f} degrees (standard deviation)."
                for name, deviation in turns
                if deviation > _UNSURE_DEG
            ]
        return (*said, *self.upper.place_warnings)

    def as_json(self, pieces: tuple[Surface, ...]) -> list[dict]:
        """The fragments in numbers, given their surfaces, as `fragments` of the command line's `--json`.

        The upper one is where the reduced bone is; how each lower one lies is told against the one next above it.
        """
        told = []
        displacements = ({}, *self.displacements)
        of_each = zip(self.names, self.fit.fits, pieces, self.to_reduced, displacements, strict=True)
        for name, fit, piece, matrix, measures in of_each:
            told.append(
                {
                    "name": name,
                    "surface": piece.describe(),
                    "to_reduced": matrix.tolist(),
                    "residual_mm": round(fit.residual_mm, 3),
                    "unmet_share": round(fit.unmet, 4),
                    **{measure: each.as_json() for measure, each in measures.items()},
                }
            )
        return told
