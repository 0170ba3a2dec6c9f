"""What the commands that look at a radiograph share: how to read it, where the bone is, and what may be written."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..choices import PIECES, PROJECTIONS, SEGMENTATIONS, Finding
from ..errors import ReconstructionError

if TYPE_CHECKING:
    from ..case import Marking
    from ..radiograph import Radiograph


def add_marking(command: argparse.ArgumentParser) -> None:
    """Add the arguments that say where the bone is."""
    usual = Finding()
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
        "--fracture-line",
        nargs=4,
        type=float,
        metavar=("X0", "Y0", "X1", "Y1"),
        action="append",
        help="along a fracture, from one edge of the bone to the other: what lies on either side is a fragment (up to "
        "three times: along each break)",
    )
    bone.add_argument(
        "--fracture-box", nargs=4, type=float, metavar=("X0", "Y0", "X1", "Y1"), help="box round a fracture"
    )
    bone.add_argument(
        "--fracture-polygon",
        nargs="+",
        type=float,
        metavar="X Y",
        help="outline round a fracture: three points or more",
    )
    bone.add_argument(
        "--fracture-piece",
        nargs=2,
        type=float,
        metavar=("X", "Y"),
        action="append",
        help="a point on one piece of a broken bone (two to four times: once for each)",
    )
    bone.add_argument(
        "--segmentation",
        choices=SEGMENTATIONS,
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
        choices=PIECES,
        default=usual.pieces,
        help="the largest piece of bone, also those near it (fragments), or all (%(default)s)",
    )


def add_reading(command: argparse.ArgumentParser) -> None:
    """Add the arguments that say how to read a radiograph."""
    picture = command.add_argument_group("how to read the radiograph")
    picture.add_argument("--bone", choices=("auto", "bright", "dark"), default="auto", help="how bone looks in it")
    picture.add_argument("--frame", type=int, default=0, metavar="N", help="frame of a multi-frame file, from 0")
    scale = picture.add_mutually_exclusive_group()
    scale.add_argument("--pixel-size", type=float, metavar="MM", help="pixel size at the detector")
    _add_calibration(scale)
    picture.add_argument("--sid", type=float, metavar="MM", help="distance from source to detector")
    picture.add_argument("--sod", type=float, metavar="MM", help="distance from source to bone")
    picture.add_argument(
        "--projection",
        choices=PROJECTIONS,
        help="which way the rays went, if the file does not tell (AP: front to back)",
    )
    picture.add_argument(
        "--max-megapixels", type=float, default=200, metavar="N", help="refuse larger pictures (%(default)s)"
    )


def _add_calibration(scale: argparse._ActionsContainer) -> None:
    """Add the arguments that tell the scale by what lies beside the bone."""
    scale.add_argument(
        "--calibrate",
        nargs=5,
        type=float,
        metavar=("X0", "Y0", "X1", "Y1", "MM"),
        help="a line in the picture on a thing beside the bone, such as a ruler, and its length",
    )
    scale.add_argument(
        "--ball",
        nargs=3,
        type=float,
        metavar=("X", "Y", "MM"),
        help="a point in a metal ball beside the bone in the picture, and the ball's diameter",
    )


def calibrated(radiograph: Radiograph, line: list[float] | None, ball: list[float] | None) -> Radiograph:
    """A radiograph with the scale that a line or a ball in it tells, where one is given."""
    from ..radiograph import calibrated_by_ball, calibrated_by_ruler

    if line:
        return calibrated_by_ruler(radiograph, (line[:2], line[2:4]), line[4])
    return calibrated_by_ball(radiograph, ball[:2], ball[2]) if ball else radiograph


def read(options: argparse.Namespace) -> Radiograph:
    """The command's radiograph."""
    return calibrated(read_as_said(options, projection=options.projection), options.calibrate, options.ball)


def read_as_said(
    options: argparse.Namespace,
    image: str | None = None,
    projection: str | None = None,
    pixel_size: float | None = None,
    sid: float | None = None,
    sod: float | None = None,
) -> Radiograph:
    """The command's radiograph, or another one that is read in the same way, but for what is told of it.

    Its scale is as its file or the command tells.
    """
    from ..radiograph import read_radiograph

    return read_radiograph(
        image or options.image,
        frame=options.frame,
        bone=options.bone,
        pixel_size_mm=options.pixel_size if pixel_size is None else pixel_size,
        sid_mm=options.sid if sid is None else sid,
        sod_mm=options.sod if sod is None else sod,
        view=projection,
        max_megapixels=options.max_megapixels,
    )


