"""What principal modes of a few bones leave unsaid: how large it is and over which distance it is alike, learnt from
bones that are left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..surface.mesh import area_and_volume
from .silhouette import Mesh, prepared

MOST_PRINCIPAL = 16
_LEAST_DEVIATION_MM = 0.1  # of a principal mode: below it is what registration leaves to chance
_MODES = 120
_NARROW = 0.45  # the shorter of the two lengths, in shares of the longer
_LENGTHS = (0.08, 0.12, 0.17, 0.24)  # the longer one, in shares of the square root of the bone's area
_AMPLITUDES_MM = (0.2, 0.3, 0.4, 0.55, 0.75, 1.0, 1.3, 1.7, 2.2, 3.0)
_STRETCH = 0.02  # standard deviation of how much longer, wider or more slanted a bone is than the modes say
# Bones left out are seen as two pictures show them: by outlines, from the front and from the side.
_RAYS = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
_NOISE_MM, _CORRELATED_MM = 0.6, 8.0  # of an outline; errors nearer than this are the same error
_RIGID_MM = 20.0  # how far off it may stand
_FLOOR_MM = 0.25  # triangles
_CHECKED = 400  # points at which errors are looked at


@dataclass(frozen=True)
class Unsaid:
    """A smooth random displacement along the normals.

    Attributes
    ----------
    amplitude_mm : float
        Its standard deviation.
    length_mm : float
        Over about this distance it is alike, and half of it over less than half of that: see `gaussian_modes`.
    """

    amplitude_mm: float
    length_mm: float


def principal_modes(
    samples: np.ndarray, also: np.ndarray | None = None, most: int = MOST_PRINCIPAL
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Principal components of surfaces (s, n, 3).

    Parameters
    ----------
    samples : (s, n, 3) array
    also : (a, n, 3) array, optional
        Displacements, each of one standard deviation, by which surfaces vary besides.
    most : int

    Returns
    -------
    modes : (k, n, 3) array
        Of RMS length one.
    deviations : (k,) array
        mm, RMS over the points.
    scores : (s + a, k) array
        Of the samples, in standard deviations, and of the other displacements.
    """
    count, points = samples.shape[:2]
    away = (samples - samples.mean(axis=0)).reshape(count, -1)
    if also is not None:
        away = np.concatenate([away, np.sqrt(count - 1) * also.reshape(len(also), -1)])
    left, sizes, right = np.linalg.svd(away, full_matrices=False)
    deviations = sizes[: len(away) - 1] / np.sqrt((count - 1) * points)
    kept = max(1, min(most, int((deviations > _LEAST_DEVIATION_MM).sum())))
    modes = right[:kept].reshape(kept, points, 3) * np.sqrt(points)
    return modes, deviations[:kept], left[:, :kept] * np.sqrt(count - 1)


def stretches(points: np.ndarray) -> np.ndarray:
    """Displacements (6, n, 3), of one standard deviation each, of a bone that is longer, wider, thicker or slanted."""
    away = points - points.mean(axis=0)
    first, second = np.triu_indices(3)
    made = np.zeros((6, *points.shape))
    for number, (a, b) in enumerate(zip(first, second, strict=True)):
        made[number, :, a] = _STRETCH * away[:, b]
        made[number, :, b] = _STRETCH * away[:, a]
    return made


def gaussian_modes(
    points: np.ndarray, faces: np.ndarray, unsaid: Unsaid, count: int = _MODES
) -> tuple[np.ndarray, np.ndarray]:
    """Modes of smooth random displacements along a surface's normals.

    Parameters
    ----------
    points, faces : (n, 3) and (m, 3) arrays
    unsaid : Unsaid
    count : int
        The largest so many are kept.

    Returns
    -------
    modes : (count, n, 3) array
        Of RMS length one, the largest first.
    deviations : (count,) array
        mm, RMS over the points.
    """
    normals = prepared(faces, len(points)).normals(points)
    fields, deviations = _fields(points, normals, unsaid.length_mm, count)
    return fields[:, :, None] * normals, unsaid.amplitude_mm * deviations


def learnt(samples: np.ndarray, faces: np.ndarray, also: np.ndarray | None = None) -> Unsaid:
    """Find how much models of these bones leave unsaid.

    Parameters
    ----------
    samples : (s, n, 3) array
        Aligned surfaces of upright bones.
    faces : (m, 3) array
    also : (a, n, 3) array, optional
        See `principal_modes`.

    Returns
    -------
    Unsaid
        With which models of the others tell best what each bone's surface is, given its outlines from front and side:
        the probability density of the truth is the highest, on average. It is high where errors are small and as large
        as the model says. Of what is as good but for one standard error the smallest: a bone that may be anything would
        explain views that stand elsewhere than was said, and things that are no bone.

    References
    ----------
    L. Breiman, J. H. Friedman, R. A. Olshen, C. J. Stone, "Classification and regression trees", 1984, section 3.4.3.
    T. Gneiting, A. E. Raftery, "Strictly proper scoring rules, prediction, and estimation", Journal of the American
    Statistical Association 102, 2007.
    """
    mean = samples.mean(axis=0)
    mesh = prepared(faces, len(mean))
    normals, size = mesh.normals(mean), np.sqrt(area_and_volume(mean, faces)[0].sum())
    folds = [_Seen.without(samples, number, mesh, also) for number in range(len(samples))]
    scores = {}
    for share in _LENGTHS:
        fields, deviations = _fields(mean, normals, share * size, _MODES)
        for amplitude in _AMPLITUDES_MM:
            smooth = amplitude * fields * deviations[:, None]
            told = [_surprise(*fold.told(smooth, normals)) for fold in folds]
            scores[Unsaid(amplitude, float(share * size))] = np.array(told)
    best = min(scores.values(), key=np.mean)
    enough = best.mean() + best.std(ddof=1) / np.sqrt(len(best))
    good = [
        (each.amplitude_mm, score.mean(), each.length_mm) for each, score in scores.items() if score.mean() <= enough
    ]
    amplitude, _, length = min(good)
    return Unsaid(amplitude, length)


