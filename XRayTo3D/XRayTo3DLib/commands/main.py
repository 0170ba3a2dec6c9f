"""The command `xrayto3d`."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import NoReturn

from ..errors import Cancelled, NoFemurError, RadiographError, ReconstructionError, SimulationError, SurfaceError
from ..version import __version__
from . import (
    batch,
    evaluate,
    reconstruct,
    segment,
    simulate,
    train_breaks,
    train_depth,
    train_reader,
    train_shape_model,
    train_tracer,
    train_volume,
)
from .terminal import BAD_INPUT, INTERRUPTED, NO_FEMUR, fail, one_line

_COMMANDS = (
    reconstruct,
    batch,
    segment,
    simulate,
    evaluate,
    train_reader,
    train_tracer,
    train_breaks,
    train_depth,
    train_volume,
    train_shape_model,
)


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
    except ImportError as error:  # it is missing, or there is no memory to load it
        return fail(f"a library cannot be loaded ({error}); install it, or make memory free.", BAD_INPUT)
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
        self.exit(BAD_INPUT, f"xrayto3d: error: {one_line(message)}; see {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="xrayto3d", description="Turn an X-ray of a bone into a closed 3D surface in millimeters.")
    parser.add_argument("--version", action="version", version=f"xrayto3d {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for each in _COMMANDS:
        each.add(commands)
    return parser
