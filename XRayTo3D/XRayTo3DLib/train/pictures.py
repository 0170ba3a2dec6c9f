"""Which pictures a training sees: scenes of legs, other parts of the body, and what is no radiograph."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from ..simulate.bones.limbs import analytic_limb, read_limbs
from ..simulate.scenes.bank import Specimen
from ..simulate.scenes.others import Other, lookalike, other, section
from ..simulate.scenes.scenes import Scene, bank, scene

_OTHERS, _LOOKALIKES, _SECTIONS = 0.14, 0.03, 0.03  # of all pictures
_SIZE = 288  # rows and columns


def specimens(limbs: int, seed: int, folder: str | os.PathLike | None = None) -> list[Specimen]:
    """Analytic limbs, and the real ones of a folder if there is one (see `simulate.limbs.read_limbs`)."""
    made = [analytic_limb(seed + number) for number in range(limbs)]
    if folder is not None:
        made += read_limbs(folder, seed=seed)
    return bank(made, seed)


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
