"""Limbs of young children: small, with wide ends of cartilage, in which round centres turn to bone over the years.

Cartilage casts no shadow of its own: of a newborn's leg the shafts are seen, and a dot or two at the knee.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .bone import USUAL_FEMUR_MM, Bone, Mesh, together
from .fracture import manifold_of, surface_of
from .limbs import Limb

if TYPE_CHECKING:
    from manifold3d import Manifold

OLDEST_YEARS = 9.0
_GRID_MM = 3.5  # of a growth plate's surface
_COARSE_MM = 5.0  # where the bone that it cuts is made small afterwards
_BEYOND_MM = 75.0  # more than any end of a bone is long
_DENSE_MM = 1.4  # of bone where a shaft meets its growth plate
# Rough shares of an adult's length, by age in years.
_LENGTHS = np.array([(0, 0.21), (1, 0.36), (2, 0.45), (4, 0.57), (6, 0.69), (8, 0.78), (10, 0.86)])
_WIDE, _WIDE_YEARS = 0.3, 3.0  # by how much a newborn's ends are wider for their length, and how soon that is lost
_SHORT_YEARS = 2.5  # how soon shafts reach the place where an adult's growth plates were
_SEEN_FIRST, _GROWS_YEARS = 0.2, 2.0  # share of its end that a centre fills at once, and how soon it fills it
_ROUND = 0.6  # centres that fill less of the end are round
_SOCKET_MM = (29.0, 13.0)  # radius of what of the hip bone round a head is cartilage: at last, and more at birth


@dataclass(frozen=True)
class Plate:
    """Where a bone grows.

    Attributes
    ----------
    center, normal : (3,) array
        Of the growth plate; the normal points to the bone's end (LPS, mm).
    radius : float
        mm.
    appears : float
        Age (years) at which a centre of bone appears in the end.
    short : float
        How far from the plate a newborn's shaft ends (mm).
    """

    center: np.ndarray
    normal: np.ndarray
    radius: float
    appears: float = 0.0
    short: float = 0.0


def child(limb: Limb, age: float, rng: np.random.Generator) -> tuple[Limb, dict[str, Bone | None]]:
    """Make a young child's limb of an adult's.

    Parameters
    ----------
    limb : Limb
        In extension.
    age : float
        Years, from 0 to `OLDEST_YEARS`.
    rng : numpy.random.Generator

    Returns
    -------
    limb : Limb
        As large as at that age, cartilage included.
    ossified : dict of str to Bone or None
        What of each bone is bone; None where nothing is yet.

    Notes
    -----
    The ages at which centres appear are those of textbooks (L. Scheuer, S. Black, "Developmental Juvenile
    Osteology", 2000). Lengths, widths and how fast the centres grow are rough.
    """
    age = float(np.clip(age, 0, OLDEST_YEARS))
    size = _size(limb)
    found = {
        name: _ossified(bone, plates(limb, name, rng), age, size, rng)
        for name, bone in limb.bones.items()
        if name in ("femur", "tibia", "fibula")
    }
    kneecap = limb.bones["patella"]
    found["patella"] = _merged([_centre(manifold_of(kneecap.outer, "the patella"), np.eye(3), _filled(age, 3.5))])
    found["pelvis"] = _without_sockets(limb, age, size)
    field = proportions(limb, age, rng)
    grown = Limb(
        limb.side,
        {name: _warped(bone, field) for name, bone in limb.bones.items()},
        {name: field(at[None])[0] for name, at in limb.landmarks.items()},
    )
    return grown, {name: bone and _warped(bone, field) for name, bone in found.items()}


def proportions(limb: Limb, age: float, rng: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """Map that makes an adult's limb as long as a child's, and its ends and shafts as wide.

    Heights shrink by one factor; across the line from hip to knee to ankle, each level has a factor of its own.
    """
    hip, knee = limb.landmarks["head_center"], limb.landmarks["knee_center"]
    tibia = limb.bones["tibia"].outer.points
    ankle = tibia[tibia[:, 2] < tibia[:, 2].min() + 15].mean(axis=0)
    line = np.stack([ankle, knee, hip])
    share = float(np.interp(age, *_LENGTHS.T) * np.clip(rng.normal(1, 0.06), 0.85, 1.15))
    ends = 1 + _WIDE * np.exp(-age / _WIDE_YEARS) * rng.uniform(0.6, 1.4)
    shafts = float(np.clip(rng.normal(1.03, 0.09), 0.85, 1.25))
    levels = np.interp([0, 0.25, 0.7, 1, 1.25, 1.7, 2], [0, 1, 2], line[:, 2])
    widths = np.array([ends, shafts, shafts, ends, shafts, shafts, ends])

    def field(points: np.ndarray) -> np.ndarray:
        middle = np.stack([np.interp(points[:, 2], line[:, 2], line[:, axis]) for axis in (0, 1)], axis=1)
        wide = np.interp(points[:, 2], levels, widths)[:, None]
        return share * np.column_stack([middle + wide * (points[:, :2] - middle), points[:, 2]])

    return field


def plates(limb: Limb, name: str, rng: np.random.Generator) -> list[Plate]:
    """Growth plates of an adult limb's femur, tibia or fibula, where they were, those of the hip and knee first."""
    marks = limb.landmarks
    size = _size(limb)
    up = _unit(marks["head_center"] - marks["knee_center"])
    points = limb.bones[name].outer.points
    if name == "femur":
        neck = _unit(marks["head_center"] - (marks["trochanter_tip"] + marks["lesser_trochanter"]) / 2)
        out = _unit(marks["trochanter_tip"] - marks["head_center"])
        tip = marks["trochanter_tip"] - 13 * size * up - 4 * size * out
        return [
            Plate(marks["knee_center"] + rng.uniform(14, 20) * size * up, -up, 62 * size, -0.1, 24 * size),
            Plate(marks["head_center"] - rng.uniform(6, 11) * size * neck, neck, 27 * size, 0.4, 20 * size),
            Plate(tip, _unit(up + 0.5 * out), 22 * size, 3.5, 10 * size),
        ]
    top, low = points[np.argmax(points @ up)], points[np.argmin(points @ up)]
    if name == "fibula":
        return [
            Plate(top - 15 * size * up, up, 25 * size, 3.5, 8 * size),
            Plate(low + 20 * size * up, -up, 25 * size, 1.0, 5 * size),
        ]
    axis = marks["knee_center"] + ((top - marks["knee_center"]) @ up) * up
    foot = points[points @ up < (low @ up) + 15 * size].mean(axis=0)
    return [
        Plate(axis - rng.uniform(17, 22) * size * up, up, 62 * size, 0.05, 12 * size),
        Plate(foot + ((low - foot) @ up + 22 * size) * up, -up, 40 * size, 0.5, 6 * size),
    ]


def winding(
    plate: Plate, size: float, rng: np.random.Generator, grid_mm: float = _GRID_MM
) -> Callable[[float, float], Mesh]:
    """Surface of a growth plate; what is returned makes the solid between two distances (mm) from it."""
    from scipy.ndimage import gaussian_filter

    normal = _unit(plate.normal)
    axes = np.stack([*_across(normal), normal])
    count = max(5, int(np.ceil(2 * plate.radius / (grid_mm * size))))
    line = np.linspace(-plate.radius, plate.radius, count)
    x, y = np.meshgrid(line, line)
    # It hangs over the edges, as the plates of knee and head do, and is wavy.
    wave = gaussian_filter(rng.standard_normal(x.shape), 8.0 / grid_mm, mode="wrap")
    height = rng.uniform(0.8, 1.8) * size * wave / max(float(wave.std()), 1e-9)
    height = height - rng.uniform(1, 5) * size * ((x**2 + y**2) / plate.radius**2)

    def between(low: float, high: float) -> Mesh:
        points = np.concatenate([np.stack([x, y, height + at], axis=-1).reshape(-1, 3) for at in (low, high)])
        return Mesh(plate.center + points @ axes, _slab_faces(count))

    return between


def _slab_faces(count: int) -> np.ndarray:
    """Outward triangles of the solid between a lower and an upper grid of count x count points."""
    number = np.arange(count * count).reshape(count, count)
    a, b, c, d = (part.ravel() for part in (number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]))
    bottom = np.concatenate([np.column_stack([a, c, b]), np.column_stack([a, d, c])])
    rim = np.concatenate([number[0, :-1], number[:-1, -1], number[-1, :0:-1], number[:0:-1, 0]])
    onward, above = np.roll(rim, -1), count * count
    walls = [np.column_stack([rim, onward, onward + above]), np.column_stack([rim, onward + above, rim + above])]
    return np.concatenate([bottom, bottom[:, ::-1] + above, *walls]).astype(np.int64)


