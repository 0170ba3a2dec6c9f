"""The reader network's way to the bone: a first look at all that is marked, a second one at the bone, and clicks."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..geometry.outline import Outline, outlines
from .bone import blind_border, choose_pieces, clean
from .morphology import dice, dilated
from .network.calibration import probability
from .network.channels import BONES
from .network.loading import load_reader
from .network.logits import log_odds
from .network.look import channel_of, drawn_look, first_look, is_long, second_look
from .network.reader import Landmark, Reading, sureness
from .network.tracer import name_in
from .region import bounding_box, corners, is_marked
from .seeds import Seeds

if TYPE_CHECKING:
    import cv2

SURENESS = ("sureness", "fact")
_LARGE = 0.2  # of another bone: what is that large beside it may be what the picture is about
_LIKELY = {"femur": 1.2}  # of what boxes are drawn round
_NEAR = 0.04  # window diagonals from the femur, within which a click is about it
_LEAST = 0.003  # of the window: less is nothing
_ROOM = 0.04  # of a bone's larger side, round it: a box as users draw it
_ALIKE = 0.92  # Dice of what reader and tracer draw, at which neither has missed anything
_SAME = 0.8  # Dice of what reader and tracer see, at which it is the same
_LEGS, _OTHER_LEG = 2, 0.1  # how many a person has; a bone of the other one is as large as this share at least
_LEAST_METAL = 0.02  # of the bone: less metal is not worth a word
_LEAST_LOGIT = 0.05  # in what is taken to be bone
_NOTHING = -20.0  # logit where nothing can be
_PUSH, _PUSH_REACH = 6.0, np.array([0.015, 0.06])  # the logit at a click, and how far it reaches, in window diagonals
_SEEN = 0.3  # least confidence of a landmark
_BESIDE = 12  # pixels of the window: a landmark may lie so far from the bone


@dataclass(frozen=True)
class ByNetwork:
    """What the reader network found.

    Attributes
    ----------
    mask : (rows, columns) bool array
        Empty if it sees no bone of the leg.
    name : str
        One of `BONES`, or "".
    first : Reading
        Of all that was marked.
    second : Reading or None
        Of the bone.
    outlines : tuple of Outline
    landmarks : dict of str to Landmark
        Of a femur.
    warnings : tuple of str
    """

    mask: np.ndarray
    name: str
    first: Reading
    second: Reading | None = None
    outlines: tuple[Outline, ...] = ()
    landmarks: dict[str, Landmark] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def find_by_network(
    pixels: np.ndarray,
    region: np.ndarray,
    seeds: Seeds | None = None,
    pieces: str = "near",
    reader: str | os.PathLike | None = None,
) -> ByNetwork:
    """Let the reader network find the bone.

    It looks twice: at all that is marked, upright or turned, and closer at the bone that is meant: what the tracer
    takes a box for, the one that was clicked on, or else a femur unless it is small.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
        Grey values in 0..1, bone bright.
    region : (rows, columns) bool array
        Where to look.
    seeds : Seeds, optional
    pieces : {"main", "near", "all"}
    reader : path, optional
        Of another network than the one that is shipped.

    Returns
    -------
    ByNetwork

    Raises
    ------
    ReconstructionError
        If the network cannot be loaded.
    """
    seeds = seeds or Seeds()
    network = load_reader(reader)
    first = first_look(pixels, region, network)
    allowed = first.window.cut_mask(region)
    clicks = seeds.moved(first.window.matrix)
    box, boxed = tuple(corners(region)), is_marked(region)
    told = boxed and not seeds.include
    name = name_in(pixels, *box, first.turns) if told else _meant(first, allowed, clicks, boxed)
    if boxed:  # somebody has told where the bone is, and where it ends, better than a first look does
        look = drawn_look(pixels, first, *box, name, network, seeds)
        drawn = _outlined(region, first, look, name, pieces, seeds)
        if not is_long(*box):
            return drawn
        # Of a whole long bone the reader, who sees it in parts, has the finer outline, if it sees the same.
        look = second_look(pixels, first, *box, {name, channel_of(name)}, network, seeds)
        seen = _outlined(region, first, look, name, pieces, seeds)
        return seen if dice(drawn.mask, seen.mask) >= _ALIKE else drawn
    coarse = choose_pieces((_pushed(first.logit(channel_of(name)), clicks) > 0) & allowed, pieces, clicks.include)
    if np.count_nonzero(coarse) < _LEAST * coarse.size:
        return ByNetwork(np.zeros(region.shape, bool), "", first)
    return _looked_closer(pixels, region, first, name, corners(coarse), network, pieces, seeds)


def find_all_by_network(
    pixels: np.ndarray, region: np.ndarray, pieces: str = "near", reader: str | os.PathLike | None = None
) -> tuple[ByNetwork, ...]:
    """Let the reader network find every bone of the leg, those of both legs apart.

    Parameters
    ----------
    pixels, region, pieces, reader
        As of `find_by_network`.

    Returns
    -------
    tuple of ByNetwork
        In the order of `BONES`, of two of one kind the larger one first. None of them is empty.

    Raises
    ------
    ReconstructionError
        If the network cannot be loaded.
    """
    network = load_reader(reader)
    first = first_look(pixels, region, network)
    allowed = first.window.cut_mask(region)
    found = []
    for name in BONES:
        legs = _legs((first.logit(name) > 0) & allowed, pieces)
        for leg in legs:
            own = region
            for other in (each for each in legs if each is not leg):
                own = own & (first.window.uncut(_away(other) - _away(leg), region.shape, 0.0) >= 0)
            found.append(_looked_closer(pixels, own, first, name, corners(leg), network, pieces, Seeds()))
    return tuple(each for each in found if each.name)


def _legs(mask: np.ndarray, pieces: str) -> list[np.ndarray]:
    """The bones of one kind in a mask, the larger one first: what is not near the first one is the other leg's."""
    found = []
    while len(found) < _LEGS:
        bone = choose_pieces(mask, pieces)
        if np.count_nonzero(bone) < _LEAST * mask.size or (found and bone.sum() < _OTHER_LEG * found[0].sum()):
            break
        found.append(bone)
        mask = mask & ~bone
    return found


