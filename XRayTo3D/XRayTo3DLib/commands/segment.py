"""The command `xrayto3d segment`."""

from __future__ import annotations

import argparse
import sys
import threading

from ..errors import ReconstructionError
from ..helpers.progress import tell
from .picture_options import add_marking, add_reading, check_outputs, finding, marking, naming, read
from .terminal import DONE, numbers, one_line, progress_bar, warn


def add(commands: argparse._SubParsersAction) -> None:
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
    add_marking(command)
    add_reading(command)
    result = command.add_argument_group("what comes out")
    result.add_argument("--json", metavar="FILE", help="numbers, landmarks, outlines and warnings")
    result.add_argument("--report", metavar="DIR", help="a page (index.html) with every stage and the numbers")


def _segment(options: argparse.Namespace, stop: threading.Event) -> int:
    from ..case import View, bone_bright, segment_view
    from ..helpers.files import replacing

    if not options.output.lower().endswith(".png"):
        raise ReconstructionError(f"{options.output}: a mask is written as PNG; give a name that ends in .png.")
    check_outputs(options)
    with progress_bar(stop) as progress:
        tell(progress, 0.0, "reading")
        radiograph = read(options)
        with naming(options.image):
            view, how = View(radiograph, marking(vars(options), options)), finding(options)
            result = segment_view(bone_bright(view, how), how, progress)
        tell(progress, 1.0, "writing")
        if options.report:
            from ..report import write_segmentation_report

            write_segmentation_report(result, options.report)

    def told() -> dict:
        return result.as_json() | {"outlines": [outline.as_json() for outline in result.bone.outlines]}

    with numbers(options.json, told), replacing(options.output) as temporary:
        import cv2

        temporary.write_bytes(cv2.imencode(".png", result.bone.mask.astype("uint8") * 255)[1].tobytes())
    warn(result.warnings)
    if sys.stdout.isatty():
        bone = result.bone
        print(f"{one_line(options.output)}: {bone.name or 'bone'}, {bone.method} ({bone.reason})")
    return DONE
