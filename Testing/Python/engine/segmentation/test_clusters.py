"""K-means on the histogram: the exact optimum to 0.1 %, whatever the picture, and labels that follow from it."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.segmentation import cluster

TOP = 65535


def optimum(levels, counts, k) -> float:
    """Least sum of squared distances to k centres, by dynamic programming over all distinct grey levels.

    Sums are of whole numbers, measured from the first level, so that they are exact.
    """
    values = [int(v) - int(levels[0]) for v in levels]
    sums = [[0], [0], [0]]
    for value, count in zip(values, counts, strict=True):
        for power in range(3):
            sums[power].append(sums[power][-1] + int(count) * value**power)
    mass, first, second = (np.array(s, np.longdouble) for s in sums)
    n = len(values)
    cost = np.concatenate([[0], second[1:] - first[1:] ** 2 / mass[1:]])
    for clusters in range(2, k + 1):
        before, cost = cost, np.full(n + 1, np.inf, np.longdouble)
        for j in range(clusters, n + 1):
            i = np.arange(clusters - 1, j)
            spread = (second[j] - second[i]) - (first[j] - first[i]) ** 2 / (mass[j] - mass[i])
            cost[j] = (before[i] + np.maximum(spread, 0)).min()
    return float(cost[n]) / TOP**2


def picture(levels, counts) -> np.ndarray:
    """A picture, one column wide, with these grey levels so many times each."""
    return (np.repeat(levels, counts) / TOP).astype(np.float32)[:, None]


def inertia_of(pixels, found) -> float:
    """Sum of squared distances of pixels to the centres of their labels, added up anew."""
    return float(((pixels.astype(float) - found.centers[found.labels]) ** 2).sum())


def check_optimal(levels, counts, k):
    found = cluster(picture(levels, counts), k)
    best = optimum(levels, counts, k)
    # 1e-12 of a grey range per pixel, squared, is what float64 can tell.
    assert found.inertia <= 1.001 * best + 1e-12 * sum(counts)
    assert found.inertia >= 0.999 * best - 1e-12 * sum(counts)
    assert len(found.centers) == k and (np.diff(found.centers) > 0).all()


@st.composite
def histograms(draw):
    """Few to some hundred grey levels, even or clustered, with outliers, and counts from 1 to thousands."""
    kind = draw(st.sampled_from(["few", "bumps", "outliers"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    k = draw(st.integers(2, 8))
    if kind == "few":
        levels = draw(st.lists(st.integers(0, TOP), min_size=k, max_size=30, unique=True))
    elif kind == "bumps":
        centres = rng.integers(0, TOP, draw(st.integers(1, 9)))
        levels = np.concatenate([rng.normal(c, 10 ** rng.uniform(0.5, 3.5), 40) for c in centres])
    else:
        levels = np.concatenate([rng.integers(30000, 30200, 150), rng.integers(0, TOP, draw(st.integers(1, 6)))])
    levels = np.unique(np.clip(levels, 0, TOP).astype(int))
    if len(levels) < k:
        levels = np.unique(np.concatenate([levels, np.arange(k)]))
    counts = rng.choice([1, 1, 2, 10, 300, 3000], len(levels))
    return levels, counts, k


@settings(max_examples=60, deadline=None)
@given(histograms())
@example((np.array([0, 1, 65535]), np.array([1, 1, 3000]), 2))
@example((np.array([0, 1, 65534, 65535]), np.array([3000, 1, 1, 3000]), 3))
@example((np.arange(8), np.ones(8, int), 8))
def test_inertia_is_within_a_thousandth_of_the_optimum(histogram):
    check_optimal(*histogram)


@pytest.mark.parametrize("k", [2, 4, 7])
@pytest.mark.parametrize("kind", ["even", "exponential", "tight bump, far outliers", "spikes between dense ends"])
def test_optimum_where_grey_levels_are_merged_for_the_search(kind, k):
    """More distinct levels than the search for the start looks at one by one."""
    rng = np.random.default_rng(k)
    levels = {
        "even": lambda: np.arange(0, TOP, 45),
        "exponential": lambda: np.unique(np.minimum(rng.exponential(4000, 1800), TOP).astype(int)),
        "tight bump, far outliers": lambda: np.unique(np.r_[0, 7, rng.normal(31000, 500, 3000).astype(int), TOP]),
        "spikes between dense ends": lambda: np.unique(np.r_[0:600, 30000:30300, 64900:TOP]),
    }[kind]()
    assert len(levels) > 1024
    counts = rng.choice([1, 2, 10, 1000], len(levels), p=[0.6, 0.3, 0.09, 0.01])
    check_optimal(levels, counts, k)


@pytest.mark.parametrize("seed", range(4))
def test_optimum_of_spikes_between_two_heavy_ends(seed):
    """A narrow bump of many levels holds all the structure; nearly all pixels are black or white."""
    rng = np.random.default_rng(seed)
    bump = 20000 + np.arange(1100)
    counts = np.ones(len(bump), int)
    counts[rng.choice(len(bump), 12, replace=False)] = rng.choice([10, 100, 300, 1000], 12)
    check_optimal(np.r_[0, bump, TOP], np.r_[100_000, counts, 200_000], 8)


@pytest.mark.parametrize("k", [2, 3, 4, 6])
def test_no_worse_than_scikit_learn_over_all_pixels(phantom, k):
    pixels = (phantom[::2, ::2] / TOP).astype(np.float32)
    theirs = KMeans(k, n_init=10, random_state=0).fit(pixels.reshape(-1, 1)).inertia_
    found = cluster(pixels, k)
    assert found.inertia <= 1.0001 * theirs
    assert inertia_of(pixels, found) == pytest.approx(found.inertia, rel=1e-4)


def test_same_picture_same_answer(phantom):
    pixels = (phantom / TOP).astype(np.float32)
    first, second = cluster(pixels, 5), cluster(pixels.copy(), 5)
    assert np.array_equal(first.centers, second.centers) and np.array_equal(first.labels, second.labels)
    # Where a pixel lies does not matter, only how many there are of each grey value.
    turned = cluster(np.ascontiguousarray(pixels[::-1, ::-1]), 5)
    assert np.array_equal(first.centers, turned.centers)


def test_labels_centres_and_edges_agree(phantom):
    pixels = (phantom / TOP).astype(np.float32)
    found = cluster(pixels, 5)
    assert found.labels.shape == pixels.shape and found.labels.dtype == np.uint8
    assert np.allclose(found.edges, (found.centers[1:] + found.centers[:-1]) / 2)
    nearest = np.abs(pixels[..., None] - found.centers).argmin(axis=-1)
    clear = np.abs(pixels[..., None] - found.edges).min(axis=-1) > 1e-5
    assert np.array_equal(found.labels[clear], nearest[clear])
    for label, centre in enumerate(found.centers):
        assert pixels[found.labels == label].mean() == pytest.approx(centre, abs=5e-4)


def test_a_pixel_on_an_edge_is_dark():
    pixels = np.array([[0.0, 0.0, 1.0, 1.0, 0.5]], np.float32)
    region = np.array([[True, True, True, True, False]])
    found = cluster(pixels, 2, region)
    assert found.edges.tolist() == [0.5]
    # A 16-bit level is the finest that is told apart: 0.5 lies on level 32767.5.
    assert cluster(np.array([[0.0, 1.0, 32767 / TOP]], np.float32), 2, np.array([[1, 1, 0]], bool)).labels[0, 2] == 0


def test_only_the_region_is_learnt_from():
    pixels = np.zeros((20, 30), np.float32)
    pixels[:, 10:20], pixels[:, 20:] = 0.4, 1.0
    region = np.zeros(pixels.shape, bool)
    region[:, :20] = True
    found = cluster(pixels, 2, region)
    assert np.allclose(found.centers, [0, 0.4], atol=1e-5)
    assert (found.labels[:, 20:] == 1).all()  # pixels outside get the label of the nearest centre
    assert found.inertia == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("k", [-1, 0, 1, 33, 99])
def test_number_of_clusters_out_of_range(phantom, k):
    with pytest.raises(ReconstructionError, match=f"between 2 and 32, not {k}"):
        cluster((phantom / TOP).astype(np.float32), k)


def test_too_few_grey_values():
    with pytest.raises(ReconstructionError, match=r"too few different gray values \(2\) for 3 clusters"):
        cluster(np.array([[0, 1.0]], np.float32), 3)
    pixels = np.linspace(0, 1, 100, dtype=np.float32)[None]
    with pytest.raises(ReconstructionError, match=r"gray values \(1\) for 2 clusters"):
        cluster(pixels, 2, pixels == 0)


@pytest.mark.parametrize("value", [np.nan, -0.1, 1.5, np.inf])
def test_grey_values_out_of_range(value):
    with pytest.raises(ReconstructionError, match="between 0 and 1"):
        cluster(np.array([[0, 1, 0.5, value]], np.float32), 2)
