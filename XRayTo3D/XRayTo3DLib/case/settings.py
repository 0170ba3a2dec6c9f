"""What a user may choose: what is marked in a view, how bones are found, and how their surfaces are made."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from .. import segmentation, surface
from ..choices import EXTENTS, FRAGMENTS, NAMED_BONES, Finding, Making
from ..errors import ReconstructionError
from ..segmentation import FractureMarks, Seeds


@dataclass(frozen=True)
class Marking:
    """What was marked in one view.

    Attributes
    ----------
    roi : (x0, y0, x1, y1) or None
        Box to look in, as columns and rows.
    polygon : sequence of (x, y) or None
        Outline to look in; with a box, the part they share.
    mask : (rows, columns) array or None
        The bone itself, drawn elsewhere: not zero is bone. It takes the place of what network, clusters and threshold
        find; where that is the same bone, what is known of it is kept.
    seeds : Seeds or None
        Clicks on the bone and beside it.
    threshold : (low, high) or None
        Grey range of bone in the radiograph itself, 0..1: it takes the place of the clusters.
    landmarks : dict of str to (x, y), or None
        Columns and rows of landmarks that a user placed, by the names that the shape model has for them.
    fracture_line : (x0, y0, x1, y1), sequence of such lines, or None
        Columns and rows of a line along a fracture, from one edge of the bone to the other: it parts the bone that is
        found into an upper and a lower fragment. Two or three lines, one along each break, part it into three or four.
    fracture_box : (x0, y0, x1, y1) or None
        Box round a fracture, as columns and rows: the bone is broken within it.
    fracture_polygon : sequence of (x, y) or None
        Outline round a fracture; with a box, the bone is broken in the part they share.
    fracture_pieces : sequence of (x, y) or None
        A click on each of the pieces of a broken bone, two to four.
    """

    roi: Sequence[float] | None = None
    polygon: Sequence[Sequence[float]] | None = None
    mask: np.ndarray | None = None
    seeds: Seeds | None = None
    threshold: tuple[float, float] | None = None
    landmarks: Mapping[str, Sequence[float]] | None = None
    fracture_line: Sequence[float] | None = None
    fracture_box: Sequence[float] | None = None
    fracture_polygon: Sequence[Sequence[float]] | None = None
    fracture_pieces: Sequence[Sequence[float]] | None = None

    @property
    def fracture(self) -> FractureMarks:
        """What is marked of a fracture."""
        return FractureMarks(self.fracture_line, self.fracture_box, self.fracture_polygon, self.fracture_pieces)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was marked."""
        return not self.seeds and all(value is None for name, value in vars(self).items() if name != "seeds")


@dataclass(frozen=True)
class Patient:
    """What is known of the patient, which makes a shape model surer.

    Attributes
    ----------
    height_cm : float or None
        Of the patient, standing.
    sex : {"", "female", "male"}
        "" where it is not known.
    other_side : path, or (points, faces), or None
        Closed surface (mm) of the same bone of the other leg.
    """

    height_cm: float | None = None
    sex: str = ""
    other_side: str | os.PathLike | tuple[np.ndarray, np.ndarray] | None = None


@dataclass(frozen=True)
class Settings(Making, Finding, Marking, Patient):
    """All that may be chosen for one picture: `Patient`, `Marking`, `Finding` and `Making` at once.

    Of a `Case`, each view has its own marking, and side, angle and patient are the case's: here they are left out.

    Attributes
    ----------
    side : {"auto", "left", "right"}
        Of the limb; by default as a file tells, or found.
    view_angle : float, sequence of float, or None
        See `Case`.
    """

    side: str = "auto"
    view_angle: float | Sequence[float] | None = None

    @property
    def patient(self) -> Patient:
        """What is known of the patient."""
        return _part(self, Patient)

    @property
    def marking(self) -> Marking:
        """What was marked in the picture."""
        return _part(self, Marking)

    @property
    def finding(self) -> Finding:
        """How its bone is found."""
        return _part(self, Finding)

    @property
    def making(self) -> Making:
        """How the surface is made."""
        return _part(self, Making)

    @classmethod
    def of(cls, *parts: Patient | Marking | Finding | Making) -> Settings:
        """The settings with these parts; the others are as usual."""
        return cls(**{field.name: getattr(part, field.name) for part in parts for field in fields(part)})

    def as_json(self) -> dict:
        """The settings as JSON holds them; masks and surfaces are only said to be there."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["mask"] = None if self.mask is None else "given"
        values["seeds"] = None if self.seeds is None else self.seeds.as_json()
        if self.landmarks is not None:
            values["landmarks"] = {name: np.asarray(place).tolist() for name, place in self.landmarks.items()}
        for name in ("reader", "depth_network", "shape_model", "other_side"):
            path = values[name]
            values[name] = "given" if isinstance(path, tuple) else None if path is None else os.fspath(path)
        return {
            name: np.asarray(value).tolist() if isinstance(value, list | tuple | np.ndarray | np.generic) else value
            for name, value in values.items()
        }


def check_finding(finding: Finding, marking: Marking) -> None:
    """Raise ReconstructionError for what cannot be looked for, before any work is done."""
    segmentation.check_segmentation(finding.segmentation)
    segmentation.check_pieces(finding.pieces)
    segmentation.check_cluster_count(finding.clusters)
    _check_bones(finding)
    if finding.reader is not None:
        segmentation.load_reader(finding.reader)
    segmentation.check_fracture_marks(marking.fracture)
    if marking.seeds and marking.threshold is not None:
        raise ReconstructionError(
            "Clicks correct what network and clusters find, not a range of gray: take the clicks away, or the range."
        )


def _check_bones(finding: Finding) -> None:
    """Raise ReconstructionError for bones that cannot be asked for."""
    asked = finding.bones
    if asked in ("main", "all"):
        return
    if isinstance(asked, str) or not asked or (unknown := [name for name in asked if name not in NAMED_BONES]):
        which = repr(asked) if isinstance(asked, str) or not asked else ", ".join(map(str, unknown))
        raise ReconstructionError(f"bones: main, all, or some of {', '.join(NAMED_BONES)} are known, not {which}.")
    if finding.segmentation == "clusters":
        raise ReconstructionError("bones: clusters do not tell bones apart: take auto or network for bones by name.")


def check_making(making: Making) -> None:
    """Raise ReconstructionError for a number out of range, before any work is done."""
    if making.triangles < surface.FEWEST_TRIANGLES:
        raise ReconstructionError(
            f"The triangle budget must be {surface.FEWEST_TRIANGLES} or more, not {making.triangles}."
        )
    if making.extent not in EXTENTS:
        raise ReconstructionError(f"The extent must be one of {', '.join(EXTENTS)}, not {making.extent!r}.")
    if making.fragments not in FRAGMENTS:
        raise ReconstructionError(f"Fragments must be one of {', '.join(FRAGMENTS)}, not {making.fragments!r}.")
    for name in ("hdr_strength", "emboss_mm", "smoothing"):
        value = getattr(making, name)
        if value is not None and not 0 <= value < 1e3:
            raise ReconstructionError(f"The setting {name} must not be negative or huge, but it is {value:g}.")


def _part(settings: Settings, kind: type) -> Patient | Marking | Finding | Making:
    return kind(**{field.name: getattr(settings, field.name) for field in fields(kind)})
