"""A case: one or more radiographs of one patient, with what was marked in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import ReconstructionError
from ..radiograph import Radiograph
from .settings import SIDES, Marking, Patient, Settings


@dataclass(frozen=True)
class View:
    """A radiograph, and what was marked in it.

    Attributes
    ----------
    radiograph : Radiograph
        The picture, bone bright, with its pixel size and distances.
    marking : Marking
    """

    radiograph: Radiograph
    marking: Marking = field(default_factory=Marking)


@dataclass(frozen=True)
class Case:
    """Views of one patient.

    Attributes
    ----------
    views : tuple of View
        One or more; the first decides where surfaces stand.
    side : {"auto", "left", "right"}
        Of the limb; by default as the files tell, or found.
    view_angle : float or None
        Between the first and the second view (degrees); about 90 by default.
    patient : Patient

    Raises
    ------
    ReconstructionError
        If there is no view, or no such side.
    """

    views: Sequence[View]
    side: str = "auto"
    view_angle: float | None = None
    patient: Patient = field(default_factory=Patient)

    def __post_init__(self) -> None:
        object.__setattr__(self, "views", tuple(self.views))
        if not self.views:
            raise ReconstructionError("A case needs at least one view: a radiograph, and what was marked in it.")
        if self.side not in SIDES:
            raise ReconstructionError(f"The side must be auto, left or right, not {self.side!r}.")


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
