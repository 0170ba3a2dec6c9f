"""What in the panel can be used with what is chosen, and what is shown of it."""

from slicer.i18n import tr as _

from .axes import idsOfAxes
from .further import NAMES, offerFurtherViews, parameterOf
from .marks import lengthOnXray
from .nodes import hasSurface, idsOfKeptImages
from .parameters import Color, mayFitShape, usesViews
from .result import hasColor
from .scale import scaleWords
from .wanted import offerBones

_ITEM_FLAGS = 255  # Qt::UserRole - 1: there a QComboBox keeps what can be done with an item
_OFFERED = 33  # Qt::ItemIsSelectable | Qt::ItemIsEnabled


def offerInputs(ui) -> None:
    """Offer X-rays and marks only, not what was made of them."""
    axes = idsOfAxes()
    kinds = ("include", "exclude", "landmarks", "fracture")
    markups = ["calibration", *kinds, *(parameterOf(name, kind) for name in NAMES for kind in kinds)]
    for selector in (getattr(ui, f"{each}Selector") for each in markups):
        selector.sortFilterProxyModel().hiddenNodeIDs = axes
    hidden = idsOfKeptImages()
    for selector in (ui.inputSelector, ui.lateralSelector, ui.thirdSelector, ui.fourthSelector):
        selector.sortFilterProxyModel().hiddenNodeIDs = hidden


def offerColors(ui, modelNode) -> None:
    """Offer the colors that a surface has numbers for."""
    for index, each in enumerate(Color):
        offered = not hasSurface(modelNode) or hasColor(modelNode, each)
        ui.colorComboBox.setItemData(index, _OFFERED if offered else 0, _ITEM_FLAGS)


def enableFinding(ui, parameters) -> None:
    """Enable what changes the bone that is found, and nothing of it where the bone is drawn by hand."""
    byHand = bool(parameters.boneSegmentation)
    ui.finderComboBox.enabled = not byHand and not parameters.manualRange
    ui.clustersSpinBox.enabled = not byHand and not parameters.manualRange
    ui.piecesComboBox.enabled = not byHand
    ui.manualRangeCheckBox.enabled = not byHand
    ui.grayRangeWidget.enabled = not byHand and parameters.manualRange


def enableSurface(ui, parameters) -> None:
    """Enable what the chosen method can use."""
    isSolid = parameters.method.value in ("auto", "solid")
    ui.automaticEmbossCheckBox.enabled = isSolid
    ui.embossSlider.enabled = isSolid and not parameters.automaticEmboss
    ui.smoothingSpinBox.enabled = parameters.method.value not in ("shape", "volume")
    mayFit = mayFitShape(parameters)
    ui.sideComboBox.enabled = usesViews(parameters)
    for widget in (
        ui.landmarksSelector,
        ui.landmarksPlaceWidget,
        ui.fractureSelector,
        ui.fracturePlaceWidget,
        ui.forceCheckBox,
        ui.heightSpinBox,
        ui.sexComboBox,
        ui.otherSideSelector,
        ui.shapeModelLineEdit,
        ui.shapeModelButton,
    ):
        widget.enabled = mayFit
    offerFurtherViews(ui, parameters, usesViews(parameters))
    offerBones(ui, parameters)


def enableCalibration(ui, parameters) -> None:
    """Enable calibration where there is a line to calibrate by, and say why not."""
    volumeNode, line = (parameters.inputVolume, parameters.calibrationLine) if parameters else (None, None)
    ui.calibrateButton.enabled = False
    ui.calibrateButton.toolTip = _("Choose an X-ray, and place a line over an object of known length.")
    if volumeNode and line:
        try:
            lengthOnXray(line, volumeNode)
        except ValueError as error:
            ui.calibrateButton.toolTip = str(error)
        else:
            ui.calibrateButton.enabled = True
            ui.calibrateButton.toolTip = _("Set the pixel size so that the line has the given length.")


def showScale(ui, parameters) -> None:
    """Show the X-ray's pixel size, where it comes from, and the magnification."""
    volumeNode = parameters.inputVolume if parameters else None
    ui.pixelSizeSpinBox.enabled = bool(volumeNode)
    if not volumeNode:
        ui.scaleLabel.text = ""
        return
    wasBlocked = ui.pixelSizeSpinBox.blockSignals(True)
    ui.pixelSizeSpinBox.value = volumeNode.GetSpacing()[0]
    ui.pixelSizeSpinBox.blockSignals(wasBlocked)
    ui.scaleLabel.text = scaleWords(volumeNode, parameters.sid or None, parameters.sod or None)
