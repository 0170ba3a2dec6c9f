"""Finding the bone: by the reader network where it is sure, by clusters otherwise."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import ReconstructionError
from .bone import blind_border, bone_mask, check_pieces, count_pieces
from .by_clusters import find_by_clusters
from .by_network import find_by_network
from .clusters import Clusters, check_cluster_count
from .outline import Outline, outlines, smooth_field
from .reader import Landmark, Reading
from .region import is_marked
from .seeds import Seeds, check_seeds

SEGMENTATIONS = ("auto", "network", "clusters")
_SURE, _SURE_MARKED = 0.85, 0.7  # least confidence at which the network's mask is taken; where somebody marked a bone
_MOST = 1500  # rows or columns that an outline is drawn on


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
        Which bone it is, where the network knows: one of `by_network.BONES`; otherwise "".
    confidence : float or None
        Of the network in its mask (see `reader.sureness`). None where it was not asked.
    trace : callable
        Draws `outlines`, which are made when they are first asked for.
    first, second : Reading or None
        What the network said of all that was marked, and of the bone.
    landmarks : dict of str to Landmark
    flattened : (rows, columns) float32 array or None
    clusters : Clusters or None
    bone_range : (float, float) or None
    warnings : tuple of str
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
    flattened: np.ndarray | None = None
    clusters: Clusters | None = None
    bone_range: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()

    @functools.cached_property
    def outlines(self) -> tuple[Outline, ...]:
        """Outlines of the mask."""
        return self.trace()

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


def find_bone(
    pixels: np.ndarray,
    region: np.ndarray,
    segmentation: str = "auto",
    seeds: Seeds | None = None,
    pieces: str = "near",
    clusters: int = 2,
    reader: str | os.PathLike | None = None,
) -> Bone:
    """Find the bone in a radiograph.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
        Grey values in 0..1, bone bright.
    region : (rows, columns) bool array
        Where to look.
    segmentation : {"auto", "network", "clusters"}
        The reader network, grey value clusters, or the network where it is sure and clusters otherwise.
    seeds : Seeds, optional
        Clicks on the bone and beside it.
    pieces : {"main", "near", "all"}
    clusters : int
        Number of clusters.
    reader : path, optional
        Of another reader network than the one that is shipped.

    Returns
    -------
    Bone

    Raises
    ------
    ReconstructionError
        If no bone is found, or an argument is wrong.
    """
    if segmentation not in SEGMENTATIONS:
        raise ReconstructionError(f"The segmentation must be one of {', '.join(SEGMENTATIONS)}, not {segmentation!r}.")
    check_pieces(pieces)
    check_cluster_count(clusters)
    seeds = seeds or Seeds()
    check_seeds(seeds, region)
    if segmentation == "clusters":
        return _by_clusters(pixels, region, seeds, pieces, clusters, "asked for")
    least = _SURE_MARKED if seeds or is_marked(region) else _SURE
    seen = find_by_network(pixels, region, seeds, pieces, reader)
    if not seen.mask.any():
        reason = "the network sees no bone of the leg"
    else:
        sure = "is sure of" if seen.confidence >= least else "is not sure of"
        reason = f"the network {sure} the {seen.name} ({seen.confidence:.2f})"
    if segmentation == "auto" and seen.confidence < least:
        found = _by_clusters(pixels, region, seeds, pieces, clusters, reason)
        return replace(found, confidence=seen.confidence, first=seen.first, second=seen.second)
    if not seen.mask.any():
        raise ReconstructionError(f"no bone found: {reason}. Mark the bone with a region, a click or a mask.")
    return Bone(
        seen.mask,
        "network",
        reason,
        seen.name,
        seen.confidence,
        lambda: seen.outlines,
        seen.first,
        seen.second,
        seen.landmarks,
        warnings=seen.warnings,
    )


def bone_by_threshold(
    pixels: np.ndarray, grey_range: tuple[float, float], region: np.ndarray, pieces: str = "near"
) -> Bone:
    """Bone of a grey range that the user chose."""
    if (seen := region & ~blind_border(pixels)).any():
        region = seen
    mask = bone_mask(pixels, grey_range, region, pieces)
    return Bone(
        mask,
        "threshold",
        "a grey range was given",
        trace=lambda: _outlines_of(mask, region, pixels),
        bone_range=tuple(grey_range),
    )


def bone_as_drawn(pixels: np.ndarray, mask: np.ndarray) -> Bone:
    """Bone as the user drew it."""
    whole = np.ones(mask.shape, bool)
    return Bone(mask, "drawn", "a mask was given", trace=lambda: _outlines_of(mask, whole, pixels))


def _by_clusters(pixels: np.ndarray, region: np.ndarray, seeds: Seeds, pieces: str, clusters: int, reason: str) -> Bone:
    found = find_by_clusters(pixels, region, clusters, seeds, pieces)
    return Bone(
        found.mask,
        "clusters",
        reason,
        trace=lambda: _outlines_of(found.mask, region, pixels),
        flattened=found.flattened,
        clusters=found.clusters,
        bone_range=found.bone_range,
    )


def _outlines_of(mask: np.ndarray, region: np.ndarray, pixels: np.ndarray) -> tuple[Outline, ...]:
    """Outlines of a mask, on a grid that is not finer than they can be."""
    import cv2

    scale = min(1.0, _MOST / max(mask.shape))
    size = tuple(max(1, round(scale * n)) for n in mask.shape)[::-1]
    share, grey, seen = (
        cv2.resize(each.astype(np.float32), size, interpolation=cv2.INTER_AREA) for each in (mask, pixels, region)
    )
    ratio = np.array([size[0] / mask.shape[1], size[1] / mask.shape[0]])
    matrix = np.column_stack([np.diag(ratio), 0.5 * ratio - 0.5])
    return outlines(smooth_field(share), matrix, (seen < 0.5) | blind_border(grey))
