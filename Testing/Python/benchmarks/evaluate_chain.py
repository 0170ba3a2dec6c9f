"""The paper's chain on thirty radiographs for which the truth is known, scored step by step.

`make evaluate` prints the table and leaves it, with plots, in evaluation/. Twenty femora are drawn from the family;
ten are real ones, where there are any (in shared/data/limbs beside the project, or in LIMBS): these were used for
nothing else than the family's means. Without them ten more of the family are drawn.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from XRayTo3DLib import Reconstruction, Settings, depth_grid, generate_surface, radiograph_from_array, reconstruct
from XRayTo3DLib.depth import DepthMap, relief, solid
from XRayTo3DLib.evaluate import align_rigid, compare, image_enhancement_factor, structural_similarity
from XRayTo3DLib.geometry.frames import ENGINE_TO_LPS
from XRayTo3DLib.segmentation import bounding_box
from XRayTo3DLib.simulate.bones.bone import Bone, mesh_from
from XRayTo3DLib.simulate.bones.family import sample
from XRayTo3DLib.simulate.bones.femur import femur
from XRayTo3DLib.simulate.bones.hollow import hollow
from XRayTo3DLib.simulate.bones.limbs import read_bones
from XRayTo3DLib.simulate.film.setup import Exposure, Setup
from XRayTo3DLib.simulate.film.view import WHITE, Simulated, simulate
from XRayTo3DLib.surface import Surface, surface_distances

LIMBS = Path(os.environ.get("LIMBS", Path(__file__).resolve().parents[4] / "shared" / "data" / "limbs"))
OUTPUT = Path("evaluation")
SYNTHETIC, REAL = 20, 10
FIRST_SEED = 3 * 10**9  # of femora that nothing was trained with
CORTEX_MM = 5.0  # of real femora, whose surfaces do not show it
POSE = (4.0, 6.0)  # standard deviations: degrees about each axis, mm along each
MARGIN = 20  # pixels between the bone and the box that a user would draw
COLUMNS = {  # what is told of each sample, and whether more is better
    "femur": True,
    "mask Dice": True,
    "IEF dB": True,
    "SSIM": True,
    "depth mm": False,
    "mean mm": False,
    "RMS mm": False,
    "95 % mm": False,
    "Dice": True,
    "angle °": False,
    "s": False,
}
WAYS = ("intensity as depth", "inflated outline", "network")


@dataclass(frozen=True)
class Sample:
    """A femur's radiograph, the same without noise, and the true surface in the radiograph's LPS frame."""

    name: str
    taken: Simulated
    clean: np.ndarray
    reference: tuple[np.ndarray, np.ndarray]


def main() -> int:
    """Score all samples; print and keep the tables."""
    OUTPUT.mkdir(exist_ok=True)
    if not LIMBS.is_dir():
        print(f"no real femora at {LIMBS}: all thirty are drawn from the family")
    rows, ways = [], []
    print("Surfaces are aligned rigidly before they are compared: one view does not tell how far away a bone is.\n")
    print("| sample | " + " | ".join(COLUMNS) + " |\n|---|" + "---|" * len(COLUMNS))
    with ProcessPoolExecutor() as pool:
        for row, way in pool.map(judged, range(SYNTHETIC + REAL)):
            rows.append(row)
            ways.append(way)
            print(_line(row["sample"], row), flush=True)
    print(_line("median", {name: np.nanmedian([row[name] for row in rows]) for name in COLUMNS}))
    worst = {name: (np.nanmin if more else np.nanmax)([row[name] for row in rows]) for name, more in COLUMNS.items()}
    print(_line("worst", worst))
    compare_ways(ways)
    (OUTPUT / "table.json").write_text(json.dumps({"samples": rows, "depth": ways}, indent=2) + "\n", encoding="utf-8")
    plot(rows, ways)
    print(f"\nKept in {OUTPUT}/: table.json, plots.png")
    return 0


def judged(number: int) -> tuple[dict, dict]:
    """Scores of a sample, and how the ways to depth do on it."""
    each = drawn(number)
    made, seconds = chain(each)
    row = {"sample": each.name, **scores(each, made, seconds)}
    way = {"sample": each.name, **depths(each, made), "network": (row["depth mm"], row["mean mm"])}
    return row, way


def drawn(number: int) -> Sample:
    """One of the thirty radiographs, the same one in every run."""
    rng = np.random.default_rng([FIRST_SEED, number])
    if number < SYNTHETIC or not LIMBS.is_dir():
        name, parameters = f"family {number + 1}", sample(FIRST_SEED + number)
        bone, side = femur(parameters, step_mm=1.5), parameters.side
    else:
        real = read_bones(LIMBS, "femur")
        at = round((number - SYNTHETIC) * (len(real) - 1) / (REAL - 1))
        name, side = f"real {at + 1}", "left"
        bone = Bone(real[at], hollow(real[at], CORTEX_MM))
    bone = bone.moved(_pose(bone, rng))
    taken, clean = (
        simulate([bone], "ap", side, Setup(exposure=Exposure(photons)), np.random.default_rng(number))
        for photons in (Exposure().photons, np.inf)
    )
    outer = bone.outer.moved(ENGINE_TO_LPS @ taken.camera.from_lps)
    return Sample(name, taken, clean.pixels, (outer.points, outer.faces))


def _pose(bone: Bone, rng: np.random.Generator) -> np.ndarray:
    """A small random motion about the bone's middle."""
    from scipy.spatial.transform import Rotation

    middle = (bone.outer.points.min(axis=0) + bone.outer.points.max(axis=0)) / 2
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", rng.normal(0, POSE[0], 3), degrees=True).as_matrix()
    matrix[:3, 3] = middle - matrix[:3, :3] @ middle + rng.normal(0, POSE[1], 3)
    return matrix


