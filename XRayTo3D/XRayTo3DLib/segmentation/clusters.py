"""K-means clustering of grey values, done on their histogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ReconstructionError

LEVELS = 65536  # grey levels of the histogram: a 16-bit picture keeps every value of its own
_FITTED_LEVELS = 2048  # that k-means runs on, merged from those of the histogram
_START_LEVELS = 512  # of the search for the starting centres


@dataclass(frozen=True)
class Clusters:
    """Clusters of grey values.

    Attributes
    ----------
    centers : (k,) float64 array
        Mean grey value of each cluster, rising.
    edges : (k - 1,) float64 array
        Grey values half way between neighbouring centres: a pixel on an edge belongs to the darker cluster.
    labels : (rows, columns) uint8 array
        Cluster of every pixel of the picture, 0 the darkest.
    inertia : float
        Sum of squared distances of the clustered pixels to their centres.
    """

    centers: np.ndarray
    edges: np.ndarray
    labels: np.ndarray
    inertia: float


def cluster(pixels: np.ndarray, k: int = 4, region: np.ndarray | None = None) -> Clusters:
    """Cluster grey values by k-means.

    Only the histogram matters to k-means in one dimension, so scikit-learn's KMeans runs on grey levels
    weighted by their counts, from centres that dynamic programming finds on a coarser histogram. It minimises
    the same sum as k-means over all pixels, has one start and always the same answer.

    Parameters
    ----------
    pixels : (rows, columns) float array
        Grey values in 0..1.
    k : int
        Number of clusters, 2 to 32.
    region : (rows, columns) bool array, optional
        Pixels to learn the clusters from; all pixels get a label.

    Returns
    -------
    Clusters

    Raises
    ------
    ReconstructionError
        If `k` or the grey values are out of range, or there are fewer than `k` different grey values.

    Examples
    --------
    >>> found = cluster(np.array([[0.1, 0.1, 0.9], [0.2, 0.8, 0.9]]), 2)
    >>> found.labels
    array([[0, 0, 1],
           [0, 1, 1]], dtype=uint8)

    References
    ----------
    H. Wang and M. Song, "Ckmeans.1d.dp: optimal k-means clustering in one dimension by dynamic programming",
    The R Journal 3(2), 2011.
    """
    from sklearn.cluster import KMeans

    check_cluster_count(k)
    if not (np.min(pixels) >= 0 and np.max(pixels) <= 1):  # so written, NaN fails too
        raise ReconstructionError("Clustering needs gray values between 0 and 1: scale the picture first.")
    codes = np.multiply(pixels, LEVELS - 1, dtype=np.float32)
    np.rint(codes, out=codes)
    codes = codes.astype(np.uint16)
    counts = np.bincount((codes if region is None else codes[region]).ravel(), minlength=LEVELS)
    present = np.flatnonzero(counts)
    if len(present) < k:
        raise ReconstructionError(
            f"The region has too few different gray values ({len(present)}) for {k} clusters: mark a larger region, "
            "or give the bone's gray range or a mask."
        )
    values, weights = present / (LEVELS - 1), counts[present].astype(float)
    merged, mass = _merge(values, weights, _FITTED_LEVELS)
    start = _optimal_centers(*_merge(merged, mass, _START_LEVELS), k)
    fit = KMeans(k, init=start[:, None], n_init=1, max_iter=300, tol=0.0).fit(merged[:, None], sample_weight=mass)
    centers = np.sort(fit.cluster_centers_.ravel())
    nearest = np.searchsorted((centers[1:] + centers[:-1]) / 2, values)  # all levels, once more
    centers = np.bincount(nearest, weights * values, k) / np.bincount(nearest, weights, k)
    edges = (centers[1:] + centers[:-1]) / 2
    lookup = np.searchsorted(edges, np.arange(LEVELS) / (LEVELS - 1)).astype(np.uint8)
    inertia = float((weights * (values - centers[lookup[present]]) ** 2).sum())
    return Clusters(centers, edges, lookup[codes], inertia)


def check_cluster_count(k: int) -> None:
    """Raise ReconstructionError unless there are 2 to 32 clusters."""
    if not 2 <= k <= 32:
        raise ReconstructionError(f"The number of clusters must lie between 2 and 32, not {k}.")


def _merge(values: np.ndarray, weights: np.ndarray, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Merge sorted grey levels to at most `levels`: neither wide, nor heavy, nor of many levels.

    A third of the bounds cuts the range, the pixels, and the levels each into equal parts, so that what is
    far apart, what is frequent, and what is rare among the frequent all stay resolved.
    """
    if len(values) <= levels:
        return values, weights
    parts = levels // 3
    below = np.concatenate([[0.0], np.cumsum(weights)[:-1]]) / weights.sum()
    width = (values - values[0]) / (values[-1] - values[0])
    rank = np.arange(len(values)) / len(values)
    bounds = np.zeros(len(values) - 1, bool)
    for share in (width, below, rank):
        bounds |= np.diff(np.floor(share * (parts - 1))) > 0
    group = np.concatenate([[0], np.cumsum(bounds)])
    mass = np.bincount(group, weights)
    return np.bincount(group, weights * values) / mass, mass


def _optimal_centers(values: np.ndarray, weights: np.ndarray, k: int) -> np.ndarray:
    """Centres of the best k clusters of sorted values: cost(k, ..j) = min over i of cost(k-1, ..i) + sse(i..j)."""
    n = len(values)
    mass, first, second = (np.concatenate([[0.0], np.cumsum(weights * values**p)]) for p in range(3))

    def squared_error(i: np.ndarray, j: int | np.ndarray) -> np.ndarray:
        return (second[j] - second[i]) - (first[j] - first[i]) ** 2 / (mass[j] - mass[i])

    cost = np.concatenate([[0.0], squared_error(np.zeros(n, int), np.arange(1, n + 1))])
    split = np.zeros((k + 1, n + 1), int)
    for clusters in range(2, k + 1):
        previous = cost
        cost = np.full(n + 1, np.inf)
        for j in range(clusters, n + 1):
            i = np.arange(clusters - 1, j)
            candidates = previous[i] + squared_error(i, j)
            best = candidates.argmin()
            cost[j], split[clusters, j] = candidates[best], i[best]
    bounds = [n]
    for clusters in range(k, 1, -1):
        bounds.append(split[clusters, bounds[-1]])
    bounds = np.array([*bounds, 0])[::-1]
    return np.diff(first[bounds]) / np.diff(mass[bounds])