def _away(mask: np.ndarray) -> np.ndarray:
    """Distance of each pixel from a mask."""
    import cv2

    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)


def _looked_closer(
    pixels: np.ndarray,
    region: np.ndarray,
    first: Reading,
    name: str,
    ends: tuple[np.ndarray, np.ndarray],
    network: cv2.dnn.Net,
    pieces: str,
    seeds: Seeds,
) -> ByNetwork:
    """What second looks see of a bone between two corners of the first look's window.

    What the reader sees is drawn anew by the tracer, in its box, unless they disagree: then the reader has seen more.
    """
    names = {name, channel_of(name)}
    second = second_look(pixels, first, *first.window.to_picture(ends), names, network, seeds)
    seen = _outlined(region, first, second, name, pieces, seeds)
    if not seen.name:
        return seen
    low, high = corners(seen.mask)
    if is_long(low, high):
        return seen
    room = _ROOM * float(max(high - low))
    second = drawn_look(pixels, first, low - room, high + room, name, network, seeds)
    drawn = _outlined(region, first, second, name, pieces, seeds)
    return drawn if dice(drawn.mask, seen.mask) >= _SAME else seen


def _outlined(region: np.ndarray, first: Reading, second: Reading, name: str, pieces: str, seeds: Seeds) -> ByNetwork:
    """A bone as a second look shows it; nothing, where it hardly does."""
    channel, nothing = channel_of(name), ByNetwork(np.zeros(region.shape, bool), "", first)
    allowed = second.window.cut_mask(region)
    clicks = seeds.moved(second.window.matrix)
    logit = _pushed(second.logit(channel), clicks)
    logit = np.where(allowed, logit, np.float32(_NOTHING))
    kept = choose_pieces(logit > 0, pieces, clicks.include)
    if name != "pelvis" and not clicks.exclude:  # a long bone's shadow has no holes, unless somebody says so
        kept = clean(kept, 0)
    if np.count_nonzero(kept) < _LEAST * kept.size:
        return nothing
    logit = np.where(kept, np.maximum(logit, _LEAST_LOGIT), np.minimum(logit, -np.abs(logit)))

    beside = {each: second.logit(each) for each in (*BONES, "metal") if each != name}
    return ByNetwork(
        (second.window.uncut(_continued(logit, allowed), region.shape, _NOTHING) > 0) & region,
        name,
        first,
        second,
        outlines(logit, second.window.matrix, ~allowed | ~second.inside | blind_border(second.grey), beside),
        landmarks_beside(second, kept) if name == "femur" else {},
        _about_metal(second, kept),
    )


def sureness_features(seen: ByNetwork) -> np.ndarray:
    """Numbers that tell a right mask from a wrong one: `SURENESS`, (2,) float64 array.

    The logit of how sure both looks are (see `reader.sureness`), and that of a femur in the picture.
    """
    assert seen.second is not None
    sure = sureness(seen.first, seen.second, channel_of(seen.name))
    return np.array([log_odds(sure), log_odds(seen.first.facts["femur"])])


