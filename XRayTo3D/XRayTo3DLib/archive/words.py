"""What is said in words of a surface in an archive: that it is inferred, from what, by what, and how sure it is."""

from __future__ import annotations

import os

import numpy as np

from ..methods import BoneResult, Fitted
from ..pipeline import Reconstruction
from .made import MAKER

INFERRED = "Surface inferred from projection radiographs"  # at most 64 characters
_CLAIMS = {
    "relief": "It is the radiograph's grey values as a relief, and no bone's anatomy.",
    "solid": "Its outline is the bone's, its thickness is an estimate, and how sure that is, is not known.",
    "volume": "It is the bone as a network sees it that has learnt from simulated radiographs.",
    "shape": "It is a shape model fitted to the bone's outlines; what no radiograph shows is a usual bone's.",
}


def algorithm(bone: BoneResult) -> str:
    """The method that made a bone, and of a fitted one the model."""
    if bone.surface.method != "shape":
        return f"{MAKER} {bone.surface.method}"
    fitted = bone.shape or bone.broken.upper
    return f"{MAKER} shape: {fitted.fit.model.bone} model, {os.path.basename(fitted.model)}"[:64]


def account(bone: BoneResult, result: Reconstruction) -> str:
    """That a bone's surface is inferred, from how many radiographs, how sure it is, and what the user should know."""
    views = len(result.case.views)
    said = [
        f"This surface was inferred from {views} projection radiograph{'s' * (views > 1)}; it was not measured in "
        "three dimensions.",
        _CLAIMS[bone.surface.method],
    ]
    if bone.whole and not bone.broken:
        said.append("Of the fitted bone it is the part that was seen.")
    if bone.shape:
        said.append(f"{_sure(bone.shape)}.")
    if bone.volume:
        points = bone.volume.uncertainty_mm
        said.append(
            f"Standard deviation of its points: median {np.median(points):.2f} mm, largest {points.max():.2f} mm."
        )
    if bone.broken:
        parts = zip(bone.broken.names, bone.broken.fitted, strict=True)
        said += [f"{name.capitalize()} fragment: {_sure(fitted)}." for name, fitted in parts]
    said.append("For research and teaching, not for diagnosis, planning or treatment.")
    return " ".join((*said, *result.radiograph.warnings, *bone.warnings))


def _sure(fitted: Fitted) -> str:
    points = fitted.uncertainty_mm
    return (
        f"Standard deviation of its points: median {np.median(points):.2f} mm, mean {points.mean():.2f} mm, largest "
        f"{points.max():.2f} mm; residual of the outlines {fitted.fit.residual_mm:.2f} mm; {fitted.length_seen:.0%} of "
        "the bone's length seen"
    )
