"""The bones' masks over the radiograph as an archive keeps them: a DICOM segmentation, a segment for each bone."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import Segmentation as SegmentationImage
from highdicom.seg import SegmentDescription
from pydicom import Dataset
from pydicom.sr.codedict import codes

from ..case import Segmentation
from ..methods import BoneResult
from ..pipeline import Reconstruction
from ..version import __version__
from .codes import bone_code, side_code
from .made import MAKER, made_here, new_uid

_TITLE = "Bones in the radiograph"
_FAMILIES = {
    "network": codes.DCM.ArtificialIntelligence,
    "clusters": codes.DCM.ClusterAnalysis,
    "threshold": codes.DCM.HistogramAnalysis,
}


def segmented(result: Reconstruction, source: Dataset) -> SegmentationImage:
    """Make a DICOM segmentation of the bones that surfaces were made of, in the first view.

    Parameters
    ----------
    result : Reconstruction
    source : pydicom.Dataset
        The radiograph of the first view.

    Returns
    -------
    highdicom.seg.Segmentation
        Segments are in the order of the bones.
    """
    # A projection's pixels are no places in space, whatever frame of reference its file tells: the mask lies on the
    # radiograph's pixels, and highdicom asks for no place of an image that has no frame.
    flat = deepcopy(source)  # a copy of pydicom's shares its elements
    if "FrameOfReferenceUID" in flat:
        del flat.FrameOfReferenceUID
    seen = [found.seen[0] for found in result.found]
    masks = np.stack([each.bone.mask for each in seen], axis=-1)
    bones = enumerate(zip(result.bones, seen, strict=True), 1)
    made = SegmentationImage(
        source_images=[flat],
        pixel_array=masks[None],
        segmentation_type="BINARY",
        segment_descriptions=[_segment(number, bone, found) for number, (bone, found) in bones],
        content_label="BONES",
        content_description=_TITLE,
        **made_here(302, _TITLE),
    )
    made.PatientOrientation = source.get("PatientOrientation")  # the radiograph's rows and columns are the mask's
    return made


def _segment(number: int, bone: BoneResult, found: Segmentation) -> SegmentDescription:
    """Which bone a segment is, and how its mask was found: by hand, with the help of marks, or without."""
    by_hand = found.bone.method == "drawn"
    marked = any(value is not None for value in vars(found.view.marking).values())
    told = SegmentDescription(
        number,
        bone.called,
        codes.SCT.AnatomicalStructure,
        bone_code(bone.name),
        "MANUAL" if by_hand else "SEMIAUTOMATIC" if marked else "AUTOMATIC",
        None
        if by_hand
        else AlgorithmIdentificationSequence(
            f"{MAKER} {found.bone.method}", _FAMILIES[found.bone.method], __version__, MAKER
        ),
        tracking_uid=new_uid(),
        tracking_id=bone.called,
    )
    if side := side_code(bone.side):
        told.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [side]
    return told
