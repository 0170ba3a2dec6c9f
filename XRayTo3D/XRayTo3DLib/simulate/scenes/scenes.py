"""Random radiographs of whole limbs with everything that is true of them, for training and testing.

Limbs take seconds to make and are kept in a bank; a scene takes one of them, bends, stretches, mends and X-rays it
in a few hundredths of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...errors import SimulationError
from ...geometry.camera import Camera
from ..bones.bone import USUAL_FEMUR_MM, Bone
from ..bones.limbs import Limb
from ..bones.piece import Piece
from ..film import looks
from ..film.film import MU_MUSCLE
from ..film.flesh import Leg, Trunk, flesh_round, plaster, soft_tissue
from ..film.matter import attenuation
from . import hands, metal
from .aim import PARTS, aimed, drawn_part, drawn_view, pose
from .bank import Specimen, bank, make_bank
from .chosen import chosen, older, younger
from .drawn import Scene
from .healing import CLOUDS, healed
from .pair import side_by_side
from .shadows import LEAST_PATH_MM, LOWER, heights_on, lengths_in, masks_of
from .spine import lumbar_spine
from .warp import random_warp, warped

__all__ = ["PARTS", "Scene", "Specimen", "bank", "make_bank", "scene"]

_SHARES = {"proximal": (0.0, 0.22), "shaft": (0.25, 0.75), "distal": (0.8, 1.0)}  # of the femur's length
_ALONE, _ALONE_WHOLE, _BARE = 0.08, 0.6, 0.3  # femora without other bones; of these, the whole of it, and no flesh
_FOR_ALONE = 1_000_001  # a stream of random numbers of its own: which scenes these are changes no other
_FOR_YOUNG = 1_000_003
_PLUMP, _PLUMP_YEARS = 0.55, 3.0  # by how much a newborn's flesh is thicker for its length, and how soon that is lost
_FOR_HEALING = 1_000_007
_PAIRS, _FOR_PAIRS = 0.04, 1_000_004  # films that show a leg from the front and from the side
_PAIRS_OF, _PAIRS_ODDS = ("knee", "shank", "shaft", "whole"), (0.4, 0.3, 0.2, 0.1)
_BETWEEN = 0.012  # of such a film's width is the border between its pictures
_HANDS, _HANDS_YOUNG, _FOR_HANDS = 0.02, 0.15, 1_000_005  # pictures with a hand in them
_CAST, _CAST_BROKEN = 0.02, 0.12
_AIMED = 0.75  # of the pictures of a broken bone show the break


def scene(specimens: Sequence[Specimen], seed: int, size: int = 288, femora_alone: bool = True) -> Scene:
    """Draw a random radiograph.

    Parameters
    ----------
    specimens : sequence of Specimen
        From `bank`.
    seed : int
        Chooses everything; the same bank and seed give the same scene.
    size : int
        Rows and columns.
    femora_alone : bool
        Whether some of the scenes show a femur without other bones; without them the others stay as they are.

    Returns
    -------
    Scene

    Raises
    ------
    SimulationError
        If the bank is empty or the picture too small.
    """
    if not specimens:
        raise SimulationError("specimens: the bank is empty; there must be a limb at least.")
    if size < 32:
        raise SimulationError(f"size: {size}; a scene has 32 rows and columns at least.")
    rng = np.random.default_rng(seed)
    part = drawn_part(rng)
    view = drawn_view(part, rng)
    draw = np.random.default_rng((seed, _FOR_ALONE)).random(3)
    alone, bare = femora_alone and draw[0] < _ALONE, draw[1] < _BARE
    if alone and draw[2] < _ALONE_WHOLE:
        part = "whole"
    # From the front a bent knee's shank would point at the source.
    bent = part != "hip" and view in ("lateral", "oblique") and bool(rng.random() < 0.65)
    specimen, kinds = chosen(specimens, bent, rng)
    specimen = older(specimens, specimen, np.random.default_rng((seed, _FOR_HEALING)))
    if specimen.plates:
        specimen, kinds, part = younger(specimens, specimen, kinds, part, np.random.default_rng((seed, _FOR_YOUNG)))
    aims = bool(specimen.broken) and bool(rng.random() < _AIMED)  # or the break would rarely be in the picture
    if aims and part == "hip":
        part = "shaft"
    plan = _Plan(seed, specimen, tuple(kinds), part, view, aims, alone, bare, (size, size))
    chance = np.random.default_rng((seed, _FOR_PAIRS))
    # Nothing tells of a crack in the second of two pictures, whose bone would pass for an unbroken one.
    if not (alone or specimen.cracked) and chance.random() < _PAIRS:
        return _pair(plan, specimens, chance)
    return _radiograph(plan, rng, rng)


@dataclass(frozen=True)
class _Plan:
    """What a radiograph is to show: see `Scene`; `aims` at the break, with other bones or `alone`, or even `bare`."""

    seed: int
    specimen: Specimen
    metal: tuple[str, ...]
    part: str
    view: str
    aims: bool
    alone: bool
    bare: bool
    shape: tuple[int, int]
    paired: bool = False


def _pair(plan: _Plan, specimens: Sequence[Specimen], rng: np.random.Generator) -> Scene:
    """Two views of one leg on one film; of one that is extended, for a bent one's shank would point at the source."""
    specimen, kinds = plan.specimen, plan.metal
    if specimen.flexion_deg:
        specimen, kinds = chosen([each for each in specimens if not each.cracked], False, rng)
    part = str(rng.choice(_PAIRS_OF, p=_PAIRS_ODDS))
    rows, columns = plan.shape
    gap = max(1, round(_BETWEEN * columns))
    plan = replace(
        plan,
        specimen=specimen,
        metal=tuple(kinds),
        part="shaft" if specimen.broken else part,
        aims=bool(specimen.broken),
        paired=True,
    )
    first = (columns - gap) // 2
    drawn = []
    for view, width in zip(rng.permutation(["ap", "lateral"]), (first, columns - gap - first), strict=True):
        # The same patient, behind the same collimator, exposed alike; what machines do to either picture may differ.
        patient, film = (np.random.default_rng((plan.seed, _FOR_PAIRS, number)) for number in (1, 2))
        drawn.append(_radiograph(replace(plan, view=str(view), shape=(rows, width)), patient, film))
    return side_by_side(*drawn, gap, float(rng.choice([0.0, 1.0, rng.uniform(0, 0.3)])))


