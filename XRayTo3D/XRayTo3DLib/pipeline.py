"""The one place where the stages meet: from a radiograph to a surface."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from . import by_shape, depth, segmentation, surface, tone
from .by_shape import Fitted
from .depth import DepthMap
from .errors import ReconstructionError
from .frames import mm_to_pixel
from .grid import Grid, grid_over
from .progress import Progress, part, tell
from .radiograph import Radiograph
from .segmentation import Bone, FemurCheck, Seeds
from .surface import Surface
from .tone import Layers
from .version import __version__

if TYPE_CHECKING:
    from .evaluate.quality import Quality

METHODS = ("auto", "relief", "solid", "shape")
METHOD_OF = {depth.HALF_THICKNESS: "solid", depth.HEIGHT: "relief"}
# Flying edges makes about three triangles for each cell's face of surface; a bone's surface is about pi times
# its shadow (exactly so for a cylinder); and decimation starts from a sixth more triangles than wanted.
_TRIANGLES_PER_SHADOW_CELL = 3 * np.pi
_OVERSAMPLING = 1.15
_COARSEST = 1 / 16  # cell size in largest half widths of the bone
_MOST_CELLS = 64e6  # of the space a surface is made in: 256 MB


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


@dataclass(frozen=True)
class Segmentation:
    """The bone in a radiograph, how it was found, and whether it is a femur. Arrays have the picture's size.

    Attributes
    ----------
    radiograph : Radiograph
    settings : Settings
    region : (rows, columns) bool array
        Where a bone was looked for: inside box and polygon.
    bone : Bone
    femur : FemurCheck or None
        None where the network was not asked, or knows nothing of the bone.
    """

    radiograph: Radiograph
    settings: Settings
    region: np.ndarray
    bone: Bone
    femur: FemurCheck | None
    timings_s: dict[str, float] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of the radiograph and of the bone in it."""
        doubt = ()
        if self.femur is not None and not self.femur.is_femur:
            doubt = (f"This may be no femur (score {self.femur.score:.2f}): {'; '.join(self.femur.reasons)}.",)
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
                "bits": picture.bits,
                "view": picture.view,
                "side": picture.side,
                "warnings": list(picture.warnings),
            },
            "settings": self.settings.as_json(),
            "clusters": {
                "centers": None if bone.clusters is None else bone.clusters.centers.tolist(),
                "bone_range": None if bone.bone_range is None else list(bone.bone_range),
            },
            "bone": bone.as_json(),
            "femur": unknown if self.femur is None else self.femur.as_json(),
            "timings_s": self.timings_s,
            "warnings": list(self.warnings),
            "version": __version__,
        }


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
        from .evaluate.quality import quality_without_truth

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


class _Stages:
    """Tells of each stage before it begins, and how long it took after it ended."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self.timings_s: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str, fraction: float, text: str) -> Iterator[None]:
        tell(self.progress, fraction, text)
        start = time.perf_counter()
        yield
        self.timings_s[name] = time.perf_counter() - start


def segment(radiograph: Radiograph, settings: Settings | None = None, progress: Progress | None = None) -> Segmentation:
    """Find the bone in a radiograph, and check whether it is a femur.

    Parameters
    ----------
    radiograph : Radiograph
        The picture, bone bright.
    settings : Settings, optional
    progress : callable, optional
        Called with the fraction done and what comes next; a true answer stops the work.

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
    settings = settings or Settings()
    stage = _Stages(progress)
    _check(settings)
    with stage("region", 0.0, "marking the region"):
        region = _looked_at(radiograph, settings)
    with stage("bone", 0.1, "finding the bone"):
        bone = _bone_in(region, radiograph, settings)
    if bone.first is not None and bone.clusters is None:  # to be looked at beside what the network found
        with stage("clusters", 0.6, "clustering gray values"), suppress(ReconstructionError):  # too few greys
            seen = segmentation.clustered(radiograph.pixels, region, settings.clusters)
            bone = replace(bone, flattened=seen.flattened, clusters=seen.clusters, bone_range=seen.bone_range)
    with stage("femur", 0.8, "checking whether it is a femur"):
        femur = segmentation.check_femur(bone, settings.reader)
    return Segmentation(radiograph, settings, region, bone, femur, stage.timings_s)


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
    stage = _Stages(progress)
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
                fitted = by_shape.fit_to([found, *filter(None, [second])], settings, part(progress, 0.4, begin - 0.4))
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
        made = by_shape.surface_of(fitted, settings.triangles)
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


