"""A bank of limbs for `scenes`: whole, broken, growing, and with a hip prosthesis in place of the head."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...errors import SimulationError
from ..bones.bone import USUAL_FEMUR_MM, Bone, Mesh
from ..bones.fracture import break_bone, break_frame, displacement, manifold_of, random_fracture, surface_of
from ..bones.limbs import GREATEST_FLEXION_DEG, Limb, analytic_limb, flex, read_limbs

_SCLEROSIS_MM = 2.2  # of dense bone above and below a growth plate
_GRID_MM = 3.5  # of a growth plate's surface
_LOWER = ("tibia", "fibula", "patella")


@dataclass(frozen=True)
class Specimen:
    """A limb of the bank.

    Attributes
    ----------
    limb : Limb
    femur : tuple of Bone
        The femur as it is drawn: one piece, or its fragments.
    fracture : {"", "crack", "displaced"}
    plates, rims : dict of str to tuple of Mesh
        By bone: its growth plates, and what of the bone is in and near them; none where growth is over.
    resected : bool
        Whether the head is cut off, for a prosthesis.
    broken_at : (3,) array
        Middle of the fracture (LPS, mm).
    flexion_deg : float
        Of the knee.
    """

    limb: Limb
    femur: tuple[Bone, ...]
    fracture: str = ""
    plates: dict[str, tuple[Mesh, ...]] = field(default_factory=dict)
    rims: dict[str, tuple[Mesh, ...]] = field(default_factory=dict)
    resected: bool = False
    broken_at: np.ndarray = field(default_factory=lambda: np.zeros(3))
    flexion_deg: float = 0.0

    @property
    def fractured(self) -> bool:
        """Whether the femur is broken."""
        return bool(self.fracture)


def bank(limbs: Sequence[Limb], seed: int = 0, breaks: int = 2, bends: int = 5) -> list[Specimen]:
    """Prepare limbs for `scenes.scene`.

    Parameters
    ----------
    limbs : sequence of Limb
    seed : int
    breaks : int
        How often each femur is broken.
    bends : int
        How often each knee is bent.

    Returns
    -------
    list of Specimen
        Of each limb: as it is, with growth plates, without the head, broken, and bent (whole, growing or
        broken) in so many ways.

    Raises
    ------
    SimulationError
        If a surface is not closed.
    """
    rng = np.random.default_rng(seed)
    specimens = []
    for limb in limbs:
        whole, child = Specimen(limb, (limb.bones["femur"],)), growing(limb, rng)
        broken = [_broken(limb, displaced=number % 2 == 0, rng=rng) for number in range(breaks)]
        specimens += [whole, child, _resected(limb), *broken]
        turns = (whole, whole, child, *broken)
        for number in range(bends):
            degrees = float(min(rng.gamma(2.0, 18.0), GREATEST_FLEXION_DEG))
            specimens.append(bent(turns[number % len(turns)], degrees))
    return specimens


def make_bank(folder: str | os.PathLike | None = None, count: int = 8, seed: int = 0) -> list[Specimen]:
    """Make a bank of analytic limbs, or of the real ones of a folder (see `limbs.read_limbs`)."""
    limbs = read_limbs(folder, seed=seed) if folder else [analytic_limb(seed + number) for number in range(count)]
    return bank(limbs, seed)


def bent(specimen: Specimen, degrees: float) -> Specimen:
    """Return a limb with its knee bent (see `limbs.flex`), its growth plates with the bones they are in."""
    limb = flex(specimen.limb, degrees)
    moves = {
        name: _motion(specimen.limb.bones[name].outer.points, limb.bones[name].outer.points) for name in specimen.plates
    }
    plates, rims = (
        {name: tuple(mesh.moved(moves[name]) for mesh in meshes) for name, meshes in found.items()}
        for found in (specimen.plates, specimen.rims)
    )
    return replace(specimen, limb=limb, plates=plates, rims=rims, flexion_deg=degrees)


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
        thickness = rng.uniform(1.0, 2.2) * size
        plate, rim = _disc(limb.bones[name].outer, center, normal, radius * size, thickness, size, rng)
        plates[name], rims[name] = (*plates.get(name, ()), plate), (*rims.get(name, ()), rim)
    return Specimen(limb, (limb.bones["femur"],), plates=plates, rims=rims)


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
    from scipy.ndimage import gaussian_filter

    normal = normal / np.linalg.norm(normal)
    first = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))])
    first = first / np.linalg.norm(first)
    second = np.cross(normal, first)
    count = max(5, int(np.ceil(2 * radius / (_GRID_MM * size))))
    line = np.linspace(-radius, radius, count)
    x, y = np.meshgrid(line, line)
    # It hangs over the edges, as the plates of knee and head do, and is wavy.
    wave = gaussian_filter(rng.standard_normal(x.shape), 8.0 / _GRID_MM, mode="wrap")
    height = rng.uniform(0.8, 1.8) * size * wave / max(float(wave.std()), 1e-9)
    height = height - rng.uniform(1, 5) * size * ((x**2 + y**2) / radius**2)
    of = manifold_of(bone, "the bone's outer surface")
    made = []
    for half in (thickness / 2, thickness / 2 + _SCLEROSIS_MM * size):
        points = np.concatenate([np.stack([x, y, height + sign * half], axis=-1).reshape(-1, 3) for sign in (-1, 1)])
        sheet = Mesh(center + points @ np.stack([first, second, normal]), _slab_faces(count))
        made.append(surface_of(manifold_of(sheet, "the growth plate") ^ of))
    return made[0], made[1]


def _slab_faces(count: int) -> np.ndarray:
    """Outward triangles of the solid between a lower and an upper grid of count x count points."""
    number = np.arange(count * count).reshape(count, count)
    a, b, c, d = (part.ravel() for part in (number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]))
    bottom = np.concatenate([np.column_stack([a, c, b]), np.column_stack([a, d, c])])
    rim = np.concatenate([number[0, :-1], number[:-1, -1], number[-1, :0:-1], number[:0:-1, 0]])
    onward, above = np.roll(rim, -1), count * count
    walls = [np.column_stack([rim, onward, onward + above]), np.column_stack([rim, onward + above, rim + above])]
    return np.concatenate([bottom, bottom[:, ::-1] + above, *walls]).astype(np.int64)


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
    cut = Bone(*pieces)
    return Specimen(replace(limb, bones={**limb.bones, "femur": cut}), (cut,), resected=True)


def _broken(limb: Limb, displaced: bool, rng: np.random.Generator) -> Specimen:
    """A limb whose femur is broken; what hangs from the lower fragment has moved with it."""
    bone = limb.bones["femur"]
    for _ in range(20):
        fracture = random_fracture(rng, displaced)
        try:
            fragments = break_bone(bone, fracture)
            break
        except SimulationError:  # some breaks leave chips; another one will not
            continue
    else:
        raise SimulationError("the limb's femur could not be broken; is its surface sound?")
    frame = break_frame(bone.outer, fracture.place)
    move = displacement(frame, fracture)
    to_frame = np.linalg.inv(frame)
    below = {name: (to_frame @ [*point, 1])[2] < 0 for name, point in limb.landmarks.items()}
    marks = {n: move[:3, :3] @ p + move[:3, 3] if below[n] else p for n, p in limb.landmarks.items()}
    bones = {name: each.moved(move) if name in _LOWER else each for name, each in limb.bones.items()}
    kind = "displaced" if displaced else "crack"
    return Specimen(replace(limb, bones=bones, landmarks=marks), fragments, kind, broken_at=frame[:3, 3])
