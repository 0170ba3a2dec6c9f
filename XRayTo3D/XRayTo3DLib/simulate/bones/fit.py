"""The femur family fitted to real femora.

`python -m XRayTo3DLib.simulate.bones.fit FOLDER -o femur_family.json --table` does it for a folder of real femora.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...anatomy import FemurAnatomy, measure_femur
from ...helpers.files import check_writable, replacing
from ...surface.distance import Distances, distance_to, surface_distances
from ...surface.samples import spread
from .bone import Mesh
from .family import FILE, mean_femur, summary
from .femur import femur, signed_distance
from .joints import knee_frame
from .parameters import (
    Condyle,
    Cortex,
    FemurParameters,
    Grooves,
    Head,
    Neck,
    Shaft,
    Trochanters,
    from_vector,
    is_size,
    named,
    to_vector,
)

_SAMPLES = 1500  # on the surface, beside it, in its box, and on the neck
_NEAR_MM = 3.0  # the field is compared exactly with the distance this near to the surface
_NECK_WEIGHT = 2.5  # a mm there is worth two degrees
_PRIOR_WEIGHT = 5.0
_SD = 4.0  # of a number from what is expected (mm), but for what was measured on the bone:
_MEASURED_SD = {"head.height": 0.05, "head.radius": 0.025, "neck.shaft_angle": 0.1, "neck.anteversion": 0.2}
_ROUNDS = 25
_CORTEX_NUMBERS = 2


@dataclass(frozen=True)
class Fit:
    """A femur of the family that resembles a surface.

    Attributes
    ----------
    parameters : FemurParameters
    placement : (4, 4) float64 array
        From the femur's frame to the surface's.
    """

    parameters: FemurParameters
    placement: np.ndarray


@dataclass(frozen=True)
class Closeness:
    """How close a fitted femur comes to the surface it was fitted to.

    Attributes
    ----------
    distances : Distances
    shaft_angle_deg, head_radius_mm : float
        Fitted less real, both measured on the surfaces.
    shaft_angle_number_deg : float
        The family's own number less the real femur's measured angle.
    """

    distances: Distances
    shaft_angle_deg: float
    head_radius_mm: float
    shaft_angle_number_deg: float


def fit_femur(surface: Mesh, side: str | None = None, expected: FemurParameters | None = None) -> Fit:
    """Find the femur of the family that a real femur's surface is closest to.

    Parameters
    ----------
    surface : Mesh
        A whole femur, roughly upright.
    side : {"left", "right"}, optional
        By default found from the surface.
    expected : FemurParameters, optional
        What the numbers are drawn to where the surface does not tell; by default the family's mean.

    Returns
    -------
    Fit

    Raises
    ------
    SurfaceError
        If the surface is no whole femur.

    Notes
    -----
    Least squares of the difference between the family's signed distance and the surface's at points on and
    near it; farther away only the sign counts. Head, neck-shaft angle and anteversion are held near what is
    measured on the surface.
    """
    anatomy = measure_femur(surface.points, surface.faces, side)
    to_femur = knee_frame(anatomy.landmarks)
    own = surface.moved(to_femur)
    expected = replace(expected or mean_femur(), side="left")
    local = own if anatomy.side == "left" else own.moved(np.diag([-1.0, 1, 1, 1]))
    parameters = _solve(local, expected, anatomy)
    return Fit(replace(parameters, side=anatomy.side), np.linalg.inv(to_femur))


def closeness(surface: Mesh, fit: Fit) -> Closeness:
    """Compare a surface with the femur fitted to it."""
    fitted = femur(fit.parameters).outer.moved(fit.placement)
    real, found = (measure_femur(mesh.points, mesh.faces) for mesh in (surface, fitted))
    return Closeness(
        distances=surface_distances((surface.points, surface.faces), (fitted.points, fitted.faces)),
        shaft_angle_deg=found.neck_shaft_angle_deg - real.neck_shaft_angle_deg,
        head_radius_mm=found.head_radius - real.head_radius,
        shaft_angle_number_deg=fit.parameters.neck.shaft_angle - real.neck_shaft_angle_deg,
    )


def _solve(surface: Mesh, expected: FemurParameters, anatomy: FemurAnatomy) -> FemurParameters:
    """Numbers of a left femur whose surface stands in the femur's frame."""
    from scipy.optimize import least_squares

    names = [name for name, _ in named(expected)][:-_CORTEX_NUMBERS]
    prior = to_vector(expected)
    height = float(np.linalg.norm(anatomy.landmarks["head_center"] - anatomy.landmarks["knee_center"]))
    measured = (height, anatomy.head_radius, anatomy.neck_shaft_angle_deg, anatomy.anteversion_deg)
    for name, value in zip(_MEASURED_SD, measured, strict=True):
        prior[names.index(name)] = value
    cortex, prior = prior[-_CORTEX_NUMBERS:], prior[:-_CORTEX_NUMBERS]
    sd = np.array([_MEASURED_SD.get(name, _SD) for name in names])
    points, wanted, weight = _targets(surface, anatomy.head_radius, height, anatomy)
    near = np.abs(wanted) < _NEAR_MM

    def residuals(numbers: np.ndarray) -> np.ndarray:
        field = signed_distance(from_vector(np.concatenate([numbers, cortex])), points)
        missed = np.where(wanted > 0, np.minimum(field - wanted / 2, 0), np.maximum(field - wanted / 2, 0)) / 2
        missed = np.where(near, (field - wanted) * weight, missed).clip(-12, 12)
        return np.concatenate([missed, _PRIOR_WEIGHT * (numbers - prior) / sd])

    size = np.array([is_size(name) for name in names])
    bounds = np.where(size, 0.6 * prior, -np.inf), np.where(size, 1.7 * prior, np.inf)
    scale = np.minimum(sd, 3.0)
    found = least_squares(residuals, prior, bounds=bounds, x_scale=scale, diff_step=1e-4, max_nfev=_ROUNDS)
    return from_vector(np.concatenate([found.x, cortex]))


