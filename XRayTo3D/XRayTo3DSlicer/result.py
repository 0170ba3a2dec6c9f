"""What a finished surface tells of itself, in words and in colors."""

import html
import json

import numpy as np
import vtk
from slicer.i18n import tr as _

from .names import betweenFragments, boneName, measureText
from .parameters import Color
from .scale import UNKNOWN

_COLOR_NODES = {
    Color.OBSERVED: "vtkMRMLColorTableNodeFileDivergingBlueRed.txt",
    Color.UNCERTAINTY: "vtkMRMLColorTableNodeFileInferno.txt",
    Color.HEIGHT: "vtkMRMLColorTableNodeFileViridis.txt",
    Color.RADIOGRAPH: "vtkMRMLColorTableNodeGrey",
}


def recordOf(modelNode):
    """Return what a model keeps of its making, as the engine's JSON; None if this module did not make it."""
    text = modelNode.GetAttribute("XRayTo3D.Result") if modelNode else None
    return json.loads(text) if text else None


def liesOnXray(modelNode) -> bool:
    """Tell whether a surface lies on its X-ray; a whole bone stands in its plane, which would hide half of it."""
    record = recordOf(modelNode)
    return record is None or record["surface"]["method"] not in ("shape", "volume")


def resultText(modelNode) -> str:
    """Return what a user should know of a model, and its most important numbers, as rich text; "" if there is none."""
    record = recordOf(modelNode)
    if record is None:
        return ""
    warnings = "".join(f"<li>{html.escape(sentence(warning))}</li>" for warning in record["warnings"])
    cells = "".join(
        f"<tr><td style='padding-right: 8px'>{html.escape(name)}</td><td>{html.escape(text)}</td></tr>"
        for name, text in (*_rows(record), *_beside(record))
    )
    note = f"<p><b>{_('Please note')}</b></p><ul>{warnings}</ul>" if warnings else ""
    return f"<table>{cells}</table>{note}"


def _rows(record) -> list:
    main = record["bones"][0] if "bones" in record else record  # as it was kept by version 0.1
    surface, shape = main["surface"], main["shape"]
    methods = {
        "shape": _("Fitted shape of a broken bone") if main.get("fragments") else _("Fitted shape of a whole bone"),
        "volume": _("Bone as a network sees it in a grid"),
        "solid": _("Inflated outline; its thickness is an estimate"),
        "relief": _("Relief of gray values; no anatomy"),
    }
    size = np.ptp(np.reshape(surface["bounds_mm"], (3, 2)), axis=1)
    rows = [
        (_("Method"), methods[surface["method"]]),
        (_("What was found"), boneWords(record["bone"])),
        *_scaleRow(record),
        (_("Size"), "{:.1f} x {:.1f} x {:.1f} mm".format(*size)),
        (_("Volume"), f"{surface['volume_mm3'] / 1000:.1f} cm³"),
    ]
    for fragment, measures in betweenFragments(main):
        called = f", {fragment}" * bool(fragment)
        rows += [(f"{each['title']}{called}", measureText(name, each)) for name, each in measures.items()]
    if not shape:
        return rows
    sides = {"left": _("Left"), "right": _("Right")}
    if shape["side"]:
        rows.append((_("Side"), sides[shape["side"]]))
    names = {
        "neck_shaft_angle_deg": _("Neck-shaft angle"),
        "anteversion_deg": _("Anteversion"),
        "head_diameter_mm": _("Head diameter"),
        "length_mm": _("Length"),
    }
    for name, each in shape["measures"].items():
        rows.append((names.get(name, each["title"]), measureText(name, each)))
    words = _("{median:.1f} mm in the median, {largest:.1f} mm at most")
    rows.append((_("Uncertainty"), words.format(**shape["uncertainty_mm"])))
    return rows


def _beside(record) -> list:
    """Which bones were made beside the main one, and what is measured across joints; nothing of older records."""
    names = [boneName(bone["name"], bone["side"]) for bone in record.get("bones", [])[1:]]
    rows = [(_("Other bones"), ", ".join(names))] if names else []
    for leg in record.get("legs", []):
        rows += [(each["title"], measureText(name, each)) for name, each in leg["measures"].items()]
    return rows


def _scaleRow(record) -> list:
    """The pixel size at the bone, how sure it is, and where it comes from; nothing of what version 0.1 kept."""
    scale = record.get("scale")
    if not scale:
        return []
    if scale["source"] == UNKNOWN:
        return [(_("Scale"), _("Unknown: 1 mm a pixel is assumed"))]
    deviation = "" if scale["deviation_mm"] is None else f" ± {scale['deviation_mm']:.2g}"
    words = _("{size:.4g}{deviation} mm a pixel at the bone, {source}")
    return [
        (_("Scale"), words.format(size=scale["pixel_size_at_bone_mm"], deviation=deviation, source=scale["source"]))
    ]


def boneWords(bone) -> str:
    """Say in words which bone was found and how.

    :param bone: the part "bone" of the engine's JSON
    """
    name = boneName(bone["name"])
    if bone["method"] == "drawn":
        return _("{bone} drawn by hand").format(bone=name)
    if bone["method"] == "network":
        return _("{bone} (confidence {confidence:.0%})").format(bone=name, confidence=bone["confidence"])
    if bone["method"] == "threshold":
        return _("{bone} within the gray range").format(bone=name)
    return _("{bone} by its gray values").format(bone=name)


def sentence(text) -> str:
    """Return a text as a sentence: with a capital letter, and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def hasColor(modelNode, color) -> bool:
    """Tell whether a surface can be colored so: it has the numbers that the color shows."""
    return not color.value or bool(modelNode.GetPolyData().GetPointData().HasArray(color.value))


def colorBy(modelNode, color) -> None:
    """Color a surface by what was observed, its uncertainty, its height, the X-ray under it, or plainly as bone."""
    displayNode = modelNode.GetDisplayNode()
    if displayNode is None:
        return
    known = bool(color.value) and hasColor(modelNode, color)
    if known:
        displayNode.SetActiveScalar(color.value, vtk.vtkAssignAttribute.POINT_DATA)
        displayNode.SetAndObserveColorNodeID(_COLOR_NODES[color])
        displayNode.SetScalarRangeFlag(displayNode.UseDataScalarRange)
    displayNode.SetScalarVisibility(known)
