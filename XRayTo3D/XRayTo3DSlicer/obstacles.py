"""Why no surface can be made of what is chosen, said before anything is begun."""

from slicer.i18n import tr as _

from .nodes import imageOf
from .outlines import isOutline
from .parameters import mayFitShape
from .scale import headerOf


def obstacleOf(parameters) -> str:
    """Return why no surface can be made of what is chosen, "" if one can.

    :param parameters: the parameter node, or None
    """
    if not (parameters and parameters.inputVolume):
        return _("Choose an X-ray image first.")
    second = parameters.lateralVolume if mayFitShape(parameters) else None
    try:
        for volumeNode in filter(None, (parameters.inputVolume, second)):
            if not imageOf(volumeNode).size:
                return _("{name} is empty: choose an X-ray image.").format(name=volumeNode.GetName())
    except ValueError as error:
        return str(error)
    if second is parameters.inputVolume:
        return _("Both views are the same X-ray: choose another second view, or none.")
    if isOutline(parameters.outputModel):
        return _("{name} is an outline over an X-ray: choose another model for the surface, or none.").format(
            name=parameters.outputModel.GetName()
        )
    if bool(parameters.sid) != bool(parameters.sod) and not headerOf(parameters.inputVolume).geometry.sid_mm:
        return _("Give both distances, source to detector and source to bone, or neither.")
    return ""
