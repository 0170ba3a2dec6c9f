"""The whole of a batch: plan, work, table, page."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import locket
from distributed import KilledWorker

from ..errors import RadiographError, ReconstructionError
from ..helpers.files import UNFINISHED, check_folder, make_folder
from ..helpers.progress import Progress, tell
from .cases import Planned, plan_cases
from .choices import Choices, check_choices
from .files import find_files
from .films import read_films
from .index import write_index
from .job import make_case
from .pairs import check_pairs, read_pairs
from .record import CASES, REPORT, fingerprint, read_record, record, rows_of
from .table import write_tables
from .workers import work_through, workers

_LOCK = ".batch.lock"
_TELL_EVERY = 100  # files


@dataclass(frozen=True)
class Outcome:
    """How many cases there are, how many of them were kept from an earlier run, how many have no surface, and how many
    files were passed over since they are no radiographs."""

    cases: int
    kept: int
    failed: int
    passed_over: int


def run_batch(
    inputs: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    choices: Choices | None = None,
    pairs: str | os.PathLike | None = None,
    count: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Reconstruct the bones of many radiographs; a case that is there, of the same files and choices, is kept.

    Parameters
    ----------
    inputs : sequence of path
        See `files.find_files`.
    output : path
        Folder for the cases' folders, results.csv and index.html.
    choices : Choices, optional
    pairs : path, optional
        See `pairs.read_pairs`.
    count : int, optional
        Of processes; by default as many as there are cores.
    scheduler : str, optional
        Address of a Dask cluster to take in the place of processes of this machine.
    progress : callable, optional

    Returns
    -------
    Outcome

    Raises
    ------
    ReconstructionError, RadiographError
        If nothing can be done at all; a case that fails is a row of the table.
    Cancelled
        If `progress` asked to stop: finished cases are kept.
    """
    choices, output = choices or Choices(), Path(os.path.abspath(output))
    check_choices(choices)
    check_folder(output)
    planned, passed_over = plan(inputs, output, pairs, choices.one_view, progress)
    with _alone(output):
        todo = [case for case in planned if not _is_done(case, output, choices)]
        lost = {} if not todo else _work(todo, len(planned), choices, output, count, scheduler, progress)
        tell(progress, 1.0, "writing the table")
        rows = functools.partial(_rows, planned, output, lost)
        write_tables(rows, output)
        write_index(rows(), output)
    failed = len({row["case"] for row in rows() if row["error"]})
    return Outcome(len(planned), len(planned) - len(todo), failed, passed_over)


def plan(
    inputs: Sequence[str | os.PathLike],
    output: Path,
    pairs: str | os.PathLike | None = None,
    one_view: bool = False,
    progress: Progress | None = None,
) -> tuple[list[Planned], int]:
    """Which cases there are, and how many files were passed over.

    Raises
    ------
    ReconstructionError
        If there is no radiograph, or an input or `pairs` cannot be understood.
    """
    given, films, passed_over = read_pairs(pairs) if pairs else [], [], 0
    for number, film in enumerate(read_films(find_files(inputs, output / CASES))):
        if number % _TELL_EVERY == 0:
            tell(progress, 0.0, f"reading headers: {number}")
        if film is None:
            passed_over += 1
        else:
            films.append(film)
    if not films:
        raise ReconstructionError(f"{', '.join(map(str, inputs))}: no radiograph was found; check what was given.")
    check_pairs(given, {film.path for film in films} if given else ())
    return plan_cases(films, given, one_view), passed_over


@contextlib.contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Keep other batches out of the folder, and take away what a killed one left unfinished.

    The lock is the system's own, which a killed process loses.
    """
    cases = make_folder(output / CASES)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locket.lock_file(os.fspath(output / _LOCK), timeout=0))
        except locket.LockError as error:
            raise ReconstructionError(
                f"{output}: another batch is writing here; wait for its end, or choose another folder."
            ) from error
        except OSError as error:
            raise ReconstructionError(
                f"{output}: the folder cannot be locked ({error.strerror or error}); choose another one."
            ) from error
        _sweep(cases)
        stack.callback(_sweep, cases)  # workers that were stopped leave something, too
        yield


def _sweep(cases: Path) -> None:
    for left in cases.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left, ignore_errors=True)


def _is_done(planned: Planned, output: Path, choices: Choices) -> bool:
    told = read_record(planned, output)
    return told is not None and told["fingerprint"] == fingerprint(planned, choices)


def _work(
    todo: Sequence[Planned],
    total: int,
    choices: Choices,
    output: Path,
    count: int | None,
    scheduler: str | None,
    progress: Progress | None,
) -> dict[str, str]:
    """Make cases; return, by name, why those without a folder have none: they are tried again the next time."""
    lost: dict[str, str] = {}
    done = total - len(todo)

    def look() -> None:
        tell(progress, done / total, f"{done} of {total} cases")

    look()
    job = functools.partial(make_case, choices=choices, output=os.fspath(output))
    with workers(count, scheduler) as client:
        for case, error in work_through(client, job, todo, look):
            done += 1
            if error is not None:
                lost[case.name] = _words(error)
    return lost


def _words(error: BaseException) -> str:
    if isinstance(error, KilledWorker):
        return "The process that worked on this ended twice: there was not enough memory, or a library failed."
    if isinstance(error, MemoryError):
        return "There was not enough memory for this."
    words = " ".join(str(error).split())
    if isinstance(error, RadiographError | ReconstructionError):
        return words
    return f"This went wrong in a way that nobody foresaw ({type(error).__name__}: {words})."


def _rows(planned: Sequence[Planned], output: Path, lost: dict[str, str]) -> Iterator[dict]:
    """Rows of all cases, in their order."""
    for case in planned:
        told = None if case.name in lost else read_record(case, output)
        if told is None:
            told = record(case, "", 0.0, error=lost.get(case.name, "Nothing was written for this."))
        yield from rows_of(told, case, f"{CASES}/{case.name}/{REPORT}")
