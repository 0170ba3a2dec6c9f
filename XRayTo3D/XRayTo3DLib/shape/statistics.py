"""From corresponding surfaces to a shape model: mean, modes of variation, and what those leave unsaid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .model import ShapeModel
from .silhouette import prepared

_LEAST_DEVIATION_MM = 0.1  # of a principal mode: below it is what registration leaves to chance
_RESIDUAL_MODES = 120
_LENGTHS_MM = (40.0, 18.0)  # over which what principal modes leave unsaid is alike
_LEAST_MM = 0.2  # of a residual's amplitude
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
    amplitude_mm: np.ndarray | float | None = None,
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
    amplitude_mm : (n,) array or float, optional
        Standard deviation along the normals of what the principal modes cannot say; by default what they leave of each
        sample when it is left out.

    Notes
    -----
    Principal modes are followed by modes of a Gaussian process: a smooth displacement along the normals. The few bones
    that a model is made of do not show all that a bone can be.

    References
    ----------
    T. F. Cootes, C. J. Taylor, "Combining point distribution models with shape models based on finite element
    analysis", Image and Vision Computing 13, 1995.
    M. Luethi et al., "Gaussian process morphable models", IEEE Transactions on Pattern Analysis and Machine
    Intelligence 40, 2018.
    """
    mean = samples.mean(axis=0)
    modes, deviations, scores = principal_modes(samples)
    if amplitude_mm is None:
        amplitude_mm = left_unsaid(samples, faces)
    smooth, small = gaussian_modes(mean, faces, np.broadcast_to(amplitude_mm, len(mean)))
    places = {name: each.mean(axis=0) for name, each in landmarks.items()}
    moves = np.zeros((len(deviations) + len(small), len(places), 3))
    for number, name in enumerate(places):
        moves[: len(deviations), number] = scores.T @ (landmarks[name] - places[name]) / (len(samples) - 1)
        moves[len(deviations) :, number] = np.tensordot(smooth, _follows(mean, places[name]), axes=(1, 0))
    moves[: len(deviations)] /= deviations[:, None, None]
    return ShapeModel(
        bone,
        side,
        mean,
        np.concatenate([modes, smooth]).astype(np.float32),
        np.concatenate([deviations, small]),
        faces,
        places,
        moves,
    )


def principal_modes(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Principal components of surfaces (s, n, 3).

    Returns
    -------
    modes : (k, n, 3) array
        Of RMS length one.
    deviations : (k,) array
        mm, RMS over the points.
    scores : (s, k) array
        Of the samples, in standard deviations.
    """
    count, points = samples.shape[:2]
    away = (samples - samples.mean(axis=0)).reshape(count, -1)
    left, sizes, right = np.linalg.svd(away, full_matrices=False)
    deviations = sizes[: count - 1] / np.sqrt((count - 1) * points)
    kept = max(1, int((deviations > _LEAST_DEVIATION_MM).sum()))
    modes = right[:kept].reshape(kept, points, 3) * np.sqrt(points)
    return modes, deviations[:kept], left[:, :kept] * np.sqrt(count - 1)


def left_unsaid(samples: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """What the modes of the others leave of each surface, along its normals: RMS (n,) over the samples, smooth (mm)."""
    from scipy.spatial.distance import cdist

    mesh, squares = prepared(faces, samples.shape[1]), np.zeros(samples.shape[1])
    for number in range(len(samples)):
        off = samples[number] - rebuilt(np.delete(samples, number, axis=0), samples[number])
        squares += np.einsum("ni,ni->n", off, mesh.normals(samples[number])) ** 2
    mean = samples.mean(axis=0)
    near = np.exp(-cdist(mean, mean, "sqeuclidean") / (2 * min(_LENGTHS_MM) ** 2))
    return np.maximum(np.sqrt(near @ (squares / len(samples)) / near.sum(axis=1)), _LEAST_MM)


def rebuilt(samples: np.ndarray, points: np.ndarray, count: int | None = None) -> np.ndarray:
    """The surface (n, 3) nearest to another one that the principal modes of samples can make, by so many of them."""
    mean = samples.mean(axis=0)
    right = np.linalg.svd((samples - mean).reshape(len(samples), -1), full_matrices=False)[2]
    right = right[: min(len(samples) - 1, len(right) if count is None else count)]
    away = (points - mean).ravel()
    return mean + ((right @ away) @ right).reshape(points.shape)


def gaussian_modes(
    points: np.ndarray, faces: np.ndarray, amplitude_mm: np.ndarray, count: int = _RESIDUAL_MODES
) -> tuple[np.ndarray, np.ndarray]:
    """Modes of smooth random displacements along a surface's normals.

    Parameters
    ----------
    points, faces : (n, 3) and (m, 3) arrays
    amplitude_mm : (n,) array
        Standard deviation at each point.
    count : int
        The largest so many are kept.

    Returns
    -------
    modes : (count, n, 3) array
        Of RMS length one, the largest first.
    deviations : (count,) array
        mm, RMS over the points.
    """
    from scipy.sparse.linalg import eigsh
    from scipy.spatial.distance import cdist

    normals = prepared(faces, len(points)).normals(points)
    squared = cdist(points, points, "sqeuclidean")
    kernel = sum(np.exp(-squared / (2 * length**2)) for length in _LENGTHS_MM) / len(_LENGTHS_MM)
    kernel *= np.outer(amplitude_mm, amplitude_mm) * (normals @ normals.T)
    start = np.random.default_rng(0).standard_normal(len(points))
    strengths, fields = eigsh(kernel, min(count, len(points) - 2), v0=start)
    strengths, fields = strengths[::-1], fields[:, ::-1]
    kept = strengths > 1e-9 * strengths[0]
    modes = (fields.T[kept] * np.sqrt(len(points)))[:, :, None] * normals
    return modes, np.sqrt(strengths[kept] / len(points))


def _follows(points: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Weights (n,) of the surface's points near a place."""
    squared = ((points - place) ** 2).sum(axis=1)
    weights = np.exp(-(squared - squared.min()) / (2 * _FOLLOWS_MM**2))
    return weights / weights.sum()
