"""What a user marked on an X-ray with Slicer's markups and Segment Editor, as the engine takes it."""

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from .nodes import ijkToRAS, imageOf

_MARK_COLORS = {  # by the parameter that holds such a mark in the first view
    "includePoints": (0.2, 0.85, 0.3),
    "excludePoints": (0.95, 0.2, 0.2),
    "landmarks": (1.0, 0.8, 0.1),
}


def dress(markupsNode, role) -> None:
    """Give a new mark the look of its role: points in its color, and nothing filled over the X-ray."""
    markupsNode.CreateDefaultDisplayNodes()
    displayNode = markupsNode.GetDisplayNode()
    displayNode.SetFillVisibility(False)
    if role in _MARK_COLORS:
        displayNode.SetColor(*_MARK_COLORS[role])
        displayNode.SetSelectedColor(*_MARK_COLORS[role])


def toPixels(points, volumeNode) -> np.ndarray:
    """Return the columns and rows (n, 2) of an X-ray's pixels that world points (n, 3) lie over."""
    toVolume = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(None, volumeNode.GetParentTransformNode(), toVolume)
    local = np.array([toVolume.TransformPoint(point) for point in np.reshape(points, (-1, 3))]).reshape(-1, 3)
    return np.linalg.solve(ijkToRAS(volumeNode), np.vstack([local.T, np.ones(len(local))]))[:2].T


def regionSettings(regionNode, volumeNode) -> dict:
    """Return the fields of the engine's Settings that mark what a region covers of an X-ray.

    A box's eight corners, or a plane's four, are projected onto the image. What stands straight on the pixels is a
    box; what is turned is the polygon round its corners. A closed curve is a polygon.
    """
    if regionNode is None:
        return {}
    if isinstance(regionNode, slicer.vtkMRMLMarkupsClosedCurveNode):
        curve = regionNode.GetCurvePointsWorld()
        if curve is None or regionNode.GetNumberOfDefinedControlPoints() < 3:
            raise ValueError(
                _("The outline {name} has fewer than three points: place more of them round the bone.").format(
                    name=regionNode.GetName()
                )
            )
        corners = toPixels([curve.GetPoint(index) for index in range(curve.GetNumberOfPoints())], volumeNode)
        # A closed curve comes back to its first point, which the engine takes for granted.
        last = -1 if np.allclose(corners[0], corners[-1]) else None
        return {"polygon": [tuple(map(float, corner)) for corner in corners[:last]]}

    import cv2

    corners = toPixels(_corners(regionNode), volumeNode).astype(np.float32)
    hull = cv2.convexHull(corners)[:, 0]
    low, high = corners.min(axis=0), corners.max(axis=0)
    if cv2.contourArea(hull) > 0.999 * np.prod(high - low):
        return {"roi": (*map(float, low), *map(float, high))}
    return {"polygon": [tuple(map(float, corner)) for corner in hull]}


def _corners(regionNode) -> np.ndarray:
    """World corners (n, 3) of a box or a plane."""
    size = np.array(regionNode.GetSize())
    if min(size) <= 0 or regionNode.GetNumberOfDefinedControlPoints() < 1:
        raise ValueError(
            _("The region {name} has no size yet: place it on the X-ray.").format(name=regionNode.GetName())
        )
    if isinstance(regionNode, slicer.vtkMRMLMarkupsPlaneNode):
        corners = vtk.vtkPoints()
        regionNode.GetPlaneCornerPointsWorld(corners)
        return np.array([corners.GetPoint(index) for index in range(corners.GetNumberOfPoints())])
    toWorld = slicer.util.arrayFromVTKMatrix(regionNode.GetObjectToWorldMatrix())
    signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1)
    return (toWorld @ np.vstack([signs * size[:, None] / 2, np.ones(8)]))[:3].T


def seedsOf(includeNode, excludeNode, volumeNode):
    """Return the engine's Seeds of two point lists, each of which may be None; None if no point is placed."""
    from XRayTo3DLib import Seeds

    include, exclude = (
        [tuple(map(float, point)) for point in toPixels(placedPoints(node), volumeNode)] if node else []
        for node in (includeNode, excludeNode)
    )
    return Seeds(include, exclude) if include or exclude else None


def landmarkWords() -> dict:
    """Return what the landmarks are called in the panel, by the engine's names, in the order of placing them."""
    return {
        "head_center": _("Head center"),
        "trochanter_tip": _("Trochanter tip"),
        "medial_condyle": _("Medial condyle"),
        "lateral_condyle": _("Lateral condyle"),
    }


def offerLandmarks(markupsNode) -> None:
    """Give an empty point list the landmarks, without places.

    As their number is fixed, Slicer's place mode places one after the other and ends with the last one, and
    deleting one only takes its place away.
    """
    if markupsNode.GetNumberOfControlPoints():
        return
    for name, words in landmarkWords().items():
        index = markupsNode.AddControlPoint(vtk.vtkVector3d(0, 0, 0), words)
        markupsNode.SetNthControlPointDescription(index, name)  # whatever language the words are in
        markupsNode.UnsetNthControlPointPosition(index)
    markupsNode.SetFixedNumberOfControlPoints(True)


