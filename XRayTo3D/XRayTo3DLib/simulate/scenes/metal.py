"""Implants as closed surfaces, placed on a femur by its landmarks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...errors import SimulationError
from ..bones.bone import USUAL_FEMUR_MM, Mesh, through_rings

Landmarks = dict[str, np.ndarray]


def implant(kind: str, landmarks: Landmarks, rng: np.random.Generator) -> list[Mesh]:
    """Make an implant.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    landmarks : dict of str to (3,) array
        The femur's (LPS, mm), as `anatomy.FemurAnatomy` names them.
    rng : numpy.random.Generator
        For sizes and places.

    Returns
    -------
    list of Mesh
        Closed parts; they may overlap.

    Raises
    ------
    SimulationError
        If there is no such kind.
    """
    if kind not in _MAKERS:
        raise SimulationError(f"metal {kind!r}: there is no such implant; choose from {', '.join(_MAKERS)}.")
    return _MAKERS[kind](_Femur(landmarks), rng)


def sweep(places: np.ndarray, radii: np.ndarray, aside: np.ndarray | None = None, corners: int = 12) -> Mesh:
    """Closed tube along a line.

    Parameters
    ----------
    places : (n, 3) array
        Middles of its sections (mm).
    radii : (n,) or (n, 2) array
        Radius of each section, or its half axes: first along `aside`, then across it.
    aside : (3,) array, optional
        Direction of the first half axis, nowhere along the line; by default any.
    corners : int
        Of each section.

    Returns
    -------
    Mesh
    """
    places = np.asarray(places, float)
    radii = np.asarray(radii, float)
    radii = radii[:, None] * [1.0, 1.0] if radii.ndim == 1 else radii
    way = np.gradient(places, axis=0)
    still = np.linalg.norm(way, axis=1) < 1e-9
    way[still] = places[-1] - places[0]
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    if aside is None:
        aside = np.eye(3)[np.argmin(np.abs(way).max(axis=0))]
    first = aside - (way @ aside)[:, None] * way
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(way, first)
    angle = 2 * np.pi * np.arange(corners) / corners
    ring = (np.cos(angle)[:, None] * first[:, None] * radii[:, None, :1]) + (
        np.sin(angle)[:, None] * second[:, None] * radii[:, None, 1:]
    )
    return through_rings(places[:, None] + ring, places[[0, -1]])


def ball(center: np.ndarray, radius: float, corners: int = 20) -> Mesh:
    """Sphere (LPS, mm)."""
    return cap(center, np.array([0.0, 0, 1]), radius, radius, np.pi, corners)


def cap(center: np.ndarray, axis: np.ndarray, radius: float, height: float, opening: float, corners: int = 20) -> Mesh:
    """Part of a ball round `axis` up to the angle `opening` from it, flattened to a `height`, closed by a disc."""
    angle = np.linspace(opening, 0, corners // 2 + 1)
    axis = np.asarray(axis, float) / np.linalg.norm(axis)
    places = np.asarray(center, float) + height * np.cos(angle)[:, None] * axis
    return sweep(places, np.maximum(radius * np.sin(angle), 1e-3), corners=corners)


class _Femur:
    """Axes of a femur, and the middle line of its shaft."""

    def __init__(self, landmarks: Landmarks) -> None:
        self.at = landmarks
        shaft = landmarks["shaft_proximal"] - landmarks["shaft_distal"]
        self.up = shaft / np.linalg.norm(shaft)
        out = landmarks["lateral_condyle"] - landmarks["medial_condyle"]
        self.out = (out - (out @ self.up) * self.up) / np.linalg.norm(out - (out @ self.up) * self.up)
        self.front = np.cross(self.out, self.up)
        if self.front[1] > 0:
            self.front = -self.front
        self.size = float(np.linalg.norm(landmarks["head_center"] - landmarks["knee_center"])) / USUAL_FEMUR_MM
        self.head = landmarks["head_center"]
        self.neck = self.head - self.along(-0.2)
        self.neck = self.neck / np.linalg.norm(self.neck)

    def along(self, share: float | np.ndarray) -> np.ndarray:
        """Places on the shaft's bowed middle line: 0 at its upper landmark, 1 at its lower one."""
        top, middle, bottom = (self.at[f"shaft_{name}"] for name in ("proximal", "middle", "distal"))
        t = np.asarray(share, float)[..., None]
        bowed = top * (1 - t) * (1 - 2 * t) + middle * 4 * t * (1 - t) + bottom * t * (2 * t - 1)
        # Beyond its ends the line runs on straight.
        above, below = 4 * middle - 3 * top - bottom, 3 * bottom + top - 4 * middle
        return np.where(t < 0, top + t * above, np.where(t > 1, bottom + (t - 1) * below, bowed))


