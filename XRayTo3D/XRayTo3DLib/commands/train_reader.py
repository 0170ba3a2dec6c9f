"""The command `xrayto3d train-reader`."""

from __future__ import annotations

import argparse
import threading

from ..errors import ReconstructionError
from .terminal import DONE, check_network_name, progress_bar


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser(
        "train-reader",
        help="the network that finds bones, from simulated radiographs",
        description="Train the reader network on simulated radiographs alone. Needs PyTorch: "
        "pip install 'xrayto3d[train]'.",
    )
    command.set_defaults(run=_train_reader)
    argument = command.add_argument
    argument(
        "-o", "--output", metavar="MODEL.onnx", required=True, help="network to write; MODEL.json is written beside it"
    )
    argument(
        "--steps", type=int, metavar="N", help="of 16 windows each, and a sixth more (5600: 75 minutes on two cores)"
    )
    argument(
        "--seed", type=int, default=0, metavar="N", help="chooses limbs, radiographs and first weights (%(default)s)"
    )
    argument("--limbs", metavar="FOLDER", help="real limbs to draw as well as analytic ones")
    argument(
        "--begin",
        metavar="FILE",
        help="a network to begin with (.onnx, also an older one), or the state of a training that was broken off (.pt)",
    )
    argument(
        "--calibrate",
        action="store_true",
        help="train nothing: calibrate the checks of the network that is there anew",
    )


def _train_reader(options: argparse.Namespace, stop: threading.Event) -> int:
    check_network_name(options.output)
    try:
        from ..train.reader import STEPS, calibrate, train_reader
    except ModuleNotFoundError as error:
        raise ReconstructionError(
            f"train-reader needs the Python package {error.name}: pip install 'xrayto3d[train]'."
        ) from error
    steps = STEPS if options.steps is None else options.steps
    if options.calibrate and (options.begin or options.steps is not None):
        raise ReconstructionError("--calibrate trains nothing: leave --steps and --begin out.")
    with progress_bar(stop) as progress:
        if options.calibrate:
            calibrate(options.output, options.seed, options.limbs, progress)
            return DONE
        train_reader(options.output, steps, options.seed, options.limbs, options.begin, progress)
    return DONE
