"""The numbers that describe a femur: their names, meanings and limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

import numpy as np

from ...errors import SimulationError

# Shares of the mechanical length above the knee at which the shaft is described.
WIDTH_AT = (0.045, 0.09, 0.15, 0.25, 0.5, 0.75, 0.86)
CENTER_AT = (0.05, 0.3, 0.58, 0.86)


@dataclass(frozen=True)
class Head:
    """The femoral head, a sphere."""

    height: float  # of its centre above the knee's: the mechanical length
    radius: float


@dataclass(frozen=True)
class Neck:
    """The neck, an elliptic cone from the head's centre to its base."""

    length: float  # from the head's centre to the base
    shaft_angle: float  # degrees, between the neck's and the upper shaft's axis
    anteversion: float  # degrees about the mechanical axis, positive where the head lies in front
    half_height: float  # at the head
    half_width: float  # at the head, from front to back
    base_radius: float
    base_up: float  # how far the base lies off the neck's axis, which bends towards it: across the axis, upwards
    base_back: float  # and backwards


@dataclass(frozen=True)
class Shaft:
    """The shaft, a tube of elliptic sections whose middle line is bowed."""

    half_widths: tuple[float, ...]  # side to side, at WIDTH_AT
    half_depths: tuple[float, ...]  # front to back, at WIDTH_AT
    centers_out: tuple[float, ...]  # of the middle line to the outer side of the mechanical axis, at CENTER_AT
    centers_back: tuple[float, ...]  # of the middle line behind it, at CENTER_AT


@dataclass(frozen=True)
class Trochanters:
    """The trochanters, seen from the neck's base."""

    tip_out: float  # the greater trochanter's upper part
    tip_back: float
    tip_up: float
    tip_half_width: float
    tip_half_depth: float
    tip_half_height: float
    body_out: float  # its lower part
    body_up: float
    body_half_depth: float
    body_half_height: float
    mass_out: float  # between the trochanters
    mass_up: float
    mass_radius: float
    lesser_in: float
    lesser_back: float
    lesser_down: float
    lesser_radius: float


@dataclass(frozen=True)
class Condyle:
    """A condyle: a round part behind, a long part below, an epicondyle and a flange of the trochlea."""

    out: float  # of its middle from the knee's, to its own side
    half_width: float
    posterior_back: float
    posterior_up: float
    posterior_radius: float
    distal_front: float
    distal_down: float
    distal_half_depth: float
    distal_half_height: float
    epicondyle_out: float
    epicondyle_up: float
    flange_front: float
    flange_up: float
    flange_radius: float


@dataclass(frozen=True)
class Grooves:
    """The notch between the condyles and the groove of the trochlea."""

    notch_back: float
    notch_down: float
    notch_half_width: float
    trochlea_front: float
    trochlea_half_width: float


@dataclass(frozen=True)
class Cortex:
    """Thickness of the cortex."""

    shaft: float  # in the shaft's middle
    ends: float


@dataclass(frozen=True)
class FemurParameters:
    """Numbers that describe a femur: mm, but for the neck's two angles (degrees).

    Raises
    ------
    SimulationError
        If one is not finite, a size is not above zero, the head does not meet the neck, or the cortex is
        thicker than the bone; the text names it.
    """

    head: Head
    neck: Neck
    shaft: Shaft
    trochanters: Trochanters
    medial: Condyle
    lateral: Condyle
    grooves: Grooves
    cortex: Cortex
    side: str = "left"

    def __post_init__(self) -> None:
        if self.side not in ("left", "right"):
            raise SimulationError(f"side {self.side!r}: it must be 'left' or 'right'.")
        for name in ("half_widths", "half_depths", "centers_out", "centers_back"):
            given, wanted = len(getattr(self.shaft, name)), len(CENTER_AT if "centers" in name else WIDTH_AT)
            if given != wanted:
                raise SimulationError(f"shaft.{name}: {given} numbers; there must be {wanted}.")
        for name, value in named(self):
            if not np.isfinite(value):
                raise SimulationError(f"{name}: {value}; it must be a finite number.")
            if is_size(name) and not value > 0:
                raise SimulationError(f"{name}: {value:g} mm; it must be above zero.")
        neck, head = self.neck, self.head
        if not 80 < neck.shaft_angle < 180:
            raise SimulationError(f"neck.shaft_angle: {neck.shaft_angle:g} degrees; it must lie between 80 and 180.")
        if not abs(neck.anteversion) < 90:
            raise SimulationError(f"neck.anteversion: {neck.anteversion:g} degrees; it must lie within 90.")
        if min(neck.half_height, neck.half_width) >= head.radius:
            raise SimulationError(f"head.radius: {head.radius:g} mm; the head lies inside its neck.")
        if not head.height > 150:
            raise SimulationError(f"head.height: {head.height:g} mm above the knee; it must be above 150.")
        thinnest = min(*self.shaft.half_widths, *self.shaft.half_depths)
        for name in ("shaft", "ends"):
            if getattr(self.cortex, name) >= thinnest:
                raise SimulationError(
                    f"cortex.{name}: {getattr(self.cortex, name):g} mm; the bone is only {2 * thinnest:.1f} mm thick."
                )


def is_size(name: str) -> bool:
    """Whether a number, as `named` calls it, is a size, which must be above zero."""
    return any(word in name for word in ("radius", "half", "height", "length", "cortex")) and "centers" not in name


def named(parameters: object, prefix: str = "") -> Iterator[tuple[str, float]]:
    """All numbers of a femur with their names, such as ("shaft.half_widths.3", 13.2), in a fixed order."""
    for part in fields(parameters):
        value, name = getattr(parameters, part.name), f"{prefix}{part.name}"
        if is_dataclass(value):
            yield from named(value, f"{name}.")
        elif isinstance(value, tuple):
            yield from ((f"{name}.{number}", float(each)) for number, each in enumerate(value))
        elif not isinstance(value, str):
            yield name, float(value)


def to_vector(parameters: FemurParameters) -> np.ndarray:
    """All numbers of a femur, (n,) float64, in the order of `named`."""
    return np.array([value for _, value in named(parameters)])


def from_vector(vector: np.ndarray, side: str = "left") -> FemurParameters:
    """Femur of these numbers, (n,), in the order of `named`.

    Raises
    ------
    SimulationError
        As `FemurParameters`, or if there are too few or too many.
    """
    if len(vector) != COUNT:
        raise SimulationError(f"a femur has {COUNT} numbers, not {len(vector)}.")
    values = iter(np.asarray(vector, float).tolist())
    lengths = {"half_widths": len(WIDTH_AT), "half_depths": len(WIDTH_AT)}
    lengths |= {"centers_out": len(CENTER_AT), "centers_back": len(CENTER_AT)}

    def take(kind: type) -> object:
        content = {}
        for part in fields(kind):
            count = lengths.get(part.name)
            content[part.name] = next(values) if count is None else tuple(next(values) for _ in range(count))
        return kind(**content)

    return FemurParameters(**{name: take(kind) for name, kind in _PARTS.items()}, side=side)


_PARTS = {
    "head": Head,
    "neck": Neck,
    "shaft": Shaft,
    "trochanters": Trochanters,
    "medial": Condyle,
    "lateral": Condyle,
    "grooves": Grooves,
    "cortex": Cortex,
}
COUNT = sum(len(fields(kind)) for kind in _PARTS.values()) - 4 + 2 * len(WIDTH_AT) + 2 * len(CENTER_AT)
