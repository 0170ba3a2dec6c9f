"""Is the bone broken? What the breaks network sees of it: its fragments, and the line along which it is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .found import Bone
from .morphology import dilated
from .network.breaks import Break, look_for_break
from .network.calibration import probability
from .network.channels import FRAGMENTS, HEAT_STRIDE
from .network.loading import BREAKS
from .network.logits import log_odds, sigmoid
from .parting import LEAST, Parting, in_picture, parted
from .region import corners

SUSPECTED = 0.5  # probability at which a break is told of
_OFTEN = 0.2  # of the bones that the probability was calibrated on: so many were broken
_NOT_TWO = 0.49  # at most of a bone that is not in two fragments
FEATURES = ("fact", "place", "apart")
_BLUR = 1.5  # of the window: pixels that are smoothed over
_NOWHERE = -12.0  # logit of a break where no bone is seen
_LITTLE = 0.02  # of the bone: added to a fragment, before the logarithm
_TRANSVERSE_DEG = 30.0  # a break that is less steep (AO/OTA classification of fractures, 2018)
_GAPS, _ROOM = (1, 2, 4, 8, 16, 32), 6  # half the width of a gap between fragments, and more to see its length
_CORNER = 1 / 3  # of a line between fragments: a shorter one is a corner of it
_AROUND = 12  # pixels of the window round a break, in which fragments lie to one side of its line or the other


@dataclass(frozen=True)
class FoundBreak:
    """A break between two neighbouring fragments, as it is seen or marked in a picture.

    Attributes
    ----------
    line : (x0, y0, x1, y1)
        Columns and rows of the line that parts them: as a user drew it, or as the network sees it.
    height : float or None
        Where it is, as a share of the bone's length from its lower end.
    slope_deg : float or None
        Angle of the line that the network sees to a line across the bone, 0 to 90.
    drawn : bool
        Whether a user drew it.
    """

    line: tuple[float, ...]
    height: float | None = None
    slope_deg: float | None = None
    drawn: bool = False

    @property
    def words(self) -> str:
        """Where and how it runs, as far as that is known: "obliquely, at 38 % of its length"."""
        run = "" if self.slope_deg is None else ("transversely" if self.slope_deg < _TRANSVERSE_DEG else "obliquely")
        place = "" if self.height is None else f"at {self.height:.0%} of its length above its lower end"
        return ", ".join(each for each in (run, place) if each)

    def as_json(self) -> dict:
        """What is known of it, as JSON holds it."""
        return {
            "height": None if self.height is None else round(self.height, 3),
            "line": list(self.line),
            "slope_deg": None if self.slope_deg is None else round(self.slope_deg, 1),
        }


_NO_BREAK = {"height": None, "line": None, "slope_deg": None}


@dataclass(frozen=True)
class Fragments:
    """Whether a bone is broken, and its fragments as they lie in the picture.

    Attributes
    ----------
    probability : float
        That it is broken, as calibrated on simulated radiographs.
    masks : tuple of (rows, columns) bool array
        Shadows of its fragments if it is broken, from the one that hangs on its upper end to that on the lower one;
        they may lie over each other, and their ends reach beyond the bone that was found. Of a bone in which no break
        can be, the one that is all of it.
    breaks : tuple of FoundBreak
        Between neighbours, the uppermost first.
    marked : bool
        Whether a user says that the bone is broken: by lines, a region round the fracture, or a click on each piece.
    """

    probability: float
    masks: tuple[np.ndarray, ...]
    breaks: tuple[FoundBreak, ...] = ()
    marked: bool = False

    @property
    def broken(self) -> bool:
        """Whether it is rather broken than not."""
        return self.probability >= SUSPECTED

    @property
    def words(self) -> str:
        """Where and how it is broken, as far as that is known."""
        return " and ".join(each.words for each in self.breaks if each.words)

    def as_json(self) -> dict:
        """What is known of the break, as JSON holds it; of several, of the uppermost one, and a list of all."""
        told = [each.as_json() for each in self.breaks] if self.broken else []
        first = {"probability": round(self.probability, 4), **(told[0] if told else _NO_BREAK)}
        return first | ({"breaks": told} if len(told) > 1 else {})


def fragments_of(pixels: np.ndarray, bone: Bone) -> Fragments | None:
    """Fragments of a bone that was found.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
        The picture, bone bright.
    bone : Bone
        From `find_bone`.

    Returns
    -------
    Fragments or None
        None where the networks were not asked, or know nothing of breaks of such a bone.

    Raises
    ------
    ReconstructionError
        If the network or its calibration cannot be read.
    """
    seen = look(pixels, bone)
    if seen is None:
        return None
    likely = probability("break_check", FEATURES, features(seen), BREAKS)
    inside = seen.window.cut_mask(bone.mask)
    found = parted(seen, inside) if _two_are_seen(seen, inside) else None
    fragments = None if found is None else described(seen, bone, [found], likely)
    return fragments or Fragments(min(likely, _NOT_TWO), (bone.mask,))


def look(pixels: np.ndarray, bone: Bone) -> Break | None:
    """What the breaks network sees of a bone; None where it knows nothing of such a one. See `fragments_of`."""
    if bone.name not in FRAGMENTS or bone.second is None:
        return None
    return look_for_break(pixels, *corners(bone.mask), bone.name, bone.second.turns)


def described(
    seen: Break, bone: Bone, partings: Sequence[Parting], likely: float, marked: bool = False
) -> Fragments | None:
    """The fragments of a bone that is parted at one break or several, the uppermost first; None where no line does."""
    inside, breaks = seen.window.cut_mask(bone.mask), []
    for parting in partings:
        parts = parting.within(inside)
        line = line_between(*parts, parting.place)
        if len(partings) > 1:  # the network may see no more of the break than a corner
            line = _longer(line, line_between(*parts, _facing(*parts)))
        if line is None:
            return None
        drawn = tuple(seen.window.to_picture(line).ravel().tolist())
        breaks.append(FoundBreak(drawn, _height(seen, *parts), _slope_deg(seen, inside, line)))
    return Fragments(likely, in_picture(partings, bone.mask), tuple(breaks), marked)


def _facing(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Where two fragments (rows, columns) face each other, whether they touch or lie apart; nowhere, if far."""
    for radius in _GAPS:
        if (dilated(upper, radius) & dilated(lower, radius)).any():
            return dilated(upper, radius + _ROOM) & dilated(lower, radius + _ROOM)
    return np.zeros_like(upper)