def _radiograph(plan: _Plan, rng: np.random.Generator, film: np.random.Generator) -> Scene:
    """Radiograph of what is planned: `rng` draws the patient and how the camera stands, `film` how it looks."""
    specimen, part, view = plan.specimen, plan.part, plan.view
    limb = specimen.limb
    middle = float(np.mean([f(limb.bones["pelvis"].outer.points[:, 0]) for f in (np.min, np.max)]))
    frog = part == "hip" and view in ("ap", "pa") and bool(rng.random() < 0.3)
    stays, moves = pose(limb.landmarks, middle, bool(specimen.plates), frog, rng)
    mirrored = np.linalg.det(stays[:3, :3]) < 0
    side = {"left": "right", "right": "left"}[limb.side] if mirrored else limb.side
    field = random_warp(rng)

    def posed(name: str) -> tuple[Piece, ...]:
        move = stays if name == "pelvis" else moves
        return tuple(piece.moved(move).warped(field) for piece in specimen.pieces[name])

    def point(at: np.ndarray) -> np.ndarray:
        return field((moves[:3, :3] @ at + moves[:3, 3])[None])[0]

    marks = {name: point(at) for name, at in limb.landmarks.items()}
    bodies = {name: posed(name) for name in specimen.pieces}
    odds = {"hip": 1.0, "knee": 0.12}.get(part, 0.25) if view in ("ap", "pa") else 0.04
    both = bool(rng.random() < odds) and not (plan.alone or plan.paired)
    plump = 1 + _PLUMP * np.exp(-specimen.age_years / _PLUMP_YEARS) if specimen.young else 1.0
    kneecap = np.concatenate([each.bone.outer.points for each in bodies["patella"]] or [point(_kneecap(limb))[None]])
    leg = _leg(marks, bodies, kneecap.mean(axis=0), side, plump)
    break_ = point(specimen.broken_at)
    camera = aimed(marks, leg.ankle, break_ if plan.aims else None, part, view, side, both, plan.shape, rng)
    if both:
        bodies |= {
            f"other_{name}": _beside(specimen, name, moves, field)
            for name in ("femur", *LOWER[: 3 * (part != "hip")])
            if specimen.pieces[name]
        }
    pelvis = bodies["pelvis"][0].bone.outer
    if plan.alone:
        bodies = {"femur": bodies["femur"]}
    elif camera.project(pelvis.points[[np.argmax(pelvis.points[:, 2])]])[0][0, 1] > -0.1 * plan.shape[0]:
        bodies["spine"] = tuple(Piece(bone, np.zeros(4)) for bone in lumbar_spine(pelvis, rng))
    implants = [mesh for kind in plan.metal for mesh in metal.implant(kind, marks, rng)]
    grown = {
        name: [warped(mesh.moved(moves), field) for meshes in found.values() for mesh in meshes]
        for name, found in (("plates", specimen.plates), ("rims", specimen.rims))
    }
    chance = np.random.default_rng((plan.seed, _FOR_HANDS))
    if not (plan.alone or plan.paired) and chance.random() < (_HANDS_YOUNG if specimen.young else _HANDS):
        bodies["hand"] = tuple(Piece(bone, np.zeros(4)) for bone in _hand(marks, part, camera, chance))
    if specimen.callus:
        alongs = [piece.along for piece in specimen.pieces[specimen.broken]]
        clouds = [Piece(Bone(mesh), along) for mesh, along in zip(specimen.callus, alongs, strict=True)]
        bodies |= {name: (cloud.moved(moves).warped(field),) for name, cloud in zip(CLOUDS, clouds, strict=True)}
    lengths, shadows = lengths_in(bodies, {"metal": implants, **grown}, camera)

    around = looks.frame(film, camera.shape)
    outlines = lengths
    if any(name in shadows for name in CLOUDS):
        aging = np.random.default_rng((plan.seed, _FOR_HEALING, 1))
        lengths, outlines, shadows = healed(lengths, shadows, specimen.broken, aging)
    masks = masks_of(outlines, around.open)
    legs = [leg, leg.mirrored()] if both else [leg]
    half = abs(marks["trochanter_tip"][0]) * np.sqrt(plump)
    trunk = Trunk(marks["head_center"] * [0, 1, 1], 1.12 * half) if part in ("hip", "shaft", "whole") else None
    tissue, body_mm = soft_tissue(legs, None if plan.alone else trunk, camera, rng)
    if plan.alone and plan.bare:
        tissue, body_mm = np.zeros_like(tissue), np.zeros_like(body_mm)
    if not plan.bare and rng.random() < (_CAST_BROKEN if specimen.broken else _CAST):
        tissue = tissue + plaster(body_mm > 5, camera, rng)
    if ("hand", "outer") in lengths:
        hand_mm = flesh_round(lengths["hand", "outer"] > 0.3, hands.MARGIN_MM, hands.DEPTH_MM, camera, chance)
        tissue, body_mm = tissue + np.float32(MU_MUSCLE) * hand_mm, body_mm + hand_mm
    line_integral = attenuation(lengths, tissue, body_mm, marks, camera, rng)
    bone = sum(length for (name, kind), length in lengths.items() if kind == "outer") > 1.0
    image, dark = looks.photographed(line_integral, bone, body_mm > 15, camera, around, side, view, film)

    points = np.array(list(marks.values()))
    pixels = camera.project(points)[0]
    others = camera.project(points * [-1, 1, 1])[0] if both else []
    femur = outlines.get(("femur", "outer"), np.zeros(camera.shape))
    landmarks_px = dict(zip(marks, pixels, strict=True))
    return Scene(
        image=image,
        masks=masks,
        heights=heights_on(shadows, masks),
        fragments={
            name: tuple((length > LEAST_PATH_MM) & around.open for length, _ in shadows[name])
            for name in (specimen.broken,)
            if specimen.displaced and len(shadows.get(name, ())) == 2
        },
        cracked=specimen.broken if specimen.cracked else "",
        thickness_mm=np.where(masks["femur"], femur, 0).astype(np.float32),
        landmarks_lps=marks,
        landmarks_px=landmarks_px,
        other_landmarks_px=dict(zip(marks, others, strict=False)),
        visible={name: bool(_inside(pixel[None], around.open)[0]) for name, pixel in landmarks_px.items()},
        open=around.open,
        view=view,
        side=side,
        part=part,
        parts=_parts_seen(bodies["femur"], marks, camera, around.open),
        flexion_deg=specimen.flexion_deg,
        camera=camera,
        pixel_size_mm=camera.pixel_size_mm[0],
        dark_bone=dark,
        growth_plates=("plates", "all") in lengths and bool((lengths["plates", "all"] > 0)[around.open].any()),
        fractured=bool(specimen.broken) and bool(_inside(camera.project(break_[None])[0], around.open)[0]),
        metal=plan.metal if masks.get("metal", np.zeros(1)).any() else (),
    )


