"""The accuracy benchmark's tables, as Markdown, and its plots."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from accuracy_scores import ALIGNED, IN_FRAME

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
            cells.append(_mean(_plain(own, "covered"), 2))
            made = [row for row in own if not row["failed"]]
            cells.append("yes" if made and all(row["closed"] for row in made) else "no")
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


def keep(rows: Sequence[dict], folder: Path) -> None:
    """Write table.json and plots.png."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.json").write_text(json.dumps([_finite(row) for row in rows], indent=2) + "\n", encoding="utf-8")
    plot(rows, folder / "plots.png")


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
    return np.array([row[name] for row in rows if name in row])


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
