"""The one place where the stages meet: from a radiograph to a surface."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .. import segmentation, surface
from ..case import Segmentation, Settings, segment
from ..depth import DepthMap
from ..errors import ReconstructionError
from ..geometry.frames import mm_to_pixel
from ..helpers.progress import Progress, part, tell
from ..helpers.stages import Stages
from ..methods import Fitted, estimate_depth, find_layers, fit_to, generate_surface, surface_of
from ..radiograph import Radiograph
from ..surface import Surface
from ..tone import Layers

if TYPE_CHECKING:
    from ..evaluate.quality import Quality


@dataclass(frozen=True)
class Reconstruction:
    """All that a reconstruction made, stage by stage. Arrays have the picture's size (rows, columns).

    Attributes
    ----------
    segmentation : Segmentation
    layers : Layers
    depth : DepthMap or None
        None where a shape model was fitted: it has no depth for each pixel.
    surface : Surface
    shape : Fitted or None
        The shape model, where one was fitted.
    lateral : Segmentation or None
        Of the second view.
    doubts : tuple of str
        Warnings of this stage.
    """

    segmentation: Segmentation
    layers: Layers
    depth: DepthMap | None
    surface: Surface
    timings_s: dict[str, float] = field(default_factory=dict)
    shape: Fitted | None = None
    lateral: Segmentation | None = None
    doubts: tuple[str, ...] = ()

    @property
    def radiograph(self) -> Radiograph:
        """The picture that it was made from."""
        return self.segmentation.radiograph

    @property
    def settings(self) -> Settings:
        """What the user chose."""
        return self.segmentation.settings

    @property
    def mask(self) -> np.ndarray:
        """The bone."""
        return self.segmentation.bone.mask

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know."""
        second = [f"Second view: {warning}" for warning in self.lateral.warnings] if self.lateral else []
        return (*self.segmentation.warnings, *second, *(self.shape.warnings if self.shape else ()), *self.doubts)

    @functools.cached_property
    def quality(self) -> Quality:
        """Scores of the tone-mapped picture; computed once, for the JSON and for the report."""
        from ..evaluate.quality import quality_without_truth

        return quality_without_truth(self.radiograph.pixels, self.layers.tone, segmentation.bounding_box(self.mask))

    def as_json(self) -> dict:
        """The reconstruction in numbers and words, for the command line's `--json`."""
        return self.segmentation.as_json() | {
            "lateral": None if self.lateral is None else self.lateral.as_json(),
            "shape": None if self.shape is None else self.shape.as_json(),
            "quality": self.quality.as_json(),
            "surface": self.surface.describe(),
            "timings_s": self.timings_s,
            "warnings": list(self.warnings),
        }


def reconstruct(
    radiograph: Radiograph,
    settings: Settings | None = None,
    progress: Progress | None = None,
    lateral: Radiograph | None = None,
    lateral_settings: Settings | None = None,
) -> Reconstruction:
    """Make a closed 3D surface of the bone in a radiograph, or in two of them.

    Parameters
    ----------
    radiograph : Radiograph
        The picture, bone bright.
    settings : Settings, optional
    progress : callable, optional
        Called with the fraction done and what comes next; a true answer stops the work.
    lateral : Radiograph, optional
        A second view of the same bone, which only a shape model can use.
    lateral_settings : Settings, optional
        Where the bone is in it: region, mask, clicks, landmarks.

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
    stage = Stages(progress)
    share = 0.25 if lateral is None else 0.15
    if lateral is not None and settings.method in ("relief", "solid"):
        raise ReconstructionError(
            f"The method {settings.method} uses one view: take the method shape, or leave the second view out."
        )
    found = segment(radiograph, settings, part(progress, 0.0, share))
    second = None
    if lateral is not None:
        with stage("second view", share, "finding the bone in the second view"):
            second = segment(lateral, lateral_settings or Settings(), part(progress, share, 0.15))
    mask = found.bone.mask
    with stage("layers", 0.3, "separating base and detail"):
        layers = find_layers(radiograph, mask, settings)
    fitted, depth_map, doubts, begin = None, None, (), 0.4
    if _wants_shape(found, settings, second):
        begin = 0.8  # of the solid, if no shape is found
        with stage("shape", 0.4, "fitting the shape model"):
            try:
                fitted = fit_to([found, *filter(None, [second])], settings, part(progress, 0.4, begin - 0.4))
            except ReconstructionError as error:
                if settings.method == "shape" or second is not None:
                    raise
                doubts = (f"A solid was made from the outline, since no shape model could be fitted to it. {error}",)
        if fitted is not None and fitted.doubtful and settings.method == "auto" and second is None:
            doubts = (
                f"A solid was made from the outline, since a shape model is of unbroken bones: {fitted.unmet_words}.",
            )
            fitted = None
    if fitted is not None:
        made = surface_of(fitted, settings.triangles)
    else:
        with stage("depth", begin, "estimating depth"):
            depth_map = estimate_depth(radiograph, mask, layers, settings)
        begin += 0.1
        with stage("surface", begin, "building the surface"):
            made = generate_surface(depth_map, settings, part(progress, begin, 1 - begin))
    _project(radiograph, made)
    tell(progress, 1.0, "done")
    timings = found.timings_s | stage.timings_s
    return Reconstruction(found, layers, depth_map, made, timings, fitted, second, doubts)


def _wants_shape(found: Segmentation, settings: Settings, second: Segmentation | None) -> bool:
    """Whether a shape model is to be fitted."""
    if settings.method == "auto":
        asked = second is not None or settings.shape_model is not None
        return asked or (found.femur is not None and found.femur.is_femur)
    return settings.method == "shape"


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
