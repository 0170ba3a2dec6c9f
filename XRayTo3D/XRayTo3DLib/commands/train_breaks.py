"""The command `xrayto3d train-breaks`."""

from __future__ import annotations

import argparse
import threading

from ..errors import ReconstructionError
from .terminal import DONE, check_network_name, progress_bar


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser(
        "train-breaks",
        help="the network that tells a broken bone's fragments apart, from simulated radiographs",
        description="Train the breaks network on simulated radiographs alone. Needs PyTorch: "
        "pip install 'xrayto3d[train]'.",
    )
    command.set_defaults(run=_train_breaks)
    argument = command.add_argument
    argument("-o", "--output", metavar="MODEL.onnx", required=True, help="network to write")
    argument(
        "--begin",
        metavar="FILE",
        nargs="+",
        required=True,
        help="a tracer network, or a breaks network, to begin with (.onnx), or several that were trained from one: "
        "their mean",
    )
    argument(
        "--steps",
        type=int,
        metavar="N",
        help="of about 14 crops each (2400: one hour on two cores); 0: several networks' mean, as it is",
    )
    argument("--seed", type=int, default=0, metavar="N", help="chooses limbs and radiographs (%(default)s)")
    argument("--limbs", metavar="FOLDER", help="real limbs to draw as well as analytic ones")


def _train_breaks(options: argparse.Namespace, stop: threading.Event) -> int:
    check_network_name(options.output)
    try:
        from ..train.breaks import STEPS, train_breaks
    except ModuleNotFoundError as error:
        raise ReconstructionError(
            f"train-breaks needs the Python package {error.name}: pip install 'xrayto3d[train]'."
        ) from error
    steps = STEPS if options.steps is None else options.steps
    with progress_bar(stop) as progress:
        train_breaks(options.output, options.begin, steps, options.seed, options.limbs, progress)
    return DONE
