"""The one place where the stages meet: from a case to the surfaces of its bones."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from .. import segmentation, surface
from ..case import (
    NAMED_BONES,
    VIEW_NUMBERS,
    Case,
    Patient,
    Segmentation,
    Settings,
    bone_bright,
    case_of,
    check_making,
    in_words,
    is_same,
    segment_view,
)
from ..depth import DepthMap
from ..errors import ReconstructionError
from ..geometry.frames import mm_to_pixel
from ..helpers.progress import Progress, part, tell
from ..helpers.stages import Stages
from ..methods import METHODS, BoneResult, Fitted, FoundBone, Method, find_layers, looks_whole, with_scale_of
from ..radiograph import Radiograph
from ..surface import Surface
from ..tone import Layers
from .again import made
from .legs import Leg, legs_of
from .others import OtherBone, check_all_seen, find_others
from .sought import SOUGHT, sought

if TYPE_CHECKING:
    from ..evaluate.quality import Quality

_FINDING, _FINDING_A_SECOND = 0.25, 0.15  # shares of the time


@dataclass(frozen=True)
class Reconstruction:
    """All that a reconstruction made, stage by stage. Arrays have the first picture's size (rows, columns).

    Attributes
    ----------
    case : Case
        Its radiographs have the pixel size that a fitted bone told where it was unknown.
    settings : Settings
        What the user chose, with what was marked in the first view.
    found : tuple of FoundBone
        The bones as they were found in the views, the main one first.
    bones : tuple of BoneResult
        What was made of them, in the same order.
    left_out : tuple of str
        Which bones were found, and why nothing was made of them.
    """

    case: Case
    settings: Settings
    found: tuple[FoundBone, ...]
    bones: tuple[BoneResult, ...]
    left_out: tuple[str, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)

    @property
    def seen(self) -> tuple[Segmentation, ...]:
        """The main bone in each view of the case."""
        return self.found[0].seen

    @property
    def layers(self) -> Layers:
        """Base, detail and tone-mapped layer of the first view."""
        return self.found[0].layers

    @property
    def segmentation(self) -> Segmentation:
        """The main bone in the first view."""
        return self.seen[0]

    @property
    def lateral(self) -> Segmentation | None:
        """The main bone in the second view, where there is one."""
        return self.seen[1] if len(self.seen) > 1 else None

    @property
    def radiograph(self) -> Radiograph:
        """The picture of the first view."""
        return self.segmentation.radiograph

    @property
    def mask(self) -> np.ndarray:
        """The main bone's pixels in the first view."""
        return self.segmentation.bone.mask

    @property
    def surface(self) -> Surface:
        """The main bone's surface."""
        return self.bones[0].surface

    @property
    def depth(self) -> DepthMap | None:
        """The main bone's depth in the first view; a shape model has none."""
        return self.bones[0].depth

    @property
    def shape(self) -> Fitted | None:
        """The main bone's shape model, where one was fitted."""
        return self.bones[0].shape

    @functools.cached_property
    def legs(self) -> tuple[Leg, ...]:
        """What is measured across the joints of each leg of which bones were fitted."""
        return legs_of(self.bones, self.radiograph.pixel_size_deviation or 0.0)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know."""
        further = [
            f"{name.capitalize()} view: {warning}"
            for name, found in zip(VIEW_NUMBERS, self.seen[1:], strict=False)
            for warning in found.warnings
        ]
        main, *others = self.bones
        beside = [f"{bone.called.capitalize()}: {warning}" for bone in others for warning in bone.warnings]
        return (*self.segmentation.warnings, *further, *main.warnings, *beside, *self.left_out)

    @functools.cached_property
    def quality(self) -> Quality:
        """Scores of the tone-mapped picture; computed once, for the JSON and for the report."""
        from ..evaluate.quality import quality_without_truth

        return quality_without_truth(self.radiograph.pixels, self.layers.tone, segmentation.bounding_box(self.mask))

    def as_json(self) -> dict:
        """The reconstruction in numbers and words, for the command line's `--json`."""
        bones = [bone.as_json() for bone in self.bones]
        return self.segmentation.as_json() | {
            "settings": self.settings.as_json(),
            "lateral": None if self.lateral is None else self.lateral.as_json(),
            "views": [found.as_json() for found in self.seen[1:]],
            "shape": bones[0]["shape"],
            "quality": self.quality.as_json(),
            "surface": bones[0]["surface"],
            "bones": bones,
            "legs": [leg.as_json() for leg in self.legs],
            "timings_s": self.timings_s,
            "warnings": list(self.warnings),
        }


