"""Why no surface can be made of what is chosen, said before anything is begun."""

from slicer.i18n import tr as _

from .nodes import imageOf
from .outlines import isOutline
from .parameters import Bones, usedXrays
from .scale import headerOf
from .wanted import bonesWanted


def obstacleOf(parameters) -> str:
    """Return why no surface can be made of what is chosen, "" if one can.

    :param parameters: the parameter node, or None
    """
    if not (parameters and parameters.inputVolume):
        return _("Choose an X-ray image first.")
    volumeNodes = usedXrays(parameters)
    try:
        for volumeNode in volumeNodes:
            if not imageOf(volumeNode).size:
                return _("{name} is empty: choose an X-ray image.").format(name=volumeNode.GetName())
    except ValueError as error:
        return str(error)
    if len(set(volumeNodes)) < len(volumeNodes):
        return _("Two views are the same X-ray: choose another one, or none.")
    if isOutline(parameters.outputModel):
        return _("{name} is an outline over an X-ray: choose another model for the surface, or none.").format(
            name=parameters.outputModel.GetName()
        )
    if parameters.bones == Bones.CHECKED and not bonesWanted(parameters):
        return _("Press Look, and check the bones to make.")
    if bool(parameters.sid) != bool(parameters.sod) and not headerOf(parameters.inputVolume).geometry.sid_mm:
        return _("Give both distances, source to detector and source to bone, or neither.")
    return ""
