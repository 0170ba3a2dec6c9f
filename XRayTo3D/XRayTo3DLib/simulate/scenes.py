"""Random radiographs of whole limbs with everything that is true of them, for training and testing.

Limbs take seconds to make and are kept in a bank; a scene takes one of them, bends, stretches, breaks, mends and
X-rays it in a few hundredths of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import SimulationError
from . import looks, metal
from .bone import Bone, Mesh
from .camera import VIEWS, Camera, place, view_directions
from .film import MU_CORTEX, MU_MUSCLE, MU_SPONGY, MU_STEEL, MU_TITANIUM, Exposure, expose
from .flesh import flesh
from .fracture import break_bone, break_frame, displacement, random_fracture
from .limbs import GREATEST_FLEXION_DEG, Limb, analytic_limb, flex, read_limbs
from .projector import path_length

PARTS = ("hip", "shaft", "knee", "whole")
_PARTS_ODDS = (0.3, 0.15, 0.4, 0.15)
_VIEWS_ODDS = (0.5, 0.05, 0.35, 0.1)
_FIELD_MM = {"hip": (170, 420), "shaft": (200, 400), "knee": (140, 330), "whole": (470, 620)}
_LEAST_PATH_MM = 0.3  # of a ray in a bone for its pixel to belong to the bone
_BONES = ("femur", "tibia", "fibula", "patella", "pelvis")
_LOWER = ("medial_condyle", "lateral_condyle", "knee_center")


@dataclass(frozen=True)
class Specimen:
    """A limb of the bank.

    Attributes
    ----------
    limb : Limb
    femur : tuple of Bone
        The femur as it is drawn: one piece, or its fragments.
    fractured : bool
    flexion_deg : float
        Of the knee.
    """

    limb: Limb
    femur: tuple[Bone, ...]
    fractured: bool = False
    flexion_deg: float = 0.0


@dataclass(frozen=True)
class Scene:
    """A radiograph and what is true of it.

    Attributes
    ----------
    image : (size, size) float32 array
        0 to 1.
    masks : dict of str to (size, size) bool array
        Of "femur", "tibia", "fibula", "patella", "pelvis", "other_femur" and "metal", where there is any; they
        may overlap. Only what the collimator lets be seen counts.
    thickness_mm : (size, size) float32 array
        Length of each ray in the femur.
    landmarks_lps, landmarks_px : dict of str to (3,) or (2,) float64 array
        Of the femur (see `anatomy.FemurAnatomy`), in the patient and in the picture (column, row).
    visible : dict of str to bool
        Whether a landmark is in the picture, and the collimator open there.
    view, side : str
    part : str
        What the picture was aimed at: one of `PARTS`.
    parts : tuple of str
        Parts of the femur that are in it: "proximal", "shaft", "distal".
    flexion_deg : float
    camera : Camera
    pixel_size_mm : float
        At the detector.
    dark_bone, growth_plates, fractured : bool
    metal : tuple of str
    """

    image: np.ndarray
    masks: dict[str, np.ndarray]
    thickness_mm: np.ndarray
    landmarks_lps: dict[str, np.ndarray]
    landmarks_px: dict[str, np.ndarray]
    visible: dict[str, bool]
    view: str
    side: str
    part: str
    parts: tuple[str, ...]
    flexion_deg: float
    camera: Camera
    pixel_size_mm: float
    dark_bone: bool
    growth_plates: bool
    fractured: bool
    metal: tuple[str, ...]


def bank(limbs: Sequence[Limb], seed: int = 0, breaks: int = 1, bends: int = 3) -> list[Specimen]:
    """Prepare limbs for `scene`: each as it is, with its femur broken, and with its knee bent, so many times."""
    rng = np.random.default_rng(seed)
    specimens = []
    for limb in limbs:
        specimens.append(Specimen(limb, (limb.bones["femur"],)))
        specimens += [_broken(limb, rng) for _ in range(breaks)]
        for _ in range(bends):
            angle = float(min(rng.gamma(2.0, 18.0), GREATEST_FLEXION_DEG))
            specimens.append(Specimen(flex(limb, angle), (limb.bones["femur"],), flexion_deg=angle))
    return specimens


def scene(specimens: Sequence[Specimen], seed: int, size: int = 288) -> Scene:
    """Draw a random radiograph.

    Parameters
    ----------
    specimens : sequence of Specimen
        From `bank`.
    seed : int
        Chooses everything; the same bank and seed give the same scene.
    size : int
        Rows and columns.

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
    part = str(rng.choice(PARTS, p=_PARTS_ODDS))
    view = str(rng.choice(VIEWS, p=_VIEWS_ODDS))
    sideways = part in ("knee", "whole") and view in ("lateral", "oblique")
    specimen = _chosen(specimens, sideways, rng)
    limb, femur = specimen.limb, specimen.femur
    child = bool(rng.random() < 0.15) and not specimen.fractured
    change = _stretch(limb, child, rng)
    if rng.random() < 0.5:
        change = change @ np.diag([-1.0, 1, 1, 1])
    side = limb.side if np.linalg.det(change[:3, :3]) > 0 else {"left": "right", "right": "left"}[limb.side]
    marks = {name: change[:3, :3] @ point + change[:3, 3] for name, point in limb.landmarks.items()}
    camera = _aimed(marks, part, view, side, size, rng)

    bodies = {name: [bone.moved(change)] for name, bone in limb.bones.items()}
    bodies["femur"] = [bone.moved(change) for bone in femur]
    if (part == "hip" and view in ("ap", "pa")) or rng.random() < 0.1:
        bodies["other_femur"] = [bone.moved(np.diag([-1.0, 1, 1, 1])) for bone in bodies["femur"][:1]]
        if part != "hip":
            for name in ("tibia", "fibula", "patella"):
                bodies[f"other_{name}"] = [bodies[name][0].moved(np.diag([-1.0, 1, 1, 1]))]
    bodies = {name: kept for name, bones in bodies.items() if (kept := [b for b in bones if _shows(b, camera)])}
    kinds = _implants(specimen, rng)
    parts = [(kind, mesh) for kind in kinds for mesh in metal.implant(kind, marks, rng)]
    plates = _growth_plates(marks, rng) if child else []
    lengths = _lengths(bodies, [mesh for _, mesh in parts], plates, camera)

    field = looks.open_field(rng, camera.shape)
    masks = {n: (lengths.outer[n] > _LEAST_PATH_MM) & field for n in (*_BONES, "other_femur") if n in lengths.outer}
    masks.setdefault("femur", np.zeros(camera.shape, bool))
    if parts:
        masks["metal"] = (lengths.metal > _LEAST_PATH_MM) & field
    line_integral = _line_integral(lengths, marks, camera, part, bool(kinds), rng)
    image, dark = _photographed(line_integral, camera, field, side, view, rng)
    pixels = camera.project(np.array(list(marks.values())))[0]
    landmarks_px = dict(zip(marks, pixels, strict=True))
    visible = {name: _inside(pixel, field) for name, pixel in landmarks_px.items()}
    thickness = np.where(field, lengths.outer.get("femur", np.zeros(camera.shape)), 0).astype(np.float32)
    return Scene(
        image=image,
        masks=masks,
        thickness_mm=thickness,
        landmarks_lps=marks,
        landmarks_px=landmarks_px,
        visible=visible,
        view=view,
        side=side,
        part=part,
        parts=_parts_seen(visible),
        flexion_deg=specimen.flexion_deg,
        camera=camera,
        pixel_size_mm=camera.pixel_size_mm[0],
        dark_bone=dark,
        growth_plates=bool(plates),
        fractured=specimen.fractured,
        metal=tuple(kinds),
    )


