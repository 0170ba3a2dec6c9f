"""Real radiographs with bones that were drawn by hand, to measure on, never to train with.

They are looked for in `shared/data` beside the project, or in XRAYTO3D_DATA.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from XRayTo3DLib import Radiograph, read_radiograph
from XRayTo3DLib.methods import BoneResult
from XRayTo3DLib.segmentation import box_region

DATA = Path(os.environ.get("XRAYTO3D_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
MASKS = DATA / "radiographs" / "masks"
CHOOSING = (  # pictures that may help to choose between recipes; the others only report
    "femur_accessory-patellar-ossification",
    "femur_acetabular-fracture-4",
    "femur_acl-bony-avulsion-with-segond-fracture-3",
    "femur_avulsion-fracture-lesser-trochanter",
    "femur_avulsion-fracture-of-the-tibial-eminence",
    "femur_bisphosphonate-induced-femur-fractures",
    "femur_chronic-knee-dislocation",
    "femur_cortical-desmoid-4",
)
HIPS = ("RG2", "acetabular", "iliac-spine", "lesser-trochanter", "hemiarthroplasty")
_GUESSED = ("acl-bony-avulsion-with-segond-fracture-3_patella",)  # drawn outlines that are not to be scored
_ROOM = 0.04  # of the bone's larger side, round it: a box as a user draws it


@dataclass(frozen=True)
class Drawn:
    """A bone that was drawn by hand in a radiograph.

    Attributes
    ----------
    name : str
        Of the drawing.
    bone : str
    source : path
        Of the picture.
    mask : (rows, columns) bool array
    roi : (x0, y0, x1, y1)
        The box that a user would drag.
    """

    name: str
    bone: str
    source: Path
    mask: np.ndarray
    roi: tuple[float, float, float, float]

    def read(self) -> Radiograph:
        """The picture."""
        return read_radiograph(self.source)

    @property
    def box(self) -> np.ndarray:
        """The box, as (rows, columns) bool array."""
        return box_region(self.mask.shape, self.roi)


def drawn_femora() -> list[Drawn]:
    """Every femur that was drawn."""
    made = []
    for path in sorted(MASKS.glob("*.json")):
        told = json.loads(path.read_text())
        source = next(p for p in (DATA / folder / told["image"] for folder in ("radiographs", "dicom")) if p.exists())
        for number in ("", "_2"):
            file = path.with_name(f"{path.stem}{number}.png")
            if file.exists():
                names = told.get("masks", {})
                name = next((each for each, mask in names.items() if file.name.endswith(mask)), told.get("mask_of", ""))
                mask = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) > 0
                made.append(Drawn(file.stem, "femur", source, mask, tuple(told.get("rois", {}).get(name, told["roi"]))))
    return made


def drawn_others() -> list[Drawn]:
    """Every tibia, fibula and patella that was drawn and not guessed."""
    made = []
    for bone in ("tibia", "fibula", "patella"):
        for path in sorted((MASKS / "bones").glob(f"*_{bone}.png")):
            if path.stem.endswith(_GUESSED):
                continue
            source = next((DATA / "radiographs").glob(path.stem.removesuffix(f"_{bone}") + ".*"))
            mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 0
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            room = _ROOM * max(len(rows), len(columns))
            low = np.maximum(np.array([columns[0], rows[0]]) - room, 0)
            high = np.minimum(np.array([columns[-1], rows[-1]]) + room, np.array(mask.shape[::-1]) - 1)
            made.append(Drawn(path.stem, bone, source, mask, (*low, *high)))
    return made


def dice(mask: np.ndarray, truth: np.ndarray) -> float:
    """Dice coefficient of two masks."""
    return 2 * np.count_nonzero(mask & truth) / max(np.count_nonzero(mask) + np.count_nonzero(truth), 1)


def fitted_mask(bone: BoneResult, shape: tuple[int, int]) -> np.ndarray:
    """What the outlines of a fitted bone, or of its fragments, hold in the first picture; nothing without a fit."""
    mask = np.zeros(shape, np.uint8)
    parts = (bone.shape.outlines,) if bone.shape else bone.broken.outlines if bone.broken else ()
    for views in parts:
        cv2.fillPoly(mask, [np.rint(outline.points).astype(np.int32) for outline in views[0]], 1)
    return mask > 0
