"""How well hip bones come out of simulated films of a pelvis, found by the networks without help.

`make bench-leg` runs it: the pelvis and femora of a person whom no model and no network knows, in place as in the CT,
in soft tissue, with noise and blur, from the front, and with a second view from a half-left direction. Of one view, hip
bones are moved along the rays to where they are. The bones are looked for as `bench_leg` does.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
from accuracy_bones import INDEPENDENT, independent
from scipy.optimize import minimize_scalar
from scipy.spatial.transform import Rotation

from XRayTo3DLib import Case, Radiograph, Settings, View, radiograph_from_array, reconstruct
from XRayTo3DLib.evaluate import align_rigid
from XRayTo3DLib.evaluate.compare import read_bone
from XRayTo3DLib.simulate.bones.bone import Bone, Mesh
from XRayTo3DLib.simulate.bones.hollow import hollow
from XRayTo3DLib.simulate.film.view import Setup, simulate
from XRayTo3DLib.surface import area_and_volume, distance_to

CORTEX_MM = {"hip": 1.5, "sacrum": 1.5, "femur": 4.0}
SID, SOD, PIXEL_MM, SHAPE = 1150.0, 1000.0, 0.4, (1000, 1000)
AIM = np.array([0.0, 0.0, -30.0])  # the patient's point (mm) in the middle of the films, from that of the pelvis
OBLIQUE_DEG = 45.0
POSES = 4


def main() -> int:
    """Print what became of every hip bone, and a table."""
    bones = bones_of_a_pelvis()
    if not bones:
        print(f"{INDEPENDENT}: no pelvis; there is nothing to measure on.")
        return 0
    for turns in ((0.0,), (0.0, OBLIQUE_DEG)):
        print(f"\nHip bones on simulated films, {len(turns)} view{'s' * (len(turns) > 1)}")
        scores = [score for pose in range(POSES) for score in run(bones, pose, turns)]
        print("| made | in place (mm), median | worst | aligned, median | worst |\n|---|---|---|---|---|")
        cells = [f"{np.median(each):.2f} | {max(each):.2f}" for each in zip(*scores, strict=True)] or ["- | -"] * 2
        print(f"| {len(scores)} of {2 * POSES} | {' | '.join(cells)} |", flush=True)
    return 0


def bones_of_a_pelvis() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Points (n, 3) and triangles (m, 3) by name, the middle of the hip bones at the origin."""
    names = ("hip_l", "hip_r", "sacrum", "femur_l", "femur_r")
    paths = {name: INDEPENDENT / f"vsd_z013_{name}.ply" for name in names}
    if not independent("hip") or not all(path.exists() for path in paths.values()):
        return {}
    found = {name: tuple(np.asarray(each) for each in read_bone(path)) for name, path in paths.items()}
    middle = np.mean([found[name][0].mean(axis=0) for name in names[:2]], axis=0)
    return {
        name: (points - middle, faces if area_and_volume(points, faces)[1] > 0 else faces[:, ::-1])
        for name, (points, faces) in found.items()
    }


def run(bones: dict, pose: int, turns: tuple[float, ...]) -> list[tuple[float, float]]:
    """Reconstruct all bones of a pose; mean distances (mm) of each hip bone that is made, in place and aligned."""
    turn = Rotation.from_euler("xyz", np.random.default_rng(pose).normal(0, (4, 3, 3)), degrees=True).as_matrix()
    views = [View(film(bones, turn, angle, pose)) for angle in turns]
    result = reconstruct(Case(views, "left", turns[1] if turns[1:] else None), Settings(bones="all"))
    scores = []
    for bone in (each for each in result.bones if each.name == "hip"):
        points, faces = bones[f"hip_{bone.side[0]}"]
        truth = points @ turn.T - AIM, faces
        fit = bone.shape.in_mm
        motion = align_rigid((fit.points, fit.model.faces), truth)
        aligned = fit.points @ motion[:3, :3].T + motion[:3, 3]
        ray = fit.views[0].camera.from_lps[2, :3] if len(turns) == 1 else np.zeros(3)
        scores.append((_apart(fit.points, truth, ray), _apart(aligned, truth, np.zeros(3))))
        print(f"    pose {pose + 1}, {bone.called}: {scores[-1][0]:.2f}, aligned {scores[-1][1]:.2f}", flush=True)
    for reason in result.left_out:
        print(f"    pose {pose + 1}: {reason}")
    return scores


def film(bones: dict, turn: np.ndarray, angle_deg: float, seed: int) -> Radiograph:
    """A radiograph of the bones, posed, from so far to the left of the front."""
    aside = Rotation.from_euler("z", angle_deg, degrees=True).as_matrix() @ turn
    body = []
    for name, (points, faces) in bones.items():
        mesh = Mesh(points @ aside.T, faces)
        body.append(Bone(mesh, hollow(mesh, CORTEX_MM[name.split("_")[0]])))
    setup = Setup(PIXEL_MM, SID, SOD, SHAPE, tuple(AIM))
    taken = simulate(body, "ap", "left", setup, np.random.default_rng((seed, int(angle_deg))))
    known = {"pixel_size_mm": PIXEL_MM, "pixel_size_source": "the simulator", "sid_mm": SID, "sod_mm": SOD}
    return replace(radiograph_from_array(taken.pixels, bone="bright", **known), view=None if angle_deg else "AP")


def _apart(points: np.ndarray, truth: tuple[np.ndarray, np.ndarray], ray: np.ndarray) -> float:
    """Mean distance (mm) of points from a surface, moved along a ray to where it is least."""

    def mean(by: float) -> float:
        return float(np.abs(distance_to(*truth, points + by * ray)).mean())

    return minimize_scalar(mean, bounds=(-80, 80)).fun if ray.any() else mean(0.0)


if __name__ == "__main__":
    sys.exit(main())
