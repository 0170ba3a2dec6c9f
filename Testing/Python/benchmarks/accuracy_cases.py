"""Bones whose surface is known, in pictures taken as the accuracy benchmark's protocol says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from accuracy_bones import Subject, Triangles

from XRayTo3DLib import Settings, find_bone, radiograph_from_array
from XRayTo3DLib.geometry.camera import Camera, place, view_directions
from XRayTo3DLib.geometry.outline import Outline, outlines, smooth_field
from XRayTo3DLib.segmentation import Bone as FoundBone
from XRayTo3DLib.segmentation import bounding_box
from XRayTo3DLib.simulate.bones.bone import Bone, Mesh
from XRayTo3DLib.simulate.bones.hollow import hollow
from XRayTo3DLib.simulate.film.projector import path_length
from XRayTo3DLib.simulate.film.setup import Setup
from XRayTo3DLib.simulate.film.view import simulate

POSE = (4.0, 6.0)  # standard deviations: degrees about each axis, mm along each
SOD_MM, SID_MM, PIXEL_MM = 1200.0, 1500.0, 0.5
DETECTOR = (1500, 700)  # rows and columns: 600 x 280 mm at the bone
ROOM_MM = 30.0  # between the end of a bone that is seen and the picture's border
CORTEX_MM = 5.0  # of bones on film, whose surfaces do not show it
MARGIN = 20  # pixels between the bone and the box that a user would draw
STRETCHES = 4  # of an outline that are wrong
OUTWARDS_MM, INWARDS_MM = (5.0, 15.0), (5.0, 8.0)  # a wrong edge is a neighbour's, or the marrow canal's
_SEED = 4 * 10**9


@dataclass(frozen=True)
class Variant:
    """How the pictures were taken.

    Attributes
    ----------
    name : str
    views : tuple of str
        "ap" has its source in front, "pa" behind.
    error_deg : float
        The second picture was taken at a right angle to the first and so much more or less, and nobody knows.
    outside : float
        Share of the bone's length beyond the pictures' border.
    end : {"lower", "upper", "either"}
        Which end that is; "either" is the lower end of every other bone, the upper one of the rest.
    wrong : float
        Share of each outline's points that lie where there is no edge of the bone.
    film : bool
        The bone is found in radiographs, with soft tissue, noise and blur, in a box drawn loosely round it; otherwise
        its outlines are known.
    facing_told : bool
        Whether it is known on which side of the patient the sources stood.
    facts : bool
        Whether what is known of the patient is told: height, sex, the other leg's bone.
    """

    name: str
    views: tuple[str, ...] = ("ap", "lateral")
    error_deg: float = 0.0
    outside: float = 0.0
    end: str = "either"
    wrong: float = 0.0
    film: bool = False
    facing_told: bool = True
    facts: bool = False


PLAIN = Variant("two views")


@dataclass(frozen=True)
class Case:
    """A bone in its pictures.

    Attributes
    ----------
    name : str
    bone, side : str
    truth : (points, faces)
        The bone where it stands (LPS, mm).
    mean : (points, faces)
        A mean bone, upright.
    cameras : tuple of Camera
        As they are told: with `Variant.error_deg` the pictures were taken by others.
    masks : tuple of (rows, columns) bool arrays
    outlines : tuple of tuple of Outline
    otherwise : tuple of tuple of Camera
        What the cameras may be as well, for all that is told.
    facts : dict of str to object
        See `Subject`; empty where they are not told.
    """

    name: str
    bone: str
    side: str
    truth: Triangles
    mean: Triangles
    cameras: tuple[Camera, ...]
    masks: tuple[np.ndarray, ...]
    outlines: tuple[tuple[Outline, ...], ...]
    otherwise: tuple[tuple[Camera, ...], ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


def case(subject: Subject, variant: Variant = PLAIN, pose: int = 0) -> Case:
    """A bone in one of its poses: at random, but the same one in every run and variant.

    Parameters
    ----------
    subject : Subject
    variant : Variant
    pose : int
        From 0.
    """
    mesh, key = subject.mesh, [_SEED, subject.number] + [1000 + pose] * (pose > 0)
    middle = (mesh.points.min(axis=0) + mesh.points.max(axis=0)) / 2
    posed = mesh.moved(_pose(middle, np.random.default_rng(key)))
    lower = {"lower": True, "upper": False, "either": (subject.number + pose) % 2 == 0}[variant.end]
    center, shape = _aimed(posed.points, middle, variant, lower)
    rng = np.random.default_rng([*key, 1])
    error = variant.error_deg * rng.choice([-1, 1])

    def cameras(views: tuple[str, ...], turned: float = 0.0) -> tuple[Camera, ...]:
        first, *others = views
        return (
            _camera(first, subject.side, 0.0, center, shape),
            *(_camera(view, subject.side, turned, center, shape) for view in others),
        )

    true = cameras(variant.views, error)
    if variant.film:
        found = [_found_on_film(posed, view, subject.side, center, shape, rng) for view in variant.views]
        masks, lines = tuple(bone.mask for bone in found), tuple(bone.outlines for bone in found)
    else:
        masks = tuple(path_length([posed], camera)[0] > 0 for camera in true)
        lines = tuple(outlines(smooth_field(mask), np.eye(2, 3), np.zeros(mask.shape, bool)) for mask in masks)
    if variant.wrong:
        step = PIXEL_MM * SOD_MM / SID_MM
        lines = tuple((misled(each[0], variant.wrong, step, rng), *each[1:]) for each in lines)
        masks = tuple(filled(each, mask.shape) for each, mask in zip(lines, masks, strict=True))
    behind = {"ap": "pa", "pa": "ap"}
    return Case(
        f"{subject.name}, pose {pose + 1}" if pose else subject.name,
        subject.bone,
        subject.side,
        (posed.points, posed.faces),
        subject.mean,
        cameras(variant.views),
        masks,
        lines,
        () if variant.facing_told else (cameras((behind[variant.views[0]], *variant.views[1:])),),
        subject.facts if variant.facts else {},
    )


def misled(outline: Outline, share: float, step_mm: float, rng: np.random.Generator) -> Outline:
    """Push a share of an outline's points off the bone's edge, in a few stretches with smooth ends.

    Parameters
    ----------
    outline : Outline
    share : float
        Of its points.
    step_mm : float
        Size of a pixel at the bone.
    rng : numpy.random.Generator
        Chooses where, which way and how far.
    """
    count = len(outline.points)
    long, length = count // STRETCHES, int(share * count / STRETCHES)
    push = np.zeros(count)
    for start in rng.integers(count) + long * np.arange(STRETCHES) + rng.integers(0, long - length, STRETCHES):
        low, high = OUTWARDS_MM if rng.random() < 0.5 else INWARDS_MM
        sign = 1 if (low, high) == OUTWARDS_MM else -1
        to_end = np.minimum(np.arange(length), np.arange(length)[::-1]) / (0.15 * length)
        ramp = np.clip(to_end, 0, 1)
        push[(start + np.arange(length)) % count] = sign * rng.uniform(low, high) * ramp**2 * (3 - 2 * ramp) / step_mm
    along = np.roll(outline.points, -10, axis=0) - np.roll(outline.points, 10, axis=0)
    outward = np.column_stack([along[:, 1], -along[:, 0]]) / np.linalg.norm(along, axis=1, keepdims=True)
    return replace(outline, points=outline.points + push[:, None] * outward)


def filled(lines: tuple[Outline, ...], shape: tuple[int, int]) -> np.ndarray:
    """What lies inside outlines, (rows, columns) bool."""
    import cv2

    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(line.points * 16).astype(np.int32) for line in lines], 1, shift=4)
    return mask > 0


def _pose(middle: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A small random motion about a point, (4, 4)."""
    from scipy.spatial.transform import Rotation

    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", rng.normal(0, POSE[0], 3), degrees=True).as_matrix()
    matrix[:3, 3] = middle - matrix[:3, :3] @ middle + rng.normal(0, POSE[1], 3)
    return matrix


