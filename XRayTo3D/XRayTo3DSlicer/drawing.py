"""Bones drawn by hand: one is handed over to the Segment Editor, and what is drawn there is the bone from then on."""

import slicer
from slicer.i18n import tr as _

from .further import NAMES, furtherView, parameterOf
from .packages import hasPackages
from .parameters import boneChoices, findingChoices
from .views import showXray

_DRAWN = "boneSegmentation"


def offerDrawing(ui, isReady) -> None:
    """Enable the buttons that hand a bone over, if a surface could be made of what is chosen."""
    for button in (ui.editButton, *_furtherButtons(ui)):
        button.enabled = isReady


def _furtherButtons(ui) -> tuple:
    """The buttons of further views, in the order of their names."""
    return ui.lateralEditButton, ui.thirdEditButton, ui.fourthEditButton


def followDrawButtons(ui, logic, parametersNow) -> None:
    """Hand the bone in a view over when the view's button is pressed.

    :param logic: the module's logic, which finds a bone that is not drawn yet
    :param parametersNow: tells the parameter node
    """

    def handOver(parameter, chosen):
        """Hand over the bone of a view; the parameter holds what is drawn, the choices are those of `inputs`."""
        with slicer.util.tryWithErrorDisplay(_("The bone could not be handed over."), waitCursor=True):
            if not hasPackages():
                return
            parameters, volumeNode = parametersNow(), chosen["volumeNode"]
            segmentationNode = getattr(parameters, parameter)
            if segmentationNode is None:
                segmentationNode = logic.findBone(**chosen)
                setattr(parameters, parameter, segmentationNode)
            parameters.preview = False  # it would lie over what is drawn
            showXray(volumeNode)
            slicer.util.selectModule("SegmentEditor")
            editor = slicer.modules.SegmentEditorWidget.editor
            editor.setSegmentationNode(segmentationNode)
            editor.setSourceVolumeNode(volumeNode)

    def onFirst():
        parameters = parametersNow()
        handOver(_DRAWN, {"volumeNode": parameters.inputVolume, **boneChoices(parameters)})

    def onFurther(name):
        parameters = parametersNow()
        handOver(parameterOf(name, _DRAWN), findingChoices(parameters) | furtherView(parameters, name))

    ui.editButton.clicked.connect(onFirst)
    # Keyword only: the signal's own argument must not land there.
    for name, button in zip(NAMES, _furtherButtons(ui), strict=True):
        button.clicked.connect(lambda *, name=name: onFurther(name))
