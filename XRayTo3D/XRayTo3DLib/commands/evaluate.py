"""The command `xrayto3d evaluate`."""

from __future__ import annotations

import argparse
import os
import threading

from ..choices import ALIGNMENTS
from ..errors import ReconstructionError
from .terminal import DONE, numbers


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser(
        "evaluate",
        help="how far a surface lies from a reference",
        description="Compare a surface with a reference: both closed, in LPS millimeters (.stl, .ply, .obj, .vtp).",
    )
    command.set_defaults(run=_evaluate)
    argument = command.add_argument
    argument("reconstructed", metavar="RECONSTRUCTED", help="the surface to judge")
    argument("reference", metavar="REFERENCE", help="the true one")
    argument(
        "--align",
        choices=ALIGNMENTS,
        default="none",
        help="compare where both stand, or after a rigid alignment without scale (%(default)s)",
    )
    argument("--json", metavar="FILE", help="the numbers, and the motion of the alignment")


def _evaluate(options: argparse.Namespace, stop: threading.Event) -> int:
    from ..evaluate import compare, read_bone
    from ..helpers.files import check_writable

    paths = (options.reconstructed, options.reference)
    if options.json:
        if os.path.realpath(options.json) in map(os.path.realpath, paths):
            raise ReconstructionError(
                f"{options.json}: this would write over a surface that is read; give another name."
            )
        check_writable(options.json)
    found = compare(*(read_bone(path) for path in paths), options.align)
    told = {"reconstructed": options.reconstructed, "reference": options.reference, **found.as_json()}
    with numbers(options.json, lambda: told):
        pass
    print(found)
    return DONE
