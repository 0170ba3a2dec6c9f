"""Training the volume network on bones of the simulator alone."""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import torch

from ..helpers.files import check_writable, replacing
from ..helpers.progress import Progress, tell
from ..simulate.bones.limbs import count_people
from ..surface import distance_to
from ..volume import FEATURES, SHAPE, bone_of, load_volume
from .batches import in_turns
from .learn import check_training, to_onnx
from .pictures import learnt_from, left_out
from .state import keep, kept, state_file
from .volume_examples import REACH, Bank, Example, Scene, bank, example, scene
from .volume_network import VolumeNetwork
from .workers import processes

STEPS = 1500
_TOGETHER = 2  # examples of a step
_RATE, _DECAY, _MEMORY = 3e-3, 1e-3, 0.998
_REACH = REACH - 1  # steps from the surface within which the distance is learnt
_FAR_WEIGHT = 0.05  # of points beyond: nobody asks there
_DOUBTS = (-4.0, 2.0)  # logarithms of steps
_FIRST = 6 * 10**9  # seed of the first example, apart from those of other trainings
_CALIBRATING, _POINTS = 20, 1000  # bones, and points of each
_OTHERS, _OTHER_LIMBS = 10**6, 6  # analytic limbs to calibrate with
CALIBRATED = (1, 2, 3)  # views
_KEEP = 50  # steps after which the training's state is written
_TURN = 8  # batches that are made at a time, for each core


def loss_of(answers: torch.Tensor, inside: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
    """How wrong answers are: absolute error of the distance, and likelihood of the deviation that is told of it.

    Parameters
    ----------
    answers : (n, 2, layers, rows, columns) tensor
    inside, shown : (n, layers, rows, columns) tensors
        See `Example`.

    References
    ----------
    A. Kendall, Y. Gal, "What uncertainties do we need in Bayesian deep learning for computer vision?", NeurIPS 2017.
    The deviation is that of a Laplace distribution; it does not change what is learnt of the distance.
    """
    wanted = inside.clamp(-_REACH, _REACH)
    off = (answers[:, 0].clamp(-_REACH, _REACH) - wanted).abs()
    # Beyond what is asked for, clamping takes the slope away: what is on the wrong side altogether gets it back.
    lost = torch.relu(-answers[:, 0] * wanted.sign() - _REACH)
    near = (inside.abs() < _REACH) & shown
    weight = torch.where(near, 1.0, _FAR_WEIGHT) * shown
    doubt = answers[:, 1].clamp(*_DOUBTS)
    likelihood = (off.detach() * torch.exp(-doubt) + doubt)[near]
    return ((off + lost) * weight).sum() / weight.sum() + 0.2 * likelihood.sum() / max(int(near.sum()), 1)


def train_volume(
    path: str | os.PathLike,
    steps: int = STEPS,
    seed: int = 0,
    folder: str | os.PathLike | None = None,
    progress: Progress | None = None,
) -> None:
    """Train a volume network and write it as ONNX.

    A training that was broken off goes on where it was: its state lies beside the network until it is finished.

    Parameters
    ----------
    path : path
        Of the network (.onnx); its calibration (see `calibrate`) gets the same name with .json.
    steps : int
        Of two examples each.
    seed : int
        Chooses bones, views and the network's first weights.
    folder : path, optional
        Of people's limbs (see `simulate.limbs.read_limbs`), to be drawn in the place of analytic ones. Every sixth
        person is left out (see `pictures.left_out`).
    progress : callable, optional

    Raises
    ------
    ReconstructionError, SimulationError
        If a file cannot be read or written, there are no steps, or the folder holds no limbs.
    Cancelled
        If `progress` asked to stop; the training can go on from there.
    """
    check_training(steps, folder)
    path = check_writable(path)
    check_writable(path.with_suffix(".json"))
    people = None if folder is None else learnt_from(count_people(folder))
    asked = {"steps": steps, "seed": seed, "limbs": folder is not None, "network": "volume"}
    state = kept(path, asked)
    tell(progress, 0.0, "making bones")
    drawn_from = bank(folder, people, seed)
    network = _learnt(path, drawn_from, steps, seed, asked, state, progress)
    with replacing(path) as temporary:
        export(network, temporary)
    tell(progress, 0.97, "calibrating its deviations")
    calibrate(path, seed, folder, progress)
    state_file(path).unlink(missing_ok=True)


def calibrate(
    path: str | os.PathLike,
    seed: int = 0,
    folder: str | os.PathLike | None = None,
    progress: Progress | None = None,
) -> None:
    """Find by what the deviations that a network tells must be multiplied, on bones that it was not trained with.

    Parameters
    ----------
    path : path
        Of the network (.onnx); its calibration (.json) is written beside it.
    seed, folder, progress
        As of `train_volume`: the bones are those of the people who were left out, or other analytic ones.

    Raises
    ------
    ReconstructionError, SimulationError
        If a file cannot be read or written, or the folder holds no limbs.

    Notes
    -----
    Of each number of views, 95 of 100 points lie within two deviations, on average of all bones.
    """
    path = Path(path)
    load_volume(path)  # says what is wrong with it before the work begins
    calibration = check_writable(path.with_suffix(".json"))
    if folder is None:
        drawn_from = bank(None, None, seed + _OTHERS, analytic=_OTHER_LIMBS)
    else:
        drawn_from = bank(folder, left_out(count_people(folder)), seed)
    factors = {}
    for views in CALIBRATED:
        off = []
        for number in range(_CALIBRATING):
            tell(progress, 0.97 + 0.01 * (views - 1 + number / _CALIBRATING), "calibrating its deviations")
            drawn = scene(drawn_from, _FIRST - 1 - number - 1000 * seed, False, views)
            off += [] if drawn.cut else [_off(path, drawn)]  # of a part, the ends are cuts
        factors[str(views)] = round(float(np.quantile(np.concatenate(off), 0.95)) / 2, 4)
    with replacing(calibration) as beside:
        beside.write_text(json.dumps({"factors": factors}, indent=2) + "\n", encoding="utf-8")


def _off(network: Path, drawn: Scene) -> np.ndarray:
    """How far points of a bone are off, in the deviations that its network tells, as many of each bone."""
    made = bone_of(drawn.views, network, len(drawn.pieces), calibrated=False)
    some = np.random.default_rng(0).choice(len(made.points), _POINTS)
    nearest = np.min([np.abs(distance_to(piece.points, piece.faces, made.points[some])) for piece in drawn.pieces], 0)
    return nearest / made.deviation_mm[some]


def export(network: VolumeNetwork, path: Path) -> None:
    """Write a network as ONNX, for OpenCV: its shape is part of it."""
    network = network.float().cpu().to(memory_format=torch.contiguous_format)
    to_onnx(network, path, torch.zeros(1, len(FEATURES), *SHAPE), "features", ["said"])


def _learnt(
    path: Path, drawn_from: Bank, steps: int, seed: int, asked: dict, state: dict | None, progress: Progress | None
) -> VolumeNetwork:
    """A network after its training: its weights averaged over the last steps."""
    cores = os.cpu_count() or 1
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(seed)
    network = VolumeNetwork().to(device, memory_format=torch.channels_last_3d).train()
    mean = copy.deepcopy(network).eval()
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=_DECAY)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps, pct_start=0.1)
    parts = {"network": network, "mean": mean, "optimizer": optimizer, "rates": rates}
    first = 0
    if state is not None:
        first = state["done"]
        for name, part in parts.items():
            part.load_state_dict(state[name])
    start = time.monotonic()
    with _workers(drawn_from) as pool:
        made = in_turns(pool, _Batches(seed), range(first, steps), _TURN * cores)
        for done, batch in enumerate(made, first + 1):
            loss = _step(network, optimizer, batch, device)
            rates.step()
            _averaged(mean, network, min(_MEMORY, 1 - 1 / (done / 10 + 1)))
            if done % _KEEP == 0:
                keep(path, {"done": done, "asked": asked} | {name: part.state_dict() for name, part in parts.items()})
            left = (time.monotonic() - start) / (done - first) * (steps - done) / 60
            tell(progress, 0.97 * done / steps, f"step {done} of {steps}, loss {loss:.3f}, {left:.0f} min left")
    return mean


