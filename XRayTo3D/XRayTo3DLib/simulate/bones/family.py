"""Plausible femora: the mean of real ones, and random ones that vary together as those do."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from ...errors import SimulationError
from ...helpers.reading import parse_json, read_text
from .femur import trochanter_gap
from .parameters import Cortex, FemurParameters, from_vector, is_size, named

FILE = Path(__file__).with_name("femur_family.json")
_WIDEST = 2.5  # standard deviations
_LEAST, _MOST = 0.6, 1.6  # of the mean's sizes
_GAP = 2.0  # between trochanter and neck (mm), beyond which the trochanter may lie apart
# The surfaces that the family was fitted to do not show the cortex. Of one femur segmented with its canal it
# is 6.2 mm thick in the shaft and 2.0 mm at the ends; how much that varies is an assumption (mm).
_CORTEX, _CORTEX_SD = Cortex(6.2, 2.0), Cortex(1.0, 0.4)


def mean_femur(side: str = "left") -> FemurParameters:
    """The mean femur."""
    return _with_cortex(_family()[0], _CORTEX, side)


def modes_of_variation() -> int:
    """Number of ways in which femora of the family vary, independently of each other."""
    return len(_family()[1])


def varied(mode: int, far: float, side: str = "left") -> FemurParameters:
    """Move the mean femur along one of the modes of variation, by so many standard deviations."""
    mean, modes = _family()
    return _with_cortex(mean + far * modes[mode], _CORTEX, side)


def sample(seed: int, side: str | None = None) -> FemurParameters:
    """Draw a femur.

    Parameters
    ----------
    seed : int
        Chooses it; the same seed gives the same femur.
    side : {"left", "right"}, optional
        By default drawn as well.

    Returns
    -------
    FemurParameters
        Its numbers vary together as those of real femora, each mode of variation within 2.5 standard
        deviations, no size less than 0.6 or more than 1.6 times the mean's, and the trochanter's tip on the bone:
        some five in a thousand are drawn again for that.
    """
    mean, modes = _family()
    sizes = np.array([is_size(name) for name, _ in named(mean_femur())][: len(mean)])
    rng = np.random.default_rng(seed)
    drawn_side = str(rng.choice(["left", "right"]))
    while True:
        weights, thick, thin = _truncated(rng, len(modes)), *_truncated(rng, 2)
        cortex = Cortex(_CORTEX.shaft + thick * _CORTEX_SD.shaft, _CORTEX.ends + thin * _CORTEX_SD.ends)
        drawn = mean + weights @ modes
        drawn[sizes] = np.clip(drawn[sizes], _LEAST * mean[sizes], _MOST * mean[sizes])
        femur = _with_cortex(drawn, cortex, side or drawn_side)
        if trochanter_gap(femur) < _GAP:
            return femur


def summary(numbers: np.ndarray, names: list[str], share: float = 0.9) -> dict:
    """Mean and modes of variation of femora, as `femur_family.json` holds them.

    Parameters
    ----------
    numbers : (femora, n) array
    names : list of str
        Of the n numbers.
    share : float
        Of the variance that the modes explain together, each number in its own standard deviation.

    Returns
    -------
    dict
        "names", "mean" (n), "sd" (n) and "modes" (k, n): a femur is mean + w @ modes with independent standard
        normal weights w.
    """
    mean, sd = numbers.mean(axis=0), numbers.std(axis=0, ddof=1)
    scale = np.maximum(sd, 1e-9)
    _, strength, directions = np.linalg.svd((numbers - mean) / scale, full_matrices=False)
    count = 1 + int(np.searchsorted(np.cumsum(strength**2) / (strength**2).sum(), share))
    modes = (strength[:count, None] / np.sqrt(len(numbers) - 1)) * directions[:count] * scale
    rounded = {"mean": mean, "sd": sd, "modes": modes}
    return {"names": names} | {name: np.round(values, 4).tolist() for name, values in rounded.items()}


def read_family(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read the mean (n,) and the modes (k, n) of a family.

    Raises
    ------
    SimulationError
        If the file is missing or damaged, or its numbers are not those of a femur.
    """
    try:
        content = parse_json(read_text(path))
        names, mean, modes = content["names"], np.array(content["mean"], float), np.array(content["modes"], float)
        wanted = [name for name, _ in named(_with_cortex(mean, _CORTEX, "left"))]
        fits = names == wanted[: len(names)] and modes.shape == (len(modes), len(mean)) and len(names) == len(mean)
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise SimulationError(f"{path}: it is no family of femora ({error}); make it again with the fit.") from error
    if not fits:
        raise SimulationError(f"{path}: its numbers are not those of a femur; make it again with the fit.")
    if not (np.isfinite(mean).all() and np.isfinite(modes).all()):
        raise SimulationError(f"{path}: some of its numbers are not finite; make it again with the fit.")
    return mean, modes


@functools.cache
def _family() -> tuple[np.ndarray, np.ndarray]:
    return read_family(FILE)


def _truncated(rng: np.random.Generator, count: int) -> np.ndarray:
    """Standard normal numbers, drawn again where they are too far out."""
    drawn = rng.standard_normal(count)
    while (far := np.abs(drawn) > _WIDEST).any():
        drawn[far] = rng.standard_normal(int(far.sum()))
    return drawn


def _with_cortex(numbers: np.ndarray, cortex: Cortex, side: str) -> FemurParameters:
    """Femur of all numbers but the cortex's, which come last."""
    return from_vector(np.array([*numbers, cortex.shaft, cortex.ends]), side)
