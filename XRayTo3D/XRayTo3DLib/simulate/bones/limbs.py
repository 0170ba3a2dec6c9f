"""A lower limb and the hip bones it hangs from: what stands beside a femur on its radiographs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...errors import SimulationError, SurfaceError
from ...helpers.reading import read_arrays
from .bone import Bone, Mesh, lighter
from .hollow import hollow
from .joints import assemble, closed_up, knee_frame, tuberosity

GREATEST_FLEXION_DEG = 120.0
_FILES = ("femur", "tibiafibula", "patella", "pelvis")
_ENDING = "_26_correspondence.npz"
_TRIANGLES = {  # of the outer and the inner surface
    "femur": (2800, 1400),
    "tibia": (1400, 700),
    "fibula": (500, 260),
    "patella": (240, 120),
    "pelvis": (2800, 1300),
}
_INNER_STEP_MM = 2.0
_BETWEEN = (-0.3, 0.5)  # a mixed limb: of the way from one person to another
_PATELLA_TURNS = 0.68  # of the knee's flexion
# Thickness of the cortex (mm) at fractions of a bone's length from its top; each bone's is multiplied by a draw.
_CORTEX = {
    "femur": ((0.0, 1.2), (0.12, 1.8), (0.28, 5.5), (0.45, 7.0), (0.65, 5.0), (0.82, 1.8), (0.9, 1.2)),
    "tibia": ((0.0, 1.4), (0.1, 1.6), (0.25, 4.0), (0.45, 6.0), (0.7, 4.5), (0.9, 1.5), (1.0, 1.3)),
    "fibula": ((0.0, 1.0), (0.1, 1.3), (0.3, 2.6), (0.7, 2.8), (0.9, 1.3), (1.0, 1.0)),
    "patella": ((0.0, 1.5),),
    "pelvis": ((0.0, 1.3),),
}


@dataclass(frozen=True)
class Limb:
    """One person's lower limb in extension, with the pelvis.

    Attributes
    ----------
    side : str
        "left" or "right".
    bones : dict of str to Bone
        "femur", "tibia", "fibula", "patella" and "pelvis", in LPS mm.
    landmarks : dict of str to (3,) float64 array
        Of the femur: see `XRayTo3DLib.anatomy.FemurAnatomy`.
    """

    side: str
    bones: dict[str, Bone]
    landmarks: dict[str, np.ndarray]


def mirror(limb: Limb) -> Limb:
    """Return the limb of the other side, mirrored in the plane x = 0."""
    return Limb(
        "right" if limb.side == "left" else "left",
        {name: bone.moved(np.diag([-1.0, 1, 1, 1])) for name, bone in limb.bones.items()},
        {name: point * [-1, 1, 1] for name, point in limb.landmarks.items()},
    )


def analytic_limb(seed: int, step_mm: float = 2.5) -> Limb:
    """Make a limb of the femur family, with simple analytic neighbours.

    Parameters
    ----------
    seed : int
        Chooses femur, side, neighbours and joint spaces.
    step_mm : float
        Spacing of the grid that the femur is made on.

    Returns
    -------
    Limb
        The body's middle plane is x = 0, the knee's centre is at z = 0.
    """
    from ...anatomy import measure_femur
    from .family import sample
    from .femur import femur
    from .neighbours import middle_of_body, neighbours

    rng = np.random.default_rng([seed, 1])
    drawn = sample(seed)
    parameters = replace(drawn, side="left")
    bone = femur(parameters, step_mm)
    marks = measure_femur(bone.outer.points, bone.outer.faces, "left").landmarks  # as on real femora
    around = neighbours(parameters, rng)
    pelvis = around.pop("pelvis")
    meshes = assemble({"femur": bone.outer, **around}, marks, rng) | {"pelvis": pelvis}
    outer, inner = _TRIANGLES["femur"]
    bones = {"femur": Bone(lighter(bone.outer, outer), lighter(bone.inner, inner))}
    bones |= {name: hollowed(meshes[name], name, rng.uniform(0.75, 1.25)) for name in _TRIANGLES if name != "femur"}
    out = np.eye(4)
    out[0, 3] = -middle_of_body(parameters)
    limb = Limb(
        "left", {name: bone.moved(out) for name, bone in bones.items()}, {n: p + out[:3, 3] for n, p in marks.items()}
    )
    return limb if drawn.side == "left" else mirror(limb)


def read_bones(folder: str | os.PathLike, name: str) -> list[Mesh]:
    """Read one bone of everybody: surfaces (LPS, mm) of the file that holds it.

    Raises
    ------
    SimulationError
        If the file is missing or damaged.
    """
    vertices, faces = _arrays(Path(folder) / f"{name}{_ENDING}")
    return [Mesh(each, faces) for each in vertices]


def count_people(folder: str | os.PathLike) -> int:
    """Number of people whose limbs a folder holds (see `read_limbs`).

    Raises
    ------
    SimulationError
        If a file is missing or damaged.
    """
    return len(_arrays(Path(folder) / f"{_FILES[0]}{_ENDING}")[0])


def read_limbs(
    folder: str | os.PathLike, people: Sequence[int] | None = None, seed: int = 0, mixed: int = 0
) -> list[Limb]:
    """Read the left limbs of people whose bones were segmented in CT.

    Parameters
    ----------
    folder : path
        With femur_26_correspondence.npz, and tibiafibula, patella and pelvis likewise: vertices
        (people, n, 3) in LPS mm and faces (m, 3). Each bone may stand in the mean's place; they are put together.
    people : sequence of int, optional
        Which people, from zero; by default all.
    seed : int
        For the thickness of the cortex, which the surfaces do not tell; a person's does not depend on who
        else is read.
    mixed : int
        How many more limbs to make, each between two of these people or a little beyond one of them.

    Returns
    -------
    list of Limb

    Raises
    ------
    SimulationError
        If a file is missing or damaged, or there is no such person.
    """
    data = {name: _arrays(Path(folder) / f"{name}{_ENDING}") for name in _FILES}
    counts = {name: len(vertices) for name, (vertices, _) in data.items()}
    if len(set(counts.values())) > 1:
        raise SimulationError(f"{folder}: the files hold different numbers of people: {counts}.")
    everyone = range(counts["femur"])
    for person in everyone if people is None else people:
        if person not in everyone:
            raise SimulationError(f"people: there is no number {person}; {folder} holds 0 to {len(everyone) - 1}.")
    people = list(everyone if people is None else people)
    bodies = [{name: vertices[person] for name, (vertices, _) in data.items()} for person in people]
    faces = {name: triangles for name, (_, triangles) in data.items()}
    rng = np.random.default_rng([seed, len(everyone)])
    for _ in range(mixed):
        (one, two), share = rng.choice(len(people), 2, replace=False), rng.uniform(*_BETWEEN)
        bodies.append({name: (1 - share) * bodies[one][name] + share * bodies[two][name] for name in data})
    numbers = [*people, *range(len(everyone), len(everyone) + mixed)]
    return [_person(body, faces, number, seed) for body, number in zip(bodies, numbers, strict=True)]


def flex(limb: Limb, degrees: float) -> Limb:
    """Bend the knee.

    Parameters
    ----------
    limb : Limb
        In extension.
    degrees : float
        From 0 to `GREATEST_FLEXION_DEG`.

    Returns
    -------
    Limb
        Femur and pelvis stay. Tibia and fibula have turned backwards about the line through the centres of the
        condyles, the patella by two thirds of that, and have moved so that the spaces at the knee and the length of
        the patella's ligament are as before.

    Raises
    ------
    SimulationError
        If the angle is out of reach, or the limb has no landmarks.

    References
    ----------
    A. A. Amis, W. Senavongse, A. M. J. Bull, "Patellofemoral kinematics during knee flexion-extension: an in vitro
    study", Journal of Orthopaedic Research 24, 2006: the patella flexes 0.7 as far as the knee.
    """
    if not 0 <= degrees <= GREATEST_FLEXION_DEG:
        raise SimulationError(f"flexion: {degrees:g} degrees; it must be from 0 to {GREATEST_FLEXION_DEG:g}.")
    if not limb.landmarks:
        raise SimulationError("the limb has no landmarks, so there is no axis to bend the knee about.")
    marks = limb.landmarks
    right, left = sorted((marks["medial_condyle"], marks["lateral_condyle"]), key=lambda point: point[0])
    axis = (left - right) / np.linalg.norm(left - right)  # to the patient's left: positive turns go backwards
    femur, tibia, patella = (limb.bones[name].outer for name in ("femur", "tibia", "patella"))
    to_knee = knee_frame(marks)
    shank = closed_up(femur, tibia, _turn(axis, marks["knee_center"], degrees), to_knee, axis=2)
    apex, anchor = _apex(patella.points), tuberosity(tibia.points)
    pulled, length = shank[:3] @ [*anchor, 1], np.linalg.norm(apex - anchor)

    turn, lower = _turn(axis, marks["knee_center"], _PATELLA_TURNS * degrees), np.eye(4)
    for _ in range(8):  # nearly along its ligament
        cap = turn @ np.linalg.inv(to_knee) @ lower @ to_knee
        cap = closed_up(femur, patella, cap, to_knee, axis=1)
        lower[2, 3] -= np.linalg.norm(cap[:3] @ [*apex, 1] - pulled) - length
    moves = {"tibia": shank, "fibula": shank, "patella": cap}
    bones = {name: bone.moved(moves[name]) if name in moves else bone for name, bone in limb.bones.items()}
    return replace(limb, bones=bones)


def _arrays(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (people, n, 3) and faces (m, 3) of a file."""
    if not path.is_file():
        raise SimulationError(f"{path}: there is no such file.")
    try:
        read = read_arrays(path, ("vertices", "faces"))
        vertices, faces = read["vertices"].astype(np.float64), read["faces"].astype(np.int64)
    except KeyError as error:
        raise SimulationError(f"{path}: it has no array {error.args[0]}; it needs vertices and faces.") from error
    except (OSError, ValueError, TypeError) as error:
        raise SimulationError(f"{path}: it cannot be read: {error}") from error
    if vertices.ndim != 3 or vertices.shape[2] != 3 or faces.ndim != 2 or faces.shape[1] != 3 or not faces.size:
        raise SimulationError(
            f"{path}: vertices must be (people, n, 3) and faces (m, 3): they are {vertices.shape} and {faces.shape}."
        )
    if faces.min() < 0 or faces.max() >= vertices.shape[1] or not np.isfinite(vertices).all():
        raise SimulationError(f"{path}: faces name points that are not there, or points are not numbers.")
    return vertices, faces