def _screw(start: np.ndarray, end: np.ndarray, radius: float, rng: np.random.Generator, head: float = 1.9) -> Mesh:
    """From its head to its tip, threaded."""
    length = float(np.linalg.norm(end - start))
    turns = int(np.clip(length / rng.uniform(1.8, 3.2), 4, 24))
    threaded = rng.choice([0.0, 0.6])  # share of the length without thread
    at = np.linspace(0.08, 0.96, 2 * turns)
    depth = np.where(at < threaded, 0.85, np.where(np.arange(2 * turns) % 2, 1.0, 0.74))
    shares = np.concatenate([[0, 0.02, 0.06, 0.07], at, [1.0]])
    radii = radius * np.concatenate([[head * 0.7, head, head, 0.8], depth, [0.1]])
    return sweep(start + shares[:, None] * (end - start), radii, corners=8)


def _nail(femur: _Femur, rng: np.random.Generator) -> list[Mesh]:
    """Through the shaft from above, with a screw into the head or across below the trochanters, and two below."""
    size = femur.size
    radius = rng.uniform(4.2, 6.0) * size
    last = rng.uniform(1.05, 1.5) if rng.random() < 0.8 else rng.uniform(0.3, 0.6)
    shares = np.linspace(-0.42, last, 14)
    places = femur.along(shares)
    bend = np.clip((-0.1 - shares) / 0.32, 0, 1)[:, None]
    entry = femur.at["trochanter_tip"] + 4 * size * femur.up
    places = (1 - bend) * places + bend * (entry - (1 - bend) * 40 * size * femur.up)
    radii = radius * np.interp(shares, (-0.42, -0.15, 0.0), (1.35, 1.35, 1.0)) * np.where(shares == last, 0.5, 1.0)
    parts = [sweep(places, radii)]
    if rng.random() < 0.7:
        base = femur.along(-0.1) + 22 * size * femur.out
        way = femur.head - base
        tip = femur.head + rng.uniform(4, 12) * size * way / np.linalg.norm(way)
        parts.append(_screw(base, tip, rng.uniform(3.5, 5.5) * size, rng, head=1.1))
    else:
        parts.append(
            _screw(
                femur.along(-0.12) + 20 * size * femur.out, femur.along(-0.05) - 14 * size * femur.out, 2.5 * size, rng
            )
        )
    for share in last - rng.uniform(0.06, 0.1) - np.array([0.0, rng.uniform(0.1, 0.2)]):
        place, half = femur.along(share), np.interp(share, (0.6, 1.0, 1.4), (17, 24, 36)) * size
        parts.append(
            _screw(place + half * femur.out, place - half * rng.uniform(0.8, 1.1) * femur.out, 2.4 * size, rng)
        )
    return parts


def _plate(femur: _Femur, rng: np.random.Generator) -> list[Mesh]:
    """On the outer side of the shaft, with screws across it; it may reach down onto the condyles."""
    size, distal = femur.size, rng.random() < 0.5
    first = rng.uniform(0.2, 0.8) if distal else rng.uniform(-0.15, 0.5)
    last = 1.42 if distal else first + rng.uniform(0.3, 0.6)
    shares = np.linspace(first, last, 12)
    away = np.interp(shares, (-0.2, 0.0, 0.8, 1.1, 1.4), (20, 16.5, 17, 25, 33)) * size
    width = rng.uniform(6, 8) * size * np.interp(shares, (1.1, 1.35), (1.0, 1.7))
    half = np.stack([width, np.full(len(shares), rng.uniform(1.9, 2.8) * size)], axis=1)
    tilt = femur.front + rng.uniform(-0.3, 0.3) * femur.out
    middle = femur.along(shares) + away[:, None] * femur.out
    parts = [sweep(middle, half, aside=tilt / np.linalg.norm(tilt), corners=16)]
    holes = np.linspace(first + 0.03, last - 0.03, max(4, int((last - first) / 0.085)))
    for share in holes[rng.random(len(holes)) < 0.75]:
        start = femur.along(share) + (np.interp(share, shares, away) + 3 * size) * femur.out
        reach = np.interp(share, (0, 0.9, 1.1, 1.4), (33, 35, 50, 72)) * size * rng.uniform(0.9, 1.05)
        tip = start - reach * (femur.out + rng.normal(0, 0.05) * femur.up + rng.normal(0, 0.08) * femur.front)
        parts.append(_screw(start, tip, rng.uniform(1.9, 2.4) * size, rng, head=1.6))
    return parts


