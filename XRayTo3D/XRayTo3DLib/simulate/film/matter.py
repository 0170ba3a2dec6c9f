"""What rays meet in a limb: cortex, spongy bone and marrow, growth plates, metal, soft tissue."""

from __future__ import annotations

import numpy as np

from ...geometry.camera import Camera
from .film import MU_CORTEX, MU_FAT, MU_MUSCLE, MU_STEEL, MU_TITANIUM

_MU_DENSE = 0.034  # spongy bone under a joint: 1/mm


def attenuation(
    lengths: dict[tuple[str, str], np.ndarray],
    tissue: np.ndarray,
    body_mm: np.ndarray,
    marks: dict[str, np.ndarray],
    camera: Camera,
    rng: np.random.Generator,
) -> np.ndarray:
    """Line integral of attenuation of everything on each ray.

    Parameters
    ----------
    lengths : dict of (str, str) to (rows, columns) array
        mm in each bone, by its name and "outer" or "inner"; in ("metal", "outer"), ("plates", "all"),
        ("rims", "all") and ("callus", "all").
    tissue, body_mm : (rows, columns) array
        Line integral and length in the soft tissue, as if there were no bones.
    marks : dict of str to (3,) array
        The femur's landmarks.
    camera : Camera
    rng : numpy.random.Generator
        For how dense the bones are.

    Returns
    -------
    (rows, columns) float32 array
    """
    mineral = np.float32(rng.uniform(0.5, 1.1))
    thinned = max(0.0, rng.uniform(-1.0, 0.7))  # how much of the cortex osteoporosis has taken
    dense = np.float32(MU_MUSCLE) + (_MU_DENSE - MU_MUSCLE) * mineral * np.float32(rng.uniform(0.35, 1.0))
    marrow = np.float32(rng.uniform(MU_FAT, MU_MUSCLE))
    grain = _trabeculae(marks, camera, rng)
    spread = _spongy(marks, camera)
    solid = np.zeros(camera.shape, np.float32)
    total = np.zeros(camera.shape, np.float32)
    for (name, kind), outer in lengths.items():
        if kind != "outer" or name == "metal":
            continue
        outer = outer.astype(np.float32)
        inner = lengths.get((name, "inner"), np.zeros(camera.shape)).astype(np.float32)
        if thinned:
            inner = inner + np.float32(thinned) * (outer - inner) * (inner > 0)
        share = spread.get(name.removeprefix("other_")) if not name.startswith("other_") else None
        spongy = dense if share is None else marrow + (dense - marrow) * share
        if name == "patella":
            spongy = 1.1 * dense
        total += (
            np.float32(MU_CORTEX * mineral) * (outer - inner) + (spongy + (spongy - np.float32(MU_FAT)) * grain) * inner
        )
        solid += outer
    for kind, mu in (
        ("rims", 0.5 * (MU_CORTEX - _MU_DENSE)),
        ("callus", (MU_CORTEX - MU_MUSCLE) * mineral),
        ("plates", -(dense - 0.6 * MU_FAT) - 0.25 * (MU_CORTEX - _MU_DENSE)),
    ):
        if (kind, "all") in lengths:
            total += np.float32(mu) * lengths[kind, "all"]
    # Soft tissue fills what bone leaves of the body; where flesh is drawn too thin, a little covers the bone.
    left = np.clip(1 - solid / np.maximum(body_mm, 1), 0, 1)
    total = np.maximum(total, 0) + tissue * left
    if ("metal", "outer") in lengths:
        total += (MU_STEEL if rng.random() < 0.5 else MU_TITANIUM) * lengths["metal", "outer"]
    return total.astype(np.float32)


def _spongy(marks: dict[str, np.ndarray], camera: Camera) -> dict[str, np.ndarray]:
    """Share of spongy bone inside the long bones, by where a pixel lies along them: ends are full of it."""
    head, knee = camera.project(np.stack([marks["head_center"], marks["knee_center"]]))[0]
    axis = knee - head
    length = max(float(axis @ axis), 1.0)
    y, x = np.arange(camera.shape[0], dtype=np.float32)[:, None], np.arange(camera.shape[1], dtype=np.float32)
    share = ((x - np.float32(head[0])) * np.float32(axis[0] / length)) + (y - np.float32(head[1])) * np.float32(
        axis[1] / length
    )
    femur = _step(0.26, 0.08, share) + _step(0.72, 0.92, share)
    away = np.sqrt(((x - np.float32(knee[0])) ** 2 + (y - np.float32(knee[1])) ** 2) / np.float32(length))
    shank = np.maximum(_step(0.34, 0.14, away), _step(0.85, 1.0, away))
    return {"femur": femur, "tibia": shank, "fibula": shank}


def _step(start: float, end: float, values: np.ndarray) -> np.ndarray:
    """0 before the start, 1 after the end, smooth between."""
    t = np.clip((values - np.float32(start)) * np.float32(1 / (end - start)), 0, 1)
    return t * t * (3 - 2 * t)


def _trabeculae(marks: dict[str, np.ndarray], camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """Relative density of spongy bone: fine streaks along the bone, of some percent, and lumps."""
    import cv2

    head, knee = camera.project(np.stack([marks["head_center"], marks["knee_center"]]))[0]
    rows, columns = camera.shape
    pixel_mm = camera.pixel_size_mm[0] / camera.magnification
    angle = float(np.degrees(np.arctan2(*(knee - head))))
    width, length = max(0.6, 0.7 / pixel_mm), max(0.9, rng.uniform(1.2, 2.4) / pixel_mm)
    noise = cv2.GaussianBlur(rng.standard_normal((rows, columns), np.float32), (0, 0), sigmaX=width, sigmaY=length)
    turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), angle, 1.0)
    noise = cv2.warpAffine(noise, turn, (columns, rows), borderMode=cv2.BORDER_REFLECT)
    noise *= np.float32(rng.uniform(0.03, 0.11) / max(float(noise.std()), 1e-6))
    cells = int(np.clip(max(camera.shape) * pixel_mm / 9, 4, 60))
    lumps = cv2.resize(rng.standard_normal((cells, cells), np.float32), (columns, rows), interpolation=cv2.INTER_CUBIC)
    return noise + np.float32(rng.uniform(0.01, 0.06)) * lumps