def _person(body: dict[str, np.ndarray], faces: dict[str, np.ndarray], person: int, seed: int) -> Limb:
    from ...anatomy import measure_femur

    meshes = {name: Mesh(points, faces[name]) for name, points in body.items()}
    meshes["tibia"], meshes["fibula"] = _two_largest(meshes.pop("tibiafibula"))
    rng = np.random.default_rng([seed, person])
    try:
        anatomy = measure_femur(meshes["femur"].points, meshes["femur"].faces, "left")
        meshes = assemble(meshes, anatomy.landmarks, rng)
    except (SurfaceError, SimulationError) as error:
        raise SimulationError(f"person {person}: {error}") from error
    bones = {name: hollowed(meshes[name], name, rng.uniform(0.75, 1.25)) for name in _TRIANGLES}
    return Limb(anatomy.side, bones, anatomy.landmarks)


def hollowed(mesh: Mesh, name: str, share: float) -> Bone:
    """Bone of few triangles with a cortex as thick as is usual for it, times a share."""
    outer, inner = _TRIANGLES[name]
    cavity = hollow(mesh, [(at, share * depth) for at, depth in _CORTEX[name]], _INNER_STEP_MM)
    return Bone(lighter(mesh, outer), cavity and lighter(cavity, inner))


def _two_largest(mesh: Mesh) -> list[Mesh]:
    """The two largest connected pieces of a surface, the one with the greater box first."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(mesh.points)
    edges = np.concatenate([mesh.faces[:, :2], mesh.faces[:, 1:]])
    pieces, piece = connected_components(coo_array((np.ones(len(edges)), edges.T), shape=(count, count)))
    if pieces < 2:
        raise SimulationError("tibiafibula: tibia and fibula must be two pieces that are not connected.")
    found = []
    for number in range(pieces):
        used = piece == number
        found.append(Mesh(mesh.points[used], (np.cumsum(used) - 1)[mesh.faces[used[mesh.faces[:, 0]]]]))
    found.sort(key=lambda part: -np.ptp(part.points, axis=0).prod())
    return found[:2]


def _turn(axis: np.ndarray, through: np.ndarray, degrees: float) -> np.ndarray:
    """(4, 4) matrix of a turn about a line."""
    from scipy.spatial.transform import Rotation

    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(axis * degrees, degrees=True).as_matrix()
    matrix[:3, 3] = through - matrix[:3, :3] @ through
    return matrix


def _apex(patella: np.ndarray) -> np.ndarray:
    """Lower tip of a patella, where its ligament begins."""
    return patella[np.argmin(patella[:, 2])]