def reconstruct(
    case: Case | Radiograph,
    settings: Settings | None = None,
    progress: Progress | None = None,
    lateral: Radiograph | None = None,
    lateral_settings: Settings | None = None,
) -> Reconstruction:
    """Make closed 3D surfaces of the bones in a case, or of the bone in one radiograph.

    Parameters
    ----------
    case : Case or Radiograph
        Views with what is marked in each; or one picture, bone bright, in which `settings` tells what is marked.
    settings : Settings, optional
    progress : callable, optional
        Called with the fraction done and what comes next; a true answer stops the work.
    lateral : Radiograph, optional
        Beside one picture, a second view of the same bone, which only a shape model can use.
    lateral_settings : Settings, optional
        What is marked in it: region, mask, clicks, landmarks.

    Returns
    -------
    Reconstruction

    Raises
    ------
    NoFemurError
        If a femur's shape was asked for, and a picture does not seem to show one.
    ReconstructionError
        If a setting is out of range or no surface can be made with these settings.
    Cancelled
        If `progress` asked to stop.
    """
    settings = settings or Settings()
    if isinstance(case, Radiograph):
        case = case_of(case, settings, lateral, lateral_settings)
    else:
        settings = _of_case(case, settings, lateral)
    if settings.method not in METHODS:
        raise ReconstructionError(f"The method must be one of {', '.join(METHODS)}, not {settings.method!r}.")
    check_making(settings.making)
    method, stage = METHODS[settings.method], Stages(progress)
    if reason := method.why_not(case, settings.making):
        raise ReconstructionError(reason)
    case = replace(case, views=[bone_bright(view, settings.finding) for view in case.views])
    seen = _found_in(case, settings, stage)
    with stage("layers", 0.3, "separating base and detail"):
        layers = find_layers(case.views[0].radiograph, seen[0].bone.mask, settings)
    share = 0.65 if settings.bones == "main" else 0.3
    main, first = made(method, FoundBone(case, seen, layers), settings.making, part(progress, 0.35, share))
    if main.seen is not seen:
        main = replace(main, layers=find_layers(case.views[0].radiograph, main.seen[0].bone.mask, settings))
    with stage("other bones", 0.35 + share, "finding other bones"):
        others = find_others(case, settings.finding, main.seen)
    found, bones, left_out = _all_made(main, first, others, method, settings, part(progress, 0.7, 0.3))
    case = found[0].case
    for bone in bones:
        for piece in bone.pieces:
            _project(case.views[0].radiograph, piece)
    tell(progress, 1.0, "done")
    timings = stage.timings_s | bones[0].timings_s
    return Reconstruction(case, settings, tuple(found), tuple(bones), tuple(left_out), timings)


def _all_made(
    main: FoundBone,
    first: BoneResult,
    others: Sequence[OtherBone],
    method: Method,
    settings: Settings,
    progress: Progress | None,
) -> tuple[list[FoundBone], list[BoneResult], list[str]]:
    """The main bone and those beside it, as they were found and made, and why others were left out."""
    found, bones, left_out = [main], [first], []
    if fitted := first.shape or first.broken:  # it tells a scale that the pictures did not
        found, method = [with_scale_of(main, fitted)], METHODS["shape"]  # a solid has no place beside it
    making = replace(settings.making, shape_model=None)  # others are made by their own models
    names, share = {other.name for other in others}, 1 / (len(others) + len(SOUGHT))
    check_all_seen(settings.finding, names | set(SOUGHT))
    for number, other in enumerate(itertools.chain(others, _sought(main, settings, others, bones))):
        also, told = _beside(main, bones, other), number < len(others)
        try:
            also, result = made(method, also, making, part(progress, number * share, share))
        except ReconstructionError as error:
            if told:
                left_out.append(f"The {in_words(other.name)} was left out. {error}")
            continue
        if not told and not looks_whole(also, result):  # a bone that no look has shown must be met
            continue
        if any(is_same(also.seen[0].bone, known.seen[0].bone) for known in found):  # looked for again, it was that one
            continue
        found.append(also)
        bones.append(result)
    check_all_seen(settings.finding, names | {bone.name for bone in bones})
    return found, bones, left_out


