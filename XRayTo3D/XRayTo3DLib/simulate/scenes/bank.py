"""A bank of limbs for `scenes`: whole, broken, growing, and with a hip prosthesis in place of the head."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...errors import SimulationError
from ..bones.bone import USUAL_FEMUR_MM, Bone, Mesh
from ..bones.callus import callus
from ..bones.children import OLDEST_YEARS, Plate, child, winding
from ..bones.fracture import Fracture, break_bone, break_frame, displacement, manifold_of, random_fracture, surface_of
from ..bones.limbs import GREATEST_FLEXION_DEG, Limb, analytic_limb, flex, read_limbs
from ..bones.osteoarthritis import worn
from ..bones.piece import Piece, whole
from ..bones.wedge import with_wedge

_PLATE_MM = (1.0, 4.5)  # thickness of a growth plate, the thicker the younger the child
_SCLEROSIS_MM = 2.2  # of dense bone above and below a growth plate
_AGES = ((0.0, 1.0), (1.0, 4.0), (4.0, OLDEST_YEARS))  # of the young children that are made of each limb (years)
_BENT_DEG = (20.0, 100.0)  # the knee of one of them, once more
_OLD_BENT_DEG = (10.0, 70.0)  # likewise, of a worn one
_FOR_CHILDREN = 1_000_002  # a stream of random numbers of its own: they change no other specimen
_FOR_CALLUS = 1_000_006  # likewise
_FOR_WORN = 1_000_008
_LOWER = ("tibia", "fibula", "patella")
_WEDGE = 0.25  # of the fragments of displaced fractures lose one
_FAR = 0.6  # of displaced fractures lie anywhere and farther apart than a fresh one that was splinted
_TURN_DEG, _ASIDE_MM, _SHORTER_MM = 30.0, 12.0, (-8.0, 40.0)  # of those: at most, standard deviation, range


@dataclass(frozen=True)
class Specimen:
    """A limb of the bank.

    Attributes
    ----------
    limb : Limb
    pieces : dict of str to tuple of Piece
        Each bone as it is drawn: one piece, or, of a broken one, the upper and the lower fragment.
    broken : str
        The bone that is broken, if any: "femur" or "tibia".
    displaced : bool
        Whether its fragments stand apart; otherwise a crack is all that is seen.
    plates, rims : dict of str to tuple of Mesh
        By bone: its growth plates, none where growth is over, and what of the bone is denser than usual: round growth
        plates, or under worn joints' surfaces.
    resected : bool
        Whether the head is cut off, for a prosthesis.
    broken_at : (3,) array
        Middle of the fracture (LPS, mm).
    callus : tuple of Mesh
        Round the break of a healing bone: round the upper and the lower fragment.
    worn : bool
        Whether its joints are, by osteoarthritis.
    flexion_deg : float
        Of the knee.
    age_years : float
        Of a young child, whose pieces are what is bone of its `limb`: a shaft and round centres beyond its ends in
        one piece, and no piece where nothing is bone yet. Not a number for everybody else.
    """

    limb: Limb
    pieces: dict[str, tuple[Piece, ...]]
    broken: str = ""
    displaced: bool = False
    plates: dict[str, tuple[Mesh, ...]] = field(default_factory=dict)
    rims: dict[str, tuple[Mesh, ...]] = field(default_factory=dict)
    resected: bool = False
    broken_at: np.ndarray = field(default_factory=lambda: np.zeros(3))
    callus: tuple[Mesh, ...] = ()
    worn: bool = False
    flexion_deg: float = 0.0
    age_years: float = np.nan

    @property
    def young(self) -> bool:
        """Whether it is a young child's."""
        return not np.isnan(self.age_years)

    @property
    def cracked(self) -> bool:
        """Whether a bone is broken without any displacement."""
        return bool(self.broken) and not self.displaced


def intact(limb: Limb) -> Specimen:
    """Return an extended limb as it is."""
    return Specimen(limb, {name: (whole(bone),) for name, bone in limb.bones.items()})


