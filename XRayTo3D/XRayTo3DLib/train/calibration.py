"""Calibration: how probable it is that a picture shows a femur, given what a reader network makes of it."""

from __future__ import annotations

import os
from collections.abc import Iterable

import numpy as np

from ..errors import ReconstructionError
from ..segmentation.femur import FEATURES, features
from ..segmentation.find import find_bone
from ..simulate.scenes.others import Other
from ..simulate.scenes.scenes import Scene

_SHOWN, _HARDLY = 0.02, 0.002  # of the picture: a femur in it, and none worth the name
_STRENGTH = 0.3  # of the regression's prior, inversely: scenes are not the world


def example(picture: Scene | Other, reader: str | os.PathLike) -> tuple[np.ndarray, bool] | None:
    """Features of a picture, and whether it shows a femur; None where that is a matter of taste."""
    share = 0.0 if isinstance(picture, Other) else float(picture.masks["femur"].mean())
    if _HARDLY < share < _SHOWN:
        return None
    pixels = np.ascontiguousarray(picture.image, np.float32)
    try:
        found = find_bone(pixels, np.ones(pixels.shape, bool), "auto", reader=reader)
    except ReconstructionError:
        return None  # neither the network nor clusters found anything: there is nothing to check
    return features(found), share >= _SHOWN


def fitted(examples: Iterable[tuple[np.ndarray, bool]]) -> dict:
    """Logistic regression, as the calibration file holds it."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    values, truth = map(np.array, zip(*examples, strict=True))
    scaler = StandardScaler().fit(values)
    fit = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=1000).fit(scaler.transform(values), truth)
    weights = fit.coef_[0] / scaler.scale_
    bias = float(fit.intercept_[0] - weights @ scaler.mean_)
    return {
        "femur_check": {
            "weights": {name: float(weight) for name, weight in zip(FEATURES, weights, strict=True)},
            "bias": bias,
            "pictures": len(values),
            "accuracy": float(fit.score(scaler.transform(values), truth)),
        }
    }