def find_region(radiograph: Radiograph, settings: Settings) -> np.ndarray:
    """Pixels to look at: inside box, polygon and mask, as far as given.

    Returns
    -------
    (rows, columns) bool array

    Raises
    ------
    ReconstructionError
        If nothing of the picture is left.
    """
    shape = radiograph.pixels.shape
    region = np.ones(shape, bool)
    if settings.roi is not None:
        region &= segmentation.box_region(shape, settings.roi)
    if settings.polygon is not None:
        region &= segmentation.polygon_region(shape, settings.polygon)
    if settings.mask is not None:
        region &= segmentation.mask_region(shape, settings.mask)
    if not region.any():
        raise ReconstructionError("Box, polygon and mask share no pixel of the picture.")
    return region


def _looked_at(radiograph: Radiograph, settings: Settings) -> np.ndarray:
    """The region without the mask: what is beyond it was not looked at, what is beyond a mask is no bone."""
    return find_region(radiograph, replace(settings, mask=None))


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
    settings = settings or Settings()
    _check(settings)
    return _bone_in(_looked_at(radiograph, settings), radiograph, settings)


def find_layers(radiograph: Radiograph, mask: np.ndarray, settings: Settings) -> Layers:
    """Base, detail and tone-mapped layer; detail is what is finer than a quarter of the bone's half width."""
    return tone.layers(
        radiograph.pixels,
        max(2, round(depth.half_width(mask[segmentation.bounding_box(mask)]) / 4)),
        settings.hdr_strength,
    )


def depth_grid(radiograph: Radiograph, mask: np.ndarray, settings: Settings) -> Grid:
    """Grid for the depth of the bone under a (rows, columns) mask, as fine as the surface's triangles can show."""
    pixel = radiograph.pixel_size_at_bone_mm
    shadow = np.count_nonzero(mask) * pixel[0] * pixel[1]
    box = segmentation.bounding_box(mask)
    half_width = depth.half_width(mask[box]) * min(pixel)
    room = mask[box].size * pixel[0] * pixel[1] * 2 * half_width
    step = np.sqrt(_TRIANGLES_PER_SHADOW_CELL * shadow / (_OVERSAMPLING * settings.triangles))
    step = max(min(step, _COARSEST * half_width), np.cbrt(room / _MOST_CELLS))
    shape = radiograph.pixels.shape
    # The bone goes on outside a box that the user drew round a part of it.
    frame = None if settings.roi is None else segmentation.bounding_box(segmentation.box_region(shape, settings.roi))
    return grid_over(box, float(step), shape, radiograph.pixel_size_mm, radiograph.magnification, frame)


def estimate_depth(radiograph: Radiograph, mask: np.ndarray, layers: Layers, settings: Settings) -> DepthMap:
    """Depth of the bone under a mask.

    Parameters
    ----------
    radiograph : Radiograph
    mask : (rows, columns) bool array
        The bone.
    layers : Layers
    settings : Settings
        Method, network and budget.

    Returns
    -------
    DepthMap

    Raises
    ------
    ReconstructionError
        If the depth network cannot be loaded.
    """
    grid = depth_grid(radiograph, mask, settings)
    if settings.method == "relief":
        return depth.relief(grid, mask, layers.tone)
    network = depth.load_depth_network(settings.depth_network)
    return depth.solid(grid, mask, radiograph.pixels, layers.base, layers.detail, network, settings.emboss_mm)


