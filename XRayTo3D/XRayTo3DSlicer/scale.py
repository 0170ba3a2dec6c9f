"""What is known of an X-ray's sizes, view and side, kept on its volume node: files do not always stay with a volume."""

import functools
import os
from typing import NamedTuple

import numpy as np
import slicer
from slicer.i18n import tr as _

PIXEL_SIZE_SOURCE = "XRayTo3D.PixelSizeSource"
CALIBRATED = "calibration"
ESTIMATED = "estimated from the bone's usual size"  # as the engine calls it
CAMERA = "calibrated camera"  # and so
UNKNOWN = "unknown"
_PREFIX = "XRayTo3D."
_GRID = f"{_PREFIX}Grid"  # columns, rows and pixel size for which the rest was known
_NRRD = (".nrrd", ".nhdr")
_COPIES = (("inputVolume", "outputVolume"), ("InputVolume", "OutputVolume"))  # parameters of resampling modules
_ALIKE = 0.01  # relative difference below which two pixel sizes are one, rounded differently
_DICOM_KEYWORDS = {
    "sid": "DistanceSourceToDetector",
    "sod": "DistanceSourceToPatient",
    "magnification": "EstimatedRadiographicMagnificationFactor",
}


class Known(NamedTuple):
    """What is known of an X-ray, as its attributes hold it; None where it is not known.

    The source of the pixel size is in words, its relative standard deviation a number. The magnification is a number,
    with its source in words, and both distances are in mm.
    """

    pixel_size_source: str | None = None
    pixel_size_deviation: str | None = None
    magnification: str | None = None
    magnification_source: str | None = None
    sid: str | None = None
    sod: str | None = None
    view: str | None = None
    side: str | None = None


_ATTRIBUTES = {
    "pixel_size_source": PIXEL_SIZE_SOURCE,
    "pixel_size_deviation": f"{_PREFIX}PixelSizeDeviation",
    "magnification": f"{_PREFIX}Magnification",
    "magnification_source": f"{_PREFIX}MagnificationSource",
    "sid": f"{_PREFIX}SID",
    "sod": f"{_PREFIX}SOD",
    "view": f"{_PREFIX}View",
    "side": f"{_PREFIX}Side",
}


def followFiles() -> None:
    """Keep what is known of X-rays from the moment they are loaded, and in the files that they are saved to."""
    manager = slicer.app.coreIOManager()
    manager.connect("newFileLoaded(qSlicerIO::IOProperties)", rememberAll)
    manager.connect("fileSaved(qSlicerIO::IOProperties)", completeSavedFiles)


def rememberAll() -> None:
    """Remember what is known of each X-ray in the scene; Sample Data takes their files away right after loading."""
    for volumeNode in slicer.util.getNodesByClass("vtkMRMLVolumeNode"):
        if isSingleImage(volumeNode):
            remember(volumeNode)


def remember(volumeNode) -> None:
    """Keep on a volume node what its file, or the volume that it was made from, tells of it.

    From then on it is saved, cloned and cropped with the volume. What is on the node already stays.
    """
    if not volumeNode.GetAttribute(PIXEL_SIZE_SOURCE):
        known = _found(volumeNode, _headerOf(fileOf(volumeNode)))
        if any(known):
            _keep(volumeNode, known)


def takeOver(volumeNode) -> None:
    """Remember what is known of a volume that is worked on, if it is a single image.

    If its reader knew no pixel size, and took 1 mm, it gets the one that its DICOM file tells.
    """
    if volumeNode is None or not isSingleImage(volumeNode):
        return
    if not volumeNode.GetAttribute(PIXEL_SIZE_SOURCE) and volumeNode.GetSpacing()[:2] == (1.0, 1.0):
        header = _headerOf(fileOf(volumeNode))
        if header and header.geometry.pixel_size_source != UNKNOWN:
            volumeNode.SetSpacing(*header.geometry.pixel_size_mm, volumeNode.GetSpacing()[2])
    remember(volumeNode)


def setPixelSize(volumeNode, size, source, deviation=None) -> None:
    """Give an X-ray's pixels a size along columns and rows (mm), and keep where it comes from, in words.

    :param deviation: relative standard deviation of the size, None where it is not known
    """
    told = None if deviation is None else f"{deviation:.9g}"
    known = knownOf(volumeNode)._replace(pixel_size_source=source, pixel_size_deviation=told)
    if source.startswith(CALIBRATED):  # measured at the bone
        known = known._replace(magnification="1", magnification_source=source, sid=None, sod=None)
    with slicer.util.NodeModify(volumeNode):
        volumeNode.SetSpacing(*size, volumeNode.GetSpacing()[2])
        _keep(volumeNode, known)


