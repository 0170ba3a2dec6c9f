"""The paper's way to the bone, made to hold: flatten, cluster, threshold, clean, and fill to the cortex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ReconstructionError
from ..helpers.filters import average_inside, distance_inside
from .bone import blind_border, bone_range, choose_pieces
from .clusters import Clusters, cluster
from .evening import flatten, raised
from .morphology import closed, dilated, eroded, opened
from .region import bounding_box, is_marked
from .seeds import Seeds

_PIXELS = 160 * 160  # of the grid that it is done on: coarse enough that trabeculae are no edges
_GAP_MARKED, _GAP = 0.1, 0.03  # of the smaller side: what closing bridges, in a box round the bone and elsewhere
_BRIDGE = 0.04  # of the smaller side: what opening takes away
_HALF_SHADOW = 2  # pixels
_CRACK = 0.03  # of the smaller side: what GrabCut may leave open
_BAND = 0.12  # of the smaller side: how far the outline may still move
_CLICK = 0.015  # of the smaller side: radius of what a click settles
_ROUNDS = 3  # of GrabCut
_SMALLEST = 0.004  # of the region: less is no bone
_MOST = 0.85  # of a picture in which nobody marked a bone: what fills more is no bone, but what the picture shows
_LEAST_OWN = 0.1  # of a mask's border: where less runs inside the region, the region is filled and no edge is seen
_STEEPEST_SHADING = 1.25  # see `_steepness`: even shading has 1, bones on real radiographs about 2 and more
_CALM = 1.0  # pixels: standard deviation of the blur before slopes are measured
_AT_EDGE, _BESIDE_EDGE = 1.5, (4.0, 14.0)  # pixels from an edge: at it, and beside it
_FLAT = 1e-5  # of the grey range for a pixel: less is no slope


@dataclass(frozen=True)
class Clustered:
    """A flattened picture and its clusters, as pictures of the radiograph's size.

    Attributes
    ----------
    flattened : (rows, columns) float32 array
        What was clustered; 0 outside the region.
    clusters : Clusters
    bone_range : (float, float)
        Range of bone in `flattened`.
    """

    flattened: np.ndarray
    clusters: Clusters
    bone_range: tuple[float, float]


@dataclass(frozen=True)
class ByClusters(Clustered):
    """What clusters found: also the bone's `mask`, (rows, columns) bool."""

    mask: np.ndarray


@dataclass(frozen=True)
class _Grid:
    """The region's part of a picture, coarser: grey values, where they show something, raised, flattened, clustered."""

    box: tuple[slice, slice]
    scale: float
    grey: np.ndarray
    inside: np.ndarray
    height: np.ndarray
    flat: np.ndarray
    clusters: Clusters

    def laid(self, values: np.ndarray, shape: tuple[int, int], interpolation: int) -> np.ndarray:
        """Values of the grid over a whole picture, 0 outside the region's box."""
        import cv2

        result = np.zeros(shape, values.dtype)
        size = tuple(side.stop - side.start for side in self.box)
        result[self.box] = cv2.resize(values, size[::-1], interpolation=interpolation)
        return result


def clustered(pixels: np.ndarray, region: np.ndarray, k: int = 2) -> Clustered:
    """Flatten a radiograph (`evening.flatten`) and cluster its grey values; parameters as of `find_by_clusters`."""
    return _told(_on_grid(pixels, region, k), pixels.shape)


