"""A shape model trained from closed surfaces of any meshing, side and pose."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from ..anatomy import measure_femur
from ..errors import SurfaceError
from ..helpers.progress import Progress, tell
from ..surface import arrays, distance_to, polydata, simplify
from .alignment import align
from .correspondence import Template, register, sampled
from .model import ShapeModel, built_in
from .statistics import model_from, moved_landmarks, procrustes, rebuilt
from .unsaid import Unsaid, learnt, principal_modes, told_from_outlines

FEWEST = 5
_FEMUR_MM = 6.0  # a femur of either side comes closer than this to the mean one, aligned
_UNLIKE_MM, _UNLIKE = 6.0, 3.0  # a bone that is farther off, and so many times as far as the others, is another one
_TRIANGLES = 7000  # of a template that is one of the bones
_EDGE_MM = 4.0
_COUNTS = (1, 2, 5, 10, 20, 50)  # of modes, in the report
_DRAWN = 50
_CHECKED = 3000  # points at which distances are taken

Triangles = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Bones:
    """Surfaces with the same points, laid on each other.

    Attributes
    ----------
    points : (s, n, 3) float64 array
        All of one side.
    faces : (m, 3) int64 array
    landmarks : dict of str to (s, 3) array
    bone, side : str
        Of the points, as in `ShapeModel`.
    sides : tuple of str
        Which side each surface was of; "" where it is not known.
    kept : tuple of int
        Which of the surfaces given they are.
    off_mm : (s,) array
        Mean distance of each surface from its points' triangles.
    warnings : tuple of str
    also : (a, n, 3) array, optional
        How such bones vary besides: see `model_from`.
    """

    points: np.ndarray
    faces: np.ndarray
    landmarks: dict[str, np.ndarray]
    bone: str
    side: str
    sides: tuple[str, ...]
    kept: tuple[int, ...]
    off_mm: np.ndarray
    warnings: tuple[str, ...] = ()
    also: np.ndarray | None = None

    @functools.cached_property
    def unsaid(self) -> Unsaid:
        """What the principal modes of these bones cannot say of another."""
        return learnt(self.points, self.faces, self.also)

    def model(self, without: int | None = None) -> ShapeModel:
        """Model of the bones, or of all but one of them."""
        some = np.delete(np.arange(len(self.points)), [] if without is None else without)
        marks = {name: places[some] for name, places in self.landmarks.items()}
        unsaid = self.unsaid if without is None else None  # what one bone told is left out with it
        return model_from(self.points[some], self.faces, marks, self.bone, self.side, unsaid, self.also)


def corresponding(
    surfaces: Sequence[Triangles],
    names: Sequence[str],
    bone: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Bones:
    """Give surfaces of one kind of bone the same points.

    Parameters
    ----------
    surfaces : sequence of (points, faces)
        Closed; (n, 3) in mm and (m, 3).
    names : sequence of str
        What errors and warnings call them; a name that says left or right tells the side of a bone that is no femur.
    bone : str, optional
        What it is; by default "femur" where it is recognised as one, otherwise "bone".
    workers : int, optional
        Threads.
    progress : callable, optional

    Raises
    ------
    SurfaceError
        If there are too few, or too few alike.

    Notes
    -----
    Femora are brought onto the built-in model's mean, so that one bone's points do not hang on another's. Other bones
    are brought onto one of them, of middle size, and then onto the mean of all.
    """
    from threadpoolctl import threadpool_limits

    if len(surfaces) < FEWEST:
        raise SurfaceError(f"a shape model needs {FEWEST} surfaces or more, better 20; there are {len(surfaces)}.")
    first = Template(built_in().mean, built_in().faces)
    # Threads, since what takes long lets others run, and a template is costly to prepare; one of BLAS's for each.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers or os.cpu_count()) as pool:

        def each(function: Callable, *arguments: Sequence) -> list:
            return list(pool.map(function, *arguments))

        tell(progress, 0.0, "aligning surfaces")
        some = each(partial(align, first), *zip(*surfaces[:FEWEST], strict=True))
        is_femur = bone in (None, "femur") and np.median([found.off_mm for found in some]) < _FEMUR_MM
        template = first if is_femur else _own_template(surfaces)
        aligned = each(partial(align, template), *zip(*surfaces, strict=True))
        kept, warnings = _alike([found.off_mm for found in aligned], names)
        placed = [(aligned[k].moved(surfaces[k][0]), aligned[k].faces(surfaces[k][1])) for k in kept]
        tell(progress, 0.4, "finding corresponding points")
        points = _registered(each, template, placed)
        if not is_femur:
            template = Template(procrustes(points)[0].mean(axis=0), template.faces)
            points = _registered(each, template, placed)
        tell(progress, 0.7, "measuring")
        marks = each(partial(_landmarks, template.faces), points) if is_femur else []
        off = each(partial(_off, template.faces), points, placed)
    points, motions = procrustes(points)
    marks = marks if all(marks) else []
    mirrored = [aligned[k].mirrored for k in kept]
    symmetric = np.mean([aligned[k].symmetric for k in kept]) > 0.5
    side = "left" if is_femur else "" if symmetric else _side_of([names[k] for k in kept], mirrored)
    other = {"left": "right", "right": "left", "": ""}[side]
    return Bones(
        points,
        template.faces,
        moved_landmarks(marks, motions),
        "femur" if is_femur else bone or "bone",
        side,
        tuple(other if each else side for each in mirrored),
        tuple(kept),
        np.array(off),
        tuple(warnings),
    )


def left_one_out(bones: Bones, progress: Progress | None = None) -> dict:
    """How good a model of these bones is: compactness, generalisation, specificity.

    Returns
    -------
    dict
        "compactness": share of the variance by number of principal modes; "generalisation": mean and worst distance
        (mm) of bones that were left out from the nearest surface that so many modes of the others make;
        "specificity": mean distance (mm) of random bones of the model from the nearest one that it was made of;
        "from_outlines": see `told_from_outlines`, and "unsaid" how large and smooth what was left unsaid is.

    References
    ----------
    M. A. Styner et al., "Evaluation of 3D correspondence methods for model building", Information Processing in Medical
    Imaging, 2003.
    """
    from scipy.spatial import cKDTree

    points, count = bones.points, len(bones.points)
    sizes = np.linalg.svd((points - points.mean(axis=0)).reshape(count, -1), compute_uv=False)[: count - 1] ** 2
    counts = sorted({min(each, count - 2) for each in (*_COUNTS, count)})
    general = {each: [] for each in counts}
    picked = np.random.default_rng(0).choice(points.shape[1], min(_CHECKED, points.shape[1]), replace=False)
    for number in range(count):
        tell(progress, number / count, "leaving one out")
        others = np.delete(points, number, axis=0)
        for each in counts:
            made = rebuilt(others, points[number], each)
            general[each].append(np.abs(distance_to(points[number], bones.faces, made[picked])).mean())
    model = bones.model()
    principal = len(principal_modes(points, bones.also)[1])
    drawn = np.random.default_rng(0).standard_normal((_DRAWN, principal))
    off, covered = told_from_outlines(points, bones.faces, bones.unsaid, bones.also)
    trees = [cKDTree(each) for each in points]
    special = [min(tree.query(model.surface(weights))[0].mean() for tree in trees) for weights in drawn]
    return {
        "bones": count,
        "points": points.shape[1],
        "registration_mm": {"mean": _mm(bones.off_mm.mean()), "worst": _mm(bones.off_mm.max())},
        "compactness": {str(each): _mm(sizes[:each].sum() / sizes.sum()) for each in counts},
        "generalisation_mm": {
            str(each): {"mean": _mm(np.mean(off)), "worst": _mm(np.max(off))} for each, off in general.items()
        },
        "specificity_mm": _mm(np.mean(special)),
        "unsaid": {name: _mm(value) for name, value in asdict(bones.unsaid).items()},
        "from_outlines": {"mean_mm": _mm(off.mean()), "worst_mm": _mm(off.max()), "within_two_sd": _mm(covered.mean())},
    }


def _mm(value: float) -> float:
    return round(float(value), 4)


def _own_template(surfaces: Sequence[Triangles]) -> Template:
    """One of the bones, of middle size, with about as many points as a model has."""
    sizes = [float(np.linalg.norm(points - points.mean(axis=0))) / np.sqrt(len(points)) for points, _ in surfaces]
    points, faces = surfaces[int(np.argsort(sizes)[len(sizes) // 2])]
    if len(faces) > _TRIANGLES:
        points, faces = arrays(simplify(polydata(points, faces), _TRIANGLES, _EDGE_MM))
    return Template(np.asarray(points, np.float64), np.asarray(faces, np.int64))


def _alike(off: Sequence[float], names: Sequence[str]) -> tuple[list[int], list[str]]:
    """Which bones are of one kind, and warnings that name the others."""
    usual = float(np.median(off))
    kept = [number for number, each in enumerate(off) if each < max(_UNLIKE_MM, _UNLIKE * usual)]
    warnings = [
        f"{name}: this bone is unlike the others ({each:.1f} mm off, aligned; they are {usual:.1f}): it was left out."
        for number, (name, each) in enumerate(zip(names, off, strict=True))
        if number not in kept
    ]
    if len(kept) < FEWEST:
        raise SurfaceError(f"only {len(kept)} surfaces are alike, and {FEWEST} are needed. {' '.join(warnings)}")
    return kept, warnings


def _registered(each: Callable, template: Template, placed: Sequence[Triangles]) -> np.ndarray:
    """The template's points on surfaces, (s, n, 3)."""
    _ = template.levels  # prepared once, before the threads start
    return np.array(each(partial(register, template), *zip(*placed, strict=True)))


def _landmarks(faces: np.ndarray, points: np.ndarray) -> dict[str, np.ndarray]:
    try:
        return measure_femur(points, faces).landmarks
    except SurfaceError:
        return {}


def _off(faces: np.ndarray, points: np.ndarray, surface: Triangles) -> float:
    """Mean distance (mm) of a surface from triangles."""
    return float(np.abs(distance_to(points, faces, sampled(*surface, _CHECKED)[0])).mean())


def _side_of(names: Sequence[str], mirrored: Sequence[bool]) -> str:
    """Side of the bones that were not mirrored, as the majority of names has it."""
    votes = 0
    for name, turned in zip(names, mirrored, strict=True):
        word = os.path.basename(name).lower()
        left, right = (bool(re.search(rf"{side}|(?<![a-z]){side[0]}(?![a-z])", word)) for side in ("left", "right"))
        votes += (left - right) * (-1 if turned else 1)
    return "left" if votes > 0 else "right" if votes < 0 else ""