def knownOf(volumeNode) -> Known:
    """Return what is known of an X-ray: what was kept on its node, or else what its file tells."""
    grid = volumeNode.GetAttribute(_GRID)
    if not grid:
        return _found(volumeNode, _headerOf(fileOf(volumeNode)))
    known = Known(**{field: volumeNode.GetAttribute(name) for field, name in _ATTRIBUTES.items()})
    before, now = np.array(grid.split(), float), np.array(_grid(volumeNode).split(), float)
    if (before[:2] == now[:2]).all() and not np.allclose(before[2:], now[2:], rtol=_ALIKE):
        # The same pixels with another size: somebody typed it elsewhere, and did not say what it holds for.
        return Known(view=known.view, side=known.side)
    return known


def headerOf(volumeNode, sid=None, sod=None):
    """Return what is known of an X-ray's sizes, view and side, as the engine's Header.

    :param sid: distance from the source to the detector in mm; outranks what is known
    :param sod: distance from the source to the bone in mm; outranks what is known
    """
    from XRayTo3DLib.radiograph import Header, projection_geometry

    known = knownOf(volumeNode)
    spacing = tuple(volumeNode.GetSpacing()[:2])
    # Picture files come without a pixel size, and Slicer then takes 1 mm.
    source = known.pixel_size_source or (UNKNOWN if spacing == (1.0, 1.0) else "volume spacing")
    if source.startswith(CALIBRATED):  # the size at the bone was measured
        sid = sod = None
    if source == ESTIMATED:  # with the last surface: the next one may tell another
        source = UNKNOWN
    tags = {word: float(getattr(known, field)) for field, word in _DICOM_KEYWORDS.items() if getattr(known, field)}
    geometry = projection_geometry(tags, None if source == UNKNOWN else spacing, sid, sod)
    geometry = geometry._replace(pixel_size_source=source)
    if geometry.magnification_source.startswith("DICOM"):
        geometry = geometry._replace(magnification_source=known.magnification_source)
    return Header(geometry, known.view, known.side)


def deviationOf(volumeNode):
    """Return the relative standard deviation of an X-ray's pixel size; None where it is not known."""
    told = knownOf(volumeNode).pixel_size_deviation
    return float(told) if told else None


def scaleWords(volumeNode, sid=None, sod=None) -> str:
    """Say where an X-ray's pixel size comes from, and how much larger than the bone its shadow is."""
    try:
        known = headerOf(volumeNode, sid, sod).geometry
    except ValueError as error:
        return str(error)
    deviation = deviationOf(volumeNode)
    if knownOf(volumeNode).pixel_size_source == ESTIMATED:
        told = _("Estimated from the bone's usual size, ± {deviation:.1%}. Enter the size, or calibrate, if you can.")
        return told.format(deviation=deviation)
    if known.pixel_size_source == UNKNOWN:
        return _("Unknown: 1 mm is assumed. Enter the size, or calibrate.")
    sources = {"given": _("Entered by hand."), "volume spacing": _("The volume's spacing.")}
    told = _("From {source}.").format(source=known.pixel_size_source)
    words = [sources.get(known.pixel_size_source, told)]
    if deviation is not None:
        words.append(_("It is sure to {deviation:.1%}.").format(deviation=deviation))
    if known.magnification_source == UNKNOWN:
        words.append(_("The magnification is unknown: the bone is taken to be as large as its shadow."))
    elif known.magnification != 1:
        words.append(_("The bone is shown {times:.2f} times as large.").format(times=known.magnification))
    return " ".join(words)


def isSingleImage(volumeNode) -> bool:
    """Tell whether a volume has one slice."""
    image = volumeNode.GetImageData()
    return bool(image and image.GetDimensions()[2] == 1)


def fileOf(volumeNode):
    """Return the file that a volume was loaded from, by itself or through the DICOM database; None if there is none."""
    identifiers = volumeNode.GetAttribute("DICOM.instanceUIDs")
    database = getattr(slicer, "dicomDatabase", None)
    if identifiers and database:
        path = database.fileForInstance(identifiers.split()[0])
        if path:
            return path
    storageNode = volumeNode.GetStorageNode()
    return (storageNode and storageNode.GetFullNameFromFileName()) or None


