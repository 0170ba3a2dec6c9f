"""Marks on X-rays: whoever makes one places it at once, on the X-ray that it is for."""

from .marks import dress, offerLandmarks
from .views import showOver, showXray

# Selector and place widget of each kind of mark, and the parameter that it is for.
_MARKS = {
    "calibration": "calibrationLine",
    "region": "region",
    "include": "includePoints",
    "exclude": "excludePoints",
    "landmarks": "landmarks",
    "fracture": "fractureLine",
    "lateralRegion": "lateralRegion",
    "thirdRegion": "thirdRegion",
    "fourthRegion": "fourthRegion",
    "lateralFracture": "lateralFractureLine",
    "thirdFracture": "thirdFractureLine",
    "fourthFracture": "fourthFractureLine",
}


def marksOf(parameters) -> list:
    """Return the nodes with which the first X-ray is marked, None where it is not."""
    return [
        parameters.region,
        parameters.includePoints,
        parameters.excludePoints,
        parameters.calibrationLine,
        parameters.boneSegmentation,
        parameters.landmarks,
        parameters.fractureLine,
    ]


def followMarks(ui, xrayOf) -> None:
    """Prepare each new mark, begin placing it, and show the X-ray that it is placed on.

    :param xrayOf: tells the X-ray, or None, of a parameter that holds a mark
    """
    for name, parameter in _MARKS.items():
        selector, placer = (getattr(ui, f"{name}{kind}") for kind in ("Selector", "PlaceWidget"))

        # Keyword only: the signals' own arguments must not land there.
        def onAdded(*, selector=selector, placer=placer, parameter=parameter):
            markupsNode = selector.currentNode()
            if markupsNode is None:
                return
            dress(markupsNode, parameter)
            if parameter == "landmarks":
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
