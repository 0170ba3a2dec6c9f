"""The command `xrayto3d train-volume`."""

from __future__ import annotations

import argparse
import threading

from ..errors import ReconstructionError
from .terminal import DONE, check_network_name, progress_bar


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser(
        "train-volume",
        help="the network of the method volume, from simulated views of bones",
        description="Train the volume network on simulated views of bones alone. Needs PyTorch: "
        "pip install 'xrayto3d[train]'.",
    )
    command.set_defaults(run=_train_volume)
    argument = command.add_argument
    argument(
        "-o", "--output", metavar="MODEL.onnx", required=True, help="network to write; MODEL.json is written beside it"
    )
    argument("--steps", type=int, metavar="N", help="of two bones each (1500: half an hour on one core)")
    argument("--seed", type=int, default=0, metavar="N", help="chooses bones, views and first weights (%(default)s)")
    argument("--limbs", metavar="FOLDER", help="surfaces of people's limbs, in the place of analytic ones")


def _train_volume(options: argparse.Namespace, stop: threading.Event) -> int:
    check_network_name(options.output)
    try:
        from ..train.volumes import STEPS, train_volume
    except ModuleNotFoundError as error:
        raise ReconstructionError(
            f"train-volume needs the Python package {error.name}: pip install 'xrayto3d[train]'."
        ) from error
    steps = STEPS if options.steps is None else options.steps
    with progress_bar(stop) as progress:
        train_volume(options.output, steps, options.seed, options.limbs, progress)
    return DONE