def landmarksOf(markupsNode, volumeNode) -> dict:
    """Return the column and row of each landmark that is placed on an X-ray, by the engine's names."""
    words = landmarkWords()
    names = dict(zip(map(str.casefold, words.values()), words, strict=True))
    found = {}
    for index in _placed(markupsNode):
        label = markupsNode.GetNthControlPointLabel(index)
        told = markupsNode.GetNthControlPointDescription(index)
        name = next((each for each in (told, label, names.get(label.casefold())) if each in words), None)
        if name is None:
            raise ValueError(
                _("The point {label} of {list} is no landmark: name it {names}, or delete it.").format(
                    label=label, list=markupsNode.GetName(), names=", ".join(words.values())
                )
            )
        if name in found:
            raise ValueError(
                _("{list} has two points for the landmark {name}: delete one of them.").format(
                    list=markupsNode.GetName(), name=words[name]
                )
            )
        (pixel,) = toPixels(markupsNode.GetNthControlPointPositionWorld(index), volumeNode)
        found[name] = tuple(map(float, pixel))
    return found


def _placed(markupsNode) -> list:
    """Indices of the control points that are placed."""
    return [
        index
        for index in range(markupsNode.GetNumberOfControlPoints())
        if markupsNode.GetNthControlPointPositionStatus(index) == slicer.vtkMRMLMarkupsNode.PositionDefined
    ]


def placedPoints(markupsNode) -> np.ndarray:
    """Return the world positions (n, 3) of the control points that are placed."""
    placed = [markupsNode.GetNthControlPointPositionWorld(index) for index in _placed(markupsNode)]
    return np.array(placed, float).reshape(-1, 3)


def lengthOnXray(lineNode, volumeNode) -> float:
    """Return a line's length on an X-ray's plane, in the mm that its present pixel size makes of it."""
    points = placedPoints(lineNode) if lineNode else []
    if len(points) < 2:
        raise ValueError(_("The calibration line has no two points yet: place both ends on an object of known length."))
    pixels = toPixels(points[:2], volumeNode)
    length = float(np.linalg.norm((pixels[1] - pixels[0]) * volumeNode.GetSpacing()[:2]))
    if not length > 0:
        raise ValueError(_("Both ends of the calibration line lie at one place: move one of them."))
    return length


def fractureOf(markNode, volumeNode) -> dict:
    """Return the fields of the engine's Settings for what marks a fracture on an X-ray.

    It is a line along the fracture, a box, plane or closed curve round it, or a point on each piece.
    """
    if isinstance(markNode, slicer.vtkMRMLMarkupsLineNode):
        return {"fracture_line": _fractureLineOf(markNode, volumeNode)}
    if isinstance(markNode, slicer.vtkMRMLMarkupsFiducialNode):
        places = toPixels(placedPoints(markNode), volumeNode)
        return {"fracture_pieces": [tuple(map(float, place)) for place in places]}
    names = {"roi": "fracture_box", "polygon": "fracture_polygon"}
    return {names[kind]: value for kind, value in regionSettings(markNode, volumeNode).items()}


def _fractureLineOf(lineNode, volumeNode) -> tuple:
    """Return columns and rows of both ends, x0, y0, x1, y1, of a line along a fracture on an X-ray."""
    points = placedPoints(lineNode)
    if len(points) < 2:
        raise ValueError(
            _("The fracture's line {name} has no two points yet: place its ends on both edges of the bone.").format(
                name=lineNode.GetName()
            )
        )
    return tuple(map(float, toPixels(points[:2], volumeNode).ravel()))


def maskOf(maskNode, volumeNode) -> np.ndarray:
    """Return the (rows, columns) mask that a label map, or a segmentation's visible segments, make on an X-ray."""
    if not isinstance(maskNode, slicer.vtkMRMLSegmentationNode):
        return imageOf(maskNode)
    segmentation, displayNode = maskNode.GetSegmentation(), maskNode.GetDisplayNode()
    identifiers = [segmentation.GetNthSegmentID(index) for index in range(segmentation.GetNumberOfSegments())]
    shown = [each for each in identifiers if displayNode is None or displayNode.GetSegmentVisibility(each)]
    if not shown:
        raise ValueError(
            _("The segmentation {name} has no visible segment: draw the bone in the Segment Editor.").format(
                name=maskNode.GetName()
            )
        )
    masks = [slicer.util.arrayFromSegmentBinaryLabelmap(maskNode, each, volumeNode)[0] > 0 for each in shown]
    mask = np.any(masks, axis=0)
    if not mask.any():
        raise ValueError(
            _("The segmentation {name} is empty on this X-ray: draw the bone in the Segment Editor.").format(
                name=maskNode.GetName()
            )
        )
    return mask
