"""The bone in one radiograph: where it is looked for, how it is found, and whether it is a femur."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from .. import segmentation
from ..choices import NAMED_BONES, Finding, in_words
from ..errors import ReconstructionError
from ..helpers.progress import Progress
from ..helpers.stages import Stages
from ..radiograph import Radiograph
from ..segmentation import HIP, Bone, Clustered, FemurCheck, Fragments
from ..version import __version__
from .case import View
from .polarity import bone_bright
from .region import find_region, looked_at
from .settings import Marking, Settings, check_finding

_SAME = 0.5  # of the smaller one of two bones of one name that lies within the other: they are the same


@dataclass(frozen=True)
class Segmentation:
    """The bone in a radiograph, how it was found, and whether it is a femur. Arrays have the picture's size.

    Attributes
    ----------
    view : View
        The radiograph, and what was marked in it.
    finding : Finding
        How the bone was looked for.
    region : (rows, columns) bool array
        Where a bone was looked for: inside box and polygon.
    bone : Bone
    femur : FemurCheck or None
        None where the network was not asked, or knows nothing of the bone.
    fragments : Fragments or None
        As what is marked of the fracture parts the bone, or as the network sees them. None where nothing is marked, and
        the network was not asked or the bone is neither femur nor tibia.
    """

    view: View
    finding: Finding
    region: np.ndarray
    bone: Bone
    femur: FemurCheck | None
    fragments: Fragments | None = None
    timings_s: dict[str, float] = field(default_factory=dict)

    @property
    def radiograph(self) -> Radiograph:
        """The picture."""
        return self.view.radiograph

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of the radiograph and of the bone in it."""
        doubt = ()
        if self.femur is not None and not self.femur.is_femur:
            doubt = (f"This may be no femur (score {self.femur.score:.2f}): {'; '.join(self.femur.reasons)}.",)
        if self.fragments is not None and self.fragments.broken and not self.fragments.marked:
            place = f", {self.fragments.words}" if self.fragments.words else ""
            doubt = (*doubt, f"The {self.bone.name} seems to be broken ({self.fragments.probability:.2f}){place}.")
        return (*self.radiograph.warnings, *self.bone.warnings, *doubt)

    def as_json(self) -> dict:
        """The segmentation in numbers and words, for the command line's `--json`."""
        picture, bone = self.radiograph, self.bone
        size = picture.pixel_size_mm
        unknown = {
            "is_femur": None,
            "score": None,
            "reasons": ["not checked: the reader network was not asked, or does not know the bone"],
        }
        return {
            "input": {
                "path": picture.path,
                "rows": picture.pixels.shape[0],
                "columns": picture.pixels.shape[1],
                "pixel_size_mm": size[0] if size[0] == size[1] else list(size),
                "pixel_size_source": picture.pixel_size_source,
                "magnification": picture.magnification,
                "magnification_source": picture.magnification_source,
                "photometric": picture.photometric,
                "inverted": picture.inverted,
                "polarity_source": picture.polarity_source,
                "bits": picture.bits,
                "view": picture.view,
                "side": picture.side,
                "warnings": list(picture.warnings),
            },
            "scale": picture.scale_as_json(),
            "settings": Settings.of(self.view.marking, self.finding).as_json(),
            "clusters": {
                "centers": None if bone.clusters is None else bone.clusters.centers.tolist(),
                "bone_range": None if bone.bone_range is None else list(bone.bone_range),
            },
            "bone": {**bone.as_json(), "break": None if self.fragments is None else self.fragments.as_json()},
            "femur": unknown if self.femur is None else self.femur.as_json(),
            "timings_s": self.timings_s,
            "warnings": list(self.warnings),
            "version": __version__,
        }


def segment(radiograph: Radiograph, settings: Settings | None = None, progress: Progress | None = None) -> Segmentation:
    """Find the bone in a radiograph, and check whether it is a femur; see `segment_view`.

    Parameters
    ----------
    radiograph : Radiograph
        The picture, bone bright.
    settings : Settings, optional
        What was marked, and how the bone is found.
    progress : callable, optional
    """
    return segment_view(*_looked_in(radiograph, settings or Settings()), progress)


