"""Training the reader network on scenes of the simulator alone."""

from __future__ import annotations

import copy
import functools
import json
import multiprocessing
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional

from ..errors import ReconstructionError
from ..helpers.files import check_writable, replacing
from ..helpers.progress import Progress, tell
from ..segmentation import load_reader
from ..segmentation.channels import FRAGMENTS, INPUTS, MASKS, VIEWS, discs
from ..simulate.bones.limbs import read_limbs
from ..simulate.scenes.bank import Specimen
from ..simulate.scenes.others import Other
from ..simulate.scenes.scenes import Scene
from .batches import Batch, Cycle, batch, in_turns
from .calibration import Example, example, fitted
from .network import Reader
from .pictures import picture, specimens
from .samples import clicks
from .state import begun_with, keep, kept, normalized, state_file

STEPS = 5600
_CALIBRATED = 600  # pictures, other than those trained with
_FIRST_CALIBRATING = 10**9  # seed of the first of them
_TOGETHER = 8  # batches that are made at a time, for each core
_CLICKED = 3  # of so many batches one gets clicks where the network is wrong
_DECAY = 1e-3
_NEXT = 7  # added to the seed for the second cycle: it has pictures of its own
_HEAT_WEIGHT = 60.0  # of a peak's pixels
_WEIGHTS = {"femur": 1.0, "marked": 1.0, "tibia": 0.8, "fibula": 0.6, "patella": 0.6, "metal": 0.3}
_WEIGHT = 0.4  # of every other mask
_BROKEN_WEIGHT = 5.0  # of a broken bone's fragments: whole ones are more, and have nothing to tell apart
_MARKED = MASKS.index("marked")
_KEEP = 100  # steps after which a training's state is written