def chain(each: Sample) -> tuple[Reconstruction, float]:
    """Reconstruct a sample, a box drawn loosely round its bone; and the seconds that it took."""
    camera = each.taken.camera
    rows, columns = bounding_box(each.taken.mask)
    radiograph = radiograph_from_array(
        each.taken.pixels,
        pixel_size_mm=camera.pixel_size_mm[0],
        pixel_size_source="the simulator",
        bone="bright",
        sid_mm=camera.sid_mm,
        sod_mm=camera.sod_mm,
    )
    roi = (columns.start - MARGIN, rows.start - MARGIN, columns.stop + MARGIN, rows.stop + MARGIN)
    start = time.perf_counter()
    return reconstruct(radiograph, Settings(method="solid", roi=roi)), time.perf_counter() - start


def scores(each: Sample, made: Reconstruction, seconds: float) -> dict[str, float]:
    """What each step of the chain made of a sample, against the truth."""
    truth = each.taken.mask
    box = bounding_box(truth)
    original, noisy = (image[box] / WHITE for image in (each.clean, each.taken.pixels))
    tone = made.layers.tone[box]
    close = compare(_triangles(made.surface), each.reference, "rigid")
    angles = close.neck_shaft_angle_deg
    check = made.segmentation.femur
    values = (
        np.nan if check is None else check.score,
        2 * np.count_nonzero(made.mask & truth) / (np.count_nonzero(made.mask) + np.count_nonzero(truth)),
        image_enhancement_factor(noisy, original, tone, "the same film without noise").ief_db,
        structural_similarity(tone, original),
        _depth_error(made.depth, each, made.mask),
        close.distances.mean_mm,
        close.distances.rms_mm,
        close.distances.p95_mm,
        close.dice,
        np.nan if None in angles else abs(angles[0] - angles[1]),
        seconds,
    )
    return dict(zip(COLUMNS, map(float, values), strict=True))


def depths(each: Sample, made: Reconstruction) -> dict[str, tuple[float, float]]:
    """Mean error of the half thickness, and mean distance of the surfaces (mm), for each way but the network's."""
    settings = made.settings
    picture, mask, layers = made.radiograph, made.mask, made.layers
    grid = depth_grid(picture, mask, settings)
    bright = relief(grid, mask, layers.tone)
    round_ = solid(grid, mask, picture.pixels, layers.base, layers.detail, None, settings.emboss_mm)
    found = {}
    for name, depth in zip(WAYS, (bright, round_), strict=False):
        points, faces = _triangles(generate_surface(depth, settings))
        moved = align_rigid((points, faces), each.reference)
        placed = (points @ moved[:3, :3].T + moved[:3, 3], faces)
        found[name] = (_depth_error(depth, each, mask), surface_distances(placed, each.reference).mean_mm)
    return found


def _triangles(surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    mesh = mesh_from(surface.polydata).moved(ENGINE_TO_LPS)
    return mesh.points, mesh.faces


def _depth_error(depth: DepthMap, each: Sample, mask: np.ndarray) -> float:
    """Mean error of half the thickness (mm) where bone was found and is."""
    both = mask & each.taken.mask
    return float(np.abs(depth.on_picture(mask.shape) - each.taken.thickness_mm / 2)[both].mean())


def compare_ways(rows: list[dict]) -> None:
    """Print how the ways to depth compare."""
    print("\n| way to depth | samples | error of half thickness, mm | distance of surfaces, mm |\n|---|---|---|---|")
    for kind in ("family", "real"):
        of = [row for row in rows if row["sample"].startswith(kind)]
        for way in WAYS if of else ():
            errors, distances = np.array([row[way] for row in of]).T
            print(
                f"| {way} | {kind} ({len(of)}) | {errors.mean():.2f} (worst {errors.max():.2f}) | "
                f"{distances.mean():.2f} (worst {distances.max():.2f}) |"
            )


def plot(rows: list[dict], ways: list[dict]) -> None:
    """Draw the samples' scores, and the ways to depth, as plots.png."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 7), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 3)
    colours = ["tab:blue" if row["sample"].startswith("family") else "tab:orange" for row in rows]
    for axis, name in zip(axes.flat, ("mask Dice", "IEF dB", "SSIM", "mean mm", "Dice"), strict=False):
        axis.bar(range(1, len(rows) + 1), [row[name] for row in rows], color=colours)
        axis.set_title(name)
        axis.set_xlabel("sample (blue: family, orange: real)")
    last = axes.flat[-1]
    last.boxplot(
        [[row[way][1] for row in ways] for way in WAYS], tick_labels=[way.replace(" ", "\n", 1) for way in WAYS]
    )
    last.set_title("distance of the surfaces, mm")
    last.set_ylim(bottom=0)
    figure.savefig(OUTPUT / "plots.png", dpi=110)


def _line(name: str, row: dict) -> str:
    return f"| {name} | " + " | ".join(f"{row[column]:.3g}" for column in COLUMNS) + " |"


if __name__ == "__main__":
    sys.exit(main())
