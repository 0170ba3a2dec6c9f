"""Calibration: how probable it is that a picture shows a femur, given what a reader network makes of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..segmentation import femur as femur_check
from ..segmentation.by_network import SURENESS, find_by_network, sureness_features
from ..segmentation.find import Bone
from ..segmentation.morphology import dice
from ..segmentation.region import bounding_box
from ..simulate.scenes.others import Other
from ..simulate.scenes.scenes import Scene

_SHOWN = 0.02  # of the picture: a femur that a box may be drawn round
_MOST, _LITTLE = 0.65, 0.35  # of a bone that was found: it is a femur, or is none
_RIGHT = 0.9  # Dice of a mask that is right
_ROOM = 0.03  # of the picture: round a femur in a box
_STRENGTH = 0.3  # of the regression's prior, inversely: scenes are not the world


@dataclass(frozen=True)
class Example:
    """What a reader network makes of a picture, and what is true.

    Attributes
    ----------
    femur : (array, bool) or None
        Features of the femur check, and whether the bone that was found is one; None where it is half of one.
    mask : (array, bool) or None
        How sure the network's looks are, and whether the mask is that of the bone that they name.
    """

    femur: tuple[np.ndarray, bool] | None
    mask: tuple[np.ndarray, bool] | None = None


def example(picture: Scene | Other, reader: str | os.PathLike, boxed: bool = False) -> Example:
    """Let a reader network find the bone in a picture of which everything is known, or in a box round its femur."""
    pixels = np.ascontiguousarray(picture.image, np.float32)
    share = 0.0 if isinstance(picture, Other) else float(picture.masks["femur"].mean())
    region = np.ones(pixels.shape, bool)
    if boxed and share >= _SHOWN:
        region[:] = False
        region[bounding_box(picture.masks["femur"], round(_ROOM * len(pixels)))] = True
    seen = find_by_network(pixels, region, reader=reader)
    if seen.second is None:
        return Example(None)
    found = Bone(seen.mask, "network", "", seen.name, first=seen.first, second=seen.second, landmarks=seen.landmarks)
    of_femur = _of_femur(picture, found)
    femur = None if _LITTLE < of_femur < _MOST else (femur_check.features(found), of_femur >= _MOST)
    return Example(femur, (sureness_features(seen), _right(picture, found, region)))


def _of_femur(picture: Scene | Other, found: Bone) -> float:
    """Share of a bone that was found which is a femur."""
    if isinstance(picture, Other) or not found.mask.any():
        return 0.0
    own = [picture.masks[name] for name in ("femur", "other_femur") if name in picture.masks]
    return float(np.mean(np.logical_or.reduce(own)[found.mask]))


def _right(picture: Scene | Other, found: Bone, region: np.ndarray) -> bool:
    """Whether a mask is that of its bone; of two legs' either, or both."""
    own = [picture.masks[name] & region for name in (found.name, f"other_{found.name}") if name in picture.masks]
    wanted = [*own, np.logical_or.reduce(own)] if own else []
    return max((dice(each, found.mask) for each in wanted), default=0.0) >= _RIGHT


def fitted(examples: Iterable[Example]) -> dict:
    """Logistic regressions, as the calibration file holds them."""
    examples = list(examples)
    return {
        "femur_check": regression([each.femur for each in examples if each.femur], femur_check.FEATURES, "balanced"),
        "mask_check": regression([each.mask for each in examples if each.mask], SURENESS),
    }


def regression(examples: list[tuple[np.ndarray, bool]], names: Sequence[str], weight: str | None = None) -> dict:
    """Logistic regression of features and what is true, as a calibration file holds it."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    values, truth = map(np.array, zip(*examples, strict=True))
    scaler = StandardScaler().fit(values)
    fit = LogisticRegression(C=_STRENGTH, class_weight=weight, max_iter=1000).fit(scaler.transform(values), truth)
    weights = fit.coef_[0] / scaler.scale_
    bias = float(fit.intercept_[0] - weights @ scaler.mean_)
    return {
        "weights": {name: float(weight) for name, weight in zip(names, weights, strict=True)},
        "bias": bias,
        "pictures": len(values),
        "accuracy": float(fit.score(scaler.transform(values), truth)),
    }
