"""What a worker of this machine does before all else; Dask calls it."""

from __future__ import annotations

import signal


def dask_setup(worker: object) -> None:
    """Leave Ctrl-C to the command, which ends its workers itself: a terminal sends it to all processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