def _hand(marks: dict[str, np.ndarray], part: str, camera: Camera, rng: np.random.Generator) -> list[Bone]:
    """The patient's own hand beside the hip, or one that reaches in from the border to hold the leg."""
    size = float(np.linalg.norm(marks["head_center"] - marks["knee_center"])) / USUAL_FEMUR_MM
    if part in ("knee", "shank") or rng.random() < 0.5:
        return hands.in_the_field(camera, marks["knee_center"], None, float(rng.normal(1, 0.06)), rng)
    hip = marks["trochanter_tip"]
    beside = hip + size * np.array([np.sign(hip[0]) * rng.uniform(5, 70), rng.uniform(-30, 30), -rng.uniform(-20, 190)])
    return hands.in_the_field(camera, beside, beside, size, rng)


def _kneecap(limb: Limb) -> np.ndarray:
    return limb.bones["patella"].outer.points.mean(axis=0)


def _beside(specimen: Specimen, name: str, moves: np.ndarray, field) -> tuple[Piece, ...]:
    """The same bone of the other leg, which is not broken."""
    pieces = specimen.pieces[name]
    if name == specimen.broken:
        pieces = (Piece(specimen.limb.bones[name], pieces[0].along),)
    return tuple(piece.moved(moves).warped(field).moved(np.diag([-1.0, 1, 1, 1])) for piece in pieces)


