"""A picture of every stage, and of the surface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..case import VIEW_NUMBERS
from ..surface import together
from ..tone import apply_mask
from .bodies import fragment_colours
from .fitted import FittedInView, fitted_in
from .picture import render

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData

    from ..case import Segmentation
    from ..pipeline import Reconstruction
    from ..segmentation import Bone, Clusters

_LONGEST_SIDE = 1600  # pixels; larger pictures are shrunk
_COLOURS = {  # RGB, of what the reader network tells apart
    "femur": (255, 200, 60),
    "tibia": (90, 200, 255),
    "fibula": (60, 130, 255),
    "patella": (120, 255, 140),
    "pelvis": (255, 120, 200),
    "metal": (255, 60, 60),
}
_FLAG_COLOURS = ((255, 210, 60), (90, 160, 255), (255, 90, 200))  # of an outline: edge, border, overlap
_SHADOW_COLOUR = (60, 230, 230)
_SUFFIXES = ("", *(f"-{number}-view" for number in VIEW_NUMBERS))  # of pictures that there are of every view
_MEASURE_COLOURS = ((255, 200, 60), (90, 200, 255), (120, 255, 140), (255, 120, 200), (200, 160, 255), (255, 140, 90))


def stage_pictures(result: Reconstruction) -> dict[str, np.ndarray]:
    """Pictures of all stages by name: grey (rows, columns) or RGB (rows, columns, 3), uint8."""
    mask = result.mask
    pictures = {
        "base-layer": _grey(result.layers.base),
        "detail-layer": _grey(0.5 + result.layers.detail / max(4 * float(result.layers.detail.std()), 1e-6)),
        "tone-mapped": _grey(result.layers.tone),
    }
    if result.depth is not None:
        pictures["depth"] = _coloured(result.depth.on_picture(mask.shape), mask)
    for suffix, view in zip(_SUFFIXES, result.case.views, strict=False):
        pixels = view.radiograph.pixels
        if drawn := fitted_in(result, pixels):
            name = "fragments" if any(each.fragments for each in drawn) else "fitted-shape"
            pictures[name + suffix] = _fitted(pixels, drawn)
            if any(each.measured for each in drawn):
                pictures["measures" + suffix] = _measured(pixels, drawn)
    pictures = {name: _shrunk(image) for name, image in pictures.items()}
    return segmentation_pictures(result.segmentation) | pictures | {"surface": render(in_place(result))}


def in_place(result: Reconstruction) -> vtkPolyData:
    """The surfaces of all bones as one."""
    return together([piece.polydata for bone in result.bones for piece in bone.pieces])


def segmentation_pictures(result: Segmentation) -> dict[str, np.ndarray]:
    """Pictures of the stages up to the bone's mask, as `stage_pictures` gives them."""
    pixels, bone = result.radiograph.pixels, result.bone
    in_colour = _grey(pixels) if result.radiograph.colour is None else result.radiograph.colour
    pictures = {
        "radiograph": _grey(pixels),
        "region": _dimmed(pixels, result.region),
        "flattened": None if bone.flattened is None else _grey(bone.flattened),
        "clusters": None if bone.clusters is None else _clusters(bone.clusters),
        "bones": _bones(bone),
        "outline": _outlined(pixels, bone),
        "mask": _grey(bone.mask),
        "masked": apply_mask(in_colour, bone.mask),
    }
    return {name: _shrunk(image) for name, image in pictures.items() if image is not None}


def _bones(bone: Bone) -> np.ndarray | None:
    """What the reader network took for which bone, in colours; None where it was not asked."""
    reading = bone.second or bone.first
    if reading is None:
        return None
    picture = np.repeat(np.clip(reading.grey, 0, 1)[..., None], 3, axis=2) * np.float32(255)
    for name, colour in _COLOURS.items():
        share = 0.45 / (1 + np.exp(-np.clip(reading.logit(name), -30, 30)))[..., None]
        picture = picture * (1 - share) + np.float32(colour) * share
    return np.rint(picture).astype(np.uint8)


