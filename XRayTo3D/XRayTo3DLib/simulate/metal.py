"""Implants as closed surfaces, placed on a femur by its landmarks."""

from __future__ import annotations

import itertools

import numpy as np

from .bone import Mesh

KINDS = ("nail", "plate", "screws", "hip prosthesis", "wires")


def implant(kind: str, landmarks: dict[str, np.ndarray], rng: np.random.Generator) -> list[Mesh]:
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
        Parts that may overlap.
    """
    return {"nail": _nail, "plate": _plate, "screws": _screws, "hip prosthesis": _prosthesis, "wires": _wires}[kind](
        landmarks, rng
    )


def rod(start: np.ndarray, end: np.ndarray, radius: float, corners: int = 10) -> Mesh:
    """Cylinder between two points."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    axis = end - start
    axis = axis / np.linalg.norm(axis)
    aside = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    aside = aside / np.linalg.norm(aside)
    return _prism(start, end, radius * aside, radius * np.cross(axis, aside), corners)


def ball(center: np.ndarray, radius: float, corners: int = 14) -> Mesh:
    """Sphere."""
    from vtkmodules.vtkFiltersSources import vtkSphereSource

    from ..surface import arrays

    source = vtkSphereSource()
    source.SetCenter(*map(float, center))
    source.SetRadius(radius)
    source.SetThetaResolution(corners)
    source.SetPhiResolution(corners)
    source.Update()
    points, faces = arrays(source.GetOutput())
    return Mesh(np.asarray(points, float), np.asarray(faces, np.int64))


def _prism(start: np.ndarray, end: np.ndarray, first: np.ndarray, second: np.ndarray, corners: int) -> Mesh:
    """Closed prism whose section has the half axes `first` and `second`, which stand across it."""
    angle = 2 * np.pi * np.arange(corners) / corners
    ring = np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * second
    points = np.concatenate([start + ring, end + ring, [start, end]])
    a = np.arange(corners)
    b = (a + 1) % corners
    low, high = np.full(corners, 2 * corners), np.full(corners, 2 * corners + 1)
    if np.cross(first, second) @ (end - start) < 0:  # left-handed: what is given would face inwards
        return _prism(start, end, second, first, corners)
    sides = [np.stack(each, axis=1) for each in ((a, b, b + corners), (a, b + corners, a + corners))]
    ends = [np.stack(each, axis=1) for each in ((b, a, low), (a + corners, b + corners, high))]
    return Mesh(points, np.concatenate([*sides, *ends]).astype(np.int64))