def make_bank(folder: str | None = None, count: int = 8, seed: int = 0) -> list[Specimen]:
    """Make a bank of analytic limbs, or of the real ones of a folder (see `limbs.read_limbs`)."""
    limbs = read_limbs(folder, seed=seed) if folder else [analytic_limb(seed + number) for number in range(count)]
    return bank(limbs, seed)


@dataclass(frozen=True)
class _Lengths:
    """Lengths of rays (mm): by name in bones and in the inner surfaces of their cortex; in metal; in growth plates."""

    outer: dict[str, np.ndarray]
    inner: dict[str, np.ndarray]
    metal: np.ndarray
    plates: np.ndarray


def _broken(limb: Limb, rng: np.random.Generator) -> Specimen:
    """A limb whose femur is broken; what hangs from the lower fragment has moved with it."""
    bone = limb.bones["femur"]
    for _ in range(20):
        fracture = random_fracture(rng, displaced=bool(rng.random() < 0.7))
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
    bones = {
        name: bone.moved(move) if name in ("tibia", "fibula", "patella") else bone for name, bone in limb.bones.items()
    }
    return Specimen(replace(limb, bones=bones, landmarks=marks), fragments, fractured=True)


def _chosen(specimens: Sequence[Specimen], sideways: bool, rng: np.random.Generator) -> Specimen:
    """A limb: broken in a fifth of all scenes, else bent in most of those that show a knee from the side.

    Where the bank has none of the kind, any will do.
    """
    broken = bool(rng.random() < 0.2)
    bent = not broken and sideways and bool(rng.random() < 0.65)
    kind = [each for each in specimens if each.fractured == broken and (each.flexion_deg > 0) == bent]
    kind = kind or list(specimens)
    return kind[int(rng.integers(len(kind)))]


