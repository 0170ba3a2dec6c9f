"""Calibration: how probable it is that a picture shows a femur, given what a reader network makes of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..segmentation import femur as femur_check
from ..segmentation.by_network import find_by_network
from ..segmentation.confidence import IN_A_BOX, SURENESS, box_features, sureness_features
from ..segmentation.found import Bone
from ..segmentation.morphology import dice
from ..segmentation.naming import NAMING, naming_features
from ..segmentation.network.channels import BONES
from ..segmentation.network.loading import load_reader
from ..segmentation.network.look import first_look
from ..segmentation.network.search import with_room
from ..segmentation.region import box_region, corners
from ..simulate.scenes.others import Other
from ..simulate.scenes.scenes import Scene
from .samples import both_legs

_LEAST_MARKED = 0.002  # of the picture: a smaller bone gets no box
_MOST, _LITTLE = 0.65, 0.35  # of a bone that was found: it is a femur, or is none
_BOXES = (0.3, 0.95)  # of a picture's width and height, where nothing is there to draw a box round
_RIGHT = 0.9  # Dice of a mask that is right
_STRENGTH = 0.3  # of the regression's prior, inversely: scenes are not the world


@dataclass(frozen=True)
class Example:
    """What a reader network makes of a picture, and what is true.

    Attributes
    ----------
    femur : (array, bool) or None
        Features of the femur check, and whether the bone that was found is one; None where it is half of one.
    mask, boxed : (array, bool) or None
        How sure the networks are of a mask that they found by themselves or in a box, and whether it is right.
    """

    femur: tuple[np.ndarray, bool] | None
    mask: tuple[np.ndarray, bool] | None = None
    boxed: tuple[np.ndarray, bool] | None = None


def named(picture: Scene | Other, reader: str | os.PathLike) -> list[tuple[np.ndarray, str]]:
    """What tells which bone a box was drawn round (`naming.NAMING`), and which it is, for each bone of a picture."""
    if isinstance(picture, Other):
        return []
    pixels = np.ascontiguousarray(picture.image, np.float32)
    whole = first_look(pixels, np.ones(pixels.shape, bool), load_reader(reader))
    return [(naming_features(pixels, with_room(*corners(mask)), whole), name) for name, mask in _markable(picture)]


def example(picture: Scene | Other, reader: str | os.PathLike, boxed: int | None = None) -> Example:
    """Let a reader network find the bone in a picture of which everything is known, or in a box round one of its bones.

    Parameters
    ----------
    picture : Scene or Other
    reader : path
    boxed : int, optional
        Chooses the bone; of a picture without bones of the leg, a box anywhere.
    """
    pixels = np.ascontiguousarray(picture.image, np.float32)
    region, truth = np.ones(pixels.shape, bool), np.zeros(pixels.shape, bool)
    if boxed is not None:
        there = [] if isinstance(picture, Other) else _markable(picture)
        if there:
            _, truth = there[boxed % len(there)]
            region = box_region(pixels.shape, np.ravel(with_room(*corners(truth))))
        else:
            region = box_region(pixels.shape, _anywhere(pixels.shape, np.random.default_rng(boxed)))
    seen = find_by_network(pixels, region, reader=reader)
    if seen.second is None:
        return Example(None)
    looks = {"first": seen.first, "second": seen.second, "landmarks": seen.landmarks}
    found = Bone(seen.mask, "network", "", seen.name, named=seen.named, **looks)
    of_femur = _of_femur(picture, found)
    femur = None if _LITTLE < of_femur < _MOST else (femur_check.features(found), of_femur >= _MOST)
    if seen.named is None:
        return Example(femur, mask=(sureness_features(seen), _right(picture, found, region)))
    return Example(femur, boxed=(box_features(seen), dice(truth, found.mask) >= _RIGHT))


def _markable(picture: Scene) -> list[tuple[str, np.ndarray]]:
    """The bones of a picture that somebody may draw a box round: names and masks."""
    own = [(name, picture.masks[of]) for name in BONES for of in both_legs(name) if of in picture.masks]
    return [(name, mask) for name, mask in own if mask.mean() >= _LEAST_MARKED]


def _anywhere(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Corners of a box (x0, y0, x1, y1) that somebody may draw in a picture."""
    size = np.array(shape[::-1])
    share = rng.uniform(*_BOXES, 2)
    low = rng.uniform(0, 1 - share) * size
    return np.concatenate([low, low + share * size - 1])


def _of_femur(picture: Scene | Other, found: Bone) -> float:
    """Share of a bone that was found which is a femur."""
    if isinstance(picture, Other) or not found.mask.any():
        return 0.0
    own = [picture.masks[name] for name in both_legs("femur") if name in picture.masks]
    return float(np.mean(np.logical_or.reduce(own)[found.mask]))


def _right(picture: Scene | Other, found: Bone, region: np.ndarray) -> bool:
    """Whether a mask is that of its bone; of two legs' either, or both."""
    own = [picture.masks[name] & region for name in both_legs(found.name) if name in picture.masks]
    wanted = [*own, np.logical_or.reduce(own)] if own else []
    return max((dice(each, found.mask) for each in wanted), default=0.0) >= _RIGHT


def fitted_names(of_each: Iterable[list[tuple[np.ndarray, str]]]) -> dict:
    """Multinomial logistic regression of what is `named` in pictures, as the calibration file holds it."""
    examples = [each for found in of_each for each in found]
    return {f"named {name}": told for name, told in _regressions(examples, NAMING).items()}


def fitted(examples: Iterable[Example]) -> dict:
    """Logistic regressions of examples, as the calibration file holds them."""
    examples = list(examples)
    return {
        "femur_check": regression([each.femur for each in examples if each.femur], femur_check.FEATURES, "balanced"),
        "mask_check": regression([each.mask for each in examples if each.mask], SURENESS),
        "box_check": regression([each.boxed for each in examples if each.boxed], IN_A_BOX),
    }


def regression(examples: list[tuple[np.ndarray, bool]], names: Sequence[str], weight: str | None = None) -> dict:
    """Logistic regression of features and what is true, as a calibration file holds it."""
    return _regressions(examples, names, weight)[True]


def _regressions(examples: list[tuple[np.ndarray, object]], names: Sequence[str], weight: str | None = None) -> dict:
    """Logistic regression of features and which of some answers is right: for each answer, or for yes alone."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    values, truth = map(np.array, zip(*examples, strict=True))
    scaler = StandardScaler().fit(values)
    fit = LogisticRegression(C=_STRENGTH, class_weight=weight, max_iter=1000).fit(scaler.transform(values), truth)
    accuracy = float(fit.score(scaler.transform(values), truth))
    answers = fit.classes_.tolist() if len(fit.coef_) > 1 else [fit.classes_.tolist()[1]]
    told = {}
    for answer, weights, bias in zip(answers, fit.coef_ / scaler.scale_, fit.intercept_, strict=True):
        told[answer] = {
            "weights": {name: float(each) for name, each in zip(names, weights, strict=True)},
            "bias": float(bias - weights @ scaler.mean_),
            "pictures": len(values),
            "accuracy": accuracy,
        }
    return told
