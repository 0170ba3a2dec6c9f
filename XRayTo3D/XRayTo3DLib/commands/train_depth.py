"""The command `xrayto3d train-depth`."""

from __future__ import annotations

import argparse
import threading

from ..errors import ReconstructionError
from .terminal import DONE, progress_bar


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser(
        "train-depth",
        help="the network that estimates how thick a bone is, from simulated radiographs",
        description="Train the depth network on simulated radiographs alone.",
    )
    command.set_defaults(run=_train_depth)
    argument = command.add_argument
    argument("-o", "--output", metavar="MODEL.json", required=True, help="network to write")
    argument("--hidden", type=int, nargs="+", metavar="N", help="nodes of each hidden layer (3)")
    argument("--seed", type=int, default=0, metavar="N", help="chooses radiographs and first weights (%(default)s)")
    argument("--scenes", type=int, metavar="N", help="radiographs to draw (600: a few minutes)")


def _train_depth(options: argparse.Namespace, stop: threading.Event) -> int:
    from ..train.depth import HIDDEN, SCENES, train_depth

    if not options.output.lower().endswith(".json"):
        raise ReconstructionError(f"{options.output}: the network is written as JSON; give a name that ends in .json.")
    hidden = HIDDEN if options.hidden is None else options.hidden
    scenes = SCENES if options.scenes is None else options.scenes
    with progress_bar(stop) as progress:
        train_depth(options.output, hidden, options.seed, scenes, progress=progress)
    return DONE
