"""How high along the bone each pixel lies, as somebody read it, and the few levels that this comes down to."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

_BANDS = 8  # across the bone, with as many pixels each
_FEWEST = 4 * _BANDS  # pixels: fewer are a chance
_ROUNDS = 12  # of weighing again; a third of the pixels may be wrong
_NEAR = 0.02  # of a share: what is off by less is not doubted
_BENT = 0.1  # of a share, by which perspective and a bent bone may leave a straight line


@dataclass(frozen=True)
class Levels:
    """Places along the middle of a bone's shadow, and how high on the bone they are.

    Attributes
    ----------
    places : (b, 2) float64 array
        mm at the bone, from the principal point.
    shares : (b,) float64 array
    up : (2,) float64 array
        Unit vector along which the shares rise.
    """

    places: np.ndarray
    shares: np.ndarray
    up: np.ndarray


@dataclass(frozen=True)
class Heights:
    """How high along the bone what some pixels show is.

    Attributes
    ----------
    points : (n, 2) float64 array
        mm at the bone, from the principal point.
    shares : (n,) float64 array
        0 at the bone's lower end, 1 at its upper end, and between them the mean over what the ray meets of the bone;
        along z of a model's mean.
    deviation : float
        Of a share: what all of them may be wrong by together.
    """

    points: np.ndarray
    shares: np.ndarray
    deviation: float

    @functools.cached_property
    def levels(self) -> Levels | None:
        """Means of places and medians of shares in bands across the bone; None where the heights tell no direction.

        Bands are cut by place, where a pixel is certain: cut by share, noise would draw all bands to the middle.
        """
        if len(self.shares) < _FEWEST:
            return None
        slope = _rise(self.points, self.shares)
        up = slope / max(np.linalg.norm(slope), 1e-12)
        bands = np.array_split(np.argsort(self.points @ up, kind="stable"), _BANDS)
        places = np.array([self.points[band].mean(axis=0) for band in bands])
        shares = np.array([np.median(self.shares[band]) for band in bands])
        if shares[-1] - shares[0] < _NEAR:
            return None
        kept = _straight(places @ up, shares, _BENT + 3 * self.deviation)
        return Levels(places[kept], shares[kept], up)


def _rise(points: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Slope (2,) of the plane that is off by the least sum, not of squares: some shares are altogether wrong."""
    away = np.column_stack([points - points.mean(axis=0), np.ones(len(points))])
    weights = np.ones(len(points))
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)
        plane = np.linalg.lstsq(away * root[:, None], shares * root, rcond=None)[0]
        weights = 1 / np.maximum(np.abs(shares - away @ plane), _NEAR)
    return plane[:2]


def _straight(along: np.ndarray, shares: np.ndarray, near: float) -> np.ndarray:
    """Which bands lie near a line through most of them: the one of repeated medians, of which half may be wrong."""
    run = along[None] - along[:, None]
    np.fill_diagonal(run, np.nan)
    slope = np.median(np.nanmedian((shares[None] - shares[:, None]) / np.where(run == 0, np.nan, run), axis=1))
    off = shares - slope * along
    return np.abs(off - np.median(off)) < near
