"""Processes that draw what is trained with, of one thread each; Ctrl-C ends them without a word."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from typing import Any

from ..errors import Cancelled, ReconstructionError


@contextmanager
def processes(take: Callable[[Any], None], drawn_from: Any) -> Iterator[Executor]:
    """Processes, one for each core, which first `take` what they draw from.

    Fresh ones: forked ones would inherit PyTorch's threads, which does not work.

    Raises
    ------
    Cancelled
        If one of them was ended by Ctrl-C.
    ReconstructionError
        If one of them was ended otherwise.
    """
    context, count = multiprocessing.get_context("spawn"), os.cpu_count() or 1
    started = []
    try:
        with ProcessPoolExecutor(count, context, _prepare, (take, drawn_from)) as pool:
            with _unheard():
                for _ in range(count):  # each starts one of them
                    pool.submit(os.getpid)
            started = multiprocessing.active_children()
            try:
                yield pool
            except BrokenProcessPool:  # which ends them all, and tells how when it has
                raise
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for each in started:  # whatever they are at: nobody waits for it
                    each.terminate()
                raise
    except BrokenProcessPool as error:
        if any(each.exitcode == -signal.SIGINT for each in started):
            raise Cancelled from error
        raise ReconstructionError(
            "A process that draws was ended, by hand or for want of memory: make memory free, and start the training "
            "again; it goes on from what it has kept."
        ) from error


@contextmanager
def _unheard() -> Iterator[None]:
    """Ctrl-C is not heeded, nor by processes that are started now: in the midst of an import it would print where."""
    before = None
    with suppress(ValueError):  # only the main thread may
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)


def _prepare(take: Callable[[Any], None], drawn_from: Any) -> None:
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    cv2.setNumThreads(1)
    take(drawn_from)
