"""Volume: a bone as a network sees it in a grid into which its calibrated views are carried along their rays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import segmentation, surface
from ..case import Case, Making
from ..errors import ReconstructionError
from ..geometry.camera import Camera
from ..helpers.progress import Progress
from ..helpers.stages import Stages
from ..segmentation.morphology import dice
from ..shape.shadow import outlined, shadow
from ..shape.silhouette import prepared
from ..surface import Surface
from ..volume import Made, Seen, bone_of
from .bone import BoneResult, FoundBone
from .standing import cameras_of, unusable
from .volumetric import AGREES, Volumetric

_MOST_ROWS = 1000  # of a picture in which a shadow is drawn
_LEAST = 0.5  # Dice of a bone's shadow and the bone that was found, in every view: below, they are two bones
_GRAZED = 0.3  # cosine between ray and normal up to which a point is of the outline
_AT_EDGE = 0.75  # steps from the edge of a mask up to which a point lies on it


def why_not(case: Case, making: Making) -> str:
    """What speaks against it: one view, more than eight, one twice, or views without calibrated cameras."""
    views = case.views
    if len(views) < 2:
        return (
            "The method volume needs two calibrated views: how deep a bone is, one view does not tell it. Give a "
            "second view and the cameras of both, or take the method shape or solid."
        )
    if reason := unusable(case, "volume"):
        return reason
    if views[0].camera is None:
        return (
            "The method volume needs calibrated cameras, which tell how the views stand to each other: give them, or "
            "take the method shape, which finds that as well."
        )
    return ""


def make(bone: FoundBone, making: Making, progress: Progress | None = None) -> BoneResult:
    """Make the bone that a volume network sees in calibrated views; see `Method.make`.

    Where it is not told on which side of the patient the first camera stood, both are tried, and the one is taken in
    which the network is surer. A broken bone is one surface; what the pictures' borders cut off ends there.
    """
    stage = Stages(progress)
    ways = list(cameras_of(bone, bone.side or "left", None))
    pieces = min(segmentation.count_pieces(found.bone.mask) for found in bone.seen)
    with stage("volume", 0.0, "looking at the bone in a grid"):
        tried = [(bone_of(_seen(bone, cameras), pieces=pieces), cameras) for cameras in ways]
        made, cameras = min(tried, key=lambda each: each[0].deviation_mm.mean())
    with stage("surface", 0.7, "building the surface"):
        shown = _shown(bone, made, cameras)
        _check_shadow(shown[0])
        piece, kept = _surface_of(bone, made, cameras, making.triangles)
    seen = Volumetric(made.step_mm, made.deviation_mm[kept], *shown)
    return BoneResult(bone.name, bone.side, (piece,), volume=seen, timings_s=stage.timings_s)


def made_surely(bone: FoundBone, making: Making, progress: Progress | None = None) -> BoneResult:
    """As `make`, but only a bone whose shadow is the bone that was found, in every view.

    Raises
    ------
    ReconstructionError
        If it is not, or cannot be made.
    """
    if reason := why_not(bone.case, making):
        raise ReconstructionError(reason)
    made = make(bone, making, progress)
    if not made.volume.agrees:
        raise ReconstructionError(
            f"The bone that a volume network sees casts another shadow (Dice {min(made.volume.agreement):.2f}, "
            f"{AGREES:g} is needed)."
        )
    return made


def _check_shadow(agreement: Sequence[float]) -> None:
    """Raise ReconstructionError if a bone's shadow is elsewhere than the bone that was found in a view."""
    worst = int(np.argmin(agreement))
    if agreement[worst] < _LEAST:
        raise ReconstructionError(
            f"The views do not look at the same place, or show other bones: in view {worst + 1} the shadow of what the "
            f"volume network sees has a Dice of {agreement[worst]:.2f} with the bone that was found ({_LEAST:g} is "
            "needed). Check that each view has its own camera, and what was found in each."
        )


def _seen(bone: FoundBone, cameras: Sequence[Camera]) -> list[Seen]:
    return [
        Seen(camera, found.bone.mask, found.radiograph.pixels) for camera, found in zip(cameras, bone.seen, strict=True)
    ]


def _shown(bone: FoundBone, made: Made, cameras: Sequence[Camera]) -> tuple[tuple[float, ...], list]:
    """Of each view, Dice of the bone's shadow and the mask where it was looked for, and the shadow's outlines."""
    import cv2

    agreement, lines = [], []
    for found, camera in zip(bone.seen, cameras, strict=True):
        scale = min(1.0, _MOST_ROWS / max(camera.shape))
        drawn = shadow(camera, made.points, made.faces, scale)
        mask, region = (
            cv2.resize(each.astype(np.float32), drawn.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
            for each in (found.bone.mask, found.region)
        )
        agreement.append(float(dice(drawn & region, mask & region)))
        lines.append(outlined(drawn, scale))
    return tuple(agreement), lines


def _surface_of(bone: FoundBone, made: Made, cameras: Sequence[Camera], triangles: int) -> tuple[Surface, np.ndarray]:
    """The bone in the engine's frame of the first picture, and which of its points the surface's are nearest to."""
    from scipy.spatial import cKDTree

    local = cameras[0].in_picture(made.points)
    mesh, error = surface.decimate(surface.polydata(local, made.faces[:, ::-1]), triangles, made.step_mm)
    kept = cKDTree(local).query(surface.arrays(mesh)[0])[1]
    surface.with_observed(mesh, _observed(bone, made, cameras)[kept])
    surface.with_point_data(mesh, surface.UNCERTAINTY, made.deviation_mm[kept].astype(np.float32))
    return Surface(mesh, "volume", error), kept


def _observed(bone: FoundBone, made: Made, cameras: Sequence[Camera]) -> np.ndarray:
    """Which points (n,) are of an outline that was seen: a ray grazes them at the edge of a mask."""
    from scipy.ndimage import map_coordinates

    normals = prepared(made.faces, len(made.points)).normals(made.points)
    observed = np.zeros(len(made.points), bool)
    for seen in _seen(bone, cameras):
        rays = made.points - seen.camera.source_lps
        grazed = np.abs((rays * normals).sum(axis=1)) < _GRAZED * np.linalg.norm(rays, axis=1)
        pixel = seen.camera.project(made.points)[0]
        inwards = map_coordinates(seen.inwards_mm, pixel[:, ::-1].T, order=1, mode="nearest")
        observed |= grazed & (np.abs(inwards) < _AT_EDGE * made.step_mm)
    return observed
