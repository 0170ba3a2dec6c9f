"""The table of a batch: a row for each bone, as CSV and, where pyarrow is there, as Parquet.

Rows come one after the other and are not held: a batch may have more of them than memory.
"""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from ..helpers.files import replacing

CSV, PARQUET = "results.csv", "results.parquet"
_BEFORE = ("case", "files", "bone", "side", "method", "extent", "residual_mm", "uncertainty_mm")
_AFTER = ("warnings", "seconds", "error", "report")
_TEXTS = {"case", "files", "bone", "side", "method", "extent", "warnings", "error", "report"}
_ROWS_AT_ONCE = 1000


def write_tables(rows: Callable[[], Iterable[dict]], output: Path) -> None:
    """Write results.csv and results.parquet.

    Parameters
    ----------
    rows : callable
        Gives the rows, as `record.rows_of` makes them, anew each time: a first look tells which measures there are.
    output : Path
        Folder of the batch.
    """
    names: dict[str, None] = {}
    for row in rows():
        names |= dict.fromkeys(row.get("measures", ()))
    columns = [*_BEFORE, *(name + end for name in names for end in ("", "_sd")), *_AFTER]
    # A file's name may hold bytes that are no text: they are written as \x..
    with (
        replacing(output / CSV) as temporary,
        open(temporary, "w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(_flat(row) for row in rows())
    if importlib.util.find_spec("pyarrow"):
        _write_parquet(columns, rows(), output / PARQUET)
    else:
        (output / PARQUET).unlink(missing_ok=True)  # an older one tells of other rows


def _flat(row: dict) -> dict:
    """A row with a column for each measure and for its standard deviation."""
    flat = {name: value for name, value in row.items() if name != "measures"}
    for name, (value, deviation) in row.get("measures", {}).items():
        flat |= {name: value, name + "_sd": deviation}
    return flat | {"files": "; ".join(row["files"]), "warnings": " ".join(row["warnings"])}


def _write_parquet(columns: list[str], rows: Iterable[dict], path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema([(name, pyarrow.string() if name in _TEXTS else pyarrow.float64()) for name in columns])
    with replacing(path) as temporary, parquet.ParquetWriter(temporary, schema) as writer:
        rows = _as_text(rows)
        while some := list(islice(rows, _ROWS_AT_ONCE)):
            writer.write_table(pyarrow.Table.from_pylist(some, schema))


def _as_text(rows: Iterable[dict]) -> Iterator[dict]:
    for row in map(_flat, rows):
        yield {
            name: value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
            for name, value in row.items()
        }
