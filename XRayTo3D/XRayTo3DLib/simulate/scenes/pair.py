"""Two radiographs side by side on one film."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .drawn import Scene

_OF_BOTH = ("pelvis", "metal")  # masks that have no "other"


def side_by_side(first: Scene, second: Scene, gap: int, border: float) -> Scene:
    """Put two views of one patient on one film.

    Parameters
    ----------
    first, second : Scene
        As high as each other, of one leg each.
    gap : int
        Columns between them.
    border : float
        Grey value of these.

    Returns
    -------
    Scene
        What is true of the film: the second picture's bones are called as those of another leg are. Landmarks that
        are not seen in their own picture do not count in the other one.
    """
    rows, start = len(first.image), first.image.shape[1] + gap
    nothing = [np.zeros(each.image.shape, bool) for each in (first, second)]

    def joined(left: np.ndarray, right: np.ndarray, fill: float) -> np.ndarray:
        return np.concatenate([left, np.full((rows, gap), fill, left.dtype), right], axis=1)

    def on_left(mask: np.ndarray) -> np.ndarray:
        return joined(mask, nothing[1], False)

    def on_right(mask: np.ndarray) -> np.ndarray:
        return joined(nothing[0], mask, False)

    masks = {name: on_left(mask) for name, mask in first.masks.items()}
    for name, mask in second.masks.items():
        name = name if name in _OF_BOTH else f"other_{name}"
        masks[name] = masks.get(name, False) | on_right(mask)
    unknown = [np.full(each.image.shape, np.nan, np.float32) for each in (first, second)]
    fragments = {name: tuple(map(on_left, pair)) for name, pair in first.fragments.items()}
    fragments |= {f"other_{name}": tuple(map(on_right, pair)) for name, pair in second.fragments.items()}
    image = second.image if second.dark_bone == first.dark_bone else 1 - second.image
    shifted = {name: np.array([at[0] + start, at[1]]) for name, at in second.landmarks_px.items()}
    shape = (rows, start + second.image.shape[1])
    return replace(
        first,
        image=joined(first.image, image, border),
        masks=masks,
        heights={
            name: joined(first.heights.get(name, unknown[0]), second.heights.get(name, unknown[1]), np.nan)
            for name in first.heights | second.heights
        },
        fragments=fragments,
        thickness_mm=joined(first.thickness_mm, np.zeros_like(second.thickness_mm), 0),
        other_landmarks_px={name: at for name, at in shifted.items() if second.visible[name]},
        open=joined(first.open, second.open, False),
        view="",
        camera=replace(first.camera, shape=shape, principal_point=tuple(first.camera.middle)),
        growth_plates=first.growth_plates or second.growth_plates,
        fractured=first.fractured or second.fractured,
        metal=first.metal or second.metal,
    )
