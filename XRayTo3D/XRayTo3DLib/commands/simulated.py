"""What the command `xrayto3d simulate` makes: radiographs, and the truth beside them."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..choices import SEGMENTAL, SIMULATED_VIEWS
from ..errors import SimulationError
from ..geometry.frames import ENGINE_TO_LPS
from ..helpers.files import check_folder, make_folder, replacing
from ..helpers.progress import Progress, tell
from ..simulate.bones.bone import Bone, Mesh, checked_mesh
from ..simulate.bones.volume import Volume
from ..simulate.film.setup import IDEAL, Exposure, Setup
from ..simulate.film.view import Simulated, simulate
from ..version import __version__


def simulated(options: argparse.Namespace, progress: Progress | None) -> list[str]:
    """Make the radiographs; return warnings.

    Raises
    ------
    SimulationError, SurfaceError, ReconstructionError
        In words, before anything is written.
    """
    views = _views(options.views)
    check_folder(options.output)
    setup = _setup(options)
    tell(progress, 0.0, "the bone")
    body, side, about, warnings = _body(options)
    made = []
    for number, view in enumerate(views):
        tell(progress, (1 + number) / (2 + len(views)), f"radiograph {view}")
        made.append(simulate(body, view, side, setup, np.random.default_rng([options.seed, number])))
    tell(progress, 1.0, "writing")
    folder = make_folder(options.output)
    about |= {"version": __version__, "seed": options.seed, "side": side, "warnings": warnings}
    about["views"] = [_write(simulated, body, folder, number, options) for number, simulated in enumerate(made, 1)]
    with replacing(folder / "simulation.json") as temporary:
        temporary.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return warnings


def _views(text: str) -> list[str]:
    """Names of views, each once.

    Raises
    ------
    SimulationError
        If there is no such view, or one is named twice.
    """
    views = [view.strip().lower() for view in text.split(",")]
    for view in views:
        if view not in SIMULATED_VIEWS:
            raise SimulationError(
                f"--views {text}: there is no view {view!r}; choose from {', '.join(SIMULATED_VIEWS)}."
            )
        if views.count(view) > 1:
            raise SimulationError(f"--views {text}: {view} is named twice.")
    return views


def _setup(options: argparse.Namespace) -> Setup:
    if options.seed < 0:
        raise SimulationError(f"--seed {options.seed}: it must be zero or more.")
    exposure = IDEAL if options.ideal else Exposure(photons=options.photons)
    return Setup(
        pixel_size_mm=options.pixel_size,
        sid_mm=options.sid,
        sod_mm=options.sod,
        shape=options.detector and tuple(options.detector),
        center_lps=options.center and tuple(options.center),
        exposure=exposure,
        tissue_mm=0.0 if options.ideal else options.tissue,
        ball_mm=options.ball,
        collimation_mm=options.collimate,
        marked=not options.ideal,
    )


def _body(options: argparse.Namespace) -> tuple[Sequence[Bone] | Volume, str, dict, list[str]]:
    """What is X-rayed, its side, what the JSON tells of it, and warnings."""
    from ..simulate.bones.volume import is_volume_path, read_volume

    if options.inner and options.cortex is not None:
        raise SimulationError("--inner and --cortex: give one of them.")
    if not options.surface and (options.inner or options.cortex is not None):
        raise SimulationError("--inner and --cortex go with a SURFACE; a synthetic femur has a cortex of its own.")
    if (options.displaced or options.displace) and not options.fracture:
        name = "--displaced" if options.displaced else "--displace"
        raise SimulationError(f"{name}: there is nothing to displace without --fracture.")
    if options.surface and is_volume_path(options.surface):
        if options.inner or options.cortex is not None or options.fracture:
            raise SimulationError(f"{options.surface}: --inner, --cortex and --fracture are for surfaces.")
        volume = read_volume(options.surface)
        side = _side(options.side, volume.corners)
        return volume, side, {"volume": options.surface}, []
    if options.surface:
        bone, warnings = _read_bone(options)
        side = _side(options.side, bone.outer.points)
        about = {"surface": options.surface}
    else:
        bone, side, about = _synthetic(options)
        warnings = []
    if not options.fracture:
        return [bone], side, about, warnings
    pieces, fragments = _broken(bone, options)
    return pieces, side, about | {"fracture": options.fracture, "fragments": fragments}, warnings


def _side(side: str, points: np.ndarray) -> str:
    """The side that was asked for, or the one on which the middle of the points lies; x rises to the left."""
    if side != "auto":
        return side
    return "left" if points[:, 0].min() + points[:, 0].max() >= 0 else "right"


def _read_bone(options: argparse.Namespace) -> tuple[Bone, list[str]]:
    from ..simulate.bones.hollow import hollow

    outer, warnings = _read_mesh(options.surface)
    if options.inner:
        inner, more = _read_mesh(options.inner)
        if (inner.points.min(axis=0) < outer.points.min(axis=0)).any() or (
            inner.points.max(axis=0) > outer.points.max(axis=0)
        ).any():
            raise SimulationError(f"--inner {options.inner}: it reaches out of {options.surface}.")
        return Bone(outer, inner), warnings + more
    if options.cortex is None:
        return Bone(outer), warnings
    if not 0 < options.cortex < np.inf:
        raise SimulationError(f"--cortex {options.cortex:g}: it must be above zero.")
    return Bone(outer, hollow(outer, options.cortex)), warnings


def _read_mesh(path: str | os.PathLike) -> tuple[Mesh, list[str]]:
    from ..surface import read_surface

    return checked_mesh(*read_surface(path), os.fspath(path))


def _synthetic(options: argparse.Namespace) -> tuple[Bone, str, dict]:
    """A femur of the family."""
    from dataclasses import asdict

    from ..anatomy import measure_femur
    from ..simulate.bones.family import sample
    from ..simulate.bones.femur import femur

    parameters = sample(options.seed, side=None if options.side == "auto" else options.side)
    bone = femur(parameters)
    marks = measure_femur(bone.outer.points, bone.outer.faces, parameters.side).landmarks
    about = {"parameters": asdict(parameters), "landmarks_lps": _lists(marks)}
    return bone, parameters.side, about


def _broken(bone: Bone, options: argparse.Namespace) -> tuple[Sequence[Bone], list[dict]]:
    """The fragments, and what the JSON tells of them: the matrix (LPS, mm) that puts each back where it broke off."""
    from ..methods import fragment_names
    from ..simulate.bones.fracture import displaced, random_fracture
    from ..simulate.bones.segmental import break_in_pieces, random_segmental

    rng = np.random.default_rng([options.seed, _FOR_FRACTURES])
    if options.fracture == SEGMENTAL:
        fractures = random_segmental(rng, options.displaced)
    else:
        fractures = [random_fracture(rng, options.displaced, options.fracture)]
    if options.displace:
        fractures = [displaced(each, rng, *options.displace) for each in fractures]
    pieces = break_in_pieces(bone, fractures)
    told = zip(fragment_names(len(pieces.bones)), pieces.motions, strict=True)
    return pieces.bones, [{"name": name, "to_reduced": np.linalg.inv(motion).tolist()} for name, motion in told]


_FOR_FRACTURES = 1_000_000  # a stream of random numbers of its own, beside those of the views


def _lists(points: dict[str, np.ndarray]) -> dict[str, list[float]]:
    return {name: [round(float(x), 3) for x in point] for name, point in points.items()}


def _write(
    simulated: Simulated, body: Sequence[Bone] | Volume, folder: Path, number: int, options: argparse.Namespace
) -> dict:
    """Write one view's files; return what the JSON tells of it."""
    import cv2

    from ..simulate.film.dx import write_dx

    camera = simulated.camera
    names = {what: f"{simulated.view}{ending}" for what, ending in _ENDINGS.items()}
    study = f"{options.surface or 'femur'} {options.seed} {options.fracture}"
    write_dx(simulated, folder / names["dicom"], study, number, femur=not options.surface)
    for what, image in (("picture", simulated.pixels), ("mask", simulated.mask.astype(np.uint8) * 255)):
        with replacing(folder / names[what]) as temporary:
            temporary.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    _write_thickness(simulated, folder / names["thickness"])
    if isinstance(body, Volume):
        del names["reference"]
    else:
        _write_reference(body, camera.from_lps, folder / names["reference"])
    return {
        "view": simulated.view,
        "files": names,
        "rows": camera.shape[0],
        "columns": camera.shape[1],
        "pixel_size_mm": camera.pixel_size_mm[0],
        "sid_mm": camera.sid_mm,
        "sod_mm": camera.sod_mm,
        "source_lps": [float(x) for x in camera.source_lps],
        "lps_to_picture": (ENGINE_TO_LPS @ camera.from_lps).tolist(),
    }


_ENDINGS = {
    "dicom": ".dcm",
    "picture": ".png",
    "mask": "_mask.png",
    "thickness": "_thickness.nrrd",
    "reference": "_reference.stl",
}


def _write_thickness(simulated: Simulated, path: Path) -> None:
    """Thickness (mm, float32) as a picture that lies on the DICOM file's."""
    import SimpleITK as sitk  # noqa: N813  (its usual name)

    image = sitk.GetImageFromArray(simulated.thickness_mm)
    image.SetSpacing(simulated.camera.pixel_size_mm)
    with replacing(path) as temporary:
        sitk.WriteImage(image, os.fspath(temporary), useCompression=True)


def _write_reference(bones: Sequence[Bone], from_lps: np.ndarray, path: Path) -> None:
    """The outer surface, standing where the radiograph saw it: in the frame of a reconstruction from it."""
    from ..surface import polydata, write_surface

    points, faces, first = [], [], 0
    for bone in bones:
        mesh = bone.outer.moved(from_lps)
        points.append(mesh.points)
        faces.append(mesh.faces + first)
        first += len(mesh.points)
    write_surface(polydata(np.concatenate(points), np.concatenate(faces)), path)
