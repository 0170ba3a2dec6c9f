"""Which bones are wanted: those that the reader network saw in the first X-ray can be checked."""

import slicer
from slicer.i18n import tr as _

from .packages import hasPackages

BONES = ("femur", "tibia", "fibula", "patella", "hip")  # that can be asked for, as the engine calls and orders them
_SEEN = "XRayTo3D.BonesSeen"


def bonesSeen(volumeNode):
    """Return which bones were seen in an X-ray, by the engine's names; None where nobody has looked."""
    told = volumeNode.GetAttribute(_SEEN) if volumeNode else None
    return None if told is None else told.split()


def keepSeen(volumeNode, names) -> None:
    """Keep with an X-ray which bones were seen in it."""
    volumeNode.SetAttribute(_SEEN, " ".join(names))


def bonesWanted(parameters) -> list:
    """Return which bones are checked, of those that were seen; the main one is the first."""
    seen = bonesSeen(parameters.inputVolume) or []
    return [name for name in BONES if name in seen and getattr(parameters, name)]


def offerBones(ui, parameters) -> None:
    """Show what can be checked, if bones are to be checked: those that were seen."""
    seen, isAsked = bonesSeen(parameters.inputVolume), parameters.bones.value == "checked"
    for name in BONES:
        checkBox = getattr(ui, f"{name}CheckBox")
        checkBox.visible = isAsked
        checkBox.enabled = name in (seen or ())
        checkBox.toolTip = (
            _("Press Look first.")
            if seen is None
            else _("Make this bone.")
            if name in seen
            else _("This bone was not seen in the X-ray.")
        )
    ui.lookButton.visible = isAsked
    ui.lookButton.enabled = bool(parameters.inputVolume)


def followLookButton(ui, logic, parametersNow) -> None:
    """Look which bones the X-ray shows when the button is pressed.

    :param logic: the module's logic
    :param parametersNow: tells the parameter node
    """

    def onClicked():
        parameters = parametersNow()
        with slicer.util.tryWithErrorDisplay(_("The X-ray could not be looked at."), waitCursor=True):
            if hasPackages():
                logic.lookForBones(parameters.inputVolume, parameters.region, parameters.tone.value)

    ui.lookButton.clicked.connect(onClicked)
