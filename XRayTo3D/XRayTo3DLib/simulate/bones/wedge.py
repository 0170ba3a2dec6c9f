"""A wedge: a third piece that has broken off the end of a fragment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .bone import Bone, Mesh, together
from .fracture import manifold_of, surface_of

if TYPE_CHECKING:
    from manifold3d import Manifold

_BEGINS = (-0.3, 0.5)  # on the break, from the bone's axis outwards, in half widths of the bone
_TAPERS_DEG = (14.0, 40.0)  # against the bone's axis
_VOLUME = (0.003, 0.2)  # of the fragment's: a larger piece is no wedge, a smaller one dust
_FAR_MM = 2000.0
_OUT_MM, _ALONG_MM, _TURN_DEG = (0.5, 10.0), 6.0, 25.0


def with_wedge(fragment: Bone, frame: np.ndarray, up: bool, rng: np.random.Generator) -> Bone:
    """Break a wedge off a fragment's broken end, and displace it a little.

    Parameters
    ----------
    fragment : Bone
        From `fracture.break_bone`.
    frame : (4, 4) float64 array
        From the break's frame (see `fracture.break_frame`) to that of the fragment.
    up : bool
        Whether the fragment is the upper one.
    rng : numpy.random.Generator

    Returns
    -------
    Bone
        The fragment in two pieces, each of them closed; in one piece, as it was, where no wedge came off.

    Raises
    ------
    SimulationError
        If the fragment's surface is not closed.
    """
    from scipy.spatial.transform import Rotation

    away = 1.0 if up else -1.0  # along the bone, from the break into the fragment
    outer = manifold_of(fragment.outer, "the fragment")
    half_width = _half_width(fragment.outer, frame)
    towards, taper = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(*_TAPERS_DEG))
    begins = half_width * rng.uniform(*_BEGINS)
    length = (half_width - begins) / np.tan(taper)
    aside = np.array([np.cos(towards), np.sin(towards), 0.0])
    planes = [  # in the break's frame: the wedge lies before them
        (np.cos(taper) * aside - np.sin(taper) * away * np.array([0, 0, 1.0]), np.cos(taper) * begins),
        (np.array([0, 0, -away]), -1.2 * length),
    ]
    # A spiral's or an oblique break's end reaches far beyond the wedge: what lies behind the break stays.
    planes.append((np.array([0, 0, away]), -length))
    move = np.eye(4)
    move[:3, :3] = Rotation.from_rotvec(rng.uniform(-1, 1, 3) * _TURN_DEG, degrees=True).as_matrix()
    move[:3, 3] = rng.uniform(*_OUT_MM) * aside + [0, 0, rng.uniform(-1, 1) * _ALONG_MM]
    middle = np.eye(4)
    middle[:3, 3] = (begins + half_width) / 2 * aside + [0, 0, away * length / 3]
    move = frame @ middle @ move @ np.linalg.inv(frame @ middle)

    cutter = _before(planes, frame)
    wedge, rest = outer.split(cutter)
    if not _VOLUME[0] <= wedge.volume() / outer.volume() <= _VOLUME[1]:
        return fragment
    inner = fragment.inner and manifold_of(fragment.inner, "the fragment's marrow").split(cutter)
    return Bone(_apart(rest, wedge, move), inner and _apart(*inner[::-1], move))


def _half_width(surface: Mesh, frame: np.ndarray) -> float:
    """Half of how wide a fragment is near its broken end."""
    local = (surface.points - frame[:3, 3]) @ frame[:3, :3]
    nearest = np.argsort(np.abs(local[:, 2]))[: max(20, len(local) // 20)]
    return float(np.ptp(local[nearest, :2], axis=0).mean() / 2)


def _before(planes: list[tuple[np.ndarray, float]], frame: np.ndarray) -> Manifold:
    """Solid of all that lies before planes that are given in a frame, as far as a bone may reach."""
    import manifold3d

    solid = manifold3d.Manifold.cube((_FAR_MM,) * 3, center=True)
    for normal, offset in planes:
        solid = solid.trim_by_plane(tuple(normal.tolist()), float(offset))
    return solid.transform(frame[:3])


def _apart(rest: Manifold, piece: Manifold, move: np.ndarray) -> Mesh | None:
    """Surface of what is left of a solid, and of a piece of it where that has moved to; None where there is nothing."""
    meshes = [surface_of(rest)] if not rest.is_empty() else []
    if not piece.is_empty():
        meshes.append(surface_of(piece).moved(move))
    return together(meshes) if meshes else None