def _step(network: VolumeNetwork, optimizer: torch.optim.Optimizer, batch: Sequence[Example], device: str) -> float:
    seen, inside, shown = (
        torch.from_numpy(np.stack([getattr(each, name) for each in batch])).to(device)
        for name in ("seen", "inside", "shown")
    )
    seen = seen.float().contiguous(memory_format=torch.channels_last_3d)
    with torch.autocast(device, dtype=torch.bfloat16):  # half the time, and what is averaged is not coarser for it
        answers = network(seen)
    loss = loss_of(answers.float(), inside.float(), shown)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def _averaged(mean: torch.nn.Module, network: torch.nn.Module, kept_share: float) -> None:
    with torch.no_grad():
        for averaged, now in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
            if averaged.dtype.is_floating_point:
                averaged.lerp_(now, 1 - kept_share)
            else:
                averaged.copy_(now)


class _Batches:
    """Makes batch after batch in a worker: always the same ones."""

    def __init__(self, seed: int) -> None:
        self.first = _FIRST + 1_000_003 * seed

    def __call__(self, number: int) -> list[Example]:
        return [example(_bank, self.first + _TOGETHER * number + index) for index in range(_TOGETHER)]


def _workers(drawn_from: Bank) -> AbstractContextManager[Executor]:
    """Processes that draw examples."""
    return processes(_take, drawn_from)


_bank: Bank = {}  # of a worker


def _take(drawn_from: Bank) -> None:
    _bank.update(drawn_from)
