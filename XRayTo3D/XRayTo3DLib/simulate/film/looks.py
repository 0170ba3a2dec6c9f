"""How a radiograph comes to look: what machines, vendors, people and files do to a film.

Pictures are (rows, columns) float32, 0 to 1 once they have been toned; what is random is drawn from `rng`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...geometry.camera import Camera
from .film import expose
from .setup import Exposure


@dataclass(frozen=True)
class Frame:
    """What of a picture shows the patient.

    Attributes
    ----------
    open : (rows, columns) bool array
        Where the collimator lets the beam through and no border covers the film.
    fill : (rows, columns) float32 array
        Grey value of everything else.
    """

    open: np.ndarray
    fill: np.ndarray


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cells: int) -> np.ndarray:
    """Smooth random field of standard deviation about 1, that varies over so many cells."""
    import cv2

    few = rng.standard_normal((cells, cells), np.float32)
    return cv2.resize(few, shape[::-1], interpolation=cv2.INTER_CUBIC)


def toned(film: np.ndarray, bone: np.ndarray, tissue: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Grey values of a logarithmic film, as a machine chooses them that knows what it shows.

    Slow changes are reduced, so that thick and thin parts can be seen at once; then soft tissue is put at a dark
    grey and bone at a bright one.

    Parameters
    ----------
    film : (rows, columns) float32 array
        Bone bright.
    bone, tissue : (rows, columns) bool array
        Where bone, and where soft tissue alone, is seen.
    rng : numpy.random.Generator

    Returns
    -------
    (rows, columns) float32 array
    """
    import cv2

    share = np.float32(rng.uniform(0, 0.75))
    step = 4
    few = cv2.resize(film, (max(1, film.shape[1] // step), max(1, film.shape[0] // step)), interpolation=cv2.INTER_AREA)
    base = cv2.GaussianBlur(
        few, (0, 0), max(film.shape) / step * rng.uniform(0.06, 0.2), borderType=cv2.BORDER_REPLICATE
    )
    film = film - share * cv2.resize(base, film.shape[::-1], interpolation=cv2.INTER_LINEAR)

    values = [film[where][::7] for where in (tissue, bone)]
    if min(len(each) for each in values) < 20:
        dark, bright = np.percentile(film, (20, 99))
    else:
        dark, bright = np.percentile(values[0], rng.uniform(30, 60)), np.percentile(values[1], rng.uniform(85, 98))
    spread = max(float(bright - dark), 0.08)
    grey, white = rng.uniform(0.12, 0.42), rng.uniform(0.75, 1.0)
    if rng.random() < 0.35:  # bone hardly brighter than flesh, as in the shadow of a thick hip
        grey = rng.uniform(0.15, 0.55)
        white = grey + rng.uniform(0.12, 0.4)
    if rng.random() < 0.15:  # under- or over-exposed
        grey, white = np.array([grey, white]) + rng.choice([-1, 1]) * rng.uniform(0.06, 0.2)
    image = (film - np.float32(dark)) * np.float32((white - grey) / spread) + np.float32(grey)
    return _bent(image, rng)


def _bent(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A film's curve: straight in the middle, and with a foot and a shoulder that nothing is cut off by."""
    knee = np.float32(rng.uniform(0.02, 0.2))
    low, high = knee, np.float32(1) - knee
    image = np.where(image < low, low * np.exp(np.minimum(image - low, 0) / low), image)
    image = np.where(image > high, 1 - knee * np.exp(-np.maximum(image - high, 0) / knee), image)
    return image.astype(np.float32) ** np.float32(np.exp(rng.normal(0, 0.18)))


def processed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A vendor's processing: edges enhanced, local contrast, uneven brightness."""
    import cv2

    if rng.random() < 0.5:
        base = cv2.GaussianBlur(image, (0, 0), np.exp(rng.uniform(0, np.log(12))))
        image = np.clip(image + np.float32(rng.uniform(0.2, 1.0)) * (image - base), 0, 1)
    if rng.random() < 0.3:
        cells = int(rng.integers(2, 7))
        equalised = cv2.createCLAHE(rng.uniform(1.0, 2.5), (cells, cells)).apply(_bytes(image))
        amount = np.float32(rng.uniform(0.3, 1))
        image = (1 - amount) * image + amount * (equalised.astype(np.float32) / 255)
    if rng.random() < 0.25:  # every place as bright and as rich in contrast as every other
        width = max(image.shape) * rng.uniform(0.04, 0.15)
        mean = cv2.GaussianBlur(image, (0, 0), width)
        spread = np.sqrt(cv2.GaussianBlur((image - mean) ** 2, (0, 0), width))
        amount = np.float32(rng.uniform(0.4, 1))
        image = (1 - amount) * image + amount * np.clip(0.45 + 0.17 * (image - mean) / (spread + 0.03), 0, 1)
    if rng.random() < 0.5:
        image = np.clip(image * (1 + np.float32(rng.uniform(0, 0.3)) * smooth_noise(rng, image.shape, 3)), 0, 1)
    return image


def frame(rng: np.random.Generator, shape: tuple[int, int]) -> Frame:
    """A collimator's edges, a film's border, the bars round a screen shot: any of them, or none."""
    import cv2

    rows, columns = shape
    shown = np.ones(shape, np.uint8)
    fill = np.zeros(shape, np.float32)
    if rng.random() < 0.45:
        shown[:] = 0
        if rng.random() < 0.07:
            center = (int(columns * rng.uniform(0.46, 0.54)), int(rows * rng.uniform(0.46, 0.54)))
            cv2.circle(shown, center, int(min(shape) * rng.uniform(0.47, 0.6)), 1, -1)
        else:
            left, top, right, bottom = np.where(rng.random(4) < 0.55, rng.uniform(0, 0.17, 4), -0.5)
            corners = np.array([(left, top), (1 - right, top), (1 - right, 1 - bottom), (left, 1 - bottom)]) - 0.5
            angle = rng.normal(0, 0.03) if rng.random() < 0.6 else 0.0
            corners = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            cv2.fillConvexPoly(shown, np.rint((corners + 0.5) * [columns, rows]).astype(np.int32), 1)
        # Black by a shutter, or as bright as what no ray has reached.
        fill[:] = 0.0 if rng.random() < 0.7 else rng.choice([1.0, rng.uniform(0.75, 1), rng.uniform(0.02, 0.2)])
    if rng.random() < 0.2:  # a picture that does not fill the screen
        across = rng.random() < 0.6
        bars = (rng.uniform(0.02, 0.22, 2) * (rng.random(2) < 0.8) * shape[across]).astype(int)
        level = 0.0 if rng.random() < 0.65 else rng.choice([1.0, rng.uniform(0, 1)])
        for part in (slice(0, bars[0]), slice(shape[across] - bars[1], None)):
            of = (slice(None), part) if across else (part, slice(None))
            shown[of], fill[of] = 0, level
    if rng.random() < 0.05:  # lead laid over the patient
        place, size = rng.uniform(0.1, 0.9, 2), rng.uniform(0.08, 0.3)
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 9))))
        corners = place + size * rng.uniform(0.5, 1, 2) * np.column_stack([np.cos(angles), np.sin(angles)])
        lead = np.zeros(shape, np.uint8)
        cv2.fillPoly(lead, [np.rint(corners * [columns, rows]).astype(np.int32)], 1)
        shown[lead > 0], fill[lead > 0] = 0, rng.uniform(0.8, 1)
    if rng.random() < 0.06:  # the edge of a film, with the light box beside it
        width = int(rng.integers(1, max(2, rows // 40)))
        for of in (slice(0, width), slice(rows - width, None)):
            shown[of], fill[of] = 0, 1
            shown[:, of], fill[:, of] = 0, 1
    return Frame(shown > 0, fill)


def framed(image: np.ndarray, around: Frame, rng: np.random.Generator) -> np.ndarray:
    """Lay a frame over a picture: the collimator's shadow is a little soft, a border's is not."""
    import cv2

    if around.open.all():
        return image
    soft = around.open.astype(np.float32)
    if rng.random() < 0.6:
        soft = np.minimum(soft, cv2.GaussianBlur(soft, (0, 0), rng.uniform(0.4, 1.5)))
    return image * soft + around.fill * (1 - soft)


def photographed(
    line_integral: np.ndarray,
    bone: np.ndarray,
    body: np.ndarray,
    camera: Camera,
    around: Frame,
    side: str,
    view: str,
    rng: np.random.Generator,
) -> tuple[np.ndarray, bool]:
    """Radiograph of what rays met: exposed, toned, processed, framed, lettered and stored.

    Parameters
    ----------
    line_integral : (rows, columns) float32 array
    bone, body : (rows, columns) bool array
        Where rays met bone, and where anything at all.
    camera : Camera
    around : Frame
    side, view : str
        For the letters on it.
    rng : numpy.random.Generator

    Returns
    -------
    image : (rows, columns) float32 array
        0 to 1.
    dark : bool
        Whether bone is dark in it.
    """
    shown = around.open & body
    usual = float(np.median(line_integral[shown][::11])) if shown.any() else 1.0
    exposure = Exposure(
        photons=float(np.exp(rng.uniform(np.log(600), np.log(40_000)) + usual)),
        scatter=float(rng.uniform(0.0, 0.35)),
        scatter_width_mm=float(rng.uniform(15, 45)),
        blur_mm=float(camera.pixel_size_mm[0] * rng.uniform(0.25, 0.8)),
    )
    film = expose(line_integral, exposure, camera.pixel_size_mm[0], rng)
    if rng.random() < 0.1:  # a film that was not taken logarithmically
        film = 1 - np.exp(-film)
    image = toned(film, bone & around.open, shown & ~bone, rng)
    image = processed(image, rng)
    dark = bool(rng.random() < 0.1)
    if dark:
        image = 1 - image
    image = framed(image, around, rng)
    image = lettered(image, rng, side, view)
    return stored(image, rng), dark


def lettered(image: np.ndarray, rng: np.random.Generator, side: str, view: str) -> np.ndarray:
    """Lead letters that lay on the film, and text that a viewer wrote into it."""
    if rng.random() < 0.75:
        image = _marker(image, rng, side)
    rows = len(image)
    if rng.random() < 0.35:
        texts = [side.upper(), view.upper(), "STANDING", "PORTABLE", "HORIZONTAL BEAM", "WEIGHT BEARING", "SUPINE"]
        image = _written(image, str(rng.choice(texts)), rng.uniform(0.03, 0.06) * rows, rng)
    if rng.random() < 0.2:
        day, month, year = rng.integers(1, 29), rng.integers(1, 13), rng.integers(1998, 2026)
        lines = [
            f"{day:02d}/{month:02d}/{year}",
            f"{rng.integers(50, 90)} kV",
            "Page: 1 of 1",
            f"IM: {rng.integers(1, 9)}",
        ]
        for line in rng.permutation(lines)[: int(rng.integers(1, 4))]:
            image = _written(image, str(line), rng.uniform(0.018, 0.03) * rows, rng)
    return image


def _marker(image: np.ndarray, rng: np.random.Generator, side: str) -> np.ndarray:
    """A letter of lead, perhaps in a ring, turned, with a radiographer's initials, or seen from behind."""
    import cv2

    rows, columns = image.shape
    height = rng.uniform(0.035, 0.07) * rows
    text = side[0].upper() if rng.random() < 0.85 else side.upper()
    ink = letters(text, height * (1 if len(text) == 1 else 0.7), bold=rng.random() < 0.6)
    if rng.random() < 0.2:
        initials = letters("".join(rng.choice(list("ABCDEFGHJKLMNPRSTW"), int(rng.integers(2, 4)))), height * 0.5)
        width = max(ink.shape[1], initials.shape[1])
        ink = np.concatenate([np.pad(each, ((0, 1), (0, width - each.shape[1]))) for each in (ink, initials)])
    margin = int(0.6 * height) + 1
    tile = np.pad(ink, margin)
    middle = (tile.shape[1] / 2, tile.shape[0] / 2)
    if len(text) == 1 and rng.random() < 0.12:
        cv2.circle(tile, tuple(map(int, middle)), int(0.9 * height), 255, max(1, int(height / 9)), cv2.LINE_AA)
    if rng.random() < 0.06:
        tile = np.ascontiguousarray(tile[:, ::-1])
    angle = rng.normal(0, 12) if rng.random() < 0.4 else 0.0
    place = np.array([rng.choice([rng.uniform(0.05, 0.2), rng.uniform(0.8, 0.95)]), rng.uniform(0.06, 0.94)])
    matrix = cv2.getRotationMatrix2D(middle, float(angle), 1.0)
    matrix[:, 2] += place * [columns, rows] - middle
    cover = cv2.warpAffine(tile, matrix, (columns, rows)).astype(np.float32) * np.float32(rng.uniform(0.55, 1) / 255)
    return image + cover * (np.float32(rng.uniform(0.8, 1)) - image)


def _written(image: np.ndarray, text: str, height: float, rng: np.random.Generator) -> np.ndarray:
    """Text near the picture's border; as much of it as there is room for."""
    rows, columns = image.shape
    ink = letters(text, height)[: rows - 2, : columns - 2].astype(np.float32) * np.float32(rng.uniform(0.6, 1) / 255)
    x = int(rng.choice([0.02, 0.98]) * (columns - ink.shape[1]))
    y = int(rng.choice([rng.uniform(0.02, 0.15), rng.uniform(0.85, 0.98)]) * (rows - ink.shape[0]))
    image = image.copy()
    part = image[y : y + ink.shape[0], x : x + ink.shape[1]]
    part += ink * (1 - part)
    return image


def letters(text: str, height: float, bold: bool = False) -> np.ndarray:
    """Text as (rows, columns) uint8 ink, its capitals so many pixels high."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=max(6.0, height / 0.72))
    stroke = max(1, round(height / 14)) if bold else 0
    left, top, right, bottom = font.getbbox(text, stroke_width=stroke)
    picture = Image.new("L", (max(1, int(right - left) + 2), max(1, int(bottom - top) + 2)))
    ImageDraw.Draw(picture).text((1 - left, 1 - top), text, fill=255, font=font, stroke_width=stroke)
    return np.array(picture)


def stored(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What files do: coarser pixels, grain, JPEG's blocks."""
    import cv2

    rows, columns = image.shape
    if rng.random() < 0.2:
        share = rng.uniform(0.4, 0.95)
        few = cv2.resize(image, (max(8, int(columns * share)), max(8, int(rows * share))), interpolation=cv2.INTER_AREA)
        image = cv2.resize(few, (columns, rows), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.25:
        grain = rng.standard_normal(image.shape, np.float32)
        if rng.random() < 0.5:
            grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.6, 1.5)) * 2
        image = image + np.float32(np.exp(rng.uniform(np.log(0.003), np.log(0.04)))) * grain
    if rng.random() < 0.35:
        code = cv2.imencode(".jpg", _bytes(image), [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 92))])[1]
        image = cv2.imdecode(code, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    return np.clip(image, 0, 1).astype(np.float32)


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
