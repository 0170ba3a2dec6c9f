"""The accuracy benchmark's tables, as Markdown, and its plots."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from accuracy_reliability import draw_reliability
from accuracy_scores import ALIGNED, IN_FRAME, SIGMAS

from XRayTo3DLib.helpers.files import replacing

ONE_VIEW, FACTS = "one view", "one view and facts"
LEFT_OUT_TARGET = "two views, trained, in frame 0.45, worst 1.0, Dice 0.97"
TARGETS = {  # what we aim at, in mm: mean, worst
    ("femur", "two views"): "aligned .68, worst 1.0, Dice .955",
    ("femur", ONE_VIEW): "aligned 1.3, worst 2.2",
    ("femur", FACTS): "aligned .9",
    ("femur", "5° between the views unknown"): "in frame 1.0",
    ("femur", "10° between the views unknown"): "in frame 1.1",
    ("femur", "proximal third only"): "seen .75",
    ("femur", "distal third only"): "seen .75",
    ("femur", "30 % of the outline wrong"): "in frame 1.2",
    ("tibia", "two views"): "aligned .8",
    ("fibula", "two views"): "aligned .8",
    ("patella", "two views"): "aligned .6",
    ("hip", "two views"): "aligned 2.0",
}
_MAIN = (
    "method",
    "views",
    *(f"{frame}: {what}" for frame in (IN_FRAME, ALIGNED) for what in ("mean", "RMS", "95 %", "largest", "Dice")),
    "neck-shaft °",
    "anteversion °",
    "within 2 sd",
    "closed",
    "s",
    "MB",
    "failed",
)
_TRUTH = (
    "bone",
    "from",
    "method",
    "n",
    "aligned",
    "Dice",
    "in frame",
    "seen",
    "within two",
    "depth",
    "measures",
    "aimed at",
    "s",
    "failed",
)
_MEASURES = ("pictures", "method", "measure", "n", "mean error", "RMS", "largest", "sd told", "within two")
_VARIANTS = ("pictures", "method", "mean", "95 %", "Dice", "Dice lost", "seen: mean", "seen: 95 %", "s", "failed")


def main_table(rows: Sequence[dict], variants: Sequence[str]) -> str:
    """Table of the methods with pictures as they should be."""
    lines = []
    for variant in variants:
        for method, own in _by_method(rows, variant):
            cells = [method, _from(own)]
            for frame in (IN_FRAME, ALIGNED):
                cells.append(_three(_values(own, frame, "mean_mm")))
                cells += [_mean(_values(own, frame, name), 2) for name in ("rms_mm", "p95_mm", "maximum_mm")]
                cells.append(_mean(_values(own, frame, "dice"), 3))
            cells += [_mean(_plain(own, name), 1) for name in ("neck_shaft_deg", "anteversion_deg")]
            cells.append(_mean(_within_two(own), 2))
            closed = [row["closed"] for row in own if "closed" in row]
            cells.append(("yes" if all(closed) else "no") if closed else "")
            cells += [_mean(_plain(own, "seconds"), 2), _mean(_plain(own, "memory_mb"), 0), _failed(own)]
            lines.append(cells)
    return _markdown(_MAIN, lines)


def variants_table(rows: Sequence[dict], variants: Sequence[str]) -> str:
    """Table of the methods with pictures that are worse; the first variant is the one that Dice is lost from."""
    lines = []
    best = {method: _values(own, IN_FRAME, "dice") for method, own in _by_method(rows, variants[0])}
    for variant in variants:
        for method, own in _by_method(rows, variant):
            if not any(IN_FRAME in row or "seen" in row or row["failed"] for row in own):
                continue
            space, seen = _values(own, IN_FRAME, "dice"), _values(own, "seen", "mean_mm")
            lines.append(
                [
                    variant,
                    method,
                    _three(_values(own, IN_FRAME, "mean_mm")),
                    _mean(_values(own, IN_FRAME, "p95_mm"), 2),
                    _mean(space, 3),
                    f"{best[method].mean() - space.mean():.3f}" if len(space) else "",
                    _three(seen),
                    _mean(_values(own, "seen", "p95_mm"), 2),
                    _mean(_plain(own, "seconds"), 2),
                    _failed(own),
                ]
            )
    return _markdown(_VARIANTS, lines)


def truth_table(rows: Sequence[dict]) -> str:
    """Table of bones of other collections: what was found of each, how sure it said it was, and what is aimed at."""
    lines = []
    for bone, variant in dict.fromkeys((row["bone"], row["variant"]) for row in rows):
        for method, own in _by_method([row for row in rows if row["bone"] == bone], variant):
            told = _told(own)
            lines.append(
                [
                    bone,
                    "the truth" if method.startswith("mean") else variant,
                    method,
                    str(len(own)),
                    _three(_values(own, ALIGNED, "mean_mm")),
                    _mean(_values(own, ALIGNED, "dice"), 3),
                    _three(_values(own, IN_FRAME, "mean_mm")),
                    _three(_values(own, "seen", "mean_mm")),
                    _mean(_within_two(own), 2),
                    _share(told.pop("depth_mm", None)),
                    _share([pair for pairs in told.values() for pair in pairs]),
                    "" if method.startswith("mean") else TARGETS.get((bone, variant), ""),
                    _mean(_plain(own, "seconds"), 2),
                    _failed(own),
                ]
            )
    return _markdown(_TRUTH, lines)


def measures_table(rows: Sequence[dict]) -> str:
    """Table of what was measured on bones: how far off, how sure it said it was, and how often that was right."""
    lines = []
    for variant in dict.fromkeys(row["variant"] for row in rows):
        for method, own in _by_method(rows, variant):
            for name, pairs in _told(own).items():
                off, deviation = np.array(pairs, float).T
                lines.append(
                    [
                        variant,
                        method,
                        name,
                        str(len(pairs)),
                        f"{off.mean():.2f}",
                        f"{np.sqrt((off**2).mean()):.2f}",
                        f"{np.abs(off).max():.2f}",
                        f"{deviation.mean():.2f}",
                        _share(pairs),
                    ]
                )
    return _markdown(_MEASURES, lines)


def reported(left_out: Sequence[dict], others: Sequence[dict], volume: Sequence[dict], folder: Path) -> str:
    """The whole report as Markdown; it is written into a folder as well, with its pictures and all numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    said = []
    if left_out:
        plot(left_out, folder / "plots.png")
        variants = list(dict.fromkeys(row["variant"] for row in left_out))
        said += [
            "## Femora left out of training",
            f"{len({row['name'] for row in left_out})} femora; mean distance of a bone, in mm: mean / median / worst "
            "of all bones. In frame: where the bone was found. Aligned: moved rigidly onto the truth first. Dice, "
            f"angles: means. Aimed at: {LEFT_OUT_TARGET}.",
            main_table(left_out, variants[:2]),
            "With worse pictures, in frame. Seen: only the part of the bone that both pictures show.",
            variants_table(left_out, variants[1:]),
            "![distances](plots.png)",
        ]
    if others:
        poses = len({row["name"] for row in others})
        said += [
            "## Bones of other collections",
            f"{poses} bones in as many poses as they have rows; mm as above. Within two: share of errors within two of "
            "the standard deviations that were told, of points, of the distance from the source, and of measures.",
            truth_table(others),
        ]
    if volume:
        variants = list(dict.fromkeys(row["variant"] for row in volume))
        said += [
            "## The volume network",
            f"{len({row['name'] for row in volume})} femora of people that neither the network nor the shape model "
            "learnt from; mm as above. Seen: of parts, what both pictures show. In the cube: Dice of its voxels.",
            main_table(volume, variants),
            variants_table(volume, variants),
        ]
    every = [*left_out, *others, *volume]
    said += ["## How sure it is", measures_table(every)] if every else []
    draw_reliability({"left out": left_out, "other collections": others, "volume": volume}, folder / "reliability.png")
    said.append("![reliability](reliability.png)")
    text = "\n\n".join(said)
    (folder / "report.md").write_text(f"# Accuracy\n\n{text}\n", encoding="utf-8")
    kept(every, folder / "table.json")
    return text


