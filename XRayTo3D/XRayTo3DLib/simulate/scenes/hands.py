"""A hand: of a patient, of whoever holds a child's leg, or on a film of its own.

Its bones are tubes and lumps; they need only be taken for what they are.
"""

from __future__ import annotations

import numpy as np

from ...geometry.camera import Camera
from ..bones.bone import Bone
from .metal import sweep

MARGIN_MM, DEPTH_MM = 9.0, 30.0  # of flesh beyond the bones, and how thick it is
_REACH_MM = 145.0  # from the fingers' roots to their tips
# A long bone's half width along it, as a share of that of its middle.
_LONG = np.array([(0.0, 1.2), (0.03, 1.75), (0.09, 1.7), (0.2, 1.2), (0.4, 1.0), (0.6, 1.0), (0.8, 1.15), (0.92, 1.6)])
_LONG = np.vstack([_LONG, [(0.97, 1.7), (1.0, 1.1)]])
_ROUND = np.array([(-1.0, 0.25), (-0.9, 0.47), (-0.6, 0.8), (0.0, 1.0), (0.6, 0.8), (0.9, 0.47), (1.0, 0.25)])
_UP, _LEFT = np.array([0.0, 0, 1]), np.array([1.0, 0, 0])


def in_the_field(
    camera: Camera, at: np.ndarray, beside: np.ndarray | None, size: float, rng: np.random.Generator
) -> list[Bone]:
    """A hand somewhere in a picture: reaching in from its border, or lying beside the limb.

    Parameters
    ----------
    camera : Camera
    at : (3,) array
        A place (LPS, mm) at the limb's depth.
    beside : (3,) array, optional
        Where the patient's own hand lies (LPS, mm); without it a holder's reaches in.
    size : float
        Of the hand, against an adult's.
    rng : numpy.random.Generator

    Returns
    -------
    list of Bone
    """
    from scipy.spatial.transform import Rotation

    to_lps = np.linalg.inv(camera.from_lps)
    across = to_lps[:3, :3]  # columns, rows, and towards the source
    rows, columns = camera.shape
    pixel_mm = camera.pixel_size_mm[0] / camera.magnification
    if beside is None:  # fingertips reach some way in, from one of the four borders
        angle = rng.choice(4) * 90.0
        way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        edge = (
            np.array([columns, rows]) / 2 * (1 - way) + rng.uniform(-0.4, 0.4) * np.array([columns, rows]) * way[::-1]
        )
        tips = edge + way * rng.uniform(0.2, 0.5) * max(rows, columns)
        angle += rng.normal(0, 25)
    else:
        tips = camera.project(beside[None])[0][0]
        angle = 90.0 + rng.normal(0, 20)  # fingers down
    way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    root = tips - way * _REACH_MM * size / pixel_mm
    # The hand's own down lies along `way` in the picture, its palm or back to the source, or on its edge.
    spun = Rotation.from_euler("z", rng.choice([0, 180, 90]) + rng.normal(0, 20), degrees=True).as_matrix()
    down = way[0] * across[:, 0] + way[1] * across[:, 1]
    aside = -way[1] * across[:, 0] + way[0] * across[:, 1]
    depth = np.cross(-down, aside)
    move = np.eye(4)
    move[:3, :3] = np.stack([aside, depth, -down], axis=1) @ spun * size
    offset = (root - camera.project(at[None])[0][0]) * pixel_mm
    move[:3, 3] = at + offset[0] * across[:, 0] + offset[1] * across[:, 1]
    return [bone.moved(move) for bone in hand(rng)]


def hand(rng: np.random.Generator) -> list[Bone]:
    """Bones of an adult's hand (mm): fingers hang down, the palm faces the front, the wrist is about the origin."""
    lengths = np.array([(45, 0, 30, 22), (66, 41, 24, 18), (64, 45, 28, 19), (58, 42, 26, 19), (52, 33, 19, 17)], float)
    bones = rays(np.zeros(3), lengths * rng.normal(1, 0.04), (4, 4, 3.2, 2.8), np.array([-40, -9, 0, 7, 15]), rng)
    for row in range(2):
        for column in range(4):
            center = np.array([(column - 1.5) * 12.5 + 2 * row, rng.normal(0, 3), 6 + 13 * row])
            bones.append(lump(center, (7.5, 8, 7.5), rng))
    top = float(rng.uniform(80, 200))
    bones += [
        long_bone(np.array([-12.0, 0, 30]), np.array([-10.0, 0, top]), 6.5, rng),
        long_bone(np.array([14.0, 0, 34]), np.array([11.0, 0, top]), 5.5, rng, 0.4),
    ]
    return bones


def rays(
    root: np.ndarray, lengths: np.ndarray, widths: tuple[float, ...], spread: np.ndarray, rng: np.random.Generator
) -> list[Bone]:
    """Fingers or toes that hang down from a root: (5, bones) lengths, 0 where there is none."""
    bones = []
    curl = rng.normal(0.15, 0.25)
    for ray in range(5):
        at = root + np.array([11.0 * (ray - 2), 0, 0]) * rng.uniform(0.8, 1.1)
        angle, bend = np.deg2rad(spread[ray] + rng.normal(0, 5)), 0.0
        for number, length in enumerate(lengths[ray]):
            if length == 0:
                continue
            bend += (curl + rng.normal(0, 0.1)) * (number > 0)
            way = np.array([np.sin(angle), -np.sin(bend), -np.cos(angle) * np.cos(bend)])
            end = at + length * way
            bones.append(long_bone(at + 1.5 * way, end - 1.5 * way, widths[number], rng))
            at = end
    return bones


def long_bone(
    start: np.ndarray, end: np.ndarray, half_width: float, rng: np.random.Generator, flare: float = 1.0
) -> Bone:
    """A long bone: wider at its ends, a little bent, with a canal."""
    share, width = _LONG[:, :1], _LONG[:, 1]
    line = start + share * (end - start)
    bow = np.linalg.norm(end - start) * 0.02 * rng.normal(size=3)
    line = line + np.sin(np.pi * share) * bow
    radii = half_width * (1 + (width - 1) * flare * rng.uniform(0.7, 1.3, len(width)))
    radii = radii[:, None] * rng.uniform(0.85, 1.15, 2)
    cortex = half_width * np.interp(share.ravel(), (0, 0.15, 0.4, 0.6, 0.85, 1), (0.1, 0.2, 0.4, 0.4, 0.2, 0.1))
    cortex = np.minimum(cortex * rng.uniform(0.7, 1.2), 0.6 * radii.min(axis=1))[:, None]
    return Bone(sweep(line, radii), sweep(start + (line - start) * 0.98 + (end - start) * 0.01, radii - cortex))


def lump(center: np.ndarray, half: np.ndarray | float, rng: np.random.Generator) -> Bone:
    """A short bone: an uneven ball with a thin shell."""
    half = np.broadcast_to(half, 3) * rng.uniform(0.85, 1.15, 3)
    line = np.asarray(center, float) + _ROUND[:, :1] * half[2] * (_UP + rng.normal(0, 0.1, 3))
    radii = _ROUND[:, 1:] * half[:2] * rng.uniform(0.88, 1.12, (len(_ROUND), 1))
    cortex = min(0.9, 0.2 * float(radii.min()) + 0.2)
    inner = sweep(center + (line - center) * 0.9, radii - np.minimum(cortex, 0.5 * radii), _LEFT, 10)
    return Bone(sweep(line, radii, _LEFT, 10), inner)
