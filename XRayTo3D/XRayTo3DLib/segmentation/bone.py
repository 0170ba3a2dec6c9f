"""From grey values to a bone mask: the grey range of bone, thresholding, cleaning, choosing pieces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..choices import PIECES
from ..errors import ReconstructionError
from .clusters import Clusters
from .morphology import closed_widely, disc, filled
from .region import bounding_box

_SATURATED = 0.985  # of the grey range: beyond it, a blind area at the border is film, blade or letter ground
_SMALLEST = 0.02  # of the main piece's area: smaller pieces are specks
_PART = 0.2  # of the main piece's area: a clicked piece below that is a part of the bone that was missed
_NEAR = 2.0  # pieces this many half widths of the main piece away belong to the same bone


def bone_range(clusters: Clusters) -> tuple[float, float]:
    """Grey range of bone: the brighter half of the clusters (the brightest of three, two of four or five).

    Returns
    -------
    (float, float)
        Lowest and highest grey value of bone; the highest is always 1.
    """
    k = len(clusters.centers)
    return float(clusters.edges[k - k // 2 - 1]), 1.0


def threshold(pixels: np.ndarray, low: float, high: float, region: np.ndarray | None = None) -> np.ndarray:
    """Pixels whose grey value lies in low < value <= high (a `low` of 0 takes 0 in), inside the region.

    Parameters
    ----------
    pixels : (rows, columns) float array
        Grey values in 0..1.
    low, high : float
        Grey range, 0 <= low < high <= 1.
    region : (rows, columns) bool array, optional

    Returns
    -------
    (rows, columns) bool array

    Raises
    ------
    ReconstructionError
        If the range is empty or outside 0..1.
    """
    if not 0 <= low < high <= 1:
        raise ReconstructionError(
            f"The gray range must satisfy 0 <= LOW < HIGH <= 1 (0 is darkest, 1 is brightest), not {low:g} {high:g}."
        )
    inside = (pixels <= high) & ((pixels > low) if low > 0 else True)
    return inside if region is None else inside & region


def blind_border(pixels: np.ndarray) -> np.ndarray:
    """Pixels that show no body: blindly black or white areas that reach the picture's border.

    Collimator blades, film edges, shutters and the air beside the limb are saturated and touch the border;
    bone does not fill an area at the border with one saturated grey.

    Returns
    -------
    (rows, columns) bool array
    """
    import cv2

    blind = np.zeros(pixels.shape, bool)
    for saturated in (pixels >= _SATURATED, pixels <= 1 - _SATURATED):
        if not _border(saturated).any():
            continue
        count, labels = cv2.connectedComponents(saturated.astype(np.uint8))
        touches = np.zeros(count, bool)
        touches[_border(labels)] = True
        touches[0] = False
        blind |= touches[labels]
    return blind


def _border(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array[0], array[-1], array[:, 0], array[:, -1]])


def clean(mask: np.ndarray, radius: int) -> np.ndarray:
    """Remove specks and hairs narrower than `radius` pixels, close cracks, fill the marrow and other holes.

    Parameters
    ----------
    mask : (rows, columns) bool array
    radius : int
        Radius of the opening in pixels; the closing is twice as wide. 0 only fills holes.

    Returns
    -------
    (rows, columns) bool array
    """
    import cv2

    if not mask.any():
        return mask.copy()
    box = bounding_box(mask, margin=2 * radius + 1)
    part = mask[box].astype(np.uint8)
    if radius > 0:
        part = cv2.morphologyEx(part, cv2.MORPH_OPEN, disc(radius))
        part = closed_widely(part, 2 * radius)
    result = np.zeros_like(mask)
    result[box] = filled(part).astype(bool)
    return result


def check_pieces(pieces: str) -> None:
    """Raise ReconstructionError unless `pieces` is "main", "near" or "all"."""
    if pieces not in PIECES:
        raise ReconstructionError(f"The pieces to keep must be one of {', '.join(PIECES)}, not {pieces!r}.")


def choose_pieces(mask: np.ndarray, pieces: str = "near", clicked: Sequence[Sequence[float]] = ()) -> np.ndarray:
    """Keep the main piece of a mask, what is near it, or all of it.

    Parameters
    ----------
    mask : (rows, columns) bool array
    pieces : {"main", "near", "all"}
        The largest piece alone; also pieces no farther from it than its own largest width (the fragments of
        a broken bone); or all. Specks below 2 % of the main piece's area are left out of the last two.
    clicked : sequence of (x, y)
        Columns and rows that a user clicked on. Pieces there are kept, and the largest of them is the main one
        unless it is a small part of another.

    Returns
    -------
    (rows, columns) bool array
    """
    import cv2

    check_pieces(pieces)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count <= 2:
        return mask.copy()
    area = stats[:, cv2.CC_STAT_AREA].copy()
    area[0] = 0
    main = int(area.argmax())
    last = np.array(mask.shape) - 1
    under = {int(labels[tuple(np.clip((round(y), round(x)), 0, last))]) for x, y in clicked} - {0}
    if under and area[(most := max(under, key=lambda piece: area[piece]))] >= _PART * area[main]:
        main = most
    keep = area >= _SMALLEST * area[main]
    if pieces == "main":
        keep[:] = False
        keep[main] = True
    elif pieces == "near" and keep.sum() > 1:
        half_width = cv2.distanceTransform((labels == main).astype(np.uint8), cv2.DIST_L2, 5).max()
        away = cv2.distanceTransform((labels != main).astype(np.uint8), cv2.DIST_L2, 5)
        for piece in np.flatnonzero(keep):
            keep[piece] = away[labels == piece].min() <= _NEAR * half_width
    keep[list(under)] = True
    keep[0] = False
    return keep[labels]


def count_pieces(mask: np.ndarray) -> int:
    """Number of connected pieces of a mask (pixels that touch at a corner are connected)."""
    import cv2

    return cv2.connectedComponents(mask.astype(np.uint8))[0] - 1


def bone_mask(
    pixels: np.ndarray, grey_range: tuple[float, float], region: np.ndarray, pieces: str = "near"
) -> np.ndarray:
    """Threshold, clean and choose: the paper's bone mask.

    Parameters
    ----------
    pixels : (rows, columns) float array
        Grey values in 0..1, bone bright.
    grey_range : (float, float)
        Grey range of bone.
    region : (rows, columns) bool array
        Where to look.
    pieces : {"main", "near", "all"}

    Returns
    -------
    (rows, columns) bool array

    Raises
    ------
    ReconstructionError
        If nothing that could be a bone is left.
    """
    found = threshold(pixels, *grey_range, region)
    box = bounding_box(region)
    size = min(s.stop - s.start for s in box)
    # 1/150 of the region: wider than noise and letters' strokes, narrower than a phalanx on a hand's picture.
    mask = clean(found, max(1, size // 150) if size > 30 else 0)
    if np.count_nonzero(mask) < max(16, 1e-3 * np.count_nonzero(region)):
        raise ReconstructionError(
            f"Nothing that looks like bone was found between the gray values {grey_range[0]:.3g} and "
            f"{grey_range[1]:.3g}: mark the bone with a region or a mask, or give the gray range by hand."
        )
    return choose_pieces(mask, pieces)
