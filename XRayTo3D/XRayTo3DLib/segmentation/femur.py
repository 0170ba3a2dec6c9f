"""Is it a femur? The paper's check, from what the reader network saw and from the outline."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from .found import Bone
from .network.calibration import probability
from .network.channels import PART_LANDMARKS, PARTS, VIEWS
from .network.loading import load_reader
from .network.logits import log_odds
from .network.look import first_look
from .network.reader import sureness

FEATURES = (
    "fact",
    "closer",
    "drawn",
    "sureness",
    "share",
    "proximal",
    "distal",
    "shaft",
    "canal",
    "elongation",
    "named",
)
_STATIONS = 24  # of the bone's length, at which its cortices are looked for
_CONTRAST = 0.04  # of the range of grey: by so much a cortex is brighter than the marrow
_SURE_VIEW, _SURE_SIDE = 0.6, 0.8


@dataclass(frozen=True)
class FemurCheck:
    """Whether a bone is a femur, and what of it.

    Attributes
    ----------
    is_femur : bool
    score : float
        Probability that it is one, as calibrated on simulated radiographs.
    reasons : tuple of str
        What speaks for it and against it.
    part : str
        "whole", "proximal", "shaft" or "distal"; "" where it cannot be told.
    view : str
        "ap", "lateral" or "oblique"; "" where it cannot be told.
    side : str
        "left" or "right", on the assumption that the picture is seen as usual, from the front; "" where it cannot
        be told.
    """

    is_femur: bool
    score: float
    reasons: tuple[str, ...]
    part: str = ""
    view: str = ""
    side: str = ""

    def as_json(self) -> dict:
        """The check as JSON holds it."""
        return {
            "is_femur": self.is_femur,
            "score": round(self.score, 4),
            "reasons": list(self.reasons),
            "part": self.part or None,
            "view": self.view or None,
            "side": self.side or None,
        }


def check_femur(bone: Bone, reader: str | os.PathLike | None = None) -> FemurCheck | None:
    """Check whether a bone that was found is a femur.

    Parameters
    ----------
    bone : Bone
        From `find_bone`.
    reader : path, optional
        The network that was used; its calibration lies beside it.

    Returns
    -------
    FemurCheck or None
        None where the network was not asked.
    """
    if bone.first is None:
        return None
    values = features(bone)
    # Calibrated on bones that the network names. Of another mask, or another bone's, as much as it takes for a femur.
    femur = 1.0 if bone.name == "femur" else _femur_share(bone)
    score = femur * probability("femur_check", FEATURES, values, reader)
    is_femur = score >= 0.5
    facts = bone.first.facts
    seen = [part for part in PARTS if facts[part] > 0.5 or any(_surely(bone, name) for name in PART_LANDMARKS[part])]
    part = "whole" if {"proximal", "distal"} <= set(seen) else next((p for p in seen if p != "shaft"), "")
    view = max(VIEWS, key=lambda name: facts[name])
    view = view if facts[view] >= _SURE_VIEW else ""
    side = ""
    if view == "ap" and abs(facts["left"] - 0.5) > _SURE_SIDE - 0.5:
        side = "left" if facts["left"] > 0.5 else "right"
    told = dict(zip(FEATURES, values.tolist(), strict=True))
    if not is_femur:
        return FemurCheck(False, score, _against(told, bone, femur))
    return FemurCheck(True, score, _reasons(told, bone), part or ("shaft" if seen else ""), view, side)


def femur_in(pixels: np.ndarray, reader: str | os.PathLike | None = None) -> float:
    """Probability that a picture shows a femur, as a first look at all of it tells.

    Parameters
    ----------
    pixels : (rows, columns) float32 array
        Grey values in 0..1, bone bright.
    reader : path, optional
        Of another reader network than the one that is shipped.

    Raises
    ------
    ReconstructionError
        If the network cannot be loaded.
    """
    return first_look(pixels, np.ones(pixels.shape, bool), load_reader(reader)).facts["femur"]


def features(bone: Bone) -> np.ndarray:
    """Numbers that tell a femur from other things: `FEATURES`, most of them 0 to 1.

    Returns
    -------
    (11,) float64 array
        The logit of the reader's own answer at the first look and at the second, and of the tracer's; that of how sure
        both looks are of the femur's mask; the share of the first look that the femur fills (a logarithm); confidence
        in landmarks of the upper end, the lower end and the shaft; share of the length of the bone that was found that
        shows two cortices with a canal between them; how long it is for its width (a logarithm); the logit of its name
        where somebody drew a box round it, 0 elsewhere.
    """
    first, second = bone.first, bone.second
    assert first is not None
    share = np.log10(max(float((first.logit("femur") > 0).mean()), 1e-3)) / 3 + 1
    if second is None:
        return np.array([log_odds(first.facts["femur"]), *[log_odds(0.0)] * 3, share, 0, 0, 0, 0, 0, 0])
    marks = second.landmarks()

    def sure(*names: str) -> float:
        return max(marks[name].confidence for name in names)

    canal, elongation = _canal(second.grey, second.window.cut_mask(bone.mask))
    return np.array(
        [
            log_odds(first.facts["femur"]),
            log_odds(second.facts["femur"]),
            log_odds(second.untold.names["femur"]),
            log_odds(sureness(first, second, "femur")),
            share,
            sure("head_center", "trochanter_tip", "lesser_trochanter"),
            sure("medial_condyle", "lateral_condyle", "knee_center"),
            sure("shaft_proximal", "shaft_middle", "shaft_distal"),
            canal,
            np.log(max(elongation, 1.0)) / 2,
            _named(bone),
        ]
    )


def _named(bone: Bone) -> float:
    """Logit of that a bone in a box was named a femur; 0 where nobody drew a box."""
    if bone.named is None:
        return 0.0
    return log_odds(bone.named if bone.name == "femur" else 1 - bone.named)


def _femur_share(bone: Bone) -> float:
    """Share of the bone that was found which the reader, looking closely, takes for a femur."""
    if bone.second is None:
        return 0.0
    found = bone.second.window.cut_mask(bone.mask)
    return float((found & (bone.second.logit("femur") > 0)).sum() / max(found.sum(), 1))


def _surely(bone: Bone, name: str) -> bool:
    return name in bone.landmarks and bone.landmarks[name].confidence > 0.5


def _canal(grey: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    """Share of a bone's length that shows two cortices with a canal, and its length over its width."""
    rows, columns = np.nonzero(mask)
    if len(rows) < 50:
        return 0.0, 1.0
    points = np.stack([columns, rows], axis=1).astype(float)
    middle = points.mean(axis=0)
    _, sizes, axes = np.linalg.svd(points[:: max(1, len(points) // 4000)] - middle, full_matrices=False)
    along = (points - middle) @ axes[0]
    across = (points - middle) @ axes[1]
    values = grey[rows, columns]
    spread = max(float(np.ptp(np.percentile(values, (2, 98)))), 1e-6)
    station = ((along - along.min()) / max(np.ptp(along), 1e-9) * _STATIONS).astype(int).clip(0, _STATIONS - 1)
    shown = []
    for number in range(_STATIONS):
        at = station == number
        if np.count_nonzero(at) < 12:
            continue
        place, brightness = across[at], values[at]
        width = np.ptp(place)
        if width <= 0:
            continue
        share = (place - place.min()) / width
        sides = [(share > low) & (share < high) for low, high in ((0.05, 0.3), (0.7, 0.95))]
        center = (share > 0.38) & (share < 0.62)
        if center.any() and all(side.any() for side in sides):
            edge = min(np.percentile(brightness[side], 75) for side in sides)
            shown.append(edge > np.median(brightness[center]) + _CONTRAST * spread)
    return float(np.mean(shown)) if shown else 0.0, float(sizes[0] / max(sizes[1], 1e-9))


def _reasons(told: dict[str, float], bone: Bone) -> tuple[str, ...]:
    reasons = []
    if told["canal"] > 0.5:
        reasons.append("long shaft with two cortices" if told["elongation"] > 0.35 else "two cortices with a canal")
    ends = (
        ("head_center", "round head", "no head in the picture"),
        ("lateral_condyle", "widened lower end with condyles", "no condyles in the picture"),
    )
    for name, there, missing in ends:
        reasons.append(there if _surely(bone, name) else missing)
    if "trochanter_tip" in bone.landmarks:
        reasons.append("greater trochanter beside the neck")
    return tuple(reasons)


def _against(told: dict[str, float], bone: Bone, femur: float) -> tuple[str, ...]:
    reasons = []
    if 0 < femur < 0.5:
        reasons.append("little of what was found is what the network takes for a femur")
    if bone.name and bone.name != "femur":
        reasons.append(f"the bone that was found looks like a {bone.name}")
    if told["fact"] < 0:
        reasons.append("the picture as a whole does not look like one of a femur")
    if max(told["proximal"], told["distal"]) < 0.4:
        reasons.append("neither a femoral head nor condyles")
    if told["canal"] < 0.3:
        reasons.append("no shaft with two cortices")
    return tuple(reasons or ["what speaks for a femur is weak"])
