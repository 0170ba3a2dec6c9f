"""Calibration: how probable it is that a picture shows a femur or a break, given what a reader network makes of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import ReconstructionError
from ..segmentation import femur as femur_check
from ..segmentation import fragments as break_check
from ..segmentation.channels import FRAGMENTS
from ..segmentation.find import Bone, find_bone
from ..simulate.scenes.others import Other
from ..simulate.scenes.scenes import Scene

_SHOWN, _HARDLY = 0.02, 0.002  # of the picture: a femur in it, and none worth the name
_FRAGMENT = 0.05  # of a bone: smaller fragments are hardly seen
_STRENGTH = 0.3  # of the regression's prior, inversely: scenes are not the world


@dataclass(frozen=True)
class Example:
    """What a reader network makes of a picture, and what is true.

    Attributes
    ----------
    femur : (array, bool) or None
        Features of the femur check, and whether there is a femur; None where that is a matter of taste.
    broken : (array, bool) or None
        Features of the break check, and whether the bone that was found is seen to be broken; None where that cannot
        be told.
    """

    femur: tuple[np.ndarray, bool] | None
    broken: tuple[np.ndarray, bool] | None


def example(picture: Scene | Other, reader: str | os.PathLike) -> Example:
    """Let a reader network find the bone in a picture of which everything is known."""
    pixels = np.ascontiguousarray(picture.image, np.float32)
    try:
        found = find_bone(pixels, np.ones(pixels.shape, bool), "auto", reader=reader)
    except ReconstructionError:
        return Example(None, None)  # neither the network nor clusters found anything: there is nothing to check
    share = 0.0 if isinstance(picture, Other) else float(picture.masks["femur"].mean())
    femur = None if _HARDLY < share < _SHOWN else (femur_check.features(found), share >= _SHOWN)
    return Example(femur, _broken(picture, found))


def _broken(picture: Scene | Other, found: Bone) -> tuple[np.ndarray, bool] | None:
    if isinstance(picture, Other) or found.name not in FRAGMENTS or found.second is None:
        return None
    parts = picture.fragments.get(found.name)
    if parts is None:
        return None if picture.cracked == found.name else (break_check.features(found), False)
    least = min(part.sum() for part in parts) / max(np.logical_or(*parts).sum(), 1)
    return None if least < _FRAGMENT else (break_check.features(found), True)


def fitted(examples: Iterable[Example]) -> dict:
    """Logistic regressions, as the calibration file holds them."""
    examples = list(examples)
    return {
        "femur_check": _fit([each.femur for each in examples if each.femur], femur_check.FEATURES),
        "break_check": _fit([each.broken for each in examples if each.broken], break_check.FEATURES),
    }


def _fit(examples: list[tuple[np.ndarray, bool]], names: Sequence[str]) -> dict:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    values, truth = map(np.array, zip(*examples, strict=True))
    scaler = StandardScaler().fit(values)
    fit = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=1000).fit(scaler.transform(values), truth)
    weights = fit.coef_[0] / scaler.scale_
    bias = float(fit.intercept_[0] - weights @ scaler.mean_)
    return {
        "weights": {name: float(weight) for name, weight in zip(names, weights, strict=True)},
        "bias": bias,
        "pictures": len(values),
        "accuracy": float(fit.score(scaler.transform(values), truth)),
    }
