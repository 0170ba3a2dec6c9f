"""Loading the networks that ship, or others that were trained in their place."""

from __future__ import annotations

import functools
import os
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ReconstructionError
from ...helpers.reading import opened
from .channels import (
    BONES,
    BREAKS_DRAWN,
    FACTS,
    HEAT_STRIDE,
    INPUTS,
    LANDMARKS,
    MASKS,
    STRIDE,
    TRACED,
    TRACER_FACTS,
    TRACER_INPUTS,
)

if TYPE_CHECKING:
    import cv2

SHIPPED, TRACER, BREAKS = (Path(__file__).with_name(f"{name}.onnx") for name in ("reader", "tracer", "breaks"))
OUTPUTS, TRACER_OUTPUTS = ("masks", "heat", "heights", "facts"), ("masks", "heights", "facts")
_TRIED = (STRIDE, 2 * STRIDE)  # rows and columns of what a network is tried with
_HALF = (STRIDE // HEAT_STRIDE, 2 * STRIDE // HEAT_STRIDE)
_REMEMBERED = 16  # answers, of 3 MB each


def load_reader(path: str | os.PathLike | None = None) -> cv2.dnn.Net:
    """Load a reader network, the one that is shipped if no other is named.

    Raises
    ------
    ReconstructionError
        If there is no such file, it is damaged, or made for other inputs and outputs.
    """
    shapes = ((len(MASKS), *_TRIED), (len(LANDMARKS), *_HALF), (len(BONES), *_HALF), (len(FACTS),))
    return _load("reader", Path(path or SHIPPED), len(INPUTS), OUTPUTS, shapes)


def load_tracer() -> cv2.dnn.Net:
    """Load the tracer network that is shipped.

    Raises
    ------
    ReconstructionError
        As of `load_reader`.
    """
    shapes = ((len(TRACED), *_TRIED), (1, *_HALF), (len(TRACER_FACTS),))
    return _load("tracer", TRACER, len(TRACER_INPUTS), TRACER_OUTPUTS, shapes)


def load_breaks(path: str | os.PathLike | None = None) -> cv2.dnn.Net:
    """Load a breaks network, the one that is shipped if no other is named.

    Raises
    ------
    ReconstructionError
        As of `load_reader`.
    """
    shapes = ((len(BREAKS_DRAWN), *_TRIED), (1, *_HALF), (len(TRACER_FACTS),))
    return _load("breaks", Path(path or BREAKS), len(TRACER_INPUTS), TRACER_OUTPUTS, shapes)


def asked(network: cv2.dnn.Net, picture: np.ndarray, outputs: tuple[str, ...]) -> list[np.ndarray]:
    """What a network says of a picture's channels: its outputs.

    The last answers are kept until `forget` is called: where a bone fills its picture, from far and from near the same
    is seen.
    """
    seen = np.ascontiguousarray(picture)
    question = (network, outputs, seen.shape, seen.tobytes())
    if question not in _answers:
        network.setInput(seen[None])
        _answers[question] = [np.array(made[0]) for made in network.forward(outputs)]
        if len(_answers) > _REMEMBERED:
            _answers.popitem(last=False)
    _answers.move_to_end(question)
    return [each.copy() for each in _answers[question]]


_answers: OrderedDict[tuple, list[np.ndarray]] = OrderedDict()


def forget() -> None:
    """Keep no answers: another picture comes."""
    _answers.clear()


def _load(what: str, path: Path, inputs: int, outputs: tuple[str, ...], shapes: tuple) -> cv2.dnn.Net:
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise ReconstructionError(f"The {what} network {path} cannot be read: {error.strerror or error}.") from error
    return _loaded(what, str(path), changed, inputs, outputs, shapes)


@functools.lru_cache(maxsize=4)
def _loaded(what: str, path: str, changed: int, inputs: int, outputs: tuple[str, ...], shapes: tuple) -> cv2.dnn.Net:
    import cv2

    again = "train it again, or name none and take the one that is shipped."
    try:
        with opened(path) as file:
            network = cv2.dnn.readNetFromONNX(np.frombuffer(file.read(), np.uint8))
    except (cv2.error, OSError, ValueError) as error:
        raise ReconstructionError(f"The {what} network {path} is damaged or no ONNX network: {again}") from error
    try:
        made = asked(network, np.zeros((inputs, *_TRIED), np.float32), outputs)
    except cv2.error as error:
        raise ReconstructionError(f"The {what} network {path} has another layout: {again}") from error
    if tuple(each.shape for each in made) != shapes:
        raise ReconstructionError(f"The {what} network {path} has another layout: {again}")
    return network