def _stretch(limb: Limb, child: bool, rng: np.random.Generator) -> np.ndarray:
    """Matrix that makes a limb a little wider, deeper or longer, or a child's, about the body's middle."""
    scale = rng.normal(1, 0.03, 3).clip(0.92, 1.08) * (rng.uniform(0.5, 0.85) if child else 1.0)
    return np.diag([*scale, 1.0])


def _aimed(
    marks: dict[str, np.ndarray], part: str, view: str, side: str, size: int, rng: np.random.Generator
) -> Camera:
    """Camera that looks at a part, roughly as the view asks."""
    from scipy.spatial.transform import Rotation

    length = float(np.linalg.norm(marks["head_center"] - marks["knee_center"]))
    target = {
        "hip": marks["head_center"] + [0, 0, -0.08 * length],
        "knee": marks["knee_center"],
        "shaft": marks["shaft_middle"] + [0, 0, rng.uniform(-0.15, 0.15) * length],
        "whole": (marks["head_center"] + marks["knee_center"]) / 2,
    }[part]
    low, high = _FIELD_MM[part]
    field = rng.uniform(low, high) * length / 395
    if part == "hip" and rng.random() < 0.35:  # the whole pelvis
        target, field = target * [0.15, 1, 1], rng.uniform(380, 470) * length / 395
    target = target + rng.normal(0, 0.07, 3) * field * (0.4 if part == "whole" else 1)
    columns, rows = view_directions(view, side, rng.uniform(20, 60))
    turn = Rotation.from_euler("zxy", rng.normal(0, (9, 5, 5)), degrees=True).as_matrix()
    columns, rows = turn @ columns, turn @ rows
    tilt = np.deg2rad(rng.normal(0, 6))
    columns, rows = np.cos(tilt) * columns + np.sin(tilt) * rows, np.cos(tilt) * rows - np.sin(tilt) * columns
    sid = rng.uniform(900, 1800)
    sod = sid - rng.uniform(50, min(250, sid / 5))
    pixel = field / size * sid / sod
    return place(columns, rows, target, (size, size), (pixel, pixel), sid, sod)


def _shows(bone: Bone, camera: Camera) -> bool:
    """Whether a bone's shadow may fall on the film."""
    low, high = bone.outer.points.min(axis=0), bone.outer.points.max(axis=0)
    corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T
    pixel = camera.project(corners)[0]
    return bool((pixel.max(axis=0) > 0).all() and (pixel.min(axis=0) < camera.shape[0]).all())


def _implants(specimen: Specimen, rng: np.random.Generator) -> list[str]:
    if rng.random() > (0.4 if specimen.fractured else 0.12):
        return []
    return [str(kind) for kind in rng.choice(metal.KINDS, 2 if rng.random() < 0.15 else 1, replace=False)]


def _growth_plates(marks: dict[str, np.ndarray], rng: np.random.Generator) -> list[Mesh]:
    """Thin discs across the lower end of the femur, its head and the tibia's upper end."""
    up = marks["head_center"] - marks["knee_center"]
    length = float(np.linalg.norm(up))
    up, size = up / length, length / 395
    neck = marks["head_center"] - marks["shaft_proximal"]
    neck = neck - 0.55 * (neck @ up) * up
    discs = [
        (marks["knee_center"] + 21 * size * up, up, 46),
        (marks["knee_center"] - 42 * size * up, up, 42),
        (marks["head_center"] - 9 * size * neck / np.linalg.norm(neck), neck, 26),
    ]
    made = []
    for center, axis, radius in discs:
        body = metal.ball(np.zeros(3), 1.0, 16)
        axis = axis / np.linalg.norm(axis)
        first = np.cross(axis, [0.0, 1.0, 0.0])
        first = first / np.linalg.norm(first)
        frame = np.stack([first * radius * size, np.cross(axis, first) * radius * size, axis * rng.uniform(0.6, 1.3)])
        made.append(Mesh(body.points @ frame + center, body.faces))
    return made


def _lengths(bodies: dict[str, list[Bone]], metals: list[Mesh], plates: list[Mesh], camera: Camera) -> _Lengths:
    """Project everything at once."""
    meshes, owners = [], []
    for name, bones in bodies.items():
        for bone in bones:
            meshes.append(bone.outer)
            owners.append((name, "outer"))
            if bone.inner is not None:
                meshes.append(bone.inner)
                owners.append((name, "inner"))
    meshes += [*metals, *plates]
    owners += [("", "metal")] * len(metals) + [("", "plates")] * len(plates)
    found = path_length(meshes, camera)
    sums: dict[str, dict[str, np.ndarray]] = {"outer": {}, "inner": {}, "metal": {}, "plates": {}}
    for (name, kind), length in zip(owners, found, strict=True):
        sums[kind][name] = sums[kind].get(name, 0) + length
    for name, inner in sums["inner"].items():
        np.minimum(inner, sums["outer"][name], out=inner)
    nothing = np.zeros(camera.shape)
    return _Lengths(sums["outer"], sums["inner"], sums["metal"].get("", nothing), sums["plates"].get("", nothing))


