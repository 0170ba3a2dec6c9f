"""Training the depth network on simulated radiographs of analytic limbs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

import numpy as np

from ..case import Settings
from ..depth import cells
from ..depth.network import DepthNetwork
from ..errors import ReconstructionError
from ..helpers.files import check_writable, replacing
from ..helpers.progress import Progress, tell
from ..methods import depth_grid, find_layers
from ..radiograph import radiograph_from_array
from ..simulate.scenes.bank import Specimen
from ..simulate.scenes.scenes import Scene, scene
from .pictures import specimens
from .workers import processes

HIDDEN = (3,)
SCENES, LIMBS = 600, 24
_FIRST = 4 * 10**9  # seed of the first scene, apart from those of other trainings
_SIZE = 384  # rows and columns of a scene
_CELLS = 400  # of a scene that are trained with
_TRIANGLES = 8000  # that a depth map is as fine for
_LEAST_SHARE = 0.02  # of the picture, that a femur fills
_FACTORS = (0.2, 2.5)  # thickness against that of round sections: more is a fracture's overlap, less the picture's end
_WEIGHT_DECAY, _ROUNDS = 1e-3, 200


def train_depth(
    path: str | os.PathLike,
    hidden: Sequence[int] = HIDDEN,
    seed: int = 0,
    scenes: int = SCENES,
    limbs: int = LIMBS,
    progress: Progress | None = None,
) -> None:
    """Train a depth network and write it as JSON.

    The femora of scenes, with soft tissue, other bones, fractures, metal and vendors' processing, give for each cell
    what the network sees and how thick the bone is against round cross-sections. Cells are drawn more often where the
    bone is thick, so that the squared errors which are made small are those in millimetres.

    Parameters
    ----------
    path : path
        Of the network (.json).
    hidden : sequence of int
        Nodes of each hidden layer.
    seed : int
        Chooses limbs, scenes, cells and first weights: the same one gives the same network.
    scenes : int
        How many radiographs to draw.
    limbs : int
        How many analytic limbs to draw them of.
    progress : callable, optional

    Raises
    ------
    ReconstructionError
        If there are no nodes or scenes, or the file cannot be written.
    Cancelled
        If `progress` asked to stop; nothing is written then.
    """
    from sklearn.neural_network import MLPRegressor
    from sklearn.preprocessing import StandardScaler

    if not hidden or min(hidden) < 1:
        raise ReconstructionError(f"hidden: {' '.join(map(str, hidden)) or 'none'}; each layer has a node at least.")
    if scenes < 1:
        raise ReconstructionError(f"scenes: {scenes}; there must be one at least.")
    path = check_writable(path)
    tell(progress, 0.0, "making limbs")
    seeds = [_FIRST + 1_000_003 * seed + number for number in range(scenes)]
    drawn = []
    with processes(_take, (limbs, seed)) as pool:
        for number, made in enumerate(pool.map(_examples, seeds, chunksize=8)):
            tell(progress, 0.8 * number / scenes, f"radiograph {number + 1} of {scenes}")
            drawn += [] if made is None else [made]
    if not drawn:
        raise ReconstructionError(f"scenes: {scenes}; none of them shows enough of a femur: draw more.")
    tell(progress, 0.8, "training")
    values, wanted = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    scaler = StandardScaler().fit(values)
    fit = MLPRegressor(
        hidden_layer_sizes=tuple(hidden),
        activation="tanh",
        alpha=_WEIGHT_DECAY,
        max_iter=_ROUNDS,
        early_stopping=True,
        random_state=seed,
    ).fit(scaler.transform(values), wanted)
    network = DepthNetwork(scaler.mean_, scaler.scale_, tuple(fit.coefs_), tuple(fit.intercepts_))
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(network.as_json(), indent=1) + "\n", encoding="utf-8")


def examples(drawn: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray] | None:
    """Features (n, 10) of cells of a scene's femur, and its half thickness there against round sections (n,).

    None where too little of it is in the picture.
    """
    mask = drawn.masks["femur"]
    if mask.mean() < _LEAST_SHARE:
        return None
    camera = drawn.camera
    radiograph = radiograph_from_array(
        drawn.image,
        pixel_size_mm=camera.pixel_size_mm,
        pixel_size_source="the simulator",
        bone="dark" if drawn.dark_bone else "bright",
        sid_mm=camera.sid_mm,
        sod_mm=camera.sod_mm,
    )
    settings = Settings(triangles=_TRIANGLES)
    layers = find_layers(radiograph, mask, settings)
    grid = depth_grid(radiograph, mask, settings)
    bone = cells(grid, mask, radiograph.pixels, layers.base, layers.detail)
    round_ = np.sqrt(np.maximum(bone.outline, 0))
    there = np.flatnonzero(bone.mask & (grid.border > 0) & (round_ > grid.step))
    if not len(there):
        return None
    weight = round_.ravel()[there] ** 2
    some = rng.choice(there, _CELLS, p=weight / weight.sum())
    thick = grid.sample(drawn.thickness_mm).ravel()[some] / 2
    return bone.features.reshape(-1, bone.features.shape[-1])[some], np.clip(thick / round_.ravel()[some], *_FACTORS)


_limbs: list[Specimen] = []  # of a worker


def _take(asked: tuple[int, int]) -> None:
    count, seed = asked
    _limbs[:] = specimens(seed, count=count)


def _examples(seed: int) -> tuple[np.ndarray, np.ndarray] | None:
    return examples(scene(_limbs, seed, _SIZE), np.random.default_rng((seed, 2)))