def _targets(
    surface: Mesh, head_radius: float, height: float, anatomy: FemurAnatomy
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (n, 3), their signed distances to a surface (n,), and weights (n,) of those that lie near it."""
    rng = np.random.default_rng(0)
    samples = spread(surface.points, surface.faces)
    order = rng.choice(len(samples.areas), _SAMPLES, p=samples.areas / samples.areas.sum())
    on = samples.points[order]
    beside = on + rng.normal(0, 1, on.shape) * rng.uniform(0.5, 9, (len(on), 1))
    box = rng.uniform(surface.points.min(axis=0) - 25, surface.points.max(axis=0) + 25, on.shape)
    around = on + rng.normal(0, 14, on.shape)
    head = np.array([0, 0, height])
    to_neck = knee_frame(anatomy.landmarks)[:3, :3] @ -anatomy.neck_axis * [1 if anatomy.side == "left" else -1, 1, 1]
    away = samples.points - head
    along = away @ to_neck
    off = np.linalg.norm(away - along[:, None] * to_neck, axis=1)
    neck = np.flatnonzero((along > 0.55 * head_radius) & (along < 1.7 * head_radius) & (off < 1.25 * head_radius))
    neck = samples.points[rng.choice(neck, _SAMPLES // 2)]
    points = np.concatenate([on, neck, beside, box, around])
    exact = len(on) + len(neck)
    wanted = np.concatenate([np.zeros(exact), distance_to(surface.points, surface.faces, points[exact:])])
    weight = np.concatenate([np.ones(len(on)), np.full(len(neck), _NECK_WEIGHT), np.full(3 * _SAMPLES, 0.3)])
    return points, wanted, weight


# What a femur is expected to be before any was fitted: read off the mean of the real ones.
_CONDYLE = Condyle(25, 13, 0, 0, 18.8, 10, 2, 25, 20, 31, 3, 28, 8, 14)
TYPICAL = FemurParameters(
    Head(395, 22.8),
    Neck(45, 125, 10, 15.5, 14, 19, 0, 0),
    Shaft((34, 24, 19, 16, 13.8, 14.8, 17), (18, 17, 16, 15, 14.9, 15, 16), (-1, 12.9, 24.5, 33), (-20, -21, -12, 6)),
    Trochanters(9, 13, 16, 11, 13, 16, 13, 0, 18, 24, -5, -18, 17, 19, 11, 26, 9),
    _CONDYLE,
    _CONDYLE,
    Grooves(18, 8, 9, 48, 10),
    Cortex(6.2, 2.0),
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m XRayTo3DLib.simulate.bones.fit", description=__doc__.splitlines()[0]
    )
    parser.add_argument("folder", type=Path, help="with femur_26_correspondence.npz: vertices (people, n, 3), faces")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=f"family to write, such as {FILE.name}")
    parser.add_argument("--table", action="store_true", help="print how close each fit comes")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), metavar="N", help="(%(default)s)")
    options = parser.parse_args(arguments)
    if options.output:
        check_writable(options.output)
    from .limbs import read_bones

    surfaces = read_bones(options.folder, "femur")
    with ProcessPoolExecutor(options.workers) as pool:
        expected = [None] * len(surfaces)
        if options.output:  # from scratch: the first round says what to expect in the second
            first = list(pool.map(_numbers, surfaces, [TYPICAL] * len(surfaces)))
            expected = [from_vector(np.mean(first, axis=0))] * len(surfaces)
        fits = list(pool.map(_fit, surfaces, expected))
        if options.table:
            _print_table(list(pool.map(closeness, surfaces, fits)))
    if options.output:
        names = [name for name, _ in named(TYPICAL)][:-_CORTEX_NUMBERS]
        numbers = np.array([to_vector(fit.parameters)[:-_CORTEX_NUMBERS] for fit in fits])
        with replacing(options.output) as temporary:
            temporary.write_text(json.dumps(summary(numbers, names), indent=1) + "\n", encoding="utf-8")
    return 0


def _fit(surface: Mesh, expected: FemurParameters | None) -> Fit:
    return fit_femur(surface, expected=expected)


def _numbers(surface: Mesh, expected: FemurParameters) -> np.ndarray:
    return to_vector(fit_femur(surface, expected=expected).parameters)


def _print_table(rows: list[Closeness]) -> None:
    print("femur   mean mm   rms mm    95 % mm   most mm   neck-shaft angle   its number   head radius mm")
    line = "{:<6} {:>8.2f} {:>8.2f} {:>10.2f} {:>9.2f} {:>16.2f} {:>13.2f} {:>14.2f}"
    values = []
    for row in rows:
        distances, *others = vars(row).values()
        values.append([*vars(distances).values(), *others])
    values = np.array(values)
    for number, row in enumerate(values):
        print(line.format(number, *row))
    print(line.format("median", *np.median(np.abs(values), axis=0)))
    print(line.format("worst", *np.abs(values).max(axis=0)))


if __name__ == "__main__":
    sys.exit(main())
