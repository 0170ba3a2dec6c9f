"""Which broken bones are called broken, and which whole ones; how well fragments agree; what a probability is worth.

`make bench-breaks` runs it: films of people who were left out of training, drawn from the folder `limbs` (see
`real_films`). A box is drawn round each femur and tibia, and the networks find the bone in it. Real radiographs are in
`accuracy_fractures`.
"""

from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np
from real_films import DATA, dice

from XRayTo3DLib import ReconstructionError
from XRayTo3DLib.segmentation import box_region, find_bone, fragments_of
from XRayTo3DLib.segmentation.fragments import SUSPECTED, Fragments
from XRayTo3DLib.simulate.bones.limbs import count_people, read_limbs
from XRayTo3DLib.simulate.scenes.scenes import bank, scene
from XRayTo3DLib.train.pictures import left_out

FILMS, FIRST = 260, 98_000_000  # seeds that no training uses
BONES = ("femur", "tibia")
LEAST = 200  # pixels: a smaller bone is hardly seen
SEEN = 0.05  # of a bone: of a smaller fragment nobody could tell
ALLOWED = 0.03  # of whole bones that are called broken
GOOD = 0.9  # Dice of a fragment
BANDS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


def main() -> int:
    """Print what is told of broken and whole bones of people who were not trained with."""
    if not (DATA / "limbs").is_dir():
        print(f"{DATA}: no limbs; there is nothing to measure on.")
        return 0
    people = left_out(count_people(DATA / "limbs"))
    limbs = bank(read_limbs(DATA / "limbs", people), seed=5)
    rng, told, agreed, lost = np.random.default_rng(0), [], [], 0
    for number in range(FILMS):
        drawn = scene(limbs, FIRST + number)
        pixels = np.ascontiguousarray(1 - drawn.image if drawn.dark_bone else drawn.image, np.float32)
        for name, truth in drawn.masks.items():
            bone = name.removeprefix("other_")
            if bone not in BONES or drawn.cracked == name or np.count_nonzero(truth) < LEAST:
                continue
            parts = drawn.fragments.get(name, ())
            if parts and min(np.count_nonzero(part) for part in parts) < SEEN * np.count_nonzero(truth):
                continue
            found = _fragments_in(pixels, truth, bone, rng)
            lost += found is None
            if found is None:
                continue
            told.append((bool(parts), found.probability))
            if parts:
                pairs = zip(found.masks if found.breaks else 2 * found.masks, parts, strict=True)
                agreed.append(min(dice(one, two) for one, two in pairs))
    broken, likely = np.array(told).T
    whole = likely[broken == 0]
    print(
        f"Films of {len(people)} people who were left out of training: {len(whole)} whole bones, {len(agreed)} broken"
    )
    print(f"({lost} more were taken for another bone, or not found)")
    print(
        f"called broken: {np.mean(likely[broken == 1] >= SUSPECTED):.0%} of the broken ones, "
        f"{np.mean(whole >= SUSPECTED):.0%} of the whole ones; where {ALLOWED:.0%} of the whole ones are: "
        f"{np.mean(likely[broken == 1] > np.quantile(whole, 1 - ALLOWED)):.0%}"
    )
    share = np.mean(np.array(agreed) >= GOOD)
    print(f"Dice of the worse fragment: median {np.median(agreed):.3f}, {share:.0%} above {GOOD}")
    print("| told | bones | mean | broken |\n|---|---|---|---|")
    for low, high in pairwise(BANDS):
        own = (likely >= low) & ((likely < high) | (high == 1))
        if own.any():
            print(f"| {low:.1f} to {high:.1f} | {own.sum()} | {likely[own].mean():.2f} | {broken[own].mean():.2f} |")
    return 0


def _fragments_in(pixels: np.ndarray, truth: np.ndarray, bone: str, rng: np.random.Generator) -> Fragments | None:
    """What is told of the bone in a box round it; None where another bone or none is found."""
    rows, columns = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
    room = rng.uniform(0, 0.06) * max(len(rows), len(columns))
    low, high = np.array([columns[0], rows[0]]) - room, np.array([columns[-1], rows[-1]]) + room
    high = np.minimum(high, np.array(truth.shape[::-1]) - 1)
    try:
        found = find_bone(pixels, box_region(pixels.shape, (*np.maximum(low, 0), *high)), "network")
    except ReconstructionError:
        return None
    return fragments_of(pixels, found) if found.name == bone else None


if __name__ == "__main__":
    sys.exit(main())