def kept(rows: Sequence[dict], path: Path) -> None:
    """Write rows as JSON; the file is complete or absent."""
    with replacing(path) as whole:
        whole.write_text(json.dumps([_finite(row) for row in rows], indent=2) + "\n", encoding="utf-8")


def plot(rows: Sequence[dict], path: Path) -> None:
    """Draw each method's mean distances with good pictures, in both frames, and what worse pictures cost."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 10), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplot_mosaic([[IN_FRAME, ALIGNED], ["worse", "worse"]])
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    good = [(f"{method}\n{_from(own)}", own) for name in variants[:2] for method, own in _by_method(rows, name)]
    for frame in (IN_FRAME, ALIGNED):
        shown = [(label, values) for label, own in good if len(values := _values(own, frame, "mean_mm"))]
        labels, values = zip(*shown, strict=True)
        axes[frame].boxplot(values, orientation="horizontal", tick_labels=labels)
        axes[frame].set_xlabel(f"mean distance of a bone {frame}, mm")
        axes[frame].set_xlim(left=0)
        axes[frame].invert_yaxis()
    for method in dict.fromkeys(row["method"] for row in rows):
        means = [_shown_mean(dict(_by_method(rows, name)).get(method, [])) for name in variants[1:]]
        if np.isfinite(means).sum() > 1:
            axes["worse"].plot(variants[1:], means, "_", markersize=30, markeredgewidth=3, label=method)
    axes["worse"].set_ylabel("mean distance in frame, mm (of what is seen)")
    axes["worse"].set_ylim(bottom=0)
    axes["worse"].set_xticks(range(len(variants) - 1), variants[1:], rotation=20, ha="right")
    axes["worse"].legend()
    figure.savefig(path, dpi=110)


def _by_method(rows: Sequence[dict], variant: str) -> Iterable[tuple[str, list[dict]]]:
    own: dict[str, list[dict]] = {}
    for row in rows:
        if row["variant"] == variant:
            own.setdefault(row["method"], []).append(row)
    return own.items()


def _from(rows: Sequence[dict]) -> str:
    """What a method's bones were made from."""
    only_aligned = any(ALIGNED in row for row in rows) and not any(IN_FRAME in row for row in rows)
    return "the truth" if only_aligned else rows[0]["variant"]


