"""The command `xrayto3d train-shape-model`."""

from __future__ import annotations

import argparse
import threading

from .terminal import DONE, progress_bar, warn


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser(
        "train-shape-model",
        help="a shape model from a folder of bone surfaces",
        description="Train a shape model from closed surfaces of one kind of bone, of either side, in any pose and of "
        "any meshing (.stl, .ply, .obj, .vtp; mm). A report is written beside it: MODEL.json and MODEL.png.",
    )
    command.set_defaults(run=_train_shape_model)
    command.add_argument("folder", metavar="FOLDER", help="with the surfaces: five or more, better twenty")
    command.add_argument("-o", "--output", metavar="MODEL.npz", required=True, help="model to write")
    command.add_argument("--bone", metavar="NAME", help="what the bones are (femur, if they look like femora)")


def _train_shape_model(options: argparse.Namespace, stop: threading.Event) -> int:
    from ..train.shape import train_shape_model

    with progress_bar(stop) as progress:
        warnings = train_shape_model(options.folder, options.output, options.bone, progress)
    warn(warnings)
    return DONE