def confidence_in(seen: ByNetwork, reader: str | os.PathLike | None = None) -> float:
    """Probability that a mask is right (a Dice of 0.9 or more with the bone's), as calibrated on simulated radiographs.

    Parameters
    ----------
    seen : ByNetwork
    reader : path, optional
        The network that was used; its calibration lies beside it.

    Raises
    ------
    ReconstructionError
        If the network's calibration cannot be read.
    """
    return 0.0 if seen.second is None else probability("mask_check", SURENESS, sureness_features(seen), reader)


def landmarks_beside(reading: Reading, bone: np.ndarray) -> dict[str, Landmark]:
    """Landmarks that are seen on a femur or close to it.

    Parameters
    ----------
    reading : Reading
    bone : (rows, columns) bool array
        The femur's mask, in the reading's window.
    """
    marks = reading.landmarks(dilated(bone, _BESIDE))
    return {name: mark for name, mark in marks.items() if mark.confidence >= _SEEN}


def _meant(first: Reading, allowed: np.ndarray, clicks: Seeds, boxed: bool) -> str:
    """Which bone is meant: that of a click, or the one that fills a box best, or a femur unless it is small."""
    seen = {name: first.logit(name) > 0 for name in BONES}
    masks = {name: mask & allowed for name, mask in seen.items()}
    sizes = {name: int(np.count_nonzero(mask)) for name, mask in masks.items()}
    # A click on or near the femur corrects it, also where another bone lies over it; so does one on something small.
    near = dilated(masks["femur"], max(1, round(_NEAR * float(np.hypot(*allowed.shape)))))
    places = [_at(allowed, x, y) for x, y in clicks.include]
    if not any(near[place] for place in places):
        for place in places:
            under = [name for name in BONES if masks[name][place] and sizes[name] > _LARGE * sizes["femur"]]
            if under:
                return under[0]
    if boxed:
        filled = {name: _filled(mask, allowed) * _LIKELY.get(name, 1.0) for name, mask in seen.items()}
        return max(filled, key=lambda name: filled[name])
    beside = max(sizes["tibia"], sizes["patella"], _LEAST * allowed.size)  # a pelvis is always large
    if clicks or sizes["femur"] >= _LARGE * beside:
        return "femur"
    return max(BONES[1:], key=lambda name: sizes[name])


def _filled(mask: np.ndarray, allowed: np.ndarray) -> float:
    """How well a bone's box agrees with the marked one: what both hold over what either holds."""
    import cv2

    _, labels, *_ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    inside = choose_pieces(mask & allowed, "near")
    if np.count_nonzero(inside) < _LEAST * mask.size:
        return 0.0
    own = mask & np.isin(labels, np.unique(labels[inside]))  # it may go on beyond the marked box
    ends = np.array([[(side.start, side.stop) for side in bounding_box(each)] for each in (own, allowed)])
    low, high = ends[..., 0], ends[..., 1]
    shared = np.maximum(high.min(axis=0) - low.max(axis=0), 0).prod()
    return float(shared / ((high - low).prod(axis=1).sum() - shared))


def _pushed(logit: np.ndarray, clicks: Seeds) -> np.ndarray:
    """Logits that a click has the last word on, at its place and half way to where the answer changes."""
    import cv2

    rows, columns = np.indices(logit.shape, np.float32)
    least, most = _PUSH_REACH * np.hypot(*logit.shape)
    for points, sign in ((clicks.include, 1), (clicks.exclude, -1)):
        wrong = np.pad((sign * logit <= 0).astype(np.uint8), 1)
        depth = cv2.distanceTransform(wrong, cv2.DIST_L2, 5)[1:-1, 1:-1]
        for x, y in points:
            at = _at(logit, x, y)
            reach = min(max(0.5 * float(depth[at]), least), most)
            near = np.exp(((columns - x) ** 2 + (rows - y) ** 2) / np.float32(-2 * reach**2))
            # Enough to turn the answer at the click, whatever it was.
            logit = logit + sign * near * max(_PUSH - sign * float(logit[at]), 0)
    return logit


def _at(array: np.ndarray, x: float, y: float) -> tuple[int, int]:
    rows, columns = array.shape
    return min(max(round(y), 0), rows - 1), min(max(round(x), 0), columns - 1)


def _continued(field_: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """A field that goes on for two pixels beyond what is allowed, so that it does not fade towards a border."""
    import cv2

    return np.where(allowed, field_, cv2.dilate(field_, np.ones((5, 5), np.uint8)))


def _about_metal(reading: Reading, bone: np.ndarray) -> tuple[str, ...]:
    """A warning, if metal covers some of the bone."""
    share = np.count_nonzero((reading.logit("metal") > 0) & bone) / np.count_nonzero(bone)
    if share <= _LEAST_METAL:
        return ()
    return (f"Metal covers {share:.0%} of the bone's shadow: there the surface shows the metal's outline too.",)
