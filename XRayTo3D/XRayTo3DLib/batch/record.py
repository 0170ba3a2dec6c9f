"""What is kept of a case beside its surfaces and its report: `case.json`, from which the table is made."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ..helpers.reading import parse_json, read_text
from ..version import __version__
from .cases import Planned
from .choices import Choices

CASES = "cases"  # the folder of all cases' folders
REPORT = "report/index.html"
THUMBNAIL = "thumbnail.jpg"
_RECORD = "case.json"


def fingerprint(planned: Planned, choices: Choices) -> str:
    """What a case's result depends on: its files as they are now, the choices, and the engine's version."""
    told = [__version__, planned.files, planned.notes, asdict(choices), [_state(path) for path in planned.files]]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _state(path: str) -> list[int] | None:
    """Size and times of a file; the second time changes with its rights, too."""
    try:
        told = os.stat(path)
    except (OSError, ValueError):  # a null character in the path
        return None
    return [told.st_size, told.st_mtime_ns, told.st_ctime_ns]


def record(planned: Planned, mark: str, seconds: float, numbers: dict | None = None, error: str = "") -> dict:
    """What is told of a case.

    Parameters
    ----------
    planned : Planned
    mark : str
        Its fingerprint.
    seconds : float
    numbers : dict, optional
        What `scene.json` has, if bones were made.
    error : str
        Why none were made.
    """
    bones = [_bone(each) for each in numbers["bones"]] if numbers else []
    for bone in bones[:1]:  # the first bone's are the case's
        bone["warnings"] = numbers["warnings"]
    return {
        "fingerprint": mark,
        "files": list(planned.files),
        "notes": list(planned.notes),
        "seconds": round(seconds, 2),
        "error": error,
        "bones": bones,
    }


def _bone(told: dict) -> dict:
    """What the table has of a bone, from its entry in `scene.json`."""
    shape, fragments = told["shape"], told["fragments"]
    moved = fragments[1] if fragments else {}  # how the second fragment lies to the upper one
    measures = told["measures"] | {
        name: value for name, value in moved.items() if isinstance(value, dict) and "deviation" in value
    }
    residuals = [shape["residual_mm"]] if shape else [each["residual_mm"] for each in fragments]
    return {
        "bone": told["name"] or "",
        "side": told["side"] or "",
        "method": told["method"],
        "extent": told["extent"],
        "residual_mm": max(residuals, default=None),
        "uncertainty_mm": shape["uncertainty_mm"]["median"] if shape else None,
        "measures": {name: [each["value"], each["deviation"]] for name, each in measures.items()},
        "warnings": told["warnings"],
    }


def write_record(told: dict, folder: Path) -> None:
    """Write a case's record into its folder, which takes its place when all is written."""
    (folder / _RECORD).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def read_record(planned: Planned, output: Path) -> dict | None:
    """The record of a case; None where there is none, or none that can be read."""
    try:
        told = parse_json(read_text(output / CASES / planned.name / _RECORD))
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) and "fingerprint" in told else None


def rows_of(told: dict, planned: Planned, report: str) -> list[dict]:
    """Rows of a case for the table: one a bone, or one that says why there is none."""
    common = {
        "case": planned.name,
        "files": planned.files,
        "seconds": told["seconds"],
        "error": told["error"],
        "report": report if told["bones"] else "",
    }
    bones: Sequence[dict] = told["bones"] or [{"warnings": []}]
    return [
        {**bone, **common, "warnings": [*(planned.notes if number == 0 else ()), *bone["warnings"]]}
        for number, bone in enumerate(bones)
    ]