def _values(rows: Sequence[dict], group: str, name: str) -> np.ndarray:
    return np.array([row[group][name] for row in rows if group in row])


def _plain(rows: Sequence[dict], name: str) -> np.ndarray:
    return np.array([row[name] for row in rows if name in row], float)  # what was kept as null is NaN


def _within_two(rows: Sequence[dict]) -> np.ndarray:
    return np.array([row["within"][SIGMAS.index(2.0)] for row in rows if "within" in row])


def _told(rows: Sequence[dict]) -> dict[str, list[tuple[float, float]]]:
    """Errors and deviations that were told with them, by what they are of."""
    told: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        for name, pair in row.get("told", {}).items():
            told.setdefault(name, []).append(tuple(pair))
    return told


def _share(pairs: Sequence[tuple[float, float]] | None) -> str:
    """How often an error was within two deviations."""
    return f"{np.mean([abs(off) < 2 * deviation for off, deviation in pairs]):.2f}" if pairs else ""


def _shown_mean(rows: Sequence[dict]) -> float:
    values = _values(rows, "seen", "mean_mm")
    values = values if len(values) else _values(rows, IN_FRAME, "mean_mm")
    return float(values.mean()) if len(values) else np.nan


def _three(values: np.ndarray) -> str:
    return f"{values.mean():.2f} / {np.median(values):.2f} / {values.max():.2f}" if len(values) else ""


def _mean(values: np.ndarray, digits: int) -> str:
    """Mean of what could be measured; in brackets how many that were, if not all."""
    known = values[np.isfinite(values)]
    if not len(known):
        return ""
    return f"{known.mean():.{digits}f}" + (f" ({len(known)})" if len(known) < len(values) else "")


def _failed(rows: Sequence[dict]) -> str:
    return str(sum(bool(row["failed"]) for row in rows))


def _markdown(titles: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (titles, ["---"] * len(titles), *lines))


def _finite(value: object) -> object:
    """The same with None for numbers that JSON does not know."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