def _ossified(bone: Bone, grows: list[Plate], age: float, size: float, rng: np.random.Generator) -> Bone:
    """A shaft that ends before its growth plates, and the centres of bone beyond them."""
    shaft = manifold_of(bone.outer, "the bone's outer surface")
    cavity = bone.inner and manifold_of(bone.inner, "the bone's inner surface")
    parts = []
    for plate in grows:
        between = winding(plate, size, rng, _COARSE_MM)
        half = rng.uniform(1.2, 2.4) * size
        short = half + plate.short * np.exp(-age / _SHORT_YEARS)
        reach = _BEYOND_MM * size
        end = shaft ^ manifold_of(between(half, reach), "a bone's end")
        parts.append(_centre(end, np.stack([*_across(plate.normal), plate.normal]), _filled(age, plate.appears)))
        shaft = shaft - manifold_of(between(-short, reach), "a bone's end")
        if cavity:
            cavity = cavity - manifold_of(between(-short - _DENSE_MM * size, reach), "a bone's end")
    shaft = max(shaft.decompose(), key=lambda part: part.volume())
    return _merged([(shaft, cavity and cavity ^ shaft), *parts])


def _filled(age: float, appears: float) -> float:
    """Share of a bone's end, in each direction, that a centre of bone fills; 0 before it appears."""
    since = age - appears
    return 0.0 if since < 0 else _SEEN_FIRST + (0.95 - _SEEN_FIRST) * (1 - np.exp(-since / _GROWS_YEARS))


