"""The shape model in the accuracy benchmark: the one place that knows how it is trained and fitted."""

from __future__ import annotations

from accuracy_bones import limb
from accuracy_cases import Case
from accuracy_scores import Made

from XRayTo3DLib import shape
from XRayTo3DLib.errors import ReconstructionError
from XRayTo3DLib.shape import SECOND_VIEW, Facts, ShapeModel, fit_shape, informed, view_from
from XRayTo3DLib.shape.train import Bones, corresponding

BUILT_IN, TRAINED = "shape, built-in model", "shape, trained with the bone left out"
_trained: list[Bones] = []


def registered(count: int) -> Bones:
    """The femora of `limb` with the same points, as training gives them: it does not know that they share a mesh."""
    meshes = [limb(number).mesh for number in range(count)]
    return corresponding([(mesh.points, mesh.faces) for mesh in meshes], [f"left femur {k + 1}" for k in range(count)])


def use(found: Bones | None) -> None:
    """Take these bones for training, in this process."""
    _trained[:] = [] if found is None else [found]


def built_in(bone: str) -> ShapeModel | None:
    """The model of a bone that is shipped; None if none is."""
    if bone not in getattr(shape, "BUILT_IN_BONES", ("femur",)):
        return None
    return shape.built_in() if bone == "femur" else shape.built_in(bone)


def models(number: int) -> dict[str, ShapeModel]:
    """Models to fit to one of the femora (from 0), by the name of their method: the built-in one knows it."""
    return {TRAINED: _trained[0].model(without=number)}


def shape_fit(case: Case, model: ShapeModel) -> Made:
    """Fit a model to a bone's outlines: with the same settings in every variant, since nobody knows what is wrong.

    Parameters
    ----------
    case : Case
        Only its cameras, `outlines`, `side` and `facts` are looked at.
    model : ShapeModel

    Raises
    ------
    ReconstructionError
        If the model's outline does not meet the bone's: the pose is lost.
    """
    own = informed(model.of_side(case.side), Facts(**case.facts))
    arrangements = [
        (
            own,
            [
                view_from(camera, lines, **(SECOND_VIEW if number else {}))
                for number, (camera, lines) in enumerate(zip(cameras, case.outlines, strict=True))
            ],
        )
        for cameras in (case.cameras, *case.otherwise)
    ]
    fit = fit_shape(arrangements)
    if not fit.met:
        raise ReconstructionError(f"residual {fit.residual_mm:.1f} mm, {fit.unmet:.0%} of the outline not met")
    return Made(
        fit.points,
        fit.model.faces,
        shape.uncertainty(fit),
        shape.measures(fit) if model.bone == "femur" else {},
        shape.depth_deviation(fit),
    )
