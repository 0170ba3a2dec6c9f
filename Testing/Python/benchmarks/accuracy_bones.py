"""Bones whose surface is known: femora that models are trained on, and bones of collections that they never saw."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from XRayTo3DLib.errors import SurfaceError
from XRayTo3DLib.evaluate import align_rigid
from XRayTo3DLib.evaluate.compare import read_bone
from XRayTo3DLib.shape import ShapeModel
from XRayTo3DLib.simulate.bones.bone import Mesh
from XRayTo3DLib.simulate.bones.limbs import read_bones
from XRayTo3DLib.surface import area_and_volume, surface_distances

DATA = Path(os.environ.get("XRAYTO3D_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
LIMBS = Path(os.environ.get("LIMBS", DATA / "limbs"))
INDEPENDENT = DATA / "independent"
FACTS = {"vsd z013": {"height_cm": 165.0, "sex": "female"}}  # as far as a collection tells of its people
_NAME = re.compile(r"(?P<person>.+?)_(?P<bone>femur|tibia|patella|fibula|hip)_(?P<side>[lr])(?P<rest>.*)")
_SIDES = {"l": "left", "r": "right"}

_TURNED_DEG = 30.0  # a collection's axes are the patient's: a bone that is turned by more was laid on the wrong way
_ROLLS_DEG = (0.0, -15.0, 15.0)
_OFF_MM = 8.0  # from the mean: more is another bone

Triangles = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Subject:
    """A bone that stands upright in the patient.

    Attributes
    ----------
    name : str
    bone, side : str
    mesh : Mesh
        LPS (mm); triangles face outwards.
    number : int
        What its poses are drawn with.
    mean : (points, faces)
        What a mean bone is, for those methods that start from it; of the same side, upright.
    facts : dict of str to object
        What is known of the patient besides: height_cm, sex, other_side (points, faces), as far as it is.
    """

    name: str
    bone: str
    side: str
    mesh: Mesh
    number: int
    mean: Triangles
    facts: Mapping[str, object] = field(default_factory=dict)


@functools.lru_cache(maxsize=2)
def limb(number: int) -> Subject:
    """One of the femora that models are trained on, from 0; its mean is that of the others."""
    mesh = femora()[number]
    return Subject(f"femur {number + 1}", "femur", "left", mesh, number, (_mean_without(number), mesh.faces))


@functools.cache
def femora() -> tuple[Mesh, ...]:
    """All femora that models are trained on, with the same triangles."""
    return tuple(read_bones(LIMBS, "femur"))


def independent(bone: str) -> list[Path]:
    """Surfaces of a bone by people and scanners that no model knows."""
    return sorted(path for path in INDEPENDENT.glob("*.ply") if _told(path)["bone"] == bone)


def subject(path: Path, model: ShapeModel, number: int) -> Subject:
    """A bone of another collection, stood as a model's mean stands.

    Raises
    ------
    SurfaceError
        If it does not lie on the mean as its file's name and axes say: it is of the other side, or turned.
    """
    told = _told(path)
    own = model.of_side(told["side"])
    points, faces = _read(path)
    mean = (own.mean, own.faces)
    found = [_stood(Mesh(points, faces), mean, roll) for roll in _ROLLS_DEG]  # a fibula is nearly round
    off, _, mesh = min(found, key=lambda each: each[:2])
    if off > _OFF_MM:
        raise SurfaceError(f"{path.name}: it is no {told['side']} {told['bone']} that stands upright.")
    other = other_leg(path)
    facts = FACTS.get(told["person"], {}) | ({} if other is None else {"other_side": _read(other)})
    return Subject(path.stem, told["bone"], told["side"], mesh, number, mean, facts)


def _stood(mesh: Mesh, mean: Triangles, roll_deg: float) -> tuple[float, float, Mesh]:
    """A bone laid on a mean from a roll about z: mean distance (mm), roll, and the bone.

    One that rolled away, as a nearly round bone may, is only shifted: a collection's axes are the patient's.
    """
    from scipy.spatial.transform import Rotation

    first = np.eye(4)
    first[:3, :3] = Rotation.from_euler("z", roll_deg, degrees=True).as_matrix()
    rolled = mesh.moved(first)
    motion = align_rigid((rolled.points, rolled.faces), mean)
    turned = Rotation.from_matrix(motion[:3, :3] @ first[:3, :3]).magnitude()
    if turned > np.radians(_TURNED_DEG):
        motion = np.eye(4)
        motion[:3, 3] = (
            (np.ptp(mean[0], axis=0) - np.ptp(mesh.points, axis=0)) / 2 + mean[0].min(0) - mesh.points.min(0)
        )
        rolled = mesh
    laid = rolled.moved(motion)
    return surface_distances((laid.points, laid.faces), mean).mean_mm, abs(roll_deg), laid


def _read(path: Path) -> Triangles:
    """A surface whose triangles face outwards."""
    points, faces = (np.asarray(each) for each in read_bone(path))
    return points, faces if area_and_volume(points, faces)[1] > 0 else faces[:, ::-1]


def other_leg(path: Path) -> Path | None:
    """The same person's bone of the other side, if it is there."""
    told = _told(path)
    found = [
        other
        for other in independent(told["bone"])
        if _told(other)["person"] == told["person"] and _told(other)["side"] != told["side"]
    ]
    return found[0] if found else None


def similar(points: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """Points (n, 3) moved rigidly onto their partners by least squares (W. Kabsch, 1976)."""
    from scipy.spatial.transform import Rotation

    turn = Rotation.align_vectors(onto - onto.mean(axis=0), points - points.mean(axis=0))[0]
    return turn.apply(points - points.mean(axis=0)) + onto.mean(axis=0)


def _told(path: Path) -> dict[str, str]:
    """Person, bone and side as a file's name has them; an unknown bone is ""."""
    found = _NAME.fullmatch(path.stem)
    if found is None:
        return {"person": "", "bone": "", "side": ""}
    person = f"{found['person']} {found['rest'].strip('_')}".replace("_", " ").strip()
    return {"person": person, "bone": found["bone"], "side": _SIDES[found["side"]]}


def _mean_without(number: int) -> np.ndarray:
    """Mean (n, 3) of the other femora, whose points are partners, after generalised Procrustes without scale."""
    others = [bone.points for other, bone in enumerate(femora()) if other != number]
    mean = others[0]
    for _ in range(4):
        mean = np.mean([similar(points, mean) for points in others], axis=0)
    return mean
