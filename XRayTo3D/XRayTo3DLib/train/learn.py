"""Training a network: from batches made by all cores, in cycles, with its state kept, so that nothing is lost."""

from __future__ import annotations

import copy
import functools
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..errors import ReconstructionError
from ..helpers.progress import Progress, tell
from ..segmentation.network.channels import INPUTS, discs
from ..simulate.bones.limbs import read_limbs
from ..simulate.scenes.bank import Specimen
from ..simulate.scenes.others import Other
from ..simulate.scenes.scenes import Scene
from .batches import Cycle, in_turns
from .pictures import picture
from .samples import clicks
from .state import keep, normalized
from .workers import processes

_TOGETHER = 8  # batches that are made at a time, for each core
_CLICKED = 3  # of so many batches one gets clicks where the network is wrong
_DECAY = 1e-3
_CLICKS = slice(INPUTS.index("include"), INPUTS.index("exclude") + 1)  # channels
_NEXT = 7  # added to the seed for the second cycle: it has pictures of its own
_KEEP = 100  # steps after which a training's state is written


@dataclass(frozen=True)
class Lesson:
    """What a network learns.

    Attributes
    ----------
    batch : callable
        Makes a batch of what draws pictures, a seed, its number and its cycle; it has `inputs`.
    loss : callable
        How wrong a network's outputs are, given the batch.
    clicked : callable
        The inputs of a batch with clicks where the network is wrong: of network, batch and random numbers.
    """

    batch: Callable[[Callable[[int], Scene | Other], int, int, Cycle], Any]
    loss: Callable[[Sequence[torch.Tensor], Any], torch.Tensor]
    clicked: Callable[[nn.Module, Any, np.random.Generator], np.ndarray]


def cycles(steps: int, begun: bool = False) -> tuple[Cycle, Cycle]:
    """Cycles of a training: one to learn what legs look like, and a short one to learn femora alone as well.

    With femora alone among the pictures from the start, the masks of real radiographs came out worse. A network that
    was `begun` with another's weights would forget what these know if it learnt as fast as one that knows nothing.
    """
    first = Cycle(steps, rate=1.5e-3 if begun else 3e-3)
    return first, Cycle(steps * 9 // 56, rate=5e-4, memory=0.995, femora_alone=True)


def train(
    network: nn.Module,
    lesson: Lesson,
    batches: Callable[[int], Iterator],
    cycle: Cycle,
    seed: int = 0,
    device: str = "cpu",
    state: dict | None = None,
    tell: Callable[[int, float, Callable[[], dict]], None] | None = None,
) -> nn.Module:
    """Train a network for one cycle.

    Parameters
    ----------
    network : torch.nn.Module
    lesson : Lesson
    batches : callable
        Gives the batches from a number on, to the last that there are steps for.
    cycle : Cycle
    seed : int
        Chooses clicks.
    device : {"cpu", "cuda"}
    state : dict, optional
        Of a training that was broken off, from `tell`: it goes on there as if nothing had happened.
    tell : callable, optional
        Called after every step with the number of steps done, the loss, and a function that returns the state.

    Returns
    -------
    torch.nn.Module
        Its weights averaged over the last steps, which holds better on pictures of other machines.
    """
    torch.manual_seed(seed)
    network = network.to(device, memory_format=torch.channels_last).train()
    mean = copy.deepcopy(network).eval()
    optimizer = torch.optim.AdamW(network.parameters(), cycle.rate, weight_decay=_DECAY)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, cycle.rate, total_steps=cycle.steps, pct_start=0.1)
    parts = {"network": network, "mean": mean, "optimizer": optimizer, "rates": rates}
    first = 0
    if state is not None:
        first = state["done"]
        for name, part in parts.items():
            part.load_state_dict(state[name])

    for number, made in enumerate(batches(first), first):
        inputs = made.inputs
        if number % _CLICKED == _CLICKED - 1:
            inputs = lesson.clicked(network, made, np.random.default_rng((seed, 1, number)))
        outputs = network(torch.from_numpy(inputs).to(device).contiguous(memory_format=torch.channels_last))
        loss = lesson.loss(outputs, made)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        rates.step()
        keep = min(cycle.memory, 1 - 1 / (number / 10 + 1))
        with torch.no_grad():
            for averaged, now in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
                averaged.copy_(averaged * keep + now * (1 - keep) if averaged.dtype.is_floating_point else now)
        if tell:
            done = number + 1
            tell(done, loss.item(), lambda done=done: {"done": done} | {n: p.state_dict() for n, p in parts.items()})
    return mean


