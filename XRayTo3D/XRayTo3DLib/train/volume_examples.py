"""What a volume network learns from: a bone in the grid of its views, and how far inside it each point truly is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import ReconstructionError, SimulationError
from ..geometry.camera import Camera, place, view_directions
from ..geometry.stand import from_behind
from ..simulate.bones.bone import Bone, Mesh
from ..simulate.bones.deformity import deformed
from ..simulate.bones.fracture import break_bone, random_fracture
from ..simulate.bones.limbs import analytic_limb
from ..simulate.film.film import MU_CORTEX, MU_SPONGY
from ..simulate.film.projector import path_length
from ..surface import distance_to, inside_of
from ..volume import Grid, Seen, features, grid_round
from ..volume.features import mirrored
from .people import bones_of_people

BONES = {"femur": 0.65, "tibia": 0.2, "fibula": 0.1, "patella": 0.05}  # and how often each is drawn
REACH = 4.0  # steps within which a network says how far a point is from the surface
_NEAR = 1.2  # steps within which that is told exactly
_PIXEL_MM = 0.8
_ROOM_MM = 15.0  # between a bone and the picture's border
_VIEWS = {1: 0.2, 2: 0.65, 3: 0.15}
_DEFORMED, _BROKEN, _CUT, _FILM, _WRONG_MASK, _WRONG_ANGLE = 0.25, 0.12, 0.15, 0.5, 0.4, 0.25
_BETWEEN = (-0.3, 1.3)  # of the way from one person to another

_ATTEMPTS = 20

Bank = dict[str, list[Mesh]]


@dataclass(frozen=True)
class Scene:
    """A bone in its views.

    Attributes
    ----------
    pieces : tuple of Mesh
        One, or two of a broken bone (LPS, mm).
    views : tuple of Seen
    cut : bool
        Whether the pictures show only a part of it.
    """

    pieces: tuple[Mesh, ...]
    views: tuple[Seen, ...]
    cut: bool


@dataclass(frozen=True)
class Example:
    """A bone as a network sees it, and the truth.

    Attributes
    ----------
    seen : (features, layers, rows, columns) float32 array
        See `volume.features`.
    inside : (layers, rows, columns) float32 array
        How far inside the bone each point is, negative outside, in the grid's steps, up to `REACH`.
    shown : (layers, rows, columns) bool array
        What all pictures show.
    """

    seen: np.ndarray
    inside: np.ndarray
    shown: np.ndarray


def bank(folder: str | os.PathLike | None, people: Sequence[int] | None, seed: int, analytic: int = 24) -> Bank:
    """Bones to draw from: those of people of a folder of limbs, or analytic ones.

    Parameters
    ----------
    folder : path, optional
        See `simulate.limbs.read_limbs`.
    people : sequence of int, optional
        Which of its people; by default all.
    seed : int
        Of analytic limbs.
    analytic : int
        How many of these.

    Returns
    -------
    Bank
        By the bone's name. Those of people have points that are partners.

    Raises
    ------
    SimulationError, SurfaceError
        If the folder does not hold them.
    """
    if folder is None:
        limbs = [analytic_limb(seed + number) for number in range(analytic)]
        return {bone: [limb.bones[bone].outer for limb in limbs] for bone in BONES}
    found = {}
    for bone in BONES:
        points, faces = bones_of_people(folder, bone)
        found[bone] = [Mesh(points[one], faces) for one in (range(len(points)) if people is None else people)]
    return found


def example(drawn_from: Bank, seed: int) -> Example:
    """Draw a bone in random views, as a network sees it; the same bank and seed give the same one."""
    drawn, rng = _tried(drawn_from, seed)
    grid = grid_round(drawn.views)
    seen, room = features(drawn.views, grid)
    truth, shown = inside(drawn.pieces, grid), room > 0 if drawn.cut else np.ones(grid.shape, bool)
    if rng.random() < 0.5:
        seen, truth, shown = mirrored(seen), truth[..., ::-1].copy(), shown[..., ::-1].copy()
    return Example(seen, truth, shown)


def scene(drawn_from: Bank, seed: int, mixed: bool = True, views: int | None = None, bone: str = "") -> Scene:
    """Draw a bone in random views.

    Parameters
    ----------
    drawn_from : Bank
    seed : int
        The same bank and seed give the same bone.
    mixed : bool
        Whether bones between two people, and bones that nobody has, are drawn as well.
    views : int, optional
        How many; by default one to three.
    bone : str
        Which; by default any.

    Raises
    ------
    ReconstructionError
        If none can be drawn.
    """
    return _tried(drawn_from, seed, mixed, views, bone)[0]


def _tried(
    drawn_from: Bank, seed: int, mixed: bool = True, views: int | None = None, bone: str = ""
) -> tuple[Scene, np.random.Generator]:
    """A scene, and what its random numbers came from."""
    for attempt in range(_ATTEMPTS):  # a break or a view may be impossible
        rng = np.random.default_rng((seed, attempt))
        try:
            return _drawn(drawn_from, rng, mixed, views, bone), rng
        except (SimulationError, ReconstructionError) as error:
            why = error
    raise ReconstructionError(f"No bone could be drawn with the seed {seed} ({why}): choose another one.")


def _drawn(drawn_from: Bank, rng: np.random.Generator, mixed: bool, views: int | None, bone: str) -> Scene:
    bone = bone or str(rng.choice(list(BONES), p=list(BONES.values())))
    count = views or int(rng.choice(list(_VIEWS), p=list(_VIEWS.values())))
    pieces = _posed(_pieces(drawn_from[bone], bone, rng, mixed), rng)
    true, told, cut = _cameras(pieces, count, rng)
    seen = tuple(
        _seen(pieces, camera, claimed, rng, film=rng.random() < _FILM)
        for camera, claimed in zip(true, told, strict=True)
    )
    grid_round(seen)  # which fails where nothing is in all views
    return Scene(tuple(pieces), seen, cut)


def inside(pieces: Sequence[Mesh], grid: Grid) -> np.ndarray:
    """How far inside closed surfaces the points of a grid are, (layers, rows, columns) float32, in its steps.

    Exact within a step of the surface; farther away it is the distance to the nearest point of the grid on this side of
    the surface, some one step less, up to `REACH`: nobody asks there.
    """
    import SimpleITK as sitk  # noqa: N813  (its usual name)

    found = np.full(grid.shape, -REACH, np.float32)
    for piece in pieces:
        points = grid.index(piece.points)
        within = inside_of(points, piece.faces, np.zeros(3), 1.0, grid.shape)
        if not within.any():
            continue
        about = sitk.SignedMaurerDistanceMap(
            sitk.GetImageFromArray(within.astype(np.uint8)), insideIsPositive=True, squaredDistance=False
        )
        distance = sitk.GetArrayFromImage(about)
        near = np.argwhere(np.abs(distance) < _NEAR)
        distance[tuple(near.T)] = -distance_to(points, piece.faces, near[:, ::-1].astype(float))
        found = np.maximum(found, distance)
    return np.clip(found, -REACH, REACH)


def _pieces(bones: Sequence[Mesh], name: str, rng: np.random.Generator, mixed: bool) -> list[Mesh]:
    """A bone, whole or in two."""
    one, other = rng.integers(len(bones), size=2)
    mesh = bones[one]
    if mixed:
        if len(bones[other].points) == len(mesh.points):
            share = rng.uniform(*_BETWEEN) if rng.random() < 0.6 else 0.0
            mesh = Mesh((1 - share) * mesh.points + share * bones[other].points, mesh.faces)
        mesh = _varied(mesh, rng)
        if name != "patella" and rng.random() < _DEFORMED:
            bow, shaft = np.clip(rng.normal(0, 15), -50, 50), np.clip(np.exp(rng.normal(0, 0.15)), 0.6, 1.4)
            mesh = deformed(Bone(mesh), float(bow), rng.uniform(0, 360), float(shaft)).outer
    if name in ("femur", "tibia") and rng.random() < _BROKEN:
        fracture = random_fracture(rng, displaced=rng.random() < 0.8)
        return [piece.outer for piece in break_bone(Bone(mesh), fracture)]
    return [mesh]


def _varied(mesh: Mesh, rng: np.random.Generator) -> Mesh:
    """A bone of another size and other proportions, a little out of line."""
    middle = mesh.points.mean(axis=0)
    points = (mesh.points - middle) * np.exp(rng.normal(0, 0.05)) * np.exp(rng.normal(0, 0.03, 3))
    length = np.ptp(points[:, 2])
    phase = 2 * np.pi * (points[:, 2] / length)
    for wave in (0.5, 1.0, 2.0):
        swing = np.cos(wave * phase + rng.uniform(0, 2 * np.pi))[:, None]
        points = points + swing * np.array([*rng.normal(0, 0.004 * length / wave, 2), 0])
    return Mesh(points + middle, mesh.faces)


def _posed(pieces: list[Mesh], rng: np.random.Generator) -> list[Mesh]:
    """The bone about the patient's origin, turned a little."""
    from scipy.spatial.transform import Rotation

    corners = np.concatenate([piece.points for piece in pieces])
    middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
    turn = Rotation.from_euler("xyz", rng.normal(0, (5, 5, 8)), degrees=True).as_matrix()
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, rng.normal(0, 6, 3) - turn @ middle
    return [piece.moved(matrix) for piece in pieces]


