"""Finding the bone: by the reader network where it is sure, by clusters otherwise."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np

from ..errors import ReconstructionError
from .bone import blind_border, bone_mask, check_pieces, choose_pieces, clean, count_pieces
from .by_clusters import find_by_clusters, is_marked
from .clusters import Clusters, check_cluster_count
from .outline import Outline, outlines, smooth_field
from .reader import Landmark, Reading, first_window, load_reader, read, second_window
from .seeds import Seeds, check_seeds

SEGMENTATIONS = ("auto", "network", "clusters")
BONES = ("femur", "tibia", "fibula", "patella", "pelvis")  # the first that is large enough is meant
_SURE, _SURE_MARKED = 0.85, 0.7  # least confidence at which the network's mask is taken; where somebody marked a bone
_LARGE = 0.2  # of another bone: what is that large beside it may be what the picture is about
_LEAST = 0.003  # of the window: less is nothing
_LEAST_METAL = 0.02  # of the bone: less metal is not worth a word
_PUSH, _PUSH_REACH = 6.0, np.array([0.015, 0.06])  # the logit at a click, and how far it reaches, in window diagonals
_LEAST_LOGIT = 0.05  # in what is taken to be bone
_CORRECTS = 0.16  # window diagonals from a click, to which the network's own correction reaches
_SEEN = 0.3  # least confidence of a landmark
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
        Which bone it is, where the network knows: one of `BONES`; otherwise "".
    confidence : float or None
        Of the network in its mask: the Dice coefficient it expects. None where it was not asked.
    outlines : tuple of Outline
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
    outlines: tuple[Outline, ...] = ()
    first: Reading | None = None
    second: Reading | None = None
    landmarks: dict[str, Landmark] = field(default_factory=dict)
    flattened: np.ndarray | None = None
    clusters: Clusters | None = None
    bone_range: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()

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
    seen: Bone | None = None
    if segmentation != "clusters":
        least = _SURE_MARKED if seeds or is_marked(region) else _SURE
        seen = _by_network(pixels, region, seeds, pieces, reader, least)
        if segmentation == "network" or (seen.confidence or 0) >= least:
            if not seen.mask.any():
                raise ReconstructionError(
                    f"no bone found: {seen.reason}. Mark the bone with a region, a click or a mask."
                )
            return seen
    found = find_by_clusters(pixels, region, clusters, seeds, pieces)
    return Bone(
        found.mask,
        "clusters",
        "asked for" if seen is None else seen.reason,
        confidence=seen and seen.confidence,
        outlines=_outlines_of(found.mask, region, pixels),
        first=seen and seen.first,
        second=seen and seen.second,
        flattened=found.flattened,
        clusters=found.clusters,
        bone_range=found.bone_range,
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
        outlines=_outlines_of(mask, region, pixels),
        bone_range=tuple(grey_range),
    )


def bone_as_drawn(pixels: np.ndarray, mask: np.ndarray) -> Bone:
    """Bone as the user drew it."""
    return Bone(mask, "drawn", "a mask was given", outlines=_outlines_of(mask, np.ones(mask.shape, bool), pixels))


def _by_network(
    pixels: np.ndarray,
    region: np.ndarray,
    seeds: Seeds,
    pieces: str,
    reader: str | os.PathLike | None,
    least: float,
) -> Bone:
    """What the network finds: a first look at all that is marked, a second one at the bone; its mask may be empty."""
    network = load_reader(reader)
    first = read(pixels, first_window(region), network=network)
    allowed = _shown(first, region)
    clicks = seeds.moved(first.window.matrix)
    name, channel = _meant(first, allowed, clicks)
    coarse = choose_pieces((_pushed(first.logit(channel), clicks) > 0) & allowed, pieces, clicks.include)
    nothing = np.zeros(region.shape, bool)
    if np.count_nonzero(coarse) < _LEAST * coarse.size:
        return Bone(nothing, "network", "the network sees no bone of the leg", confidence=0.0, first=first)

    rows, columns = np.nonzero(coarse)
    corners = first.window.to_picture(
        [(columns.min() - 0.5, rows.min() - 0.5), (columns.max() + 0.5, rows.max() + 0.5)]
    )
    second = read(pixels, second_window(*corners, region.shape), network=network)
    allowed = _shown(second, region)
    clicks = seeds.moved(second.window.matrix)
    logit = second.logit(channel)
    if seeds:
        if channel == "marked":
            logit = _corrected(logit, read(pixels, second.window, seeds, network).logit(channel), clicks)
        logit = _pushed(logit, clicks)
    field_ = np.where(allowed, logit, np.float32(-20))
    kept = choose_pieces(field_ > 0, pieces, clicks.include)
    if np.count_nonzero(kept) < _LEAST * kept.size:
        return Bone(
            nothing, "network", "the network sees no bone of the leg", confidence=0.0, first=first, second=second
        )
    if name != "pelvis" and not clicks.exclude:  # a long bone's shadow has no holes, unless somebody says so
        kept = clean(kept, 0)
    field_ = np.where(kept, np.maximum(field_, _LEAST_LOGIT), np.minimum(field_, -np.abs(field_)))
    confidence = second.confidence(channel, _wider(kept, 3))
    if channel == "marked":
        confidence = min(confidence, second.agreement)
    sure = "is sure of" if confidence >= least else "is not sure of"
    grey, inside = second.window.cut(pixels)
    others = {each: second.logit(each) for each in (*BONES, "metal") if each != name}
    metal = (second.logit("metal") > 0) & kept
    warnings = []
    if (share := np.count_nonzero(metal) / np.count_nonzero(kept)) > _LEAST_METAL:
        warnings.append(
            f"metal covers {share:.0%} of the bone's shadow: there the surface shows its outline, not bone's"
        )
    return Bone(
        (second.window.uncut(_continued(field_, allowed), region.shape, -20.0) > 0) & region,
        "network",
        f"the network {sure} the {name} ({confidence:.2f})",
        name,
        confidence,
        outlines(field_, second.window.matrix, ~allowed | ~inside | blind_border(grey), others),
        first,
        second,
        {n: mark for n, mark in second.landmarks(_wider(kept, 12)).items() if mark.confidence >= _SEEN}
        if name == "femur"
        else {},
        warnings=tuple(warnings),
    )


def _shown(reading: Reading, region: np.ndarray) -> np.ndarray:
    """The region, in a reading's window."""
    return reading.window.cut(region.astype(np.float32))[0] > 0.5


