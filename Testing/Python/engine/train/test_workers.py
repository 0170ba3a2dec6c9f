"""Processes that draw: they take what they draw from, and whoever ends them does so without a traceback."""

import os
import signal
import time

import pytest

from XRayTo3DLib.errors import Cancelled, ReconstructionError
from XRayTo3DLib.train.workers import processes

_taken = []


def take(given):
    _taken.append(given)


def taken(more):
    return [*_taken, more]


def ended(how):
    os.kill(os.getpid(), how)
    time.sleep(30)


@pytest.mark.parametrize(
    ("how", "error", "words"), [(signal.SIGINT, Cancelled, "^$"), (signal.SIGKILL, ReconstructionError, "was ended")]
)
def test_ended_processes_are_told_of_in_a_line(how, error, words, capfd):
    with pytest.raises(error, match=words), processes(take, "limbs") as pool:
        assert pool.submit(taken, 3).result() == ["limbs", 3]
        pool.submit(ended, how).result()
    assert capfd.readouterr().err == ""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_draws_with_them_may_stop(capfd):
    start = time.monotonic()
    with pytest.raises(Cancelled), processes(take, "limbs") as pool:
        pool.submit(time.sleep, 30)
        raise Cancelled
    assert capfd.readouterr().err == "" and time.monotonic() - start < 20
