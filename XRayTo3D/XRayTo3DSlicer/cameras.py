"""Calibrated cameras of the views: how their files are chosen, and forgotten."""

import slicer
from slicer.i18n import tr as _

from .dialogs import askForCameras
from .nodes import imageOf
from .parameters import BETWEEN_FILES, usedXrays


def forgetCameras(parameters, before, now) -> None:
    """Forget the cameras if there are more or fewer X-rays than before: they were those of other views.

    :param before, now: the X-rays that were chosen, and that are; None where none is
    """
    if slicer.mrmlScene.IsImporting():  # X-rays come one after the other
        return
    counts = [sum(each is not None for each in volumeNodes) for volumeNodes in (before, now)]
    if parameters.cameras and counts[0] not in (0, counts[1]):
        parameters.cameras = ""


def followCamerasButton(ui, parametersNow) -> None:
    """Ask for files of cameras when the button is pressed, and keep them if they are cameras of the chosen X-rays.

    :param parametersNow: tells the parameter node
    """

    def onClicked():
        parameters, paths = parametersNow(), askForCameras()
        if not paths:
            return
        with slicer.util.tryWithErrorDisplay(_("The cameras could not be used.")):
            from XRayTo3DLib.geometry.camera_files import read_cameras

            read_cameras(paths, [imageOf(volumeNode).shape[:2] for volumeNode in usedXrays(parameters)])
            parameters.cameras = BETWEEN_FILES.join(paths)

    ui.camerasButton.clicked.connect(onClicked)
