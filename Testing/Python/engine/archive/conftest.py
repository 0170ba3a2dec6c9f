"""A reconstruction of bones with measures, and the radiograph that it was made from, as an archive has it."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from pydicom.uid import generate_uid

from XRayTo3DLib import Settings, reconstruct
from XRayTo3DLib.archive import read_sources, write_archive
from XRayTo3DLib.pipeline import Leg
from XRayTo3DLib.shape import Measure

PATIENT = {
    "SpecificCharacterSet": "ISO_IR 100",
    "PatientName": "Müller^Änne",
    "PatientID": "4711",
    "IssuerOfPatientID": "CLINIC",
    "PatientBirthDate": "19570203",
    "PatientSex": "F",
    "PatientAge": "069Y",
}
STUDY = {
    "StudyInstanceUID": generate_uid(),
    "StudyDate": "20260102",
    "StudyTime": "101500",
    "StudyID": "7",
    "AccessionNumber": "A1",
    "ReferringPhysicianName": "Curie^M",
    "StudyDescription": "Knie rechts, stehend",
}
SERIES = {"SeriesInstanceUID": generate_uid(), "PatientOrientation": ["L", "F"]}
MEASURES = {
    "length_mm": Measure(415.168, 0.806, "Femoral length", "mm"),
    "neck_shaft_angle_deg": Measure(129.6, 1.29, "Neck-shaft angle", "deg"),
}
RATIO = {"insall_salvati_ratio": Measure(1.07, 0.05, "Patella height (Insall-Salvati)", "")}


@pytest.fixture(scope="session")
def film(write_film, tmp_path_factory):
    """Path of a radiograph as an archive has it."""
    return write_film(tmp_path_factory.mktemp("film") / "film.dcm", **PATIENT, **STUDY, **SERIES)


@pytest.fixture(scope="session")
def sources(film):
    return read_sources([film])


@pytest.fixture(scope="session")
def result(phantom_radiograph):
    """As if the phantom were a left femur that was fitted and measured, a right tibia and a bone without a name.

    Their masks are next to each other, and the leg was measured too.
    """
    made = reconstruct(phantom_radiograph, Settings(method="solid", segmentation="clusters", triangles=2000))
    (bone,), (found,) = made.bones, made.found
    fitted = SimpleNamespace(
        fit=SimpleNamespace(model=SimpleNamespace(bone="femur"), residual_mm=0.203),
        model="folder/own.npz",
        measures=MEASURES,
        warnings=("It lies 3 mm within the bone beside it.",),
        uncertainty_mm=np.array([0.5, 0.8, 1.4]),
        length_seen=0.97,
    )
    surface = replace(bone.surface, method="shape")
    femur = replace(bone, name="femur", side="left", pieces=(surface,), shape=fitted, whole=surface)
    bones = (femur, replace(bone, name="tibia", side="right"), replace(bone, name="", side=""))

    def beside(columns):
        (seen,) = found.seen
        moved = replace(seen, bone=replace(seen.bone, mask=np.roll(seen.bone.mask, columns, axis=1)))
        return replace(found, seen=(moved,))

    made = replace(made, bones=bones, found=(found, beside(10), beside(-10)))
    vars(made)["legs"] = (Leg("left", RATIO, None),)  # in the place of what would be computed
    return made


@pytest.fixture(scope="session")
def written(result, sources, tmp_path_factory):
    """Folder with all objects of the reconstruction."""
    folder = tmp_path_factory.mktemp("archive") / "new" / "folder"
    write_archive(result, sources, folder)
    return folder
