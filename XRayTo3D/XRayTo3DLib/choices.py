"""What may be chosen, and what is usual: names and numbers alone, so that a command tells of them at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

METHOD_NAMES = ("auto", "relief", "solid", "shape", "volume")
SEGMENTATIONS = ("auto", "network", "clusters")
PIECES = ("main", "near", "all")
NAMED_BONES = ("femur", "tibia", "fibula", "patella", "hip")  # that the networks tell apart and models exist for
_IN_WORDS = {"hip": "hip bone"}  # what bones are called, where their names do not say it
SIDES = ("auto", "left", "right")
EXTENTS = ("auto", "whole", "seen")
FRAGMENTS = ("auto", "whole")
PROJECTIONS = ("AP", "PA", "mediolateral", "lateromedial", "lateral")  # ways of the rays; of the last, either way
ALIGNMENTS = ("none", "rigid")
SIMULATED_VIEWS = ("ap", "pa", "lateral", "oblique")
FRACTURES = ("transverse", "oblique", "spiral")
SEGMENTAL = "segmental"  # two breaks, with an intact piece of shaft between them


def in_words(name: str) -> str:
    """What a bone of a name is called: "hip bone" of "hip"."""
    return _IN_WORDS.get(name, name)


@dataclass(frozen=True)
class Finding:
    """How bones are found.

    Attributes
    ----------
    segmentation : {"auto", "network", "clusters"}
        What finds the bone: the reader network, grey value clusters, or the network where it is sure and clusters
        otherwise.
    clusters : int
        Number of clusters of the flattened picture's grey values; the brighter half of them is bone.
    pieces : {"near", "main", "all"}
        Which pieces of bone to keep.
    reader : path or None
        Of another reader network than the one that is shipped.
    bones : "main", "all", or sequence of str
        The bone that is meant; with all others of the leg that the network sees and a shape model exists for, of both
        legs; or those of these names ("femur", "tibia", "fibula", "patella", "hip"), the first one taken for the main
        one.
    """

    segmentation: str = "auto"
    clusters: int = 2
    pieces: str = "near"
    reader: str | os.PathLike | None = None
    bones: str | Sequence[str] = "main"

    @property
    def named(self) -> tuple[str, ...]:
        """Bones that were asked for by name, the main one first."""
        return () if isinstance(self.bones, str) else tuple(self.bones)


@dataclass(frozen=True)
class Making:
    """How a surface is made of a bone that was found.

    Attributes
    ----------
    method : {"auto", "relief", "solid", "shape", "volume"}
        One of `METHOD_NAMES`. "auto" takes "shape" where the femur check says femur, or another model was given, and
        the model meets the outline; otherwise "solid", or of several calibrated views "volume".
    depth_network : path or None
        Of another depth network than the one that is shipped.
    hdr_strength : float
        How much the detail is raised in the tone-mapped image.
    emboss_mm : float or None
        Height of the detail embossed on a solid's front; None is 2 % of its largest half thickness.
    smoothing : int
        Passes of the smoothing filter; 0 leaves the surface as it is.
    triangles : int
        The most triangles the surface may have.
    shape_model : str, path or None
        Which bone's shipped model to fit ("femur", "tibia", "fibula", "patella", "hip"), or the path of another model;
        by default that of the bone that was found.
    extent : {"auto", "whole", "seen"}
        How much of a fitted bone to make: all of it, or what was seen, closed by flat cuts where the picture's border
        cut the bone off. "auto" is the seen part where less than 80 % of the length was seen.
    fragments : {"auto", "whole"}
        Whether a bone whose fracture is marked in every view is fitted in its fragments, or as one whole bone.
    force : bool
        Whether to fit a femur's shape to what does not seem to be one.
    """

    method: str = "auto"
    depth_network: str | os.PathLike | None = None
    hdr_strength: float = 1.0
    emboss_mm: float | None = None
    smoothing: int = 15
    triangles: int = 200_000
    shape_model: str | os.PathLike | None = None
    extent: str = "auto"
    fragments: str = "auto"
    force: bool = False
