"""Asking for files; each returns a path, or some; nothing if the user thinks better of it."""

import qt
import slicer
from slicer.i18n import tr as _


def askForXray() -> str:
    """Ask for the file of an X-ray."""
    kinds = (
        _("Images") + " (*.dcm *.png *.jpg *.jpeg *.tif *.tiff *.bmp *.nrrd *.nii *.mha);;" + _("All files") + " (*)"
    )
    return qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), _("Load an X-ray image"), "", kinds)


def askForShapeModel() -> str:
    """Ask for the file of a shape model."""
    kinds = _("Shape models") + " (*.npz)"
    return qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), _("Choose a shape model"), "", kinds)


def askForCameras() -> list:
    """Ask for the files of calibrated cameras: one for all views, or one for each in their order."""
    kinds = _("Cameras") + " (*.json *.txt *.csv);;" + _("All files") + " (*)"
    title = _("Choose the cameras of all views")
    return list(qt.QFileDialog.getOpenFileNames(slicer.util.mainWindow(), title, "", kinds))


def askWhereToSave(name) -> str:
    """Ask where to save a surface, and in which format."""
    kinds = "STL (*.stl);;PLY (*.ply);;OBJ (*.obj);;VTK (*.vtp)"
    return qt.QFileDialog.getSaveFileName(slicer.util.mainWindow(), _("Save the surface"), f"{name}.stl", kinds)