def generate_surface(
    depth_map: DepthMap, settings: Settings | None = None, progress: Progress | None = None
) -> Surface:
    """Closed surface of a depth map.

    Parameters
    ----------
    depth_map : DepthMap
    settings : Settings
        Smoothing and triangle budget.
    progress : callable, optional

    Returns
    -------
    Surface
        In the engine's frame; it lies on the picture, its lowest point at z = 0. What the border of the picture,
        or of the user's box, cuts off ends in a flat section there.

    Raises
    ------
    ReconstructionError, Cancelled
    """
    settings = settings or Settings()
    grid = depth_map.grid
    tell(progress, 0.0, "filling the space between front and back")
    if depth_map.kind == depth.HEIGHT:
        space, bottom = surface.relief_field(depth_map.depth, depth_map.outline, grid.border, grid.step)
        seen_above = grid.step / 2  # the back is flat because nothing is known of it
    else:
        space, bottom = surface.solid_field(depth_map.outline, depth_map.raised, grid.border, grid.step)
        seen_above = -grid.step  # the outline and what faces the source
    tell(progress, 0.2, "making triangles")
    mesh = surface.isosurface(space, (*grid.origin, bottom), grid.step)
    pieces = segmentation.count_pieces(depth_map.mask)
    mesh = surface.keep_largest(mesh, pieces)
    tell(progress, 0.4, "smoothing")
    mesh = surface.smooth(mesh, settings.smoothing)
    if depth_map.kind == depth.HEIGHT:
        mesh = surface.flatten_back(mesh, grid.step / 4)
    tell(progress, 0.5, "decimating")
    mesh, error = surface.decimate(mesh, settings.triangles, grid.step)
    mesh = surface.keep_largest(mesh, pieces)  # thin parts may have come off, now or before

    points, faces = surface.arrays(mesh)
    lowest = points[:, 2].min()
    on_border = grid.border_at(points[:, :2]) < grid.step / 2  # a cut, no outline
    seen = (points[:, 2] > seen_above) & ~on_border
    mesh = surface.polydata(points - np.array([0, 0, lowest], np.float32), faces)
    return Surface(surface.with_observed(mesh, seen), METHOD_OF[depth_map.kind], error)


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


def _bone_in(region: np.ndarray, radiograph: Radiograph, settings: Settings) -> Bone:
    if settings.mask is None:
        return _found_in(region, radiograph.pixels, settings)
    if settings.seeds:
        segmentation.check_seeds(settings.seeds, region)
    return _drawn_in(region, find_region(radiograph, settings), radiograph.pixels, settings)


def _drawn_in(region: np.ndarray, mask: np.ndarray, pixels: np.ndarray, settings: Settings) -> Bone:
    """The bone of a mask, with all that is known of it if it is the one that is found without the mask.

    A mask that was never changed since the bone was found gives the same bone, to the last digit. Otherwise the network
    is asked for the bone under the mask. That nothing is found must not matter: the mask is there.
    """
    with suppress(ReconstructionError):
        found = _found_in(region, pixels, settings)
        if np.array_equal(found.mask, mask):
            reason = f"a mask was given, the same as is found by {found.method} ({found.reason})"
            return replace(found, method="drawn", reason=reason)
    if settings.threshold is None and settings.segmentation != "clusters":
        with suppress(ReconstructionError):
            return segmentation.bone_recognized(pixels, mask, region, settings.pieces, settings.reader)
    return segmentation.bone_as_drawn(pixels, mask, region)


def _found_in(region: np.ndarray, pixels: np.ndarray, settings: Settings) -> Bone:
    if settings.threshold is not None:
        return segmentation.bone_by_threshold(pixels, settings.threshold, region, settings.pieces)
    return segmentation.find_bone(
        pixels, region, settings.segmentation, settings.seeds, settings.pieces, settings.clusters, settings.reader
    )


def _check(settings: Settings) -> None:
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
