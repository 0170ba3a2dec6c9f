"""How well broken bones come out of radiographs: the whole chain, a box drawn round the bone, from two views and one.

`make accuracy-fractures` runs it; FRACTURES=12 fewer. Bones of `shared/data/independent` beside the project (or in
XRAYTO3D_DATA), which no model and no network knows, break as those of `bench_broken` do. Films show the bone with
its marrow in soft tissue, with noise and blur. As many are taken of bones that are not broken, and real radiographs
of unbroken bones with masks tell how often such a one is called broken. Nobody tells where the break is, or somebody
clicks on both pieces in each view. That a box holds a tibia is told: the networks know it by fibula and knee, and take
one that is alone in the picture for a femur.
"""

from __future__ import annotations

import argparse
import functools
import sys
from concurrent.futures import ProcessPoolExecutor

import cv2
import numpy as np
from accuracy_bones import INDEPENDENT, Subject, independent, subject
from bench_broken import SHOWN, Case, break_of, scored
from real_films import MASKS, Drawn, dice, drawn_femora, drawn_others, fitted_mask

from XRayTo3DLib import Case as Views
from XRayTo3DLib import (
    Marking,
    Reconstruction,
    ReconstructionError,
    Settings,
    View,
    radiograph_from_array,
    reconstruct,
    segment,
)
from XRayTo3DLib.methods.fragments import Broken
from XRayTo3DLib.segmentation import bounding_box
from XRayTo3DLib.shape import BreakFrame, built_in, shadow
from XRayTo3DLib.simulate.bones.bone import Bone
from XRayTo3DLib.simulate.bones.fracture import break_bone, break_frame, displacement
from XRayTo3DLib.simulate.bones.hollow import hollow
from XRayTo3DLib.simulate.film.setup import Setup
from XRayTo3DLib.simulate.film.view import Simulated, simulate

FRACTURES = 60
SETUP, CORTEX_MM, MARGIN = Setup(pixel_size_mm=0.5), 5.0, 20
BREAKS = ("bisphosphonate", "birth-trauma", "displaced-tibial", "distal-femur-fracture")  # real films of broken bones
SCORED = {"angle": "angulation, degrees", "turn": "rotation, degrees", "shift": "the break's middle, mm"}
IN_PLANE = {
    "angulation_ap_deg": "angulation in the picture, degrees",
    "translation_lateral_mm": "shift in the picture, mm",
    "shortening_mm": "shortening, mm",
}


def main() -> int:
    """Print a row for each fracture, and the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fractures", type=int, default=FRACTURES, metavar="N")
    count = parser.parse_args().fractures
    if not independent("femur"):
        print(f"{INDEPENDENT}: no bones; there is nothing to measure on.")
        return 0
    with ProcessPoolExecutor() as pool:
        rows = []
        for row in pool.map(judged, range(count)):
            print(row["name"], *(f"{way}: {told}" for way, told in row["told"].items()), sep="; ", flush=True)
            rows.append(row)
    for help_, clicked in (("", ""), (", both pieces clicked on", " clicked")):
        table(f"two views{help_}", [row[f"two{clicked}"] for row in rows], (*SCORED, "surface"), SHOWN)
        table(f"one view{help_}", [row[f"one{clicked}"] for row in rows], (), IN_PLANE)
    unbroken = [row["unbroken"] for row in rows]
    print(f"\n{sum(unbroken)} of {len(unbroken)} films of unbroken bones are called broken")
    real_films()
    return 0


def judged(number: int) -> dict:
    """A broken bone's scores from two views and one, and whether the same bone unbroken is called broken."""
    bone = bones()[number % len(bones())]
    whole, fracture = break_of(bone, number)
    whole = Bone(whole, hollow(whole, CORTEX_MM))
    frame = break_frame(whole.outer, fracture.place)
    moving = displacement(frame, fracture)
    rng = np.random.default_rng(number)
    pieces = break_bone(whole, fracture)
    films = [simulate(pieces, view, bone.side, SETUP, rng) for view in ("ap", "lateral")]
    case = Case(whole.outer, fracture, moving, frame).moved(films[0].camera.from_lps)
    row: dict = {"name": f"{bone.name}, {fracture.kind} at {fracture.place:.2f}", "told": {}}
    clicks = [[click_on(film, *turn) for turn in (pieces, pieces[::-1])] for film in films]
    ways = {"two": (films, [None, None]), "one": (films[:1], [None])}
    ways |= {"two clicked": (films, clicks), "one clicked": (films[:1], clicks[:1])}
    for way, (seen, marks) in ways.items():
        made = reconstructed(seen, marks, bone)
        found = None if isinstance(made, str) else made.bones[0].broken
        row[way] = {} if found is None else scores(found, case, len(seen))
        row["told"][way] = made if isinstance(made, str) else words(row[way])
    plain = simulate([whole], ("ap", "lateral")[number % 2], bone.side, SETUP, rng)
    seen = view_of(plain)
    fragments = segment(seen.radiograph, Settings(roi=seen.marking.roi, bones=told_of(bone))).fragments
    row["unbroken"] = fragments is not None and fragments.broken
    return row


@functools.cache
def bones() -> list[Subject]:
    """Femora and tibiae."""
    femora, tibiae = (
        [subject(path, built_in(name), at) for at, path in enumerate(independent(name))] for name in ("femur", "tibia")
    )
    return [*femora, *tibiae]