def _found_on_film(
    mesh: Mesh, view: str, side: str, center: np.ndarray, shape: tuple[int, int], rng: np.random.Generator
) -> FoundBone:
    """The bone as the engine finds it in a radiograph, inside a box that a user would draw."""
    setup = Setup(PIXEL_MM, SID_MM, SOD_MM, shape, tuple(center))
    taken = simulate([Bone(mesh, hollow(mesh, CORTEX_MM))], view, side, setup, rng)
    rows, columns = bounding_box(taken.mask)
    radiograph = radiograph_from_array(
        taken.pixels,
        pixel_size_mm=PIXEL_MM,
        pixel_size_source="the simulator",
        bone="bright",
        sid_mm=SID_MM,
        sod_mm=SOD_MM,
    )
    box = (columns.start - MARGIN, rows.start - MARGIN, columns.stop + MARGIN, rows.stop + MARGIN)
    return find_bone(radiograph, Settings(roi=box))


def _aimed(points: np.ndarray, middle: np.ndarray, variant: Variant, lower: bool) -> tuple[np.ndarray, tuple[int, int]]:
    """What the cameras aim at, and rows and columns of a detector that ends where the variant says."""
    if not variant.outside:
        return middle, DETECTOR
    low, high = points[:, 2].min(), points[:, 2].max()
    cut = variant.outside * (high - low)
    low, high = (low + cut, high + ROOM_MM) if lower else (low - ROOM_MM, high - cut)
    rows = round((high - low) * SID_MM / SOD_MM / PIXEL_MM)
    return np.array([*middle[:2], (low + high) / 2]), (rows, DETECTOR[1])


def _camera(view: str, side: str, turned_deg: float, center: np.ndarray, shape: tuple[int, int]) -> Camera:
    """Camera of a view, turned about the patient's long axis."""
    from scipy.spatial.transform import Rotation

    columns, rows = Rotation.from_euler("z", turned_deg, degrees=True).apply(view_directions(view, side))
    return place(columns, rows, center, shape, (PIXEL_MM, PIXEL_MM), SID_MM, SOD_MM)
