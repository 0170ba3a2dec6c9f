"""The command `xrayto3d`."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from .errors import Cancelled, NoFemurError, RadiographError, ReconstructionError, SimulationError, SurfaceError
from .reconstruct_command import add_reconstruct, add_segment
from .terminal import fail, numbers, progress_bar, warn
from .version import __version__

if TYPE_CHECKING:
    pass

DONE, BAD_INPUT, NO_FEMUR, INTERRUPTED = 0, 2, 3, 130

_LATER = {
    "batch": "many radiographs",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status (0 done, 2 bad usage or input, 3 no femur, 130 interrupted)."""
    options = _parser().parse_args(arguments)
    try:
        with _listening() as stop:
            return options.run(options, stop)
    except NoFemurError as error:
        return fail(f"{error} (--force goes on.)", NO_FEMUR)
    except (RadiographError, ReconstructionError, SimulationError, SurfaceError) as error:
        return fail(str(error), BAD_INPUT)
    except MemoryError:
        return fail(
            "there is not enough memory for this; mark a region of interest or use a smaller picture.", BAD_INPUT
        )
    except (KeyboardInterrupt, Cancelled):
        print("xrayto3d: stopped; nothing was written.", file=sys.stderr)
        return INTERRUPTED


@contextlib.contextmanager
def _listening() -> Iterator[threading.Event]:
    """Note the wish to stop (Ctrl-C, SIGTERM), to be heeded between two steps; a second time, stop at once.

    An exception in the midst of a compiled library, or of its import, may end the process in other ways.
    """
    stop = threading.Event()

    def note(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {}
    with contextlib.suppress(ValueError):  # only the main thread may set signal handlers
        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"xrayto3d: error: {message}; see {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="xrayto3d", description="Turn an X-ray of a bone into a closed 3D surface in millimetres.")
    parser.add_argument("--version", action="version", version=f"xrayto3d {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add_reconstruct(commands)
    add_segment(commands)
    _add_simulate(commands)
    _add_evaluate(commands)
    _add_train_reader(commands)
    _add_train_depth(commands)
    _add_train_shape_model(commands)
    for name, what in _LATER.items():
        later = commands.add_parser(name, help=f"{what} (not available yet)", add_help=False, prefix_chars="\0")
        later.add_argument("rest", nargs="*")
        later.set_defaults(run=_not_yet)
    return parser


def _not_yet(options: argparse.Namespace, stop: threading.Event) -> int:
    return fail(f"the command {options.command!r}: not available yet in version {__version__}.", BAD_INPUT)


def _add_train_reader(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "train-reader",
        help="the network that finds bones, from simulated radiographs",
        description="Train the reader network on simulated radiographs alone. Needs PyTorch: "
        "pip install 'xrayto3d[train]'.",
    )
    command.set_defaults(run=_train_reader)
    add = command.add_argument
    add("-o", "--output", metavar="MODEL.onnx", required=True, help="network to write; MODEL.json is written beside it")
    add("--steps", type=int, metavar="N", help="of 16 windows each, and a sixth more (5600: 75 minutes on two cores)")
    add("--seed", type=int, default=0, metavar="N", help="chooses limbs, radiographs and first weights (%(default)s)")
    add("--limbs", metavar="FOLDER", help="real limbs to draw as well as the analytic ones")


def _train_reader(options: argparse.Namespace, stop: threading.Event) -> int:
    if not options.output.lower().endswith(".onnx"):
        raise ReconstructionError(f"{options.output}: a network is written as ONNX; give a name that ends in .onnx.")
    try:
        from .train.reader import STEPS, train_reader
    except ModuleNotFoundError as error:
        raise ReconstructionError(
            f"train-reader needs the Python package {error.name}: pip install 'xrayto3d[train]'."
        ) from error
    steps = STEPS if options.steps is None else options.steps
    with progress_bar(stop) as progress:
        train_reader(options.output, steps, options.seed, folder=options.limbs, progress=progress)
    return DONE


def _add_train_depth(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "train-depth",
        help="the network that estimates how thick a bone is, from simulated radiographs",
        description="Train the depth network on simulated radiographs alone.",
    )
    command.set_defaults(run=_train_depth)
    add = command.add_argument
    add("-o", "--output", metavar="MODEL.json", required=True, help="network to write")
    add("--hidden", type=int, nargs="+", metavar="N", help="nodes of each hidden layer (3)")
    add("--seed", type=int, default=0, metavar="N", help="chooses radiographs and first weights (%(default)s)")
    add("--scenes", type=int, metavar="N", help="radiographs to draw (600: a few minutes)")


def _train_depth(options: argparse.Namespace, stop: threading.Event) -> int:
    from .train.depth import HIDDEN, SCENES, train_depth

    if not options.output.lower().endswith(".json"):
        raise ReconstructionError(f"{options.output}: the network is written as JSON; give a name that ends in .json.")
    hidden = HIDDEN if options.hidden is None else options.hidden
    scenes = SCENES if options.scenes is None else options.scenes
    with progress_bar(stop) as progress:
        train_depth(options.output, hidden, options.seed, scenes, progress=progress)
    return DONE


def _add_train_shape_model(commands: argparse._SubParsersAction) -> None:
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
    from .train.shape import train_shape_model

    with progress_bar(stop) as progress:
        warnings = train_shape_model(options.folder, options.output, options.bone, progress)
    warn(warnings)
    return DONE


def _add_simulate(commands: argparse._SubParsersAction) -> None:
    from .simulate.command import add_arguments

    command = commands.add_parser(
        "simulate",
        help="radiographs of a surface, of a CT volume or of a synthetic femur, with the truth",
        description="Simulate radiographs (DICOM and PNG) and write the truth beside them: the bone's mask, its "
        "thickness (mm), and its surface in the frame of a reconstruction from that picture.",
    )
    add_arguments(command)
    command.set_defaults(run=_simulate)


def _simulate(options: argparse.Namespace, stop: threading.Event) -> int:
    from .simulate.command import run

    with progress_bar(stop) as progress:
        warnings = run(options, progress)
    warn(warnings)
    return DONE


def _add_evaluate(commands: argparse._SubParsersAction) -> None:
    from .evaluate.compare import ALIGNMENTS

    command = commands.add_parser(
        "evaluate",
        help="how far a surface lies from a reference",
        description="Compare a surface with a reference: both closed, in LPS millimetres (.stl, .ply, .obj, .vtp).",
    )
    command.set_defaults(run=_evaluate)
    add = command.add_argument
    add("reconstructed", metavar="RECONSTRUCTED", help="the surface to judge")
    add("reference", metavar="REFERENCE", help="the true one")
    add(
        "--align",
        choices=ALIGNMENTS,
        default="none",
        help="compare where both stand, or after a rigid alignment without scale (%(default)s)",
    )
    add("--json", metavar="FILE", help="the numbers, and the motion of the alignment")


def _evaluate(options: argparse.Namespace, stop: threading.Event) -> int:
    from .evaluate import compare, read_bone
    from .files import check_writable

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
