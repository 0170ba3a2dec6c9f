"""Further views of the bone: which are chosen, what is marked in them, and their boxes in the panel."""

NAMES = ("lateral", "third", "fourth")  # with which the names of their parameters and widgets begin
# How a bone is marked in a view: the parameter of the first one that holds the mark, and the argument of the logic's
# `inputs` that takes it.
MARKS = {
    "region": "roiNode",
    "includePoints": "includeNode",
    "excludePoints": "excludeNode",
    "boneSegmentation": "maskNode",
    "landmarks": "landmarksNode",
    "fracture": "fractureNode",
}
_RIGHT_ANGLE = 90.0


def parameterOf(name, mark) -> str:
    """Return the parameter that holds a mark in a further view, by the first view's parameter for such a mark."""
    return f"{name}{mark[0].upper()}{mark[1:]}"


def furtherViews(parameters) -> list:
    """Return what is chosen of each further view, as arguments that the logic's `inputs` takes."""
    return [furtherView(parameters, name) for name in _chosen(parameters)]


def furtherView(parameters, name) -> dict:
    """Return what is chosen of one further view, as arguments that the logic's `inputs` takes."""
    marks = {argument: getattr(parameters, parameterOf(name, mark)) for mark, argument in MARKS.items()}
    view = getattr(parameters, f"{name}View").value or None
    return {"volumeNode": getattr(parameters, f"{name}Volume"), "view": view, **marks}


def viewAngle(parameters):
    """Return the angle from the first view to the further one, or to each of several, as far as they are told."""
    angles = [getattr(parameters, _angleOf(name)) for name in _chosen(parameters)]
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
        (getattr(parameters, parameterOf(name, mark)), getattr(parameters, f"{name}Volume"))
        for name in NAMES
        for mark in MARKS
    ]
    return [(node, volumeNode) for node, volumeNode in marks if node]


def xrayOf(parameters, mark):
    """Return the X-ray that a mark is placed on, by the parameter that holds the mark; None if none is chosen."""
    name = next((each for each in NAMES if mark in [parameterOf(each, kind) for kind in MARKS]), "input")
    return getattr(parameters, f"{name}Volume") if parameters else None


def offerFurtherViews(ui, parameters, mayUse) -> None:
    """Offer a further view once the view before it is chosen, and what can be told of it once it is chosen itself."""
    before = True
    for name in NAMES:
        isChosen = bool(getattr(parameters, f"{name}Volume"))
        for widget in (getattr(ui, f"{name}{part}") for part in ("Label", "Selector", "LoadButton")):
            widget.visible = before or isChosen
            widget.enabled = mayUse
        group = getattr(ui, f"{name}Group")
        group.visible = isChosen
        group.enabled = mayUse and isChosen
        getattr(ui, f"{_angleOf(name)}SpinBox").enabled = not parameters.cameras  # which tell the angles
        before = isChosen
    ui.camerasLineEdit.enabled = ui.camerasButton.enabled = mayUse and bool(_chosen(parameters))


def _chosen(parameters) -> list:
    """Names of the further views that are chosen."""
    return [name for name in NAMES if getattr(parameters, f"{name}Volume")]


def _angleOf(name) -> str:
    """What the angle to a further view is called among parameters and widgets."""
    return "viewAngle" if name == "lateral" else f"{name}Angle"
