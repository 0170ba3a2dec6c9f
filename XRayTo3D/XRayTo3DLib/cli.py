"""The command `xrayto3d`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from .errors import Cancelled, RadiographError, ReconstructionError, SimulationError, SurfaceError
from .progress import Progress, tell
from .version import __version__

if TYPE_CHECKING:
    from .radiograph import Radiograph

DONE, BAD_INPUT, INTERRUPTED = 0, 2, 130

_LATER = {
    "train-shape-model": "a shape model from a folder of bone surfaces",
    "batch": "many radiographs",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status (0 done, 2 bad usage or input, 130 interrupted)."""
    options = _parser().parse_args(arguments)
    try:
        with _listening() as stop:
            return options.run(options, stop)
    except (RadiographError, ReconstructionError, SimulationError, SurfaceError) as error:
        return _fail(str(error))
    except MemoryError:
        return _fail("there is not enough memory for this; mark a region of interest or use a smaller picture.")
    except (KeyboardInterrupt, Cancelled):
        print("xrayto3d: stopped; nothing was written.", file=sys.stderr)
        return INTERRUPTED


@contextlib.contextmanager
def _listening() -> Iterator[threading.Event]:
    """Note the wish to stop (Ctrl-C, SIGTERM), to be heeded between two steps; a second time, stop at once.

    An exception in the midst of a compiled library, or of its import, may end the process in other ways.
    """
    stop = threading.Event()

    def note(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {}
    with contextlib.suppress(ValueError):  # only the main thread may set signal handlers
        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"xrayto3d: error: {message}; see {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="xrayto3d", description="Turn an X-ray of a bone into a closed 3D surface in millimetres.")
    parser.add_argument("--version", action="version", version=f"xrayto3d {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_reconstruct(commands)
    _add_segment(commands)
    _add_simulate(commands)
    _add_evaluate(commands)
    _add_train_reader(commands)
    _add_train_depth(commands)
    for name, what in _LATER.items():
        later = commands.add_parser(name, help=f"{what} (not available yet)", add_help=False, prefix_chars="\0")
        later.add_argument("rest", nargs="*")
        later.set_defaults(run=lambda options, stop: _not_yet(f"the command {options.command!r}"))
    return parser


def _add_reconstruct(commands: argparse._SubParsersAction) -> None:
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

    second = command.add_argument_group("second view and shape model (not available yet)")
    second.add_argument("--lateral", metavar="IMAGE")
    second.add_argument("--lateral-roi", nargs=4, type=float, metavar=("X0", "Y0", "X1", "Y1"))
    second.add_argument("--lateral-mask", metavar="IMAGE")
    second.add_argument("--view-angle", type=float, metavar="DEGREES")
    second.add_argument("--side", choices=("auto", "left", "right"), default="auto")
    second.add_argument("--shape-model", metavar="FILE")

    result = command.add_argument_group("what comes out")
    result.add_argument(
        "--triangles", type=int, default=usual.triangles, metavar="N", help="the most triangles (%(default)s)"
    )
    result.add_argument("--json", metavar="FILE", help="numbers and warnings")
    result.add_argument(
        "--report", metavar="DIR", help="a page (index.html) with every stage, the numbers and the surface to be turned"
    )
    result.add_argument("--force", action="store_true", help="go on if the picture shows no femur")


def _add_segment(commands: argparse._SubParsersAction) -> None:
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
        "--clusters", type=int, metavar="K", default=usual.clusters, help="grey value clusters (%(default)s)"
    )
    bone.add_argument("--threshold", nargs=2, type=float, metavar=("LOW", "HIGH"), help="grey range of bone, 0 to 1")
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


def _read(options: argparse.Namespace) -> Radiograph:
    from .radiograph import read_radiograph

    return read_radiograph(
        options.image,
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


@contextlib.contextmanager
def _naming(image: str) -> Iterator[None]:
    """Say in errors which picture they are about."""
    try:
        yield
    except ReconstructionError as error:
        raise ReconstructionError(f"{image}: {error}") from error


def _reconstruct(options: argparse.Namespace, stop: threading.Event) -> int:
    not_yet = [f"--{name.replace('_', '-')}" for name in _NOT_YET if getattr(options, name) is not None]
    if options.method == "shape":
        not_yet.append("--method shape")
    if options.side != "auto":
        not_yet.append("--side")
    if not_yet:
        return _not_yet(", ".join(not_yet))

    from .pipeline import Settings, reconstruct
    from .surface import check_surface_path, write_surface

    check_surface_path(options.output)
    _check_outputs(options)
    with _progress_bar(stop) as progress:
        tell(progress, 0.0, "reading")
        radiograph = _read(options)
        settings = Settings(
            method=options.method,
            depth_network=options.depth_network,
            triangles=options.triangles,
            **_marked(options),
        )
        with _naming(options.image):
            result = reconstruct(radiograph, settings, progress)
        tell(progress, 1.0, "writing")  # the last chance to stop
        if options.report:
            from .evaluate import write_report

            write_report(result, options.report)
    with _numbers(options.json, result.as_json):
        write_surface(result.surface.polydata, options.output)  # if that fails, there are no numbers either

    _warn(result.warnings)
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
    with _progress_bar(stop) as progress:
        tell(progress, 0.0, "reading")
        radiograph = _read(options)
        with _naming(options.image):
            result = segment(radiograph, Settings(**_marked(options)), progress)
        tell(progress, 1.0, "writing")
        if options.report:
            from .evaluate import write_segmentation_report

            write_segmentation_report(result, options.report)

    def numbers() -> dict:
        return result.as_json() | {"outlines": [outline.as_json() for outline in result.bone.outlines]}

    with _numbers(options.json, numbers), replacing(options.output) as temporary:
        import cv2

        temporary.write_bytes(cv2.imencode(".png", result.bone.mask.astype("uint8") * 255)[1].tobytes())
    _warn(result.warnings)
    if sys.stdout.isatty():
        bone = result.bone
        print(f"{options.output}: {bone.name or 'bone'} found by {bone.method}: {bone.reason}")
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


@contextlib.contextmanager
def _numbers(path: str | None, numbers: Callable[[], dict]) -> Iterator[None]:
    """Write numbers as JSON, if they are asked for and the block ends well."""
    from .files import replacing

    with replacing(path) if path else contextlib.nullcontext() as file:
        if file:
            file.write_text(json.dumps(numbers(), indent=2) + "\n", encoding="utf-8")
        yield


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        print(f"xrayto3d: warning: {warning}", file=sys.stderr)


def _add_train_reader(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "train-reader",
        help="the network that finds bones, from simulated radiographs",
        description="Train the reader network on simulated radiographs alone. Needs PyTorch: "
        "pip install 'xrayto3d[train]'.",
    )
    command.set_defaults(run=_train_reader)
    add = command.add_argument
    add("-o", "--output", metavar="MODEL.onnx", required=True, help="network to write; MODEL.json is written beside it")
    add("--steps", type=int, metavar="N", help="of 16 windows each, and a sixth more (5600: 75 minutes on two cores)")
    add("--seed", type=int, default=0, metavar="N", help="chooses limbs, radiographs and first weights (%(default)s)")
    add("--limbs", metavar="FOLDER", help="real limbs to draw as well as the analytic ones")


def _train_reader(options: argparse.Namespace, stop: threading.Event) -> int:
    if not options.output.lower().endswith(".onnx"):
        raise ReconstructionError(f"{options.output}: a network is written as ONNX; give a name that ends in .onnx.")
    try:
        from .train.reader import STEPS, train_reader
    except ModuleNotFoundError as error:
        raise ReconstructionError(
            f"train-reader needs the Python package {error.name}: pip install 'xrayto3d[train]'."
        ) from error
    steps = STEPS if options.steps is None else options.steps
    with _progress_bar(stop) as progress:
        train_reader(options.output, steps, options.seed, folder=options.limbs, progress=progress)
    return DONE


def _add_train_depth(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "train-depth",
        help="the network that estimates how thick a bone is, from simulated radiographs",
        description="Train the depth network on simulated radiographs alone.",
    )
    command.set_defaults(run=_train_depth)
    add = command.add_argument
    add("-o", "--output", metavar="MODEL.json", required=True, help="network to write")
    add("--hidden", type=int, nargs="+", metavar="N", help="nodes of each hidden layer (3)")
    add("--seed", type=int, default=0, metavar="N", help="chooses radiographs and first weights (%(default)s)")
    add("--scenes", type=int, metavar="N", help="radiographs to draw (600: a few minutes)")


def _train_depth(options: argparse.Namespace, stop: threading.Event) -> int:
    from .train.depth import HIDDEN, SCENES, train_depth

    if not options.output.lower().endswith(".json"):
        raise ReconstructionError(f"{options.output}: the network is written as JSON; give a name that ends in .json.")
    hidden = HIDDEN if options.hidden is None else options.hidden
    scenes = SCENES if options.scenes is None else options.scenes
    with _progress_bar(stop) as progress:
        train_depth(options.output, hidden, options.seed, scenes, progress=progress)
    return DONE


def _add_simulate(commands: argparse._SubParsersAction) -> None:
    from .simulate.command import add_arguments

    command = commands.add_parser(
        "simulate",
        help="radiographs of a surface, of a CT volume or of a synthetic femur, with the truth",
        description="Simulate radiographs (DICOM and PNG) and write the truth beside them: the bone's mask, its "
        "thickness (mm), and its surface in the frame of a reconstruction from that picture.",
    )
    add_arguments(command)
    command.set_defaults(run=_simulate)


def _simulate(options: argparse.Namespace, stop: threading.Event) -> int:
    from .simulate.command import run

    with _progress_bar(stop) as progress:
        warnings = run(options, progress)
    _warn(warnings)
    return DONE


def _add_evaluate(commands: argparse._SubParsersAction) -> None:
    from .evaluate.compare import ALIGNMENTS

    command = commands.add_parser(
        "evaluate",
        help="how far a surface lies from a reference",
        description="Compare a surface with a reference: both closed, in LPS millimetres (.stl, .ply, .obj, .vtp).",
    )
    command.set_defaults(run=_evaluate)
    add = command.add_argument
    add("reconstructed", metavar="RECONSTRUCTED", help="the surface to judge")
    add("reference", metavar="REFERENCE", help="the true one")
    add(
        "--align",
        choices=ALIGNMENTS,
        default="none",
        help="compare where both stand, or after a rigid alignment without scale (%(default)s)",
    )
    add("--json", metavar="FILE", help="the numbers, and the motion of the alignment")


def _evaluate(options: argparse.Namespace, stop: threading.Event) -> int:
    from .evaluate import compare, read_bone
    from .files import check_writable

    paths = (options.reconstructed, options.reference)
    if options.json:
        if os.path.realpath(options.json) in map(os.path.realpath, paths):
            raise ReconstructionError(
                f"{options.json}: this would write over a surface that is read; give another name."
            )
        check_writable(options.json)
    found = compare(*(read_bone(path) for path in paths), options.align)
    numbers = {"reconstructed": options.reconstructed, "reference": options.reference, **found.as_json()}
    with _numbers(options.json, lambda: numbers):
        pass
    print(found)
    return DONE


def _check_all_different(options: argparse.Namespace) -> None:
    """Refuse to write over what is read, or to write two things to one file."""
    used: dict[str, str] = {}
    for what in ("image", "mask", "output", "json"):
        if path := getattr(options, what):
            place = os.path.realpath(path)
            if place in used and {what, used[place]} != {"image", "mask"}:
                raise ReconstructionError(f"{path}: {used[place]} and {what} are the same file; give another one.")
            used[place] = what


_NOT_YET = ("lateral", "lateral_roi", "lateral_mask", "view_angle", "shape_model")


@contextlib.contextmanager
def _progress_bar(stop: threading.Event) -> Iterator[Progress]:
    """A progress bar on a terminal, nothing elsewhere; it answers whether the user wants to stop."""
    from tqdm import tqdm

    with tqdm(total=100, disable=None, leave=False, bar_format="{desc:<45.45} {percentage:3.0f} %|{bar:30}|") as bar:

        def show(fraction: float, text: str) -> bool:
            bar.set_description_str(text, refresh=False)
            bar.update(round(100 * fraction) - bar.n)
            bar.refresh()
            return stop.is_set()

        yield show


def _not_yet(what: str) -> int:
    return _fail(f"{what}: not available yet in version {__version__}.")


def _fail(text: str) -> int:
    print(f"xrayto3d: error: {' '.join(text.splitlines())}", file=sys.stderr)
    return BAD_INPUT
