"""The built-in model of the femur: made from the project's own analytic family, and from nothing else.

`python -m XRayTo3DLib.train.built_in -o femur.npz` makes it.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from ..errors import SimulationError
from ..helpers.files import check_writable
from ..shape.correspondence import Template, register
from ..shape.model import BUILT_IN, ShapeModel, save_shape_model
from ..shape.statistics import model_from, moved_landmarks, procrustes
from ..simulate.bones.family import mean_femur, sample
from ..simulate.bones.femur import femur, landmarks
from ..surface import arrays, polydata, smooth

_FEMORA = 300
_FIRST_SEED = 7_000_000
_COARSE_MM, _FINE_MM, _DRAWN_MM = 5.0, 1.5, 2.5  # steps of the grids that surfaces are made on
_SMOOTHING = 20
# Fitted to real femora, the family's surfaces are about a millimetre off: `make bench-simulate`.
_LEFT_UNSAID_MM = 1.2


def family_model(count: int = _FEMORA, workers: int | None = None) -> ShapeModel:
    """Model of the left femur, from so many draws of the analytic family."""
    template = femur_template()
    seeds = range(_FIRST_SEED, _FIRST_SEED + count)
    with ProcessPoolExecutor(workers) as pool:
        drawn = list(pool.map(_drawn, seeds, [template] * count, chunksize=8))
    aligned, motions = procrustes(np.array([points for points in drawn if points is not None]))
    marks = [landmarks(sample(seed, "left")) for seed, points in zip(seeds, drawn, strict=True) if points is not None]
    return model_from(aligned, template.faces, moved_landmarks(marks, motions), "femur", "left", _LEFT_UNSAID_MM)


def femur_template() -> Template:
    """The family's mean femur with evenly spread points, about 5 mm apart."""
    fine, coarse = (femur(mean_femur("left"), step).outer for step in (_FINE_MM, _COARSE_MM))
    points, faces = arrays(smooth(polydata(coarse.points, coarse.faces), _SMOOTHING))
    even = Template(np.asarray(points, np.float64), np.asarray(faces, np.int64))
    return Template(register(even, fine.points, fine.faces), even.faces)


def _drawn(seed: int, template: Template) -> np.ndarray | None:
    """The template's points on a draw; None for one in some hundreds that is not in one piece."""
    try:
        surface = femur(sample(seed, "left"), _DRAWN_MM).outer
    except SimulationError:
        return None
    return register(template, surface.points, surface.faces)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m XRayTo3DLib.train.built_in", description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", default=BUILT_IN, metavar="FILE", help="model to write (%(default)s)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), metavar="N", help="(%(default)s)")
    options = parser.parse_args(arguments)
    check_writable(options.output)
    save_shape_model(family_model(workers=options.workers), options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
