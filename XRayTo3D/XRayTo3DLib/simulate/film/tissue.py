"""The soft tissue round a bone: a tube of elliptic sections, as a closed surface."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..bones.bone import Mesh, through_rings


def envelope(meshes: Sequence[Mesh], thickness_mm: float, beyond_mm: float, corners: int = 72) -> Mesh:
    """Elliptic tube along z that holds a bone.

    Parameters
    ----------
    meshes : sequence of Mesh
        The bone's surfaces (LPS, mm), the bone upright.
    thickness_mm : float
        Tissue over the bone to the left and right, in front and behind.
    beyond_mm : float
        How far the tube goes on above and below the bone: a film should not show its ends.
    corners : int
        Of each section.

    Returns
    -------
    Mesh
        Closed surface.
    """
    low = min(mesh.points[:, 2].min() for mesh in meshes)
    high = max(mesh.points[:, 2].max() for mesh in meshes)
    levels = np.linspace(low, high, 41)
    reach = (high - low) / 8  # sections change slowly along a limb
    points = np.concatenate([_with_points_on_edges(mesh, reach) for mesh in meshes])
    sections = []
    for level in levels:
        near = points[np.abs(points[:, 2] - level) <= reach]
        sections.append(np.concatenate([near[:, :2].min(axis=0), near[:, :2].max(axis=0)]))
    sections = _smooth(np.array(sections))
    middle = (sections[:, :2] + sections[:, 2:]) / 2
    half = (sections[:, 2:] - sections[:, :2]) / 2 + thickness_mm
    levels = np.concatenate([[low - beyond_mm], levels, [high + beyond_mm]])
    middle = np.concatenate([middle[:1], middle, middle[-1:]])
    half = np.concatenate([half[:1], half, half[-1:]])
    return _tube(levels, middle, half, corners)


def _with_points_on_edges(mesh: Mesh, apart: float) -> np.ndarray:
    """A surface's points, and some on its long edges, none more than `apart` mm higher than the next."""
    start, end = (mesh.points[np.roll(mesh.faces, shift, axis=1)].reshape(-1, 3) for shift in (0, 1))
    long = np.abs(end - start)[:, 2] > apart
    share = np.linspace(0, 1, 10)[:, None, None]  # no edge is longer than 8 times `apart`
    return np.concatenate([mesh.points, (start[long] + share * (end - start)[long]).reshape(-1, 3)])


def _smooth(values: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(values, 4, axis=0, mode="nearest")


def _tube(levels: np.ndarray, middle: np.ndarray, half: np.ndarray, corners: int) -> Mesh:
    """Closed surface through ellipses at rising levels: centres and half axes (n, 2), n levels."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    xy = middle[:, None] + half[:, None] * ring
    z = np.broadcast_to(levels[:, None, None], (*xy.shape[:2], 1))
    tips = np.array([[*middle[0], levels[0]], [*middle[-1], levels[-1]]])
    return through_rings(np.concatenate([xy, z], axis=2), tips)