def _screws(femur: _Femur, rng: np.random.Generator) -> list[Mesh]:
    """Two or three screws, side by side, through the neck or across the condyles, perhaps with washers."""
    size, neck = femur.size, rng.random() < 0.65
    base, end = femur.along(-0.15) + 19 * size * femur.out, femur.head + 9 * size * femur.neck
    if not neck:
        base = femur.at["knee_center"] + 8 * size * femur.up + 40 * size * femur.out
        end = base - rng.uniform(65, 82) * size * femur.out
    way = (end - base) / np.linalg.norm(end - base)
    across = np.cross(way, femur.front)
    parts = []
    for angle in rng.uniform(0, 2 * np.pi) + np.arange(int(rng.integers(2, 4))) * 2.2:
        aside = 6.5 * size * (np.cos(angle) * femur.front + np.sin(angle) * across)
        turn = rng.normal(0, 2.0, 3) * size
        parts.append(_screw(base + aside, end + aside + turn, rng.uniform(2.8, 3.5) * size, rng))
        if rng.random() < 0.3:
            start = base + aside + 2.5 * size * way
            parts.append(sweep(np.stack([start, start + 1.4 * size * way]), np.full(2, 6.5 * size), corners=14))
    return parts


def _hip_screw(femur: _Femur, rng: np.random.Generator) -> list[Mesh]:
    """A dynamic hip screw: one thick screw in the head, in the barrel of a plate on the shaft."""
    size = femur.size
    base = femur.along(-0.06) + 20 * size * femur.out
    way = (femur.head - base) / np.linalg.norm(femur.head - base)
    tip = femur.head + rng.uniform(5, 12) * size * way
    length = float(np.linalg.norm(tip - base))
    shares = np.array([0.0, 0.5, 0.501, 0.72, 0.73, 0.78, 0.83, 0.88, 0.93, 0.97, 1.0])
    radii = np.array([6.3, 6.3, 4.0, 4.0, 6.2, 4.8, 6.2, 4.8, 6.2, 4.8, 3.0]) * size
    parts = [sweep(base + shares[:, None] * length * way, radii, corners=12)]
    first, last = -0.08, rng.uniform(0.35, 0.75)
    at = np.linspace(first, last, 8)
    half = np.tile([8.5 * size, 3.0 * size], (len(at), 1))
    parts.append(sweep(femur.along(at) + 19 * size * femur.out, half, aside=femur.front, corners=16))
    for share in np.arange(first + 0.16, last - 0.02, 0.12):
        start = femur.along(share) + 22 * size * femur.out
        parts.append(_screw(start, start - 40 * size * femur.out, 2.3 * size, rng, head=1.6))
    return parts


