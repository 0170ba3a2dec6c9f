"""The shape models that ship, made from people's limbs and from the analytic family of femora.

`python -m XRayTo3DLib.train.models FOLDER` makes them, with a report of how good each is.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..anatomy import measure_femur
from ..anatomy.landmarks import bone_landmarks
from ..errors import SimulationError, SurfaceError
from ..helpers.files import replacing
from ..shape.correspondence import Template
from ..shape.model import BUILT_IN_BONES, built_in_file, save_shape_model
from ..shape.statistics import onto, procrustes
from ..shape.train import Bones, left_one_out
from ..simulate.bones.joints import knee_frame
from ..surface import distance_to
from ..surface.crossing import crossing_triangles
from ..surface.distance import evenly
from .family import family_ways
from .people import bones_of_people
from .shape import draw_modes
from .template import even, rounded

_POINTS = {"femur": 3300, "tibia": 2400, "fibula": 1600, "patella": 500, "hip": 3300}
_UPRIGHT = ("tibia", "fibula")  # stand on their long axis; the others as the limb does
# The family was fitted to some of these femora: it tells in which ways they may differ more, not that they do.
_FAMILY_SHARE = 0.5
_CHECKED = 4000  # points at which distances are taken


@dataclass(frozen=True)
class Made:
    """A bone of everybody with the same points, and how well those hold its shape.

    Attributes
    ----------
    bones : Bones
    lost_mm : float
        Mean distance between the template and the smooth mean surface that it stands for.
    """

    bones: Bones
    lost_mm: float


def made(folder: Path, bone: str, standing: np.ndarray) -> Made:
    """Give everybody's bone the points of an even template.

    Parameters
    ----------
    folder : path
        See `bones_of_people`.
    bone : str
        One of `BUILT_IN_BONES`.
    standing : (4, 4) array
        From the limbs' place to where the model is to stand.
    """
    points, faces = bones_of_people(folder, bone)
    aligned, mean = _standing(bone, points, standing)
    (template_surface, *everybodys), fine = rounded(np.stack([mean, *aligned]), faces)
    template = even(template_surface, fine, _POINTS[bone])
    placed = template.on(template_surface)
    carried = np.array([template.on(each) for each in everybodys])
    off = np.array([_apart((own, template.faces), (each, faces)) for own, each in zip(carried, aligned, strict=True)])
    samples = procrustes(carried)[0]
    back = onto(samples.mean(axis=0), placed)[1]
    samples = samples @ back[:3, :3].T + back[:3, 3]
    marks = [bone_landmarks(bone, each, template.faces) for each in samples]
    landmarks = {name: np.array([each[name] for each in marks]) for name in marks[0]}
    also = _FAMILY_SHARE * family_ways(Template(samples.mean(axis=0), template.faces)) if bone == "femur" else None
    everybody = len(samples)
    bones = Bones(
        samples,
        template.faces,
        landmarks,
        bone,
        "left",
        ("left",) * everybody,
        tuple(range(everybody)),
        off,
        also=also,
    )
    return Made(bones, _apart((placed, template.faces), (template_surface, fine)))


def knee_of(folder: Path) -> np.ndarray:
    """Motion (4, 4) that stands the mean femur upright, the knee's centre at the origin."""
    points, faces = bones_of_people(folder, "femur")
    return knee_frame(measure_femur(points.mean(axis=0), faces, "left").landmarks)


def _standing(bone: str, points: np.ndarray, standing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Surfaces (s, n, 3) laid on each other, and their mean, where the model is to stand."""
    there = points.mean(axis=0) @ standing[:3, :3].T + standing[:3, 3]
    if bone == "hip":  # the pelvis stands as it is
        there = points.mean(axis=0) - points.mean(axis=(0, 1))
    if bone in _UPRIGHT:
        there = there @ _to_vertical(there).T
    aligned = procrustes(points)[0]
    mean, motion = onto(aligned.mean(axis=0), there)
    return aligned @ motion[:3, :3].T + motion[:3, 3], mean


def _to_vertical(points: np.ndarray) -> np.ndarray:
    """The shortest rotation (3, 3) that stands the longest axis of points upright."""
    from scipy.spatial.transform import Rotation

    axis = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][0]
    axis = axis * np.sign(axis[2])
    turn = np.cross(axis, [0, 0, 1])
    return Rotation.from_rotvec(turn / np.linalg.norm(turn) * np.arccos(axis[2])).as_matrix()


def _apart(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> float:
    """Mean distance (mm) between two surfaces, from each to the other."""
    ways = ((one, other), (other, one))
    return float(np.mean([np.abs(distance_to(*end, evenly(*start, _CHECKED))).mean() for start, end in ways]))


def report(found: Made, size: int) -> dict:
    """How good a bone's model is: see `left_one_out`; with its triangles' sides, and what the template loses (mm)."""
    bones = found.bones
    mean = bones.points.mean(axis=0)
    sides = np.linalg.norm(mean[bones.faces] - mean[np.roll(bones.faces, 1, axis=1)], axis=2)
    return {
        **left_one_out(bones),
        "lost_by_the_mesh_mm": round(found.lost_mm, 3),
        "crossing_triangles": len(crossing_triangles(mean, bones.faces)),
        "sides_mm": {str(share): round(float(np.percentile(sides, share)), 2) for share in (1, 50, 99)},
        "file_bytes": size,
    }


def table(told: dict[str, dict]) -> str:
    """The reports as a table in Markdown."""
    head = (
        "points",
        "shape lost by the mesh, mm",
        "registration, mean (worst), mm",
        "variance in 1 / 5 / 10 modes",
        "nearest surface that 10 modes of the others make, mean (worst), mm",
        "left out, told from two outlines, mean (worst), mm",
        "of it within two standard deviations",
        "specificity, mm",
        "kB",
    )
    lines = ["| bone | " + " | ".join(head) + " |", "|" + "---|" * (len(head) + 1)]
    for bone, each in told.items():
        near, seen, best = each["registration_mm"], each["from_outlines"], each["generalisation_mm"]["10"]
        cells = (
            each["points"],
            f"{each['lost_by_the_mesh_mm']:.2f}",
            f"{near['mean']:.2f} ({near['worst']:.2f})",
            " / ".join(f"{each['compactness'][count]:.0%}" for count in ("1", "5", "10")),
            f"{best['mean']:.2f} ({best['worst']:.2f})",
            f"{seen['mean_mm']:.2f} ({seen['worst_mm']:.2f})",
            f"{seen['within_two_sd']:.0%}",
            f"{each['specificity_mm']:.1f}",
            each["file_bytes"] // 1000,
        )
        lines.append(f"| {bone} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m XRayTo3DLib.train.models", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with the limbs: BONE_26_correspondence.npz")
    parser.add_argument("--bones", nargs="+", choices=BUILT_IN_BONES, default=BUILT_IN_BONES, metavar="BONE")
    parser.add_argument("--report", type=Path, metavar="DIR", help="for models.json and model_BONE.png")
    options = parser.parse_args(arguments)
    told = {}
    try:
        standing = knee_of(options.folder)
        for bone in options.bones:
            found = made(options.folder, bone, standing)
            model, path = found.bones.model(), built_in_file(bone)
            save_shape_model(model, path)
            told[bone] = report(found, path.stat().st_size)
            print(f"{bone}: {path}", file=sys.stderr, flush=True)
            if options.report:
                draw_modes(model, options.report / f"model_{bone}.png")
    except (SimulationError, SurfaceError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 2
    print(table(told))
    if options.report:
        with replacing(options.report / "models.json") as path:
            path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