def _cameras(pieces: list[Mesh], count: int, rng: np.random.Generator) -> tuple[list[Camera], list[Camera], bool]:
    """Cameras of so many views as they are, and as they are told; and whether they show only a part of the bone."""
    points = np.concatenate([piece.points for piece in pieces])
    low, high = points.min(axis=0) - _ROOM_MM, points.max(axis=0) + _ROOM_MM
    cut = rng.random() < _CUT and high[2] - low[2] > 200
    if cut:
        kept = rng.uniform(0.35, 0.8) * (high[2] - low[2])
        low[2], high[2] = (low[2], low[2] + kept) if rng.random() < 0.5 else (high[2] - kept, high[2])
    first = 180.0 * (rng.random() < 0.2)
    second = 90.0 + rng.normal(0, 6) if rng.random() < 0.8 else rng.uniform(50, 130)
    aside = second * rng.choice([-1, 1]), rng.uniform(30, 60) * rng.choice([-1, 1])
    turns = (first + np.array([0.0, *aside]))[:count]
    if rng.random() < 0.3 and count == 2:
        turns = turns[::-1]
    sod = rng.uniform(900, 1500)
    sid = sod * rng.uniform(1.03, 1.3)
    center = (low + high) / 2 + np.array([*rng.normal(0, 4, 2), 0])
    off = rng.normal(0, 1.5, count) * (rng.random() < _WRONG_ANGLE)
    tilts = rng.normal(0, 2, (count, 2))
    size = high - low
    columns = int((np.hypot(size[0], size[1]) + 30) * sid / sod / _PIXEL_MM)
    rows = int(size[2] * sid / sod / _PIXEL_MM)
    true, told = (
        [_camera(turn, tilt, center, (rows, columns), sid, sod) for turn, tilt in zip(turned, tilts, strict=True)]
        for turned in (turns + off * (np.arange(count) > 0), turns)
    )
    behind = rng.random(count) < 0.2
    true, told = ([from_behind(c) if b else c for c, b in zip(each, behind, strict=True)] for each in (true, told))
    return true, told, cut


