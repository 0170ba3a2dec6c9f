"""Whether heights keep poses from being lost, and what they save: bones that no model knows, in one view, at random.

`make bench-poses` runs it; `make bench-poses POSES=30` on fewer. Femora and tibiae stand turned, upright or on their
head; the whole bone is seen, or a part of it. Each is fitted to its true outline with heights made from the truth, as
wrong as a network's, and without any. One view does not tell how far away a bone is: fits are moved along the rays to
where it is. The bones are looked for in `shared/data/independent` beside the project (or in XRAYTO3D_DATA).
"""

from __future__ import annotations

import argparse
import functools
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from accuracy_bones import INDEPENDENT, Subject, independent, subject
from accuracy_cases import PIXEL_MM, SID_MM, SOD_MM
from scipy.spatial.transform import Rotation

from XRayTo3DLib.geometry.outline import outlines, smooth_field
from XRayTo3DLib.geometry.stand import Stand
from XRayTo3DLib.shape import ShapeModel, View, built_in, fit_shape, view_from
from XRayTo3DLib.simulate.bones.bone import Bone
from XRayTo3DLib.simulate.bones.piece import whole
from XRayTo3DLib.simulate.film.projector import chords, on_rays
from XRayTo3DLib.surface import distance_to

BONES = ("femur", "tibia")
PARTS = {  # shares of the length between which the picture is, more or less
    "whole": (-0.15, 1.15),
    "proximal": (0.6, 1.15),
    "shaft": (0.25, 0.75),
    "distal": (-0.15, 0.4),
}
VARIED = 0.08  # of the length: by as much, at most, the picture ends elsewhere
COLUMNS = 700
TURNED_DEG, SHIFTED_MM = (4.0, 8.0, 12.0), 6.0  # standard deviations: leaned, in the picture, rolled; along each axis
WRONG_MM = 7.0  # median of what heights are off by, neighbours together
NOISE_MM = 10.0  # standard deviation of what each is off by alone
NORMAL_MEDIAN = 0.6745  # of a standard normal distribution's absolute value
PIXELS = 2000  # in which heights are known
POINTS = 2000  # of a bone, from which distances are measured
LOST_MM, FLIPPED_DEG = 10.0, 90.0
_SEED = 5 * 10**9


@dataclass(frozen=True)
class Pose:
    """A bone in its picture.

    Attributes
    ----------
    name, part : str
    model : ShapeModel
        Of its side.
    points, faces : (n, 3), (m, 3) arrays
        The bone where it stands (LPS, mm).
    axis : (3,) array
        Unit vector along it, up on the bone.
    view : View
        With heights.
    """

    name: str
    part: str
    model: ShapeModel
    points: np.ndarray
    faces: np.ndarray
    axis: np.ndarray
    view: View


@dataclass(frozen=True)
class Outcome:
    """How far a fit is off.

    Attributes
    ----------
    off_mm : float
        Mean distance of what is seen of the bone from the fitted surface.
    along_mm : float
        Of the middle, along the bone: the surface of a shaft hardly tells it.
    turned_deg : float
        Between the long axes.
    met : bool
        Whether the fit takes itself for an answer.
    seconds : float
        Of the process.
    """

    off_mm: float
    along_mm: float
    turned_deg: float
    met: bool
    seconds: float

    @property
    def lost(self) -> bool:
        """Whether this is another pose, or none."""
        return not self.met or self.off_mm > LOST_MM or self.turned_deg > FLIPPED_DEG

    def __str__(self) -> str:
        met = "" if self.met else ", outline not met"
        return f"{self.off_mm:.1f} mm off, {self.along_mm:.0f} along, turned by {self.turned_deg:.0f} degrees{met}"


