"""What a finished surface tells of itself, in words and in colours."""

import html
import json

import vtk
from slicer.i18n import tr as _

from .parameters import Colour

_COLOR_NODES = {
    Colour.OBSERVED: "vtkMRMLColorTableNodeFileDivergingBlueRed.txt",
    Colour.UNCERTAINTY: "vtkMRMLColorTableNodeFileInferno.txt",
    Colour.HEIGHT: "vtkMRMLColorTableNodeFileViridis.txt",
    Colour.RADIOGRAPH: "vtkMRMLColorTableNodeGrey",
}


def recordOf(modelNode):
    """Return what a model keeps of its making, as the engine's JSON; None if this module did not make it."""
    text = modelNode.GetAttribute("XRayTo3D.Result") if modelNode else None
    return json.loads(text) if text else None


def liesOnXray(modelNode) -> bool:
    """Tell whether a surface lies on its X-ray; a fitted shape stands in its plane, which would hide half of it."""
    record = recordOf(modelNode)
    return record is None or record["surface"]["method"] != "shape"


def resultText(modelNode) -> str:
    """Return a model's numbers and warnings as rich text."""
    record = recordOf(modelNode)
    if record is None:
        return _("No surface has been made yet.")
    from XRayTo3DLib.evaluate.report import tables

    warnings = "".join(f"<li>{html.escape(warning)}</li>" for warning in record["warnings"])
    parts = [f"<p><b>{_('Please note')}</b></p><ul>{warnings}</ul>"] if warnings else []
    for title, rows in tables(record):
        cells = "".join(
            f"<tr><td style='padding-right: 8px'>{html.escape(name)}</td><td>{html.escape(text)}</td></tr>"
            for name, text in rows
        )
        parts.append(f"<p><b>{html.escape(title)}</b></p><table>{cells}</table>")
    return "".join(parts)


def hasColour(modelNode, colour) -> bool:
    """Tell whether a surface can be coloured so: it has the numbers that the colour shows."""
    return not colour.value or bool(modelNode.GetPolyData().GetPointData().HasArray(colour.value))


def colourBy(modelNode, colour) -> None:
    """Colour a surface by what was observed, its uncertainty, its height, the X-ray under it, or plainly as bone."""
    displayNode = modelNode.GetDisplayNode()
    if displayNode is None:
        return
    known = bool(colour.value) and hasColour(modelNode, colour)
    if known:
        displayNode.SetActiveScalar(colour.value, vtk.vtkAssignAttribute.POINT_DATA)
        displayNode.SetAndObserveColorNodeID(_COLOR_NODES[colour])
        displayNode.SetScalarRangeFlag(displayNode.UseDataScalarRange)
    displayNode.SetScalarVisibility(known)