def _leg(
    marks: dict[str, np.ndarray], bodies: dict[str, tuple[Piece, ...]], kneecap: np.ndarray, side: str, plump: float
) -> Leg:
    """Where the leg's joints are; the ankle is at the end of the tibia that is far from the knee."""
    knee = marks["knee_center"]
    tibia = np.concatenate([piece.bone.outer.points for piece in bodies["tibia"]])
    away = np.linalg.norm(tibia - knee, axis=1)
    ankle = tibia[away > 0.93 * away.max()].mean(axis=0)
    return Leg(marks["head_center"], knee, ankle, kneecap, 1.0 if side == "left" else -1.0, plump)


def _inside(pixels: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Whether each of (n, 2) pixels is on the film and shown."""
    column, row = np.rint(pixels).astype(int).T
    on = (row >= 0) & (row < shown.shape[0]) & (column >= 0) & (column < shown.shape[1])
    return on & shown[np.where(on, row, 0), np.where(on, column, 0)]


def _parts_seen(
    femur: Sequence[Piece], marks: dict[str, np.ndarray], camera: Camera, shown: np.ndarray
) -> tuple[str, ...]:
    """Parts of the femur of whose surface more than half is in the picture."""
    points = np.concatenate([piece.bone.outer.points for piece in femur])
    up = marks["head_center"] - marks["knee_center"]
    height = points @ (up / np.linalg.norm(up))
    share = (height.max() - height) / np.ptp(height)
    there = _inside(camera.project(points)[0], shown)
    return tuple(name for name, (low, high) in _SHARES.items() if there[(share >= low) & (share <= high)].mean() > 0.5)
