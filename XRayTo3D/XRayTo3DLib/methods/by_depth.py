"""What relief and solid share: surfaces of a map of depth, which is estimated for each pixel of one radiograph."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import depth, segmentation, surface, tone
from ..case import Case, Making, Settings
from ..depth import DepthMap
from ..geometry.grid import Grid, grid_over
from ..helpers.progress import Progress, part, tell
from ..helpers.stages import Stages
from ..radiograph import Radiograph
from ..surface import Surface
from ..tone import Layers
from .bone import BoneResult, FoundBone

_METHOD_OF = {depth.HALF_THICKNESS: "solid", depth.HEIGHT: "relief"}
# Flying edges makes about three triangles for each cell's face of surface; a bone's surface is about pi times
# its shadow (exactly so for a cylinder); and decimation starts from a sixth more triangles than wanted.
_TRIANGLES_PER_SHADOW_CELL = 3 * np.pi
_OVERSAMPLING = 1.15
_COARSEST = 1 / 16  # cell size in largest half widths of the bone
_MOST_CELLS = 64e6  # of the space a surface is made in: 256 MB


def too_many_views(name: str, case: Case) -> str:
    """Why a method of one view is none for a case with more; "" if it has one."""
    if len(case.views) == 1:
        return ""
    return f"The method {name} uses one view: take the method shape, or leave the second view out."


def made_by(
    estimate: Callable[..., DepthMap], bone: FoundBone, making: Making, progress: Progress | None
) -> BoneResult:
    """Surface of a bone in its first view, by a function that estimates its depth there."""
    stage, found = Stages(progress), bone.seen[0]
    settings = Settings.of(found.view.marking, making)
    with stage("depth", 0.0, "estimating depth"):
        depth_map = estimate(found.radiograph, found.bone.mask, bone.layers, settings)
    with stage("surface", 0.15, "building the surface"):
        made = generate_surface(depth_map, making, part(progress, 0.15, 0.85))
    return BoneResult(bone.name, bone.side, (made,), depth=depth_map, timings_s=stage.timings_s)


def find_layers(radiograph: Radiograph, mask: np.ndarray, making: Making) -> Layers:
    """Base, detail and tone-mapped layer; detail is what is finer than a quarter of the bone's half width."""
    return tone.layers(
        radiograph.pixels,
        max(2, round(depth.half_width(mask[segmentation.bounding_box(mask)]) / 4)),
        making.hdr_strength,
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


def generate_surface(depth_map: DepthMap, making: Making | None = None, progress: Progress | None = None) -> Surface:
    """Closed surface of a depth map.

    Parameters
    ----------
    depth_map : DepthMap
    making : Making
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
    making = making or Making()
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
    mesh = surface.smooth(mesh, making.smoothing)
    if depth_map.kind == depth.HEIGHT:
        mesh = surface.flatten_back(mesh, grid.step / 4)
    tell(progress, 0.5, "decimating")
    mesh, error = surface.decimate(mesh, making.triangles, grid.step)
    mesh = surface.keep_largest(mesh, pieces)  # thin parts may have come off, now or before

    points, faces = surface.arrays(mesh)
    lowest = points[:, 2].min()
    on_border = grid.border_at(points[:, :2]) < grid.step / 2  # a cut, no outline
    seen = (points[:, 2] > seen_above) & ~on_border
    mesh = surface.polydata(points - np.array([0, 0, lowest], np.float32), faces)
    return Surface(surface.with_observed(mesh, seen), _METHOD_OF[depth_map.kind], error)
