"""The command `xrayto3d reconstruct`."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from typing import TYPE_CHECKING

from ..errors import ReconstructionError
from ..helpers.progress import tell
from .picture_options import (
    add_calibration,
    add_marking,
    add_reading,
    calibrated,
    check_outputs,
    finding,
    is_folder,
    marking,
    mask_from,
    naming,
    read,
    read_as_said,
)
from .terminal import DONE, numbers, progress_bar, warn

if TYPE_CHECKING:
    from ..case import Case


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command that makes a surface."""
    from ..case import EXTENTS, SIDES, Settings
    from ..methods import METHODS
    from ..radiograph import VIEWS

    usual = Settings()
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
    argument("--method", choices=tuple(METHODS), default=usual.method)
    argument(
        "--bones",
        metavar="BONES",
        default=usual.bones,
        help="main; all: every bone of the leg that is seen and has a shape model; or a list, the main one first: "
        "tibia,fibula (%(default)s)",
    )
    argument("--depth-network", metavar="MODEL.json", help="another depth network than the one that is shipped")
    add_marking(command)
    add_reading(command)

    shape = command.add_argument_group("shape model, and a second view for it")
    shape.add_argument("--lateral", metavar="IMAGE", help="the same bone seen from the side")
    shape.add_argument(
        "--lateral-roi", nargs=4, type=float, metavar=("X0", "Y0", "X1", "Y1"), help="box to look in there"
    )
    shape.add_argument("--lateral-mask", metavar="IMAGE", help="the bone there, drawn by hand")
    shape.add_argument("--lateral-projection", choices=VIEWS, help="which way the rays went there")
    add_calibration(shape.add_mutually_exclusive_group(), "lateral-", "the second picture")
    shape.add_argument("--view-angle", type=float, metavar="DEGREES", help="between the views (about 90)")
    shape.add_argument("--side", choices=SIDES, default=usual.side, help="of the patient (%(default)s)")
    shape.add_argument(
        "--shape-model",
        metavar="MODEL",
        help="femur, tibia, fibula, patella or hip, if another bone was found than is meant; or a file (.npz)",
    )
    shape.add_argument("--height", type=float, metavar="CM", help="of the patient")
    shape.add_argument("--sex", choices=("female", "male"), default=usual.sex, help="of the patient")
    shape.add_argument("--other-side", metavar="SURFACE", help="the same bone of the other leg, a closed surface")
    for name, where in (("--landmark", "the picture"), ("--lateral-landmark", "the second picture")):
        shape.add_argument(
            name,
            nargs=3,
            action="append",
            metavar=("NAME", "X", "Y"),
            help=f"where {where} shows head_center, trochanter_tip, medial_condyle, ... (may be repeated)",
        )

    result = command.add_argument_group("what comes out")
    result.add_argument(
        "--triangles", type=int, default=usual.triangles, metavar="N", help="the most triangles (%(default)s)"
    )
    result.add_argument(
        "--extent",
        choices=EXTENTS,
        default=usual.extent,
        help="of a fitted bone: the whole, or what was seen of it, cut off flat; auto: the seen part where less than "
        "80 %% of its length was seen (%(default)s)",
    )
    result.add_argument("--json", metavar="FILE", help="numbers and warnings")
    result.add_argument(
        "--report", metavar="DIR", help="a page (index.html) with every stage, the numbers and the surface to be turned"
    )
    result.add_argument("--force", action="store_true", help="go on if the picture shows no femur")


def _case(options: argparse.Namespace) -> Case:
    """The views as the command names them, read, with what is marked in each."""
    from ..case import Case, Marking, Patient, View
    from ..surface import read_surface

    views = [View(read(options), marking(options, _landmarks(options.landmark, "--landmark")))]
    if options.lateral:
        lateral = Marking(
            roi=options.lateral_roi,
            mask=mask_from(options.lateral_mask, options),
            landmarks=_landmarks(options.lateral_landmark, "--lateral-landmark"),
        )
        second = read_as_said(options, options.lateral, options.lateral_projection)
        views.append(View(calibrated(second, options.lateral_calibrate, options.lateral_ball), lateral))
    patient = Patient(options.height, options.sex, read_surface(options.other_side) if options.other_side else None)
    return Case(views, options.side, options.view_angle, patient)


def _check_second_view(options: argparse.Namespace) -> None:
    """Refuse what is said of a second view where there is none."""
    if options.lateral is not None:
        return
    own = ("roi", "mask", "landmark", "projection", "calibrate", "ball")
    for name in (*(f"lateral_{each}" for each in own), "view_angle"):
        if getattr(options, name) is not None:
            option = "--" + name.replace("_", "-")
            raise ReconstructionError(f"{option}: there is no second view; give it with --lateral IMAGE.")


def _landmarks(given: list[list[str]] | None, option: str) -> dict[str, tuple[float, float]] | None:
    """Landmarks by name, as column and row."""
    try:
        return {name: (float(x), float(y)) for name, x, y in given} if given else None
    except ValueError as error:
        raise ReconstructionError(f"{option}: a name, a column and a row are needed ({error}).") from error


def _reconstruct(options: argparse.Namespace, stop: threading.Event) -> int:
    from ..case import Making, Settings
    from ..pipeline import reconstruct, write_scene
    from ..surface import check_surface_path, write_surface

    folder = is_folder(options.output)
    if not folder:
        check_surface_path(options.output)
    check_outputs(options, folder)
    _check_second_view(options)
    making = Making(
        method=options.method,
        depth_network=options.depth_network,
        triangles=options.triangles,
        shape_model=options.shape_model,
        extent=options.extent,
        force=options.force,
    )
    with progress_bar(stop) as progress:
        tell(progress, 0.0, "reading")
        case = _case(options)
        with naming(options.image):
            result = reconstruct(case, Settings.of(finding(options), making), progress)
        tell(progress, 1.0, "writing")  # the last chance to stop
        if report := options.report or (os.path.join(options.output, "report") if folder else None):
            from ..report import write_report

            write_report(result, report)
    with numbers(options.json, result.as_json):  # if the surface cannot be written, there are no numbers either
        if folder:
            write_scene(result, options.output)
        else:
            write_surface(result.surface.polydata, options.output)

    warn(result.warnings)
    if sys.stdout.isatty():
        for bone in result.bones if folder else result.bones[:1]:
            told = bone.surface.describe()
            x0, x1, y0, y1, z0, z1 = told["bounds_mm"]
            print(
                f"{options.output}: {bone.called}, {told['triangles']} triangles, {x1 - x0:.1f} x {y1 - y0:.1f} x "
                f"{z1 - z0:.1f} mm, within {told['decimation_error_mm']:.3f} mm of the undecimated surface"
            )
    return DONE
