"""Soft tissue of legs and trunk in a picture: skin, fat between skin and muscle, muscles, bowel gas.

Each is a tube of elliptic sections along a line in space. Its shadow is drawn in closed form, as if its rays ran
parallel, on coarser pixels than the bones' since nothing of it is fine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...geometry.camera import Camera
from ..bones.bone import USUAL_FEMUR_MM
from .film import MU_FAT, MU_MUSCLE

_STEP = 2  # pixels
_SAMPLES = 256  # along a tube

# Of a thigh, at shares of the way from hip to knee: half widths across and from front to back, and how far its
# middle lies outwards and backwards of that line (mm). Of a shank from knee to ankle, likewise.
_THIGH = np.array(
    [
        (-0.25, 70, 80, 26, 12),
        (0.0, 80, 88, 24, 12),
        (0.15, 82, 86, 20, 8),
        (0.3, 77, 80, 15, 2),
        (0.5, 69, 73, 9, -4),
        (0.7, 60, 64, 4, -6),
        (0.85, 54, 57, 1, -4),
        (1.0, 53, 54, 0, -2),
        (1.2, 52, 52, 0, 0),
    ]
)
_SHANK = np.array(
    [
        (-0.2, 52, 52, 0, -2),
        (0.0, 52, 52, 0, 0),
        (0.1, 52, 51, 0, 2),
        (0.22, 53, 54, 0, 8),
        (0.36, 55, 58, 0, 12),
        (0.55, 47, 49, 0, 8),
        (0.8, 36, 38, 0, 2),
        (1.0, 34, 40, 0, 0),
        (1.4, 34, 46, 0, -8),
    ]
)
# Muscles as shares of the tube that holds them: outwards, backwards, half width, half depth; from and to which
# share of the way from joint to joint.
_THIGH_MUSCLES = np.array(
    [
        (0.05, -0.46, 0.50, 0.44, -0.05, 0.96),
        (0.46, -0.12, 0.40, 0.52, 0.02, 0.93),
        (0.22, 0.46, 0.40, 0.42, 0.05, 1.02),
        (-0.30, 0.44, 0.38, 0.42, 0.05, 1.04),
        (-0.46, 0.02, 0.44, 0.56, -0.10, 0.72),
        (-0.30, -0.20, 0.30, 0.40, 0.35, 0.98),
    ]
)
_SHANK_MUSCLES = np.array(
    [
        (-0.28, 0.42, 0.44, 0.42, -0.05, 0.58),
        (0.28, 0.42, 0.44, 0.42, -0.05, 0.52),
        (0.0, 0.18, 0.62, 0.40, 0.10, 0.85),
        (0.42, -0.34, 0.34, 0.38, 0.06, 0.85),
    ]
)


@dataclass(frozen=True)
class Leg:
    """Where a leg's joints and kneecap are (LPS, mm), and which way is outwards: +1 if to the left, else -1.

    `plump` is how much thicker its flesh is, for its length, than an adult's.
    """

    hip: np.ndarray
    knee: np.ndarray
    ankle: np.ndarray
    patella: np.ndarray
    outwards: float
    plump: float = 1.0

    def mirrored(self) -> Leg:
        """Return the other leg, in the plane x = 0."""
        joints = (each * [-1, 1, 1] for each in (self.hip, self.knee, self.ankle, self.patella))
        return Leg(*joints, -self.outwards, self.plump)


@dataclass(frozen=True)
class Trunk:
    """The trunk above the legs (LPS, mm): a point between the hips, and half of its width there."""

    middle: np.ndarray
    half_width: float


def plaster(body: np.ndarray, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """Line integral of a cast round a limb, as if the limb were round: bright along its edges, mottled between.

    Parameters
    ----------
    body : (rows, columns) bool array
        The limb's shadow.
    camera : Camera
    rng : numpy.random.Generator

    Returns
    -------
    (rows, columns) float32 array
    """
    import cv2

    pixel_mm = camera.pixel_size_mm[0] / camera.magnification
    away = cv2.distanceTransform((~body).astype(np.uint8), cv2.DIST_L2, 3) * pixel_mm
    thickness, padding, radius = rng.uniform(3, 9), rng.uniform(1, 8), rng.uniform(45, 80)
    outer = (away < thickness + padding).astype(np.uint8)
    outer = np.pad(outer, 1, mode="edge")  # it goes on beyond the picture
    depth = cv2.distanceTransform(outer, cv2.DIST_L2, 5)[1:-1, 1:-1] * np.float32(pixel_mm)

    def half_chord(of: float) -> np.ndarray:
        return np.sqrt(np.maximum(of**2 - np.maximum(radius - depth, 0) ** 2, 0))

    shell = 2 * (half_chord(radius) - half_chord(radius - thickness)) * (depth > 0)
    mottled = cv2.GaussianBlur(rng.standard_normal(body.shape, np.float32), (0, 0), max(0.7, 2.5 / pixel_mm))
    mottled = 1 + np.float32(rng.uniform(0.05, 0.25) / max(float(mottled.std()), 1e-6)) * mottled
    return (np.float32(rng.uniform(0.012, 0.04)) * shell * mottled).astype(np.float32)


def flesh_round(
    bone: np.ndarray, margin_mm: float, depth_mm: float, camera: Camera, rng: np.random.Generator
) -> np.ndarray:
    """Length of rays (mm) in flesh that reaches so far beyond the bones, round at its edges."""
    import cv2

    pixel = camera.pixel_size_mm[0] / camera.magnification
    reach = max(2, round(margin_mm * rng.uniform(0.6, 1.4) / pixel))
    few = 4
    small = cv2.resize(bone.astype(np.uint8), None, fx=1 / few, fy=1 / few, interpolation=cv2.INTER_AREA)
    pad = 2 * (reach // few) + 2  # so that flesh ends somewhere
    small = np.pad(small, pad)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * (reach // few) + 1,) * 2)
    filled = cv2.morphologyEx(cv2.dilate(small, disc), cv2.MORPH_CLOSE, disc)
    inside = cv2.distanceTransform(filled, cv2.DIST_L2, 5) * few * pixel
    depth = depth_mm / 2 * rng.uniform(0.7, 1.3)
    half = np.sqrt(np.maximum(depth**2 - np.maximum(depth - inside, 0) ** 2, 0))
    half = cv2.GaussianBlur(half, (0, 0), 1.5)[pad:-pad, pad:-pad]
    return 2 * cv2.resize(half.astype(np.float32), camera.shape[::-1], interpolation=cv2.INTER_LINEAR)


def soft_tissue(
    legs: list[Leg], trunk: Trunk | None, camera: Camera, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Soft tissue as if there were no bones in it.

    Parameters
    ----------
    legs : list of Leg
        The first one is the one that is X-rayed.
    trunk : Trunk, optional
    camera : Camera
    rng : numpy.random.Generator
        For build, fat and how muscles are spread.

    Returns
    -------
    line_integral, thickness_mm : (rows, columns) float32 array
        Attenuation along each ray, and the ray's length in the body.
    """
    import cv2

    canvas = _Canvas(camera)
    build, fat = rng.uniform(0.78, 1.12), rng.gamma(3.0, 3.5) + 2
    muscles = [table * rng.normal(1, 0.12, table.shape) for table in (_THIGH_MUSCLES, _SHANK_MUSCLES)]
    skin, muscle = np.zeros(canvas.shape, np.float32), np.zeros(canvas.shape, np.float32)
    for leg in legs:
        size = float(np.linalg.norm(leg.hip - leg.knee)) / USUAL_FEMUR_MM
        thick = size * leg.plump
        thigh = _Line(leg.hip, leg.knee, leg.outwards, _THIGH, size)
        shank = _Line(leg.knee, leg.ankle, leg.outwards, _SHANK, size)
        under_skin = fat * np.interp(_THIGH[:, 0], (0, 1), (1.2, 0.5)), fat * np.full(len(_SHANK), 0.4)
        ends = (None, 65 * size), (65 * size, None)
        held_in = []
        for line, layer, table, held, end in zip(
            (thigh, shank), under_skin, (_THIGH, _SHANK), muscles, ends, strict=True
        ):
            radii = (table[:, 1:3] * build + 0.8 * (layer - 8)[:, None]) * thick
            held_in.append(float(np.interp(0.68 if line is thigh else 0.2, table[:, 0], radii.min(axis=1))))
            outer = canvas.tube(line.points, radii, line, end)
            within = np.maximum(radii - layer[:, None] * thick, 8 * min(1.0, 2 * size))
            cells = sum(canvas.muscle(line, within, of) for of in held)
            skin = np.maximum(skin, outer)
            muscle = np.maximum(muscle, np.minimum(cells, np.maximum(outer - 1.6 * thick * layer.min(), 0)))
        # Skin runs over the kneecap, from the thigh's front to the shank's, however far the knee is bent.
        above, below = leg.hip + 0.68 * (leg.knee - leg.hip), leg.knee + 0.2 * (leg.ankle - leg.knee)
        ends = np.stack([above, (above + leg.patella) / 2, leg.patella, (leg.patella + below) / 2, below])
        high, low = 0.9 * held_in[0], 0.9 * held_in[1]
        cap = (25 + 0.4 * fat) * thick
        radii = np.array([high, 0.6 * high + 0.4 * cap, cap, 0.6 * low + 0.4 * cap, low])[:, None] * np.ones(2)
        skin = np.maximum(skin, canvas.tube(ends, radii, thigh, (40 * size, 40 * size)))
    if trunk is not None:
        body, flesh = _trunk(canvas, trunk, fat, build, rng)
        # Where leg and trunk meet neither ends: their thicknesses flow into each other.
        skin = np.sqrt(np.sqrt(skin**4 + body**4))
        muscle = np.minimum(np.sqrt(np.sqrt(muscle**4 + flesh**4)), skin)
    streaks = canvas.streaks(legs[0], rng)
    muscle = np.minimum(muscle * (1 + np.float32(rng.uniform(0.01, 0.05)) * streaks), skin)
    total = MU_FAT * skin + (MU_MUSCLE - MU_FAT) * cv2.GaussianBlur(muscle, (0, 0), 1.0)
    rows, columns = camera.shape
    return tuple(
        cv2.resize(each.astype(np.float32), (columns, rows), interpolation=cv2.INTER_LINEAR) for each in (total, skin)
    )


