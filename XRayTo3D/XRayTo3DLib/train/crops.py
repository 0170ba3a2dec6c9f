"""Training samples of the tracer network: crops round one bone of a scene, with the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..segmentation.network.channels import (
    BONES,
    FRAGMENTS,
    HEAT_STRIDE,
    NOTHING,
    TRACED,
    TRACER_FACTS,
    channels,
    told_name,
)
from ..segmentation.region import corners
from ..simulate.scenes.others import Other
from ..simulate.scenes.scenes import Scene
from .batches import Cycle
from .samples import FRAGMENT_SHARE, an_end, both_legs, clicks, coarse, cut, looked, turned

_SCENES, _CROPS = 4, 3  # pictures of a batch, and crops of each that shows a leg
SHAPES = ((160, 160), (192, 128), (128, 192), (256, 96), (96, 256))  # of crops: some as slim as windows may be
SHAPES_ODDS = (0.4, 0.2, 0.15, 0.18, 0.07)
_ODDS = {"femur": 1.0, "tibia": 0.5, "fibula": 0.7, "patella": 0.5, "pelvis": 0.2}  # of the bones in a scene
_BROKEN = 2.0  # times as often one that is broken: there are fragments to tell apart
_NAMED = 0.6  # of the crops are told which bone is meant
_CLICKED = 0.25  # of the others have a click on it from the start
LEAST = 120  # pixels of a scene: a smaller bone is not drawn
_ANYWHERE = 0.15  # of the crops of a leg lie so
_FILLED = 0.08  # of such a crop: a bone that large is what it is about
_END = 0.2  # of the boxes hold an end of the bone, or of what is seen of it
_LOOSE = 0.15  # of them are as loose as a first look's may be
# Room beside the bone, a share of its larger side. That most boxes just hold the bone is half of what tells where it
# ends: with twice the room, the heads of real hips were drawn with their sockets.
_TIGHT, _LOOSEST = (-0.01, 0.1), (-0.06, 0.35)


@dataclass(frozen=True)
class Crops:
    """Crops of one shape, stacked, and what is true of them.

    Attributes
    ----------
    inputs : (n, 9, rows, columns) float32 array
        See `channels.TRACER_INPUTS`.
    inside : (n, rows, columns) bool array
        What of each the picture fills.
    masks : (n, 3, rows, columns) uint8 array
        Of `TRACED`: the bone, and its upper and lower fragment.
    heights : (n, 1, rows / 2, columns / 2) float32 array
        Not a number beside the bone.
    bone : (n,) int64 array
        Which of `TRACER_FACTS` it is.
    broken, breakable : (n,) float32 array
        Whether it is seen to be broken, and whether that can be told.
    clicks : list of (include, exclude)
    """

    inputs: np.ndarray
    inside: np.ndarray
    masks: np.ndarray
    heights: np.ndarray
    bone: np.ndarray
    broken: np.ndarray
    breakable: np.ndarray
    clicks: list


def crops(draw: Callable[[int], Scene | Other], seed: int, number: int, _cycle: Cycle) -> Crops:
    """Make batch `number` of a cycle: always the same one."""
    rng = np.random.default_rng((seed, 1, number))
    shape = SHAPES[int(rng.choice(len(SHAPES), p=SHAPES_ODDS))]
    made = []
    for index in range(_SCENES):
        drawn = draw(number * _SCENES + index)
        if isinstance(drawn, Other):
            made.append(_of_nothing(drawn, shape, rng))
        else:
            made += [_of_scene(drawn, shape, rng) for _ in range(_CROPS)]
    return stacked(made)


def stacked(made: list[tuple]) -> Crops:
    """Crops of one shape as a batch."""
    return Crops(*(list(each) if at == 7 else np.stack(each) for at, each in enumerate(zip(*made, strict=True))))


def _of_scene(scene: Scene, shape: tuple[int, int], rng: np.random.Generator) -> tuple:
    """Crop round a bone, or now and then anywhere."""
    there = [
        (bone, name)
        for bone in BONES
        for name in both_legs(bone)
        if name in scene.masks and np.count_nonzero(scene.masks[name]) > LEAST
    ]
    if there and rng.random() >= _ANYWHERE:
        bone, name, matrix = _round_a_bone(scene, there, shape, rng)
        return answered(scene, matrix, shape, bone, name, bone if rng.random() < _NAMED else "", rng)
    matrix = _anywhere(scene, shape, rng)
    told = str(rng.choice(BONES)) if rng.random() < _NAMED else ""
    sizes = [np.count_nonzero(_moved(scene.masks[name], matrix, shape)) * (told in ("", bone)) for bone, name in there]
    if not told and max(sizes, default=0) < _FILLED * shape[0] * shape[1]:
        return answered(scene, matrix, shape, "", "", "", rng)
    bone, name = there[int(np.argmax(sizes))] if any(sizes) else (told, "")
    return answered(scene, matrix, shape, bone, name, told, rng)


def _round_a_bone(
    scene: Scene, there: list[tuple[str, str]], shape: tuple[int, int], rng: np.random.Generator
) -> tuple[str, str, np.ndarray]:
    """A bone, mostly a femur and rather one whose box fits the crop; what its scene calls it; the crop's matrix."""
    boxes = [corners(scene.masks[name]) + 0.5 for _, name in there]
    slim = np.array([np.log((high - low)[0] / (high - low)[1]) for low, high in boxes]) - np.log(shape[1] / shape[0])
    odds = [_ODDS[bone] * (_BROKEN if name in scene.fragments else 1) for bone, name in there] * np.exp(-np.abs(slim))
    at = int(rng.choice(len(there), p=odds / odds.sum()))
    return *there[at], placed(*boxes[at], scene.image.shape, shape, rng)


