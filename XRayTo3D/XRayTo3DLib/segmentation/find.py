"""Finding the bone: by the reader network where it is sure, by clusters otherwise."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..choices import SEGMENTATIONS
from ..errors import ReconstructionError
from ..geometry.outline import Outline, outlines, smooth_field
from .bone import blind_border, bone_mask, check_pieces
from .by_clusters import find_by_clusters
from .by_network import ByNetwork, find_all_by_network, find_by_network, find_near, landmarks_beside
from .clusters import check_cluster_count
from .confidence import confidence_in
from .found import HIP, Bone
from .morphology import dice, dilated
from .network.reader import Reading
from .network.search import Box
from .region import bounding_box, is_marked
from .seeds import Seeds, check_seeds

# Real films are harder than simulated ones, on which confidence was calibrated: half of the masks of which it is sure
# by a tenth are right there.
_LEAST_SURE, _LEAST_FACT = 0.12, 0.85  # at which a femur that the network is not sure of is taken all the same
_DOUBT = "The network is not sure of the {} ({:.2f}): look at its outline, and mark it with a box or clicks."
_SURE, _SURE_MARKED = 0.3, 0.02  # least confidence at which the network's mask is taken; where somebody marked a bone
_MOST = 1500  # rows or columns that an outline is drawn on
# Dice of the network's mask and a drawn one. Careful outlines of one bone agree better; half of a bone agrees with the
# whole by 0.67, and neighbors or a box round the bone by less than 0.8.
_SAME_BONE = 0.8
_ROOM = 0.15  # of a drawn mask's larger side, round it: what the network is shown
_BAND = 0.01  # of the outline grid's larger side: how far round a drawn mask blind areas are counted


def find_bone(
    pixels: np.ndarray,
    region: np.ndarray,
    segmentation: str = "auto",
    seeds: Seeds | None = None,
    pieces: str = "near",
    clusters: int = 2,
    reader: str | os.PathLike | None = None,
    expected: str = "",
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
    expected : str
        Which bone another view of it shows, "" where there is none: of that the network need not be sure.

    Returns
    -------
    Bone

    Raises
    ------
    ReconstructionError
        If no bone is found, or an argument is wrong.
    """
    check_segmentation(segmentation)
    check_pieces(pieces)
    check_cluster_count(clusters)
    seeds = seeds or Seeds()
    check_seeds(seeds, region)
    if segmentation == "clusters":
        return _by_clusters(pixels, region, seeds, pieces, clusters, "asked for")
    least = _SURE_MARKED if seeds or is_marked(region) else _SURE
    seen = find_by_network(pixels, region, seeds, pieces, reader)
    confidence = confidence_in(seen, reader)
    taken = bool(seen.mask.any()) and confidence >= least
    reason = "the network sees no bone of the leg"
    if seen.mask.any():
        reason = f"the network {'is' if taken else 'is not'} sure of the {seen.name} ({confidence:.2f})"
    if segmentation == "auto" and not (taken or _rather_that(seen, confidence, expected)):
        found = _by_clusters(pixels, region, seeds, pieces, clusters, reason)
        return replace(found, confidence=confidence, first=seen.first, second=seen.second, named=seen.named)
    if not seen.mask.any():
        raise ReconstructionError(f"No bone found: {reason}. Mark the bone with a region, a click or a mask.")
    return _by_network(seen, confidence, taken and confidence >= _LEAST_SURE, reason)


def find_bones(
    pixels: np.ndarray, region: np.ndarray, pieces: str = "near", reader: str | os.PathLike | None = None
) -> tuple[Bone, ...]:
    """Find every bone of the leg that the reader network sees, those of both legs apart.

    Parameters
    ----------
    pixels, region, pieces, reader
        As of `find_bone`.

    Returns
    -------
    tuple of Bone
        In the order of `BONES`, without those that the network hardly believes in itself. Of a pelvis, hip bones.

    Raises
    ------
    ReconstructionError
        If the network cannot be loaded.
    """
    check_pieces(pieces)
    found = []
    for seen in find_all_by_network(pixels, region, pieces, reader):
        confidence = confidence_in(seen, reader)
        if confidence >= _SURE_MARKED:
            bone = _by_network(
                seen, confidence, confidence >= _LEAST_SURE, f"the network sees a {seen.name} ({confidence:.2f})"
            )
            found.append(replace(bone, name=HIP) if seen.name == "pelvis" else bone)
    return tuple(found)


def find_told(
    pixels: np.ndarray, region: np.ndarray, name: str, pieces: str = "near", reader: str | os.PathLike | None = None
) -> Bone | None:
    """Find the bone that somebody drew a box round and called by its name, whatever the network would call it.

    Parameters
    ----------
    pixels, region, name, pieces, reader
        As of `find_bone_near`, whose errors it raises.

    Returns
    -------
    Bone or None
        None where the networks hardly believe in it.
    """
    seen = find_by_network(pixels, region, None, pieces, reader, name)
    confidence = confidence_in(seen, reader)
    if confidence < _SURE_MARKED:
        return None
    return _by_network(seen, confidence, confidence >= _LEAST_SURE, f"the box is told to be of a {name}")


def find_bone_near(
    pixels: np.ndarray,
    region: np.ndarray,
    name: str,
    box: Box,
    first: Reading,
    pieces: str = "near",
    reader: str | os.PathLike | None = None,
) -> Bone | None:
    """Find a bone of which it is known about where it is, and which no first look has shown.

    Parameters
    ----------
    pixels, region, name, box, first, pieces, reader
        As of `by_network.find_near`.

    Returns
    -------
    Bone or None
        None where the networks hardly believe in it themselves.

    Raises
    ------
    ReconstructionError
        If a network cannot be loaded.
    """
    seen = find_near(pixels, region, name, box, first, pieces, reader)
    confidence = confidence_in(seen, reader)
    if confidence < _SURE_MARKED:
        return None
    reason = f"the network sees a {name} ({confidence:.2f}) where the bones beside it tell that it is"
    return _by_network(seen, confidence, confidence >= _LEAST_SURE, reason)


