"""The command `xrayto3d reconstruct`."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from types import ModuleType
from typing import TYPE_CHECKING

from ..choices import EXTENTS, FRAGMENTS, METHOD_NAMES, SIDES, Finding, Making
from ..errors import ReconstructionError
from ..helpers.progress import tell
from .further_views import add_further_views, further_views, told_of_views, view_angle
from .picture_options import add_marking, add_reading, check_outputs, finding, is_folder, marking, naming, read
from .terminal import DONE, numbers, one_line, progress_bar, warn

if TYPE_CHECKING:
    from ..case import Case

_FINDING, _MAKING = Finding(), Making()  # as usual


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command that makes a surface."""
    command = commands.add_parser(
        "reconstruct",
        help="a closed 3D surface from a radiograph",
        description="Reconstruct a bone surface from a radiograph (PNG, JPEG, TIFF, BMP or DICOM).",
    )
    command.set_defaults(run=_reconstruct)
    argument = command.add_argument
    argument("image", metavar="IMAGE", help="the radiograph")
    argument(
        "-o",
        "--output",
        metavar="OUT",
        required=True,
        help="surface of the main bone to write (.stl, .ply, .obj or .vtp), or a folder: a surface of each bone, "
        "scene.json and a report",
    )
    argument("--method", choices=METHOD_NAMES, default=_MAKING.method)
    argument(
        "--bones",
        metavar="BONES",
        default=_FINDING.bones,
        help="main; all: every bone of the leg that is seen and has a shape model; or a list, the main one first: "
        "tibia,fibula (%(default)s)",
    )
    argument("--depth-network", metavar="MODEL.json", help="another depth network than the one that is shipped")
    add_marking(command)
    add_reading(command)
    add_further_views(command)

    shape = command.add_argument_group("shape model")
    shape.add_argument("--side", choices=SIDES, default="auto", help="of the patient (%(default)s)")
    shape.add_argument(
        "--shape-model",
        metavar="MODEL",
        help="femur, tibia, fibula, patella or hip, if another bone was found than is meant; or a file (.npz)",
    )
    shape.add_argument("--height", type=float, metavar="CM", help="of the patient")
    shape.add_argument("--sex", choices=("female", "male"), default="", help="of the patient")
    shape.add_argument("--other-side", metavar="SURFACE", help="the same bone of the other leg, a closed surface")
    shape.add_argument(
        "--landmark",
        nargs=3,
        action="append",
        metavar=("NAME", "X", "Y"),
        help="where the picture shows head_center, trochanter_tip, medial_condyle, ... (may be repeated)",
    )

    result = command.add_argument_group("what comes out")
    result.add_argument(
        "--triangles", type=int, default=_MAKING.triangles, metavar="N", help="the most triangles (%(default)s)"
    )
    result.add_argument(
        "--extent",
        choices=EXTENTS,
        default=_MAKING.extent,
        help="of a fitted bone: the whole, or what was seen of it, cut off flat; auto: the seen part where less than "
        "80 %% of its length was seen (%(default)s)",
    )
    result.add_argument(
        "--fragments",
        choices=FRAGMENTS,
        default=_MAKING.fragments,
        help="auto: the fragments, and the bone that they make, where a fracture's line is drawn in each view "
        "(%(default)s)",
    )
    result.add_argument("--json", metavar="FILE", help="numbers and warnings")
    result.add_argument(
        "--report", metavar="DIR", help="a page (index.html) with every stage, the numbers and the surface to be turned"
    )
    result.add_argument(
        "--dicom",
        metavar="DIR",
        help="an empty folder for DICOM objects in the study of the radiograph: surfaces (Encapsulated STL), masks and "
        "a report of the measures. Needs highdicom: pip install 'xrayto3d[dicom]'",
    )
    result.add_argument("--force", action="store_true", help="go on if the picture shows no femur")


def _case(options: argparse.Namespace) -> Case:
    """The views as the command names them, read, with what is marked in each."""
    from dataclasses import replace

    from ..case import Case, Patient, View
    from ..surface import read_surface

    views = [View(read(options), marking(vars(options), options)), *further_views(options)]
    if options.cameras:
        from ..geometry.camera_files import read_cameras

        cameras = read_cameras(options.cameras, [view.radiograph.pixels.shape for view in views])
        views = [replace(view, camera=camera) for view, camera in zip(views, cameras, strict=True)]
    patient = Patient(options.height, options.sex, read_surface(options.other_side) if options.other_side else None)
    return Case(views, options.side, view_angle(options), patient)


def _archive(options: argparse.Namespace) -> ModuleType | None:
    """The room that writes for an archive, if that is asked for and can be done."""
    if not options.dicom:
        return None
    try:
        from .. import archive
    except ModuleNotFoundError as error:
        raise ReconstructionError(
            f"--dicom needs the Python package {error.name}: pip install 'xrayto3d[dicom]'."
        ) from error
    archive.check_empty(options.dicom)
    return archive


def _reconstruct(options: argparse.Namespace, stop: threading.Event) -> int:
    from ..case import Settings
    from ..pipeline import reconstruct, write_main, write_scene
    from ..surface import check_surface_path

    folder = is_folder(options.output)
    if not folder:
        check_surface_path(options.output)
    check_outputs(options, told_of_views(options), folder)
    archive = _archive(options)
    making = Making(
        method=options.method,
        depth_network=options.depth_network,
        triangles=options.triangles,
        shape_model=options.shape_model,
        extent=options.extent,
        fragments=options.fragments,
        force=options.force,
    )
    with progress_bar(stop) as progress:
        tell(progress, 0.0, "reading")
        case = _case(options)
        sources = archive.read_sources([view.radiograph.path for view in case.views]) if archive else ()
        with naming(options.image):
            result = reconstruct(case, Settings.of(finding(options), making), progress)
        tell(progress, 1.0, "writing")  # the last chance to stop
        if report := options.report or (os.path.join(options.output, "report") if folder else None):
            from ..report import write_report

            write_report(result, report)
        if archive:
            archive.write_archive(result, sources, options.dicom)
    with numbers(options.json, result.as_json):  # if the surface cannot be written, there are no numbers either
        if folder:
            write_scene(result, options.output)
        else:
            write_main(result, options.output)

    warn(result.warnings)
    if sys.stdout.isatty():
        for bone in result.bones if folder else result.bones[:1]:
            told = bone.surface.describe()
            x0, x1, y0, y1, z0, z1 = told["bounds_mm"]
            print(
                f"{one_line(options.output)}: {bone.called}, {told['triangles']} triangles, "
                f"{x1 - x0:.1f} x {y1 - y0:.1f} x {z1 - z0:.1f} mm, "
                f"within {told['decimation_error_mm']:.3f} mm of the undecimated surface"
            )
    return DONE
