"""How well the fragments of broken femora are found: bones that no model knows, broken and displaced by known motions.

`make bench-broken` runs it. Each bone of `shared/data/independent` beside the project (or in XRAYTO3D_DATA) breaks
proximally, in the middle and distally, level, slanted or in a spiral; its lower fragment is angulated by up to 30
degrees, shifted by up to 30 mm and shortened by up to 40. Two calibrated pictures show the exact shadow of each part,
and where its edge is broken. What it prints is the displacement found less the true one, at the break's middle.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from accuracy_bones import INDEPENDENT, Subject, independent, subject
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from XRayTo3DLib.anatomy import fracture_measures
from XRayTo3DLib.choices import FRACTURES
from XRayTo3DLib.geometry.camera import Camera
from XRayTo3DLib.geometry.outline import broken, outlines, smooth_field
from XRayTo3DLib.geometry.stand import Stand
from XRayTo3DLib.shape import (
    BrokenFit,
    Ends,
    Fragment,
    Measure,
    built_in,
    displacements,
    fit_fragments,
    shadow,
    to_reduced,
    view_from,
)
from XRayTo3DLib.shape.silhouette import prepared
from XRayTo3DLib.shape.view import to_mm
from XRayTo3DLib.simulate.bones.bone import Bone, Mesh
from XRayTo3DLib.simulate.bones.fracture import Fracture, break_bone, break_frame, displacement
from XRayTo3DLib.surface import distance_to

SHAPE, PIXEL, SID, SOD, FINER = (800, 500), 0.8, 1150.0, 1000.0, 2
PLACES = (0.25, 0.5, 0.75)
POSES = 3  # of each bone
FLAT_MM = 0.03  # as far off a bone's triangles, a point is on the break
SHOWN = ("angulation_ap_deg", "angulation_lateral_deg", "rotation_deg", "shortening_mm")


@dataclass(frozen=True)
class Case:
    """A broken bone: what is seen of it, and the truth.

    Attributes
    ----------
    whole : Mesh
        As it was; its upper fragment still lies there.
    fracture : Fracture
    moving : (4, 4) array
        By which the lower fragment is displaced.
    frame : (4, 4) array
        Of the break: see `break_frame`.
    fragments : (Fragment, Fragment)
    """

    whole: Mesh
    fracture: Fracture
    moving: np.ndarray
    frame: np.ndarray
    fragments: tuple[Fragment, ...] = ()

    def moved(self, matrix: np.ndarray) -> Case:
        """The same in another frame, without what is seen."""
        moving = matrix @ self.moving @ np.linalg.inv(matrix)
        return Case(self.whole.moved(matrix), self.fracture, moving, matrix @ self.frame)


def main() -> int:
    """Print a row for each case, and medians."""
    paths = independent("femur")
    if not paths:
        print(f"{INDEPENDENT}: no femora; there is nothing to measure on.")
        return 0
    bones, rows = [subject(path, built_in(), number) for number, path in enumerate(paths)], []
    for number, bone in enumerate(bones * POSES):
        case = broken_bone(bone, number)
        model = built_in().of_side(bone.side)
        fit = fit_fragments([(model, *case.fragments)])
        rows.append(scored(fit, displacements(fit)[0], case))
        print(f"{bone.name} {case.fracture.kind} at {case.fracture.place:.2f}:", words(rows[-1]), flush=True)
    for name in ("angle", "shift", "turn", "surface"):
        values = np.concatenate([np.atleast_1d(row[name]) for row in rows])
        print(f"{name}: median {np.median(values):.2f}, 90 % {np.percentile(values, 90):.2f}")
    for name in SHOWN:
        print(f"{name}: within two standard deviations {np.mean([row[name] < 2 for row in rows]):.0%}")
    return 0


def words(row: dict) -> str:
    """A row in words."""
    return f"angle {row['angle']:.1f}, turn {row['turn']:.1f} degrees, middle {row['shift']:.1f} mm"


def broken_bone(bone: Subject, number: int) -> Case:
    """A bone broken and displaced at random, and its fragments as two cameras see them."""
    whole, fracture = break_of(bone, number)
    frame = break_frame(whole, fracture.place)
    moving = displacement(frame, fracture)
    pieces = break_bone(Bone(whole), fracture)
    cameras = [Stand(turn).camera(np.zeros(3), SHAPE, (PIXEL, PIXEL), SID, SOD) for turn in (0.0, 90.0)]
    fragments = [
        seen(piece.outer, whole.moved(motion), motion @ frame, cameras, side)
        for piece, motion, side in zip(pieces, (np.eye(4), moving), ("below", "above"), strict=True)
    ]
    return Case(whole, fracture, moving, frame, tuple(fragments))


def break_of(bone: Subject, number: int) -> tuple[Mesh, Fracture]:
    """A bone about the origin, and how it breaks: always the same for a number."""
    rng = np.random.default_rng(100 + number)
    points = bone.mesh.points - bone.mesh.points.mean(axis=0)
    whole = Mesh(points, np.asarray(bone.mesh.faces, np.int64))
    kind = FRACTURES[number % len(FRACTURES)]
    slope = 0.0 if kind == "transverse" else rng.uniform(25, 55)
    place = PLACES[number // len(FRACTURES) % len(PLACES)] + rng.uniform(-0.05, 0.05)
    leans, goes = rng.uniform(0, 2 * np.pi, 2)
    angle, aside, shorter = rng.uniform(0, (30.0, 30.0, 40.0))
    return whole, Fracture(
        kind,
        float(place),
        float(slope),
        float(rng.uniform(0, 360)),
        0.5,
        (aside * np.cos(goes), aside * np.sin(goes), shorter),
        (angle * np.cos(leans), angle * np.sin(leans), rng.normal(0, 8)),
        number,
    )


def seen(piece: Mesh, whole: Mesh, frame: np.ndarray, cameras: list[Camera], side: str) -> Fragment:
    """A fragment's outlines, broken edges flagged, and where the bone's silhouette comes to the break on that side."""
    on_it = off_triangles(piece.points[piece.faces].mean(axis=1), whole) > FLAT_MM
    to_fine = np.array([[FINER, 0, (FINER - 1) / 2], [0, FINER, (FINER - 1) / 2]])
    views, ends = [], []
    for camera in cameras:
        mask, edge = (shadow(camera, piece.points, faces, FINER) for faces in (piece.faces, piece.faces[on_it]))
        edge = cv2.dilate(edge.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        (outline, *_) = outlines(smooth_field(mask), to_fine, np.zeros(mask.shape, bool))
        column, row = np.rint(outline.points @ to_fine[:, :2].T + to_fine[:, 2]).astype(int).T
        outline, _ = broken(outline, edge[row.clip(0, mask.shape[0] - 1), column.clip(0, mask.shape[1] - 1)])
        views.append(view_from(camera, [outline]))
        ends.append(to_mm(camera, grazed(piece, on_it, whole, frame, camera)))
    return Fragment(tuple(views), **{side: Ends(np.array(ends))})


def off_triangles(places: np.ndarray, mesh: Mesh) -> np.ndarray:
    """How far (k,) places are off the planes of the triangles near them: 0 of what was cut out of these."""
    a, b, c = (mesh.points[mesh.faces[:, corner]] for corner in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    near = cKDTree((a + b + c) / 3).query(places, 30)[1]
    return np.abs(np.einsum("kji,kji->kj", normals[near], places[:, None] - a[near])).min(axis=1)


def grazed(piece: Mesh, on_it: np.ndarray, whole: Mesh, frame: np.ndarray, camera: Camera) -> np.ndarray:
    """Columns and rows (2, 2) at which the break's rim crosses the bone's silhouette, left side first, walking up."""
    around = piece.faces[:, [[0, 1], [1, 2], [2, 0]]]
    edges = [np.sort(around[which].reshape(-1, 2), axis=1) for which in (on_it, ~on_it)]
    shared = set(map(tuple, edges[0].tolist())) & set(map(tuple, edges[1].tolist()))
    rim = piece.points[np.unique(np.array(list(shared)))]
    away, near = cKDTree(whole.points).query(rim, 3)
    weights = 1 / (away + 1e-3)
    normals = (prepared(whole.faces, len(whole.points)).normals(whole.points)[near] * weights[..., None]).sum(axis=1)
    local = (rim - rim.mean(axis=0)) @ frame[:3, :3]
    order = np.argsort(np.arctan2(local[:, 1], local[:, 0]))
    grazing = np.einsum("ni,ni->n", normals, rim - camera.source_lps)[order]
    rim = rim[order]
    crossed = (grazing > 0) != (np.roll(grazing, -1) > 0)
    pixel = camera.project((rim + np.roll(rim, -1, axis=0))[crossed] / 2)[0]
    up = np.diff(camera.project(frame[:3, 3] + np.outer([0.0, 20.0], frame[:3, 2]))[0], axis=0)[0]
    across = pixel @ [-up[1], up[0]]
    return pixel[[across.argmin(), across.argmax()]]


def scored(fit: BrokenFit, measured: Mapping[str, Measure], case: Case) -> dict:
    """Errors of the displacement (degrees, mm), of the surfaces where they lie (mm), and of measures in deviations."""
    found, center, up = np.linalg.inv(to_reduced(fit)[-1]), case.frame[:3, 3], case.frame[:3, 2]
    wrong = found[:3, :3] @ case.moving[:3, :3].T
    *vector, scalar = Rotation.from_matrix(wrong).as_quat()
    off = found @ [*center, 1] - case.moving @ [*center, 1]
    state, side = fit.upper.state, fit.upper.model.side
    axis = np.subtract(*measured["angulation_deg"].lines["upper_axis"][::-1])
    lateral = state.rotation @ [1.0 if side == "left" else -1.0, 0.0, 0.0]
    truth = fracture_measures(case.moving, center, axis, lateral, side)
    return {
        "angle": np.degrees(np.arccos(np.clip(up @ wrong @ up, -1, 1))),
        "turn": abs((2 * np.degrees(np.arctan2(vector @ up, scalar)) + 180) % 360 - 180),
        "shift": float(np.linalg.norm(off)),
        "surface": surfaces(fit, case),
        **{name: abs(measured[name].value - truth[name].value) / measured[name].deviation for name in SHOWN},
    }


def surfaces(fit: BrokenFit, case: Case) -> list[float]:
    """Mean distance (mm) of each true fragment's surface, but for 5 mm about the break, from the fitted one."""
    points = case.whole.points
    height = (points - case.frame[:3, 3]) @ case.frame[:3, 2]
    lower = points[height < -5] @ case.moving[:3, :3].T + case.moving[:3, 3]
    return [
        float(np.abs(distance_to(each.points, each.model.faces, there[::5].copy())).mean())
        for each, there in zip(fit.fits, (points[height > 5], lower), strict=True)
    ]


if __name__ == "__main__":
    sys.exit(main())