def click_on(film: Simulated, piece: Bone, *others: Bone) -> tuple[float, float]:
    """Column and row in the middle of what a film shows of one piece alone."""
    mask, *over = (shadow(film.camera, each.outer.points, each.outer.faces) for each in (piece, *others))
    depth = cv2.distanceTransform((mask & ~np.any(over, axis=0)).astype(np.uint8), cv2.DIST_L2, 5)
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    return float(column), float(row)


def view_of(film: Simulated, clicks: list | None = None) -> View:
    """A film with a box drawn round the bone, and perhaps clicks on both pieces."""
    rows, columns = bounding_box(film.mask)
    size = film.camera.pixel_size_mm[0]
    scale = {"pixel_size_mm": size, "sid_mm": film.camera.sid_mm, "sod_mm": film.camera.sod_mm}
    radiograph = radiograph_from_array(film.pixels, pixel_size_source="the simulator", bone="bright", **scale)
    roi = (columns.start - MARGIN, rows.start - MARGIN, columns.stop + MARGIN, rows.stop + MARGIN)
    return View(radiograph, Marking(roi=roi, fracture_pieces=clicks))


def told_of(bone: Subject) -> str | tuple[str]:
    """Which bone is asked for: a tibia by its name."""
    return "main" if bone.bone == "femur" else (bone.bone,)


def reconstructed(films: list[Simulated], marks: list, bone: Subject) -> Reconstruction | str:
    """What the engine makes of films, and of clicks in each, or why it makes nothing."""
    try:
        views = [view_of(film, clicks) for film, clicks in zip(films, marks, strict=True)]
        return reconstruct(Views(views, side=bone.side), Settings(bones=told_of(bone)))
    except ReconstructionError as error:
        return str(error)


def scores(found: Broken, case: Case, views: int) -> dict:
    """Errors of a displacement (degrees, mm), of one view as that shows it, and, with `off ...`, in deviations."""
    fit = found.fit.upper
    case = case.moved(np.linalg.inv(fit.to_picture))
    if views > 1:
        row = scored(found.fit, found.measures, case)
        return {**row, **{f"off {name}": row[name] for name in SHOWN}}
    axis = np.subtract(*found.measures["angulation_ap_deg"].lines["upper_axis"][::-1])
    side = fit.model.side
    lateral = fit.state.rotation @ [1.0 if side == "left" else -1.0, 0.0, 0.0]
    center = case.frame[:3, 3]
    truth = BreakFrame(center, axis, lateral, side, fit.views[0].camera.source_lps).measures(case.moving)
    row = {}
    for name in IN_PLANE:
        row[name] = abs(found.measures[name].value - truth[name].value)
        row[f"off {name}"] = row[name] / found.measures[name].deviation
    return row


def words(row: dict) -> str:
    """The main errors of a row in words."""
    if not row:
        return "whole"
    if "angle" in row:
        return f"angle {row['angle']:.1f}, middle {row['shift']:.1f} mm"
    return f"angle {row['angulation_ap_deg']:.1f}, shortening {row['shortening_mm']:.1f} mm"


def table(title: str, rows: list[dict], names: tuple, measured: tuple | dict) -> None:
    """Print medians and 90 % of the fractures that were found, and how often deviations hold."""
    found = [row for row in rows if row]
    print(f"\nFrom {title}: {len(found)} of {len(rows)} come out in fragments ({len(found) / len(rows):.0%})")
    if not found:
        return
    print("| error | median | 90 % |\n|---|---|---|")
    for name in names or measured:
        values = np.concatenate([np.atleast_1d(row[name]) for row in found])
        print(f"| {(SCORED | IN_PLANE).get(name, name)} | {np.median(values):.1f} | {np.percentile(values, 90):.1f} |")
    for name in measured:
        print(f"{name}: within two standard deviations {np.mean([row[f'off {name}'] < 2 for row in found]):.0%}")


def real_films() -> None:
    """Print which real bones are called broken, and how the outlines of fragments agree with what was drawn."""
    if not MASKS.is_dir():
        return
    wrong, whole = [], 0
    print("\nReal radiographs, a box round the bone")
    for each in (*drawn_femora(), *drawn_others()):
        if each.bone not in ("femur", "tibia"):
            continue
        seen = segment(each.read(), Settings(roi=each.roi)).fragments
        broken = seen is not None and seen.broken
        if any(name in each.name for name in BREAKS):
            told = agreement(each) if broken else "taken for whole"
            print(f"    {each.name}: {0 if seen is None else seen.probability:.2f}, {told}")
        else:
            whole += 1
            wrong += [each.name] if broken else []
    print(f"{len(wrong)} of {whole} unbroken bones are called broken {', '.join(wrong)}")


def agreement(each: Drawn) -> str:
    """Dice of the outlines of a real bone's fragments and the drawn mask, within the box."""
    made = reconstruct(each.read(), Settings(roi=each.roi)).bones[0]
    if made.broken is None:
        return "; ".join(made.warnings)
    return f"Dice of the fragments {dice(fitted_mask(made, each.mask.shape) & each.box, each.mask & each.box):.3f}"


if __name__ == "__main__":
    sys.exit(main())
