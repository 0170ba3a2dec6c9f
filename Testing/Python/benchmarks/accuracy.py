"""The accuracy benchmark: femora from one or two radiographs, against what needs no shape model.

`make accuracy` prints the tables and leaves them, with plots, in accuracy/. The bones are the real femora in
shared/data/limbs beside the project, or in LIMBS; FEMORA=4 takes only four of them, for a quick look.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

# Every bone has a process of its own: to be set before the libraries start their threads.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VTK_SMP_MAX_THREADS"):
    os.environ.setdefault(name, "1")

import accuracy_baselines as baselines
import numpy as np
from accuracy_cases import LIMBS, PLAIN, Case, Variant, bones, case
from accuracy_report import keep, main_table, variants_table
from accuracy_scores import ALIGNED, IN_FRAME, score
from accuracy_shape import models, registered, shape_fit, use

from XRayTo3DLib.errors import ReconstructionError

OUTPUT = Path("accuracy")
ONE_VIEW = Variant("one view", views=("ap",))
VARIANTS = (
    *(Variant(f"{error}° between the views unknown", error_deg=error) for error in (1, 2, 5, 10)),
    *(Variant(f"{100 * share:.0f} % of the bone outside", outside=share) for share in (0.1, 0.25, 0.5)),
    Variant("proximal third only", outside=2 / 3, end="lower"),
    Variant("30 % of the outline wrong", wrong=0.3),
    Variant("found on film", film=True),
)
Method = Callable[[Case], tuple]
FROM_ONE: dict[str, Method] = {"outline inflated": baselines.inflated}
FROM_TWO: dict[str, Method] = {"visual hull": baselines.visual_hull, "ellipse per slice": baselines.ellipses}
FROM_TRUTH: dict[str, Method] = {
    "mean femur": baselines.mean_femur,
    "mean femur x true length": baselines.scaled_mean_femur,
}


def main() -> int:
    """Score all methods on all bones; print and keep the tables."""
    if not LIMBS.is_dir():
        print(f"no femora at {LIMBS}: set LIMBS to the folder that has them", file=sys.stderr)
        return 2
    number = len(bones())
    chosen = np.linspace(0, number - 1, min(number, int(os.environ.get("FEMORA", number)))).round().astype(int)
    rows = []
    with ProcessPoolExecutor(initializer=use, initargs=(registered(),)) as pool:
        for done, found in enumerate(pool.map(judged, chosen.tolist()), 1):
            rows += found
            print(f"{done} of {len(chosen)} femora", end="\r", file=sys.stderr, flush=True)
    print(f"{len(chosen)} femora; mean distance of a bone, in mm: mean / median / worst of all bones.")
    print("In frame: where the bone was found. Aligned: moved rigidly onto the truth first. Dice, angles: means.\n")
    print(main_table(rows, (ONE_VIEW.name, PLAIN.name)))
    print("\nWith worse pictures, in frame. Seen: only the part of the bone that both pictures show.\n")
    print(variants_table(rows, [PLAIN.name, *(variant.name for variant in VARIANTS)]))
    keep(rows, OUTPUT)
    print(f"\nKept in {OUTPUT}/: table.json, plots.png")
    return 0


def judged(number: int) -> list[dict]:
    """Scores of all methods and variants on one bone."""
    fits = {name: functools.partial(shape_fit, model=model) for name, model in models(number).items()}
    rows = _scored(number, ONE_VIEW, FROM_ONE | fits, (IN_FRAME, ALIGNED))
    rows += _scored(number, PLAIN, FROM_TWO | fits, (IN_FRAME, ALIGNED))
    rows += _scored(number, PLAIN, FROM_TRUTH, (ALIGNED,))
    for variant in VARIANTS:
        if variant.outside:  # what is made of outlines alone ends where the pictures do: it is no whole bone
            rows += _scored(number, variant, FROM_TWO, ())
            rows += _scored(number, variant, fits, (IN_FRAME,))
        else:
            rows += _scored(number, variant, FROM_TWO | fits, (IN_FRAME,))
    return rows


def _scored(number: int, variant: Variant, methods: dict[str, Method], frames: tuple[str, ...]) -> list[dict]:
    try:
        each = case(number, variant)
    except ReconstructionError as error:  # no bone was found on film
        lost = {"variant": variant.name, "bone": f"femur {number + 1}", "failed": str(error)}
        return [{"method": name, **lost} for name in methods]
    return [score(each, variant, name, functools.partial(make, each), frames) for name, make in methods.items()]


if __name__ == "__main__":
    sys.exit(main())
