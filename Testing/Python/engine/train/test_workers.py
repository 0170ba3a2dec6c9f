"""Processes that draw: they take what they draw from, and whoever ends them does so without a traceback."""

import signal
import sys
import time

import pytest

from XRayTo3DLib.errors import Cancelled, ReconstructionError
from XRayTo3DLib.train.workers import processes

# What a process is to take: a number that it can be asked for. A function of this file it would not find.
TAKE, TAKEN, GIVEN = sys.setrecursionlimit, sys.getrecursionlimit, 1234


@pytest.mark.parametrize(
    ("how", "error", "words"), [(signal.SIGINT, Cancelled, "^$"), (signal.SIGKILL, ReconstructionError, "was ended")]
)
def test_ended_processes_are_told_of_in_a_line(how, error, words, capfd):
    with pytest.raises(error, match=words), processes(TAKE, GIVEN) as pool:
        assert pool.submit(TAKEN).result() == GIVEN
        pool.submit(signal.raise_signal, how).result()
    assert capfd.readouterr().err == ""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_draws_with_them_may_stop(capfd):
    start = time.monotonic()
    with pytest.raises(Cancelled), processes(TAKE, GIVEN) as pool:
        pool.submit(time.sleep, 30)
        raise Cancelled
    assert capfd.readouterr().err == "" and time.monotonic() - start < 20
