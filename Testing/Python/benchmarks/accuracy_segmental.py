"""How well bones that are broken in two places come out of two radiographs on which each piece is clicked on.

`make accuracy-fractures` runs it after those that are broken in one place; bones, films and boxes are the same. Each
break is transverse or oblique, and what is below it is angulated by up to 20 degrees, shifted by up to 20 mm, and from
8 mm apart to 15 mm shortened against what is above.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
from accuracy_bones import INDEPENDENT, independent
from accuracy_fractures import CORTEX_MM, SETUP, bones, click_on, reconstructed

from XRayTo3DLib.methods.fragments import Broken
from XRayTo3DLib.shape import to_reduced
from XRayTo3DLib.simulate.bones.bone import Bone, Mesh
from XRayTo3DLib.simulate.bones.fracture import Fracture
from XRayTo3DLib.simulate.bones.hollow import hollow
from XRayTo3DLib.simulate.bones.segmental import Pieces, break_in_pieces, random_segmental
from XRayTo3DLib.simulate.film.view import simulate
from XRayTo3DLib.surface import distance_to

FRACTURES, FIRST = 16, 900  # seeds
LEAST, MOST = (0.0, 0.0, -8.0), (20.0, 20.0, 15.0)  # degrees, mm aside, mm of shortening


def main() -> int:
    """Print a row for each fracture, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fractures", type=int, default=FRACTURES, metavar="N")
    count = parser.parse_args().fractures
    if not independent("femur"):
        print(f"{INDEPENDENT}: no bones; there is nothing to measure on.")
        return 0
    found = []
    with ProcessPoolExecutor() as pool:
        for name, row in pool.map(judged, range(count)):
            print(name, row if isinstance(row, str) else {key: np.round(each, 1).tolist() for key, each in row.items()})
            found += [] if isinstance(row, str) else [row]
            sys.stdout.flush()
    print(f"\n{len(found)} of {count} come out in three pieces")
    for name in found[0] if found else ():
        values = np.concatenate([row[name] for row in found])
        print(f"{name}: median {np.median(values):.1f}, 90 % {np.percentile(values, 90):.1f}")
    return 0


def judged(number: int) -> tuple[str, dict | str]:
    """What a bone is called, and its scores from two views, or why it did not come out in three pieces."""
    bone, rng = bones()[number % len(bones())], np.random.default_rng(FIRST + number)
    outer = Mesh(bone.mesh.points - bone.mesh.points.mean(axis=0), np.asarray(bone.mesh.faces, np.int64))
    pieces = break_in_pieces(
        Bone(outer, hollow(outer, CORTEX_MM)), [moved(each, rng) for each in random_segmental(rng)]
    )
    films = [simulate(pieces.bones, view, bone.side, SETUP, rng) for view in ("ap", "lateral")]
    each_first = [(piece, *(other for other in pieces.bones if other is not piece)) for piece in pieces.bones]
    made = reconstructed(films, [[click_on(film, *turn) for turn in each_first] for film in films], bone)
    if isinstance(made, str):
        return bone.name, made
    broken = made.bones[0].broken
    if broken is None or len(broken.names) < 3:
        return bone.name, "whole"
    return bone.name, scores(broken, pieces, films[0].camera.from_lps)


def moved(fracture: Fracture, rng: np.random.Generator) -> Fracture:
    """A fracture whose lower fragment is displaced by chance, as far as it may be."""
    leans, goes = rng.uniform(0, 2 * np.pi, 2)
    angle, aside, shorter = rng.uniform(LEAST, MOST)
    return replace(
        fracture,
        shift_mm=(aside * np.cos(goes), aside * np.sin(goes), shorter),
        turn_deg=(angle * np.cos(leans), angle * np.sin(leans), rng.normal(0, 8)),
    )


def scores(found: Broken, pieces: Pieces, to_picture: np.ndarray) -> dict[str, list[float]]:
    """Mean distance (mm) of each piece's surface from where it lies, and errors of each break's displacement."""
    back = np.linalg.inv(found.fit.upper.to_picture) @ to_picture
    row: dict[str, list[float]] = {"surface, mm": [], "angulation, degrees": [], "the break's middle, mm": []}
    for part, known in zip(found.fit.parts, pieces.bones, strict=True):
        there = known.moved(back).outer.points
        row["surface, mm"].append(float(np.abs(distance_to(*part, there[::5].copy())).mean()))
    reduced = to_reduced(found.fit)
    for number, frame in enumerate(pieces.frames):
        moving = back @ np.linalg.inv(pieces.motions[number]) @ pieces.motions[number + 1] @ np.linalg.inv(back)
        own = back @ frame
        wrong = reduced[number] @ np.linalg.inv(reduced[number + 1]) @ np.linalg.inv(moving)
        up, middle = own[:3, 2], moving @ own[:, 3]
        row["angulation, degrees"].append(float(np.degrees(np.arccos(np.clip(up @ wrong[:3, :3] @ up, -1, 1)))))
        row["the break's middle, mm"].append(float(np.linalg.norm((wrong @ middle - middle)[:3])))
    return row


if __name__ == "__main__":
    sys.exit(main())
