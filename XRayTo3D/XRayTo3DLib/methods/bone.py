"""What goes into a method, and what comes out: a bone that was found, and its surfaces."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace

from ..case import Case, Segmentation, View, in_words
from ..depth import DepthMap
from ..radiograph import estimated
from ..shape import Fit
from ..surface import Surface, together
from ..tone import Layers
from .fitted import Fitted
from .fragments import Broken
from .volumetric import Volumetric


@dataclass(frozen=True)
class FoundBone:
    """A bone as it was found in each view of a case.

    Attributes
    ----------
    case : Case
    seen : tuple of Segmentation
        In each view of the case, in their order; of a bone beside the main one, in those of the case in which it was
        found, the first one among them.
    layers : Layers
        Base, detail and tone-mapped layer of the first view.
    beside : tuple of Fitted
        Other bones in the same views that were fitted before, the main one first: views and scale are theirs.
    """

    case: Case
    seen: tuple[Segmentation, ...]
    layers: Layers
    beside: tuple[Fitted, ...] = ()

    @property
    def name(self) -> str:
        """ "femur", "tibia", ...; "" where nothing told which bone it is."""
        return self.seen[0].bone.name

    @property
    def side(self) -> str:
        """ "left" or "right", as given or as a file tells; "" if none does, or files differ."""
        if self.case.side != "auto":
            return self.case.side
        told = {found.radiograph.side for found in self.seen} - {None}
        return str(told.pop()) if len(told) == 1 else ""


@dataclass(frozen=True)
class BoneResult:
    """A bone's surfaces, and what is known of them.

    Attributes
    ----------
    name : str
        "femur", "tibia", ...; "" where nothing told which bone it is.
    side : str
        "left", "right", or "" where nothing told.
    pieces : tuple of Surface
        One of a whole bone; of a broken one, its fragments as they lie, the upper one first.
    depth : DepthMap or None
        Of a relief or a solid; a shape model has no depth for each pixel.
    shape : Fitted or None
        The shape model, where one was fitted to a whole bone.
    broken : Broken or None
        The shape model that was fitted to a bone's fragments.
    volume : Volumetric or None
        How a volume network saw it, where one did.
    extent : {"seen", "whole"}
        Whether the pieces are the bone as far as it was seen, or all of it.
    whole : Surface or None
        All of a fitted bone of which the pieces are the seen part; of a broken bone, the reduced one.
    doubts : tuple of str
        What the user should know of how it was made.
    tried : Fit or None
        A shape of the whole bone that was fitted, and met so little that it was not taken.
    timings_s : dict of str to float
    """

    name: str
    side: str
    pieces: tuple[Surface, ...]
    depth: DepthMap | None = None
    shape: Fitted | None = None
    broken: Broken | None = None
    volume: Volumetric | None = None
    extent: str = "seen"
    whole: Surface | None = None
    doubts: tuple[str, ...] = ()
    tried: Fit | None = None
    timings_s: dict[str, float] = field(default_factory=dict)

    @functools.cached_property
    def surface(self) -> Surface:
        """All pieces as one surface."""
        if len(self.pieces) == 1:
            return self.pieces[0]
        joined = together([piece.polydata for piece in self.pieces])
        return Surface(joined, self.pieces[0].method, max(piece.decimation_error_mm for piece in self.pieces))

    @property
    def doubted(self) -> Fit | None:
        """A fitted shape of the whole bone that leaves much of the outline unmet, taken or not."""
        return self.shape.fit if self.shape is not None and self.shape.doubtful else self.tried

    def beside(self, other: str) -> Fitted | None:
        """The fitted bone; of a broken one, as it lies with the fragment at the joint that another bone hangs on."""
        if self.broken is None:
            return self.shape
        return self.broken.lower if self.name == "femur" and other != "hip" else self.broken.upper

    @property
    def called(self) -> str:
        """What it is called: "left femur", "right hip bone"; "bone" where nothing told which it is."""
        return f"{self.side} {in_words(self.name)}".strip() if self.name else "bone"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of this bone."""
        fitted = self.shape or self.broken or self.volume
        return (*(fitted.warnings if fitted else ()), *self.doubts)

    def as_json(self) -> dict:
        """The bone in numbers and words, as an entry of `bones` in the command line's `--json`."""
        fitted = None if self.shape is None else self.shape.as_json()
        return {
            "name": self.name or None,
            "side": self.side or None,
            "method": self.surface.method,
            "extent": self.extent,
            "surface": self.surface.describe(),
            "shape": fitted,
            "volume": self.volume and self.volume.as_json(),
            "measures": fitted["measures"] if fitted else {},
            "fragments": self.broken.as_json(self.pieces) if self.broken else [],
            "warnings": list(self.warnings),
        }


def with_scale_of(bone: FoundBone, fitted: Fitted | Broken) -> FoundBone:
    """A bone in pictures whose scale was unknown, and was found by fitting this bone or another one in them.

    Parameters
    ----------
    bone : FoundBone
    fitted : Fitted or Broken

    Returns
    -------
    FoundBone
        Its pictures have the pixel size that was found, its deviation, and a warning; `bone` itself where the pixel
        size was known.
    """
    if fitted.pixel_size_mm is None:
        return bone

    def scaled(view: View) -> View:
        size = fitted.pixel_size_mm / view.radiograph.magnification
        return replace(view, radiograph=estimated(view.radiograph, size, fitted.scale_deviation))

    case = replace(bone.case, views=[scaled(view) for view in bone.case.views])
    return replace(bone, case=case, seen=tuple(replace(found, view=scaled(found.view)) for found in bone.seen))