def _sought(
    main: FoundBone, settings: Settings, others: Sequence[OtherBone], bones: Sequence[BoneResult]
) -> Iterator[OtherBone]:
    """Small bones of the main one's leg that no look has shown, each sought when all before it were made."""
    known = {other.name for other in others if other.same_leg} | {main.name}
    for name in SOUGHT:
        if name in (settings.finding.named or NAMED_BONES) and settings.bones != "main" and name not in known:
            fitted = _fitted([bone for bone in bones if bone.side == bones[0].side], name)
            told = bones[0].beside(name) is not None
            if told and (other := sought(name, main.case, settings.finding, main.seen, fitted)):
                yield other


def _fitted(bones: Sequence[BoneResult], other: str) -> list[Fitted]:
    """Those of some bones that were fitted, as another one hangs on them."""
    return [each for bone in bones if (each := bone.beside(other)) is not None]


def _beside(main: FoundBone, bones: Sequence[BoneResult], other: OtherBone) -> FoundBone:
    """A bone beside others that were made: of a leg whose side they tell, in views that stand where they found them."""
    side = bones[0].side
    if side and not other.same_leg:
        side = {"left": "right", "right": "left"}[side]
    patient = replace(main.case.patient, other_side=None)  # which tells of the main bone alone
    case = replace(main.case, side=side or "auto", patient=patient)
    also = FoundBone(case, other.seen, main.layers, tuple(_fitted(bones, other.name)))
    scaled = bones[0].shape or bones[0].broken
    return with_scale_of(also, scaled) if scaled else also


def _of_case(case: Case, settings: Settings, lateral: Radiograph | None) -> Settings:
    """Settings for a case, complete with what it tells; its views are marked in the case alone."""
    if lateral is not None:
        raise ReconstructionError("Of a case, a second view is one of its views: give it there.")
    for name in ("side", "view_angle", *vars(Patient())):
        if getattr(settings, name) != getattr(Settings(), name):
            raise ReconstructionError(f"The setting {name} belongs to the case: give it there.")
    if not settings.marking.is_empty:
        raise ReconstructionError("What is marked in a picture belongs to its view in the case: give it there.")
    told = Settings.of(case.views[0].marking, settings.finding, settings.making, case.patient)
    return replace(told, side=case.side, view_angle=case.view_angle)


def _found_in(case: Case, settings: Settings, stage: Stages) -> tuple[Segmentation, ...]:
    """The bone in each view."""
    first, *others = case.views
    recognized = settings.method != "relief" or settings.bones != "main"  # a relief is no anatomy, of whatever bone
    share = _FINDING_A_SECOND if others else _FINDING
    found = [segment_view(first, settings.finding, part(stage.progress, 0.0, share), recognized=recognized)]
    stage.timings_s.update(found[0].timings_s)
    for number, (name, view) in enumerate(zip(VIEW_NUMBERS, others, strict=False)):
        each = _FINDING_A_SECOND / len(others)
        begun = share + number * each
        with stage(f"{name} view", begun, f"finding the bone in the {name} view"):
            told = part(stage.progress, begun, each)
            try:
                found.append(segment_view(view, settings.finding, told, found[0].bone.name))
            except ReconstructionError as error:  # which may be of what is marked there
                raise type(error)(f"{name.capitalize()} view: {error}") from error
    return tuple(found)


def _project(radiograph: Radiograph, made: Surface) -> None:
    """Give a surface its height over the radiograph, and the grey values that its points lie over."""
    from scipy.ndimage import map_coordinates

    points, _ = surface.arrays(made.polydata)
    pixels = radiograph.pixels
    columns, rows = mm_to_pixel(points[:, :2], pixels.shape, radiograph.pixel_size_mm, radiograph.magnification).T
    surface.with_point_data(made.polydata, surface.OVER_FILM, points[:, 2])
    surface.with_point_data(
        made.polydata, surface.GREY, map_coordinates(pixels, (rows, columns), order=1, mode="nearest")
    )