def _by_network(seen: ByNetwork, confidence: float, sure: bool, reason: str) -> Bone:
    return Bone(
        seen.mask,
        "network",
        reason,
        seen.name,
        confidence,
        partial(_itself, seen.outlines),
        seen.first,
        seen.second,
        seen.landmarks,
        warnings=(*(() if sure else (_DOUBT.format(seen.name, confidence),)), *seen.warnings),
        named=seen.named,
    )


def _rather_that(seen: ByNetwork, confidence: float, expected: str) -> bool:
    """Whether the network's femur, or the bone expected, though it is not sure of it, is better than what is bright."""
    femur = seen.name == "femur" and seen.first.facts["femur"] >= _LEAST_FACT
    return confidence >= _LEAST_SURE and (femur or seen.name == expected)


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
        "a gray range was given",
        trace=partial(_outlines_of, mask, region, pixels),
        grey_range=tuple(grey_range),
    )


def bone_as_drawn(pixels: np.ndarray, mask: np.ndarray, region: np.ndarray | None = None) -> Bone:
    """Bone as the user drew it, of which nothing is known.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
    mask : (rows, columns) bool array
    region : (rows, columns) bool array, optional
        What cuts the mask off: there the bone goes on unseen.
    """
    region = np.ones(mask.shape, bool) if region is None else region
    mask = mask & region
    return Bone(mask, "drawn", "a mask was given", trace=partial(_outlines_of, mask, region, pixels, _blades))


def bone_recognized(
    pixels: np.ndarray,
    mask: np.ndarray,
    region: np.ndarray,
    pieces: str = "near",
    reader: str | os.PathLike | None = None,
) -> Bone:
    """Bone as the user drew it, and what the reader network knows of it if it sees the same bone there.

    Parameters
    ----------
    pixels, mask, region
        As of `bone_as_drawn`.
    pieces, reader
        As of `find_bone`.

    Returns
    -------
    Bone
        Mask and outlines are the drawn ones. Where the network sees another bone or none, nothing is known of it.

    Raises
    ------
    ReconstructionError
        If the network cannot be loaded.
    """
    drawn = bone_as_drawn(pixels, mask, region)
    box = bounding_box(drawn.mask)
    room = round(_ROOM * max(side.stop - side.start for side in box))
    near = np.zeros_like(region)
    near[bounding_box(drawn.mask, room)] = True
    seen = find_by_network(pixels, near & region, None, pieces, reader)
    alike = dice(seen.mask, drawn.mask)
    if seen.second is None or alike < _SAME_BONE:
        return drawn
    on = seen.second.window.cut_mask(drawn.mask)
    return replace(
        drawn,
        reason=f"a mask was given, and the network sees the same {seen.name} (Dice {alike:.2f})",
        name=seen.name,
        confidence=confidence_in(seen, reader),
        first=seen.first,
        second=seen.second,
        landmarks=landmarks_beside(seen.second, on) if seen.name == "femur" else {},
        warnings=seen.warnings,
        named=seen.named,
    )


def check_segmentation(segmentation: str) -> None:
    """Raise ReconstructionError unless `segmentation` is one of `SEGMENTATIONS`."""
    if segmentation not in SEGMENTATIONS:
        raise ReconstructionError(f"The segmentation must be one of {', '.join(SEGMENTATIONS)}, not {segmentation!r}.")


def _by_clusters(pixels: np.ndarray, region: np.ndarray, seeds: Seeds, pieces: str, clusters: int, reason: str) -> Bone:
    found = find_by_clusters(pixels, region, clusters, seeds, pieces)
    return Bone(
        found.mask,
        "clusters",
        reason,
        trace=partial(_outlines_of, found.mask, region, pixels),
        group=partial(_itself, found),
    )


def _itself(found: Any) -> Any:
    """What was found, when it is asked for: unlike a lambda, a bone's own, which can be pickled with it."""
    return found


def _outlines_of(
    mask: np.ndarray,
    region: np.ndarray,
    pixels: np.ndarray,
    blind: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> tuple[Outline, ...]:
    """Outlines of a mask, on a grid that is not finer than they can be.

    What ends at the region's end, or at what is blind of grey values, mask and region (`blind_border`), has no edge.
    """
    import cv2

    scale = min(1.0, _MOST / max(mask.shape))
    size = tuple(max(1, round(scale * n)) for n in mask.shape)[::-1]
    share, grey, seen = (
        cv2.resize(each.astype(np.float32), size, interpolation=cv2.INTER_AREA) for each in (mask, pixels, region)
    )
    ratio = np.array([size[0] / mask.shape[1], size[1] / mask.shape[0]])
    matrix = np.column_stack([np.diag(ratio), 0.5 * ratio - 0.5])
    unseen = blind_border(grey) if blind is None else blind(grey, share > 0, seen >= 0.5)
    return outlines(smooth_field(share), matrix, (seen < 0.5) | unseen)


def _blades(grey: np.ndarray, mask: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Blind areas that a drawn mask ends at.

    There are none where most of what surrounds the mask is blind: then the background is, and the mask's edge is the
    bone's.
    """
    blind = blind_border(grey) & ~mask
    band = dilated(mask, max(2, round(_BAND * max(mask.shape)))) & ~mask & region
    return blind if 2 * np.count_nonzero(blind & band) <= np.count_nonzero(band) else np.zeros_like(blind)