def _fitted(pixels: np.ndarray, drawn: Sequence[FittedInView]) -> np.ndarray:
    """A radiograph with the outlines that were found, and those of the fitted shapes' and fragments' shadows."""
    picture, at, thick = _canvas(pixels)
    for each in drawn:
        fragments = zip(each.fragments, fragment_colours(len(each.fragments)) if each.fragments else (), strict=True)
        for lines, colour in ((each.found, _FLAG_COLOURS[0]), (each.shadow, _SHADOW_COLOUR), *fragments):
            for outline in lines:
                _draw(picture, at(outline.points), [colour] * len(outline.points), thick)
    return picture


def _measured(pixels: np.ndarray, drawn: Sequence[FittedInView]) -> np.ndarray:
    """A radiograph with the lines and places that bones and legs are measured by."""
    import cv2

    picture, at, thick = _canvas(pixels)
    picture = picture // 2 + picture // 8
    for each in drawn:
        for number, (_, points, lines) in enumerate(each.measured):
            colour = _MEASURE_COLOURS[number % len(_MEASURE_COLOURS)]
            for line in lines:
                start, end = at(line).tolist()
                cv2.line(picture, start, end, colour, thick, cv2.LINE_AA, 4)
            for place in at(points) if len(points) else ():
                cv2.circle(picture, place.tolist(), 2 * thick * 16, colour, thick, cv2.LINE_AA, 4)
    return picture


def _canvas(pixels: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray], int]:
    """A radiograph to draw on (RGB), where columns and rows lie in it (16ths of a pixel), and how thick lines are."""
    import cv2

    scale = min(1.0, _LONGEST_SIDE / max(pixels.shape))
    size = tuple(max(1, round(n * scale)) for n in pixels.shape)[::-1]
    picture = np.repeat(_grey(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))[..., None], 3, axis=2)

    def at(points: np.ndarray) -> np.ndarray:
        return np.rint(((np.asarray(points) + 0.5) * scale - 0.5) * 16).astype(np.int32)

    return picture, at, max(1, round(max(size) / 500))


def _draw(picture: np.ndarray, places: np.ndarray, colours: Sequence[tuple[int, int, int]], thick: int) -> None:
    """Draw a closed line, each piece in its colour."""
    import cv2

    for start, end, colour in zip(places, np.roll(places, -1, axis=0), colours, strict=True):
        cv2.line(picture, start.tolist(), end.tolist(), colour, thick, cv2.LINE_AA, 4)


def _outlined(pixels: np.ndarray, bone: Bone) -> np.ndarray:
    """The radiograph with the bone's outline, coloured by its flags, and landmarks with their confidence."""
    import cv2

    picture, at, thick = _canvas(pixels)
    for outline in bone.outlines:
        _draw(picture, at(outline.points), [_FLAG_COLOURS[flag] for flag in outline.flags], thick)
    size = picture.shape[:2]
    for name, mark in bone.landmarks.items():
        place = at([(mark.x, mark.y)])[0]
        cv2.circle(picture, place.tolist(), 3 * thick * 16, (255, 60, 60), thick, cv2.LINE_AA, 4)
        words = f"{name.replace('_', ' ')} {mark.confidence:.2f}"
        where = (place // 16 + 4 * thick).tolist()
        cv2.putText(
            picture, words, where, cv2.FONT_HERSHEY_SIMPLEX, max(size) / 2200, (255, 60, 60), thick, cv2.LINE_AA
        )
    return picture


def _grey(image: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(image, 0, 1) * np.float32(255)).astype(np.uint8)


def _dimmed(pixels: np.ndarray, region: np.ndarray) -> np.ndarray:
    """The picture, darkened and blue where nothing was looked for."""
    grey = _grey(pixels)
    dark = grey // 3
    return np.where(region[..., None], grey[..., None], np.stack([dark, dark, dark + 40], axis=-1))


def _clusters(clusters: Clusters) -> np.ndarray:
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