def _camera(
    turn: float, tilt: np.ndarray, center: np.ndarray, shape: tuple[int, int], sid_mm: float, sod_mm: float
) -> Camera:
    from scipy.spatial.transform import Rotation

    columns, rows = view_directions("oblique", "left", turn)
    tilted = Rotation.from_rotvec(np.radians(tilt[0]) * columns + np.radians(tilt[1]) * np.cross(columns, rows))
    return place(tilted.apply(columns), tilted.apply(rows), center, shape, (_PIXEL_MM,) * 2, sid_mm, sod_mm)


def _seen(pieces: list[Mesh], camera: Camera, told: Camera, rng: np.random.Generator, film: bool) -> Seen:
    """What a camera sees of a bone, as if another one had seen it."""
    through = path_length(pieces, camera).sum(axis=0)
    mask = through > 0
    grey = _grey(pieces, through, camera, rng) if film else None
    if rng.random() < _WRONG_MASK:
        mask = _misread(mask, camera, rng)
    if not mask.any():
        raise SimulationError("the picture shows nothing of the bone.")
    return Seen(told, mask, grey)


def _grey(pieces: list[Mesh], through: np.ndarray, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """A film of a bone with marrow, in flesh that changes slowly, as a vendor's processing may show it."""
    import cv2

    marrow = path_length([_core(piece, rng.uniform(1.5, 6)) for piece in pieces], camera).sum(axis=0)
    line = MU_CORTEX * through - (MU_CORTEX - MU_SPONGY) * np.minimum(marrow, through)
    small = rng.normal(0, 1, (4, 3)).astype(np.float32)
    flesh = cv2.resize(small, through.shape[::-1], interpolation=cv2.INTER_CUBIC) * rng.uniform(0, 0.5)
    line = line + flesh + rng.normal(0, rng.uniform(0, 0.05), line.shape)
    line = line - line.min()
    return (line ** rng.uniform(0.6, 1.3)).astype(np.float32)


def _core(mesh: Mesh, depth_mm: float) -> Mesh:
    """A surface whose points lie so deep below another's."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkFiltersCore import vtkPolyDataNormals

    from ..surface import polydata

    normals = vtkPolyDataNormals()
    normals.SetInputData(polydata(mesh.points, mesh.faces))
    normals.SplittingOff()
    normals.ConsistencyOff()
    normals.Update()
    outward = vtk_to_numpy(normals.GetOutput().GetPointData().GetNormals())
    return Mesh(mesh.points - depth_mm * outward, mesh.faces)


def _misread(mask: np.ndarray, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """A mask whose edge lies a little aside, here inwards and there outwards."""
    import cv2

    inwards = Seen(camera, mask).inwards_mm
    coarse = rng.normal(0, rng.uniform(0.3, 2.0), (max(mask.shape[0] // 40, 2), max(mask.shape[1] // 40, 2)))
    return inwards + cv2.resize(coarse.astype(np.float32), mask.shape[::-1], interpolation=cv2.INTER_CUBIC) > 0