def told_from_outlines(
    samples: np.ndarray, faces: np.ndarray, unsaid: Unsaid, also: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """How well models tell bones that they do not know from outlines seen from front and side, linearised.

    Returns
    -------
    off_mm : (s,) array
        Mean distance along the normals of each bone from what the others' model makes of its outlines.
    covered : (s,) array
        Share of its points that are no farther off than two of the standard deviations that the model tells.
    """
    mean = samples.mean(axis=0)
    mesh = prepared(faces, len(mean))
    normals = mesh.normals(mean)
    fields, deviations = _fields(mean, normals, unsaid.length_mm, _MODES)
    smooth = unsaid.amplitude_mm * fields * deviations[:, None]
    told = [_Seen.without(samples, number, mesh, also).told(smooth, normals) for number in range(len(samples))]
    return (
        np.array([np.abs(error).mean() for error, _ in told]),
        np.array([(error**2 < 4 * variance).mean() for error, variance in told]),
    )


def _surprise(error: np.ndarray, variance: np.ndarray) -> float:
    """Minus twice the mean logarithm of the density of errors, but for a constant."""
    return float(np.mean(error**2 / variance + np.log(variance)))


@dataclass(frozen=True)
class _Seen:
    """A bone that was left out: what its outlines show, and what the others' principal modes make of that.

    Attributes
    ----------
    normals : (n, 3) array
        Of the bone.
    off : (n,) array
        How far it is from the others' mean along them (mm).
    moves : (k, n) array
        What the others' modes, stretches and rigid motions add along them.
    outline : (m,) int array
        Points that the outlines show.
    trust : (m,) array
        Inverse variances.
    checked : (c,) int array
    """

    normals: np.ndarray
    off: np.ndarray
    moves: np.ndarray
    outline: np.ndarray
    trust: np.ndarray
    checked: np.ndarray

    @classmethod
    def without(cls, samples: np.ndarray, number: int, mesh: Mesh, also: np.ndarray | None) -> _Seen:
        """Leave one of the samples out."""
        others = np.delete(samples, number, axis=0)
        mean = others.mean(axis=0)
        modes, deviations, _ = principal_modes(others, also)
        truth = samples[number]
        normals = mesh.normals(truth)
        around = (mean - mean.mean(axis=0)) / np.linalg.norm(np.ptp(mean, axis=0))
        rigid = [np.broadcast_to(axis, mean.shape) for axis in np.eye(3)] + [np.cross(a, around) for a in np.eye(3)]
        ways = np.concatenate([modes * deviations[:, None, None], stretches(mean), _RIGID_MM * np.array(rigid)])
        outline, trust = _outline(truth, normals, mesh)
        checked = np.random.default_rng(0).choice(len(mean), min(_CHECKED, len(mean)), replace=False)
        return cls(
            normals,
            np.einsum("ni,ni->n", truth - mean, normals),
            np.einsum("kni,ni->kn", ways, normals),
            outline,
            trust,
            checked,
        )

    def told(self, smooth: np.ndarray, along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Errors (c,) of what the outlines let the model say, and the variances that it tells.

        Parameters
        ----------
        smooth : (j, n) array
            Displacements besides the others' modes, each of one standard deviation.
        along : (n, 3) array
            Normals that they run along.
        """
        moves = np.concatenate([self.moves, smooth * np.einsum("ni,ni->n", along, self.normals)])
        seen, asked = moves[:, self.outline], moves[:, self.checked]
        covariance = np.linalg.inv((seen * self.trust) @ seen.T + np.eye(len(moves)))
        error = asked.T @ (covariance @ (seen @ (self.trust * self.off[self.outline]))) - self.off[self.checked]
        return error, _FLOOR_MM**2 + np.einsum("kn,kn->n", asked, covariance @ asked)


def _outline(points: np.ndarray, normals: np.ndarray, mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Points at which rays graze a surface, and how much each tells: its neighbours' errors are its own."""
    from scipy.spatial import cKDTree

    found, trust = [], []
    first, second = mesh.edges.T
    for ray in _RAYS:
        grazing = normals @ ray
        crossed = (grazing[first] > 0) != (grazing[second] > 0)
        nearer = np.where(np.abs(grazing[first]) < np.abs(grazing[second]), first, second)
        rim = np.unique(nearer[crossed])
        spacing = cKDTree(points[rim]).query(points[rim], 3)[0][:, 1:].mean(axis=1)
        found.append(rim)
        trust.append(np.minimum(spacing / _CORRELATED_MM, 1.0) / _NOISE_MM**2)
    return np.concatenate(found), np.concatenate(trust)


def _fields(points: np.ndarray, normals: np.ndarray, length: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Principal functions (k, n) of a random field of variance one on a surface, of RMS one, and their deviations."""
    from scipy.sparse.linalg import eigsh
    from scipy.spatial.distance import cdist

    squared = cdist(points, points, "sqeuclidean") / (2 * length**2)
    kernel = (np.exp(-squared) + np.exp(-squared / _NARROW**2)) / 2 * (normals @ normals.T)
    begin = np.random.default_rng(0).standard_normal(len(points))
    strengths, fields = eigsh(kernel, min(count, len(points) - 2), v0=begin)
    strengths, fields = strengths[::-1], fields[:, ::-1]
    kept = strengths > 1e-9 * strengths[0]
    return fields.T[kept] * np.sqrt(len(points)), np.sqrt(strengths[kept] / len(points))
