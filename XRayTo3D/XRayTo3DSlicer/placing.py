"""Marks on X-rays: whoever makes one places it at once, on the X-ray that it is for."""

from .further import MARKS, NAMES, parameterOf
from .marks import dress, offerLandmarks
from .views import showOver, showXray

# Selector and place widget of each kind of mark in the first view, and the parameter that it is for.
_PLACED = {
    "calibration": "calibrationLine",
    "region": "region",
    "include": "includePoints",
    "exclude": "excludePoints",
    "landmarks": "landmarks",
    "fracture": "fracture",
}


def marksOf(parameters) -> list:
    """Return the nodes with which the first X-ray is marked, None where it is not."""
    return [parameters.calibrationLine, *(getattr(parameters, mark) for mark in MARKS)]


def followMarks(ui, xrayOf) -> None:
    """Prepare each new mark, begin placing it, and show the X-ray that it is placed on.

    :param xrayOf: tells the X-ray, or None, of a parameter that holds a mark
    """
    placed = [(widgets, mark, mark) for widgets, mark in _PLACED.items()]
    placed += [
        (parameterOf(name, widgets), mark, parameterOf(name, mark))
        for name in NAMES
        for widgets, mark in _PLACED.items()
        if mark in MARKS
    ]
    for widgets, mark, parameter in placed:
        selector, placer = (getattr(ui, f"{widgets}{kind}") for kind in ("Selector", "PlaceWidget"))

        # Keyword only: the signals' own arguments must not land there.
        def onAdded(*, selector=selector, placer=placer, mark=mark):
            markupsNode = selector.currentNode()
            if markupsNode is None:
                return
            dress(markupsNode, mark)
            if mark == "landmarks":
                offerLandmarks(markupsNode)
            placer.setPlaceModeEnabled(True)

        def onPlaceMode(enabled, *, selector=selector, parameter=parameter):
            if enabled:
                markupsNode, volumeNode = selector.currentNode(), xrayOf(parameter)
                showXray(volumeNode)
                if markupsNode.GetDisplayNode():
                    showOver(markupsNode.GetDisplayNode(), volumeNode)

        # Before Slicer 5.12 there is the second one only, which tells of a new mark twice.
        added = getattr(selector, "nodeAddedByUserAction", None) or selector.nodeAddedByUser
        added.connect(onAdded)
        placer.activeMarkupsPlaceModeChanged.connect(onPlaceMode)
