"""How well the bone is found: on real radiographs with hand-drawn masks, on simulated ones, and how fast.

`make bench-segmentation` runs it. For the real pictures see `real_films`; none of them was used in training. Some of
them may help to choose between recipes (`CHOOSING`), the others only report. Automatic results are scored inside the
femur's box. Films of people who were left out of the training are drawn from the folder `limbs` there.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
from real_films import CHOOSING, DATA, HIPS, MASKS, dice, drawn_femora, drawn_others

from XRayTo3DLib import (
    Finding,
    RadiographError,
    ReconstructionError,
    Seeds,
    View,
    radiograph_from_array,
    read_radiograph,
)
from XRayTo3DLib.case import bone_bright
from XRayTo3DLib.segmentation import (
    BONES,
    bone_by_threshold,
    box_region,
    check_femur,
    cluster,
    find_bone,
    find_bones,
    heights_of,
)
from XRayTo3DLib.segmentation.network.channels import LANDMARKS
from XRayTo3DLib.simulate.bones.limbs import count_people, read_limbs
from XRayTo3DLib.simulate.scenes.scenes import bank, make_bank, scene
from XRayTo3DLib.train.pictures import left_out

SCENES, FIRST_SCENE = 150, 2 * 10**9  # seeds that no training uses
CLICKS = 3
FILMS = 300  # of people left out
USUAL_MM = {"femur": 440.0, "tibia": 370.0, "fibula": 360.0, "patella": 42.0, "pelvis": 215.0}
Find = Callable[[np.ndarray, np.ndarray, Seeds | None], np.ndarray]


def main() -> int:
    """Print all tables."""
    if MASKS.is_dir():
        real_pictures()
        every_femur()
        other_bones()
        femur_checks()
    else:
        print(f"{DATA}: no radiographs with masks; what is measured on them is left out.")
    simulated_pictures()
    if (DATA / "limbs").is_dir():
        people_left_out()
    corrections()
    return 0


def real_pictures() -> None:
    """Dice coefficient and distance of outlines for every way to find the bone."""
    cases = drawn_femora()
    ways: dict[str, Find] = {"raw k-means": _raw_clusters}
    ways |= {name: _finder(name) for name in ("clusters", "network", "auto")}
    columns = ("automatic", "box", *(f"box, {n + 1} click{'s' * (n > 0)}" for n in range(CLICKS)))
    groups = {
        "all": np.ones(len(cases), bool),
        "choosing": np.array([each.name.startswith(CHOOSING) for each in cases]),
        "hips": np.array([any(hip in each.name for hip in HIPS) for each in cases]),
    }
    groups["reporting"] = ~groups["choosing"]
    print(f"\nReal radiographs with hand-drawn femora ({len(cases)}): median / worst Dice, median outline distance (%)")
    print("| way | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    for name, find in ways.items():
        clicks = 0 if name == "raw k-means" else CLICKS
        scores = np.array([_scores(find, each.read().pixels, each.mask, each.box, clicks) for each in cases])
        for group, of in groups.items() if name == "auto" else (("all", groups["all"]),):
            cells = [
                f"{np.median(score):.3f} / {score.min():.3f}, {np.median(away):.2f} %"
                for score, away in zip(*scores[of].transpose(2, 1, 0), strict=True)
            ]
            label = name if group == "all" else f"{name}, {group} ({of.sum()})"
            print(f"| {label} | " + " | ".join(cells + ["-"] * (CLICKS - clicks)) + " |", flush=True)
        if name == "auto":
            for each, row in zip(cases, scores, strict=True):
                print(f"    {each.name:66} " + " ".join(f"{score:.3f}" for score, _ in row))


def every_femur() -> None:
    """Dice coefficient of every femur that is found without help, those of two legs apart; and of all that was found.

    Within its box alone a femur that was found together with half a pelvis would seem to be found well.
    """
    scores = []
    for each in drawn_femora():
        pixels = each.read().pixels
        found = find_bones(pixels, np.ones(pixels.shape, bool))
        femora = [(bone.mask & each.box, bone.mask) for bone in found if bone.name == "femur"]
        scores.append([max((dice(masks[at], each.mask) for masks in femora), default=0.0) for at in range(2)])
        told = " ".join(bone.name for bone in found)
        print(f"    {each.name:66} {' '.join(f'{score:.3f}' for score in scores[-1])} {told}")
    for score, name in zip(np.transpose(scores), ("in its box", "all of the mask"), strict=True):
        shares = ", ".join(f"{(score >= least).mean():.0%} have {least}" for least in (0.9, 0.85))
        print(f"every femur without help, {name}: median {np.median(score):.3f}, worst {score.min():.3f}; {shares}")


def other_bones() -> None:
    """Dice coefficient of tibia, fibula and patella in a box, by the network."""
    print("\nOther bones of real radiographs, in a box: Dice, and the bone that was found")
    scores: dict[str, list[float]] = {}
    for each in drawn_others():
        own = scores.setdefault(each.bone, [])
        try:
            found = find_bone(each.read().pixels, each.box, "network")
            own.append(dice(found.mask, each.mask))
            print(f"    {each.name:66} {own[-1]:.3f} {found.name}")
        except ReconstructionError as error:
            own.append(0.0)
            print(f"    {each.name:66} {error}")
    for bone, own in scores.items():
        print(f"{bone}: median {np.median(own):.3f}, worst {min(own):.3f}")


def femur_checks() -> None:
    """Whether pictures with a femur are told from others; two shins with a little of a femur are left out."""
    right: dict[bool, list[bool]] = {True: [], False: []}
    print("\nIs it a femur?")
    for path in sorted((DATA / "radiographs").iterdir()):
        if path.is_dir() or "fracatlas_IMG000329" in path.name:
            continue
        truth = path.name.startswith("femur_")
        try:
            pixels = read_radiograph(path).pixels
            bone = find_bone(pixels, np.ones(pixels.shape, bool))
            found = check_femur(bone)
        except (RadiographError, ReconstructionError) as error:
            print(f"    {path.name:55} no bone: {error}")
            right[truth].append(not truth)
            continue
        right[truth].append(found.is_femur == truth)
        sign = " " if right[truth][-1] else "!"
        print(f"  {sign} {path.name:55} {found.score:.2f} {bone.method}: {'; '.join(found.reasons)}")
    rates = [float(np.mean(values)) for values in right.values()]
    print(
        f"balanced accuracy {np.mean(rates):.2f}: {rates[0]:.2f} of {len(right[True])} femora, "
        f"{rates[1]:.2f} of {len(right[False])} others"
    )


def simulated_pictures() -> None:
    """Landmarks, masks and facts on scenes that no training drew."""
    limbs = make_bank(count=4, seed=10_000)
    errors: dict[str, list[float]] = {name: [] for name in LANDMARKS}
    seen = dict.fromkeys(LANDMARKS, 0)
    agreed, views, sides = [], [], []
    for number in range(SCENES):
        drawn = scene(limbs, FIRST_SCENE + number, 480)
        if drawn.masks["femur"].mean() < 0.02:
            continue
        pixels = 1 - drawn.image if drawn.dark_bone else drawn.image
        try:
            bone = find_bone(pixels, np.ones(pixels.shape, bool), "network")
        except ReconstructionError:
            agreed.append(0.0)
            continue
        truth = drawn.masks["femur"] | drawn.masks.get("other_femur", False)
        agreed.append(dice(bone.mask & truth, truth) if "other_femur" in drawn.masks else dice(bone.mask, truth))
        found = check_femur(bone)
        view = "ap" if drawn.view == "pa" else drawn.view
        if found.view and view:  # of two pictures on one film there is none
            views.append(found.view == view)
        if found.side and "other_femur" not in drawn.masks:
            sides.append((found.side == drawn.side) ^ (drawn.view == "pa"))
        for name in LANDMARKS:
            if not drawn.visible[name]:
                continue
            seen[name] += 1
            if name in bone.landmarks:
                mark = np.array([bone.landmarks[name].x, bone.landmarks[name].y])
                both = (drawn.landmarks_px, drawn.other_landmarks_px)
                places = [each[name] for each in both if name in each]
                errors[name].append(min(float(np.hypot(*(mark - place))) for place in places) / len(pixels) * 100)
    print(
        f"\nSimulated radiographs ({len(agreed)} with a femur): Dice of the network, automatic: {np.median(agreed):.3f}"
    )
    for name, right in (("view", views), ("side", sides)):
        print(f"{name} right in {sum(right)} of {len(right)} that are told")
    print("| landmark | median error (% of height) | 90 % below | found of those in the picture |\n|---|---|---|---|")
    every = [error for values in errors.values() for error in values]
    for name, values in {**errors, "all": every}.items():
        share = len(values) / max(1, sum(seen.values()) if name == "all" else seen[name])
        if values:
            print(f"| {name} | {np.median(values):.2f} | {np.percentile(values, 90):.1f} | {share:.2f} |")


def people_left_out() -> None:
    """Names, masks and heights on films of people who were not trained with; the bone in a box."""
    people = left_out(count_people(DATA / "limbs"))
    limbs = bank(read_limbs(DATA / "limbs", people), seed=5)
    heights: dict[str, list[float]] = {name: [] for name in BONES}
    agreed: dict[str, list[float]] = {name: [] for name in BONES}
    named: dict[str, list[bool]] = {name: [] for name in BONES}
    rng = np.random.default_rng(0)
    dark: dict[str, list[bool]] = {"its lines": [], "its lines and the network": []}
    for number in range(FILMS):
        drawn = scene(limbs, FIRST_SCENE + number, 480)
        pixels = 1 - drawn.image if drawn.dark_bone else drawn.image
        shown = radiograph_from_array(pixels)
        for way, view in zip(dark, (View(shown), bone_bright(View(shown), Finding())), strict=True):
            dark[way].append(view.radiograph.inverted)
        name = str(rng.choice(("femur", "femur", "tibia", "patella", "fibula")))
        truth = drawn.masks.get(name)
        if truth is None or truth.mean() < 0.01 or "other_femur" in drawn.masks:
            continue
        rows, columns = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
        room = rng.uniform(0, 0.06) * max(len(rows), len(columns))
        low, high = np.array([columns[0], rows[0]]) - room, np.array([columns[-1], rows[-1]]) + room
        box = box_region(pixels.shape, (*np.maximum(low, 0), *np.minimum(high, 479)))
        try:
            bone = find_bone(pixels, box, "network")
        except ReconstructionError:
            agreed[name].append(0.0)
            named[name].append(False)
            continue
        agreed[name].append(dice(bone.mask, truth & box))
        named[name].append(bone.name == name)
        seen = heights_of(bone)
        if bone.name != name or seen is None:
            continue
        at = np.rint(seen.points).astype(int)
        off = np.abs(drawn.heights[name][at[:, 1], at[:, 0]] - seen.shares) * USUAL_MM[name]
        heights[name] += off[~np.isnan(off)].tolist()
    print(f"\nFilms of {len(people)} people who were left out of training, the bone in a box")
    for way, wrong in dark.items():
        print(f"bone is bright, and taken to be dark by {way}: {np.mean(wrong):.1%} of {len(wrong)}")
    columns = ("bone", "named rightly", "Dice, median / worst tenth", "height off, median (mm)", "90 % below")
    print(f"| {' | '.join(columns)} |\n|" + "---|" * len(columns))
    for name in BONES:
        if heights[name]:
            off, own = np.array(heights[name]), np.array(agreed[name])
            worst, far = np.percentile(own, 10), np.percentile(off, 90)
            print(
                f"| {name} ({len(own)}) | {np.mean(named[name]):.0%} | {np.median(own):.3f} / {worst:.3f} | "
                f"{np.median(off):.1f} | {far:.1f} |"
            )


def corrections() -> None:
    """Seconds from a click to a mask on a large picture, in a box."""
    drawn = scene(make_bank(count=1, seed=10_001), FIRST_SCENE, 480)
    bright = 1 - drawn.image if drawn.dark_bone else drawn.image
    pixels = cv2.resize(bright, (2500, 3000), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    region = box_region(pixels.shape, (200, 200, 2300, 2800))
    rows, columns = np.nonzero(cv2.resize(drawn.masks["femur"].astype(np.uint8), (2500, 3000))[200:2800, 200:2300])
    places = np.linspace(0.1, 0.9, 7) * len(rows)
    clicks = [(float(columns[at]) + 200, float(rows[at]) + 200) for at in places.astype(int)]
    print("\nSeconds for a correction on a picture of 3000 x 2500 pixels (median of 7 clicks)")
    for way in ("network", "clusters"):
        find_bone(pixels, region, way)  # what is corrected
        took = []
        for click in clicks:
            start = time.perf_counter()
            find_bone(pixels, region, way, Seeds([click]))
            took.append(time.perf_counter() - start)
        print(f"    {way}: {np.median(took):.3f}")
    took = []
    for _ in range(7):
        start = time.perf_counter()
        bone_by_threshold(pixels, (0.4, 1.0), region)
        took.append(time.perf_counter() - start)
    print(f"    grey range: {np.median(took):.3f}")


def _raw_clusters(pixels: np.ndarray, region: np.ndarray, _: Seeds | None) -> np.ndarray:
    return (cluster(pixels, 4, region).labels == 3) & region


def _finder(way: str) -> Find:
    def find(pixels: np.ndarray, region: np.ndarray, seeds: Seeds | None) -> np.ndarray:
        try:
            return find_bone(pixels, region, way, seeds).mask
        except ReconstructionError:
            return np.zeros(region.shape, bool)

    return find


def _scores(
    find: Find, pixels: np.ndarray, truth: np.ndarray, box: np.ndarray, clicks: int
) -> list[tuple[float, float]]:
    """(Dice, outline distance) automatically, with a box, and with each click more."""
    wanted = truth & box
    masks = [find(pixels, np.ones(pixels.shape, bool), None) & box, find(pixels, box, None)]
    include: list = []
    exclude: list = []
    for _ in range(clicks):
        missed, extra = wanted & ~masks[-1], masks[-1] & ~wanted
        # The rule: at the place of the largest wrong region that is farthest from its border.
        (size, place), where = max(((_middle(missed), include), (_middle(extra), exclude)), key=lambda each: each[0][0])
        if size:
            where.append(place)
        masks.append(find(pixels, box, Seeds(include, exclude)))
    return [(dice(mask, wanted), _apart(mask, wanted)) for mask in masks]


def _middle(wrong: np.ndarray) -> tuple[int, tuple[float, float]]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(wrong.astype(np.uint8))
    if count < 2:
        return 0, (0.0, 0.0)
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    depth = cv2.distanceTransform(np.pad(labels == largest, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(stats[largest, cv2.CC_STAT_AREA]), (float(column), float(row))


def _apart(mask: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance of the two outlines, both ways, in per cent of the picture's height."""
    if not mask.any():
        return 100.0
    edges = [each & ~(cv2.erode(each.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) for each in (mask, truth)]
    to = [cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, 5) for edge in edges]
    return float((to[1][edges[0]].mean() + to[0][edges[1]].mean()) / 2 / len(mask) * 100)


if __name__ == "__main__":
    sys.exit(main())
