"""A bone broken in several places, one after the other: a segmental fracture has an intact piece between two breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .bone import Bone
from .fracture import Fracture, displacement, random_fracture, split_bone

_KINDS = ("transverse", "oblique")  # a spiral reaches from one break to the next
_PLACES = ((0.28, 0.4), (0.6, 0.72))  # where a bone breaks, as shares of its length from the top


@dataclass(frozen=True)
class Pieces:
    """A bone in pieces, from its upper end to the lower one.

    Attributes
    ----------
    bones : tuple of Bone
        As they lie.
    motions : tuple of (4, 4) float64 array
        What took each from where it belongs to where it lies; the uppermost one stays.
    frames : tuple of (4, 4) float64 array
        Of each break, before anything was displaced: see `break_frame`.
    """

    bones: tuple[Bone, ...]
    motions: tuple[np.ndarray, ...]
    frames: tuple[np.ndarray, ...]


def break_in_pieces(bone: Bone, fractures: Sequence[Fracture]) -> Pieces:
    """Break a bone in several places.

    Parameters
    ----------
    bone : Bone
    fractures : sequence of Fracture
        The uppermost first. Each displaces all that is below it, against the piece above it.

    Returns
    -------
    Pieces

    Raises
    ------
    SimulationError
        If the bone cannot be broken so: see `break_bone`; and if a break is not below the one before.
    """
    bones, motions, frames = [], [np.eye(4)], []
    rest, top = bone, 0.0
    for fracture in fractures:
        place = (fracture.place - top) / (1 - top)  # of what is left of the bone
        piece, rest, frame = split_bone(rest, replace(fracture, place=place))
        bones.append(piece.moved(motions[-1]))
        motions.append(motions[-1] @ displacement(frame, fracture))
        frames.append(frame)
        top = fracture.place
    return Pieces((*bones, rest.moved(motions[-1])), tuple(motions), tuple(frames))


def random_segmental(rng: np.random.Generator, displaced: bool = True) -> tuple[Fracture, Fracture]:
    """Draw the two breaks of a segmental fracture of a shaft, each as `random_fracture` draws one."""
    return tuple(
        replace(random_fracture(rng, displaced, str(rng.choice(_KINDS))), place=float(rng.uniform(*places)))
        for places in _PLACES
    )
