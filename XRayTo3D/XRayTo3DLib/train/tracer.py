"""Training the tracer network on scenes of the simulator, from what a reader has learnt."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional

from ..helpers.files import check_writable, replacing
from ..helpers.progress import Progress, tell
from ..segmentation.network.channels import BONES, NOTHING, TRACED, TRACER_FACTS, TRACER_INPUTS
from ..segmentation.network.loading import TRACER_OUTPUTS
from .batches import Cycle
from .crops import Crops, crops
from .learn import Lesson, check_training, clicked, export, learn
from .network import Tracer, tracer_from
from .pictures import specimens
from .state import begun_with, kept, state_file

STEPS = 5600
_BROKEN_WEIGHT = 3.0  # of a broken bone's fragments: whole ones are more, and have nothing to tell apart
_NAMES = len(BONES) + 1  # and nothing


def loss_of(outputs: Sequence[torch.Tensor], wanted: Crops) -> torch.Tensor:
    """How wrong answers are.

    Cross entropy and Dice of the mask, cross entropy of the fragments within the bone, absolute error of the heights
    on it, cross entropy of its name and of the break.
    """
    masks, heights, facts = outputs

    def there(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(masks.device).float()

    truth = there(wanted.masks)
    entropy = functional.binary_cross_entropy_with_logits(masks, truth, reduction="none")
    share, bone = torch.sigmoid(masks[:, :1]), truth[:, :1]
    overlap = (2 * (share * bone).sum((1, 2, 3)) + 20) / (share.sum((1, 2, 3)) + bone.sum((1, 2, 3)) + 20)
    of_mask = 2 * entropy[:, 0].mean() + (1 - overlap).mean()

    broken = there(wanted.broken)
    weighed = bone * torch.where(broken > 0, _BROKEN_WEIGHT, 1.0)[:, None, None, None]
    of_fragments = (entropy[:, 1:] * weighed).sum() / (2 * bone.sum() + 1)

    known = there(wanted.heights)
    on_bone = ~torch.isnan(known)
    of_heights = ((heights - torch.nan_to_num(known)).abs() * on_bone).sum() / (on_bone.sum() + 1)

    of_names = functional.cross_entropy(facts[:, :_NAMES], torch.from_numpy(wanted.bone).to(masks.device))
    entropy = functional.binary_cross_entropy_with_logits(facts[:, _NAMES], broken, reduction="none")
    of_break = (entropy * there(wanted.breakable)).mean()
    return of_mask + 0.7 * of_fragments + 2 * of_heights + 0.3 * of_names + 0.5 * of_break


def bone_clicked(network: torch.nn.Module, made: Crops, rng: np.random.Generator) -> np.ndarray:
    """The batch's inputs with clicks where the network is wrong about the bone."""
    return clicked(network, made, TRACED.index("mask"), made.bone != TRACER_FACTS.index(NOTHING), rng)


LESSON = Lesson(crops, loss_of, bone_clicked)


def cycle(steps: int, again: bool = False) -> Cycle:
    """How a training learns.

    One that goes on with a tracer adds to what it knows, and takes small steps, or it would forget real radiographs.
    Crops are as large as the network will see them: after finer ones it drew real bones worse.
    """
    return Cycle(steps, rate=5e-4 if again else 1.5e-3, femora_alone=True)


def train_tracer(
    path: str | os.PathLike,
    begin: Sequence[str | os.PathLike],
    steps: int = STEPS,
    seed: int = 0,
    folder: str | os.PathLike | None = None,
    progress: Progress | None = None,
) -> None:
    """Train a tracer network and write it as ONNX.

    A training that was broken off goes on where it was: its state lies beside the network until it is finished.

    Parameters
    ----------
    path : path
        Of the network (.onnx).
    begin : sequence of path
        Of a reader network, or of a tracer, to begin with, or of several; see `state.begun_with`.
    steps : int
        See `cycle`. With several networks to begin with none is needed: their mean is written.
    seed : int
        Chooses limbs, scenes and the network's first weights.
    folder : path, optional
        Of real limbs, to be drawn as well as analytic ones (see `pictures.specimens`).
    progress : callable, optional

    Raises
    ------
    ReconstructionError, SimulationError
        If a file cannot be read or written, there are no steps, or the folder holds no limbs.
    Cancelled
        If `progress` asked to stop; the training can go on from there.
    """
    if steps or len(begin) == 1:
        check_training(steps, folder)
    path = check_writable(path)
    asked = {
        "steps": steps,
        "seed": seed,
        "limbs": folder is not None,
        "begin": [os.fspath(each) for each in begin],
        "network": "tracer",
    }
    state = kept(path, asked)
    torch.manual_seed(seed)
    network = begun_with(*begin)
    again = isinstance(network, Tracer)
    network = network if again else tracer_from(network)
    if steps:
        tell(progress, 0.0, "making limbs")
        settled = Path(begin[0]).suffix != ".onnx"
        drawn_from = specimens(seed, folder)
        network = learn(network, LESSON, path, drawn_from, [cycle(steps, again)], asked, state, seed, settled, progress)
    with replacing(path) as temporary:
        export(network, temporary, len(TRACER_INPUTS), TRACER_OUTPUTS)
    state_file(path).unlink(missing_ok=True)
