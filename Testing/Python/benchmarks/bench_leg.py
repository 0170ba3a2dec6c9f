"""How well the bones of a leg are put together: both legs of a person whom no model knows, in place as in the CT.

`make bench-leg` runs it. Femur, tibia, patella and fibula, or femur and hip bone, are fitted one after the other to
their true shadows, in pictures of the knee, of the whole leg and of the hip, from the front and with a second view that
is turned a little against what is said of it. Of one view all bones are moved along the rays to where the femur is. The
bones are looked for in `shared/data/independent` beside the project (or in XRAYTO3D_DATA).
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
from accuracy_bones import INDEPENDENT, independent
from scipy.optimize import minimize_scalar
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from XRayTo3DLib import Case, Making, Patient, Settings, View, radiograph_from_array, segment
from XRayTo3DLib.anatomy import femur_measures, leg_measures, tibia_measures
from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.evaluate.compare import read_bone
from XRayTo3DLib.geometry.stand import Stand
from XRayTo3DLib.methods import FoundBone
from XRayTo3DLib.methods import shape as by_shape
from XRayTo3DLib.pipeline.legs import legs_of
from XRayTo3DLib.shape import shadow
from XRayTo3DLib.surface import distance_to

BONES = ("femur", "tibia", "patella", "fibula")  # in the order in which they are fitted
HIP = ("femur", "hip")
PIXEL_MM = 0.8
PARTS = {"knee": ((420, 300), BONES), "leg": ((1250, 400), BONES), "hip": ((480, 420), HIP)}  # rows and columns, bones
SID, SOD = 1150.0, 1000.0
# Of a second view, standard deviations: about its columns, rows and ray; and along each.
TURNED_DEG, SHIFTED_MM = (1.5, 2.5, 1.5), 1.0
POSES = 3
MEASURED = {"femur": femur_measures, "tibia": tibia_measures}


def main() -> int:
    """Print a table for each part and number of views."""
    legs = {side: bones_of(side) for side in ("left", "right")}
    if not all(legs.values()):
        print(f"{INDEPENDENT}: no bones of a whole leg; there is nothing to measure on.")
        return 0
    for part in PARTS:
        for views in (2, 1):
            table(part, views, [run(legs[side], side, part, views, pose) for side in legs for pose in range(POSES)])
    return 0


def bones_of(side: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Points (n, 3) and triangles (m, 3) of a person's bones, the knee at the origin."""
    names = dict.fromkeys((*BONES, *HIP))
    paths = {bone: [path for path in independent(bone) if path.stem == f"vsd_z013_{bone}_{side[0]}"] for bone in names}
    if not all(paths.values()):
        return {}
    found = {bone: read_bone(path) for bone, (path,) in paths.items()}
    knee = np.median(found["patella"][0], axis=0)
    return {bone: (points - knee, faces) for bone, (points, faces) in found.items()}


def run(bones: dict, side: str, part: str, views: int, pose: int) -> dict:
    """Fit the bones of a leg in a random pose; return what is off."""
    rng = np.random.default_rng((pose, side == "left"))
    turn = Rotation.from_euler("xyz", rng.normal(0, (2, 2, 4)), degrees=True).as_matrix()
    middle = {
        "knee": np.zeros(3),
        "leg": np.mean([bones[name][0].mean(axis=0) for name in BONES[:2]], axis=0),
        "hip": bones["hip"][0].mean(axis=0),
    }[part]
    placed = {name: ((points - middle) @ turn.T, faces) for name, (points, faces) in bones.items()}
    shape, fitted_bones = PARTS[part]
    inner = 90.0 if side == "left" else -90.0
    cameras = [
        Stand(angle).camera(np.zeros(3), shape, (PIXEL_MM, PIXEL_MM), SID, SOD) for angle in (0.0, inner)[:views]
    ]
    off = np.eye(4)
    turned = np.radians(rng.normal(0, TURNED_DEG)) @ cameras[-1].from_lps[:3, :3]
    off[:3, :3] = Rotation.from_rotvec(turned).as_matrix()
    off[:3, 3] = rng.normal(0, SHIFTED_MM, 3)
    true = [cameras[0], *(replace(camera, from_lps=camera.from_lps @ off) for camera in cameras[1:])]

    fitted, left_out = [], []
    for name in fitted_bones:
        seen = [
            found(camera, *placed[name], name, "AP" if not number else "mediolateral")
            for number, camera in enumerate(true)
        ]
        if not fitted:
            case = Case([each.view for each in seen], side, None, Patient())
        alike = tuple(replace(each, view=view) for each, view in zip(seen, case.views, strict=True))
        try:
            fitted.append(by_shape.fit_to(FoundBone(case, alike, None, tuple(fitted)), Making(method="shape")))
        except ReconstructionError:
            left_out.append(name)
    along = _depth_off(placed["femur"], fitted, cameras[0].from_lps[2, :3]) if views == 1 and fitted else np.zeros(3)
    return scores(placed, fitted, left_out, side, along)


