"""The feed-forward network that lifts a radiograph to depth: three layers, three hidden nodes as shipped."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import ReconstructionError
from ..helpers.filters import average_inside, distance_inside
from ..helpers.reading import parse_json, read_text

FEATURES = (
    "across",  # distance from the outline, in the bone's half width there
    "width",  # that half width, in the bone's largest
    "inflated",  # half thickness of the inflated outline, in the largest
    "grey_fine",  # grey value averaged over ever larger parts, against that of the whole bone
    "grey",
    "grey_coarse",
    "base",  # base layer against that average, in its standard deviation
    "detail",  # detail layer, in its standard deviation
    "width_near",  # half width averaged over ever larger parts, in the largest
    "width_far",
)
SHIPPED = Path(__file__).with_name("depth_network.json")
_WHOLE = 6.0  # widths of averages, in the bone's largest half width
_GREYS, _WIDTHS = (0.1, 0.3, 1.0), (1.0, 3.0)
_MOST = 4.0  # features are held within this
_LEAST_FACTOR, _MOST_FACTOR = 0.4, 1.8
_SMOOTH = 0.1  # of the answer, in largest half widths: noise has no depth


@dataclass(frozen=True)
class DepthNetwork:
    """A perceptron with hyperbolic tangents in its hidden layers.

    Attributes
    ----------
    mean, scale : (10,) float64 array
        Of `FEATURES`: what is taken off, and what the rest is divided by.
    weights, biases : tuple of (inputs, outputs) and (outputs,) float64 array
        Of each layer but the first.
    """

    mean: np.ndarray
    scale: np.ndarray
    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Relative half thickness (n,) of (n, 10) `FEATURES`: against that of round cross-sections."""
        layer = (values - self.mean) / self.scale
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            layer = np.tanh(layer @ weight + bias)
        return (layer @ self.weights[-1] + self.biases[-1])[:, 0]

    def as_json(self) -> dict:
        """The network as JSON holds it."""
        return {
            "features": list(FEATURES),
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "weights": [weight.tolist() for weight in self.weights],
            "biases": [bias.tolist() for bias in self.biases],
        }


def features(
    outline: np.ndarray, mask: np.ndarray, grey: np.ndarray, base: np.ndarray, detail: np.ndarray
) -> np.ndarray:
    """What the network sees of every cell; no number depends on the size of cells or on the radiograph's contrast.

    Parameters
    ----------
    outline : (rows, columns) float32 array
        Squared half thickness of the inflated outline, in cells^2.
    mask : (rows, columns) bool array
        Cells of bone.
    grey, base, detail : (rows, columns) float32 arrays
        The radiograph and its layers.

    Returns
    -------
    (rows, columns, 10) float32 array
        `FEATURES`.
    """
    inflated = np.maximum(outline, 0)
    largest = max(float(np.sqrt(inflated.max())), 1e-6)
    away = np.maximum(distance_inside(np.pad(mask, 1))[1:-1, 1:-1] - np.float32(0.5), np.float32(0.5))
    # A chord's height h at a distance s from the edge of a circle of radius w: h^2 = s (2 w - s).
    half_width = (inflated / away + away) / 2

    def average(image: np.ndarray, width: float) -> np.ndarray:
        return average_inside(image, mask, max(width * largest, 0.5))

    whole = average(grey, _WHOLE)
    found = [
        away / np.maximum(half_width, 1),
        half_width / largest,
        np.sqrt(inflated) / largest,
        *(average(grey, width) / np.maximum(whole, 1e-3) - 1 for width in _GREYS),
        (base - whole) / _spread(base, mask),
        detail / _spread(detail, mask),
        *(average(half_width, width) / largest for width in _WIDTHS),
    ]
    return np.clip(np.stack(found, axis=-1), -_MOST, _MOST).astype(np.float32)


def relative_thickness(network: DepthNetwork, values: np.ndarray, mask: np.ndarray, largest: float) -> np.ndarray:
    """Factor (rows, columns) for the half thickness of the inflated outline; 0.4 to 1.8, and smooth.

    Parameters
    ----------
    network : DepthNetwork
    values : (rows, columns, 10) array
        From `features`.
    mask : (rows, columns) bool array
    largest : float
        Largest half width of the bone, in cells.
    """
    factor = np.ones(mask.shape, np.float32)
    factor[mask] = np.clip(network(values[mask]), _LEAST_FACTOR, _MOST_FACTOR)
    # Far from the bone there is nothing to average; a factor of 0 would make empty space a sheet without thickness.
    return np.maximum(average_inside(factor, mask, max(_SMOOTH * largest, 0.5)), np.float32(_LEAST_FACTOR))


def load_depth_network(path: str | os.PathLike | None = None) -> DepthNetwork:
    """Load a network, the one that is shipped if no other is named.

    Raises
    ------
    ReconstructionError
        If there is no such file, or it holds no network for `FEATURES`.
    """
    return _loaded(str(path or SHIPPED))


@functools.lru_cache(maxsize=2)
def _loaded(path: str) -> DepthNetwork:
    try:
        told = parse_json(read_text(path))
        network = DepthNetwork(
            np.array(told["mean"], float),
            np.array(told["scale"], float),
            tuple(np.array(each, float) for each in told["weights"]),
            tuple(np.array(each, float) for each in told["biases"]),
        )
        if tuple(told["features"]) != FEATURES:
            raise ValueError(f"features {told['features']}")
        _check(network)
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise ReconstructionError(
            f"depth network: {path} is missing, damaged or of another layout ({error}): make it again with `xrayto3d "
            "train-depth`."
        ) from error
    return network


def _check(network: DepthNetwork) -> None:
    count = len(FEATURES)
    if network.mean.shape != (count,) or network.scale.shape != (count,) or len(network.weights) < 1:
        raise ValueError("a mean or scale of another length, or no layers")
    if len(network.weights) != len(network.biases):
        raise ValueError(f"{len(network.weights)} layers of weights and {len(network.biases)} of biases")
    for weight, bias in zip(network.weights, network.biases, strict=True):
        if weight.ndim != 2 or weight.shape[0] != count or bias.shape != (weight.shape[1],):
            raise ValueError(f"weights {weight.shape} and biases {bias.shape} after a layer of {count}")
        count = weight.shape[1]
    if count != 1:
        raise ValueError(f"{count} outputs")
    numbers = [network.mean, network.scale, *network.weights, *network.biases]
    if not all(np.isfinite(each).all() for each in numbers) or not (network.scale > 0).all():
        raise ValueError("numbers that are not finite, or a scale that is not above zero")


def _spread(image: np.ndarray, mask: np.ndarray) -> float:
    # In double precision: how sums of single precision are rounded depends on where an array lies in memory, and the
    # same radiograph shall give the same surface.
    return max(float(image[mask].std(dtype=np.float64)), 1e-4)