def main() -> int:
    """Fit to so many poses; print what was lost, and the time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--poses", type=int, default=300, metavar="N", help="(%(default)s)")
    count = parser.parse_args().poses
    if not all(independent(bone) for bone in BONES):
        print(f"{INDEPENDENT}: no femora and tibiae; there is nothing to measure on.")
        return 0
    found: dict[str, list[tuple[Outcome, Outcome]]] = {part: [] for part in PARTS}
    for number in range(count):
        pose = posed(number)
        pair = fitted(pose, pose.view), fitted(pose, replace(pose.view, heights=None))
        found[pose.part].append(pair)
        for outcome, how in zip(pair, ("with", "without"), strict=True):
            if outcome.lost:
                print(f"{number}, {pose.name}, lost {how} heights: {outcome}", flush=True)
    table(found)
    return 0


@functools.cache
def upright(path: Path, kind: str) -> Subject:
    """A bone as it stands before it is posed; poses have numbers of their own."""
    return subject(path, built_in(kind), 0)


def posed(number: int) -> Pose:
    """One of the poses: kinds of bone and parts in turn, all else at random, but the same in every run."""
    kind, part = BONES[number % len(BONES)], list(PARTS)[number // len(BONES) % len(PARTS)]
    paths = independent(kind)
    bone = upright(paths[number // (len(BONES) * len(PARTS)) % len(paths)], kind)
    rng = np.random.default_rng([_SEED, number])
    on_head = Rotation.from_euler("y", 180 * rng.integers(2), degrees=True)
    turn = (Rotation.from_euler("xyz", rng.normal(0, TURNED_DEG), degrees=True) * on_head).as_matrix()
    low, high = bone.mesh.points.min(axis=0), bone.mesh.points.max(axis=0)
    motion = np.eye(4)
    motion[:3, :3] = turn
    motion[:3, 3] = rng.normal(0, SHIFTED_MM, 3) - turn @ (low + high) / 2
    piece = whole(Bone(bone.mesh)).moved(motion)
    ends = np.array(PARTS[part]) + rng.uniform(-VARIED, VARIED, 2)
    length = high[2] - low[2]
    rows = round(np.ptp(ends) * length * SID_MM / SOD_MM / PIXEL_MM)
    center = turn[:, 2] * length * (ends.mean() - 0.5) * [1, 0, 1]  # in the plane of the bone's middle
    camera = Stand(0.0).camera(center, (rows, COLUMNS), (PIXEL_MM, PIXEL_MM), SID_MM, SOD_MM)

    mesh = piece.bone.outer
    (inside,), (distance,) = chords([mesh], camera)
    lines = outlines(smooth_field(inside > 0), np.eye(2, 3), np.zeros(inside.shape, bool))
    heights = read(on_rays(piece.along, distance, camera), inside > 0, length, rng)
    name = f"{bone.name}, {part}"
    model = built_in(kind).of_side(bone.side)
    return Pose(name, part, model, mesh.points, mesh.faces, turn[:, 2], view_from(camera, lines, heights=heights))


def read(
    shares: np.ndarray, mask: np.ndarray, length_mm: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, float]:
    """Heights of some pixels, as `view_from` takes them: wrong, and as unsure as they are.

    Parameters
    ----------
    shares : (rows, columns) array
        The true ones.
    mask : (rows, columns) bool array
        Where the bone is.
    length_mm : float
        Of the bone.
    rng : numpy.random.Generator
    """
    rows, columns = np.nonzero(mask)
    some = rng.choice(len(rows), min(PIXELS, len(rows)), replace=False)
    rows, columns = rows[some], columns[some]
    deviation = WRONG_MM / NORMAL_MEDIAN / length_mm
    along = np.pi * rows / len(shares)  # half a wave, of any phase, is everywhere as wrong
    wave = np.column_stack([np.cos(along), np.sin(along)]) @ rng.normal(0, deviation, 2)
    wrong = wave + rng.normal(0, NOISE_MM / length_mm, len(rows))
    return np.column_stack([columns, rows]), np.clip(shares[rows, columns] + wrong, 0, 1), deviation


def fitted(pose: Pose, view: View) -> Outcome:
    """Fit the model to a view; tell how far off it is."""
    begun = time.process_time()
    fit = fit_shape([(pose.model, [view])])
    seconds = time.process_time() - begun
    ray = view.camera.from_lps[2, :3]
    true, found = pose.points[seen(pose.points, view)], fit.points
    moved = found + (np.mean(true @ ray) - np.mean(found[seen(found, view)] @ ray)) * ray
    off = np.abs(distance_to(moved, fit.model.faces, true[:: len(true) // POINTS + 1])).mean()
    along = abs(middle(moved, pose.axis) - middle(pose.points, pose.axis))
    turned = np.degrees(np.arccos(np.clip(fit.state.rotation[:, 2] @ pose.axis, -1, 1)))
    return Outcome(float(off), float(along), float(turned), fit.met, seconds)


def seen(points: np.ndarray, view: View) -> np.ndarray:
    """Which of some points (n, 3) the picture shows, (n,) bool."""
    pixel = view.camera.project(points)[0]
    return ((pixel > 0) & (pixel < np.array(view.camera.shape)[::-1] - 1)).all(axis=1)


def middle(points: np.ndarray, axis: np.ndarray) -> float:
    """Where along an axis the middle between the ends of some points (n, 3) is (mm)."""
    along = points @ axis
    return (along.min() + along.max()) / 2


def table(found: dict[str, list[tuple[Outcome, Outcome]]]) -> None:
    """Print how many were lost of each part, with heights and without, and what the time of one is to the other's."""
    print("\n| with heights / without | poses | lost | off (mm), median | along the bone (mm), median | worst | time |")
    print("|---|---|---|---|---|---|---|")
    for part in PARTS:
        if found[part]:
            row(part, found[part])
    row("all", [pair for part in PARTS for pair in found[part]])


def row(name: str, pairs: list[tuple[Outcome, Outcome]]) -> None:
    """Print one line of the table."""
    both = tuple(zip(*pairs, strict=True))
    lost = " / ".join(str(sum(each.lost for each in outcomes)) for outcomes in both)
    off = " / ".join(f"{np.median([each.off_mm for each in outcomes]):.1f}" for outcomes in both)
    along = [[each.along_mm for each in outcomes] for outcomes in both]
    median, worst = (" / ".join(f"{measure(values):.0f}" for values in along) for measure in (np.median, max))
    ratio = np.divide(*(sum(each.seconds for each in outcomes) for outcomes in both))
    print(f"| {name} | {len(pairs)} | {lost} | {off} | {median} | {worst} | {ratio:.2f} |")


if __name__ == "__main__":
    sys.exit(main())
