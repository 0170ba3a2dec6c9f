"""A broken bone as it was fitted: one shape, a pose for each fragment, and a cut for each break."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from ..surface import cut_in_two
from .fit import Fit
from .model import ShapeModel


@dataclass(frozen=True)
class BrokenFit:
    """A broken bone found from the outlines of its fragments.

    Attributes
    ----------
    fits : tuple of Fit
        Of the whole bone as it would lie with each fragment, the upper one first: shape, scale and where the views are
        of all are the same.
    cuts : (n - 1, 3) float64 array
        The breaks between neighbours, in the model's frame from the mean's centroid: z = cut @ (1, x, y).
    covariance : (p, p) float64 array
        Of each fragment's pose (turn 3, shift 3), the scale, each view's shifts (6 each), the weights and the cuts.
    apart_mm : tuple of float
        Of each break, how far apart along the bone the views put it.
    """

    fits: tuple[Fit, ...]
    cuts: np.ndarray
    covariance: np.ndarray
    apart_mm: tuple[float, ...] = ()

    @property
    def upper(self) -> Fit:
        """Of the uppermost fragment, where the reduced bone is."""
        return self.fits[0]

    @property
    def lower(self) -> Fit:
        """Of the lowermost one."""
        return self.fits[-1]

    @property
    def met(self) -> bool:
        """Whether the outlines of all are met well enough for this to be an answer."""
        return all(fit.met for fit in self.fits)

    @property
    def planes(self) -> tuple[tuple[np.ndarray, float], ...]:
        """Each break as unit normal (3,) and offset in the model's frame; upwards, normal @ point >= offset."""
        return tuple(plane_of(self.upper.model, cut) for cut in self.cuts)

    @functools.cached_property
    def parts(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Points (n, 3) and triangles (m, 3) of each fragment as it lies in the patient (mm), closed at the breaks."""
        return tuple(self._part(number) for number in range(len(self.fits)))

    def _part(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """A fragment: of the whole bone in its pose, what is left below the breaks above it, and above the next one."""
        fit = self.fits[number]
        size, mean = np.exp(fit.state.log_scale), fit.model.mean.mean(axis=0)
        part = fit.points, fit.model.faces
        for at, (normal, offset) in enumerate(self.planes[: number + 1]):
            normal_there = fit.state.rotation @ normal
            offset_there = size * (offset - normal @ mean) + normal_there @ fit.state.translation
            part = cut_in_two(*part, normal_there, offset_there)[0 if at == number else 1]
        return part


def plane_of(model: ShapeModel, cut: np.ndarray) -> tuple[np.ndarray, float]:
    """A break as unit normal (3,) and offset (mm) in the model's frame; see `BrokenFit.cuts`."""
    normal = np.array([-cut[1], -cut[2], 1.0])
    length = np.linalg.norm(normal)
    return normal / length, float((cut[0] + normal @ model.mean.mean(axis=0)) / length)
