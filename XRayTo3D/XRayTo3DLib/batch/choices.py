"""What holds for all radiographs of a batch alike."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..case import Finding, Making, Marking, check_finding, check_making
from ..errors import ReconstructionError
from ..radiograph.checks import check_length, check_pixel_size

_OF_ONE_VIEW = ("relief", "solid")


@dataclass(frozen=True)
class Choices:
    """How every radiograph is read, its bones found, and their surfaces made.

    Attributes
    ----------
    finding : Finding
    making : Making
    pixel_size_mm, sid_mm, sod_mm : float or None
        Of all radiographs; they outrank the files'.
    """

    finding: Finding = field(default_factory=Finding)
    making: Making = field(default_factory=Making)
    pixel_size_mm: float | None = None
    sid_mm: float | None = None
    sod_mm: float | None = None

    @property
    def one_view(self) -> bool:
        """Whether the method uses one view alone: radiographs are not put together then."""
        return self.making.method in _OF_ONE_VIEW


def check_choices(choices: Choices) -> None:
    """Raise ReconstructionError or RadiographError for what would fail with every radiograph."""
    if choices.making.method == "volume":
        raise ReconstructionError(
            "The method volume needs calibrated cameras, and radiographs of a batch have none: take another method, or "
            "reconstruct each case with --cameras."
        )
    check_finding(choices.finding, Marking())
    check_making(choices.making)
    check_pixel_size(choices.pixel_size_mm)
    check_length("sid_mm", choices.sid_mm)
    check_length("sod_mm", choices.sod_mm)
