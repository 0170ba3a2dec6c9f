"""The command `xrayto3d batch`."""

from __future__ import annotations

import argparse
import sys
import threading

from ..choices import METHOD_NAMES, SEGMENTATIONS, Finding, Making
from ..errors import Cancelled, ReconstructionError
from .picture_options import asked_bones
from .terminal import DONE, INTERRUPTED, one_line, progress_bar, warn

_STOPPED = "xrayto3d: stopped; finished cases are kept, and the same command goes on."


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    finding, making = Finding(), Making()
    command = commands.add_parser(
        "batch",
        help="many radiographs, by many processes",
        description="Reconstruct the bones of many radiographs, and write a table and a page of them. What a run "
        "that was broken off has finished is kept. Needs Dask: pip install 'xrayto3d[batch]'.",
    )
    command.set_defaults(run=_batch)
    argument = command.add_argument
    argument(
        "inputs",
        metavar="FOLDER",
        nargs="+",
        help="folder of radiographs, DICOMDIR, list of files (.txt, a path in each line), or radiograph",
    )
    argument("-o", "--output", metavar="DIR", required=True, help="folder for cases, results.csv and index.html")
    argument("--pair", metavar="FILE.csv", help="which files make a case, a line each: first view, second view, ...")
    where = command.add_mutually_exclusive_group()
    where.add_argument("--workers", type=int, metavar="N", help="processes of this machine (one for each core)")
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that is running")

    all_of_them = command.add_argument_group("for all radiographs alike, as of reconstruct")
    argument = all_of_them.add_argument
    argument("--method", choices=METHOD_NAMES, default=making.method)
    argument("--bones", metavar="BONES", default=finding.bones, help="main, all, or a list (%(default)s)")
    argument("--segmentation", choices=SEGMENTATIONS, default=finding.segmentation)
    argument("--triangles", type=int, default=making.triangles, metavar="N", help="(%(default)s)")
    argument("--pixel-size", type=float, metavar="MM", help="pixel size at the detector")
    argument("--sid", type=float, metavar="MM", help="distance from source to detector")
    argument("--sod", type=float, metavar="MM", help="distance from source to bone")


def _batch(options: argparse.Namespace, stop: threading.Event) -> int:
    if options.workers is not None and options.workers < 1:
        raise ReconstructionError(f"--workers {options.workers}: there must be one process or more.")
    try:
        from ..batch import run_batch
    except ModuleNotFoundError as error:
        raise ReconstructionError(
            f"batch needs the Python package {error.name}: pip install 'xrayto3d[batch]'."
        ) from error
    try:
        with progress_bar(stop) as progress:
            outcome = run_batch(
                options.inputs,
                options.output,
                _choices(options),
                options.pair,
                options.workers,
                options.scheduler,
                progress,
            )
    except (KeyboardInterrupt, Cancelled):
        print(_STOPPED, file=sys.stderr)
        return INTERRUPTED
    if outcome.failed:
        warn([f"{outcome.failed} of {outcome.cases} cases have no surface: {options.output}/results.csv says why."])
    if sys.stdout.isatty():
        print(
            f"{one_line(options.output)}/index.html: {outcome.cases} cases, {outcome.kept} of them kept from before, "
            f"{outcome.failed} without a surface; {outcome.passed_over} files are no radiographs"
        )
    return DONE


def _choices(options: argparse.Namespace):
    from ..batch import Choices

    return Choices(
        Finding(segmentation=options.segmentation, bones=asked_bones(options.bones)),
        Making(method=options.method, triangles=options.triangles),
        options.pixel_size,
        options.sid,
        options.sod,
    )