class _Line:
    """Middle of a tube: points (k, 3), and unit vectors outwards and backwards, which stand across it."""

    def __init__(self, start: np.ndarray, end: np.ndarray, outwards: float, table: np.ndarray, size: float) -> None:
        way = end - start
        along = way / np.linalg.norm(way)
        out = np.array([outwards, 0.0, 0.0])
        self.out = out - (out @ along) * along
        self.out /= np.linalg.norm(self.out)
        self.back = np.cross(self.out, along) * -outwards
        if self.back[1] < 0 and abs(self.back[1]) > abs(self.back[2]):
            self.back = -self.back
        self.shares = table[:, 0]
        straight = start + self.shares[:, None] * way
        self.points = straight + size * (table[:, 3:4] * self.out + table[:, 4:5] * self.back)


class _Canvas:
    """A camera's picture on coarse pixels."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        to_lps = np.linalg.inv(camera.from_lps)
        self.columns, self.rows = to_lps[:3, 0], to_lps[:3, 1]
        self.shape = tuple(-(-n // _STEP) for n in camera.shape)
        scale = [full / few for full, few in zip(camera.shape, self.shape, strict=True)]
        self.y, self.x = (
            ((np.arange(n, dtype=np.float32) + 0.5) * s - 0.5).astype(np.float32)
            for n, s in zip(self.shape, scale, strict=True)
        )
        self.pixel_mm = camera.pixel_size_mm[0] / camera.magnification

    def muscle(self, line: _Line, radii: np.ndarray, of: np.ndarray) -> np.ndarray:
        """Thickness (mm) of a spindle within a tube of these radii; `of` is a row of a table of muscles."""
        low, high = of[4:]
        shares = np.linspace(low, high, 12)
        bulge = 0.1 + 0.9 * np.sqrt(1 - np.abs(np.linspace(-1, 1, 12)) ** 2.5)
        held = np.stack([np.interp(shares, line.shares, radii[:, i]) for i in (0, 1)], axis=1)
        middle = np.stack([np.interp(shares, line.shares, line.points[:, i]) for i in range(3)], axis=1)
        place = of[:2] * held
        middle = middle + place[:, :1] * line.out + place[:, 1:] * line.back
        return self.tube(middle, held * of[2:4] * bulge[:, None], line, (0.0, 0.0))

    def tube(
        self, points: np.ndarray, radii: np.ndarray, line: _Line, rounded: tuple[float | None, float | None]
    ) -> np.ndarray:
        """Thickness (mm) of a tube through points (k, 3), with half axes (k, 2) along `line.out` and `line.back`.

        Its ends are round over so many mm; where None stands, it goes on for ever.
        """
        nothing = np.zeros(self.shape, np.float32)
        pixel = self.camera.project(points)[0]
        axis = pixel[-1] - pixel[0]
        length = float(np.linalg.norm(axis))
        reach = float(radii.max()) / self.pixel_mm + 2
        if length < 1e-3 or self._away(pixel, reach, rounded):
            return nothing
        axis = axis / length
        across = np.array([-axis[1], axis[0]])
        along, off = (pixel - pixel[0]) @ axis, (pixel - pixel[0]) @ across
        along = np.maximum.accumulate(along)
        seen = across[0] * self.columns + across[1] * self.rows
        width = np.hypot(radii[:, 0] * (line.out @ seen), radii[:, 1] * (line.back @ seen))
        depth = 2 * radii[:, 0] * radii[:, 1] / np.maximum(width, 1e-3)
        at = np.linspace(0, length, _SAMPLES)
        width, depth, off = (_smoothed(np.interp(at, along, each)) for each in (width / self.pixel_mm, depth, off))
        mm = at * self.pixel_mm
        for end, away in zip(rounded, (mm, mm[-1] - mm), strict=True):
            if end:
                shrunk = np.sqrt(np.clip(1 - np.clip(1 - away / end, 0, 1) ** 2, 1e-6, 1))
                width, depth = width * shrunk, depth * shrunk
        x, y = self.x - np.float32(pixel[0, 0]), (self.y - np.float32(pixel[0, 1]))[:, None]
        t = (y * np.float32(axis[1]) + x * np.float32(axis[0])) * np.float32((_SAMPLES - 1) / length)
        index = np.clip(t, 0, _SAMPLES - 1).astype(np.int32)
        u = y * np.float32(across[1]) + x * np.float32(across[0])
        u = (u - off.astype(np.float32)[index]) * (1 / width).astype(np.float32)[index]
        inside = np.maximum(1 - u * u, 0)
        for end, beyond in zip(rounded, (t < 0, t > _SAMPLES - 1), strict=True):
            if end is not None:
                inside[beyond] = 0
        return depth.astype(np.float32)[index] * np.sqrt(inside)

    def _away(self, pixel: np.ndarray, reach: float, rounded: tuple[float | None, float | None]) -> bool:
        if None in rounded:
            return False
        last = np.array(self.camera.shape[::-1])
        return bool((pixel.max(axis=0) + reach < 0).any() or (pixel.min(axis=0) - reach > last).any())

    def streaks(self, leg: Leg, rng: np.random.Generator) -> np.ndarray:
        """Noise drawn out along a leg, of standard deviation about 1."""
        import cv2

        axis = np.diff(self.camera.project(np.stack([leg.hip, leg.knee]))[0], axis=0)[0]
        angle = float(np.degrees(np.arctan2(axis[0], axis[1])))
        rows, columns = self.shape
        few = rng.standard_normal((8, 40)).astype(np.float32)
        grow = np.array([[columns * 1.5 / 40, 0], [0, rows * 1.5 / 8]])
        turn = cv2.getRotationMatrix2D((0, 0), angle, 1.0)[:, :2] @ grow
        shift = np.array([columns, rows]) / 2 - turn @ [20, 4]
        matrix = np.column_stack([turn, shift])
        return cv2.warpAffine(few, matrix, (columns, rows), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def _trunk(
    canvas: _Canvas, trunk: Trunk, fat: float, build: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Thickness (mm) of the trunk, and what of it is flesh."""
    import cv2

    size = trunk.half_width / 190
    # From above downwards: mm below the hips, half width and half depth.
    table = np.array(
        [
            (-400, 0.86, 105),
            (-180, 0.84, 100),
            (-100, 0.92, 108),
            (-10, 1.0, 106),
            (40, 0.86, 82),
            (75, 0.55, 56),
            (115, 0.12, 25),
        ]
    )
    start, end = trunk.middle, trunk.middle - [0, 0, 1.0]
    shape = np.column_stack([table[:, 0] * size, table[:, 1:], np.zeros(len(table)), np.full(len(table), 22.0)])
    line = _Line(start, end, 1.0, shape, size)
    radii = np.column_stack([trunk.half_width * table[:, 1], table[:, 2] * size * rng.uniform(0.75, 1.2) + fat * 0.7])
    body = canvas.tube(line.points, radii, line, (None, 60 * size))
    few = rng.standard_normal((12, 12)).astype(np.float32)
    lumps = cv2.resize(few, canvas.shape[::-1], interpolation=cv2.INTER_CUBIC)
    flesh = np.maximum(body - np.float32(2 * fat), 0) * (np.float32(0.8) + np.float32(0.05) * lumps)
    hollow = _bowel(canvas, trunk, size, rng)
    body = np.maximum(body - hollow, 0)
    return body, np.minimum(np.maximum(flesh - hollow, 0), body)