def segment_view(
    view: View, finding: Finding, progress: Progress | None = None, expected: str = "", recognized: bool = True
) -> Segmentation:
    """Find the bone in a view, and check whether it is a femur.

    Parameters
    ----------
    view : View
        Bone bright (see `polarity.bone_bright`).
    finding : Finding
    progress : callable, optional
        Called with the fraction done and what comes next; a true answer stops the work.
    expected : str
        Which bone another view of it shows; "" where there is none.
    recognized : bool
        Whether it matters which bone a drawn mask is of; if not, the network is not asked for it.

    Returns
    -------
    Segmentation

    Raises
    ------
    ReconstructionError
        If a setting is out of range or no bone is found.
    Cancelled
        If `progress` asked to stop.
    """
    stage = Stages(progress)
    check_finding(finding, view.marking)
    with stage("region", 0.0, "marking the region"):
        region = looked_at(view)
    with stage("bone", 0.1, "finding the bone"):
        bone = _bone_in(region, view, finding, expected, recognized)
    if bone.first is not None and bone.clustered is None:  # to be looked at beside what the network found
        bone = replace(bone, group=partial(_grouped, view.radiograph.pixels, region, finding.clusters))
    with stage("femur", 0.8, "checking whether it is a femur"):
        checked = _checked(view, finding, region, bone)
    return replace(checked, timings_s=stage.timings_s)


def segment_again(found: Segmentation, box: Sequence[float]) -> Segmentation:
    """Find a bone once more, in a box that told where it is after nobody had marked it.

    Parameters
    ----------
    found : Segmentation
        What was found without help.
    box : (x0, y0, x1, y1)
        As columns and rows.

    Returns
    -------
    Segmentation
        As if found without help: the box was marked by nobody.

    Raises
    ------
    ReconstructionError
        If the same bone is not found in the box.
    """
    known, view = found.bone, replace(found.view, marking=Marking(roi=box))
    boxed = replace(found.finding, bones="main")  # the bone in the box, whichever were asked for in all of the picture
    seen = _bone_in(looked_at(view), view, boxed, known.name)
    bone = replace(seen, name=HIP) if known.name == HIP and seen.name == "pelvis" else seen
    if bone.name != known.name:
        raise ReconstructionError(f"The {known.name} is not where it was looked for again.")
    bone = replace(
        bone,
        reason=f"{bone.reason}, in a box round a first fit",
        group=known.group,
    )
    return replace(_checked(found.view, found.finding, found.region, bone), timings_s=found.timings_s)


def _grouped(pixels: np.ndarray, region: np.ndarray, clusters: int) -> Clustered | None:
    """Clusters of a region's grey values; None where there are too few values."""
    with suppress(ReconstructionError):
        return segmentation.clustered(pixels, region, clusters)


def _checked(view: View, finding: Finding, region: np.ndarray, bone: Bone) -> Segmentation:
    """A bone that was found, with what is to be told of it besides."""
    femur, marks = segmentation.check_femur(bone, finding.reader), view.marking.fracture
    if marks:
        fragments = segmentation.fragments_as_marked(view.radiograph.pixels, bone, marks)
    else:
        fragments = segmentation.fragments_of(view.radiograph.pixels, bone)
    return Segmentation(view, finding, region, bone, femur, fragments)


def segment_others(view: View, finding: Finding, main: Segmentation) -> tuple[Segmentation, ...]:
    """All bones of `NAMED_BONES` beside the main one that the reader network sees where it was looked for.

    Parameters
    ----------
    view : View
    finding : Finding
    main : Segmentation
        The main bone in the view: what is the same bone is left out.

    Raises
    ------
    ReconstructionError
        If the network cannot be loaded.
    """
    found = []
    for bone in segmentation.find_bones(view.radiograph.pixels, main.region, finding.pieces, finding.reader):
        if bone.name in NAMED_BONES and not is_same(bone, main.bone):
            found.append(_checked(_unmarked(view), finding, main.region, bone))
    return tuple(found)


def segment_near(
    view: View, finding: Finding, main: Segmentation, name: str, box: tuple[np.ndarray, np.ndarray]
) -> Segmentation | None:
    """A bone that no look at all of a picture has shown, where others tell that it is.

    Parameters
    ----------
    view : View
    finding : Finding
    main : Segmentation
        The main bone in the view.
    name : str
        One of `NAMED_BONES`.
    box : (low, high) of (2,) array
        Corners of where it may be, as column and row.

    Returns
    -------
    Segmentation or None
        None where the network was not asked for the main bone, or hardly sees this one.

    Raises
    ------
    ReconstructionError
        If a network cannot be loaded.
    """
    if main.bone.first is None:
        return None
    bone = segmentation.find_bone_near(
        view.radiograph.pixels, main.region, name, box, main.bone.first, finding.pieces, finding.reader
    )
    return None if bone is None else _checked(_unmarked(view), finding, main.region, bone)


def _unmarked(view: View) -> View:
    """A view of a bone beside the main one: of what was marked, only where to look is not about the main one."""
    return replace(view, marking=Marking(view.marking.roi, view.marking.polygon))


