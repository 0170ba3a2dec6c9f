"""Where a surface of any pose and side stands: rigid alignment with a template from many starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .correspondence import Template, sampled

_FEW, _MANY = 250, 1500  # points that are aligned, at first and at last
_ROUNDS, _LAST_ROUNDS = 12, 30
_BETTER = 2  # starts that go on
_ROLLS = 8  # about the longest axis
_TRIMMED = 0.9  # of the points count: what differs most does not
_SYMMETRIC = 1.05  # a mirror image that is no worse than this is the same bone
_MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Aligned:
    """How a surface is brought onto a template.

    Attributes
    ----------
    motion : (4, 4) float64 array
        It mirrors where the surface is of the other side.
    mirrored : bool
    symmetric : bool
        Whether its mirror image fits as well.
    off_mm : float
        RMS distance of the best nine tenths of its points from the template.
    """

    motion: np.ndarray
    mirrored: bool
    symmetric: bool
    off_mm: float

    def moved(self, points: np.ndarray) -> np.ndarray:
        """Points (n, 3), moved."""
        return points @ self.motion[:3, :3].T + self.motion[:3, 3]

    def faces(self, faces: np.ndarray) -> np.ndarray:
        """Triangles of the moved surface, facing outwards."""
        return faces[:, ::-1] if self.mirrored else faces


def align(template: Template, points: np.ndarray, faces: np.ndarray) -> Aligned:
    """Find the rigid motion, with a mirror image where needed, that brings a surface onto a template.

    Parameters
    ----------
    template : Template
    points, faces : (n, 3) and (m, 3) arrays
        A closed surface that stands anywhere, in millimetres.

    Notes
    -----
    Iterative closest points (Besl and McKay, 1992) from principal axes laid on each other in all ways, and turned about
    the longest one.
    """
    from scipy.spatial import cKDTree

    target = sampled(template.points, template.faces, 4 * _MANY)[0]
    tree = cKDTree(target)
    own = sampled(points, faces, _MANY)[0]
    few = own[:_FEW]
    tried = {False: [], True: []}
    for mirrored, found in tried.items():
        flip = _MIRROR if mirrored else np.eye(4)
        for turn in _turns(few @ flip[:3, :3], target):
            begin = np.eye(4)
            begin[:3, :3] = turn
            begin[:3, 3] = target.mean(axis=0) - turn @ (few @ flip[:3, :3]).mean(axis=0)
            found.append(_closest(few, tree, begin @ flip, _ROUNDS))
    best = {}
    for mirrored, found in tried.items():
        found.sort(key=lambda each: each[1])
        best[mirrored] = min(
            (_closest(own, tree, motion, _LAST_ROUNDS) for motion, _ in found[:_BETTER]), key=lambda each: each[1]
        )
    symmetric = best[False][1] <= _SYMMETRIC * best[True][1] and best[True][1] <= _SYMMETRIC * best[False][1]
    mirrored = best[True][1] < best[False][1] and not symmetric
    motion, off = best[mirrored]
    return Aligned(motion, mirrored, symmetric, off)


def _turns(points: np.ndarray, target: np.ndarray) -> list[np.ndarray]:
    """Rotations (3, 3) that lay principal axes on each other, and rolls about the longest."""
    from scipy.spatial.transform import Rotation

    own, there = (np.linalg.svd(each - each.mean(axis=0), full_matrices=False)[2] for each in (points, target))
    own, there = (axes * [[1], [1], [np.linalg.det(axes)]] for axes in (own, there))
    turns = [there.T @ cube.as_matrix() @ own for cube in Rotation.create_group("O")]
    for flip in (0.0, np.pi):
        for roll in np.arange(1, _ROLLS, 2) * 2 * np.pi / _ROLLS:  # those between the cube's
            turns.append(there.T @ Rotation.from_euler("xy", (roll, flip)).as_matrix() @ own)
    return turns


def _closest(points: np.ndarray, tree, motion: np.ndarray, rounds: int) -> tuple[np.ndarray, float]:
    """Motion after so many rounds, and the RMS distance of most points."""
    from .statistics import onto

    count, off = int(_TRIMMED * len(points)), np.inf
    for _ in range(rounds):
        moved = points @ motion[:3, :3].T + motion[:3, 3]
        away, near = tree.query(moved)
        kept = np.argpartition(away, count)[:count]
        off = float(np.sqrt((away[kept] ** 2).mean()))
        motion = onto(moved[kept], tree.data[near[kept]])[1] @ motion
    return motion, off