def bank(limbs: Sequence[Limb], seed: int = 0, breaks: int = 2, bends: int = 4) -> list[Specimen]:
    """Prepare limbs for `scenes.scene`.

    Parameters
    ----------
    limbs : sequence of Limb
    seed : int
    breaks : int
        How often each femur is broken, and half as often each tibia, in extension; every second break is a crack.
    bends : int
        How often each knee is bent.

    Returns
    -------
    list of Specimen
        Of each limb: as it is, with growth plates, without the head, broken, and bent (whole, growing or
        broken) in so many ways; then those of young children, three of each limb and one of them bent; then those that
        are broken and not bent once more, healing; then each with worn joints, as it is and bent.

    Raises
    ------
    SimulationError
        If a surface is not closed.
    """
    rng = np.random.default_rng(seed)
    specimens = []
    for limb in limbs:
        plain, child = intact(limb), growing(limb, rng)
        specimens += [plain, child, _resected(limb)]
        specimens += [broken(limb, "femur", number % 2 == 0, 0.0, rng) for number in range(breaks)]
        specimens += [broken(limb, "tibia", number % 2 == 0, 0.0, rng) for number in range(breaks // 2)]
        for number in range(bends):
            degrees = float(min(rng.gamma(2.0, 18.0), GREATEST_FLEXION_DEG))
            if number % 4 < 2:
                specimens.append(bent((plain, child)[number % 4], degrees))
            else:
                specimens.append(broken(limb, ("femur", "tibia")[number % 4 - 2], True, degrees, rng))
    rng = np.random.default_rng((seed, _FOR_CHILDREN))
    children = [each for limb in limbs for each in _children(limb, rng)]
    rng = np.random.default_rng((seed, _FOR_CALLUS))
    mending = []
    for each in specimens:
        if each.broken and not each.flexion_deg:
            with contextlib.suppress(SimulationError):  # a cloud that is not sound: the break stays fresh
                mending.append(healing(each, rng))
    rng = np.random.default_rng((seed, _FOR_WORN))
    return specimens + children + mending + [each for limb in limbs for each in _aged(limb, rng)]


def _aged(limb: Limb, rng: np.random.Generator) -> list[Specimen]:
    """A limb with worn joints, and once more with its knee bent."""
    old, dense = worn(limb, rng)
    straight = replace(intact(old), rims=dense, worn=True)
    return [straight, bent(straight, float(rng.uniform(*_OLD_BENT_DEG)))]


def healing(specimen: Specimen, rng: np.random.Generator) -> Specimen:
    """Return a broken limb with callus round its break."""
    pieces = specimen.pieces[specimen.broken]
    height = float(pieces[0].heights(specimen.broken_at[None])[0])
    length = float(np.ptp(specimen.limb.bones[specimen.broken].outer.points[:, 2]))
    return replace(specimen, callus=callus(pieces, height, length, rng))


def _children(limb: Limb, rng: np.random.Generator) -> list[Specimen]:
    """Young children of all ages, and one of them once more with its knee bent."""
    made = [young(limb, rng.uniform(*ages), rng) for ages in _AGES]
    return [*made, bent(made[int(rng.integers(len(made)))], float(rng.uniform(*_BENT_DEG)))]


def young(limb: Limb, age: float, rng: np.random.Generator) -> Specimen:
    """Return a young child's limb (see `children.child`)."""
    grown, ossified = child(limb, age, rng)
    along = {name: whole(bone).along for name, bone in grown.bones.items()}
    pieces = {name: (Piece(bone, along[name]),) if bone else () for name, bone in ossified.items()}
    return Specimen(grown, pieces, age_years=float(age))


def make_bank(folder: str | os.PathLike | None = None, count: int = 8, seed: int = 0) -> list[Specimen]:
    """Make a bank of analytic limbs, or of the real ones of a folder (see `limbs.read_limbs`)."""
    limbs = read_limbs(folder, seed=seed) if folder else [analytic_limb(seed + number) for number in range(count)]
    return bank(limbs, seed)


def bent(specimen: Specimen, degrees: float) -> Specimen:
    """Return an unbroken limb with its knee bent (see `limbs.flex`), its growth plates with the bones they are in."""
    limb = flex(specimen.limb, degrees)
    moves = {
        name: _motion(bone.outer.points, limb.bones[name].outer.points) for name, bone in specimen.limb.bones.items()
    }
    pieces = {name: tuple(each.moved(moves[name]) for each in parts) for name, parts in specimen.pieces.items()}
    plates, rims = (
        {name: tuple(mesh.moved(moves[name]) for mesh in meshes) for name, meshes in found.items()}
        for found in (specimen.plates, specimen.rims)
    )
    return replace(specimen, limb=limb, pieces=pieces, plates=plates, rims=rims, flexion_deg=degrees)


def _motion(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Matrix (4, 4) that took (n, 3) points to others."""
    solved = np.linalg.lstsq(np.column_stack([before, np.ones(len(before))]), after, rcond=None)[0]
    return np.vstack([solved.T, [0, 0, 0, 1]])


def growing(limb: Limb, rng: np.random.Generator) -> Specimen:
    """Return a limb with open growth plates: winding discs within its bones, as a child's has."""
    marks = limb.landmarks
    up = marks["head_center"] - marks["knee_center"]
    size = float(np.linalg.norm(up)) / USUAL_FEMUR_MM
    up = up / np.linalg.norm(up)
    neck = marks["head_center"] - (marks["trochanter_tip"] + marks["lesser_trochanter"]) / 2
    neck = neck / np.linalg.norm(neck)
    out = marks["trochanter_tip"] - marks["head_center"]
    out = out / np.linalg.norm(out)
    tibia = limb.bones["tibia"].outer.points
    fibula = limb.bones["fibula"].outer.points
    tops = {name: points[np.argmax(points @ up)] for name, points in (("tibia", tibia), ("fibula", fibula))}
    middle = marks["knee_center"] + ((tops["tibia"] - marks["knee_center"]) @ up) * up
    cuts = [
        ("femur", marks["knee_center"] + rng.uniform(14, 20) * size * up, up, 55.0),
        ("femur", marks["head_center"] - rng.uniform(6, 11) * size * neck, neck, 24.0),
        ("femur", marks["trochanter_tip"] - 13 * size * up - 4 * size * out, up + 0.5 * out, 17.0),
        ("tibia", middle - rng.uniform(17, 22) * size * up, up, 60.0),
        ("fibula", tops["fibula"] - 15 * size * up, up, 25.0),
    ]
    plates: dict[str, tuple[Mesh, ...]] = {}
    rims: dict[str, tuple[Mesh, ...]] = {}
    for name, center, normal, radius in cuts:
        thickness = float(np.exp(rng.uniform(*np.log(_PLATE_MM)))) * size
        plate, rim = _disc(limb.bones[name].outer, center, normal, radius * size, thickness, size, rng)
        plates[name], rims[name] = (*plates.get(name, ()), plate), (*rims.get(name, ()), rim)
    return replace(intact(limb), plates=plates, rims=rims)


def _disc(
    bone: Mesh,
    center: np.ndarray,
    normal: np.ndarray,
    radius: float,
    thickness: float,
    size: float,
    rng: np.random.Generator,
) -> tuple[Mesh, Mesh]:
    """A growth plate and its dense rims: a winding sheet, cut out of a bone."""
    between = winding(Plate(center, normal, radius), size, rng)
    of = manifold_of(bone, "the bone's outer surface")
    plate, rim = (
        surface_of(manifold_of(between(-half, half), "the growth plate") ^ of)
        for half in (thickness / 2, thickness / 2 + _SCLEROSIS_MM * size)
    )
    return plate, rim


def _resected(limb: Limb) -> Specimen:
    """A limb whose femur has lost head and neck to a saw."""
    marks = limb.landmarks
    neck = marks["head_center"] - (marks["trochanter_tip"] + marks["lesser_trochanter"]) / 2
    up = marks["head_center"] - marks["knee_center"]
    normal = neck / np.linalg.norm(neck) + 0.35 * up / np.linalg.norm(up)
    normal = -normal / np.linalg.norm(normal)
    place = marks["head_center"] - 0.62 * neck
    bone, pieces = limb.bones["femur"], []
    for name, surface in (("outer", bone.outer), ("inner", bone.inner)):
        if surface is None:
            pieces.append(None)
            continue
        solid = manifold_of(surface, f"the femur's {name} surface").trim_by_plane(normal, float(normal @ place))
        pieces.append(surface_of(max(solid.decompose(), key=lambda part: part.volume())))
    cut = Piece(Bone(*pieces), whole(bone).along)
    plain = intact(limb)
    return replace(plain, pieces={**plain.pieces, "femur": (cut,)}, resected=True)


def broken(limb: Limb, name: str, displaced: bool, degrees: float, rng: np.random.Generator) -> Specimen:
    """Return a limb with a broken femur or tibia; what hangs from the lower fragment has moved with it.

    Parameters
    ----------
    limb : Limb
        In extension.
    name : {"femur", "tibia"}
    displaced : bool
    degrees : float
        By which the knee is bent.
    rng : numpy.random.Generator

    Raises
    ------
    SimulationError
        If the bone's surface is not sound.
    """
    bone = limb.bones[name]
    for _ in range(40):
        fracture = random_fracture(rng, displaced)
        if displaced and rng.random() < _FAR:
            fracture = _far(fracture, rng)
        try:
            fragments = break_bone(bone, fracture)
            break
        except SimulationError:  # some breaks leave chips; another one will not
            continue
    else:
        raise SimulationError(f"the limb's {name} could not be broken; is its surface sound?")
    frame = break_frame(bone.outer, fracture.place)
    move = displacement(frame, fracture)
    if displaced:
        fragments = _shattered(fragments, frame, move, rng.spawn(1)[0])
    along = whole(bone).along
    upper, lower = Piece(fragments[0], along), Piece(fragments[1], along @ np.linalg.inv(move))
    plain = bent(intact(limb), degrees) if degrees else intact(limb)
    pieces, marks, at = dict(plain.pieces), plain.limb.landmarks, frame[:3, 3]
    if name == "femur":  # which bending leaves in its place
        to_frame = np.linalg.inv(frame)
        below = {each: (to_frame @ [*point, 1])[2] < 0 for each, point in marks.items()}
        marks = {each: move[:3, :3] @ p + move[:3, 3] if below[each] else p for each, p in marks.items()}
        pieces |= {each: tuple(part.moved(move) for part in pieces[each]) for each in _LOWER}
        pieces["femur"] = (upper, lower)
    else:
        bending = _motion(bone.outer.points, plain.limb.bones["tibia"].outer.points)
        pieces["tibia"] = (upper.moved(bending), lower.moved(bending))
        pieces["fibula"] = (whole(limb.bones["fibula"]).moved(bending @ move),)
        at = bending[:3, :3] @ at + bending[:3, 3]
    limb = replace(plain.limb, landmarks=marks)
    return Specimen(limb, pieces, name, displaced, broken_at=at, flexion_deg=degrees)


def _shattered(
    fragments: tuple[Bone, Bone], frame: np.ndarray, move: np.ndarray, rng: np.random.Generator
) -> tuple[Bone, Bone]:
    """Fragments of which, now and then, wedges came off; each belongs to the fragment that it came from."""
    upper, lower = fragments
    if rng.random() < _WEDGE:
        upper = with_wedge(upper, frame, True, rng)
    if rng.random() < _WEDGE:
        lower = with_wedge(lower, move @ frame, False, rng)
    return upper, lower


def _far(fracture: Fracture, rng: np.random.Generator) -> Fracture:
    """The fracture anywhere on the bone, its fragments turned and shifted as muscles pull them."""
    axis = rng.standard_normal(3)
    turn = rng.uniform(0, _TURN_DEG) * axis / np.linalg.norm(axis)
    shift = (*rng.normal(0, _ASIDE_MM, 2), rng.uniform(*_SHORTER_MM))
    return replace(
        fracture, place=float(rng.uniform(0.12, 0.88)), turn_deg=tuple(turn.tolist()), shift_mm=tuple(map(float, shift))
    )
