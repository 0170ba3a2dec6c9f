"""A bone's surface from its views: what the network says of a grid, made a surface finer than the grid."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import ReconstructionError
from ..helpers.reading import parse_json, read_text
from ..surface import arrays, isosurface, keep_largest, smooth
from .features import features, mirrored
from .grid import Seen, grid_round
from .network import SHIPPED, load_volume, said

_FINER = 2  # as many points along each axis of the grid that the surface is made on
_OFFSETS = (0.0, 0.5)  # of the grids that the network is asked on, in steps
_FEWEST = 100  # triangles of a bone


@dataclass(frozen=True)
class Made:
    """A bone as a volume network sees it.

    Attributes
    ----------
    points : (n, 3) float64 array
        In the patient (LPS, mm).
    faces : (m, 3) int array
        Closed, facing outwards.
    deviation_mm : (n,) float64 array
        How far each point may be off along the surface's normal, a standard deviation.
    step_mm : float
        Of the grid that the network saw.
    """

    points: np.ndarray
    faces: np.ndarray
    deviation_mm: np.ndarray
    step_mm: float


def bone_of(
    views: Sequence[Seen], network: str | os.PathLike | None = None, pieces: int = 1, calibrated: bool = True
) -> Made:
    """Make the bone that is seen in some views.

    Parameters
    ----------
    views : sequence of Seen
        One or more, whose cameras stand to each other as they are said to.
    network : path, optional
        Of another network than the one that is shipped.
    pieces : int
        How many that do not touch it may have.
    calibrated : bool
        Whether deviations are those that held on people who were not trained with (see `factor_of`), or as the network
        tells them.

    Returns
    -------
    Made
        The mean of what the network says of the bone and of its mirror image, on two grids half a step apart. What a
        picture's border cuts off ends there.

    Raises
    ------
    ReconstructionError
        If the views do not look at the same place, the network cannot be used, or it sees no bone.
    """
    asked = load_volume(network)
    grid = grid_round(views)
    fields, told = [], []
    for offset in _OFFSETS:
        seen, room = features(views, grid.shifted(offset))
        (inside, off), (turned, turned_off) = (
            said(asked, seen),
            (each[..., ::-1] for each in said(asked, mirrored(seen))),
        )
        fields.append(_finer((inside + turned) / 2, offset))
        told.append(_finer((off**2 + turned_off**2) / 2 + (inside - turned) ** 2 / 4, offset, order=1))
        if not offset:
            ends = _finer(room / np.float32(grid.step), offset, order=1)
    deviation = np.sqrt(np.mean(told, axis=0) + np.var(fields, axis=0))
    field = np.minimum(np.mean(fields, axis=0), ends)
    if not field.max() > 0:
        raise ReconstructionError(
            "The volume network sees no bone where the masks meet: look at what was found in each view, and check how "
            "the views stand to each other and the pixel sizes."
        )
    surface = smooth(keep_largest(isosurface(field, (0.0, 0.0, 0.0), 1.0), pieces))
    points, faces = arrays(surface)
    if len(faces) < _FEWEST:
        raise ReconstructionError("What the volume network sees is too small for a bone: mark it in each view.")
    off = _at(deviation, points) * grid.step * (factor_of(len(views), network) if calibrated else 1.0)
    return Made(grid.at(points / _FINER), np.asarray(faces, np.int64), off, grid.step)


def factor_of(views: int, network: str | os.PathLike | None = None) -> float:
    """What deviations that a network tells of so many views are multiplied by.

    It was found with its training, on people who were not trained with, and lies beside it (.json).

    Raises
    ------
    ReconstructionError
        If the file is missing or damaged.
    """
    path = Path(network or SHIPPED).with_suffix(".json")
    try:
        factors = {int(count): float(factor) for count, factor in parse_json(read_text(path))["factors"].items()}
        if not factors or not all(0 < factor < np.inf for factor in factors.values()):
            raise ValueError("factors that are none")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReconstructionError(
            f"The calibration {path} of the volume network is missing or damaged ({error}): train it again, or name no "
            "network and take the one that is shipped."
        ) from error
    return factors[min(factors, key=lambda count: abs(count - views))]


def _finer(values: np.ndarray, offset: float, order: int = 3) -> np.ndarray:
    """Values of a grid that is moved by some steps, between the points of the one that is not, where a finer one has
    its points."""
    from scipy.ndimage import affine_transform

    shape = tuple(_FINER * count - 1 for count in values.shape)
    return affine_transform(
        np.ascontiguousarray(values), np.full(3, 1 / _FINER), -offset, shape, order=order, mode="nearest"
    )


def _at(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Values of a field at points (n, 3): numbers along its last, second and first axis."""
    from scipy.ndimage import map_coordinates

    return np.asarray(map_coordinates(field, points[:, ::-1].T, order=1, mode="nearest"), float)
