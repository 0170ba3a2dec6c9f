"""Further views of the bone: which are chosen, what is marked in them, and their rows in the panel."""

from typing import NamedTuple

from slicer import vtkMRMLMarkupsNode, vtkMRMLVolumeNode

NAMES = ("lateral", "third", "fourth")  # with which the names of their parameters and widgets begin
_MARKS = ("Region", "FractureLine")  # and with which those of their marks end
_RIGHT_ANGLE = 90.0


class FurtherView(NamedTuple):
    """A view beside the first one, as it is chosen."""

    volumeNode: vtkMRMLVolumeNode
    roiNode: vtkMRMLMarkupsNode | None
    view: str | None  # from where it was taken
    angle: float  # from the first view in degrees; 0: not told
    lineNode: vtkMRMLMarkupsNode | None  # along the fracture


def furtherViews(parameters) -> list:
    """Return the further views that are chosen."""
    views = [
        FurtherView(
            getattr(parameters, f"{name}Volume"),
            getattr(parameters, f"{name}Region"),
            getattr(parameters, f"{name}View").value or None,
            getattr(parameters, "viewAngle" if name == "lateral" else f"{name}Angle"),
            getattr(parameters, f"{name}FractureLine"),
        )
        for name in NAMES
    ]
    return [each for each in views if each.volumeNode]


def viewAngle(views):
    """Return the angle from the first view to the further one, or to each of several, as far as they are told."""
    angles = [each.angle for each in views]
    if len(angles) == 1:
        return abs(angles[0]) or None
    if not any(angles):
        return None
    return [angles[0] or _RIGHT_ANGLE, *filter(None, angles[1:])]


def xraysOf(parameters) -> list:
    """Return the chosen X-rays, the first view's and then those of further ones; None where none is chosen."""
    return [parameters.inputVolume, *(getattr(parameters, f"{name}Volume") for name in NAMES)]


def furtherMarks(parameters) -> list:
    """Return what is marked in further views, each mark with the X-ray that it lies on, or None."""
    marks = [
        (getattr(parameters, f"{name}{kind}"), getattr(parameters, f"{name}Volume"))
        for name in NAMES
        for kind in _MARKS
    ]
    return [(node, volumeNode) for node, volumeNode in marks if node]


def xrayOf(parameters, mark):
    """Return the X-ray that a mark is placed on, by the parameter that holds the mark; None if none is chosen."""
    name = next((each for each in NAMES for kind in _MARKS if mark == f"{each}{kind}"), "input")
    return getattr(parameters, f"{name}Volume") if parameters else None


def offerFurtherViews(ui, parameters, mayFit) -> None:
    """Show the rows of a further view once the view before it is chosen, and enable what can be used of it."""
    before = True
    for name in NAMES:
        isChosen = bool(getattr(parameters, f"{name}Volume"))
        angle = "viewAngle" if name == "lateral" else f"{name}Angle"
        choosing = [getattr(ui, f"{name}{part}") for part in ("Label", "Selector", "LoadButton")]
        marking = [
            getattr(ui, f"{name}{mark}{part}")
            for mark in ("Region", "Fracture")
            for part in ("Label", "Selector", "PlaceWidget")
        ]
        marking += [getattr(ui, f"{name}View{part}") for part in ("Label", "ComboBox")]
        marking.append(getattr(ui, f"{angle}Label"))
        for widget in choosing:
            widget.visible = before or isChosen
            widget.enabled = mayFit
        for widget in marking:
            widget.visible = name == "lateral" or isChosen
            widget.enabled = mayFit and isChosen
        spinBox = getattr(ui, f"{angle}SpinBox")
        spinBox.visible = name == "lateral" or isChosen
        spinBox.enabled = mayFit and isChosen and not parameters.cameras  # which tell the angles
        before = isChosen
    ui.camerasLineEdit.enabled = ui.camerasButton.enabled = mayFit and bool(furtherViews(parameters))