def cycles(steps: int, begun: bool = False) -> tuple[Cycle, Cycle]:
    """Cycles of a training: one to learn what legs look like, and a short one to learn femora alone as well.

    With femora alone among the pictures from the start, the masks of real radiographs came out worse. A network that
    was `begun` with another's weights would forget what these know if it learnt as fast as one that knows nothing.
    """
    first = Cycle(steps, rate=1.5e-3 if begun else 3e-3)
    return first, Cycle(steps * 9 // 56, rate=5e-4, memory=0.995, femora_alone=True)


def loss_of(outputs: Sequence[torch.Tensor], wanted: Batch) -> torch.Tensor:
    """How wrong answers are.

    Cross entropy and Dice of the masks, cross entropy of the fragments within their bone, weighted cross entropy of the
    heat maps, absolute error of the heights on their bones, and cross entropy of the facts.
    """
    masks, heat, heights, facts = outputs

    def there(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(masks.device).float()

    x_ray = there(wanted.x_ray)[:, None, None, None]
    truth = there(wanted.masks)
    weight = torch.tensor([_WEIGHTS.get(name, _WEIGHT) for name in MASKS], device=masks.device)[:, None, None]
    entropy = functional.binary_cross_entropy_with_logits(masks, truth, reduction="none")
    share = torch.sigmoid(masks) * x_ray
    overlap = 2 * (share * truth).sum((0, 2, 3)) / (share.sum((0, 2, 3)) + truth.sum((0, 2, 3)) + 1)
    each = (2 * (share * truth).sum((2, 3)) + 20) / (share.sum((2, 3)) + truth.sum((2, 3)) + 20)
    of_masks = 2 * (entropy * weight * x_ray).mean() + ((1 - overlap) * weight.ravel()).mean() / 2
    of_masks = of_masks + ((1 - each) * weight.ravel() * x_ray[:, :, 0, 0]).mean()

    of_fragments = torch.zeros((), device=masks.device)
    for name, parts in FRAGMENTS.items():
        bone = truth[:, MASKS.index(name), None]
        upper, lower = (truth[:, MASKS.index(part)] for part in parts)
        bone = bone * torch.where((upper != lower).any(2).any(1), _BROKEN_WEIGHT, 1.0)[:, None, None, None]
        inside = entropy[:, [MASKS.index(part) for part in parts]] * bone
        of_fragments = of_fragments + inside.sum() / (len(parts) * bone.sum() + 1)

    on_bone = ~torch.isnan(there(wanted.heights))
    off = (heights - torch.nan_to_num(there(wanted.heights))).abs() * on_bone
    of_heights = off.sum() / (on_bone.sum() + 1)

    peaks = there(wanted.heat)
    entropy = functional.binary_cross_entropy_with_logits(heat, peaks, reduction="none")
    of_heat = (entropy * (1 + _HEAT_WEIGHT * peaks) * x_ray).mean()

    truth, known = there(wanted.facts), there(wanted.known)
    count = len(VIEWS)
    of_view = -(functional.log_softmax(facts[:, :count], 1) * truth[:, :count] * known[:, :count]).sum(1).mean()
    entropy = functional.binary_cross_entropy_with_logits(facts[:, count:], truth[:, count:], reduction="none")
    of_facts = (entropy * known[:, count:]).mean()
    return of_masks + of_fragments + 10 * of_heat + 2 * of_heights + 0.5 * of_view + 1.2 * of_facts


def clicked(network: Reader, made: Batch, rng: np.random.Generator) -> np.ndarray:
    """The batch's inputs with clicks where the network is wrong about what is marked."""
    device = next(network.parameters()).device
    network.eval()
    with torch.no_grad():
        guesses = (network(torch.from_numpy(made.inputs).to(device))[0][:, _MARKED] > 0).cpu().numpy()
    network.train()
    inputs = made.inputs.copy()
    for index, (guess, (include, exclude)) in enumerate(zip(guesses, made.clicks, strict=True)):
        if made.x_ray[index]:
            more = clicks(made.masks[index, _MARKED] > 0, guess & made.inside[index], int(rng.integers(1, 4)), rng)
            inputs[index, 2:] = discs(guess.shape, include + more[0], exclude + more[1])
    return inputs


def train(
    batches: Callable[[int], Iterator[Batch]],
    cycle: Cycle,
    seed: int = 0,
    network: Reader | None = None,
    device: str = "cpu",
    state: dict | None = None,
    tell: Callable[[int, float, Callable[[], dict]], None] | None = None,
) -> Reader:
    """Train a network for one cycle.

    Parameters
    ----------
    batches : callable
        Gives the batches from a number on, to the last that there are steps for.
    cycle : Cycle
    seed : int
        Chooses clicks, and the weights of a new network.
    network : Reader, optional
        To go on with; without it, a new one.
    device : {"cpu", "cuda"}
    state : dict, optional
        Of a training that was broken off, from `tell`: it goes on there as if nothing had happened.
    tell : callable, optional
        Called after every step with the number of steps done, the loss, and a function that returns the state.

    Returns
    -------
    Reader
        Its weights averaged over the last steps, which holds better on pictures of other machines.
    """
    torch.manual_seed(seed)
    network = (network or Reader()).to(device, memory_format=torch.channels_last).train()
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
            inputs = clicked(network, made, np.random.default_rng((seed, 1, number)))
        outputs = network(torch.from_numpy(inputs).to(device).contiguous(memory_format=torch.channels_last))
        loss = loss_of(outputs, made)
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


def train_reader(
    path: str | os.PathLike,
    steps: int = STEPS,
    seed: int = 0,
    folder: str | os.PathLike | None = None,
    begin: str | os.PathLike | None = None,
    progress: Progress | None = None,
) -> None:
    """Train a reader network and write it as ONNX, with its calibration (JSON) beside it.

    A training that was broken off goes on where it was: its state lies beside the network until it is finished.

    Parameters
    ----------
    path : path
        Of the network (.onnx); the calibration gets the same name with .json.
    steps : int
        Of the first cycle; see `cycles`.
    seed : int
        Chooses limbs, scenes and the network's first weights.
    folder : path, optional
        Of real limbs, to be drawn as well as analytic ones (see `pictures.specimens`).
    begin : path, optional
        Of a network to begin with, also of an older layout: what it does not know begins by chance. Or of the state of
        a training that was broken off.
    progress : callable, optional

    Raises
    ------
    ReconstructionError, SimulationError
        If a file cannot be read or written, there are no steps, or the folder holds no limbs.
    Cancelled
        If `progress` asked to stop; the training can go on from there.
    """
    if steps < 1:
        raise ReconstructionError(f"steps: {steps}; a training has one at least.")
    if folder is not None:
        read_limbs(folder, people=())  # says what is wrong with it before the work begins
    path = check_writable(path)
    calibration = check_writable(path.with_suffix(".json"))
    asked = {"steps": steps, "seed": seed, "limbs": folder is not None, "begin": begin and os.fspath(begin)}
    state = kept(path, asked)
    torch.manual_seed(seed)
    network = Reader() if begin is None else begun_with(begin)
    cores = os.cpu_count() or 1
    torch.set_num_threads(cores)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tell(progress, 0.0, "making limbs")
    drawn_from = specimens(seed, folder)
    start, done, fresh = time.monotonic(), 0, 0
    made = [cycle for cycle in cycles(steps, begin is not None) if cycle.steps]
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
        with _workers(cores, drawn_from) as pool:
            make = functools.partial(_batch, seed=of, cycle=cycle)
            if begin is not None and Path(begin).suffix == ".onnx" and state is None and number == 0:
                normalized(network, pool.submit(make, cycle.steps - 1).result().inputs)

            def batches(first: int, make=make, cycle: Cycle = cycle, pool: Executor = pool) -> Iterator[Batch]:
                return in_turns(pool, make, range(first, cycle.steps), _TOGETHER * cores)

            network = train(batches, cycle, of, network, device, state, report)
            state, done = None, done + cycle.steps
            if cycle is made[-1]:
                tell(progress, 0.97, "calibrating its checks")
                _write(network.cpu(), path, calibration, pool, of)
    state_file(path).unlink(missing_ok=True)


@contextmanager
def _workers(count: int, drawn_from: list[Specimen]) -> Iterator[Executor]:
    """Processes that make pictures. Fresh ones: forked ones would inherit PyTorch's threads, which does not work."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, context, _prepare, (drawn_from,)) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def calibrate(
    path: str | os.PathLike,
    seed: int = 0,
    folder: str | os.PathLike | None = None,
    progress: Progress | None = None,
) -> None:
    """Calibrate a reader network's checks anew, as its training does at its end: where the checks ask something else.

    Parameters
    ----------
    path : path
        Of the network (.onnx); its calibration (.json) is written beside it.
    seed, folder, progress
        As of `train_reader`.

    Raises
    ------
    ReconstructionError, SimulationError
        If a file cannot be read or written, or the folder holds no limbs.
    """
    path = Path(path)
    load_reader(path)  # says what is wrong with it before the work begins
    tell(progress, 0.0, "making limbs")
    with _workers(os.cpu_count() or 1, specimens(seed, folder)) as pool:
        tell(progress, 0.5, "calibrating its checks")
        _calibrate(path, check_writable(path.with_suffix(".json")), pool, seed + _NEXT)


def _write(network: Reader, path: Path, calibration: Path, pool: Executor, seed: int) -> None:
    """Write a network, and what its checks were calibrated to on pictures that it never saw."""
    with replacing(path) as temporary:
        export(network, temporary)
        _calibrate(temporary, calibration, pool, seed)


def _calibrate(network: Path, calibration: Path, pool: Executor, seed: int) -> None:
    seeds = [_FIRST_CALIBRATING + 1_000_003 * seed + index for index in range(_CALIBRATED)]
    weights = fitted(pool.map(functools.partial(_example, reader=str(network)), seeds))
    with replacing(calibration) as beside:
        beside.write_text(json.dumps(weights, indent=2) + "\n", encoding="utf-8")


def export(network: Reader, path: str | os.PathLike) -> None:
    """Write a network as ONNX.

    OpenCV runs it on windows of any size that is a multiple of the stride, whatever size it was written with; axes
    that are marked as free OpenCV 4 cannot read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own, about its successor, whose networks OpenCV cannot read
        torch.onnx.export(
            network.eval(),
            (torch.zeros(1, len(INPUTS), 64, 64),),
            str(path),
            input_names=["picture"],
            output_names=["masks", "heat", "heights", "facts"],
            opset_version=17,
            dynamo=False,
        )


_limbs: list[Specimen] = []  # of a worker


def _prepare(drawn_from: list[Specimen]) -> None:
    import cv2

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    _limbs[:] = drawn_from


def _batch(number: int, seed: int, cycle: Cycle) -> Batch:
    def draw(index: int) -> Scene | Other:
        return picture(_limbs, 1_000_003 * (seed + 1) + index, cycle.femora_alone)

    return batch(draw, seed, number, cycle)


def _example(seed: int, reader: str) -> Example:
    return example(picture(_limbs, seed), reader, boxed=seed % 2 == 1)
