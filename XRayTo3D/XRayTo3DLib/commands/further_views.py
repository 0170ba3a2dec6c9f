"""Options of further views: each belongs to the `--view` before it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..choices import PROJECTIONS
from ..errors import ReconstructionError
from .picture_options import calibrated, marking, read_as_said

if TYPE_CHECKING:
    from ..case import View
    from ..radiograph import Radiograph


_REPEATED = ("include", "exclude", "landmark", "fracture_line", "fracture_piece")  # as often as a view has them


class _OfView(argparse.Action):
    """Keep in which order options came: they are told apart by the view that they follow."""

    def __call__(self, parser, namespace, values, option_string=None):
        namespace.further = [*(namespace.further or ()), (option_string, self.const, values)]


def add_further_views(command: argparse.ArgumentParser) -> None:
    """Add `--view`, what is said of such a view, and the cameras of all views."""
    group = command.add_argument_group("further views, for a shape model (options after a --view are of that view)")

    def argument(*names: str, what: str, **more: object) -> None:
        group.add_argument(*names, action=_OfView, const=what, dest="further", default=None, **more)

    argument(
        "--view", "--lateral", what="image", metavar="IMAGE", help="the same bone from another side: up to 7 times"
    )
    argument(
        "--view-roi",
        "--lateral-roi",
        what="roi",
        nargs=4,
        type=float,
        metavar=("X0", "Y0", "X1", "Y1"),
        help="box to look in there",
    )
    argument(
        "--view-polygon",
        "--lateral-polygon",
        what="polygon",
        nargs="+",
        type=float,
        metavar="X Y",
        help="outline to look in there",
    )
    argument("--view-mask", "--lateral-mask", what="mask", metavar="IMAGE", help="the bone there, drawn by hand")
    for what, words in (("include", "a point on the bone there"), ("exclude", "a point there that is not on the bone")):
        argument(
            f"--view-{what}",
            f"--lateral-{what}",
            what=what,
            nargs=2,
            type=float,
            metavar=("X", "Y"),
            help=f"{words} (may be repeated)",
        )
    argument(
        "--view-fracture-line",
        "--lateral-fracture-line",
        what="fracture_line",
        nargs=4,
        type=float,
        metavar=("X0", "Y0", "X1", "Y1"),
        help="along the same fracture there (up to three times: along each break)",
    )
    argument(
        "--view-fracture-box",
        "--lateral-fracture-box",
        what="fracture_box",
        nargs=4,
        type=float,
        metavar=("X0", "Y0", "X1", "Y1"),
        help="box round the same fracture there",
    )
    argument(
        "--view-fracture-polygon",
        "--lateral-fracture-polygon",
        what="fracture_polygon",
        nargs="+",
        type=float,
        metavar="X Y",
        help="outline round the same fracture there",
    )
    argument(
        "--view-fracture-piece",
        "--lateral-fracture-piece",
        what="fracture_piece",
        nargs=2,
        type=float,
        metavar=("X", "Y"),
        help="a point on one piece there (two to four times: once for each)",
    )
    argument(
        "--view-projection",
        "--lateral-projection",
        what="projection",
        choices=PROJECTIONS,
        help="which way the rays went there",
    )
    argument(
        "--view-angle",
        what="angle",
        type=float,
        metavar="DEGREES",
        help="from the first view (about 90 if there is one further view); of several, signs tell sides",
    )
    for name in ("pixel-size", "sid", "sod"):
        argument(
            f"--view-{name}",
            what=name.replace("-", "_"),
            type=float,
            metavar="MM",
            help="there, if not as in the first",
        )
    argument(
        "--view-calibrate",
        "--lateral-calibrate",
        what="calibrate",
        nargs=5,
        type=float,
        metavar=("X0", "Y0", "X1", "Y1", "MM"),
        help="a line there on a thing beside the bone, such as a ruler, and its length",
    )
    argument(
        "--view-ball",
        "--lateral-ball",
        what="ball",
        nargs=3,
        type=float,
        metavar=("X", "Y", "MM"),
        help="a point in a metal ball there, and its diameter",
    )
    argument(
        "--view-landmark",
        "--lateral-landmark",
        what="landmark",
        nargs=3,
        metavar=("NAME", "X", "Y"),
        help="where that picture shows a landmark (may be repeated)",
    )
    group.add_argument(
        "--cameras",
        nargs="+",
        metavar="FILE",
        help="calibrated cameras of all views, in their order: JSON, or MayaCam files of XMALab and Autoscoper",
    )


def told_of_views(options: argparse.Namespace) -> list[dict]:
    """What was said of each further view, by name.

    Raises
    ------
    ReconstructionError
        If something is said of a view that is not there, or twice of one.
    """
    views: list[dict] = []
    early: dict = {}  # said before the first --view, which it is about
    for option, what, value in options.further or ():
        if what == "image":
            views.append({"image": value} | ({} if views else early))
            continue
        told = views[-1] if views else early
        if what in _REPEATED:
            told.setdefault(what, []).append(value)
        elif what in told:
            raise ReconstructionError(f"{option}: given twice for one view; put it after the --view that it is about.")
        else:
            told[what] = value
    if early and not views:
        raise ReconstructionError(f"{options.further[0][0]}: there is no second view; give it with --view IMAGE.")
    return views


def further_views(options: argparse.Namespace) -> list[View]:
    """The further views, read, with what is marked in each."""
    from ..case import View

    return [View(_read(options, told), marking(told, options, "--view-")) for told in told_of_views(options)]


def _read(options: argparse.Namespace, told: dict) -> Radiograph:
    """A further view's radiograph, with the scale that is told of it."""
    own = {name: told.get(name) for name in ("image", "projection", "pixel_size", "sid", "sod")}
    scales = [name for name in ("pixel_size", "calibrate", "ball") if name in told]
    if len(scales) > 1:
        names = " and ".join(f"--view-{name.replace('_', '-')}" for name in scales)
        raise ReconstructionError(f"{names}: both tell the scale of one view; give one of them.")
    return calibrated(read_as_said(options, **own), told.get("calibrate"), told.get("ball"))


def view_angle(options: argparse.Namespace) -> float | list[float] | None:
    """The angle from the first view to the further one, or to each of several, as far as they were given."""
    told = [each["angle"] for each in told_of_views(options) if "angle" in each]
    return told if len(told) > 1 else told[0] if told else None
