"""How close a bone comes to the truth, what it took, and what is measured on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from accuracy_bones import Triangles
from accuracy_cases import Case, Variant

from XRayTo3DLib.anatomy import measure_femur
from XRayTo3DLib.errors import ReconstructionError, SurfaceError
from XRayTo3DLib.evaluate import align_rigid
from XRayTo3DLib.geometry.camera import Camera
from XRayTo3DLib.shape import Measure
from XRayTo3DLib.surface import Distances, dice, distance_to, is_closed, surface_distances
from XRayTo3DLib.surface.distance import evenly

IN_FRAME, ALIGNED = "in frame", "aligned"
SIGMAS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
_SAMPLES = 15_000  # of each surface
_RIM_MM = 3.0  # next to a picture's border, where the flat ends of what is cut off lie
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Made:
    """A bone that a method made, and how sure it says it is, if it does.

    Attributes
    ----------
    points, faces : (n, 3) and (m, 3) arrays
        LPS (mm).
    deviations : (n,) array or None
        Standard deviation of each point along its normal (mm).
    measures : dict of str to Measure
        Of a femur.
    depth_deviation_mm : float
        Standard deviation of the bone's distance from the first source; NaN if not told.
    """

    points: np.ndarray
    faces: np.ndarray
    deviations: np.ndarray | None = None
    measures: Mapping[str, Measure] = field(default_factory=dict)
    depth_deviation_mm: float = np.nan


def score(case: Case, variant: Variant, method: str, make: Callable[[], Made | tuple], frames: Sequence[str]) -> dict:
    """Make a bone and compare it with the truth.

    Parameters
    ----------
    case, variant : Case, Variant
    method : str
    make : callable
        Returns what it made, or its points and triangles (LPS, mm), or raises ReconstructionError.
    frames : sequence of {"in frame", "aligned"}
        Where to compare: as it stands, or moved rigidly onto the truth first, without scale; with "aligned", angles
        are measured too, and how well the method knows how far off it is.

    Returns
    -------
    dict
        For each frame mean, RMS, 95th percentile and largest distance (mm) and Dice (1 mm); where the pictures do not
        show all of the bone, under "seen" the same distances of what they show, in frame. NaN where there is none.
        Under "within" the share of points no farther off than each of `SIGMAS` deviations; under "told" the errors of
        measures and of the depth with their deviations.
    """
    row = {"method": method, "variant": variant.name, "bone": case.bone, "name": case.name, "failed": ""}
    before = _memory_mb("VmRSS")
    _forget_peak()
    start = time.perf_counter()
    try:
        made = make()
    except ReconstructionError as error:
        return row | {"failed": str(error)}
    made = made if isinstance(made, Made) else Made(*made)
    found = made.points, made.faces
    row |= {"seconds": time.perf_counter() - start, "memory_mb": _memory_mb("VmHWM") - before}
    row["closed"] = is_closed(found[1])
    motion = align_rigid(found, case.truth) if ALIGNED in frames else np.eye(4)
    if ALIGNED in frames:
        if case.bone == "femur":
            row |= angles(found, case)
        if made.deviations is not None:
            off = np.abs(distance_to(*case.truth, moved(found, motion)[0])) / made.deviations
            row["within"] = [float((off < sigmas).mean()) for sigmas in SIGMAS]
            row["told"] = _told(made, case, motion)
    for frame in frames:
        placed = found if frame == IN_FRAME else moved(found, motion)
        row[frame] = asdict(surface_distances(placed, case.truth)) | {"dice": dice(placed, case.truth)}
    if variant.outside:
        row["seen"] = asdict(seen_distances(found, case.truth, case.cameras))
    return row


def _told(made: Made, case: Case, motion: np.ndarray) -> dict[str, tuple[float, float]]:
    """Errors of measures and of the distance from the first source, each with its deviation (mm, degrees)."""
    middle = made.points.mean(axis=0)
    away = motion[:3, :3] @ middle + motion[:3, 3] - middle
    told = {}
    if np.isfinite(made.depth_deviation_mm):
        told["depth_mm"] = (float(case.cameras[0].from_lps[2, :3] @ away), made.depth_deviation_mm)
    if not made.measures:
        return told
    try:
        true = measure_femur(*case.truth, case.side)
    except SurfaceError:  # a deformed bone is no femur as anatomy defines it
        return told
    values = {
        "neck_shaft_angle_deg": true.neck_shaft_angle_deg,
        "anteversion_deg": true.anteversion_deg,
        "head_diameter_mm": 2 * true.head_radius,
        "length_mm": true.length_mm,
    }
    return told | {
        name: (each.value - values[name], each.deviation) for name, each in made.measures.items() if name in values
    }


def seen_distances(found: Triangles, truth: Triangles, cameras: Sequence[Camera]) -> Distances:
    """Distances between surfaces as `surface_distances` has them, but only from points that all pictures show."""
    apart = []
    for start, end in ((found, truth), (truth, found)):
        points = evenly(*start, _SAMPLES)
        shown = np.all([_shown(points, camera) for camera in cameras], axis=0)
        apart.append(np.abs(distance_to(*end, points[shown])))
    apart = np.concatenate(apart)
    return Distances(
        float(apart.mean()), float(np.sqrt(np.mean(apart**2))), float(np.percentile(apart, 95)), float(apart.max())
    )


def angles(found: Triangles, case: Case) -> dict[str, float]:
    """Errors of neck-shaft angle and anteversion (degrees), NaN where no whole femur was made."""
    try:
        own, true = (measure_femur(*bone, case.side) for bone in (found, case.truth))
    except SurfaceError:
        return {"neck_shaft_deg": np.nan, "anteversion_deg": np.nan}
    return {
        "neck_shaft_deg": abs(own.neck_shaft_angle_deg - true.neck_shaft_angle_deg),
        "anteversion_deg": abs(own.anteversion_deg - true.anteversion_deg),
    }


def moved(bone: Triangles, matrix: np.ndarray) -> Triangles:
    """A bone after a rigid motion (4, 4)."""
    return bone[0] @ matrix[:3, :3].T + matrix[:3, 3], bone[1]


def _shown(points: np.ndarray, camera: Camera) -> np.ndarray:
    """Which points (n, 3) cast their shadow on the detector, away from its border: (n,) bool."""
    pixel = camera.project(points)[0]
    rim = _RIM_MM * camera.magnification / np.array(camera.pixel_size_mm)
    last = np.array(camera.shape[::-1]) - 1
    return ((pixel > rim) & (pixel < last - rim)).all(axis=1)


def _memory_mb(name: str) -> float:
    """Memory of this process as Linux tells it; elsewhere NaN."""
    if not _STATUS.is_file():
        return np.nan
    line = next(line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def _forget_peak() -> None:
    """Let the process's highest memory begin anew."""
    if _CLEAR.exists():
        _CLEAR.write_text("5", encoding="ascii")
