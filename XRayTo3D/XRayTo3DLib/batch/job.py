"""One case, from its files to its folder: what a worker does."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ..case import Case, Settings, View
from ..errors import RadiographError, ReconstructionError
from ..helpers.files import replacing_folder
from ..pipeline import Reconstruction, reconstruct, write_scene
from ..radiograph import Radiograph, read_radiograph
from ..report import write_report
from .cases import Planned
from .choices import Choices
from .record import CASES, REPORT, THUMBNAIL, fingerprint, record, write_record
from .thumbnail import write_thumbnail

# A worker of a cluster may have several threads: cases are made one after the other all the same, as memory is meant
# for one, and what is told to the libraries of a process holds for all its threads.
_ONE_AT_A_TIME = threading.Lock()


def make_case(planned: Planned, choices: Choices, output: str) -> None:
    """Make the folder of a case, with surfaces, scene.json and report, or with the words why there are none.

    Parameters
    ----------
    planned : Planned
    choices : Choices
    output : str
        Folder of the batch.

    Raises
    ------
    Exception
        If something else went wrong than that no surface can be made of these files: then there is no folder.
    """
    with _ONE_AT_A_TIME, _one_thread(), replacing_folder(Path(output, CASES, planned.name)) as folder:
        begun, mark = time.perf_counter(), fingerprint(planned, choices)
        views: list[Radiograph] = []
        try:
            views += (_read(path, choices) for path in planned.files)
            result = reconstruct(Case([View(view) for view in views]), Settings.of(choices.finding, choices.making))
        except (RadiographError, ReconstructionError) as error:
            numbers, mask, words = None, None, " ".join(str(error).split())
        else:
            numbers, mask, words = _written(result, folder), result.mask, ""
        if views:
            write_thumbnail(views[0].pixels, mask, folder / THUMBNAIL)
        write_record(record(planned, mark, time.perf_counter() - begun, numbers, words), folder)


def _read(path: str, choices: Choices) -> Radiograph:
    return read_radiograph(path, pixel_size_mm=choices.pixel_size_mm, sid_mm=choices.sid_mm, sod_mm=choices.sod_mm)


def _written(result: Reconstruction, folder: Path) -> dict:
    """Write surfaces, numbers and report; return the numbers."""
    write_report(result, (folder / REPORT).parent)
    return json.loads(write_scene(result, folder).read_text(encoding="utf-8"))


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Keep compiled libraries to one thread: with a worker for each core, more threads are in their way."""
    import cv2
    from threadpoolctl import threadpool_limits

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        cv2.setNumThreads(before)