def find_by_clusters(
    pixels: np.ndarray, region: np.ndarray, k: int = 2, seeds: Seeds | None = None, pieces: str = "near"
) -> ByClusters:
    """Find the bone by grey values.

    The picture is flattened (`evening.flatten`), its grey values clustered, the brighter half of the clusters
    cleaned and its gaps closed; then GrabCut moves the outline, within a band, to where grey values change.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
        Grey values in 0..1, bone bright.
    region : (rows, columns) bool array
        Where to look.
    k : int
        Number of clusters.
    seeds : Seeds, optional
    pieces : {"main", "near", "all"}

    Returns
    -------
    ByClusters

    Raises
    ------
    ReconstructionError
        If nothing that could be a bone is found (too little is bright, the whole region is filled, or the outline has
        no edge), or `k` is out of range.

    References
    ----------
    C. Rother, V. Kolmogorov and A. Blake, "GrabCut: interactive foreground extraction using iterated graph cuts",
    ACM Transactions on Graphics 23(3), 2004.
    """
    import cv2

    grid = _on_grid(pixels, region, k)
    first = (grid.box[1].start, grid.box[0].start)
    clicks = (seeds or Seeds()).moved(grid.scale * np.array([[1, 0, -first[0]], [0, 1, -first[1]]]))
    marked = is_marked(region)
    mask = _bone_on(grid, clicks, marked)
    if _nothing(mask, grid.inside, marked):  # a bone in air stands in what else would be a blind border
        grid = _on_grid(pixels, region, k, blind=False)
        mask = _bone_on(grid, clicks, marked)
    # Whoever clicks on a bone sees one, however weak its edge is.
    doubt = _nothing(mask, grid.inside, marked) or ("" if clicks.include else _no_edge(mask, grid))
    if doubt:
        raise ReconstructionError(
            f"No bone found: {doubt}. Mark the bone with a region, a mask or a click, or give the gray range by hand."
        )
    told = _told(grid, pixels.shape)
    share = choose_pieces(mask, pieces, clicks.include).astype(np.float32)
    smooth = cv2.GaussianBlur(share, (0, 0), 1.0, borderType=cv2.BORDER_REPLICATE)
    full = (grid.laid(smooth, pixels.shape, cv2.INTER_LINEAR) > 0.5) & region
    return ByClusters(told.flattened, told.clusters, told.bone_range, full)


def _bone_on(grid: _Grid, clicks: Seeds, marked: bool) -> np.ndarray:
    """The bone's mask on a grid."""
    side = min(s.stop - s.start for s in bounding_box(grid.inside))
    bright = (grid.flat > bone_range(grid.clusters)[0]) & grid.inside
    # A box that was drawn round a bone tells how wide it is; a whole picture may be of fingers.
    filled = closed(opened(bright, 1), max(1, round((_GAP_MARKED if marked else _GAP) * side)))
    sturdy = opened(filled, max(1, round(_BRIDGE * side)) if marked else 1)
    filled = (sturdy if sturdy.any() else filled) & grid.inside
    kept = choose_pieces(filled, "near" if clicks.include else "all", clicks.include)
    mask = _cut(grid, kept, clicks, side)
    mask = closed(mask, max(1, round(_CRACK * side))) & grid.inside
    return _painted(mask.astype(np.uint8), clicks, side, (1, 0)) > 0


def _nothing(mask: np.ndarray, inside: np.ndarray, marked: bool) -> str:
    """Why a mask on the grid is nothing at all: too small, or all of the region; "" if it is something."""
    if np.count_nonzero(mask) < max(16, _SMALLEST * np.count_nonzero(inside)):
        return "nothing in the region is brighter than what surrounds it, over an area as large as a bone's"
    own, cut = np.count_nonzero(_edge(mask, inside)), np.count_nonzero(mask & _rim(inside, 1))
    fills = not marked and np.count_nonzero(mask) > _MOST * np.count_nonzero(inside)
    if fills or own < _LEAST_OWN * (own + cut):
        return "what is bright fills all that is looked at, and no edge of a bone is seen in it"
    return ""


def _no_edge(mask: np.ndarray, grid: _Grid) -> str:
    """Why the outline of a mask on the grid is no bone's; "" if it has an edge."""
    if _steepness(grid.grey, mask, grid.inside) < _STEEPEST_SHADING:
        return "gray changes no more at the outline of what is brightest than it does beside it, as in noise or shading"
    return ""


def _steepness(grey: np.ndarray, mask: np.ndarray, inside: np.ndarray) -> float:
    """How many times as steeply grey rises into a mask at its edge as it rises or falls beside it.

    Both are slopes at right angles to the edge: 1 for even shading, about 0 for noise, which does not know of the
    edge, and more for a thing that is brighter than its surroundings.

    Parameters
    ----------
    grey : (rows, columns) float32 array
    mask, inside : (rows, columns) bool arrays

    Returns
    -------
    float
        Infinite where the region is too small to tell.
    """
    import cv2

    calm = average_inside(grey, inside, _CALM)
    depth = distance_inside(mask) - distance_inside(~mask)
    depth = cv2.GaussianBlur(depth, (0, 0), 1.5, borderType=cv2.BORDER_REPLICATE)
    (x, y), (across_x, across_y) = (_slopes(image) for image in (calm, depth))
    rise = (x * across_x + y * across_y) / np.maximum(np.hypot(across_x, across_y), 1e-6)
    away = distance_inside(~_edge(mask, inside))
    known = inside & ~_rim(inside, 2)  # slopes at the region's border are the border's
    at = rise[known & (away <= _AT_EDGE)]
    beside = rise[known & (away > _BESIDE_EDGE[0]) & (away <= _BESIDE_EDGE[1])]
    if not at.size or not beside.size:
        return float("inf")
    return float(at.mean() / (np.abs(beside).mean() + _FLAT))


