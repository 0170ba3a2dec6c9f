"""The command `xrayto3d simulate`."""

from __future__ import annotations

import argparse
import threading

from ..choices import FRACTURES, SEGMENTAL, SIDES, SIMULATED_VIEWS
from ..simulate.film.setup import Setup
from .terminal import DONE, progress_bar, warn


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser(
        "simulate",
        help="radiographs of a surface, of a CT volume or of a synthetic femur, with the truth",
        description="Simulate radiographs (DICOM and PNG) and write the truth beside them: the bone's mask, its "
        "thickness (mm), and its surface in the frame of a reconstruction from that picture.",
    )
    _add_arguments(command)
    command.set_defaults(run=_simulate)


def _simulate(options: argparse.Namespace, stop: threading.Event) -> int:
    from .simulated import simulated

    with progress_bar(stop) as progress:
        warnings = simulated(options, progress)
    warn(warnings)
    return DONE


def _add_arguments(command: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    usual = Setup()
    add = command.add_argument
    add(
        "surface",
        metavar="SURFACE",
        nargs="?",
        help="closed surface (.stl, .ply, .obj, .vtp) in LPS mm, or a CT volume",
    )
    add("-o", "--output", metavar="DIR", required=True, help="folder for what is made")
    add("--views", default="ap,lateral", metavar="V[,V]", help=f"of {', '.join(SIMULATED_VIEWS)} (%(default)s)")
    add("--seed", type=int, default=0, metavar="N", help="chooses the femur, if no surface is given, and the noise")
    add("--side", choices=SIDES, default="auto", help="auto: as drawn, or by the surface's place")

    bone = command.add_argument_group("the bone")
    bone.add_argument("--inner", metavar="SURFACE", help="inner surface of the bone's cortex")
    bone.add_argument("--cortex", type=float, metavar="MM", help="thickness of the cortex of a surface without --inner")
    bone.add_argument("--fracture", choices=(*FRACTURES, SEGMENTAL), help="break it (segmental: in two places)")
    moved = bone.add_mutually_exclusive_group()
    moved.add_argument("--displaced", action="store_true", help="move the fragments apart, as they usually are")
    moved.add_argument(
        "--displace",
        type=float,
        nargs=3,
        metavar=("ANGLE", "MM", "SHORTENING"),
        help="angulate the lower fragment by degrees, shift it across the bone, and up: to sides drawn by --seed (of a "
        "segmental fracture each lower one, against the one above it)",
    )

    film = command.add_argument_group("the radiograph")
    film.add_argument("--pixel-size", type=float, default=usual.pixel_size_mm, metavar="MM", help="(%(default)s)")
    film.add_argument("--sid", type=float, default=usual.sid_mm, metavar="MM", help="source to detector (%(default)s)")
    film.add_argument("--sod", type=float, default=usual.sod_mm, metavar="MM", help="source to bone (%(default)s)")
    film.add_argument("--detector", type=int, nargs=2, metavar=("ROWS", "COLUMNS"), help="by default it holds the bone")
    film.add_argument(
        "--center", type=float, nargs=3, metavar=("X", "Y", "Z"), help="the surface's point in the picture's middle"
    )
    film.add_argument("--tissue", type=float, default=usual.tissue_mm, metavar="MM", help="soft tissue (%(default)s)")
    film.add_argument(
        "--photons", type=float, default=usual.exposure.photons, metavar="N", help="of a pixel (%(default)g)"
    )
    film.add_argument("--ideal", action="store_true", help="a bare bone without scatter, noise, blur and letters")
    film.add_argument("--ball", type=float, default=usual.ball_mm, metavar="MM", help="diameter of a calibration ball")
    film.add_argument("--collimate", type=float, metavar="MM", help="blind the film farther than this from the bone")
