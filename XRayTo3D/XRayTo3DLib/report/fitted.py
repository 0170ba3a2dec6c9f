"""Fitted bones as one picture of a reconstruction shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..case import Segmentation
    from ..geometry.camera import Camera
    from ..geometry.outline import Outline
    from ..methods import Broken
    from ..pipeline import Reconstruction


@dataclass(frozen=True)
class FittedInView:
    """A fitted bone, or what is measured across joints, in one picture: all in its columns and rows.

    Attributes
    ----------
    found : tuple of Outline
        Of the bone that was found.
    shadow : tuple of Outline
        Of the shadow of what was made.
    fragments : tuple of tuple of Outline
        Of a broken bone, those of each fragment's shadow, the upper one's first.
    measured : list of (str, (n, 2) array, (m, 2, 2) array)
        Name of each measure, and the places and lines that it is measured by.
    """

    found: tuple[Outline, ...]
    shadow: tuple[Outline, ...]
    measured: list[tuple[str, np.ndarray, np.ndarray]]
    fragments: tuple[tuple[Outline, ...], ...] = ()


def fitted_in(result: Reconstruction, pixels: np.ndarray) -> list[FittedInView]:
    """All fitted bones that were seen in the picture with these pixels, and what is measured across their joints."""
    drawn, cameras = [], {}
    for found, made in zip(result.found, result.bones, strict=True):
        number = next((n for n, seen in enumerate(found.seen) if seen.radiograph.pixels is pixels), None)
        if number is None:
            continue
        if made.broken:
            drawn.append(_broken_in(found.seen[number], made.broken, number))
        if made.volume:
            drawn.append(FittedInView(found.seen[number].bone.outlines, made.volume.outlines[number], []))
        if made.shape is None:
            continue
        cameras[made.side] = made.shape.in_mm.views[number].camera
        measured = _projected(made.shape.measures, made.shape.fit.views[number].camera)
        drawn.append(FittedInView(found.seen[number].bone.outlines, made.shape.outlines[number], measured))
    legs = [leg for leg in result.legs if leg.side in cameras]
    return drawn + [FittedInView((), (), _projected(leg.measures, cameras[leg.side])) for leg in legs]


def _broken_in(seen: Segmentation, broken: Broken, number: int) -> FittedInView:
    """A broken bone in one of its pictures."""
    camera = broken.fit.upper.views[number].camera
    measured = [each for measures in broken.displacements for each in _projected(measures, camera)]
    return FittedInView(seen.bone.outlines, (), measured, tuple(each[number] for each in broken.outlines))


def _projected(measures: Mapping, camera: Camera) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Places and lines of measures in a picture."""
    told = []
    for name, each in measures.items():
        points = np.array(list(each.points.values())).reshape(-1, 3)
        lines = np.array(list(each.lines.values())).reshape(-1, 3)
        told.append((name, camera.project(points)[0], camera.project(lines)[0].reshape(-1, 2, 2)))
    return told
