"""Which limb of a bank a scene shows, and the metal in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import metal
from .bank import Specimen

_YOUNG, _YOUNG_WHOLE = 0.5, 0.5  # of growing legs are young children's; of their pictures show the whole thigh or more
_HEALING = 0.12  # of broken bones that are not bent
_WORN = 0.3  # of limbs that are grown and whole


def chosen(specimens: Sequence[Specimen], bent: bool, rng: np.random.Generator) -> tuple[Specimen, list[str]]:
    """A limb, and the metal in it, as often as films show such; where the bank has none of the kind, another."""
    specimens = [s for s in specimens if not (s.young or s.callus or s.worn)] or specimens
    fitting = [s for s in specimens if (s.flexion_deg > 0) == bent] or list(specimens)
    kinds = {
        "whole": [s for s in fitting if not (s.broken or s.plates or s.resected)],
        "growing": [s for s in fitting if s.plates],
        "resected": [s for s in fitting if s.resected],
        "displaced": [s for s in fitting if s.broken and s.displaced],
        "crack": [s for s in fitting if s.broken and not s.displaced],
    }
    kind = str(rng.choice(list(kinds), p=(0.39, 0.13, 0.05, 0.36, 0.07)))
    among = kinds[kind] or fitting
    specimen = among[int(rng.integers(len(among)))]
    if specimen.resected:
        return specimen, ["hip prosthesis"]
    if rng.random() > {"crack": 0.75, "whole": 0.14}.get(kind, 0.05):
        return specimen, []
    others = [name for name in metal.KINDS if name != "hip prosthesis"]
    return specimen, [str(name) for name in rng.choice(others, 2 if rng.random() < 0.12 else 1, replace=False)]


def older(specimens: Sequence[Specimen], specimen: Specimen, rng: np.random.Generator) -> Specimen:
    """A healing break in the place of a fresh one, worn joints in that of sound ones, as often as films show them."""
    if specimen.broken:
        return _mending(specimens, specimen, rng)
    alike = [s for s in specimens if s.worn and (s.flexion_deg > 0) == (specimen.flexion_deg > 0)]
    if specimen.plates or specimen.resected or specimen.young or not alike or rng.random() > _WORN:
        return specimen
    return alike[int(rng.integers(len(alike)))]


def _mending(specimens: Sequence[Specimen], broken: Specimen, rng: np.random.Generator) -> Specimen:
    alike = [s for s in specimens if s.callus and (s.broken, s.displaced) == (broken.broken, broken.displaced)]
    if broken.flexion_deg or not alike or rng.random() > _HEALING:
        return broken
    return alike[int(rng.integers(len(alike)))]


def younger(
    specimens: Sequence[Specimen], growing: Specimen, kinds: list[str], part: str, rng: np.random.Generator
) -> tuple[Specimen, list[str], str]:
    """A young child in the place of an older one, as often as films show one; its small legs are shown as a whole."""
    young = [s for s in specimens if s.young and (s.flexion_deg > 0) == (growing.flexion_deg > 0)]
    if not young or rng.random() > _YOUNG:
        return growing, kinds, part
    return young[int(rng.integers(len(young)))], [], "whole" if rng.random() < _YOUNG_WHOLE else part
