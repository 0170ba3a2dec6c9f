"""The commands `xrayto3d reconstruct` and `xrayto3d segment`."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .errors import ReconstructionError
from .progress import tell
from .terminal import numbers, progress_bar, warn

if TYPE_CHECKING:
    from .pipeline import Settings
    from .radiograph import Radiograph

DONE = 0


def add_reconstruct(commands: argparse._SubParsersAction) -> None:
    """Add the command that makes a surface."""
    from .pipeline import Settings

    usual = Settings()
    command = commands.add_parser(
        "reconstruct",
        help="a closed 3D surface from a radiograph",
        description="Reconstruct a bone surface from a radiograph (PNG, JPEG, TIFF, BMP or DICOM).",
    )
    command.set_defaults(run=_reconstruct)
    add = command.add_argument
    add("image", metavar="IMAGE", help="the radiograph")
    add("-o", "--output", metavar="OUT", required=True, help="surface to write: .stl, .ply, .obj or .vtp")
    add("--method", choices=("auto", "relief", "solid", "shape"), default=usual.method)
    add("--depth-network", metavar="MODEL.json", help="another depth network than the one that is shipped")
    _add_marking(command)
    _add_reading(command)

    shape = command.add_argument_group("shape model, and a second view for it")
    shape.add_argument("--lateral", metavar="IMAGE", help="the same bone seen from the side")
    shape.add_argument(
        "--lateral-roi", nargs=4, type=float, metavar=("X0", "Y0", "X1", "Y1"), help="box to look in there"
    )
    shape.add_argument("--lateral-mask", metavar="IMAGE", help="the bone there, drawn by hand")
    shape.add_argument("--view-angle", type=float, metavar="DEGREES", help="between the views (about 90)")
    shape.add_argument(
        "--side", choices=("auto", "left", "right"), default=usual.side, help="of the patient (%(default)s)"
    )
    shape.add_argument(
        "--shape-model", metavar="MODEL.npz", help="another shape model than the femur's that is shipped"
    )
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
    result.add_argument("--json", metavar="FILE", help="numbers and warnings")
    result.add_argument(
        "--report", metavar="DIR", help="a page (index.html) with every stage, the numbers and the surface to be turned"
    )
    result.add_argument("--force", action="store_true", help="go on if the picture shows no femur")


def add_segment(commands: argparse._SubParsersAction) -> None:
    """Add the command that finds the bone alone."""
    command = commands.add_parser(
        "segment",
        help="the bone's mask in a radiograph",
        description="Find the bone in a radiograph and write its mask: a picture of the radiograph's size, 255 where "
        "the bone is and 0 elsewhere.",
    )
    command.set_defaults(run=_segment)
    command.add_argument("image", metavar="IMAGE", help="the radiograph")
    command.add_argument("-o", "--output", metavar="MASK.png", required=True, help="mask to write")
    _add_marking(command)
    _add_reading(command)
    result = command.add_argument_group("what comes out")
    result.add_argument("--json", metavar="FILE", help="numbers, landmarks, outlines and warnings")
    result.add_argument("--report", metavar="DIR", help="a page (index.html) with every stage and the numbers")


def _add_marking(command: argparse.ArgumentParser) -> None:
    """Add the arguments that say where the bone is."""
    from .pipeline import Settings

    usual = Settings()
    bone = command.add_argument_group("where the bone is (pixel coordinates: column, row)")
    bone.add_argument("--roi", nargs=4, type=float, metavar=("X0", "Y0", "X1", "Y1"), help="box to look in")
    bone.add_argument(
        "--polygon", nargs="+", type=float, metavar="X Y", help="outline to look in: three points or more, in order"
    )
    bone.add_argument("--mask", metavar="IMAGE", help="the bone drawn by hand: a picture that is not black there")
    for name, what in (("--include", "a point on the bone"), ("--exclude", "a point that is not on the bone")):
        bone.add_argument(
            name, nargs=2, type=float, metavar=("X", "Y"), action="append", help=f"{what} (may be repeated)"
        )
    bone.add_argument(
        "--segmentation",
        choices=("auto", "clusters", "network"),
        default=usual.segmentation,
        help="what finds the bone (auto: the network where it is sure, clusters otherwise)",
    )
    bone.add_argument("--reader", metavar="MODEL.onnx", help="another reader network than the one that is shipped")
    bone.add_argument(
        "--clusters", type=int, metavar="K", default=usual.clusters, help="gray value clusters (%(default)s)"
    )
    bone.add_argument("--threshold", nargs=2, type=float, metavar=("LOW", "HIGH"), help="gray range of bone, 0 to 1")
    bone.add_argument(
        "--pieces",
        choices=("main", "near", "all"),
        default=usual.pieces,
        help="the largest piece of bone, also those near it (fragments), or all (%(default)s)",
    )


def _add_reading(command: argparse.ArgumentParser) -> None:
    """Add the arguments that say how to read a radiograph."""
    picture = command.add_argument_group("how to read the radiograph")
    picture.add_argument("--bone", choices=("auto", "bright", "dark"), default="auto", help="how bone looks in it")
    picture.add_argument("--frame", type=int, default=0, metavar="N", help="frame of a multi-frame file, from 0")
    picture.add_argument("--pixel-size", type=float, metavar="MM", help="pixel size at the detector")
    picture.add_argument("--sid", type=float, metavar="MM", help="distance from source to detector")
    picture.add_argument("--sod", type=float, metavar="MM", help="distance from source to bone")
    picture.add_argument(
        "--max-megapixels", type=float, default=200, metavar="N", help="refuse larger pictures (%(default)s)"
    )


def _read(options: argparse.Namespace, path: str | None = None) -> Radiograph:
    from .radiograph import read_radiograph

    return read_radiograph(
        path or options.image,
        frame=options.frame,
        bone=options.bone,
        pixel_size_mm=options.pixel_size,
        sid_mm=options.sid,
        sod_mm=options.sod,
        max_megapixels=options.max_megapixels,
    )


def _marked(options: argparse.Namespace) -> dict:
    """The settings that say where the bone is."""
    from .radiograph import read_mask
    from .segmentation import Seeds

    if options.polygon is not None and (len(options.polygon) < 6 or len(options.polygon) % 2):
        raise ReconstructionError(
            f"--polygon: three points or more are needed, each a column and a row, not {len(options.polygon)} numbers."
        )
    clicks = options.include or options.exclude
    return {
        "roi": options.roi,
        "polygon": None
        if options.polygon is None
        else list(zip(options.polygon[::2], options.polygon[1::2], strict=True)),
        "mask": read_mask(options.mask, max_megapixels=options.max_megapixels) if options.mask else None,
        "seeds": Seeds(options.include or (), options.exclude or ()) if clicks else None,
        "segmentation": options.segmentation,
        "reader": options.reader,
        "clusters": options.clusters,
        "threshold": None if options.threshold is None else tuple(options.threshold),
        "pieces": options.pieces,
    }


def _lateral_settings(options: argparse.Namespace) -> Settings | None:
    """Where the bone is in the second picture."""
    from .pipeline import Settings
    from .radiograph import read_mask

    marks = {"--lateral-roi": options.lateral_roi, "--lateral-mask": options.lateral_mask}
    marks |= {"--lateral-landmark": options.lateral_landmark, "--view-angle": options.view_angle}
    if options.lateral is None:
        for name, given in marks.items():
            if given is not None:
                raise ReconstructionError(f"{name}: there is no second view; give it with --lateral IMAGE.")
        return None
    return Settings(
        roi=options.lateral_roi,
        mask=read_mask(options.lateral_mask, max_megapixels=options.max_megapixels) if options.lateral_mask else None,
        segmentation=options.segmentation,
        reader=options.reader,
        clusters=options.clusters,
        pieces=options.pieces,
        landmarks=_landmarks(options.lateral_landmark, "--lateral-landmark"),
    )


def _landmarks(given: list[list[str]] | None, option: str) -> dict[str, tuple[float, float]] | None:
    """Landmarks by name, as column and row."""
    try:
        return {name: (float(x), float(y)) for name, x, y in given} if given else None
    except ValueError as error:
        raise ReconstructionError(f"{option}: a name, a column and a row are needed ({error}).") from error


@contextlib.contextmanager
def _naming(image: str) -> Iterator[None]:
    """Say in errors which picture they are about."""
    try:
        yield
    except ReconstructionError as error:
        raise type(error)(f"{image}: {error}") from error


def _reconstruct(options: argparse.Namespace, stop: threading.Event) -> int:
    from .pipeline import Settings, reconstruct
    from .surface import check_surface_path, write_surface

    check_surface_path(options.output)
    _check_outputs(options)
    with progress_bar(stop) as progress:
        tell(progress, 0.0, "reading")
        radiograph = _read(options)
        settings = Settings(
            method=options.method,
            depth_network=options.depth_network,
            triangles=options.triangles,
            side=options.side,
            view_angle=options.view_angle,
            shape_model=options.shape_model,
            landmarks=_landmarks(options.landmark, "--landmark"),
            force=options.force,
            **_marked(options),
        )
        lateral = _read(options, options.lateral) if options.lateral else None
        with _naming(options.image):
            result = reconstruct(radiograph, settings, progress, lateral, _lateral_settings(options))
        tell(progress, 1.0, "writing")  # the last chance to stop
        if options.report:
            from .evaluate import write_report

            write_report(result, options.report)
    with numbers(options.json, result.as_json):
        write_surface(result.surface.polydata, options.output)  # if that fails, there are no numbers either

    warn(result.warnings)
    if sys.stdout.isatty():
        told = result.surface.describe()
        x0, x1, y0, y1, z0, z1 = told["bounds_mm"]
        print(
            f"{options.output}: {told['triangles']} triangles, {x1 - x0:.1f} x {y1 - y0:.1f} x {z1 - z0:.1f} mm, "
            f"within {told['decimation_error_mm']:.3f} mm of the undecimated surface"
        )
    return DONE


def _segment(options: argparse.Namespace, stop: threading.Event) -> int:
    from .files import replacing
    from .pipeline import Settings, segment

    if not options.output.lower().endswith(".png"):
        raise ReconstructionError(f"{options.output}: a mask is written as PNG; give a name that ends in .png.")
    _check_outputs(options)
    with progress_bar(stop) as progress:
        tell(progress, 0.0, "reading")
        radiograph = _read(options)
        with _naming(options.image):
            result = segment(radiograph, Settings(**_marked(options)), progress)
        tell(progress, 1.0, "writing")
        if options.report:
            from .evaluate import write_segmentation_report

            write_segmentation_report(result, options.report)

    def told() -> dict:
        return result.as_json() | {"outlines": [outline.as_json() for outline in result.bone.outlines]}

    with numbers(options.json, told), replacing(options.output) as temporary:
        import cv2

        temporary.write_bytes(cv2.imencode(".png", result.bone.mask.astype("uint8") * 255)[1].tobytes())
    warn(result.warnings)
    if sys.stdout.isatty():
        bone = result.bone
        print(f"{options.output}: {bone.name or 'bone'}, {bone.method} ({bone.reason})")
    return DONE


def _check_outputs(options: argparse.Namespace) -> None:
    """Refuse, before any work is done, what could not be written at its end."""
    from .files import check_folder, check_writable

    _check_all_different(options)
    check_writable(options.output)
    if options.json:
        check_writable(options.json)
    if options.report:
        check_folder(options.report)


def _check_all_different(options: argparse.Namespace) -> None:
    """Refuse to write over what is read, or to write two things to one file."""
    used: dict[str, str] = {}
    for what in ("image", "mask", "lateral", "lateral_mask", "output", "json"):
        if path := getattr(options, what, None):
            place = os.path.realpath(path)
            if place in used and {what, used[place]} not in ({"image", "mask"}, {"lateral", "lateral_mask"}):
                raise ReconstructionError(f"{path}: {used[place]} and {what} are the same file; give another one.")
            used[place] = what
