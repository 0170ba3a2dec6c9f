"""How often errors are within so many of the standard deviations that were told: the reliability plot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from accuracy_scores import SIGMAS

AIMED = (0.88, 0.97)  # share of points within two
_PANELS = ("points of the surface", "measures and depth")


def draw_reliability(tables: Mapping[str, Sequence[dict]], path: Path) -> None:
    """Draw for each table the share of errors within k deviations, one line for each method and kind of picture.

    On the dashed line errors are as normal ones would be; below it a method is too sure of itself.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = {name: rows for name, rows in tables.items() if any("within" in row for row in rows)}
    figure = Figure(figsize=(22, 7 * max(len(shown), 1)), layout="constrained")
    FigureCanvasAgg(figure)
    if shown:
        axes = figure.subplots(len(shown), len(_PANELS), squeeze=False)
        for line, (name, rows) in zip(axes, shown.items(), strict=True):
            for axis, what, curves in zip(line, _PANELS, (_points(rows), _numbers(rows)), strict=True):
                _panel(axis, f"{what}: {name}", curves)
    figure.savefig(path, dpi=90)


def expected(sigmas: float) -> float:
    """Share of normal errors within so many deviations."""
    return math.erf(sigmas / math.sqrt(2))


def _panel(axis, title: str, curves: Mapping[str, np.ndarray]) -> None:
    axis.plot(SIGMAS, [expected(k) for k in SIGMAS], "k--", label="normal errors")
    axis.plot([2, 2], AIMED, color="0.6", linewidth=6, alpha=0.6, label="aimed at")
    for number, (label, shares) in enumerate(curves.items()):
        style = ("-", ":", "-.")[number // 10 % 3]
        axis.plot(SIGMAS, shares, style, color=f"C{number % 10}", marker="o", markersize=3, label=label)
    axis.set_title(title)
    axis.set_xlabel("standard deviations")
    axis.set_ylabel("share of errors within")
    axis.set_ylim(0, 1.02)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0))  # beside the curves, not over them


def _points(rows: Sequence[dict]) -> dict[str, np.ndarray]:
    """Shares within each of `SIGMAS`, averaged over bones."""
    found: dict[str, list[list[float]]] = {}
    for row in rows:
        if "within" in row:
            found.setdefault(_label(row), []).append(row["within"])
    return {label: np.mean(shares, axis=0) for label, shares in found.items()}


def _numbers(rows: Sequence[dict]) -> dict[str, np.ndarray]:
    """The same of all that is measured, by what it is of and how many views it was made from."""
    found: dict[str, list[float]] = {}
    for row in rows:
        views = "one view" if row["variant"].startswith("one view") else "two views"
        for name, (off, deviation) in row.get("told", {}).items():
            if deviation is not None and np.isfinite(deviation):
                found.setdefault(f"{name}, {views}", []).append(abs(off) / deviation)
    return {label: np.array([np.mean(np.array(each) < k) for k in SIGMAS]) for label, each in sorted(found.items())}


def _label(row: dict) -> str:
    method = row["method"].removeprefix("shape, ")
    return f"{row['bone']}, {row['variant']} ({method})"