def _prosthesis(femur: _Femur, rng: np.random.Generator) -> list[Mesh]:
    """Tapered stem, neck and head of a hip prosthesis: a large head alone, or a small one in a cup."""
    size = femur.size
    shares = np.array([rng.uniform(0.25, 0.6), 0.2, 0.0, -0.15, -0.27, -0.34])
    shares[1] = shares[0] - 0.12
    places = femur.along(shares)
    inwards = -femur.out
    places = places + np.array([0, 0, 0.5, 4, 11, 16])[:, None] * size * inwards
    width = np.array([3.0, 5.0, 7.0, 10.5, 14.0, 9.0]) * size * rng.uniform(0.85, 1.1)
    depth = np.array([3.0, 4.8, 6.0, 7.0, 7.5, 6.5]) * size
    parts = [sweep(places, np.stack([width, depth], axis=1), aside=femur.out, corners=16)]
    head = rng.uniform(21.5, 25) * size if rng.random() < 0.45 else rng.uniform(13, 17) * size
    base = places[-2]
    shares = np.array([0.0, 0.5, 0.85, 1.0])
    parts.append(sweep(base + shares[:, None] * (femur.head - base), np.array([9.0, 6.5, 6.0, 6.0]) * size, corners=12))
    parts.append(ball(femur.head, head, 28))
    if head > 20 * size:
        return parts
    # A metal-backed cup: a shell is a dome and, inwards, a liner that rays pass; the rim shows as a disc.
    tilt = 0.75 * femur.up + 0.65 * inwards - rng.uniform(0.1, 0.35) * femur.front
    parts += _shell(femur.head, tilt / np.linalg.norm(tilt), rng.uniform(24, 28) * size, rng.uniform(2.5, 4.0) * size)
    if rng.random() < 0.4:
        start = femur.head + 24 * size * tilt / np.linalg.norm(tilt)
        parts.append(_screw(start, start + rng.uniform(15, 30) * size * (femur.up + 0.3 * inwards), 2.6 * size, rng))
    return parts


def _shell(center: np.ndarray, axis: np.ndarray, radius: float, thickness: float) -> list[Mesh]:
    """Half a hollow ball, closed: outer and inner dome joined at the rim."""
    out, back = np.linspace(np.pi / 2, 0, 9), np.linspace(0, np.pi / 2, 9)
    height = np.concatenate([radius * np.cos(out), (radius - thickness) * np.cos(back)])
    radii = np.concatenate([radius * np.sin(out), (radius - thickness) * np.sin(back)])
    # As a surface of revolution; its line turns back at the pole, so its frame is held fixed.
    first = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    first /= np.linalg.norm(first)
    second = np.cross(axis, first)
    corners = 28
    angle = 2 * np.pi * np.arange(corners) / corners
    ring = np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * second
    points = center + height[:, None, None] * axis + np.maximum(radii, 1e-3)[:, None, None] * ring
    count = len(height)
    a = np.arange(corners)
    b = (a + 1) % corners
    faces = []
    for level in range(count):  # the last ring joins the first one: the rim
        here, there = level * corners, (level + 1) % count * corners
        faces += [np.stack([here + a, here + b, there + b], axis=1), np.stack([here + a, there + b, there + a], axis=1)]
    return [Mesh(points.reshape(-1, 3), np.concatenate(faces).astype(np.int64))]


def _wires(femur: _Femur, rng: np.random.Generator) -> list[Mesh]:
    """Cerclages round the shaft, or thin straight wires across the knee."""
    size = femur.size
    if rng.random() < 0.3:
        places = femur.at["knee_center"] + rng.normal(0, 12, (int(rng.integers(2, 4)), 3)) * size
        ways = femur.up + rng.uniform(-0.8, 0.8, (len(places), 1)) * femur.out + rng.normal(0, 0.2, (len(places), 3))
        return [
            sweep(np.stack([place - 45 * size * way, place + 55 * size * way]), np.full(2, 0.9 * size), corners=8)
            for place, way in zip(places, ways, strict=True)
        ]
    angle = np.linspace(0, 2 * np.pi, 25)
    parts = []
    for share in rng.uniform(-0.15, 0.9, int(rng.integers(1, 5))):
        tilt = rng.uniform(-0.25, 0.25)
        radius = np.interp(share, (-0.2, 0.1, 1.0), (19.0, 15.5, 17.0)) * size
        ring = np.cos(angle)[:, None] * (femur.out + tilt * femur.up) + np.sin(angle)[:, None] * femur.front
        places = femur.along(share) + radius * ring
        parts.append(sweep(places, np.full(len(angle), rng.uniform(0.7, 1.1) * size), femur.up, corners=6))
        start = places[0]
        twist = femur.out + rng.uniform(-0.8, 0.8) * femur.up
        parts.append(sweep(np.stack([start, start + 7 * size * twist]), np.full(2, 1.2 * size), corners=6))
    return parts


_MAKERS: dict[str, Callable[[_Femur, np.random.Generator], list[Mesh]]] = {
    "nail": _nail,
    "plate": _plate,
    "screws": _screws,
    "hip screw": _hip_screw,
    "hip prosthesis": _prosthesis,
    "wires": _wires,
}
KINDS = tuple(_MAKERS)
