"""Training the reader network on scenes of the simulator alone."""

from __future__ import annotations

import functools
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional

from ..helpers.files import check_writable, replacing
from ..helpers.progress import Progress, tell
from ..segmentation import load_reader
from ..segmentation.network.channels import FRAGMENTS, INPUTS, MASKS, VIEWS
from ..segmentation.network.loading import OUTPUTS
from .batches import Batch, batch
from .calibration import Example, example, fitted, fitted_names, named
from .learn import Lesson, check_training, clicked, cycles, drawn, export, learn, workers
from .network import Reader
from .pictures import specimens
from .state import begun_with, kept, state_file

STEPS = 5600
_CALIBRATED = 600  # pictures, other than those trained with
_FIRST_CALIBRATING = 10**9  # seed of the first of them
_HEAT_WEIGHT = 60.0  # of a peak's pixels
_WEIGHTS = {"femur": 1.0, "marked": 1.0, "tibia": 0.8, "fibula": 0.6, "patella": 0.6, "metal": 0.3}
_WEIGHT = 0.4  # of every other mask
_BROKEN_WEIGHT = 5.0  # of a broken bone's fragments: whole ones are more, and have nothing to tell apart
_MARKED = MASKS.index("marked")


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


def marked_clicked(network: Reader, made: Batch, rng: np.random.Generator) -> np.ndarray:
    """The batch's inputs with clicks where the network is wrong about what is marked."""
    return clicked(network, made, _MARKED, made.x_ray > 0, rng)


LESSON = Lesson(batch, loss_of, marked_clicked)


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
    check_training(steps, folder)
    path = check_writable(path)
    calibration = check_writable(path.with_suffix(".json"))
    asked = {"steps": steps, "seed": seed, "limbs": folder is not None, "begin": begin and os.fspath(begin)}
    state = kept(path, asked)
    torch.manual_seed(seed)
    network = Reader() if begin is None else begun_with(begin)
    settled = begin is None or Path(begin).suffix != ".onnx"
    tell(progress, 0.0, "making limbs")
    drawn_from = specimens(seed, folder)
    made = [cycle for cycle in cycles(steps, begin is not None) if cycle.steps]
    network = learn(network, LESSON, path, drawn_from, made, asked, state, seed, settled, progress)
    tell(progress, 0.97, "calibrating its checks")
    with replacing(path) as temporary, workers(drawn_from) as pool:
        export(network, temporary, len(INPUTS), OUTPUTS)
        _calibrate(temporary, calibration, pool, seed)
    state_file(path).unlink(missing_ok=True)


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
    with workers(specimens(seed, folder)) as pool:
        tell(progress, 0.5, "calibrating its checks")
        _calibrate(path, check_writable(path.with_suffix(".json")), pool, seed)


def _calibrate(network: Path, calibration: Path, pool: Executor, seed: int) -> None:
    seeds = [_FIRST_CALIBRATING + 1_000_003 * seed + index for index in range(_CALIBRATED)]
    with tempfile.TemporaryDirectory() as folder:  # whoever looks into a box asks for names: these come first
        reader = str(shutil.copy(network, Path(folder) / "reader.onnx"))
        weights = fitted_names(pool.map(functools.partial(_named, reader=reader), seeds[::2]))
        Path(reader).with_suffix(".json").write_text(json.dumps(weights), encoding="utf-8")
        weights |= fitted(pool.map(functools.partial(_example, reader=reader), seeds))
    with replacing(calibration) as beside:
        beside.write_text(json.dumps(weights, indent=2) + "\n", encoding="utf-8")


def _named(seed: int, reader: str) -> list[tuple[np.ndarray, str]]:
    return named(drawn(seed), reader)


def _example(seed: int, reader: str) -> Example:
    return example(drawn(seed), reader, boxed=seed // 2 if seed % 2 else None)