def _axes(landmarks: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors up the shaft, and to the outer side."""
    up = landmarks["shaft_proximal"] - landmarks["shaft_distal"]
    up = up / np.linalg.norm(up)
    out = landmarks["lateral_condyle"] - landmarks["medial_condyle"]
    out = out - (out @ up) * up
    return up, out / np.linalg.norm(out)


def _along(landmarks: dict[str, np.ndarray], share: float) -> np.ndarray:
    """Place on the shaft's bowed middle line: 0 at its upper landmark, 1 at its lower one."""
    top, middle, bottom = (landmarks[f"shaft_{name}"] for name in ("proximal", "middle", "distal"))
    return top * (1 - share) * (1 - 2 * share) + middle * 4 * share * (1 - share) + bottom * share * (2 * share - 1)


def _chain(places: list[np.ndarray], radius: float) -> list[Mesh]:
    return [rod(a, b, radius) for a, b in itertools.pairwise(places)]


def _nail(landmarks: dict[str, np.ndarray], rng: np.random.Generator) -> list[Mesh]:
    """Through the shaft, with a screw into the head and two locking screws below."""
    _, out = _axes(landmarks)
    radius = rng.uniform(4.5, 6)
    entry = landmarks["trochanter_tip"] - 8 * out
    parts = _chain(
        [entry, *(_along(landmarks, share) for share in np.linspace(-0.1, rng.uniform(1.0, 1.3), 6))], radius
    )
    if rng.random() < 0.7:
        base = _along(landmarks, -0.12) + 18 * out
        head = landmarks["head_center"]
        parts.append(rod(base, head + 6 * (head - base) / np.linalg.norm(head - base), rng.uniform(3.5, 5.5)))
    for share in rng.uniform(0.9, 1.2, 2):
        place = _along(landmarks, share)
        parts.append(rod(place - 22 * out, place + 22 * out, 2.3))
    return parts


def _plate(landmarks: dict[str, np.ndarray], rng: np.random.Generator) -> list[Mesh]:
    """On the outer side of the shaft, with screws across it."""
    up, out = _axes(landmarks)
    first = rng.uniform(-0.1, 0.7)
    shares = np.linspace(first, first + rng.uniform(0.3, 0.6), 5)
    places = [_along(landmarks, share) + 17 * out for share in shares]
    forwards = np.cross(out, up)
    thickness, width = rng.uniform(1.8, 2.6), rng.uniform(6, 8)
    parts = [_prism(b, a, width * forwards, thickness * out, 8) for a, b in itertools.pairwise(places)]
    for share in np.linspace(shares[0] + 0.03, shares[-1] - 0.03, int(rng.integers(4, 9))):
        place = _along(landmarks, share)
        parts.append(rod(place - rng.uniform(14, 19) * out, place + 19 * out, rng.uniform(1.8, 2.3)))
    return parts


def _screws(landmarks: dict[str, np.ndarray], rng: np.random.Generator) -> list[Mesh]:
    """Two or three cannulated screws through the neck, or across the condyles."""
    up, out = _axes(landmarks)
    forwards = np.cross(out, up)
    parts = []
    for number in range(int(rng.integers(2, 4))):
        aside = 6 * (number - 1) * forwards + rng.uniform(-5, 5) * up
        if rng.random() < 0.75:
            base = _along(landmarks, -0.15) + 16 * out
            tip = landmarks["head_center"]
            tip = tip + 8 * (tip - base) / np.linalg.norm(tip - base)
            parts += [rod(base + aside, tip + aside, 3.2), ball(base + aside, 4.5, 8)]
        else:
            place = landmarks["knee_center"] + aside + 8 * up
            parts.append(rod(place - 36 * out, place + 36 * out, 3.0))
    return parts


def _prosthesis(landmarks: dict[str, np.ndarray], rng: np.random.Generator) -> list[Mesh]:
    """Stem, neck and head of a hip prosthesis, often with a cup."""
    _, out = _axes(landmarks)
    head = landmarks["head_center"]
    shares = np.linspace(rng.uniform(0.1, 0.4), -0.2, 6)
    stem = [_along(landmarks, share) for share in shares]
    widths = np.linspace(5.0, 8.5, 5)
    parts = [rod(a, b, width) for a, b, width in zip(stem[:-1], stem[1:], widths, strict=True)]
    parts += [ball(place, width, 10) for place, width in zip(stem[1:], widths, strict=True)]
    parts.append(rod(stem[-1] - 3 * out, head, 6.0))
    if rng.random() < 0.5:  # a large head alone, or a small one in a cup
        return [*parts, ball(head, rng.uniform(21, 25), 20)]
    return [*parts, ball(head, rng.uniform(14, 17), 16), ball(head - 2 * out, 25, 20)]


def _wires(landmarks: dict[str, np.ndarray], rng: np.random.Generator) -> list[Mesh]:
    """Rings round the shaft."""
    up, out = _axes(landmarks)
    forwards = np.cross(out, up)
    parts = []
    for share in rng.uniform(-0.1, 1.0, int(rng.integers(1, 5))):
        radius = rng.uniform(15, 18)
        angle = np.linspace(0, 2 * np.pi, 13)
        tilt = rng.uniform(-0.2, 0.2)
        ring = np.cos(angle)[:, None] * (out + tilt * up) + np.sin(angle)[:, None] * forwards
        parts += _chain(list(_along(landmarks, share) + radius * ring), 0.9)
    return parts
