"""Training samples of the reader network: windows of scenes, with the answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..segmentation.network.channels import (
    BONES,
    BROKEN,
    FRAGMENTS,
    HEAT_SIGMA,
    HEAT_STRIDE,
    LANDMARKS,
    MASKS,
    PART_LANDMARKS,
    PARTS,
    VIEWS,
)
from ..segmentation.region import corners
from ..simulate.film.looks import smooth_noise
from ..simulate.scenes.others import Other
from ..simulate.scenes.scenes import Scene

_ONE_OF_TWO = 0.4  # of windows with two femora: only one of them is marked
_ANOTHER = 0.25  # of windows with other bones: one of these is marked
_MARKED_SHARE = 0.01  # of the window: a bone that large may be
FRAGMENT_SHARE = 0.05  # of the bone in the window: both fragments must be that large for the break to be seen
_MOST_PIXELS = 2.2  # of a window for one of the picture's: more would only be blurred
_SEEN_SHARE, _HARDLY = 0.015, 0.002  # of the window: a femur in it, and none worth the name


@dataclass(frozen=True)
class Sample:
    """A window of a scene, and what is true of it.

    Attributes
    ----------
    grey : (rows, columns) float32 array
    inside : (rows, columns) bool array
        What of the window the picture fills.
    masks : (11, rows, columns) uint8 array
        Of `MASKS`.
    heights : (5, rows / 2, columns / 2) float32 array
        Of `BONES`, not a number beside them.
    heat : (9, rows / 2, columns / 2) float32 array
        Peaks of 1 at `LANDMARKS`.
    facts, known : (10,) float32 array
        Of `FACTS`, and 1 where they are known.
    x_ray : bool
        Whether masks and landmarks are known.
    """

    grey: np.ndarray
    inside: np.ndarray
    masks: np.ndarray
    heat: np.ndarray
    heights: np.ndarray
    facts: np.ndarray
    known: np.ndarray
    x_ray: bool = True


def window(scene: Scene, shape: tuple[int, int], rng: np.random.Generator) -> Sample:
    """Cut a random window out of a scene: the whole of it, a bone with some margin, or anything."""
    import cv2

    femora = [scene.masks[name] for name in both_legs("femur") if name in scene.masks]
    about = femora[0]
    if rng.random() < _ANOTHER:
        about = scene.masks.get(str(rng.choice(BONES[1:])), about)
    matrix, flipped = _placed(scene.image.shape, about, shape, rng)
    size = shape[::-1]
    grey, inside = cut(scene.image, matrix, shape)
    seen = cv2.warpAffine(scene.open.astype(np.uint8), matrix, size, flags=cv2.INTER_NEAREST) > 0

    def moved(mask: np.ndarray) -> np.ndarray:
        return cv2.warpAffine(mask.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR) > 0.5

    empty = np.zeros(shape, bool)
    femora = [moved(mask) for mask in femora]
    found = {
        name: np.logical_or.reduce([empty, *(moved(scene.masks[of]) for of in both_legs(name) if of in scene.masks)])
        for name in (*BONES, "metal")
    }
    marked, draw = found["femur"], rng.random()
    others = [name for name in BONES[1:] if found[name].mean() > _MARKED_SHARE]
    if len(femora) == 2 and draw < _ONE_OF_TWO:
        marked = femora[int(rng.integers(2))]
    elif others and draw > 1 - _ANOTHER:
        marked = found[str(rng.choice(others))]
    found["marked"] = marked
    broken = []
    for name, (upper, lower) in FRAGMENTS.items():
        pairs = [scene.fragments[of] for of in both_legs(name) if of in scene.fragments]
        parts = [moved(np.logical_or.reduce(masks)) for masks in zip(*pairs, strict=True)]
        seen_broken = bool(parts) and min(part.sum() for part in parts) > FRAGMENT_SHARE * found[name].sum()
        beside = found[name] & ~np.logical_or.reduce(parts) if seen_broken else empty  # the other leg's
        found[upper], found[lower] = (part | beside for part in parts) if seen_broken else (found[name], found[name])
        broken.append(seen_broken)
    masks = np.stack([found[name] for name in MASKS]).astype(np.uint8)

    own = {name: at for name, at in scene.landmarks_px.items() if scene.visible[name]}
    heat = _peaks([own, scene.other_landmarks_px], matrix, seen, shape)
    facts, known = _facts(scene, femora, heat, flipped)
    told_broken = [found[name].mean() > _SEEN_SHARE and scene.cracked != name for name in FRAGMENTS]
    facts = np.array([*facts, *broken], np.float32)
    known = np.array([*known, *told_broken], np.float32)
    return Sample(looked(grey, inside, rng), inside, masks, heat, _heights(scene, matrix, shape), facts, known)


def both_legs(name: str) -> tuple[str, str]:
    """What a scene calls a bone, and that of the other leg."""
    return name, f"other_{name}"


def _heights(scene: Scene, matrix: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Heights of `BONES` in a window, at the resolution of heat maps."""
    unseen = np.full((shape[0] // HEAT_STRIDE, shape[1] // HEAT_STRIDE), np.nan, np.float32)
    return np.stack([coarse(scene.heights[name], matrix, shape) if name in scene.heights else unseen for name in BONES])


def coarse(heights: np.ndarray, matrix: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A picture's heights in a window, at the resolution of heat maps; not a number beside the picture."""
    import cv2

    matrix = matrix / HEAT_STRIDE
    matrix[:, 2] -= (HEAT_STRIDE - 1) / (2 * HEAT_STRIDE)  # the middle of its first pixel
    return cv2.warpAffine(
        heights,
        matrix,
        (shape[1] // HEAT_STRIDE, shape[0] // HEAT_STRIDE),
        flags=cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=np.nan,
    )


def window_of_other(other: Other, shape: tuple[int, int], rng: np.random.Generator) -> Sample:
    """Cut a random window out of a picture that shows no femur."""
    import cv2

    matrix, _ = _placed(other.image.shape, np.zeros(other.image.shape, bool), shape, rng)
    grey, inside = cut(other.image, matrix, shape)
    masks = np.zeros((len(MASKS), *shape), np.uint8)
    for name, mask in other.masks.items():
        masks[MASKS.index(name)] = cv2.warpAffine(mask.astype(np.float32), matrix, shape[::-1]) > 0.5
    heat = np.zeros((len(LANDMARKS), shape[0] // HEAT_STRIDE, shape[1] // HEAT_STRIDE), np.float32)
    heights = np.full((len(BONES), *heat.shape[1:]), np.nan, np.float32)
    known = np.array([0] * len(VIEWS) + [0] + [1] * len(PARTS) + [1] + [0] * len(BROKEN), np.float32)
    facts = np.zeros(len(known), np.float32)
    return Sample(looked(grey, inside, rng), inside, masks, heat, heights, facts, known, other.x_ray)


def cut(image: np.ndarray, matrix: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A window's grey values, and what of it the picture fills."""
    import cv2

    grey = cv2.warpAffine(image, matrix, shape[::-1], flags=cv2.INTER_LINEAR, borderValue=0.0)
    inside = cv2.warpAffine(np.ones(image.shape, np.uint8), matrix, shape[::-1], flags=cv2.INTER_NEAREST) > 0
    return grey, inside


def clicks(target: np.ndarray, guess: np.ndarray, count: int, rng: np.random.Generator) -> tuple[list, list]:
    """Click where a guess is wrong, as a user would: near the middle of the largest wrong regions.

    Returns
    -------
    include, exclude : list of (x, y)
    """
    import cv2

    include, exclude = [], []
    missed, extra = target & ~guess, guess & ~target
    for _ in range(count):
        kinds = [(missed, include), (extra, exclude)]
        best = None
        for wrong, where in kinds:
            number, labels, stats, _ = cv2.connectedComponentsWithStats(wrong.astype(np.uint8))
            if number > 1:
                largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
                area = stats[largest, cv2.CC_STAT_AREA]
                if best is None or area > best[0]:
                    best = (area, labels == largest, where, wrong)
        if best is None or best[0] < 12:
            break
        _, region, where, wrong = best
        depth = cv2.distanceTransform(np.pad(region, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
        rows, columns = np.nonzero(depth > 0.6 * depth.max())
        at = int(rng.integers(len(rows)))
        where.append((int(columns[at]), int(rows[at])))
        wrong &= ~region
    return include, exclude


def told(sample: Sample, rng: np.random.Generator) -> tuple[list, list]:
    """Clicks that say which bone is meant, where it is not every femur; or tell nothing new."""
    marked = sample.masks[MASKS.index("marked")] > 0
    if not marked.any():
        return [], []
    if (marked != (sample.masks[0] > 0)).any():
        # Where bones lie over each other a click does not tell which of them is meant.
        bones = sample.masks[: len(BONES)].sum(axis=0)
        alone = marked & (bones == 1)
        return clicks(alone if alone.sum() > 12 else marked, np.zeros_like(marked), 1, rng)
    if rng.random() < 0.15:
        return tuple(_anywhere(mask & sample.inside, int(rng.integers(0, 3)), rng) for mask in (marked, ~marked))
    return [], []


def _anywhere(mask: np.ndarray, count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return []
    return [(int(columns[at]), int(rows[at])) for at in rng.integers(len(rows), size=count)]


def _placed(
    of: tuple[int, int], bone: np.ndarray, shape: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray, bool]:
    """Matrix (2, 3) from a picture's pixels to a window's, and whether it mirrors them."""
    low, high = np.zeros(2), np.array(of[::-1], float)
    draw = rng.random()
    if draw < 0.65 and bone.sum() > 50:
        low, high = corners(bone) + 0.5
        if rng.random() < 0.3:
            low, high = an_end(low, high, rng)
        # As a user's box: mostly tight, now and then through the bone.
        margin = (np.exp(rng.uniform(np.log(0.03), np.log(0.4), 4)) - 0.03) * max(high - low)
        low, high = low - margin[:2], high + margin[2:]
        if rng.random() < 0.5:  # a marked box ends where the picture does
            low, high = np.maximum(low, 0), np.minimum(high, of[::-1])
    elif draw < 0.8:
        middle = rng.uniform(0.2, 0.8, 2) * of[::-1]
        half = rng.uniform(0.25, 0.5) * min(of)
        low, high = middle - half, middle + half
    else:
        grown = rng.uniform(-0.04, 0.06, 4) * np.repeat(high - low, 2)
        low, high = low - grown[:2], high + grown[2:]
    return turned(low, high, shape, rng)


def an_end(low: np.ndarray, high: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Corners of a box that holds an end of what a box holds."""
    low, high = low.copy(), high.copy()
    longer = int(np.argmax(high - low))
    end = rng.uniform(0.35, 0.9) * (high - low)[longer]
    if rng.random() < 0.5:
        high[longer] = low[longer] + end
    else:
        low[longer] = high[longer] - end
    return low, high


def turned(
    low: np.ndarray, high: np.ndarray, shape: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray, bool]:
    """Matrix (2, 3) that brings a box into a window, turned, stretched and often mirrored; and whether it mirrors.

    Parameters
    ----------
    low, high : (2,) array
        Corners of the box, as column and row.
    shape : (int, int)
        Rows and columns of the window.
    rng : numpy.random.Generator
    """
    scale = min(min(np.array(shape[::-1]) / (high - low)), _MOST_PIXELS)
    middle = (low + high) / 2
    room = (np.array(shape[::-1]) - scale * (high - low)) / 2
    to = np.array(shape[::-1]) / 2 + rng.uniform(-1, 1, 2) * np.maximum(room, 0) * 0.9
    stretch = np.exp(rng.normal(0, 0.05, 2))
    angle = np.deg2rad(rng.normal(0, 7) if rng.random() < 0.9 else rng.uniform(-180, 180))
    flipped = bool(rng.random() < 0.5)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = scale * turn @ np.diag(stretch) @ np.diag([-1.0 if flipped else 1.0, 1.0])
    return np.column_stack([turn, to - turn @ middle]), flipped


def _peaks(landmarks: list[dict], matrix: np.ndarray, seen: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Heat maps with a peak at every landmark that is in the window."""
    rows, columns = shape[0] // HEAT_STRIDE, shape[1] // HEAT_STRIDE
    heat = np.zeros((len(LANDMARKS), rows, columns), np.float32)
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    for marks in landmarks:
        for index, name in enumerate(LANDMARKS):
            if name not in marks:
                continue
            column, row = matrix[:, :2] @ marks[name] + matrix[:, 2]
            if not (0 <= column < shape[1] and 0 <= row < shape[0] and seen[int(row), int(column)]):
                continue
            # Pixel centres: the middle of the heat map's first pixel is at 0.5, 0.5 of the picture's.
            away = (x - (column - 0.5) / HEAT_STRIDE) ** 2 + (y - (row - 0.5) / HEAT_STRIDE) ** 2
            np.maximum(heat[index], np.exp(away / np.float32(-2 * HEAT_SIGMA**2)), out=heat[index])
    return heat


def _facts(scene: Scene, femora: list[np.ndarray], heat: np.ndarray, flipped: bool) -> tuple[np.ndarray, np.ndarray]:
    """What is true of the window, and how much of that can be seen in it."""
    share = max(mask.mean() for mask in femora)
    shown = share > _SEEN_SHARE
    view = "ap" if scene.view == "pa" else scene.view
    # A picture from behind looks like one of the other leg from the front; of two legs, either may be meant.
    left = (scene.side == "left") ^ (scene.view == "pa") ^ flipped
    sided = shown and view == "ap" and len(femora) == 1
    there = dict(zip(LANDMARKS, heat.max(axis=(1, 2)) > 0.5, strict=True))
    parts = [any(there[name] for name in PART_LANDMARKS[part]) for part in PARTS]
    facts = [*(view == name for name in VIEWS), left, *parts, shown]
    known = [*[shown and bool(view)] * len(VIEWS), sided, *[shown] * len(PARTS), shown or share < _HARDLY]
    return np.array(facts, np.float32), np.array(known, np.float32)


def looked(grey: np.ndarray, inside: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change a window's looks, beyond what its scene drew: training lives on what it has never seen."""
    import cv2

    rows, columns = grey.shape
    if rng.random() < 0.45:
        grey = grey + np.float32(rng.uniform(-0.2, 0.2)) * smooth_noise(rng, grey.shape, int(rng.integers(2, 5)))
    if rng.random() < 0.45:
        grey = grey * (1 + np.float32(rng.uniform(-0.2, 0.2)) * smooth_noise(rng, grey.shape, 3))
    if rng.random() < 0.2:
        bytes_ = np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8)
        code = cv2.imencode(".jpg", bytes_, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 70))])[1]
        grey = cv2.imdecode(code, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    if rng.random() < 0.2:
        grey = np.clip(grey, rng.uniform(0, 0.25), rng.uniform(0.75, 1))
    if rng.random() < 0.2:
        grain = cv2.GaussianBlur(rng.standard_normal(grey.shape, np.float32), (0, 0), rng.uniform(0.6, 2))
        grey = grey + np.float32(rng.uniform(0.01, 0.08) / grain.std()) * grain * grey
    if rng.random() < 0.15:
        share = rng.uniform(0.3, 0.9)
        few = cv2.resize(grey, (int(columns * share), int(rows * share)), interpolation=cv2.INTER_AREA)
        grey = cv2.resize(few, (columns, rows), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.1:
        grey = np.clip(grey, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.4)))
    return grey.astype(np.float32)
