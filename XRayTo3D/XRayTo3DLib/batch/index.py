"""The page of a batch: all rows with their pictures, to be sorted, and links to the reports."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..helpers.files import replacing
from ..version import __version__
from .record import CASES, THUMBNAIL

PAGE = "index.html"
_TEMPLATE = Path(__file__).with_name("index.html")
_ROWS_AT_ONCE = 200


def write_index(rows: Iterable[dict], output: Path) -> None:
    """Write index.html, which needs no network; rows are written as they come.

    Parameters
    ----------
    rows : iterable of dict
        As `record.rows_of` makes them.
    output : Path
        Folder of the batch.
    """
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    page = environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).stream(
        title=output.resolve().name, rows=_shown(rows, output), version=__version__
    )
    page.enable_buffering(_ROWS_AT_ONCE)
    with replacing(output / PAGE) as temporary:
        page.dump(os.fspath(temporary), encoding="utf-8", errors="backslashreplace")


def _shown(rows: Iterable[dict], output: Path) -> Iterator[dict]:
    """Rows with what a page has beside a table."""
    for row in rows:
        thumbnail = f"{CASES}/{row['case']}/{THUMBNAIL}"
        yield {
            "files": [os.path.basename(path) for path in row["files"]],
            "paths": "\n".join(row["files"]),
            "bone": " ".join(filter(None, (row.get("side"), row.get("bone")))),
            "method": row.get("method", ""),
            "residual": row.get("residual_mm"),
            "uncertainty": row.get("uncertainty_mm"),
            "measures": [(_words(name), *told) for name, told in row.get("measures", {}).items()],
            "warnings": row["warnings"],
            "seconds": row["seconds"],
            "error": row["error"],
            "report": row["report"],
            "thumbnail": thumbnail if (output / thumbnail).exists() else "",
        }


def _words(name: str) -> str:
    """A measure's name as words, its unit last: neck shaft angle (deg)."""
    words, _, unit = name.rpartition("_")
    return f"{words.replace('_', ' ')} ({unit})" if unit in ("mm", "deg") else name.replace("_", " ")
