"""A case: one or more radiographs of one patient, with what was marked in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .. import segmentation
from ..choices import SIDES
from ..errors import ReconstructionError
from ..geometry.calibrated import met
from ..geometry.camera import Camera
from ..radiograph import Radiograph, calibrated
from .settings import Marking, Patient, Settings

VIEW_NUMBERS = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")  # of further views


@dataclass(frozen=True)
class View:
    """A radiograph, and what was marked in it.

    Attributes
    ----------
    radiograph : Radiograph
        The picture, bone bright, with its pixel size and distances.
    marking : Marking
    camera : Camera, optional
        Where it was calibrated: in any frame that the cameras of the case's views share (mm). Of a case's view it is
        focused on the bone, and the radiograph has the pixel size that follows.
    """

    radiograph: Radiograph
    marking: Marking = field(default_factory=Marking)
    camera: Camera | None = None


@dataclass(frozen=True)
class Case:
    """Views of one patient.

    Attributes
    ----------
    views : tuple of View
        One or more; the first decides where surfaces stand.
    side : {"auto", "left", "right"}
        Of the limb; by default as the files tell, or found.
    view_angle : float, sequence of float, or None
        From the first view to each further one (degrees), as far as nothing else tells; about 90 of two views by
        default. Signs say which of several lie on the same side of the first.
    patient : Patient

    Raises
    ------
    ReconstructionError
        If there is no view, or no such side, only some views have a camera, a camera is of another picture than its
        view's, or the cameras look at no common place.
    """

    views: Sequence[View]
    side: str = "auto"
    view_angle: float | Sequence[float] | None = None
    patient: Patient = field(default_factory=Patient)

    def __post_init__(self) -> None:
        object.__setattr__(self, "views", tuple(self.views))
        if not self.views:
            raise ReconstructionError("A case needs at least one view: a radiograph, and what was marked in it.")
        if self.side not in SIDES:
            raise ReconstructionError(f"The side must be auto, left or right, not {self.side!r}.")
        object.__setattr__(self, "views", _focused(self.views))


def case_of(
    radiograph: Radiograph,
    settings: Settings,
    lateral: Radiograph | None = None,
    lateral_settings: Settings | None = None,
) -> Case:
    """The case of one picture, and perhaps of a second one, as flat settings tell of it."""
    views = [View(radiograph, settings.marking)]
    if lateral is not None:
        views.append(View(lateral, (lateral_settings or Settings()).marking))
    return Case(views, settings.side, settings.view_angle, settings.patient)


def _focused(views: Sequence[View]) -> tuple[View, ...]:
    """The views, with their cameras' pixel sizes at the bone, if they have cameras."""
    cameras = [view.camera for view in views if view.camera is not None]
    if not cameras:
        return tuple(views)
    if len(cameras) < len(views):
        raise ReconstructionError(
            f"{len(cameras)} of {len(views)} views have a camera: give one for each, or for none."
        )
    if len(views) == 1:
        raise ReconstructionError("A camera tells how one view stands to another: give a second view, or no camera.")
    for number, view in enumerate(views, 1):
        rows, columns = view.radiograph.pixels.shape
        if tuple(view.camera.shape) != (rows, columns):
            raise ReconstructionError(
                f"The camera of view {number} is of {view.camera.shape[1]} x {view.camera.shape[0]} pixels, but its "
                f"picture has {columns} x {rows}: give each picture its own camera."
            )
    cameras = met(cameras, [_looked_at(view) for view in views])
    return tuple(
        replace(view, camera=camera, radiograph=calibrated(view.radiograph, camera.pixel_size_mm))
        for view, camera in zip(views, cameras, strict=True)
    )


def _looked_at(view: View) -> np.ndarray:
    """Column and row of what is looked at in a view: the middle of what was marked, or of the picture."""
    shape, marking = view.radiograph.pixels.shape, view.marking
    if marking.mask is not None:
        region = segmentation.mask_region(shape, marking.mask)
    elif marking.polygon is not None:
        region = segmentation.polygon_region(shape, marking.polygon)
    elif marking.roi is not None:
        region = segmentation.box_region(shape, marking.roi)
    else:
        region = np.ones(shape, bool)
    return np.argwhere(region).mean(axis=0)[::-1]
