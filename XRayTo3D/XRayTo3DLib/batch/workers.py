"""Processes that work at the same time, by Dask: on this machine, or a cluster that is running."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from itertools import islice
from typing import TypeVar

import dask
from dask.system import CPU_COUNT
from distributed import Client, LocalCluster, wait
from distributed.system import MEMORY_LIMIT

from ..errors import ReconstructionError

Item = TypeVar("Item")
_GONE = "The Dask scheduler went away; give the command again to go on."
_DESERTED = "No worker is left, and none came back; give the command again to go on."
_ALONE_S = 120  # to wait for workers to come back: Dask does not restart one that died while it was starting
_PATIENCE_S = 30  # to wait for a cluster that is named
_GLANCE_S = 0.5  # between two looks whether the user wants to stop
_AT_ONCE = 2  # cases that are handed over for each worker: one that it works on, one that waits
_LOCAL = {
    # A worker takes one case at a time, so that a case that kills it is the only one that is blamed.
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.allowed-failures": 1,  # a case that killed a worker is tried once more
    # No data are kept on workers that could be put on disk: a worker that waits for memory would wait forever.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
}


@contextlib.contextmanager
def workers(count: int | None, scheduler: str | None) -> Iterator[Client]:
    """Processes of this machine, as many as there are cores by default; or those of a scheduler, by its address.

    Raises
    ------
    ReconstructionError
        If nobody answers at the address, or has no workers.
    """
    with contextlib.ExitStack() as stack:
        if scheduler is None:
            count = count or CPU_COUNT
            stack.enter_context(dask.config.set(_LOCAL))
            cluster = LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                memory_limit=MEMORY_LIMIT // count,
                dashboard_address="127.0.0.1:0",  # for nobody else
                silence_logs=logging.CRITICAL,
                preload="XRayTo3DLib.batch.worker",
            )
            yield stack.enter_context(Client(stack.enter_context(cluster)))
            return
        try:
            client = stack.enter_context(Client(scheduler, timeout=_PATIENCE_S))
            client.wait_for_workers(1, timeout=_PATIENCE_S)
        except (OSError, ValueError) as error:  # a TimeoutError is an OSError
            reason = " ".join(str(error).split())[:200] or "no worker came"
            raise ReconstructionError(
                f"--scheduler {scheduler}: no Dask cluster can be worked with there ({reason}); check the address, and "
                "that workers are running."
            ) from error
        yield client


def work_through(
    client: Client, job: Callable[[Item], object], items: Iterable[Item], look: Callable[[], None]
) -> Iterator[tuple[Item, BaseException | None]]:
    """Give items to the workers, a few at a time, and tell of each when it is done.

    Parameters
    ----------
    client : distributed.Client
    job : callable
        What is done with an item; what it returns is forgotten.
    items : iterable
        Taken one by one as workers become free: never more of them are held than twice the workers.
    look : callable
        Called every now and then while nothing is told; what it raises ends the work.

    Yields
    ------
    item, error
        In the order in which they are done; an error where the job raised it, or killed the process that did it.

    Raises
    ------
    ReconstructionError
        If the scheduler went away, or all workers did.
    """
    items, waiting, seen = iter(items), {}, time.monotonic()
    while True:
        try:
            present = len(client.nthreads())
            seen = time.monotonic() if present else seen
            room = _AT_ONCE * max(1, present)
            for item in islice(items, max(0, room - len(waiting))):
                waiting[client.submit(job, item, pure=False)] = item
            if not waiting:
                return
            with contextlib.suppress(TimeoutError):
                wait(list(waiting), timeout=_GLANCE_S, return_when="FIRST_COMPLETED")
        except (OSError, CancelledError, asyncio.CancelledError) as error:
            raise ReconstructionError(_GONE) from error
        look()
        if time.monotonic() - seen > _ALONE_S:
            raise ReconstructionError(_DESERTED)
        for future in [each for each in waiting if each.done()]:
            if future.status not in ("finished", "error"):
                raise ReconstructionError(_GONE)
            yield waiting.pop(future), future.exception()
