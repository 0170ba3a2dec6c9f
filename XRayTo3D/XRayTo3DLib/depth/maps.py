"""Depth maps: a bone's half thickness (solid) or height (relief) over the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ReconstructionError
from ..geometry.grid import Grid
from .inflation import inflate
from .intensity import emboss, relief_height
from .network import DepthNetwork, features, relative_thickness

HALF_THICKNESS, HEIGHT = "half thickness", "height"
_EMBOSS = 0.02  # height of embossed detail, in largest half thicknesses


@dataclass(frozen=True)
class DepthMap:
    """Depth on the cells of a grid. Arrays are (rows, columns) float32 of the grid.

    Attributes
    ----------
    kind : str
        "half thickness" or "height".
    grid : Grid
    mask : bool array
        Cells of bone.
    depth : array
        Half thickness or height (mm).
    outline : array
        Squared half thickness of the inflated outline (mm^2): zero on the outline, negative outside, and smooth
        across it.
    raised : array
        Detail embossed on the front (mm).
    """

    kind: str
    grid: Grid
    mask: np.ndarray
    depth: np.ndarray
    outline: np.ndarray
    raised: np.ndarray

    def on_picture(self, shape: tuple[int, int]) -> np.ndarray:
        """Depth (mm) at every pixel of the picture, (rows, columns) float32; 0 where there is no bone."""
        return self.grid.spread(np.where(self.mask & (self.grid.border > 0), self.depth, 0), shape)


@dataclass(frozen=True)
class Cells:
    """A bone on the cells of a grid, as the depth network sees it.

    Attributes
    ----------
    mask : (rows, columns) bool array
    outline : (rows, columns) float32 array
        Squared half thickness of the inflated outline (mm^2).
    features : (rows, columns, 10) float32 array
        `network.FEATURES`.
    """

    mask: np.ndarray
    outline: np.ndarray
    features: np.ndarray


def cells(grid: Grid, mask: np.ndarray, pixels: np.ndarray, base: np.ndarray, detail: np.ndarray) -> Cells:
    """Lay a bone, the picture and its base and detail layers, (rows, columns) each, on a grid."""
    bone, covered = _mask_on_grid(grid, mask)
    outline = inflate(covered, grid.step)
    seen = (grid.sample(image) for image in (pixels, base, detail))
    return Cells(bone, outline, features(outline / np.float32(grid.step**2), bone, *seen))


def solid(
    grid: Grid,
    mask: np.ndarray,
    pixels: np.ndarray,
    base: np.ndarray,
    detail: np.ndarray,
    network: DepthNetwork | None,
    emboss_mm: float | None = None,
) -> DepthMap:
    """Half thickness of a bone: its outline inflated, corrected by the depth network, detail on its front.

    Parameters
    ----------
    grid : Grid
    mask : (rows, columns) bool array
        The bone on the picture.
    pixels, base, detail : (rows, columns) float32 arrays
        The picture and its layers.
    network : DepthNetwork or None
        None leaves the inflated outline as it is: round cross-sections.
    emboss_mm : float, optional
        Height of the embossed detail; without it, 2 % of the largest half thickness.
    """
    bone = cells(grid, mask, pixels, base, detail)
    outline = bone.outline
    if network is not None:
        largest = float(np.sqrt(outline.max())) / grid.step
        outline = outline * relative_thickness(network, bone.features, bone.mask, largest) ** 2
    half = np.sqrt(np.maximum(outline, 0))
    height = _EMBOSS * float(half.max()) if emboss_mm is None else emboss_mm
    return DepthMap(HALF_THICKNESS, grid, bone.mask, half, outline, emboss(grid.sample(detail), half, height))


def relief(grid: Grid, mask: np.ndarray, tone: np.ndarray) -> DepthMap:
    """Height of a relief: bright is high, the highest point as high as the bone's largest half width.

    Parameters
    ----------
    grid : Grid
    mask : (rows, columns) bool array
        The bone on the picture.
    tone : (rows, columns) float32 array
        The tone-mapped picture.
    """
    import cv2

    bone, covered = _mask_on_grid(grid, mask)
    outline = inflate(covered, grid.step)
    # Averaged over neighbouring cells: the film's noise is no relief.
    smooth = cv2.GaussianBlur(grid.sample(tone), (0, 0), 1.0)
    height = relief_height(smooth, bone, height_mm=float(np.sqrt(outline.max())))
    return DepthMap(HEIGHT, grid, bone, height, outline, np.zeros_like(height))


def half_width(mask: np.ndarray) -> float:
    """Largest half width of a mask in pixels: the radius of the largest disc that fits into it."""
    import cv2

    return float(cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 5).max())


def _mask_on_grid(grid: Grid, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bone's cells, and the covered share of each, its outline smoothed over the pixels' stairs."""
    import cv2

    covered = cv2.GaussianBlur(grid.sample(mask), (0, 0), 1.0, borderType=cv2.BORDER_REPLICATE)
    bone = covered > 0.5
    if not bone.any():
        raise ReconstructionError("The marked bone is thinner than a triangle would be: mark more of it.")
    return bone, covered
