"""The shape model in the accuracy benchmark: the one place that knows how it is trained and fitted."""

from __future__ import annotations

from collections.abc import Sequence

from accuracy_cases import Case, Triangles

from XRayTo3DLib import shape
from XRayTo3DLib.shape import ShapeModel

BUILT_IN, TRAINED = "shape, built-in model", "shape, trained with the bone left out"


def models(number: int) -> dict[str, ShapeModel]:
    """Models to fit to one of the femora, by the name of their method.

    Parameters
    ----------
    number : int
        Of the bone, from 0: a trained model must not know it.

    Raises
    ------
    NotImplementedError
        While there are none.
    """
    if not hasattr(shape, "fit_shape"):
        raise NotImplementedError("XRayTo3DLib.shape has no fit_shape")
    raise NotImplementedError("no shape model is made here yet")


def shape_fit(case: Case, model: ShapeModel, views: Sequence[int] | None = None) -> Triangles:
    """Fit a model to a bone's outlines: with the same settings in every variant, since nobody knows what is wrong.

    Parameters
    ----------
    case : Case
        Only its `cameras`, `outlines` and `side` may be looked at.
    model : ShapeModel
        Of the same side.
    views : sequence of int, optional
        Which of its pictures; all by default.

    Returns
    -------
    (points, faces)
        In the patient (LPS, mm).

    Raises
    ------
    ReconstructionError
        If the model's outline does not meet the bone's: the pose is lost.
    NotImplementedError
        While there is no fit.
    """
    if not hasattr(shape, "fit_shape"):
        raise NotImplementedError("XRayTo3DLib.shape has no fit_shape")
    raise NotImplementedError("the shape model is not fitted here yet")
