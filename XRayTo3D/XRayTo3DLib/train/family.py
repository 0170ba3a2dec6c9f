"""How the analytic family of femora varies, on a model's own points."""

from __future__ import annotations

import numpy as np

from ..shape.alignment import align
from ..shape.correspondence import Template, register
from ..shape.statistics import onto
from ..simulate.bones.family import mean_femur, modes_of_variation, varied
from ..simulate.bones.femur import femur

_STEP_MM = 2.0  # of the grid that surfaces are made on


def family_ways(template: Template, step_mm: float = _STEP_MM) -> np.ndarray:
    """Displacements (k, n, 3) of a left femur's points by one standard deviation of each of the family's modes.

    Parameters
    ----------
    template : Template
        A left femur that stands upright.
    step_mm : float
        Spacing of the grid that the family's surfaces are made on.

    Notes
    -----
    Half of the way from the mean femur less one deviation to the mean femur plus one: what registration does to both
    alike is not in it, nor is how the family's mean differs from the template.
    """
    mean = femur(mean_femur("left"), step_mm).outer
    placed = align(template, np.asarray(mean.points, float), np.asarray(mean.faces))

    def on_template(mode: int, far: float) -> np.ndarray:
        surface = femur(varied(mode, far), step_mm).outer
        found = register(template, placed.moved(np.asarray(surface.points, float)), np.asarray(surface.faces))
        return onto(found, template.points)[0]

    return np.array([(on_template(mode, 1.0) - on_template(mode, -1.0)) / 2 for mode in range(modes_of_variation())])
