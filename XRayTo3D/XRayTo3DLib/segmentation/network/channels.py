"""What the reader network sees and says: its layout, shared by training and running."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

INPUTS = ("grey", "evened", "include", "exclude")
BONES = ("femur", "tibia", "fibula", "patella", "pelvis")
MASKS = (*BONES, "metal", "marked", "upper femur", "lower femur", "upper tibia", "lower tibia")
FRAGMENTS = {name: (f"upper {name}", f"lower {name}") for name in ("femur", "tibia")}  # of an unbroken bone both whole
LANDMARKS = (
    "head_center",
    "trochanter_tip",
    "lesser_trochanter",
    "medial_condyle",
    "lateral_condyle",
    "knee_center",
    "shaft_proximal",
    "shaft_middle",
    "shaft_distal",
)
VIEWS = ("ap", "lateral", "oblique")
PARTS = ("proximal", "shaft", "distal")
PART_LANDMARKS = {  # any of which shows a part
    "proximal": ("head_center", "trochanter_tip"),
    "shaft": ("shaft_middle",),
    "distal": ("medial_condyle", "lateral_condyle"),
}
BROKEN = {name: f"{name} broken" for name in FRAGMENTS}
# Logits: one of the views; left rather than right; each part; a femur; bones that are seen to be broken.
FACTS = (*VIEWS, "left", *PARTS, "femur", *BROKEN.values())
# The tracer looks at one bone, whose name it may be told (a channel of 1), and draws it: logits of its mask, and of its
# fragments, of an unbroken bone both the whole.
TRACER_INPUTS = (*INPUTS, *BONES)
TRACED = ("mask", "upper", "lower")
NOTHING = "nothing"
TRACER_FACTS = (*BONES, NOTHING, "broken")  # logits: which bone it is, one of the first six; that it is seen broken
# The breaks network is a tracer that has learnt broken bones: it tells fragments apart as if the bone were broken, and
# where the break is.
BREAKS_DRAWN = (*TRACED, "break")
STRIDE = 32  # rows and columns of the network's pictures are multiples of it
HEAT_STRIDE = 2  # pixels of a picture for one of a heat map, and of the map of a bone's heights
HEAT_SIGMA = 2.0  # of a landmark's peak, in pixels of a heat map
_CLICK_RADIUS = 4
_TILES = 6
_CLIP = 3.0


def channels(
    grey: np.ndarray, inside: np.ndarray, include: Sequence[Sequence[float]], exclude: Sequence[Sequence[float]]
) -> np.ndarray:
    """Make the network's input of a picture.

    Parameters
    ----------
    grey : (rows, columns) float32 array
        Bone bright; any range.
    inside : (rows, columns) bool array
        What of it is picture, and not room beside it.
    include, exclude : sequence of (x, y)
        Clicks on the bone and beside it, as column and row.

    Returns
    -------
    (4, rows, columns) float32 array
        In -1..1: grey values, 1 % cut off at both ends; the same, evened by contrast-limited adaptive histogram
        equalisation; a disc at each click.
    """
    import cv2

    low, high = np.percentile(grey[inside][::3], (1, 99)) if inside.any() else (0.0, 1.0)
    made = np.zeros((len(INPUTS), *grey.shape), np.float32)
    np.clip((grey - low) / max(high - low, 1e-6), 0, 1, out=made[0])
    made[0][~inside] = 0
    evened = cv2.createCLAHE(_CLIP, (_TILES, _TILES)).apply(np.rint(made[0] * 255).astype(np.uint8))
    made[1] = evened.astype(np.float32) / 255
    made[:2] = made[:2] * 2 - 1
    made[2:] = discs(grey.shape, include, exclude)
    return made


def told_name(shape: tuple[int, int], name: str) -> np.ndarray:
    """Channels that tell the tracer which bone is meant, (5, rows, columns) float32; "" tells nothing."""
    made = np.zeros((len(BONES), *shape), np.float32)
    if name:
        made[BONES.index(name)] = 1
    return made


def discs(shape: tuple[int, int], include: Sequence[Sequence[float]], exclude: Sequence[Sequence[float]]) -> np.ndarray:
    """Draw clicks as (2, rows, columns) float32 discs of 1: those on the bone, and those beside it."""
    import cv2

    made = np.zeros((2, *shape), np.float32)
    for channel, clicks in zip(made, (include, exclude), strict=True):
        for x, y in clicks:
            cv2.circle(channel, (round(x), round(y)), _CLICK_RADIUS, 1.0, cv2.FILLED)
    return made
