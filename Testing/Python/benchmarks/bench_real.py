"""How many bones of real radiographs get a fitted shape, and how well its outline agrees with the one drawn by hand.

`make real` runs it: the whole chain with the method `auto`, with a box round each bone that was drawn, and without any
help for all bones of a picture. See `real_films` for the pictures.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

import numpy as np
from real_films import DATA, MASKS, Drawn, dice, drawn_femora, drawn_others, fitted_mask

from XRayTo3DLib import Reconstruction, ReconstructionError, Settings, reconstruct
from XRayTo3DLib.methods import BoneResult

GOOD, FAIR = 0.95, 0.90
DOUBTS = ("not met", "not sure", "may be no", "solid was made")  # what a warning says that tells of a wrong bone
BONES = ("femur", "tibia", "patella", "fibula")


def main() -> int:
    """Print what became of every bone, and a table."""
    if not MASKS.is_dir():
        print(f"{DATA}: no radiographs with masks; there is nothing to measure on.")
        return 0
    drawn = [*drawn_femora(), *drawn_others()]
    for way, found in (("in a box", boxed(drawn)), ("without help", unaided(drawn))):
        print(f"\nBones of real radiographs {way}: Dice of the fitted outline, over what is seen")
        scores: dict[str, list[float]] = {bone: [] for bone in BONES}
        wrong = 0
        for each, bone, warned in found:
            named = bone is not None and bone.name not in ("", each.bone)
            score = 0.0 if named else agreement(each, bone)
            scores[each.bone].append(score)
            wrong += named and not warned
            told = "not found" if bone is None else f"{bone.surface.method}, {bone.name or 'no name'}"
            told += " in fragments" * (bone is not None and bone.broken is not None)
            print(f"    {each.name:66} {score:.3f} {told}", flush=True)
        print(f"wrong bones without a warning: {wrong}")
        print(f"| bone | fitted | median of these | above {GOOD} | above {FAIR} |\n|---|---|---|---|---|")
        for name, values in scores.items():
            own = np.array(values)
            fitted = own[own > 0]
            median = f"{np.median(fitted):.3f}" if len(fitted) else "-"
            print(
                f"| {name} | {len(fitted)} of {len(own)} | {median} | {np.mean(own >= GOOD):.0%} | "
                f"{np.mean(own >= FAIR):.0%} |"
            )
    return 0


def boxed(drawn: list[Drawn]) -> Iterable[tuple[Drawn, BoneResult | None, bool]]:
    """The bone that each box gives, and whether there was a warning."""
    for each in drawn:
        try:
            result = reconstruct(each.read(), Settings(roi=each.roi))
            yield each, result.bones[0], doubted(result)
        except ReconstructionError as error:
            print(f"    {each.name}: {error}")
            yield each, None, True


def unaided(drawn: list[Drawn]) -> Iterable[tuple[Drawn, BoneResult | None, bool]]:
    """Of all bones that a picture gives, the one of the drawn one's name that agrees best with it."""
    for source in dict.fromkeys(each.source for each in drawn):
        own = [each for each in drawn if each.source == source]
        try:
            result = reconstruct(own[0].read(), Settings(bones="all"))
            bones, warned = result.bones, doubted(result)
        except ReconstructionError as error:
            print(f"    {source.name}: {error}")
            bones, warned = (), True
        for each in own:
            named = [bone for bone in bones if bone.name == each.bone]
            yield each, max(named, key=lambda bone, each=each: agreement(each, bone), default=None), warned


def doubted(result: Reconstruction) -> bool:
    """Whether a warning doubts what was found, and not only its scale or side."""
    return any(doubt in said for said in result.warnings for doubt in DOUBTS)


def agreement(drawn: Drawn, bone: BoneResult | None) -> float:
    """Dice of a fitted bone's outline with the bone as it was drawn, within its box; 0 without a fit."""
    if bone is None:
        return 0.0
    return dice(fitted_mask(bone, drawn.mask.shape) & drawn.box, drawn.mask & drawn.box)


if __name__ == "__main__":
    sys.exit(main())
