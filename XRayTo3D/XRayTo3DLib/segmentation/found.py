"""The bone that was found in a picture, and how."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..geometry.outline import Outline
from .bone import count_pieces
from .by_clusters import Clustered
from .clusters import Clusters
from .network.reader import Landmark, Reading

HIP = "hip"  # a hip bone: what the networks, which know the pelvis as one bone, see of it on one side


def _not_grouped() -> None:
    """No clusters: none were made, and none are to be looked at."""


@dataclass(frozen=True)
class Bone:
    """The bone that was found, and how.

    Attributes
    ----------
    mask : (rows, columns) bool array
    method : {"network", "clusters", "threshold", "drawn"}
    reason : str
        Why so.
    name : str
        Which bone it is, where the network knows: one of `by_network.BONES`, or `HIP`, one side of a pelvis; otherwise
        "".
    confidence : float or None
        Of the network in its mask (see `confidence.confidence_in`). None where it was not asked, or sees another bone
        than the one that was drawn.
    trace : callable
        Draws `outlines`, which are made when they are first asked for.
    first, second : Reading or None
        What the network said of all that was marked, and of the bone.
    landmarks : dict of str to Landmark
    group : callable
        Makes `clustered`, when it is first asked for.
    grey_range : (float, float) or None
        Of the picture itself, where a user gave it.
    warnings : tuple of str
    named : float or None
        Probability that it is the bone of its name that somebody drew a box round; None where nobody did.
    """

    mask: np.ndarray
    method: str
    reason: str
    name: str = ""
    confidence: float | None = None
    trace: Callable[[], tuple[Outline, ...]] = tuple
    first: Reading | None = None
    second: Reading | None = None
    landmarks: dict[str, Landmark] = field(default_factory=dict)
    group: Callable[[], Clustered | None] = _not_grouped
    grey_range: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()
    named: float | None = None

    @functools.cached_property
    def outlines(self) -> tuple[Outline, ...]:
        """Outlines of the mask."""
        return self.trace()

    @functools.cached_property
    def clustered(self) -> Clustered | None:
        """Flattened picture and clusters of grey values: what found the bone, or what is beside what found it."""
        return self.group()

    @property
    def flattened(self) -> np.ndarray | None:
        """The flattened picture, (rows, columns) float32, where there are clusters."""
        return None if self.clustered is None else self.clustered.flattened

    @property
    def clusters(self) -> Clusters | None:
        """Clusters of grey values."""
        return None if self.clustered is None else self.clustered.clusters

    @property
    def bone_range(self) -> tuple[float, float] | None:
        """Grey range of bone: as a user gave it, or as clusters have it."""
        return self.grey_range or (None if self.clustered is None else self.clustered.bone_range)

    def as_json(self) -> dict:
        """The bone in numbers and words; masks and outlines are not in it."""
        return {
            "method": self.method,
            "reason": self.reason,
            "name": self.name or None,
            "confidence": self.confidence,
            "pixels": int(np.count_nonzero(self.mask)),
            "pieces": count_pieces(self.mask),
            "landmarks": {
                name: {"x": mark.x, "y": mark.y, "confidence": mark.confidence} for name, mark in self.landmarks.items()
            },
        }
