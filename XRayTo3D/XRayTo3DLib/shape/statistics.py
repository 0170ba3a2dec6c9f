"""From corresponding surfaces to a shape model: mean, modes of variation, and what those leave unsaid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .model import ShapeModel
from .unsaid import Unsaid, gaussian_modes, learnt, principal_modes, stretches

_FOLLOWS_MM = 15.0  # landmarks follow the surface that is about so near
_ROUNDS = 5


def procrustes(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn and shift surfaces onto their mean, without scaling; the mean stands as the first one does.

    Parameters
    ----------
    samples : (s, n, 3) array

    Returns
    -------
    aligned : (s, n, 3) array
    motions : (s, 4, 4) array

    References
    ----------
    J. C. Gower, "Generalized Procrustes analysis", Psychometrika 40, 1975.
    """
    mean = samples[0]
    for _ in range(_ROUNDS):
        aligned = np.array([onto(each, mean)[0] for each in samples])
        mean = onto(aligned.mean(axis=0), samples[0])[0]
    found = [onto(each, mean) for each in samples]
    return np.array([each for each, _ in found]), np.array([motion for _, motion in found])


def moved_landmarks(marks: Sequence[Mapping[str, np.ndarray]], motions: np.ndarray) -> dict[str, np.ndarray]:
    """Landmarks of bones, each bone's moved by its motion (4, 4), as arrays (s, 3) by name."""
    return {
        name: np.array([m[:3, :3] @ each[name] + m[:3, 3] for each, m in zip(marks, motions, strict=True)])
        for name in (marks[0] if marks else ())
    }


def onto(points: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) moved onto corresponding ones by the rigid motion of least squares, and that motion (4, 4).

    References
    ----------
    S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns", IEEE Transactions on
    Pattern Analysis and Machine Intelligence 13, 1991.
    """
    here, there = points.mean(axis=0), target.mean(axis=0)
    u, _, vt = np.linalg.svd((points - here).T @ (target - there))
    turn = (u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt).T
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = turn, there - turn @ here
    return points @ turn.T + motion[:3, 3], motion


def model_from(
    samples: np.ndarray,
    faces: np.ndarray,
    landmarks: Mapping[str, np.ndarray],
    bone: str,
    side: str,
    unsaid: Unsaid | None = None,
    also: np.ndarray | None = None,
) -> ShapeModel:
    """Make a shape model of aligned surfaces.

    Parameters
    ----------
    samples : (s, n, 3) array
        See `procrustes`.
    faces : (m, 3) array
    landmarks : dict of str to (s, 3) array
        Of each surface; may be empty.
    bone, side : str
    unsaid : Unsaid, optional
        What the principal modes cannot say; by default learnt from samples that are left out.
    also : (a, n, 3) array, optional
        Displacements, each of one standard deviation, by which such bones vary besides.

    Notes
    -----
    The few bones that a model is made of do not show all that a bone can be. So their principal modes, at most sixteen,
    are followed by stretches and by modes of a Gaussian process: a smooth displacement along the normals.

    References
    ----------
    T. F. Cootes, C. J. Taylor, "Combining point distribution models with shape models based on finite element
    analysis", Image and Vision Computing 13, 1995.
    M. Luethi et al., "Gaussian process morphable models", IEEE Transactions on Pattern Analysis and Machine
    Intelligence 40, 2018.
    """
    mean = samples.mean(axis=0)
    modes, deviations, scores = principal_modes(samples, also)
    smooth, small = gaussian_modes(mean, faces, unsaid or learnt(samples, faces, also))
    larger = stretches(mean)
    sizes = np.sqrt((larger**2).sum(axis=2).mean(axis=1))
    others = np.concatenate([larger / sizes[:, None, None], smooth])
    places = {name: each.mean(axis=0) for name, each in landmarks.items()}
    moves = np.zeros((len(deviations) + len(others), len(places), 3))
    for number, (name, place) in enumerate(places.items()):
        follows = _follows(mean, place)
        moved = landmarks[name] - place
        if also is not None:
            moved = np.concatenate([moved, np.sqrt(len(samples) - 1) * np.tensordot(also, follows, axes=(1, 0))])
        moves[: len(deviations), number] = scores.T @ moved / (len(samples) - 1) / deviations[:, None]
        moves[len(deviations) :, number] = np.tensordot(others, follows, axes=(1, 0))
    return ShapeModel(
        bone,
        side,
        mean,
        np.concatenate([modes, others]).astype(np.float32),
        np.concatenate([deviations, sizes, small]),
        faces,
        places,
        moves,
    )


def rebuilt(samples: np.ndarray, points: np.ndarray, count: int | None = None) -> np.ndarray:
    """The surface (n, 3) nearest to another one that the principal modes of samples can make, by so many of them."""
    mean = samples.mean(axis=0)
    right = np.linalg.svd((samples - mean).reshape(len(samples), -1), full_matrices=False)[2]
    right = right[: min(len(samples) - 1, len(right) if count is None else count)]
    away = (points - mean).ravel()
    return mean + ((right @ away) @ right).reshape(points.shape)


def _follows(points: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Weights (n,) of the surface's points near a place."""
    squared = ((points - place) ** 2).sum(axis=1)
    weights = np.exp(-(squared - squared.min()) / (2 * _FOLLOWS_MM**2))
    return weights / weights.sum()