def _meant(first: Reading, allowed: np.ndarray, clicks: Seeds) -> tuple[str, str]:
    """Which bone is meant, and the mask that holds it: that of a click, or a femur unless it is small."""
    masks = {name: (first.logit(name) > 0) & allowed for name in BONES}
    sizes = {name: int(np.count_nonzero(mask)) for name, mask in masks.items()}
    for x, y in clicks.include:
        under = [name for name in BONES if masks[name][_at(allowed, x, y)]]
        # On something small beside a femur, a click says that it belongs to the femur.
        if under and "femur" not in under and sizes[under[0]] > _LARGE * sizes["femur"]:
            return under[0], under[0]
    beside = max(sizes["tibia"], sizes["patella"], _LEAST * allowed.size)  # a pelvis is always large
    if clicks or sizes["femur"] >= _LARGE * beside:
        return "femur", "marked"
    largest = max(sizes, key=lambda name: sizes[name])
    return largest, largest


def _corrected(before: np.ndarray, after: np.ndarray, clicks: Seeds) -> np.ndarray:
    """Logits with clicks near those clicks, and those without them farther away: what is right stays as it is."""
    rows, columns = np.indices(before.shape, np.float32)
    reach = _CORRECTS * np.hypot(*before.shape)
    away = [(columns - x) ** 2 + (rows - y) ** 2 for x, y in (*clicks.include, *clicks.exclude)]
    share = np.exp(np.minimum.reduce(away) / np.float32(-2 * reach**2))
    return before + share * (after - before)


def _pushed(logit: np.ndarray, clicks: Seeds) -> np.ndarray:
    """Logits that a click has the last word on, at its place and half way to where the answer changes."""
    import cv2

    rows, columns = np.indices(logit.shape, np.float32)
    least, most = _PUSH_REACH * np.hypot(*logit.shape)
    for points, sign in ((clicks.include, 1), (clicks.exclude, -1)):
        wrong = np.pad((sign * logit <= 0).astype(np.uint8), 1)
        depth = cv2.distanceTransform(wrong, cv2.DIST_L2, 5)[1:-1, 1:-1]
        for x, y in points:
            at = _at(logit, x, y)
            reach = min(max(0.5 * float(depth[at]), least), most)
            near = np.exp(((columns - x) ** 2 + (rows - y) ** 2) / np.float32(-2 * reach**2))
            # Enough to turn the answer at the click, whatever it was.
            logit = logit + sign * near * max(_PUSH - sign * float(logit[at]), 0)
    return logit


def _at(array: np.ndarray, x: float, y: float) -> tuple[int, int]:
    rows, columns = array.shape
    return min(max(round(y), 0), rows - 1), min(max(round(x), 0), columns - 1)


def _continued(field_: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """A field that goes on for two pixels beyond what is allowed, so that it does not fade towards a border."""
    import cv2

    return np.where(allowed, field_, cv2.dilate(field_, np.ones((5, 5), np.uint8)))


def _wider(mask: np.ndarray, radius: int) -> np.ndarray:
    import cv2

    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.dilate(mask.astype(np.uint8), disc) > 0


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