def _edge(mask: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Pixels of a mask that have others of the region beside them."""
    return mask & dilated(inside & ~mask, 1)


def _rim(inside: np.ndarray, width: int) -> np.ndarray:
    """What lies so many pixels or less from the end of the region or of the picture."""
    return dilated(np.pad(~inside, width, constant_values=True), width)[width:-width, width:-width]


def _slopes(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes along columns and rows, for a pixel."""
    import cv2

    return tuple(cv2.Sobel(image, cv2.CV_32F, *along, scale=1 / 8) for along in ((1, 0), (0, 1)))


def _on_grid(pixels: np.ndarray, region: np.ndarray, k: int, blind: bool = True) -> _Grid:
    """Bring a region to the grid, its blind border left out or not."""
    import cv2

    box = bounding_box(region)
    scale = min(1.0, float(np.sqrt(_PIXELS / pixels[box].size)))
    size = tuple(max(1, round(scale * (side.stop - side.start))) for side in box)
    grey = cv2.resize(pixels[box], size[::-1], interpolation=cv2.INTER_AREA)
    inside = cv2.resize(region[box].astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST) > 0
    # A blade's edge is a pixel or two of half shadow.
    if blind and (seen := inside & ~dilated(blind_border(grey), _HALF_SHADOW)).any():
        inside = seen
    height = raised(grey, inside)
    flat = flatten(grey, inside, height)
    return _Grid(box, scale, grey, inside, height, flat, cluster(flat, k, inside))


def _told(grid: _Grid, shape: tuple[int, int]) -> Clustered:
    import cv2

    found = grid.clusters
    labels = grid.laid(found.labels, shape, cv2.INTER_NEAREST)
    flattened = grid.laid(grid.flat, shape, cv2.INTER_LINEAR)
    return Clustered(flattened, Clusters(found.centers, found.edges, labels, found.inertia), bone_range(found))


def _cut(grid: _Grid, filled: np.ndarray, seeds: Seeds, side: int) -> np.ndarray:
    """Move an outline within a band to where the grey values part (GrabCut)."""
    import cv2

    inside = grid.inside
    radius = max(1, round(_BAND * side))
    core = eroded(filled, radius)
    near = dilated(filled, radius)
    state = np.full(filled.shape, cv2.GC_BGD, np.uint8)
    state[near & inside] = cv2.GC_PR_BGD
    state[filled] = cv2.GC_PR_FGD
    state[core & inside] = cv2.GC_FGD
    _painted(state, seeds, side, (cv2.GC_FGD, cv2.GC_BGD))
    bone = (state == cv2.GC_FGD) | (state == cv2.GC_PR_FGD)
    if not bone.any() or bone.all():
        return bone
    colour = np.rint(np.clip(np.stack([grid.grey, grid.flat, grid.height], axis=-1), 0, 1) * 255).astype(np.uint8)
    cv2.setRNGSeed(0)
    cv2.grabCut(colour, state, None, np.zeros((1, 65)), np.zeros((1, 65)), _ROUNDS, cv2.GC_INIT_WITH_MASK)
    return (state == cv2.GC_FGD) | (state == cv2.GC_PR_FGD)


def _painted(image: np.ndarray, seeds: Seeds, side: int, values: tuple[int, int]) -> np.ndarray:
    """Draw a disc of one value at every click on the bone, and of another one at those beside it."""
    import cv2

    for points, value in zip((seeds.include, seeds.exclude), values, strict=True):
        for x, y in points:
            cv2.circle(image, (round(x), round(y)), max(2, round(_CLICK * side)), int(value), cv2.FILLED)
    return image
