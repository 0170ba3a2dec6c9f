"""What the 3D view shows: all whole bones as one body, and each fragment of a broken one, with its way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..geometry.frames import ENGINE_TO_LPS, transform
from ..geometry.motion import part_of_motion
from ..surface import arrays, together

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData

    from ..pipeline import Reconstruction

# RGB, to be told apart on bone and on grey: of the upper fragment, of those between, and of the lower one.
_UPPER, _BETWEEN, _LOWER = (255, 125, 110), ((190, 135, 255), (125, 215, 120)), (95, 175, 255)
_BONE_COLOUR = (232, 220, 196)
_STEPS = 100


@dataclass(frozen=True)
class Body:
    """Something that is drawn in one piece.

    Attributes
    ----------
    surface : vtkPolyData
        In the engine's frame, as it lies, with point data `Observed`.
    colour : (int, int, int)
        RGB.
    name : str
        Of a fragment; "" of whole bones.
    path : (101, 4, 4) float64 array or None
        Of a fragment that lies elsewhere than it belongs, what moves it from where it lies (LPS, mm), for each percent
        of the way back.
    """

    surface: vtkPolyData
    colour: tuple[int, int, int] = _BONE_COLOUR
    name: str = ""
    path: np.ndarray | None = None


def fragment_colours(count: int) -> tuple[tuple[int, int, int], ...]:
    """RGB of the fragments of a bone in two to four, the upper one's first: red, violet and green, blue."""
    return _UPPER, *_BETWEEN[: count - 2], _LOWER


def bodies_of(result: Reconstruction) -> list[Body]:
    """What there is to be seen of a reconstruction: whole bones first, if there are any."""
    whole = [piece.polydata for bone in result.bones if not bone.broken for piece in bone.pieces]
    bodies = [Body(together(whole))] if whole else []
    for bone in result.bones:
        if bone.broken:
            colours = fragment_colours(len(bone.pieces))
            parts = zip(bone.broken.names, bone.pieces, bone.broken.to_reduced, colours, strict=True)
            for name, piece, matrix, colour in parts:
                bodies.append(Body(piece.polydata, colour, f"{name} fragment", _way_back(piece.polydata, matrix)))
    return bodies


def _way_back(surface: vtkPolyData, to_reduced: np.ndarray) -> np.ndarray | None:
    """See `Body.path`. As in Slicer's panel, the fragment's middle goes straight."""
    if np.allclose(to_reduced, np.eye(4)):
        return None
    points = arrays(transform(surface, ENGINE_TO_LPS))[0]
    belongs = points @ to_reduced[:3, :3].T + to_reduced[:3, 3]
    middle = (belongs.min(axis=0) + belongs.max(axis=0)) / 2
    lies = np.linalg.inv(to_reduced)
    return np.array([part_of_motion(lies, 1 - step / _STEPS, middle) @ to_reduced for step in range(_STEPS + 1)])