def marking(told: Mapping, options: argparse.Namespace, prefix: str = "--") -> Marking:
    """What is marked in a radiograph, of all that is told of it.

    Parameters
    ----------
    told : mapping of str to object
        What was given, by the options' names without the prefix; what is missing was not given.
    options : argparse.Namespace
        Of the command.
    prefix : str
        Of the names of the options that are about this radiograph.
    """
    from ..case import Marking
    from ..radiograph import read_mask
    from ..segmentation import Seeds

    mask, threshold = told.get("mask"), told.get("threshold")
    include, exclude = told.get("include") or (), told.get("exclude") or ()
    return Marking(
        roi=told.get("roi"),
        polygon=_polygon(told.get("polygon"), f"{prefix}polygon"),
        mask=read_mask(mask, max_megapixels=options.max_megapixels) if mask else None,
        seeds=Seeds(include, exclude) if include or exclude else None,
        threshold=None if threshold is None else tuple(threshold),
        landmarks=_landmarks(told.get("landmark"), f"{prefix}landmark"),
        fracture_line=_one_or_all(told.get("fracture_line")),
        fracture_box=told.get("fracture_box"),
        fracture_polygon=_polygon(told.get("fracture_polygon"), f"{prefix}fracture-polygon"),
        fracture_pieces=told.get("fracture_piece"),
    )


def _one_or_all(lines: list[list[float]] | None) -> list[float] | list[list[float]] | None:
    """The one line that there is, or a list of several."""
    return lines[0] if lines is not None and len(lines) == 1 else lines


def _polygon(given: list[float] | None, option: str) -> list[tuple[float, float]] | None:
    """Points of an outline, of columns and rows in turn."""
    if given is None:
        return None
    if len(given) < 6 or len(given) % 2:
        raise ReconstructionError(
            f"{option}: three points or more are needed, each a column and a row, not {len(given)} numbers."
        )
    return list(zip(given[::2], given[1::2], strict=True))


def _landmarks(given: list[list[str]] | None, option: str) -> dict[str, tuple[float, float]] | None:
    """Landmarks by name, as column and row."""
    try:
        return {name: (float(x), float(y)) for name, x, y in given} if given else None
    except ValueError as error:
        raise ReconstructionError(f"{option}: a name, a column and a row are needed ({error}).") from error


def finding(options: argparse.Namespace) -> Finding:
    """How bones are found, and which."""
    bones = asked_bones(getattr(options, "bones", "main"))
    return Finding(options.segmentation, options.clusters, options.pieces, options.reader, bones)


def asked_bones(text: str) -> str | tuple[str, ...]:
    """Which bones are asked for: "main", "all", or names in a list with commas."""
    return text if text in ("main", "all") else tuple(name.strip() for name in text.split(","))


@contextlib.contextmanager
def naming(image: str) -> Iterator[None]:
    """Say in errors which picture they are about."""
    try:
        yield
    except ReconstructionError as error:
        raise type(error)(f"{image}: {error}") from error


def check_outputs(options: argparse.Namespace, further: Sequence[dict] = (), folder: bool = False) -> None:
    """Refuse, before any work is done, what could not be written at its end, or overwrites what further views are.

    The output is a file, or a `folder`.
    """
    from ..helpers.files import check_folder, check_writable

    _check_all_different(options, further)
    (check_folder if folder else check_writable)(options.output)
    if options.json:
        check_writable(options.json)
    if options.report:
        check_folder(options.report)


def is_folder(output: str) -> bool:
    """Whether an output is a folder, in which each bone gets a file: one that is there, or a name that ends so."""
    return os.path.isdir(output) or output.endswith(("/", os.sep))


def _check_all_different(options: argparse.Namespace, further: Sequence[dict]) -> None:
    """Refuse to write over what is read, to write two things to one file, or to read one file as two views."""
    named = [(what, getattr(options, what, None), 1) for what in ("image", "mask", "other_side", "output", "json")]
    for number, told in enumerate(further, 2):
        named += [(f"view {number}", told["image"], number), (f"mask of view {number}", told.get("mask"), number)]
    named += [(f"camera {number}", path, 0) for number, path in enumerate(getattr(options, "cameras", None) or (), 1)]
    used: dict[str, tuple[str, int]] = {}
    for what, path, view in named:
        if not path:
            continue
        place = os.path.realpath(path)
        if place in used:
            other, of = used[place]
            if not (view == of and "mask" in what):  # a picture may be its own mask
                raise ReconstructionError(f"{path}: {other} and {what} are the same file; give another one.")
        used[place] = (what, view)