def _line_integral(
    lengths: _Lengths, marks: dict[str, np.ndarray], camera: Camera, part: str, mended: bool, rng: np.random.Generator
) -> np.ndarray:
    """Attenuation along each ray through bones, metal and soft tissue."""
    size = camera.shape[0]
    mineral = rng.uniform(0.55, 1.15)
    cortex, spongy = MU_CORTEX * mineral, MU_MUSCLE + (MU_SPONGY - MU_MUSCLE) * mineral * rng.uniform(0.3, 2.2)
    grain = 1 + rng.uniform(0, 0.08) * looks.smooth_noise(rng, camera.shape, size // 3)
    bone, solid = np.zeros(camera.shape), np.zeros(camera.shape)
    for name, outer in lengths.outer.items():
        inner = lengths.inner.get(name, 0)
        bone += cortex * (outer - inner) + spongy * inner * grain
        solid += outer
    bone -= (spongy - MU_MUSCLE) * np.minimum(lengths.plates, solid) * rng.uniform(1, 2)
    bone -= (cortex - MU_MUSCLE) * np.minimum(lengths.plates, solid) * 0.25
    metal_mu = MU_STEEL if rng.random() < 0.5 else MU_TITANIUM
    pixel_mm = camera.pixel_size_mm[0] / camera.magnification
    tissue = _tissue(marks, camera, part, pixel_mm, rng)
    around = np.maximum(tissue - MU_MUSCLE * solid, 0)
    return bone + around + (metal_mu * lengths.metal if mended else 0)


def _tissue(
    marks: dict[str, np.ndarray], camera: Camera, part: str, pixel_mm: float, rng: np.random.Generator
) -> np.ndarray:
    hip, knee = marks["head_center"], marks["knee_center"]
    out = marks["shaft_proximal"] - hip
    thigh = marks["shaft_middle"] + 0.1 * out
    down = knee - hip
    joints = np.array([hip + 0.35 * out - 0.3 * down, thigh, knee, knee + 0.95 * down])
    limbs = [joints, joints * [-1, 1, 1]] if part == "hip" or rng.random() < 0.1 else [joints]
    pixels = np.array([camera.project(each)[0] for each in limbs])
    trunk = None
    if part in ("hip", "whole"):
        trunk = camera.project((hip * [0, 1, 1])[None])[0][0]
    return flesh(pixels, trunk, pixel_mm, camera.shape[0], rng)


def _photographed(
    line_integral: np.ndarray, camera: Camera, field: np.ndarray, side: str, view: str, rng: np.random.Generator
) -> tuple[np.ndarray, bool]:
    """The picture, and whether bone is dark in it."""
    line_integral = line_integral * rng.uniform(0.75, 1.1)
    body = field & (line_integral > 0.5)
    if not body.any():
        body = field
    # An automatic exposure lets so many photons through the body.
    through = float(np.median(np.exp(-line_integral[body])))
    exposure = Exposure(
        photons=float(np.exp(rng.uniform(np.log(60), np.log(5000)))) / through,
        scatter=float(rng.uniform(0.0, 0.25)),
        scatter_width_mm=float(rng.uniform(15, 45)),
        blur_mm=float(camera.pixel_size_mm[0] * rng.uniform(0.3, 1.0)),
    )
    film = expose(line_integral, exposure, camera.pixel_size_mm[0], rng)
    if rng.random() < 0.1:  # a film that was not taken logarithmically
        film = 1 - np.exp(-film)
    if rng.random() < 0.75:
        film = looks.compressed(film, rng)
    image = looks.processed(looks.windowed(film, rng, body), rng)
    image = looks.framed(image, rng, field)
    dark = bool(rng.random() < 0.12)
    if dark:
        image = 1 - image
    if rng.random() < 0.55:
        image = looks.lettered(image, rng, side, view)
    return looks.stored(image, rng), dark


def _inside(pixel: np.ndarray, field: np.ndarray) -> bool:
    column, row = np.rint(pixel).astype(int)
    return bool(0 <= row < field.shape[0] and 0 <= column < field.shape[1] and field[row, column])


def _parts_seen(visible: dict[str, bool]) -> tuple[str, ...]:
    seen = {
        "proximal": visible["head_center"] or visible["trochanter_tip"],
        "shaft": visible["shaft_proximal"] or visible["shaft_middle"] or visible["shaft_distal"],
        "distal": visible["medial_condyle"] or visible["lateral_condyle"],
    }
    return tuple(name for name, there in seen.items() if there)
