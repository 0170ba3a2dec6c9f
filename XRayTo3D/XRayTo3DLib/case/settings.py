"""What a user may choose."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from .. import segmentation, surface
from ..errors import ReconstructionError
from ..segmentation import Seeds

METHODS = ("auto", "relief", "solid", "shape")


@dataclass(frozen=True)
class Settings:
    """What a user may choose.

    Attributes
    ----------
    method : {"auto", "relief", "solid", "shape"}
        "auto" takes "shape" where the femur check says femur, or another model was given, and the model meets the
        outline; otherwise "solid".
    roi : (x0, y0, x1, y1) or None
        Box to look in, as columns and rows.
    polygon : sequence of (x, y) or None
        Outline to look in; with a box, the part they share.
    mask : (rows, columns) array or None
        The bone itself, drawn elsewhere: not zero is bone. It takes the place of what network, clusters and threshold
        find; where that is the same bone, what is known of it is kept.
    seeds : Seeds or None
        Clicks on the bone and beside it.
    segmentation : {"auto", "network", "clusters"}
        What finds the bone: the reader network, grey value clusters, or the network where it is sure and clusters
        otherwise.
    clusters : int
        Number of clusters of the flattened picture's grey values; the brighter half of them is bone.
    threshold : (low, high) or None
        Grey range of bone in the radiograph itself, 0..1: it takes the place of the clusters.
    pieces : {"near", "main", "all"}
        Which pieces of bone to keep.
    reader : path or None
        Of another reader network than the one that is shipped.
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
    side : {"auto", "left", "right"}
        Of the patient, for a shape model; by default as the file tells, or found.
    view_angle : float or None
        Between a first and a second view (degrees); about 90 by default.
    shape_model : path or None
        Of another shape model than the femur's that is shipped.
    landmarks : dict of str to (x, y), or None
        Columns and rows of landmarks that a user placed, by the names that the shape model has for them.
    force : bool
        Whether to fit a femur's shape to what does not seem to be one.
    """

    method: str = "auto"
    roi: Sequence[float] | None = None
    polygon: Sequence[Sequence[float]] | None = None
    mask: np.ndarray | None = None
    seeds: Seeds | None = None
    segmentation: str = "auto"
    clusters: int = 2
    threshold: tuple[float, float] | None = None
    pieces: str = "near"
    reader: str | os.PathLike | None = None
    depth_network: str | os.PathLike | None = None
    hdr_strength: float = 1.0
    emboss_mm: float | None = None
    smoothing: int = 15
    triangles: int = 200_000
    side: str = "auto"
    view_angle: float | None = None
    shape_model: str | os.PathLike | None = None
    landmarks: Mapping[str, Sequence[float]] | None = None
    force: bool = False

    def as_json(self) -> dict:
        """The settings as JSON holds them; a mask is only said to be there."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["mask"] = None if self.mask is None else "given"
        values["seeds"] = None if self.seeds is None else self.seeds.as_json()
        if self.landmarks is not None:
            values["landmarks"] = {name: np.asarray(place).tolist() for name, place in self.landmarks.items()}
        for name in ("reader", "depth_network", "shape_model"):
            values[name] = None if values[name] is None else os.fspath(values[name])
        return {
            name: np.asarray(value).tolist() if isinstance(value, list | tuple | np.ndarray | np.generic) else value
            for name, value in values.items()
        }


def check_settings(settings: Settings) -> None:
    """Raise ReconstructionError for a setting out of range, before any work is done."""
    if settings.method not in METHODS:
        raise ReconstructionError(f"The method must be one of {', '.join(METHODS)}, not {settings.method!r}.")
    if settings.side not in ("auto", "left", "right"):
        raise ReconstructionError(f"The side must be auto, left or right, not {settings.side!r}.")
    segmentation.check_segmentation(settings.segmentation)
    segmentation.check_pieces(settings.pieces)
    segmentation.check_cluster_count(settings.clusters)
    if settings.reader is not None:
        segmentation.load_reader(settings.reader)
    if settings.seeds and settings.threshold is not None:
        raise ReconstructionError(
            "Clicks correct what network and clusters find, not a range of gray: take the clicks away, or the range."
        )
    if settings.triangles < surface.FEWEST_TRIANGLES:
        raise ReconstructionError(
            f"The triangle budget must be {surface.FEWEST_TRIANGLES} or more, not {settings.triangles}."
        )
    for name in ("hdr_strength", "emboss_mm", "smoothing"):
        value = getattr(settings, name)
        if value is not None and not 0 <= value < 1e3:
            raise ReconstructionError(f"The setting {name} must not be negative or huge, but it is {value:g}.")