def completeSavedFiles() -> None:
    """Write what is known of X-rays into the NRRD files that they were just saved to.

    Slicer's writer of scalar volumes leaves a node's attributes out of them; its NRRD writer does not.
    """
    for volumeNode in slicer.util.getNodesByClass("vtkMRMLVolumeNode"):
        storageNode = volumeNode.GetStorageNode()
        path = storageNode.GetFullNameFromFileName() if storageNode and volumeNode.GetAttribute(_GRID) else ""
        isNew = storageNode and not volumeNode.GetModifiedSinceRead()
        if not (isNew and path.lower().endswith(_NRRD[0]) and os.path.exists(path)) or _inNRRD(path):
            continue
        draft = f"{path}.draft{_NRRD[0]}"
        writer = slicer.vtkMRMLNRRDStorageNode()
        writer.SetUseCompression(storageNode.GetUseCompression())
        writer.SetFileName(draft)
        try:
            if writer.WriteData(volumeNode):
                os.replace(draft, path)
        finally:
            if os.path.exists(draft):
                os.remove(draft)


def _keep(volumeNode, known) -> None:
    with slicer.util.NodeModify(volumeNode):
        for field, name in _ATTRIBUTES.items():
            volumeNode.SetAttribute(name, getattr(known, field))
        volumeNode.SetAttribute(_GRID, _grid(volumeNode))


def _grid(volumeNode) -> str:
    columns, rows = volumeNode.GetImageData().GetDimensions()[:2]
    return "{} {} {:.9g} {:.9g}".format(columns, rows, *volumeNode.GetSpacing()[:2])


def _found(volumeNode, header) -> Known:
    """What a volume's file tells, or the volume that another module made it from."""
    if header:
        return _fromHeader(header, volumeNode.GetSpacing()[:2])
    kept = _inNRRD(fileOf(volumeNode))
    if kept:
        return Known(**{field: kept.get(name) for field, name in _ATTRIBUTES.items()})
    origin = _originOf(volumeNode)
    return knownOf(origin) if origin else Known()


def _fromHeader(header, spacing) -> Known:
    """What a DICOM file tells of a volume that has the file's pixel size, at the detector or at the bone."""
    told = header.geometry
    aboutPatient = Known(view=header.view, side=header.side)
    if told.pixel_size_source == UNKNOWN:
        return aboutPatient
    if np.allclose(spacing, told.pixel_size_mm, rtol=_ALIKE):
        magnification = told.magnification
    elif np.allclose(spacing, np.divide(told.pixel_size_mm, told.magnification), rtol=_ALIKE):
        magnification = 1.0
    else:
        return aboutPatient
    isKnown = told.magnification_source != UNKNOWN
    return aboutPatient._replace(
        pixel_size_source=told.pixel_size_source,
        magnification=f"{magnification:.9g}" if isKnown else None,
        magnification_source=told.magnification_source if isKnown else None,
        sid=f"{told.sid_mm:.9g}" if told.sid_mm else None,
        sod=f"{told.sod_mm:.9g}" if told.sod_mm else None,
    )


def _headerOf(path):
    """The engine's Header of a DICOM file; None where it is none."""
    if not path or path.lower().endswith(_NRRD) or not os.path.exists(path):
        return None
    return _readHeader(path, os.stat(path).st_mtime_ns)


@functools.lru_cache(maxsize=16)  # the panel asks at every change of a choice
def _readHeader(path, changed):
    from XRayTo3DLib.radiograph import read_header

    return read_header(path)


def _inNRRD(path) -> dict:
    """What a NRRD file keeps of an X-ray, by the names of the attributes."""
    if not (path and path.lower().endswith(_NRRD) and os.path.exists(path)):
        return {}
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(path)
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        return {}
    return {key: reader.GetMetaData(key) for key in reader.GetMetaDataKeys() if key.startswith(_PREFIX)}


def _originOf(volumeNode):
    """The volume that Slicer's Crop Volume, or a resampling module, made this one from; None if none did."""
    scene, identifier = slicer.mrmlScene, volumeNode.GetID()
    for node in slicer.util.getNodesByClass("vtkMRMLCropVolumeParametersNode"):
        if node.GetOutputVolumeNodeID() == identifier:
            return scene.GetNodeByID(node.GetInputVolumeNodeID() or "")
    for node in slicer.util.getNodesByClass("vtkMRMLCommandLineModuleNode"):
        for source, target in _COPIES:
            if node.GetParameterAsString(target) == identifier:
                return scene.GetNodeByID(node.GetParameterAsString(source))
    return None