def _centre(end: Manifold, axes: np.ndarray, share: float) -> tuple[Manifold, Manifold] | None:
    """A centre of bone that fills a share of a bone's end: its outer solid, and what of it is spongy."""
    import manifold3d

    if share <= 0 or end.is_empty():
        return None
    end = max(end.decompose(), key=lambda part: part.volume())
    along = surface_of(end).points @ axes.T
    middle, half = (along.max(axis=0) + along.min(axis=0)) / 2 @ axes, np.ptp(along, axis=0) / 2

    if share < _ROUND:
        ball = manifold3d.Manifold.sphere(1.0, 28)
        made = [_placed(ball, axes.T * (scale * share * half), middle) ^ end for scale in (1.0, 0.88)]
    else:
        made = [_placed(end, np.eye(3) * scale, middle - scale * middle) for scale in (share, 0.9 * share)]
    return None if made[0].is_empty() else (made[0], made[1] ^ made[0])


def _placed(solid: Manifold, turn: np.ndarray, to: np.ndarray) -> Manifold:
    return solid.transform(np.column_stack([turn, to]))


def _without_sockets(limb: Limb, age: float, size: float) -> Bone:
    """The pelvis without what is cartilage round the heads: ilium, ischium and pubis do not meet there yet."""
    import manifold3d

    pelvis = limb.bones["pelvis"]
    low, high = pelvis.outer.points.min(axis=0), pelvis.outer.points.max(axis=0)
    head = limb.landmarks["head_center"]
    heads = [head, head * [-1, 1, 1] + [low[0] + high[0], 0, 0]]
    radius = (_SOCKET_MM[0] + _SOCKET_MM[1] * np.exp(-age / 4)) * size

    def cut(mesh: Mesh, more: float) -> Mesh:
        solid = manifold_of(mesh, "the pelvis")
        for at in heads:
            solid = solid - manifold3d.Manifold.sphere(radius + more, 40).translate(at)
        return surface_of(solid)

    return Bone(cut(pelvis.outer, 0.0), pelvis.inner and cut(pelvis.inner, size))


def _merged(parts: list[tuple[Manifold, Manifold | None] | None]) -> Bone | None:
    """One bone of solids that do not touch each other, each with what is within its cortex."""
    found = [part for part in parts if part is not None]
    if not found:
        return None
    inner = [surface_of(within) for _, within in found if within is not None and not within.is_empty()]
    return Bone(together([surface_of(outer) for outer, _ in found]), together(inner) if inner else None)


def _warped(bone: Bone, field: Callable[[np.ndarray], np.ndarray]) -> Bone:
    return Bone(*(mesh and Mesh(field(mesh.points), mesh.faces) for mesh in (bone.outer, bone.inner)))


def _size(limb: Limb) -> float:
    """Length of the femur as a share of the usual one."""
    marks = limb.landmarks
    return float(np.linalg.norm(marks["head_center"] - marks["knee_center"])) / USUAL_FEMUR_MM


def _across(normal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two unit vectors across a unit normal, right-handed with it."""
    first = _unit(np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))]))
    return first, np.cross(normal, first)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)
