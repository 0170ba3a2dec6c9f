"""The networks' way to the bone: a first look at all that is marked, a second one at the bone, and clicks."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..geometry.outline import Outline, outlines
from .bone import blind_border, choose_pieces, clean
from .clicks import pixel_at, pushed
from .morphology import dilated
from .naming import names_in
from .network.channels import BONES
from .network.loading import load_reader
from .network.look import channel_of, first_look, second_look
from .network.reader import Landmark, Reading
from .network.search import Box, box_of
from .region import corners, is_marked
from .seeds import Seeds
from .where import LEAST, LEGS, OTHER_LEG, box_seen, closer_box, legs

if TYPE_CHECKING:
    import cv2

_LARGE = 0.2  # of another bone: what is that large beside it may be what the picture is about
_NEAR = 0.04  # window diagonals from the femur, within which a click is about it
_LEAST_METAL = 0.02  # of the bone: less metal is not worth a word
_LEAST_LOGIT = 0.05  # in what is taken to be bone
_NOTHING = -20.0  # logit where nothing can be
_SEEN = 0.3  # least confidence of a landmark
_BESIDE = 12  # pixels of the window: a landmark may lie so far from the bone


@dataclass(frozen=True)
class ByNetwork:
    """What the networks found.

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
    named : float or None
        Probability that this is the bone that somebody drew a box round; None where nobody did.
    """

    mask: np.ndarray
    name: str
    first: Reading
    second: Reading | None = None
    outlines: tuple[Outline, ...] = ()
    landmarks: dict[str, Landmark] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    named: float | None = None


def find_by_network(
    pixels: np.ndarray,
    region: np.ndarray,
    seeds: Seeds | None = None,
    pieces: str = "near",
    reader: str | os.PathLike | None = None,
    told: str = "",
) -> ByNetwork:
    """Let the networks find the bone.

    They look twice: at all that is marked, upright or turned, and closer at the bone that is meant: the one that a box
    was drawn round, the one that was clicked on, or else a femur unless it is small.

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
    told : str
        Which bone somebody says that the box is round; "" where nobody does.

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
    whole = first_look(pixels, np.ones_like(region), network) if is_marked(region) else None
    first = first_look(pixels, region, network, whole)
    if whole is not None:  # whether there is a femur, all of the picture tells better than what a box leaves of it
        first = replace(first, facts=first.facts | {"femur": whole.facts["femur"]})
    allowed = first.window.cut_mask(region)
    masks = {each: (first.logit(each) > 0) & allowed for each in BONES}
    name = _clicked(masks, first, seeds)
    if whole is None:
        name = name or _main(masks, bool(seeds))
        box = box_seen(pixels, region, first, name, network, pieces, seeds)
    else:  # somebody who drew a box has told where the bone is better than any look does
        box = tuple(corners(region))
        names = {told: 1.0} if told else names_in(pixels, box, whole, reader)
        name = told or name or max(BONES, key=lambda each: names[each])
    if box is None:
        return ByNetwork(np.zeros(region.shape, bool), "", first)
    seen = _looked_closer(pixels, region, first, name, box, network, pieces, seeds)
    return seen if whole is None else replace(seen, named=names[name])


