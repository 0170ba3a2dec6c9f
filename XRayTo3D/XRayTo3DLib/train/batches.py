"""Batches of training samples: always the same ones for a seed, made by all cores at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from ..segmentation.network.channels import channels
from ..simulate.scenes.others import Other
from ..simulate.scenes.scenes import Scene
from .samples import Sample, told, window, window_of_other

_SHAPES = {  # of windows: coarse ones first, which cost half as much, then those that the network will see
    "coarse": ((160, 160), (192, 128), (128, 192), (224, 128), (128, 224)),
    "fine": ((224, 224), (256, 192), (192, 256), (320, 160), (160, 320)),
}
_SHAPES_ODDS = (0.4, 0.2, 0.2, 0.1, 0.1)
_BATCH = 16
_WINDOWS = 4  # of each scene


@dataclass(frozen=True)
class Cycle:
    """One rise and fall of the rate of learning.

    Attributes
    ----------
    steps : int
    rate : float
        The highest.
    memory : float
        Of the averaged weights, for one step.
    coarse : float
        Share of the steps that see coarse windows, which come first.
    femora_alone : bool
        Whether femora without other bones are among the pictures.
    """

    steps: int
    rate: float = 3e-3
    memory: float = 0.997
    coarse: float = 0.85
    femora_alone: bool = False


@dataclass(frozen=True)
class Batch:
    """Samples of one shape, stacked, and their first clicks."""

    inputs: np.ndarray
    inside: np.ndarray
    masks: np.ndarray
    heat: np.ndarray
    heights: np.ndarray
    facts: np.ndarray
    known: np.ndarray
    x_ray: np.ndarray
    clicks: list


def batch(draw: Callable[[int], Scene | Other], seed: int, number: int, cycle: Cycle) -> Batch:
    """Make batch `number` of a cycle: always the same one."""
    rng = np.random.default_rng((seed, number))
    shapes = _SHAPES["coarse" if number < cycle.coarse * cycle.steps else "fine"]
    shape = shapes[int(rng.choice(len(shapes), p=_SHAPES_ODDS))]
    samples: list[Sample] = []
    for index in range(_BATCH // _WINDOWS):
        drawn = draw(number * (_BATCH // _WINDOWS) + index)
        cut = window_of_other if isinstance(drawn, Other) else window
        samples += [cut(drawn, shape, rng) for _ in range(_WINDOWS)]
    first = [told(sample, rng) for sample in samples]
    return Batch(
        np.stack([channels(s.grey, s.inside, *c) for s, c in zip(samples, first, strict=True)]),
        np.stack([s.inside for s in samples]),
        np.stack([s.masks for s in samples]),
        np.stack([s.heat for s in samples]),
        np.stack([s.heights for s in samples]),
        np.stack([s.facts for s in samples]),
        np.stack([s.known for s in samples]),
        np.array([s.x_ray for s in samples], np.float32),
        first,
    )


def in_turns(pool: Executor, make: Callable[[int], Batch], numbers: range, together: int) -> Iterator[Batch]:
    """Batches in their order, so many made at a time: made while the network learns, they would take its cores away."""
    for first in range(numbers.start, numbers.stop, together):
        yield from list(pool.map(make, range(first, min(first + together, numbers.stop))))
