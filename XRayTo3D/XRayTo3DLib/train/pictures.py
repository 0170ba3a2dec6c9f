"""Which pictures a training sees: scenes of legs, other parts of the body, and what is no radiograph."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from ..simulate.bones.limbs import analytic_limb, count_people, read_limbs
from ..simulate.scenes.bank import Specimen
from ..simulate.scenes.others import Other, lookalike, other, section
from ..simulate.scenes.scenes import Scene, bank, scene

_OTHERS, _LOOKALIKES, _SECTIONS = 0.14, 0.03, 0.03  # of all pictures
_SIZE = 288  # rows and columns
_ANALYTIC, _ANALYTIC_BESIDE, _MIXED = 24, 8, 10  # limbs: without real ones; beside them; between two of them


def specimens(seed: int, folder: str | os.PathLike | None = None, count: int = _ANALYTIC) -> list[Specimen]:
    """Limbs to draw: so many analytic ones, or those of a folder of real ones and some analytic ones.

    Of the real ones (see `simulate.limbs.read_limbs`) every sixth is left out, so that films of people who were not
    trained with can be measured on, and others that lie between two people are added.
    """
    if folder is None:
        return bank([analytic_limb(seed + number) for number in range(count)], seed)
    real = read_limbs(folder, learnt_from(count_people(folder)), seed, mixed=_MIXED)
    return bank([*real, *(analytic_limb(seed + number) for number in range(_ANALYTIC_BESIDE))], seed)


def learnt_from(people: int) -> list[int]:
    """Numbers of the people of a folder who are trained with."""
    return [number for number in range(people) if number not in left_out(people)]


def left_out(people: int) -> tuple[int, ...]:
    """Numbers of the people of a folder who are not trained with."""
    return tuple(range(5, people, 6))


def picture(limbs: list[Specimen], seed: int, femora_alone: bool = True) -> Scene | Other:
    """Draw a random picture, bone bright as the network always gets it; the same limbs and seed give the same one."""
    kind = np.random.default_rng((seed, 0)).random()
    if kind < _OTHERS:
        return other(seed, _SIZE)
    if kind < _OTHERS + _LOOKALIKES:
        return lookalike(scene(limbs, seed, _SIZE, femora_alone), seed)
    if kind < _OTHERS + _LOOKALIKES + _SECTIONS:
        return section(seed, _SIZE)
    drawn = scene(limbs, seed, _SIZE, femora_alone)
    return replace(drawn, image=1 - drawn.image, dark_bone=False) if drawn.dark_bone else drawn
