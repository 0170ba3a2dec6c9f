"""The volume network beside the shape model: people that neither learnt from, whole, in part, bowed, shortened, broken.

Besides, the benchmark of networks that make volumes of two radiographs, as near as the data allow: a cube of 128 mm
round the femur's upper end, voxels of 1 mm, two views at right angles. The femora are others, and so is how they are
cut.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from accuracy_bones import Subject, Triangles, femora, limb
from accuracy_cases import PLAIN, Case, Variant, case
from accuracy_scores import ALIGNED, IN_FRAME, Made, score
from accuracy_shape import TRAINED, models, shape_fit

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.simulate.bones.bone import Bone, together
from XRayTo3DLib.simulate.bones.deformity import deformed
from XRayTo3DLib.simulate.bones.fracture import Fracture, break_bone
from XRayTo3DLib.surface import distance_to, inside_of
from XRayTo3DLib.surface.distance import evenly
from XRayTo3DLib.train.pictures import left_out
from XRayTo3DLib.volume import Seen, bone_of

NETWORK = "volume network"
LEARNT = ("femur", "tibia", "fibula", "patella")  # bones that it learnt
ONE = Variant("one view", views=("ap",))
THREE = Variant("three views", views=("ap", "lateral", "oblique"))
PARTS = (
    Variant("proximal third only", outside=2 / 3, end="lower"),
    Variant("distal third only", outside=2 / 3, end="upper"),
)
WORSE = (Variant("5° between the views unknown", error_deg=5.0), Variant("found on film", film=True))
_BOWS_DEG, _SHAFT = (20.0, 40.0), 0.75
_BREAK = {"kind": "oblique", "angle_deg": 35.0, "shift_mm": (9.0, 4.0, -4.0), "turn_deg": (5.0, 8.0, 4.0)}
_CUBE = 128  # mm, voxels
_ABOVE_MM = 10.0  # of the cube over the bone's upper end
_SAMPLES = 15_000


def people() -> tuple[int, ...]:
    """Numbers of the femora of people that the volume network did not learn from (from 0)."""
    return left_out(len(femora()))


def volume_rows(number: int, pose: int) -> list[dict]:
    """Scores of both methods on one person's femur."""
    whole = limb(number)
    model = models(number)[TRAINED]
    methods = {NETWORK: seen_in_a_grid, TRAINED: functools.partial(shape_fit, model=model)}
    rows = []
    for bone, variant, frames in _asked(whole):
        try:
            each = case(bone, variant, pose)
        except ReconstructionError as error:  # no bone was found on film
            lost = {"variant": variant.name, "bone": bone.bone, "name": bone.name, "failed": str(error)}
            rows += [{"method": name, **lost} for name in methods]
            continue
        rows += [score(each, variant, name, functools.partial(make, each), frames) for name, make in methods.items()]
    return rows + _in_cube(whole, pose, methods)


def seen_in_a_grid(case: Case) -> Made:
    """The bone as the volume network that ships sees it in a case's masks."""
    made = bone_of([Seen(camera, mask) for camera, mask in zip(case.cameras, case.masks, strict=True)])
    return Made(made.points, made.faces, made.deviation_mm)


def _asked(whole: Subject) -> Iterator[tuple[Subject, Variant, tuple[str, ...]]]:
    """Bones, how their pictures are taken, and in which frames they are compared."""
    both = (IN_FRAME, ALIGNED)
    yield whole, PLAIN, both
    yield whole, THREE, both
    yield whole, ONE, (ALIGNED,)
    for variant in PARTS:
        yield whole, variant, ()
    for variant in WORSE:
        yield whole, variant, both
    towards = 360.0 * whole.number / 7
    bone = Bone(whole.mesh)
    upper, lower = break_bone(bone, Fracture(towards_deg=towards, seed=whole.number, **_BREAK))
    for name, mesh in (
        *((f"bowed by {bow:.0f}°", deformed(bone, bow, towards).outer) for bow in _BOWS_DEG),
        (f"shaft {100 * (1 - _SHAFT):.0f} % shorter", deformed(bone, shaft=_SHAFT).outer),
        ("broken, taken for one bone", together([upper.outer, lower.outer])),
    ):
        yield replace(whole, mesh=mesh), replace(PLAIN, name=name), both


def _in_cube(whole: Subject, pose: int, methods: dict[str, Callable[[Case], Made]]) -> list[dict]:
    """Scores in the cube of 128 mm round the upper end: Dice of voxels, and distances of what lies in it."""
    length = np.ptp(whole.mesh.points[:, 2])
    variant = Variant(f"upper {_CUBE} mm, in a cube", outside=1 - (_CUBE - _ABOVE_MM) / length, end="lower")
    each = case(whole, variant, pose)
    points = each.truth[0]
    upper = points[points[:, 2] > points[:, 2].max() - (_CUBE - _ABOVE_MM)]
    low = np.append((upper[:, :2].min(axis=0) + upper[:, :2].max(axis=0) - _CUBE) / 2, points[:, 2].max() + _ABOVE_MM)
    low[2] -= _CUBE
    rows = []
    for name, make in methods.items():
        row = {"method": name, "variant": variant.name, "bone": each.bone, "name": each.name, "failed": ""}
        try:
            made = make(each)
        except ReconstructionError as error:
            rows.append(row | {"failed": str(error)})
            continue
        rows.append(row | {IN_FRAME: cube_scores((made.points, made.faces), each.truth, low)})
    return rows


def cube_scores(found: Triangles, truth: Triangles, low: np.ndarray) -> dict[str, float]:
    """Dice of two bones in a cube's voxels, and distances (mm) of their surfaces as far as they lie in it.

    Parameters
    ----------
    found, truth : (points, faces)
        LPS, mm.
    low : (3,) array
        The cube's lowest corner.
    """
    shape = np.full(3, _CUBE)
    one, other = (inside_of(*bone, low + 0.5, 1.0, shape) for bone in (found, truth))
    apart = []
    for start, end in ((found, truth), (truth, found)):
        points = evenly(*start, _SAMPLES)
        points = points[((points > low + 1) & (points < low + _CUBE - 1)).all(axis=1)]  # flat cuts are no surface
        apart.append(np.abs(distance_to(*end, points)))
    apart = np.concatenate(apart)
    return {
        "mean_mm": float(apart.mean()),
        "rms_mm": float(np.sqrt((apart**2).mean())),
        "p95_mm": float(np.percentile(apart, 95)),
        "maximum_mm": float(apart.max()),
        "dice": 2 * np.count_nonzero(one & other) / max(np.count_nonzero(one) + np.count_nonzero(other), 1),
    }
