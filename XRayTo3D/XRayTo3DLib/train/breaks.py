"""Training the breaks network on scenes of the simulator, from what a tracer has learnt, and its calibration."""

from __future__ import annotations

import functools
import itertools
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..errors import ReconstructionError
from ..helpers.files import check_writable, replacing
from ..helpers.progress import Progress, tell
from ..segmentation.fragments import FEATURES, features
from ..segmentation.network.breaks import look_for_break
from ..segmentation.network.channels import BREAKS_DRAWN, FRAGMENTS, TRACER_FACTS, TRACER_INPUTS
from ..segmentation.network.loading import TRACER_OUTPUTS
from ..segmentation.region import corners
from ..simulate.scenes.others import Other
from ..simulate.scenes.scenes import Scene
from .batches import Cycle
from .calibration import regression
from .crops import LEAST, SHAPES, SHAPES_ODDS, Crops, answered, placed, stacked
from .learn import Lesson, check_training, drawn, export, learn, workers
from .network import Tracer, breaks_from
from .pictures import specimens
from .samples import both_legs
from .state import begun_with, kept, state_file

STEPS = 2400
_SCENES, _APART = 5, 20  # of a batch; between the numbers of two batches' first pictures
_OF_BROKEN, _OF_WHOLE = 4, 2  # crops of each scene: of a broken bone, or of others
_BESIDE = 1  # of a scene with a broken bone show another
_BROKEN = TRACER_FACTS.index("broken")
_CALIBRATED = 1500  # pictures, other than those trained with
_FIRST_CALIBRATING = 10**9  # seed of the first of them
_NEAR = 6.0  # pixels more than the shortest way between the fragments: so far the break reaches