def _longer(line: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    """A line (2, 2), or the other one, if there is none or it is but a corner of that."""
    lengths = [0.0 if each is None else np.linalg.norm(each[1] - each[0]) for each in (line, other)]
    return other if lengths[0] < _CORNER * lengths[1] else line


def _two_are_seen(seen: Break, bone: np.ndarray) -> bool:
    """Whether the network takes some of a bone in its window for either fragment, if it is broken."""
    upper = np.count_nonzero(bone & (seen.logit("upper") > seen.logit("lower")))
    return LEAST <= upper / max(np.count_nonzero(bone), 1) <= 1 - LEAST


def probability_broken(views: Sequence[Fragments | None]) -> float:
    """How probable it is that a bone is broken, given what its views show; 0 unless each shows a break.

    By Bayes' theorem, as if views told of the break independently: the odds of each hold how often bones are broken,
    which counts once.
    """
    if any(each is None or not each.breaks for each in views):
        return 0.0
    odds = sum(log_odds(each.probability) for each in views) - (len(views) - 1) * log_odds(_OFTEN)
    return float(sigmoid(odds))


def features(seen: Break) -> np.ndarray:
    """Numbers that tell a broken bone from a whole one: `FEATURES`.

    Returns
    -------
    (3,) float64 array
        Logits of the network's own answer, and of a break where it is likeliest; logarithm of the smaller share of the
        bone that is of one fragment alone.
    """
    import cv2

    bone = seen.logit("mask") > 0
    place = cv2.GaussianBlur(seen.logit("break"), (0, 0), _BLUR)
    upper, lower = (seen.logit(name) > 0 for name in ("upper", "lower"))
    alone = min(np.count_nonzero(bone & one & ~other) for one, other in ((upper, lower), (lower, upper)))
    return np.array(
        [seen.broken, place.max(where=bone, initial=_NOWHERE), np.log(alone / max(bone.sum(), 1) + _LITTLE)]
    )


def line_between(upper: np.ndarray, lower: np.ndarray, place: np.ndarray) -> np.ndarray | None:
    """Line along a break: it parts what is of one fragment alone from what is of the other, near the break.

    Parameters
    ----------
    upper, lower, place : (rows, columns) bool array
        The fragments, and where the break is.

    Returns
    -------
    (2, 2) float64 array or None
        Columns and rows of its ends, as far as the break reaches; None where there is no break between two fragments.

    Notes
    -----
    Fisher's linear discriminant of the pixels' places.
    """
    near = dilated(place, _AROUND)
    sides = [np.argwhere(near & one & ~other)[:, ::-1] for one, other in ((upper, lower), (lower, upper))]
    if min(map(len, sides)) < 3:
        return None
    slope, offset = discriminant(*sides)
    steepness = np.linalg.norm(slope)
    normal = slope / steepness
    along = np.array([-normal[1], normal[0]])
    pixels = np.argwhere(place)[:, ::-1]
    middle = pixels.mean(axis=0)
    middle = middle - normal * (middle @ normal + offset / steepness)
    reach = (pixels - middle) @ along
    return middle + np.array([[reach.min()], [reach.max()]]) * along


def discriminant(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, float]:
    """Fisher's linear discriminant of two sets of points that scatter alike.

    Parameters
    ----------
    one, other : (n, k), (m, k) array
        Three points or more each.

    Returns
    -------
    slope : (k,) float64 array
    offset : float
        slope @ x + offset is the logarithm of the odds of the second set, as large as it is: 0 on the line between.

    Notes
    -----
    As scikit-learn's `LinearDiscriminantAnalysis`, whose import takes longer than finding the bone does.
    """
    means = [points.mean(axis=0) for points in (one, other)]
    apart = np.concatenate([points - mean for points, mean in zip((one, other), means, strict=True)])
    scatter = apart.T @ apart / len(apart)
    slope = np.linalg.pinv(scatter, hermitian=True) @ (means[1] - means[0])
    return slope, float(np.log(len(other) / len(one)) - slope @ (means[0] + means[1]) / 2)


def _slope_deg(seen: Break, bone: np.ndarray, line: np.ndarray) -> float | None:
    """Angle of a line to one across the bone, whose length runs where heights on it rise most."""
    rows, columns = np.nonzero(bone[::HEAT_STRIDE, ::HEAT_STRIDE])
    heights = seen.heights[rows, columns]
    (rise, fall, _), *_ = np.linalg.lstsq(np.column_stack([columns, rows, np.ones(len(rows))]), heights, rcond=None)
    length = np.hypot(rise, fall) * np.linalg.norm(line[1] - line[0])
    if not length:
        return None
    return float(np.degrees(np.arcsin(np.clip(abs((line[1] - line[0]) @ [rise, fall]) / length, 0, 1))))


def _height(seen: Break, upper: np.ndarray, lower: np.ndarray) -> float | None:
    """Height of a break: between the lowest of the upper fragment and the highest of the lower one."""
    heights = np.repeat(np.repeat(seen.heights, HEAT_STRIDE, 0), HEAT_STRIDE, 1)
    above, below = heights[upper & ~lower], heights[lower & ~upper]
    if not (len(above) and len(below)):
        return None
    return float(np.clip((np.percentile(above, 4) + np.percentile(below, 96)) / 2, 0, 1))