def clicked(network: nn.Module, made: Any, mask: int, meant: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The inputs of a batch with clicks where the network is wrong about one of its masks.

    Parameters
    ----------
    network : torch.nn.Module
    made : batch
        With `inputs`, `inside`, `masks` and the first `clicks`.
    mask : int
        Which of its masks.
    meant : (n,) bool array
        Where there is a bone to click on.
    rng : numpy.random.Generator
    """
    device = next(network.parameters()).device
    network.eval()
    with torch.no_grad():
        guesses = (network(torch.from_numpy(made.inputs).to(device))[0][:, mask] > 0).cpu().numpy()
    network.train()
    inputs = made.inputs.copy()
    for index in np.flatnonzero(meant):
        guess, (include, exclude) = guesses[index], made.clicks[index]
        more = clicks(made.masks[index, mask] > 0, guess & made.inside[index], int(rng.integers(1, 4)), rng)
        inputs[index, _CLICKS] = discs(guess.shape, include + more[0], exclude + more[1])
    return inputs


def check_training(steps: int, folder: str | os.PathLike | None) -> None:
    """Say what is wrong with what a training is asked for before the work begins.

    Raises
    ------
    ReconstructionError, SimulationError
        If there are no steps, or the folder holds no limbs.
    """
    if steps < 1:
        raise ReconstructionError(f"steps: {steps}; a training has one at least.")
    if folder is not None:
        read_limbs(folder, people=())


def learn(
    network: nn.Module,
    lesson: Lesson,
    path: Path,
    drawn_from: list[Specimen],
    made: Sequence[Cycle],
    asked: dict,
    state: dict | None,
    seed: int,
    settled: bool = True,
    progress: Progress | None = None,
) -> nn.Module:
    """Train a network for some cycles; its state lies beside the file that it will be written to.

    Parameters
    ----------
    network : torch.nn.Module
    lesson : Lesson
    path : path
        Of the network; see `state.keep`.
    drawn_from : list of Specimen
    made : sequence of Cycle
    asked : dict
        What the training was asked for: only one that was asked for alike goes on from its state.
    state : dict, optional
        See `state.kept`.
    seed : int
    settled : bool
        Whether its normalizations are those of pictures; otherwise they are set first (see `state.normalized`).
    progress : callable, optional

    Raises
    ------
    Cancelled
        If `progress` asked to stop; the training can go on from there.
    """
    cores = os.cpu_count() or 1
    torch.set_num_threads(cores)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    start, done, fresh = time.monotonic(), 0, 0
    count = sum(cycle.steps for cycle in made)
    for number, cycle in enumerate(made):
        if state is not None and state["cycle"] > number:
            done += cycle.steps
            continue

        def report(step: int, loss: float, now: Callable[[], dict], number: int = number, before: int = done) -> None:
            nonlocal fresh
            fresh += 1
            if step % _KEEP == 0:
                keep(path, now() | {"cycle": number, "asked": asked})
            left = (time.monotonic() - start) / fresh * (count - before - step) / 60
            told = f"step {before + step} of {count}, loss {loss:.2f}, {left:.0f} min left"
            tell(progress, 0.97 * (before + step) / count, told)

        of = seed + _NEXT * number
        with workers(drawn_from) as pool:
            make = functools.partial(_batch, seed=of, cycle=cycle, made_by=lesson.batch)
            if not settled and state is None and number == 0:
                normalized(network, pool.submit(make, cycle.steps - 1).result().inputs)

            def batches(first: int, make=make, cycle: Cycle = cycle, pool: Executor = pool) -> Iterator:
                return in_turns(pool, make, range(first, cycle.steps), _TOGETHER * cores)

            network = train(network, lesson, batches, cycle, of, device, state, report)
            state, done = None, done + cycle.steps
    return network.cpu()


def workers(drawn_from: list[Specimen]) -> AbstractContextManager[Executor]:
    """Processes that make pictures."""
    return processes(_take, drawn_from)


def export(network: nn.Module, path: str | os.PathLike, inputs: int, outputs: Sequence[str]) -> None:
    """Write a network as ONNX.

    OpenCV runs it on windows of any size that is a multiple of the stride, whatever size it was written with; axes
    that are marked as free OpenCV 4 cannot read.
    """
    to_onnx(network, path, torch.zeros(1, inputs, 64, 64), "picture", outputs)


def to_onnx(
    network: nn.Module, path: str | os.PathLike, example: torch.Tensor, takes: str, gives: Sequence[str]
) -> None:
    """Write a network as ONNX that every OpenCV reads, with the names of what it takes, as in an example, and gives."""
    with warnings.catch_warnings():
        # The exporter's own: about its successor, whose networks OpenCV cannot read, and about shapes that are fixed.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (example,),
            str(path),
            input_names=[takes],
            output_names=list(gives),
            opset_version=17,
            dynamo=False,
        )


_limbs: list[Specimen] = []  # of a worker


def _take(drawn_from: list[Specimen]) -> None:
    torch.set_num_threads(1)
    _limbs[:] = drawn_from


def drawn(seed: int, femora_alone: bool = True) -> Scene | Other:
    """A worker's picture."""
    return picture(_limbs, seed, femora_alone)


def _batch(number: int, seed: int, cycle: Cycle, made_by: Callable) -> Any:
    def draw(index: int) -> Scene | Other:
        return drawn(1_000_003 * (seed + 1) + index, cycle.femora_alone)

    return made_by(draw, seed, number, cycle)
