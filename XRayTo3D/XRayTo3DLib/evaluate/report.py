"""The report: a folder with a picture of every stage, and of the surface."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..files import check_folder, make_folder, replacing
from ..tone import apply_mask
from .picture import render

if TYPE_CHECKING:
    from ..pipeline import Reconstruction

_LONGEST_SIDE = 1600  # pixels; larger pictures are shrunk


def write_report(result: Reconstruction, folder: str | os.PathLike) -> list[Path]:
    """Write a PNG of each stage and a rendered picture of the surface to a folder.

    Returns
    -------
    list of Path
        The files, in the order of the stages.

    Raises
    ------
    ReconstructionError
        If a file cannot be written.
    """
    import cv2

    check_folder(folder)
    pictures = stage_pictures(result)
    folder = make_folder(folder)
    written = []
    for number, (name, image) in enumerate(pictures.items(), start=1):
        path = folder / f"{number:02d}-{name}.png"
        bgr = image if image.ndim == 2 else image[..., ::-1]
        with replacing(path) as temporary:
            temporary.write_bytes(cv2.imencode(".png", np.ascontiguousarray(bgr))[1].tobytes())
        written.append(path)
    return written


def stage_pictures(result: Reconstruction) -> dict[str, np.ndarray]:
    """Pictures of all stages by name: grey (rows, columns) or RGB (rows, columns, 3), uint8."""
    pixels, mask = result.radiograph.pixels, result.mask
    in_colour = _grey(pixels) if result.radiograph.colour is None else result.radiograph.colour
    depth = result.depth.on_picture(pixels.shape)
    pictures = {
        "radiograph": _grey(pixels),
        "region": _dimmed(pixels, result.region),
        "clusters": None if result.clusters is None else _clusters(result.clusters),
        "mask": _grey(mask),
        "masked": apply_mask(in_colour, mask),
        "base-layer": _grey(result.layers.base),
        "detail-layer": _grey(0.5 + result.layers.detail / max(4 * float(result.layers.detail.std()), 1e-6)),
        "tone-mapped": _grey(result.layers.tone),
        "depth": _coloured(depth, mask),
    }
    pictures = {name: _shrunk(image) for name, image in pictures.items() if image is not None}
    return pictures | {"surface": render(result.surface.polydata)}


def _grey(image: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(image, 0, 1) * np.float32(255)).astype(np.uint8)


def _dimmed(pixels: np.ndarray, region: np.ndarray) -> np.ndarray:
    """The picture, darkened and blue where nothing was looked for."""
    grey = _grey(pixels)
    dark = grey // 3
    return np.where(region[..., None], grey[..., None], np.stack([dark, dark, dark + 40], axis=-1))


def _clusters(clusters) -> np.ndarray:
    return _grey(clusters.centers.astype(np.float32))[clusters.labels]


def _coloured(depth: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Depth as colour (viridis, the deepest yellow) on black."""
    import cv2

    scaled = _grey(depth / max(float(depth.max()), 1e-9))
    coloured = cv2.applyColorMap(scaled, cv2.COLORMAP_VIRIDIS)[..., ::-1]
    return apply_mask(coloured, mask)


def _shrunk(image: np.ndarray) -> np.ndarray:
    import cv2

    scale = _LONGEST_SIDE / max(image.shape[:2])
    return image if scale >= 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
