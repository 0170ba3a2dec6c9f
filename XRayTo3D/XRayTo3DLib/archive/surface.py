"""A bone's surface as an archive keeps it: Encapsulated STL."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from highdicom import AlgorithmIdentificationSequence, SOPClass
from pydicom import Dataset
from pydicom.sr.codedict import codes

from ..methods import BoneResult
from ..pipeline import Reconstruction
from ..surface import write_surface
from ..version import __version__
from .codes import bone_code, own_code, own_scheme, side_code, unit_code
from .made import MAKER, begun, new_uid, refer
from .words import INFERRED, account, algorithm

_ENCAPSULATED_STL = "1.2.840.10008.5.1.4.1.1.104.3"
_FAMILIES = {
    "relief": codes.DCM.MultiScaleResolutionFiltering,
    "solid": codes.DCM.ArtificialIntelligence,
    "shape": codes.DCM.DeformableModels,
    "volume": codes.DCM.ArtificialIntelligence,
}
_ODD = b"\0"  # a value of DICOM has an even number of bytes


def encapsulated(result: Reconstruction, sources: Sequence[Dataset]) -> list[SOPClass]:
    """Make an Encapsulated STL object of each bone's surface; all of them are one series, and stand beside each other.

    Their frame of reference is a new one: a radiograph has none in three dimensions.

    Parameters
    ----------
    result : Reconstruction
    sources : sequence of pydicom.Dataset
        Its radiographs, the first view's first.

    Returns
    -------
    list of highdicom.SOPClass
        In the order of the bones, each with the same bytes as the bone's STL file.
    """
    series, frame, group = new_uid(), new_uid(), new_uid()
    objects = [_encapsulated(bone, result, sources) for bone in result.bones]
    for number, made in enumerate(objects, 1):
        made.SeriesInstanceUID, made.InstanceNumber = series, number
        made.FrameOfReferenceUID, made.ModelGroupUID = frame, group
    return objects


def _encapsulated(bone: BoneResult, result: Reconstruction, sources: Sequence[Dataset]) -> SOPClass:
    made = begun(sources[0], _ENCAPSULATED_STL, "M3D", 301, INFERRED)
    made.PositionReferenceIndicator = None
    made.AcquisitionDateTime = sources[0].get("AcquisitionDateTime")
    made.DocumentTitle = f"{bone.called.capitalize()}: {INFERRED.lower()}"
    made.ConceptNameCodeSequence = [own_code("inferred_surface", INFERRED)]
    made.CodingSchemeIdentificationSequence = [own_scheme()]
    made.BurnedInAnnotation = "NO"
    refer(made, sources)

    made.AnatomicRegionSequence = [bone_code(bone.name)]
    if side := side_code(bone.side):
        made.ImageLaterality = bone.side[0].upper()
        made.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [side]
    made.MeasurementUnitsCodeSequence = [unit_code("mm")]
    made.ContentDescription = INFERRED
    method = AlgorithmIdentificationSequence(algorithm(bone), _FAMILIES[bone.surface.method], __version__, source=MAKER)
    method[0].AlgorithmParameters = account(bone, result)
    made.DerivationAlgorithmSequence = method

    stl = _as_stl(bone)
    made.MIMETypeOfEncapsulatedDocument, made.EncapsulatedDocumentLength = "model/stl", len(stl)
    made.EncapsulatedDocument = stl + _ODD * (len(stl) % 2)
    return made


def _as_stl(bone: BoneResult) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bone.stl"
        write_surface(bone.surface.polydata, path)
        return path.read_bytes()
