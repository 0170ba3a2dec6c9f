"""What a scene is, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...geometry.camera import Camera


@dataclass(frozen=True)
class Scene:
    """A radiograph and what is true of it.

    Attributes
    ----------
    image : (size, size) float32 array
        0 to 1.
    masks : dict of str to (size, size) bool array
        Of "femur", "tibia", "fibula" and "patella", the other leg's "other_femur" and so on, "pelvis" and "metal",
        where there is any, and always of the femur; they may overlap. Only what the collimator and the border let be
        seen counts.
    heights : dict of str to (size, size) float32 array
        How high on the bone its shadow shows it: the mean over the ray's length inside, 0 at the bone's lower end and
        1 at the upper; not a number beside it. Of "femur" both femora's, of "tibia" both tibiae's, and so on.
    fragments : dict of str to (upper, lower) pair of (size, size) bool array
        Masks of the two fragments of a displaced femur or tibia, by the mask's name; they may overlap.
    cracked : str
        The bone that is broken without any displacement, if any.
    thickness_mm : (size, size) float32 array
        Length of each ray in the femur; dense callus counts as the cortex that stops as much.
    landmarks_lps, landmarks_px : dict of str to (3,) or (2,) float64 array
        Of the femur (see `anatomy.FemurAnatomy`), in the patient and in the picture (column, row). With a hip
        prosthesis the head's centre is the prosthesis's.
    other_landmarks_px : dict of str to (2,) float64 array
        The same of the other femur, where both legs were X-rayed, or of what of the same one is seen in a second
        picture beside the first; empty otherwise.
    open : (size, size) bool array
        What neither the collimator nor a border covers.
    visible : dict of str to bool
        Whether a landmark is in the picture and not cut off.
    view, side : str
        No view where two pictures are on one film: the bones of the second are then "other_femur" and so on.
    part : str
        What the picture was aimed at: one of `PARTS`.
    parts : tuple of str
        Parts of the femur that are in it by more than half: "proximal", "shaft", "distal".
    flexion_deg : float
    camera : Camera
        Of the first picture, where there are two.
    pixel_size_mm : float
        At the detector.
    dark_bone : bool
    growth_plates, fractured : bool
        Whether open growth plates, or the middle of a fracture of the femur, are in the picture.
    metal : tuple of str
        Of `metal.KINDS`, where any of it is in the picture.
    """

    image: np.ndarray
    masks: dict[str, np.ndarray]
    heights: dict[str, np.ndarray]
    fragments: dict[str, tuple[np.ndarray, np.ndarray]]
    cracked: str
    thickness_mm: np.ndarray
    landmarks_lps: dict[str, np.ndarray]
    landmarks_px: dict[str, np.ndarray]
    other_landmarks_px: dict[str, np.ndarray]
    open: np.ndarray
    visible: dict[str, bool]
    view: str
    side: str
    part: str
    parts: tuple[str, ...]
    flexion_deg: float
    camera: Camera
    pixel_size_mm: float
    dark_bone: bool
    growth_plates: bool
    fractured: bool
    metal: tuple[str, ...]
