"""By what a displacement at a break is measured: the break's middle, the shaft, the leg's outer side, and the rays."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from ..anatomy import BoneMeasure, fracture_measures


@dataclass(frozen=True)
class BreakFrame:
    """By what the fragment below a break is measured against the one above it, as this one lies.

    Attributes
    ----------
    center : (3,) float64 array
        Middle of the break (mm).
    up : (3,) float64 array
        Direction of the whole bone's shaft, upwards.
    lateral : (3,) float64 array
        Direction to the leg's outer side, roughly across the shaft.
    side : {"left", "right"}
    source : (3,) float64 array or None
        Where the rays come from that alone have shown the bone, if there is one view.
    """

    center: np.ndarray
    up: np.ndarray
    lateral: np.ndarray
    side: str
    source: np.ndarray | None = None

    def measures(self, moving: np.ndarray) -> dict[str, BoneMeasure]:
        """Measure a displacement; of one view, as it lies across its rays.

        Parameters
        ----------
        moving : (4, 4) array
            Takes the lower fragment from where it belongs, on the upper one, to where it lies (mm).

        Returns
        -------
        dict of str to BoneMeasure
            See `anatomy.fracture_measures`.
        """
        up = self.up
        if self.source is not None:
            moving, up = across_rays(moving, self.center, up, self.source)
        return fracture_measures(moving, self.center, up, self.lateral, self.side)

    def placed(self, matrix: np.ndarray) -> BreakFrame:
        """The same in another frame, into which a matrix (4, 4) leads: a rotation, a shift, and perhaps a scale."""
        turn, shift = matrix[:3, :3], matrix[:3, 3]
        source = None if self.source is None else turn @ self.source + shift
        return replace(
            self, center=turn @ self.center + shift, up=turn @ self.up, lateral=turn @ self.lateral, source=source
        )

    def as_json(self) -> dict:
        """It as JSON holds it; `from_json` reads that."""
        return {name: each.tolist() if isinstance(each, np.ndarray) else each for name, each in vars(self).items()}

    @staticmethod
    def from_json(told: dict) -> BreakFrame:
        """What `as_json` told."""
        values = (told[each.name] for each in fields(BreakFrame))
        return BreakFrame(*(np.array(each) if isinstance(each, list) else each for each in values))


def across_rays(
    moving: np.ndarray, center: np.ndarray, up: np.ndarray, source: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A displacement and a shaft's direction without what rays from one source do not show: how deep they are.

    Parameters
    ----------
    moving : (4, 4) array
    center : (3,) array
        Middle of the break.
    up : (3,) array
    source : (3,) array
        Where the rays come from.

    Returns
    -------
    (4, 4) array, (3,) array
        The displacement shifted along the ray through the middle of the break until that is as deep as it was, and the
        direction across the ray.
    """
    ray = (center - source) / np.linalg.norm(center - source)
    shifted = moving.copy()
    shifted[:3, 3] -= ray * (ray @ (moving[:3, :3] @ center + moving[:3, 3] - center))
    return shifted, up - ray * (ray @ up)