def answered(
    scene: Scene,
    matrix: np.ndarray,
    shape: tuple[int, int],
    bone: str,
    name: str,
    told: str,
    rng: np.random.Generator,
) -> tuple:
    """A crop, what it is `told`, and what is true of a bone that its scene calls `name`, which may not be in it."""
    grey, inside = cut(scene.image, matrix, shape)
    mask = _moved(scene.masks[name], matrix, shape) if name in scene.masks else np.zeros(shape, bool)
    parts = [mask, mask]
    broken = breakable = False
    if bone in FRAGMENTS and mask.any():
        own = [_moved(part, matrix, shape) for part in scene.fragments.get(name, ())]
        broken = bool(own) and min(part.sum() for part in own) > FRAGMENT_SHARE * mask.sum()
        breakable = scene.cracked != name
        parts = own if broken else parts
    heights = np.full(scene.image.shape, np.nan, np.float32)
    if mask.any():
        heights = np.where(scene.masks[name], scene.heights[bone], np.float32(np.nan))
    first: tuple[list, list] = ([], [])
    if not told and mask.any() and rng.random() < _CLICKED:
        others = [_moved(each, matrix, shape) for of, each in scene.masks.items() if of not in (name, "metal")]
        alone = mask & ~np.logical_or.reduce([np.zeros_like(mask), *others])
        first = clicks(alone if alone.sum() > 12 else mask, np.zeros_like(mask), 1, rng)
    inputs = np.concatenate([channels(looked(grey, inside, rng), inside, *first), told_name(shape, told)])
    which = TRACER_FACTS.index(bone if mask.any() else NOTHING)
    masks = np.stack([mask, *parts]).astype(np.uint8)
    return (
        inputs,
        inside,
        masks,
        coarse(heights, matrix, shape)[None],
        which,
        np.float32(broken),
        np.float32(breakable),
        first,
    )


def _of_nothing(other: Other, shape: tuple[int, int], rng: np.random.Generator) -> tuple:
    """Crop of a picture in which no bone is meant: one that is there is not the one that is named."""
    matrix = _anywhere(other, shape, rng)
    grey, inside = cut(other.image, matrix, shape)
    absent = [name for name in BONES if name not in other.masks]
    told = str(rng.choice(absent)) if other.masks or rng.random() < _NAMED else ""
    inputs = np.concatenate([channels(looked(grey, inside, rng), inside, [], []), told_name(shape, told)])
    nothing = np.zeros((len(TRACED), *shape), np.uint8)
    heights = np.full((1, shape[0] // HEAT_STRIDE, shape[1] // HEAT_STRIDE), np.nan, np.float32)
    zero = np.float32(0)
    return inputs, inside, nothing, heights, TRACER_FACTS.index(NOTHING), zero, zero, ([], [])


def _moved(mask: np.ndarray, matrix: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A picture's mask in a crop."""
    import cv2

    return cv2.warpAffine(mask.astype(np.float32), matrix, shape[::-1], flags=cv2.INTER_LINEAR) > 0.5


def _anywhere(drawn: Scene | Other, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Matrix (2, 3) from a picture's pixels to those of a crop round anything."""
    size = rng.uniform(0.25, 1, 2) * drawn.image.shape[::-1]
    low = rng.uniform(0, 1, 2) * (drawn.image.shape[::-1] - size)
    return turned(low, low + size, shape, rng)[0]


def placed(
    low: np.ndarray, high: np.ndarray, of: tuple[int, int], shape: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """Matrix (2, 3) from a picture's pixels to those of a crop round a box, as users and first looks draw them."""
    if rng.random() < _END:
        low, high = an_end(low, high, rng)
    room = rng.uniform(*(_LOOSEST if rng.random() < _LOOSE else _TIGHT), 4) * max(high - low)
    low, high = low - room[:2], high + room[2:]
    low, high = np.maximum(low, 0), np.minimum(high, of[::-1])
    return turned(low, high, shape, rng)[0]
