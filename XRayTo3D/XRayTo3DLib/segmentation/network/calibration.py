"""What a reader network's answers are worth: weights that turn them into probabilities, kept beside the network."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...errors import ReconstructionError
from ...helpers.reading import parse_json, read_text
from .loading import SHIPPED
from .logits import sigmoid


def probability(check: str, names: Sequence[str], values: np.ndarray, reader: str | os.PathLike | None) -> float:
    """Probability that a check's answer is yes, as calibrated on simulated radiographs that were not trained with.

    The parameters are those of `score`.
    """
    return float(sigmoid(score(check, names, values, reader)))


def score(check: str, names: Sequence[str], values: np.ndarray, reader: str | os.PathLike | None) -> float:
    """What a regression makes of features: of a check that is answered by yes or no, the logit of yes.

    Parameters
    ----------
    check : str
        Which, as the calibration file calls it.
    names : sequence of str
        Of its features.
    values : (n,) array
        The features.
    reader : path, optional
        The network that was used; its calibration lies beside it.

    Raises
    ------
    ReconstructionError
        If the calibration cannot be read, or is of another layout.
    """
    weights, bias = _weights(str(Path(reader or SHIPPED).with_suffix(".json")), check, tuple(names))
    return float(bias + values @ weights)


@functools.lru_cache(maxsize=16)
def _weights(path: str, check: str, names: tuple[str, ...]) -> tuple[np.ndarray, float]:
    try:
        read = parse_json(read_text(path))[check]
        weights = np.array([read["weights"][name] for name in names], float)
        bias = float(read["bias"])
        if not (weights.shape == (len(names),) and np.isfinite(weights).all() and np.isfinite(bias)):
            raise ValueError("weights that are not finite numbers")
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise ReconstructionError(
            f"The reader network's calibration {path} is missing, damaged or of another layout ({error}): train the "
            "network again, which makes both."
        ) from error
    return weights, bias
