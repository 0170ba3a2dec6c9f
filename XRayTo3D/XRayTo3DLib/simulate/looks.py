"""How a radiograph comes to look: what machines, vendors, people and files do to a film.

All functions take and return a picture (rows, columns) of float32; what is random is drawn from `rng`.
"""

from __future__ import annotations

import numpy as np


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cells: int) -> np.ndarray:
    """Smooth random field of standard deviation about 1, that varies over so many cells."""
    import cv2

    few = rng.standard_normal((cells, cells)).astype(np.float32)
    return cv2.resize(few, shape[::-1], interpolation=cv2.INTER_CUBIC)


def windowed(film: np.ndarray, rng: np.random.Generator, seen: np.ndarray) -> np.ndarray:
    """Grey values 0 to 1 of a logarithmic film, well or badly exposed, by the pixels that are `seen`."""
    low, high = np.percentile(film[seen], (rng.uniform(0, 5), rng.uniform(98.5, 100))) if seen.any() else (0, 1)
    spread = max(float(high - low), 1e-6)
    low = low + spread * rng.normal(0, 0.05)
    spread = spread * rng.uniform(0.9, 1.35)
    grey = np.clip((film - low) / spread, 0, 1).astype(np.float32)
    return grey ** np.float32(np.exp(rng.normal(0, 0.25)))


def compressed(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A logarithmic film without part of its large differences, so that thick and thin parts can both be seen."""
    import cv2

    few = cv2.resize(film, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    base = cv2.GaussianBlur(few, (0, 0), max(few.shape) * rng.uniform(0.06, 0.2), borderType=cv2.BORDER_REPLICATE)
    base = cv2.resize(base, film.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return film - np.float32(rng.uniform(0.2, 0.8)) * base


def processed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A vendor's processing: unsharp masking, local contrast, uneven brightness."""
    import cv2

    if rng.random() < 0.5:
        base = cv2.GaussianBlur(image, (0, 0), rng.uniform(3, 25))
        image = np.clip(image + np.float32(rng.uniform(0.2, 1.2)) * (image - base), 0, 1)
    if rng.random() < 0.3:
        cells = int(rng.integers(2, 7))
        equalised = cv2.createCLAHE(rng.uniform(1.2, 3.5), (cells, cells)).apply(_bytes(image))
        share = np.float32(rng.uniform(0.3, 1))
        image = (1 - share) * image + share * (equalised.astype(np.float32) / 255)
    if rng.random() < 0.5:
        image = np.clip(image * (1 + np.float32(rng.uniform(0, 0.2)) * smooth_noise(rng, image.shape, 3)), 0, 1)
    return image


def lettered(image: np.ndarray, rng: np.random.Generator, side: str, view: str) -> np.ndarray:
    """Lead letters and burnt-in text."""
    import cv2

    rows, columns = image.shape
    ink = np.zeros(image.shape, np.uint8)
    texts = [
        side[0].upper(),
        side.upper(),
        view.upper(),
        "STANDING",
        "PORTABLE",
        "XT",
        f"{rng.integers(1, 31):02d}/07",
        "cm",
    ]
    for _ in range(int(rng.integers(1, 4))):
        text = texts[0] if rng.random() < 0.5 else str(rng.choice(texts))
        border = rng.random() < 0.8
        x = rng.choice([0.03, 0.8]) if border else rng.uniform(0, 0.8)
        y = rng.choice([0.12, 0.95]) if border else rng.uniform(0.1, 1)
        scale = rng.uniform(0.4, 1.3) * rows / 288
        place = int(x * columns), int(y * rows)
        font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_PLAIN]))
        cv2.putText(ink, text, place, font, scale, 255, int(rng.integers(1, 4)), cv2.LINE_AA)
    cover = ink.astype(np.float32) / 255 * np.float32(rng.uniform(0.7, 1))
    return np.clip(image * (1 - cover) + cover * np.float32(rng.uniform(0.85, 1)), 0, 1)


def open_field(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Which pixels the collimator lets the beam reach: all, or a box, perhaps turned, or a disc."""
    import cv2

    field = np.ones(shape, np.uint8)
    if rng.random() < 0.5:
        return field > 0
    rows, columns = shape
    if rng.random() < 0.12:
        field[:] = 0
        center = (int(columns * rng.uniform(0.45, 0.55)), int(rows * rng.uniform(0.45, 0.55)))
        cv2.circle(field, center, int(min(shape) * rng.uniform(0.46, 0.6)), 1, -1)
        return field > 0
    margins = np.where(rng.random(4) < 0.6, rng.uniform(0, 0.16, 4), -0.5)
    corners = np.array([(margins[0], margins[1]), (1 - margins[2], margins[1]), (1 - margins[2], 1 - margins[3])])
    corners = np.concatenate([corners, [(margins[0], 1 - margins[3])]]) - 0.5
    turn = np.deg2rad(rng.normal(0, 2.5)) if rng.random() < 0.5 else 0.0
    rotated = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    field[:] = 0
    cv2.fillConvexPoly(field, np.rint((rotated + 0.5) * [columns, rows]).astype(np.int32), 1)
    return field > 0


def framed(image: np.ndarray, rng: np.random.Generator, field: np.ndarray) -> np.ndarray:
    """What a viewer shows where the collimator was shut: black, white or grey, with a soft edge."""
    import cv2

    shut = np.float32(0.0 if rng.random() < 0.75 else rng.choice([1.0, 0.9, rng.uniform(0, 0.5)]))
    soft = cv2.GaussianBlur(field.astype(np.float32), (0, 0), rng.uniform(0.4, 1.5))
    return np.clip(image * soft + shut * (1 - soft), 0, 1)


def stored(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What files do: coarser pixels, grain, JPEG's blocks."""
    import cv2

    rows, columns = image.shape
    if rng.random() < 0.3:
        share = rng.uniform(0.45, 0.95)
        few = cv2.resize(image, (int(columns * share), int(rows * share)), interpolation=cv2.INTER_AREA)
        image = cv2.resize(few, (columns, rows), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.4:
        grain = rng.standard_normal(image.shape, np.float32)
        if rng.random() < 0.5:
            grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.6, 1.5)) * 2
        image = image + np.float32(rng.uniform(0.005, 0.035)) * grain
    if rng.random() < 0.35:
        code = cv2.imencode(".jpg", _bytes(image), [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 85))])[1]
        image = cv2.imdecode(code, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    return np.clip(image, 0, 1).astype(np.float32)


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
