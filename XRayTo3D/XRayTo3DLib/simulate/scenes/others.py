"""Random radiographs of other parts of the body, and pictures that are none: what a femur must be told from.

Their bones are tubes; they need only be taken for what they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...geometry.camera import Camera, place, view_directions
from ..bones.bone import Bone
from ..film import looks
from ..film.film import MU_MUSCLE
from ..film.flesh import flesh_round
from ..film.matter import attenuation
from ..film.projector import path_length
from .hands import DEPTH_MM, MARGIN_MM, hand, long_bone, lump, rays
from .metal import sweep
from .scenes import Scene

_UP, _LEFT, _BACK = np.array([0.0, 0, 1]), np.array([1.0, 0, 0]), np.array([0.0, 1, 0])


@dataclass(frozen=True)
class Other:
    """A picture without any bone of the thigh.

    Attributes
    ----------
    image : (size, size) float32 array
        0 to 1.
    masks : dict of str to (size, size) bool array
        Of "tibia" and "fibula", where there is any.
    kind : str
        One of `KINDS`.
    x_ray : bool
        Whether it is a radiograph at all.
    """

    image: np.ndarray
    masks: dict[str, np.ndarray]
    kind: str
    x_ray: bool = True


@dataclass(frozen=True)
class _Body:
    """Bones by name (mm, upright), flesh round them, and holes of air in it."""

    bones: dict[str, list[Bone]]
    margin_mm: float
    depth_mm: float
    air: list[Bone]


def other(seed: int, size: int = 288) -> Other:
    """Draw a random radiograph of another part of the body; the same seed gives the same one."""
    rng = np.random.default_rng(seed)
    kind = str(rng.choice(list(_BODIES)))
    body = _BODIES[kind](rng)
    camera = _aimed(body, size, rng)
    owners, meshes = [], []
    for name, bones in (*body.bones.items(), ("air", body.air)):
        for bone in bones:
            for layer, mesh in (("outer", bone.outer), ("inner", bone.inner)):
                if mesh is not None:
                    owners.append((name, layer))
                    meshes.append(mesh)
    lengths: dict[tuple[str, str], np.ndarray] = {}
    for owner, length in zip(owners, path_length(meshes, camera), strict=True):
        lengths[owner] = lengths.get(owner, 0.0) + length
    holes = lengths.pop(("air", "outer"), np.zeros(camera.shape))
    solid = sum(length for (_, layer), length in lengths.items() if layer == "outer")
    body_mm = flesh_round(solid > 0.3, body.margin_mm, body.depth_mm, camera, rng)
    body_mm = np.maximum(body_mm - holes, np.where(solid > 0, solid + 5, 0)).astype(np.float32)
    axis = {"head_center": body.bones[next(iter(body.bones))][0].outer.points[0], "knee_center": np.zeros(3)}
    around = looks.frame(rng, camera.shape)
    line_integral = attenuation(lengths, np.float32(MU_MUSCLE) * body_mm, body_mm, axis, camera, rng)
    image, _ = looks.photographed(
        line_integral, (solid > 1) & around.open, body_mm > 8, camera, around, "left", "ap", rng
    )
    masks = {
        name: (length > 0.3) & around.open
        for (name, layer), length in lengths.items()
        if layer == "outer" and name in ("tibia", "fibula")
    }
    return Other(image, masks, kind)


def lookalike(scene: Scene, seed: int) -> Other:
    """Draw a leg as a slice through it looks (MRI, CT): flat greys for each tissue, no sums along rays."""
    import cv2

    rng = np.random.default_rng(seed)
    shape = scene.image.shape
    levels = rng.uniform(0.05, 0.95, 4)
    image = np.full(shape, np.float32(levels[0]))
    image += np.float32(rng.uniform(0.03, 0.15)) * looks.smooth_noise(rng, shape, int(rng.integers(5, 16)))
    dark = bool(rng.random() < 0.7)  # cortex, which gives no signal; bright in a CT
    for name, mask in scene.masks.items():
        if name == "metal":
            continue
        inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=int(rng.integers(1, 3))) > 0
        level = levels[1] + rng.normal(0, 0.03)
        image[mask] = 0.03 if dark else 0.97
        image[inner] = level + 0.04 * looks.smooth_noise(rng, shape, int(rng.integers(8, 40)))[inner]
    x, y = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape[::-1]))
    width = rng.uniform(0.5, 1.1)
    outside = (np.abs(x + rng.normal(0, 0.1) + 0.2 * y * rng.normal()) > width) | (np.abs(y) > rng.uniform(0.85, 1.2))
    image[outside] = rng.uniform(0, 0.06)
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.6))
    image = image * (1 + np.float32(rng.uniform(0, 0.3)) * looks.smooth_noise(rng, shape, 2))
    image = looks.lettered(image, rng, "left", "ap") if rng.random() < 0.3 else image
    return Other(looks.stored(np.clip(image, 0, 1).astype(np.float32), rng), {}, "slice", x_ray=False)


def section(seed: int, size: int = 288) -> Other:
    """Draw a cross-section of a body as CT and MRI show it, or a picture of nothing."""
    import cv2

    rng = np.random.default_rng(seed)
    image = np.full((size, size), np.float32(rng.uniform(0, 0.1)))

    def blob(center: np.ndarray, radius: np.ndarray, level: float) -> None:
        angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        wave = 1 + sum(rng.normal(0, 0.25 / k**1.5) * np.cos(k * angle + rng.uniform(0, 7)) for k in range(1, 6))
        outline = center + (np.stack([np.cos(angle), np.sin(angle)], axis=1) * wave[:, None]) * radius
        cv2.fillPoly(image, [np.rint(outline * 16).astype(np.int32)], float(level), shift=4)

    if rng.random() < 0.85:
        for _ in range(int(rng.integers(1, 3))):
            center = np.array([size, size]) * rng.uniform(0.35, 0.65, 2)
            radius = size * rng.uniform(0.25, 0.45) * rng.uniform(0.7, 1.2, 2)
            blob(center, radius, rng.uniform(0.3, 0.9))
            blob(center, radius * 0.92, rng.uniform(0.15, 0.7))
            for _ in range(int(rng.integers(3, 25))):
                at = center + rng.uniform(-0.7, 0.7, 2) * radius
                small = radius * rng.uniform(0.05, 0.4)
                blob(at, small, rng.uniform(0, 1))
                if rng.random() < 0.4:
                    blob(at, small * 0.75, rng.uniform(0, 1))
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.6, 3))
    image += np.float32(rng.uniform(0, 0.1)) * looks.smooth_noise(rng, image.shape, int(rng.integers(3, 60)))
    image = looks.lettered(image, rng, "left", "ap") if rng.random() < 0.4 else image
    return Other(looks.stored(np.clip(image, 0, 1).astype(np.float32), rng), {}, "section", x_ray=False)


def _curve(line: np.ndarray, radii: tuple[float, float], aside: np.ndarray) -> Bone:
    """A bent bar of bone: a rib, a clavicle, a jaw."""
    half = np.tile(radii, (len(line), 1))
    return Bone(sweep(line, half, aside, 8), sweep(line, half - min(radii) * 0.35, aside, 8))


def _hand(rng: np.random.Generator) -> _Body:
    return _Body({"bones": hand(rng)}, MARGIN_MM, DEPTH_MM, [])


def _foot(rng: np.random.Generator) -> _Body:
    top = rng.uniform(80, 220)
    shank = {
        "tibia": [long_bone(np.array([0.0, 0, 26]), np.array([0.0, 0, 26 + top * 1.6]), 12, rng)],
        "fibula": [long_bone(np.array([26.0, 8, 12]), np.array([28.0, 10, 26 + top * 1.6]), 6.5, rng, 0.6)],
    }
    lumps = [((0, 0, 12), (20, 23, 13)), ((4, 32, -16), (17, 36, 19)), ((-4, -32, 4), (15, 9, 13))]
    lumps += [((14, -34, -8), (11, 15, 11)), ((-10, -48, 2), (9, 9, 10)), ((3, -49, 0), (8, 8, 9))]
    bones = [lump(np.array(center, float), np.array(half, float), rng) for center, half in lumps]
    lengths = np.array([(62, 0, 30, 20), (72, 28, 12, 9), (68, 26, 11, 9), (66, 24, 10, 9), (64, 22, 9, 9)], float)
    toes = rays(np.zeros(3), lengths, (6, 4.5, 4, 4), np.array([-8, -3, 0, 4, 9]), rng)
    turn = np.eye(4)  # toes point forwards
    turn[:3, :3] = np.array([(1.0, 0, 0), (0, 0.25, 0.97), (0, -0.97, 0.25)])
    turn[:3, 3] = (0, -55, -4)
    return _Body({"bones": bones + [bone.moved(turn) for bone in toes], **shank}, 14, 75, [])


def _forearm(rng: np.random.Generator) -> _Body:
    bones = [
        long_bone(np.array([-12.0, 0, 0]), np.array([-7.0, 0, 225]), 7.5, rng, 1.0),
        long_bone(np.array([12.0, 0, -4]), np.array([8.0, 4, 240]), 7, rng, 0.9),
        lump(np.array([-14.0, 0, -12]), (9, 9, 7), rng),
        lump(np.array([2.0, 0, -13]), (9, 9, 7), rng),
    ]
    bend = np.deg2rad(rng.choice([0, 90]) + rng.normal(0, 10))
    end = np.array([0.0, -np.sin(bend), np.cos(bend)]) * 290 + [0, 0, 240]
    bones += [long_bone(np.array([0.0, 0, 243]), end, 11, rng, 1.1)]
    return _Body({"bones": bones}, 22, 75, [])


def _arm(rng: np.random.Generator) -> _Body:
    """An upper arm hanging from a shoulder, with some of the ribs."""
    bones = [long_bone(np.zeros(3), np.array([0.0, 0, 290]), 11.5, rng, 0.95)]
    bones += [lump(np.array([-9.0, 0, 300]), (22, 22, 22), rng), lump(np.array([14.0, 0, 290]), (12, 14, 18), rng)]
    blade = np.array([(-30, 20, 310), (-60, 30, 270), (-75, 35, 210), (-80, 35, 170)], float)
    bones += [
        _curve(blade, (22, 3), _LEFT),
        _curve(np.array([(10, 5, 330), (-60, -10, 335), (-130, -20, 320.0)]), (6, 6), _UP),
    ]
    for number in range(int(rng.integers(3, 7))):
        line = np.array([(-90, 60, 300), (-72, 0, 285), (-90, -60, 262), (-140, -90, 245)], float)
        bones.append(_curve(line - [0, 0, 27 * number], (6, 3), _UP))
    bones += [
        long_bone(np.array([-9.0, 0, -5]), np.array([-20.0, 0, -230]), 8, rng),
        long_bone(np.array([9.0, 0, -3]), np.array([12.0, 0, -230]), 7, rng),
    ]
    return _Body({"bones": bones}, 32, 95, [])


def _chest(rng: np.random.Generator) -> _Body:
    bones = _column(np.array([0.0, 90, -190]), 14, np.array([16.0, 13, 21]), rng)
    angle = np.linspace(0.25, 2.6, 12)
    for number in range(11):
        wide = 130 * np.sin(np.clip(0.45 + 0.11 * number, 0, np.pi / 2)) * rng.uniform(0.97, 1.03)
        for sign in (-1, 1):
            line = np.stack([sign * wide * np.sin(angle), 80 * np.cos(angle), 150 - 28 * number - 38 * angle], axis=1)
            bones.append(_curve(line, (6.5, 3.5), _UP))
    for sign in (-1, 1):
        line = np.array([(sign * 15, -60, 150), (sign * 70, -55, 160), (sign * 130, -10, 172)], float)
        bones += [_curve(line, (6, 6), _UP), lump(np.array([sign * 155.0, 0, 160]), 23, rng)]
        bones.append(long_bone(np.array([sign * 160.0, 0, 150]), np.array([sign * 180.0, 0, -120]), 11, rng))
    air = [lump(np.array([sign * 72.0, 0, 15]), (52, 75, 130), rng) for sign in (-1, 1)]
    return _Body({"bones": bones}, 25, 190, [Bone(each.outer) for each in air])


def _column(bottom: np.ndarray, count: int, half: np.ndarray, rng: np.random.Generator) -> list[Bone]:
    """Vertebrae one above the other: bodies, pedicles, processes."""
    bones, at = [], bottom.astype(float)
    lean, bend = rng.normal(0, 0.04, 2), rng.normal(0, 0.03, 2)
    waist = np.array([(0, 0.95), (0.05, 1.05), (0.3, 0.92), (0.7, 0.92), (0.95, 1.05), (1, 0.95)])
    for number in range(count):
        size = half * (1 - 0.02 * number)
        way = np.array([*(lean + bend * number), 1.0])
        line = at + waist[:, :1] * size[2] * 1.3 * way
        radii = waist[:, 1:] * size[:2]
        bones.append(Bone(sweep(line, radii, _LEFT, 14), sweep(line, radii - 1.0, _LEFT, 14)))
        back = at + 0.6 * size[2] * way + [0, size[1] * 1.6, 0]
        bones.append(lump(back + np.array([0, size[1], -0.4 * size[2]]), (4, size[1] * 0.9, size[2] * 0.5), rng))
        for sign in (-1, 1):
            side = np.array([(sign * size[0] * 0.5, 0, 0), (sign * size[0] * 1.8, 3, 2)], float)
            bones += [
                _curve(back + side, (4.0, 3.0), _UP),
                lump(back + np.array([sign * size[0] * 0.55, -size[1] * 0.3, 0]), 5, rng),
            ]
        at = at + size[2] * 1.6 * way
    return bones


def _spine(rng: np.random.Generator) -> _Body:
    half = np.array([23.0, 17, 21]) if rng.random() < 0.7 else np.array([11.0, 9, 9.5])
    bones = _column(np.zeros(3), int(rng.integers(5, 9)), half, rng)
    for sign in (-1, 1):
        if half[0] > 20:
            wing = np.array([(sign * 25, 25, -8), (sign * 55, 20, 10), (sign * 110, -10, 30)], float)
            bones.append(_curve(wing, (30, 7), _UP))
    return _Body({"bones": bones}, 60 if half[0] > 20 else 35, 8 * half[0], [])


def _skull(rng: np.random.Generator) -> _Body:
    half = np.array([72.0, 92, 68]) * rng.uniform(0.75, 1.05)
    wall = rng.uniform(3, 6)
    shares = np.linspace(-1, 1, 17)[:, None]
    ring = np.sqrt(np.maximum(1 - shares**2, 0.01))
    line = shares * half[2] * _UP
    shell = Bone(
        sweep(line, ring * half[:2], _LEFT, 24), sweep(line * (1 - wall / half[2]), ring * (half[:2] - wall), _LEFT, 24)
    )
    face = [lump(rng.normal(0, 1, 3) * [22, 8, 20] + [0, -70, -65], rng.uniform(6, 18, 3), rng) for _ in range(16)]
    base = [lump(rng.normal(0, 1, 3) * [26, 30, 6] + [0, 0, -60], rng.uniform(8, 20, 3), rng) for _ in range(8)]
    angle = np.linspace(-1.9, 1.9, 14)
    jaw = np.stack([45 * np.sin(angle), -35 - 55 * np.cos(angle), -105 + 22 * (1 - np.cos(angle))], axis=1)
    teeth = [lump(jaw[k] + [0, 0, 16 * s], (3.4, 3.4, 9), rng) for k in range(3, 11) for s in (0.7, 1.7)]
    neck = _column(np.array([0.0, 20, -190]), 6, np.array([11.0, 9, 9.5]), rng)
    return _Body(
        {"bones": [shell, *face, *base, _curve(jaw, (6, 12), _BACK + _LEFT * 0.01), *teeth, *neck]}, 10, 130, []
    )


def _aimed(body: _Body, size: int, rng: np.random.Generator) -> Camera:
    from scipy.spatial.transform import Rotation

    points = np.concatenate([bone.outer.points for bones in body.bones.values() for bone in bones])
    low, high = points.min(axis=0), points.max(axis=0)
    view = str(rng.choice(("ap", "lateral", "oblique"), p=(0.5, 0.35, 0.15)))
    columns, rows = view_directions(view, "left", float(rng.uniform(20, 65)))
    turn = Rotation.from_euler("zxy", rng.normal(0, 8, 3), degrees=True).as_matrix()
    angle = np.deg2rad(rng.choice([0, 0, 0, 90, 180, -90]) + rng.normal(0, 8))
    columns, rows = turn @ columns, turn @ rows
    columns, rows = np.cos(angle) * columns + np.sin(angle) * rows, np.cos(angle) * rows - np.sin(angle) * columns
    field = float(np.ptp(points @ np.stack([columns, rows], axis=1), axis=0).max()) * rng.uniform(0.3, 1.05)
    target = low + (high - low) * rng.uniform(0.3, 0.7, 3)
    sid = float(rng.uniform(1000, 1800))
    sod = sid - float(rng.uniform(50, 250))
    pixel = field / size * sid / sod
    return place(columns, rows, target, (size, size), (pixel, pixel), sid, sod)


_BODIES: dict[str, Callable[[np.random.Generator], _Body]] = {
    "hand": _hand,
    "foot": _foot,
    "forearm": _forearm,
    "arm": _arm,
    "chest": _chest,
    "spine": _spine,
    "skull": _skull,
}
KINDS = (*_BODIES, "slice", "section")
