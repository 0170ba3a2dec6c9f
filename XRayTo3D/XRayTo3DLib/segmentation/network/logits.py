"""Probabilities from logits, and back."""

from __future__ import annotations

import numpy as np

_MOST_LOGIT = 6.0


def sigmoid(values: np.ndarray) -> np.ndarray:
    """Probabilities of logits."""
    return 1 / (1 + np.exp(-np.clip(values, -30, 30)))


def softmax(values: np.ndarray) -> np.ndarray:
    """Probabilities of logits of which one is true."""
    shares = np.exp(values - values.max())
    return shares / shares.sum()


def log_odds(probability: float) -> float:
    """Logarithm of the odds of a probability, no farther from 0 than 6."""
    return float(np.clip(np.log(max(probability, 1e-9) / max(1 - probability, 1e-9)), -_MOST_LOGIT, _MOST_LOGIT))


def expected_dice(logit: np.ndarray) -> float:
    """Dice coefficient of a mask with the truth, if the probabilities of its logits hold."""
    probability, mask = sigmoid(logit), logit > 0
    return float(2 * probability[mask].sum() / max(np.count_nonzero(mask) + probability.sum(), 1))