def find_all_by_network(
    pixels: np.ndarray, region: np.ndarray, pieces: str = "near", reader: str | os.PathLike | None = None
) -> tuple[ByNetwork, ...]:
    """Let the networks find every bone of the leg, those of both legs apart.

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
    femur = box_seen(pixels, region, first, "femur", network, pieces)
    allowed = first.window.cut_mask(region)
    found = []
    for name in BONES:
        seen = legs((first.logit(name) > 0) & allowed, pieces)
        if name == "pelvis" and len(seen) == 1:
            seen = _sides(seen[0], [first.window.cut_mask(each.mask) for each in found if each.name == "femur"])
        if name == "femur" and not seen and femur is not None:
            found.append(_looked_closer(pixels, region, first, name, femur, network, pieces, Seeds()))
        for leg in seen:
            own = region
            for other in (each for each in seen if each is not leg):
                own = own & (first.window.uncut(_away(other) - _away(leg), region.shape, 1.0) > 0)
            ends = first.window.to_picture(corners(leg))
            box = closer_box(pixels, own, first, name, ends, network, pieces)
            if box is not None:
                found.append(_looked_closer(pixels, own, first, name, box, network, pieces, Seeds()))
    return tuple(each for each in found if each.name)


def find_near(
    pixels: np.ndarray,
    region: np.ndarray,
    name: str,
    box: Box,
    first: Reading,
    pieces: str = "near",
    reader: str | os.PathLike | None = None,
) -> ByNetwork:
    """Let the networks look for a bone of which it is known about where it is.

    Parameters
    ----------
    pixels, region, pieces, reader
        As of `find_by_network`.
    name : str
        One of `BONES`.
    box : (low, high) of (2,) array
        Corners of where it may be, as column and row of the picture.
    first : Reading
        A first look at all that is marked.

    Returns
    -------
    ByNetwork
        As of a box that somebody drew; empty where the bone is not seen.

    Raises
    ------
    ReconstructionError
        If a network cannot be loaded.
    """
    box = box_of(pixels, *box, name, first.turns)
    seen = _looked_closer(pixels, region, first, name, box, load_reader(reader), pieces, Seeds())
    return replace(seen, named=names_in(pixels, box, first, reader)[name])


def _sides(pelvis: np.ndarray, femora: list[np.ndarray]) -> list[np.ndarray]:
    """The hip bones of a pelvis in one piece: each is what is nearer to its femur than to the other one."""
    if len(femora) < LEGS:
        return [pelvis]
    nearer = _away(femora[0]) < _away(femora[1])
    sides = [pelvis & nearer, pelvis & ~nearer]
    large = all(np.count_nonzero(side) >= OTHER_LEG * np.count_nonzero(pelvis) for side in sides)
    return sorted(sides, key=np.count_nonzero, reverse=True) if large else [pelvis]


def _away(mask: np.ndarray) -> np.ndarray:
    """Distance of each pixel from a mask."""
    import cv2

    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)


def _looked_closer(
    pixels: np.ndarray,
    region: np.ndarray,
    first: Reading,
    name: str,
    box: tuple[np.ndarray, np.ndarray],
    network: cv2.dnn.Net,
    pieces: str,
    seeds: Seeds,
) -> ByNetwork:
    """What a second look sees of a bone in a box of the picture."""
    channel, nothing = channel_of(name), ByNetwork(np.zeros(region.shape, bool), "", first)
    second = second_look(pixels, first, *box, name, network, seeds)
    allowed = second.window.cut_mask(region)
    clicks = seeds.moved(second.window.matrix)
    logit = pushed(second.logit(channel), clicks)
    logit = np.where(allowed, logit, np.float32(_NOTHING))
    kept = choose_pieces(logit > 0, pieces, clicks.include)
    if name != "pelvis" and not clicks.exclude:  # a long bone's shadow has no holes, unless somebody says so
        kept = clean(kept, 0)
    if np.count_nonzero(kept) < LEAST * kept.size:
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


def _clicked(masks: dict[str, np.ndarray], first: Reading, seeds: Seeds) -> str:
    """The bone of the masks that was clicked on, "" where that is none beside the main one."""
    # A click on or near the femur corrects it, also where another bone lies over it; so does one on something small.
    femur, least = masks["femur"], _LARGE * np.count_nonzero(masks["femur"])
    near = dilated(femur, max(1, round(_NEAR * float(np.hypot(*femur.shape)))))
    places = [pixel_at(near, x, y) for x, y in seeds.moved(first.window.matrix).include]
    if any(near[place] for place in places):
        return ""
    large = [name for name, mask in masks.items() if np.count_nonzero(mask) > least]
    return next((name for place in places for name in large if masks[name][place]), "")


def _main(masks: dict[str, np.ndarray], clicked: bool) -> str:
    """The bone of the masks that a picture is about: a femur unless it is small."""
    sizes = {name: int(np.count_nonzero(mask)) for name, mask in masks.items()}
    beside = max(sizes["tibia"], sizes["patella"], LEAST * masks["femur"].size)  # a pelvis is always large
    if clicked or sizes["femur"] >= _LARGE * beside:
        return "femur"
    return max(BONES[1:], key=lambda name: sizes[name])


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
