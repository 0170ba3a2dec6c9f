"""What all commands share: a progress bar, warnings, errors in one line, numbers as JSON."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

from ..errors import ReconstructionError
from ..helpers.progress import Progress

DONE, BAD_INPUT, NO_FEMUR, INTERRUPTED = 0, 2, 3, 130  # exit statuses


def check_network_name(path: str) -> None:
    """Raise ReconstructionError unless a network that is to be written has the name of an ONNX file."""
    if not path.lower().endswith(".onnx"):
        raise ReconstructionError(f"{path}: a network is written as ONNX; give a name that ends in .onnx.")


@contextlib.contextmanager
def progress_bar(stop: threading.Event) -> Iterator[Progress]:
    """A progress bar on a terminal, nothing elsewhere; it answers whether the user wants to stop."""
    from tqdm import tqdm

    with tqdm(total=100, disable=None, leave=False, bar_format="{desc:<45.45} {percentage:3.0f} %|{bar:30}|") as bar:

        def show(fraction: float, text: str) -> bool:
            bar.set_description_str(text, refresh=False)
            bar.update(round(100 * fraction) - bar.n)
            bar.refresh()
            return stop.is_set()

        yield show


@contextlib.contextmanager
def numbers(path: str | None, numbers: Callable[[], dict]) -> Iterator[None]:
    """Write numbers as JSON, if they are asked for and the block ends well."""
    from ..helpers.files import replacing

    with replacing(path) if path else contextlib.nullcontext() as file:
        if file:
            file.write_text(json.dumps(numbers(), indent=2) + "\n", encoding="utf-8")
        yield


def warn(warnings: Sequence[str]) -> None:
    """Say warnings, a line each."""
    for warning in warnings:
        print(f"xrayto3d: warning: {one_line(warning)}", file=sys.stderr)


def fail(text: str, status: int) -> int:
    """Say in one line what is wrong; return the exit status."""
    print(f"xrayto3d: error: {one_line(text)}", file=sys.stderr)
    return status


def one_line(text: str) -> str:
    """Text in one line, without what a terminal would obey: a file's name may hold its commands, and so may a file."""
    return "".join(
        each if each.isprintable() else " " if each.isspace() else "\N{REPLACEMENT CHARACTER}" for each in text
    )