def _bowel(canvas: _Canvas, trunk: Trunk, size: float, rng: np.random.Generator) -> np.ndarray:
    """Thickness of gas (mm): strings of bubbles."""
    import cv2

    gas = np.zeros(canvas.shape, np.float32)
    for _ in range(int(rng.integers(0, 7))):
        place = trunk.middle + size * np.array([rng.uniform(-95, 95), 0, rng.uniform(0, 190)])
        walk = rng.uniform(0, 2 * np.pi)
        for _ in range(int(rng.integers(1, 7))):
            column, row = canvas.camera.project(place[None])[0][0] / _STEP
            radius = rng.uniform(6, 16) * size / canvas.pixel_mm / _STEP
            if np.isfinite([column, row]).all() and max(abs(column), abs(row)) < 4 * canvas.shape[0]:
                bubble = np.zeros(canvas.shape, np.uint8)
                axes = (max(1, int(radius * rng.uniform(0.7, 1.4))), max(1, int(radius)))
                cv2.ellipse(bubble, (int(column), int(row)), axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
                gas = np.maximum(gas, bubble * np.float32(rng.uniform(8, 30) * size))
            walk += rng.normal(0, 0.8)
            place = place + 18 * size * np.array([np.cos(walk), 0, np.sin(walk)])
    return cv2.GaussianBlur(gas, (0, 0), max(0.6, 2.5 * size / canvas.pixel_mm / _STEP))


def _smoothed(values: np.ndarray, half: int = _SAMPLES // 16) -> np.ndarray:
    """Running mean, ends going on as they are: a table's corners must not be seen."""
    sums = np.cumsum(np.concatenate([np.full(half + 1, values[0]), values, np.full(half, values[-1])]))
    return (sums[2 * half + 1 :] - sums[: -2 * half - 1]) / (2 * half + 1)