def _depth_off(femur: tuple[np.ndarray, np.ndarray], fitted: list, ray: np.ndarray) -> np.ndarray:
    """How far (3,) the femur's fit has to go along the rays: how far away a leg is, one view does not tell."""
    seen = fitted[0].fit.points[fitted[0].observed]
    found = minimize_scalar(lambda by: np.abs(distance_to(*femur, seen + by * ray)).mean(), bounds=(-80, 80))
    return found.x * ray


def found(camera, points, faces, name, view):
    """A bone as it is found where its true shadow was drawn."""
    mask = shadow(camera, points, faces)
    flesh = 0.35 + 0.02 * np.random.default_rng(0).standard_normal(camera.shape)
    known = {"pixel_size_mm": camera.pixel_size_mm[0], "pixel_size_source": "the film", "sid_mm": SID, "sod_mm": SOD}
    picture = replace(radiograph_from_array(flesh + 0.4 * mask, bone="bright", **known), view=view)
    seen = segment(picture, Settings(mask=mask, segmentation="clusters"))
    return replace(seen, bone=replace(seen.bone, name=name), view=View(picture, seen.view.marking))


def scores(truth: dict, fitted: list, left_out: list, side: str, along: np.ndarray) -> dict:
    """Mean distances (mm) of what was seen of each bone, in place; the joint's space, and angles, that are off."""
    told: dict = {"left out": left_out}
    fits = {each.fit.model.bone: each for each in fitted}
    for name, each in fits.items():
        seen = each.fit.points[each.observed] + along
        told[name] = float(np.abs(distance_to(*truth[name], seen)).mean())
        if "length_mm" in each.measures:
            length, true = each.measures["length_mm"], MEASURED[name](*truth[name], side)["length_mm"].value
            told[f"{name} length"] = abs(length.value - true)
            told[f"{name} length in its interval"] = length.interval[0] <= true <= length.interval[1]
    if len(fitted) > 1:
        told["within"] = max(
            -distance_to(outer.fit.points, outer.fit.model.faces, inner.fit.points[inner.observed]).min()
            for outer in fitted
            for inner in fitted
            if inner is not outer
        )
    if {"femur", "tibia"} <= fits.keys():
        spaces = [
            cKDTree(femur).query(tibia)[0].min()
            for femur, tibia in (
                (truth["femur"][0], truth["tibia"][0]),
                (fits["femur"].fit.points, fits["tibia"].fit.points),
            )
        ]
        told["space"] = abs(spaces[1] - spaces[0])
        true = leg_measures(truth["femur"], truth["tibia"], truth["patella"], side)
        for leg in legs_of([_Made(name, side, each) for name, each in fits.items()]):
            for name, measure in leg.measures.items():
                told[name] = abs(measure.value - true[name].value)
                told[f"{name} in its interval"] = measure.interval[0] <= true[name].value <= measure.interval[1]
    return told


class _Made:
    """What `legs_of` asks of a bone that was made."""

    def __init__(self, name: str, side: str, shape) -> None:
        self.name, self.side, self.shape = name, side, shape


def table(part: str, views: int, runs: list[dict]) -> None:
    """Print medians and worst values."""
    print(f"\nThe {part} in {views} view{'s' * (views > 1)}, {len(runs)} legs and poses")
    print("| | median | worst |\n|---|---|---|")
    names = list(dict.fromkeys(name for each in runs for name in each if name != "left out"))
    for name in names:
        values = [each[name] for each in runs if name in each]
        if isinstance(values[0], bool | np.bool_):
            print(f"| {name} | {sum(values)} of {len(values)} | |")
        else:
            print(f"| {name} | {np.median(values):.2f} | {max(values):.2f} |")
    out = [name for each in runs for name in each["left out"]]
    print(f"left out: {', '.join(out) or 'none'}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
