"""The shape model in the accuracy benchmark: the one place that knows how it is trained and fitted."""

from __future__ import annotations

import numpy as np
from accuracy_cases import Case, bones

from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.methods.shape import SECOND_VIEW
from XRayTo3DLib.shape import ShapeModel, built_in, fit_shape, uncertainty, view_from
from XRayTo3DLib.shape.train import Bones, corresponding

BUILT_IN, TRAINED = "shape, built-in model", "shape, trained with the bone left out"
_trained: list[Bones] = []


def registered() -> Bones:
    """All bones with the same points, as training gives them: it does not know that they share a mesh."""
    surfaces = [(bone.points, bone.faces) for bone in bones()]
    return corresponding(surfaces, [f"femur {number + 1}" for number in range(len(surfaces))])


def use(found: Bones) -> None:
    """Take these bones for training, in this process."""
    _trained[:] = [found]


def models(number: int) -> dict[str, ShapeModel]:
    """Models to fit to one of the femora (from 0), by the name of their method: the trained one does not know it."""
    return {BUILT_IN: built_in(), TRAINED: _trained[0].model(without=number)}


def shape_fit(case: Case, model: ShapeModel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit a model to a bone's outlines: with the same settings in every variant, since nobody knows what is wrong.

    Parameters
    ----------
    case : Case
        Only its `cameras`, `outlines` and `side` are looked at.
    model : ShapeModel

    Returns
    -------
    (points, faces, deviations)
        In the patient (LPS, mm); how sure each point is.

    Raises
    ------
    ReconstructionError
        If the model's outline does not meet the bone's: the pose is lost.
    """
    views = [
        view_from(camera, lines, **(SECOND_VIEW if number else {}))
        for number, (camera, lines) in enumerate(zip(case.cameras, case.outlines, strict=True))
    ]
    fit = fit_shape([(model.of_side(case.side), views)])
    if not fit.met:
        raise ReconstructionError(f"residual {fit.residual_mm:.1f} mm, {fit.unmet:.0%} of the outline not met")
    return fit.points, fit.model.faces, uncertainty(fit)
