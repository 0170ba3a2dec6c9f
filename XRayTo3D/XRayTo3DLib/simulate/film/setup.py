"""How radiographs are taken: numbers alone, so that the command tells of them at once."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ...errors import SimulationError


@dataclass(frozen=True)
class Exposure:
    """How a film is exposed.

    Attributes
    ----------
    photons : float
        Mean number of photons a pixel counts where nothing stands in the way; infinite for no noise.
    scatter : float
        Scattered radiation as a fraction of the direct one, averaged round about.
    scatter_width_mm : float
        Standard deviation of the smooth veil that scatter lays over the film, at the detector (mm).
    blur_mm : float
        Standard deviation of the detector's and the focal spot's blur, at the detector (mm).

    Raises
    ------
    SimulationError
        If a number is impossible; the text names it.
    """

    photons: float = 4000.0
    scatter: float = 0.15
    scatter_width_mm: float = 25.0
    blur_mm: float = 0.3

    def __post_init__(self) -> None:
        if not self.photons > 0:
            raise SimulationError(f"photons: {self.photons:g} a pixel; there must be some.")
        for name in ("scatter", "scatter_width_mm", "blur_mm"):
            if not 0 <= getattr(self, name) < math.inf:
                raise SimulationError(f"{name}: {getattr(self, name):g}; it must be zero or more.")


IDEAL = Exposure(photons=math.inf, scatter=0.0, blur_mm=0.0)


@dataclass(frozen=True)
class Setup:
    """How radiographs are taken.

    Attributes
    ----------
    pixel_size_mm : float
        At the detector.
    sid_mm, sod_mm : float
        Distance of the source to the detector and to the bone's middle.
    shape : (int, int), optional
        Rows and columns of the detector; by default it is large enough for the bone's shadow.
    center_lps : (float, float, float), optional
        The patient's point (mm) that the central ray goes through; by default the middle of the bone's box.
    exposure : Exposure
    tissue_mm : float
        Soft tissue over the bone (mm); 0 for a bare bone.
    ball_mm : float
        Diameter of a steel ball beside the bone, by which the scale can be found; 0 for none.
    collimation_mm : float, optional
        The film is blind farther than this from the shadows of bone and ball (mm at the detector); by default
        all of it is open.
    marked : bool
        Whether a letter tells the side, and a line of text that the picture is simulated.
    """

    pixel_size_mm: float = 0.4
    sid_mm: float = 1150.0
    sod_mm: float = 1000.0
    shape: tuple[int, int] | None = None
    center_lps: tuple[float, float, float] | None = None
    exposure: Exposure = field(default_factory=Exposure)
    tissue_mm: float = 35.0
    ball_mm: float = 0.0
    collimation_mm: float | None = None
    marked: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.tissue_mm < math.inf:
            raise SimulationError(f"soft tissue: {self.tissue_mm:g} mm; it must be zero or more.")
        if not 0 <= self.ball_mm < math.inf:
            raise SimulationError(f"ball: a diameter of {self.ball_mm:g} mm; it must be zero or more.")
        if self.collimation_mm is not None and not 0 <= self.collimation_mm < math.inf:
            raise SimulationError(f"collimation: {self.collimation_mm:g} mm; it must be zero or more.")
