"""Callus: the cloud of new bone that grows round a healing break."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .bone import USUAL_FEMUR_MM, Mesh, lighter
from .fracture import manifold_of, surface_of
from .piece import Piece
from .plates import body

_BALLS = 26  # that make the cloud round a fragment
_REACH_MM = (14.0, 40.0)  # along the bone, to either side of the break
_THICK_MM = (4.0, 11.0)  # about the break; it tapers off away from it
_BLEND_MM, _STEP_MM = 2.5, 2.5
_TRIANGLES = 700


def callus(pieces: Sequence[Piece], place: float, length_mm: float, rng: np.random.Generator) -> tuple[Mesh, ...]:
    """Clouds round the broken ends of a bone's fragments.

    Parameters
    ----------
    pieces : sequence of Piece
        The upper and the lower fragment.
    place : float
        Height of the break on the bone: 0 at the bone's lower end, 1 at the upper.
    length_mm : float
        Of the bone.
    rng : numpy.random.Generator

    Returns
    -------
    tuple of Mesh
        Of each fragment its own, closed; outside the bone, and not inside one another.

    Notes
    -----
    How far and how thick callus grows differs widely; these are sizes that radiographs show, not measured ones.
    """
    size = length_mm / USUAL_FEMUR_MM
    reach, thick = rng.uniform(*_REACH_MM) * size, rng.uniform(*_THICK_MM) * size
    taken = [manifold_of(piece.bone.outer, "the fragment") for piece in pieces]
    made = []
    for piece in pieces:
        points = piece.bone.outer.points[piece.bone.outer.faces].mean(axis=1)
        away = np.abs(piece.heights(points) - place) * length_mm / reach
        near = points[away < 1], away[away < 1]
        if not len(near[0]):
            near = points[[np.argmin(away)]], np.zeros(1)
        chosen = rng.integers(len(near[0]), size=_BALLS)
        radii = thick * np.sqrt(1 - near[1][chosen] ** 2) * rng.uniform(0.45, 1.1, _BALLS)
        balls = np.column_stack([near[0][chosen], np.maximum(radii, _STEP_MM * size)])
        step = _STEP_MM * max(size, 0.4)
        cloud = lighter(body(balls, np.arange(_BALLS)[:, None].repeat(3, 1), _BLEND_MM * size, step), _TRIANGLES, step)
        solid = manifold_of(cloud, "the callus")
        for other in taken:
            solid = solid - other
        taken.append(solid)
        made.append(surface_of(solid))
    return tuple(made)