def loss_of(outputs: Sequence[torch.Tensor], wanted: Crops) -> torch.Tensor:
    """How wrong answers are.

    Cross entropy and Dice of the bone and of where it is broken; of the fragments, within the bone, of broken bones
    alone: of a whole one there is nothing to tell apart, and what is said of it must not teach to say "the whole" of
    both. Absolute error of the heights, and cross entropy of whether it is broken.
    """
    masks, heights, facts = outputs

    def there(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(masks.device).float()

    truth = there(wanted.masks)
    entropy = nn.functional.binary_cross_entropy_with_logits(masks, truth, reduction="none")
    broken = there(wanted.broken)
    bone = truth[:, :1]
    inside = bone * broken[:, None, None, None]
    of_fragments = (entropy[:, 1:3] * inside).sum() / (2 * inside.sum() + 1)
    overlap = _overlap(masks, truth)
    of_fragments = of_fragments + ((1 - overlap[:, 1:3]).mean(1) * broken).sum() / (broken.sum() + 1)
    of_bone = entropy[:, 0].mean() + (1 - overlap[:, 0]).mean()
    of_place = 3 * entropy[:, 3].mean() + ((1 - overlap[:, 3]) * broken).sum() / (broken.sum() + 1)

    known = there(wanted.heights)
    on_bone = ~torch.isnan(known)
    of_heights = ((heights - torch.nan_to_num(known)).abs() * on_bone).sum() / (on_bone.sum() + 1)
    of_break = nn.functional.binary_cross_entropy_with_logits(facts[:, _BROKEN], broken)
    return 0.5 * of_bone + of_fragments + of_place + of_heights + of_break


def _overlap(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Dice of each mask, (n, masks)."""
    share = torch.sigmoid(logits)
    return (2 * (share * truth).sum((2, 3)) + 20) / (share.sum((2, 3)) + truth.sum((2, 3)) + 20)


def crops(draw: Callable[[int], Scene | Other], seed: int, number: int, _cycle: Cycle) -> Crops:
    """Make batch `number` of a cycle, about as many broken bones as whole ones: always the same one."""
    rng = np.random.default_rng((seed, 2, number))
    shape = SHAPES[int(rng.choice(len(SHAPES), p=SHAPES_ODDS))]
    legs = (drawn for at in itertools.count(_APART * number) if isinstance(drawn := draw(at), Scene))
    made = [each for drawn in itertools.islice(legs, _SCENES) for each in _of_scene(drawn, shape, rng)]
    batch = stacked(made)
    return replace(
        batch, masks=np.concatenate([batch.masks, np.stack(list(map(_place, batch.masks, batch.broken)))], 1)
    )


def _of_scene(scene: Scene, shape: tuple[int, int], rng: np.random.Generator) -> list[tuple]:
    """Crops round bones of which it can be told whether they are broken."""
    there = _told_of(scene)
    broken = [each for each in there if each[1] in scene.fragments]
    whole = [each for each in there if each[1] not in scene.fragments]
    chosen = broken * _OF_BROKEN
    if whole:
        chosen += [whole[int(at)] for at in rng.integers(len(whole), size=_BESIDE if broken else _OF_WHOLE)]
    made = []
    for bone, name in chosen:
        low, high = corners(scene.masks[name]) + 0.5
        made.append(answered(scene, placed(low, high, scene.image.shape, shape, rng), shape, bone, name, bone, rng))
    return made


def _told_of(scene: Scene) -> list[tuple[str, str]]:
    """Bones of a scene of which it can be told whether they are broken, and what the scene calls them."""
    return [
        (bone, name)
        for bone in FRAGMENTS
        for name in both_legs(bone)
        if name in scene.masks and scene.cracked != name and np.count_nonzero(scene.masks[name]) > LEAST
    ]


def _place(masks: np.ndarray, broken: bool) -> np.ndarray:
    """Where a bone is broken, (1, rows, columns) uint8 array: what lies between the fragments, and over both."""
    import cv2

    if not broken:
        return np.zeros((1, *masks.shape[1:]), np.uint8)
    away = sum(cv2.distanceTransform(1 - part, cv2.DIST_L2, 5) for part in masks[1:3])
    return (away <= away.min() + _NEAR).astype(np.uint8)[None]


LESSON = Lesson(crops, loss_of, lambda network, made, rng: made.inputs)  # breaks are not clicked


def train_breaks(
    path: str | os.PathLike,
    begin: Sequence[str | os.PathLike],
    steps: int = STEPS,
    seed: int = 0,
    folder: str | os.PathLike | None = None,
    progress: Progress | None = None,
) -> None:
    """Train a breaks network and write it as ONNX, with its calibration (JSON) beside it.

    A training that was broken off goes on where it was: its state lies beside the network until it is finished.

    Parameters
    ----------
    path : path
        Of the network (.onnx); the calibration gets the same name with .json.
    begin : sequence of path
        Of a tracer network, or of a breaks network, to begin with, or of several; see `state.begun_with`.
    steps : int
        With several networks to begin with none is needed: their mean is written, and calibrated.
    seed : int
        Chooses limbs and scenes.
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
    calibration = check_writable(path.with_suffix(".json"))
    asked = {
        "steps": steps,
        "seed": seed,
        "limbs": folder is not None,
        "begin": [os.fspath(each) for each in begin],
        "network": "breaks",
    }
    state = kept(path, asked)
    torch.manual_seed(seed)
    network = begun_with(*begin)
    if not isinstance(network, Tracer):
        raise ReconstructionError(f"The network {begin[0]} to begin with must be a tracer or a breaks network.")
    if network.change.out_channels != len(BREAKS_DRAWN):
        network = breaks_from(network)
    tell(progress, 0.0, "making limbs")
    drawn_from = specimens(seed, folder)
    if steps:
        settled, made = Path(begin[0]).suffix != ".onnx", [Cycle(steps, rate=1.5e-3, femora_alone=True)]
        network = learn(network, LESSON, path, drawn_from, made, asked, state, seed, settled, progress)
    tell(progress, 0.97, "calibrating its answers")
    with replacing(path) as temporary, replacing(calibration) as beside, workers(drawn_from) as pool:
        export(network, temporary, len(TRACER_INPUTS), TRACER_OUTPUTS)
        seeds = range(_FIRST_CALIBRATING + 1_000_003 * seed, _FIRST_CALIBRATING + 1_000_003 * seed + _CALIBRATED)
        of_each = pool.map(functools.partial(_examples, network=str(temporary)), seeds, chunksize=20)
        weights = {"break_check": regression(list(itertools.chain.from_iterable(of_each)), FEATURES)}
        beside.write_text(json.dumps(weights, indent=2) + "\n", encoding="utf-8")
    state_file(path).unlink(missing_ok=True)


def _examples(seed: int, network: str) -> list[tuple[np.ndarray, bool]]:
    """Features of a picture's femora and tibiae, in their boxes, and whether each is broken.

    So many are broken as among all that are drawn: a break is told as probable as it is there.
    """
    scene = drawn(seed)
    if isinstance(scene, Other):
        return []
    pixels = np.ascontiguousarray(scene.image, np.float32)
    return [
        (features(look_for_break(pixels, *corners(scene.masks[name]), bone, network=network)), name in scene.fragments)
        for bone, name in _told_of(scene)
    ]
