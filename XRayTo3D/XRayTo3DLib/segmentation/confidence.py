"""How sure one may be of what the networks found."""

from __future__ import annotations

import os

import numpy as np

from .by_network import ByNetwork
from .morphology import dice
from .network.calibration import probability
from .network.logits import expected_dice, log_odds
from .network.look import channel_of
from .network.reader import sureness
from .network.window import carried

SURENESS = ("sureness", "named", "expected", "alike", "fact")
IN_A_BOX = ("named", "expected", "alike")
_NOTHING = -20.0  # logit where nothing can be


def confidence_in(seen: ByNetwork, reader: str | os.PathLike | None = None) -> float:
    """Probability that a mask is right (a Dice of 0.9 or more with the bone's), as calibrated on simulated radiographs.

    Parameters
    ----------
    seen : ByNetwork
    reader : path, optional
        The network that was used; its calibration lies beside it.

    Raises
    ------
    ReconstructionError
        If the network's calibration cannot be read.
    """
    if seen.second is None or not seen.mask.any():
        return 0.0
    if seen.named is None:
        return probability("mask_check", SURENESS, sureness_features(seen), reader)
    return probability("box_check", IN_A_BOX, box_features(seen), reader)


def sureness_features(seen: ByNetwork) -> np.ndarray:
    """Numbers that tell a right mask from a wrong one where nobody marked a bone: `SURENESS`, (5,) float64 array.

    Logits of how sure both looks are (see `reader.sureness`), of what the tracer that was not told the bone's name says
    of it, of the Dice coefficient that the mask has if its probabilities hold, of that of the mask and what the tracer
    draws without the name, and of a femur in the picture.
    """
    assert seen.second is not None and seen.second.untold is not None
    shares = (
        sureness(seen.first, seen.second, channel_of(seen.name)),
        seen.second.untold.names[seen.name],
        *_drawn(seen),
        seen.first.facts["femur"],
    )
    return np.array([log_odds(share) for share in shares])


def box_features(seen: ByNetwork) -> np.ndarray:
    """Numbers that tell a right mask from a wrong one in a box: `IN_A_BOX`, (3,) float64 array.

    Logits of the probability of its name, and of the same two Dice coefficients as of `sureness_features`. What the
    reader sees from far counts for nothing: small bones it often misses.
    """
    assert seen.named is not None
    return np.array([log_odds(share) for share in (seen.named, *_drawn(seen))])


def _drawn(seen: ByNetwork) -> tuple[float, float]:
    """Dice coefficient that a mask has if its probabilities hold, and that of it and what is drawn without the name."""
    logit, untold = seen.second.logit(channel_of(seen.name)), seen.second.untold
    also = carried(untold.logit("mask"), untold.window, seen.second.window, _NOTHING)
    return expected_dice(logit), dice(logit > 0, also > 0)