def is_same(bone: Bone, known: Bone) -> bool:
    """Whether a bone is one that is known: of the same name, as far as that has one, and in the same place."""
    both = np.count_nonzero(bone.mask & known.mask)
    smaller = min(np.count_nonzero(bone.mask), np.count_nonzero(known.mask))
    return bone.name == (known.name or bone.name) and both > _SAME * smaller


def bones_seen(radiograph: Radiograph, settings: Settings | None = None) -> tuple[str, ...]:
    """Which of `NAMED_BONES`, in their order, the reader network sees where it is to look.

    Parameters
    ----------
    radiograph : Radiograph
    settings : Settings, optional

    Raises
    ------
    ReconstructionError
        If a setting is out of range, or the network cannot be loaded.
    """
    view, finding = _looked_in(radiograph, settings or Settings())
    found = segmentation.find_bones(view.radiograph.pixels, looked_at(view), finding.pieces, finding.reader)
    names = {bone.name for bone in found}
    return tuple(name for name in NAMED_BONES if name in names)


def find_bone(radiograph: Radiograph, settings: Settings | None = None) -> Bone:
    """The bone alone, without clusters to look at beside it and without a check of what it is: what a preview needs.

    Parameters
    ----------
    radiograph : Radiograph
    settings : Settings, optional

    Raises
    ------
    ReconstructionError
        If a setting is out of range or no bone is found.
    """
    view, finding = _looked_in(radiograph, settings or Settings())
    return _bone_in(looked_at(view), view, finding)


def _looked_in(radiograph: Radiograph, settings: Settings) -> tuple[View, Finding]:
    check_finding(settings.finding, settings.marking)
    return bone_bright(View(radiograph, settings.marking), settings.finding), settings.finding


def _bone_in(region: np.ndarray, view: View, finding: Finding, expected: str = "", recognized: bool = True) -> Bone:
    if view.marking.mask is None:
        return _found_in(region, view, finding, expected)
    if view.marking.seeds:
        segmentation.check_seeds(view.marking.seeds, region)
    mask = find_region(view.radiograph, view.marking)
    if recognized:
        return _drawn_in(region, mask, view, finding)
    return segmentation.bone_as_drawn(view.radiograph.pixels, mask, region)


def _drawn_in(region: np.ndarray, mask: np.ndarray, view: View, finding: Finding) -> Bone:
    """The bone of a mask, with all that is known of it if it is the one that is found without the mask.

    A mask that was never changed since the bone was found gives the same bone, to the last digit. Otherwise the network
    is asked for the bone under the mask. That nothing is found must not matter: the mask is there.
    """
    with suppress(ReconstructionError):
        found = _found_in(region, view, finding)
        if np.array_equal(found.mask, mask):
            reason = f"a mask was given, the same as is found by {found.method} ({found.reason})"
            return replace(found, method="drawn", reason=reason)
    pixels = view.radiograph.pixels
    drawn = segmentation.bone_as_drawn(pixels, mask, region)
    if view.marking.threshold is None and finding.segmentation != "clusters":
        with suppress(ReconstructionError):
            drawn = segmentation.bone_recognized(pixels, mask, region, finding.pieces, finding.reader)
    meant = finding.named[0] if finding.named else ""
    return replace(drawn, name=meant) if meant and drawn.name in ("", "pelvis" if meant == HIP else "") else drawn


def _found_in(region: np.ndarray, view: View, finding: Finding, expected: str = "") -> Bone:
    pixels, marking = view.radiograph.pixels, view.marking
    if marking.threshold is not None:
        return segmentation.bone_by_threshold(pixels, marking.threshold, region, finding.pieces)
    if finding.named and not marking.seeds:
        return _named(region, view, finding)
    return segmentation.find_bone(
        pixels, region, finding.segmentation, marking.seeds, finding.pieces, finding.clusters, finding.reader, expected
    )


def _named(region: np.ndarray, view: View, finding: Finding) -> Bone:
    """The bone of a name, of two legs the one seen best; what a box holds, if that is the only one asked for."""
    pixels, name = view.radiograph.pixels, finding.named[0]
    seen = segmentation.find_bones(pixels, region, finding.pieces, finding.reader)
    those = [bone for bone in seen if bone.name == name]
    if not those and len(finding.named) == 1 and segmentation.is_marked(region):
        told = segmentation.find_told(pixels, region, name, finding.pieces, finding.reader)
        those = [] if told is None else [told]
    if not those:
        called = in_words(name)
        others = ", ".join(dict.fromkeys(in_words(each.name) for each in seen)) or "no bone of the leg"
        raise ReconstructionError(
            f"No {called} was found, but {others}. Mark the {called} with a box or a click, or ask for another bone."
        )
    return max(those, key=lambda bone: bone.confidence or 0.0)
