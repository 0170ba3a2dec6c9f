"""Codes of bones, sides, units and measures: SNOMED CT and UCUM where they have one, the project's own where not."""

from __future__ import annotations

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes

from ..version import __version__

SCHEME = "99XRAYTO3D"
_BONES = {name.lower(): getattr(codes.SCT, name) for name in ("Femur", "Tibia", "Fibula", "Patella", "Hip")}
_SIDES = {"left": codes.SCT.Left, "right": codes.SCT.Right}
_UNITS = {"mm": codes.UCUM.Millimeter, "deg": codes.UCUM.Degree, "": codes.UCUM.NoUnits}
_ANY_BONE = codes.SCT.Bone


def bone_code(name: str) -> CodedConcept:
    """A bone by its name; one without a name, or without a code in DICOM's tables, is a bone."""
    return CodedConcept.from_code(_BONES.get(name, _ANY_BONE))


def side_code(side: str) -> CodedConcept | None:
    """ "left" or "right"; None of anything else."""
    return CodedConcept.from_code(_SIDES[side]) if side in _SIDES else None


def unit_code(unit: str) -> CodedConcept:
    """A unit as measures have it: "mm", "deg", or "" of a ratio."""
    return CodedConcept.from_code(_UNITS[unit])


def own_code(value: str, meaning: str) -> CodedConcept:
    """What no public scheme has a code for; of a measure, the value is the name of its table and its key there."""
    return CodedConcept(value, SCHEME, meaning)


def own_scheme() -> CodingSchemeIdentificationItem:
    """What tells a reader whose codes `own_code` makes."""
    return CodingSchemeIdentificationItem(
        SCHEME, name="Measures of XRayTo3D", version=__version__, responsible_organization="XRayTo3D"
    )
