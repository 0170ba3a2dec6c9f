"""The accuracy benchmark: bones from one or two radiographs, against what needs no shape model.

`make accuracy` prints three tables and leaves them, with plots, in accuracy/. The first is of the real femora in
shared/data/limbs beside the project (or in LIMBS), each left out of training; the second of bones of other collections
in shared/data/independent (XRAYTO3D_DATA names the folder that holds both), which no model was made of. A third,
`--table volume`, has the volume network beside the shape model, on people that neither learnt from.
`make accuracy ACCURACY="--table independent --bones tibia --few 1 --poses 1"` measures only a part. What was measured
before an interruption is kept, and measured again only if model, fit or benchmark have changed.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

# Every bone has a process of its own: to be set before the libraries start their threads.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VTK_SMP_MAX_THREADS"):
    os.environ.setdefault(name, "1")

import accuracy_baselines as baselines
from accuracy_bones import INDEPENDENT, LIMBS, Subject, femora, independent, limb, subject
from accuracy_cases import PLAIN, Case, Variant, case
from accuracy_report import FACTS, ONE_VIEW, kept, reported
from accuracy_scores import ALIGNED, IN_FRAME, score
from accuracy_shape import BUILT_IN, built_in, models, registered, shape_fit, use
from accuracy_volume import LEARNT, NETWORK, people, seen_in_a_grid, volume_rows

import XRayTo3DLib
from XRayTo3DLib.errors import ReconstructionError

OUTPUT = Path("accuracy")
LEFT_OUT, OTHERS, VOLUME = "limbs", "independent", "volume"
BONES = ("femur", "tibia", "fibula", "patella", "hip")
POSES = 3  # of each bone of another collection: there are few
ONE = Variant(ONE_VIEW, views=("ap",))
KNOWN = Variant(FACTS, views=("ap",), facts=True)
WORSE = (
    *(Variant(f"{error}° between the views unknown", error_deg=error) for error in (5, 10)),
    Variant("proximal third only", outside=2 / 3, end="lower"),
    Variant("distal third only", outside=2 / 3, end="upper"),
    Variant("30 % of the outline wrong", wrong=0.3),
    Variant("found on film", film=True),
)
ONLY_LEFT_OUT = tuple(Variant(f"{100 * share:.0f} % of the bone outside", outside=share) for share in (0.1, 0.5))
ONLY_OTHERS = (
    Variant("one view, proximal third only", views=("ap",), outside=2 / 3, end="lower"),
    Variant("one view, distal third only", views=("ap",), outside=2 / 3, end="upper"),
    Variant("sources behind and outside", views=("pa", "lateral")),
    Variant("in front or behind, not told", views=("pa", "lateral"), facing_told=False),
    Variant("one view, found on film", views=("ap",), film=True),
)
Method = Callable[[Case], object]
FROM_ONE: dict[str, Method] = {"outline inflated": baselines.inflated}
FROM_TWO: dict[str, Method] = {"visual hull": baselines.visual_hull, "ellipse per slice": baselines.ellipses}
FROM_TRUTH: dict[str, Method] = {
    "mean bone": baselines.mean_bone,
    "mean bone x true length": baselines.scaled_mean_bone,
}


@dataclass(frozen=True)
class Job:
    """One bone in one pose: what one process measures at a time."""

    table: str
    bone: str
    number: int
    pose: int = 0

    @property
    def file(self) -> str:
        return f"{self.table}-{self.bone}-{self.number}-{self.pose}.json".replace(" ", "_")


def main(arguments: Sequence[str] | None = None) -> int:
    """Score all methods on all bones; print and keep the tables."""
    options = _options(arguments)
    jobs = _jobs(options)
    if not jobs:
        return 2
    folder = OUTPUT / "measured" / _fingerprint()
    folder.mkdir(parents=True, exist_ok=True)
    left = [job for job in jobs if not (folder / job.file).is_file()]
    trained = registered(len(femora())) if any(job.table != OTHERS for job in left) else None
    with ProcessPoolExecutor(options.workers, initializer=use, initargs=(trained,)) as pool:
        for done, (job, rows) in enumerate(zip(left, pool.map(judged, left), strict=True), 1):
            kept(rows, folder / job.file)
            print(f"{done} of {len(left)} bones", end="\r", file=sys.stderr, flush=True)
    rows = {table: [] for table in (LEFT_OUT, OTHERS, VOLUME)}
    for job in jobs:
        rows[job.table] += json.loads((folder / job.file).read_text(encoding="utf-8"))
    print(reported(rows[LEFT_OUT], rows[OTHERS], rows[VOLUME], OUTPUT))
    print(f"\nKept in {OUTPUT}/: report.md with its pictures, table.json")
    return 0


def judged(job: Job) -> list[dict]:
    """Scores of all methods and variants on one bone."""
    if job.table == VOLUME:
        return volume_rows(job.number, job.pose)
    return _left_out(job.number) if job.table == LEFT_OUT else _independent(job)


def _left_out(number: int) -> list[dict]:
    bone = limb(number)
    fits = {name: functools.partial(shape_fit, model=model) for name, model in models(number).items()}
    rows = _scored(bone, 0, ONE, FROM_ONE | fits, (IN_FRAME, ALIGNED))
    rows += _scored(bone, 0, PLAIN, FROM_TWO | fits, (IN_FRAME, ALIGNED))
    rows += _scored(bone, 0, PLAIN, FROM_TRUTH, (ALIGNED,))
    for variant in (*WORSE, *ONLY_LEFT_OUT):
        # What is made of outlines alone ends where the pictures do: it is no whole bone.
        rows += _scored(bone, 0, variant, FROM_TWO, () if variant.outside else (IN_FRAME,))
        rows += _scored(bone, 0, variant, fits, (IN_FRAME, ALIGNED))
    return rows


def _independent(job: Job) -> list[dict]:
    model = built_in(job.bone)
    bone = subject(independent(job.bone)[job.number], model, job.number)
    fits = {BUILT_IN: functools.partial(shape_fit, model=model)}
    rows = _scored(bone, job.pose, PLAIN, FROM_TRUTH, (ALIGNED,))
    if job.bone in LEARNT:
        rows += _scored(bone, job.pose, PLAIN, {NETWORK: seen_in_a_grid}, (IN_FRAME, ALIGNED))
    for variant in (PLAIN, ONE, *((*WORSE, *ONLY_OTHERS) if job.bone == "femur" else ())):
        rows += _scored(bone, job.pose, variant, fits, (IN_FRAME, ALIGNED))
    if bone.facts:
        rows += _scored(bone, job.pose, KNOWN, fits, (IN_FRAME, ALIGNED))
    return rows


def _scored(
    bone: Subject, pose: int, variant: Variant, methods: dict[str, Method], frames: tuple[str, ...]
) -> list[dict]:
    try:
        each = case(bone, variant, pose)
    except ReconstructionError as error:  # no bone was found on film
        lost = {"variant": variant.name, "bone": bone.bone, "name": bone.name, "failed": str(error)}
        return [{"method": name, **lost} for name in methods]
    return [score(each, variant, name, functools.partial(make, each), frames) for name, make in methods.items()]


def _jobs(options: argparse.Namespace) -> list[Job]:
    """What is to be measured; what cannot be is said."""
    jobs = []
    if VOLUME in options.table and LIMBS.is_dir():
        chosen = [people()[number] for number in _spread(len(people()), options.few)]
        jobs += [Job(VOLUME, "femur", number, pose) for number in chosen for pose in range(options.poses)]
    if LEFT_OUT in options.table and "femur" in options.bones:
        if LIMBS.is_dir():
            jobs += [Job(LEFT_OUT, "femur", number) for number in _spread(len(femora()), options.few)]
        else:
            print(f"no femora at {LIMBS}: set LIMBS to the folder that has them", file=sys.stderr)
    if OTHERS in options.table:
        for bone in options.bones:
            there = len(independent(bone))
            if not there:
                print(f"no {bone} at {INDEPENDENT}: set XRAYTO3D_DATA to the folder that holds it", file=sys.stderr)
            elif built_in(bone) is None:
                print(f"no model of the {bone} is built in", file=sys.stderr)
            else:
                numbers = _spread(there, options.few)
                jobs += [Job(OTHERS, bone, number, pose) for number in numbers for pose in range(options.poses)]
    return jobs


def _spread(count: int, few: int | None) -> list[int]:
    """Numbers below a count: all, or a few that lie apart."""
    few = count if few is None else max(1, min(few, count))
    return [round(k * (count - 1) / max(few - 1, 1)) for k in range(few)]


def _fingerprint() -> str:
    """Changes with the models, the engine that fits them, and the benchmark."""
    library = Path(XRayTo3DLib.__file__).parent
    files = [
        path
        for room in ("shape", "anatomy", "methods", "segmentation", "volume")
        for path in library.glob(f"{room}/*.*")
    ]
    found = hashlib.sha256()
    measuring = [
        Path(__file__).with_name(f"accuracy_{name}.py")
        for name in ("baselines", "bones", "cases", "scores", "shape", "volume")
    ]
    for path in sorted((*files, Path(__file__), *measuring)):
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", nargs="+", choices=(LEFT_OUT, OTHERS, VOLUME), default=(LEFT_OUT, OTHERS, VOLUME))
    parser.add_argument("--bones", nargs="+", choices=BONES, default=BONES)
    parser.add_argument("--few", type=int, metavar="N", help="so many of each kind of bone (all)")
    parser.add_argument(
        "--poses", type=int, default=POSES, metavar="N", help="of bones of other collections (%(default)s)"
    )
    parser.add_argument("--workers", type=int, metavar="N", help="processes (one for each core)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
