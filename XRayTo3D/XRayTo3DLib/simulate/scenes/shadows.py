"""What falls on a film of bones, metal and growth plates: lengths of rays, heights on bones, masks."""

from __future__ import annotations

import numpy as np

from ...geometry.camera import Camera
from ..bones.bone import Mesh
from ..bones.piece import Piece
from ..film.projector import chords, on_rays

LEAST_PATH_MM = 0.3  # of a ray in a bone for its pixel to belong to the bone
LOWER = ("tibia", "fibula", "patella")
_MEASURED = ("femur", *LOWER, "pelvis")
_MASKED = (*_MEASURED, "other_femur", *(f"other_{name}" for name in LOWER), "metal")


def lengths_in(
    bodies: dict[str, tuple[Piece, ...]], others: dict[str, list[Mesh]], camera: Camera
) -> tuple[dict, dict]:
    """Lengths of rays (mm), by name and kind, "outer" and "inner" of bones: all projected at once.

    Returns
    -------
    sums : dict of (str, str) to (rows, columns) array
    shadows : dict of str to list of (length, height)
        Of each piece of a bone, its outer length and the heights on the bone.
    """
    meshes, owners = [], []
    for name, pieces in bodies.items():
        for piece in pieces:
            for kind, mesh in (("outer", piece.bone.outer), ("inner", piece.bone.inner)):
                if mesh is not None and (kept := _seen(mesh, camera)) is not None:
                    meshes.append(kept)
                    owners.append((name, kind, piece))
    for name, parts in others.items():
        for mesh in parts:
            if (kept := _seen(mesh, camera)) is not None:
                meshes.append(kept)
                owners.append((name, "outer" if name == "metal" else "all", None))
    sums: dict[tuple[str, str], np.ndarray] = {}
    shadows: dict[str, list] = {}
    for (name, kind, piece), length, distance in zip(owners, *chords(meshes, camera), strict=True):
        sums[name, kind] = sums[name, kind] + length if (name, kind) in sums else length
        if kind == "outer" and piece is not None:
            shadows.setdefault(name, []).append((length, on_rays(piece.along, distance, camera)))
    for name in [name for name, kind in sums if kind == "inner"]:
        np.minimum(sums[name, "inner"], sums.get((name, "outer"), 0.0), out=sums[name, "inner"])
    return sums, shadows


def heights_on(shadows: dict[str, list], masks: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Heights of each bone, where it is seen; of fragments that overlap their mean."""
    found: dict[str, np.ndarray] = {}
    for name, pieces in shadows.items():
        bone = name.removeprefix("other_")
        if bone not in _MEASURED:
            continue
        weight = sum(length for length, _ in pieces)
        there = (weight > LEAST_PATH_MM) & (masks.get(name, masks.get(bone, False)))
        mean = sum(length * height for length, height in pieces) / np.where(there, weight, 1)
        before = found.get(bone)
        values = np.where(there, mean, np.nan).astype(np.float32)
        found[bone] = values if before is None else np.where(np.isnan(before), values, before)
    return found


def _seen(mesh: Mesh, camera: Camera) -> Mesh | None:
    """The triangles whose shadows may fall on the film: the others do not change what does."""
    pixel = camera.project(mesh.points)[0]
    rows, columns = camera.shape
    sides = np.stack([pixel[:, 0] < -1, pixel[:, 0] > columns, pixel[:, 1] < -1, pixel[:, 1] > rows])
    if sides.all(axis=1).any():
        return None
    if not sides.any():
        return mesh
    code = sides.T @ np.array([1, 2, 4, 8], np.uint8)
    away = code[mesh.faces[:, 0]] & code[mesh.faces[:, 1]] & code[mesh.faces[:, 2]]
    kept = mesh.faces[away == 0]
    return Mesh(mesh.points, kept) if len(kept) else None


def masks_of(lengths: dict, shown: np.ndarray) -> dict[str, np.ndarray]:
    """Where bones and metal are seen; of the femur always."""
    masks = {"femur": np.zeros(shown.shape, bool)}
    for (name, kind), length in lengths.items():
        if kind == "outer" and name in _MASKED:
            masks[name] = masks.get(name, False) | ((length > LEAST_PATH_MM) & shown)
    return masks
