"""Smooth random changes of shape: people differ in more ways than a family of limbs has numbers for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..bones.bone import Mesh

_WAVES = 5
_LENGTHS_MM = (90.0, 450.0)
_STRAIN = 0.035  # standard deviation of each wave's


def random_warp(rng: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """Draw a smooth field that moves (n, 3) points by a sum of sine waves, of some hundredths of strain.

    The strain is so small that the field is one to one: closed surfaces stay closed, and do not cross themselves.
    """
    lengths = np.exp(rng.uniform(*np.log(_LENGTHS_MM), _WAVES))
    ways = rng.standard_normal((_WAVES, 3))
    waves = 2 * np.pi * ways / np.linalg.norm(ways, axis=1, keepdims=True) / lengths[:, None]
    amplitudes = np.clip(rng.normal(0, _STRAIN, (_WAVES, 3)), -2 * _STRAIN, 2 * _STRAIN) * lengths[:, None] / 2 / np.pi
    phases = rng.uniform(0, 2 * np.pi, _WAVES)
    return lambda points: points + np.sin(points @ waves.T + phases) @ amplitudes


def warped(mesh: Mesh, field: Callable[[np.ndarray], np.ndarray]) -> Mesh:
    """Return a surface with its points moved by a field."""
    return Mesh(field(mesh.points), mesh.faces)
