"""Fragments between where they lie and where they belong: a slider puts them back."""

import json

import numpy as np
import slicer

from .fragments import LIES, REDUCED, fragmentsOf


def offerReduction(ui, modelNode, percent) -> None:
    """Show the slider where a bone is broken, and put its fragments where the slider is.

    :param modelNode: the bone's model, or None
    :param percent: 0 as the fragments lie, 100 put back
    """
    isBroken = bool(fragmentsOf(modelNode))
    ui.reductionLabel.visible = ui.reductionSlider.visible = isBroken
    if isBroken:
        reduce(modelNode, percent)


def reduce(modelNode, percent) -> None:
    """Put the fragments of a bone so much of the way back to where they belong.

    What a user has moved since stays as it is, until another percentage is asked for.
    """
    from XRayTo3DLib.geometry.motion import part_of_motion

    for node in fragmentsOf(modelNode):
        transformNode = node.GetParentTransformNode()
        told = transformNode.GetAttribute(LIES) if transformNode else None
        if told is None or float(transformNode.GetAttribute(REDUCED) or 0) == percent:
            continue
        bounds = np.reshape(node.GetPolyData().GetBounds(), (3, 2))
        matrix = part_of_motion(np.array(json.loads(told)), 1 - percent / 100, bounds.mean(axis=1))
        transformNode.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
        transformNode.SetAttribute(REDUCED, str(percent))
