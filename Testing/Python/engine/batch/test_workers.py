"""Work in many processes: bounded, and whatever becomes of one case."""

import os
import signal
import time

import pytest
from distributed import Client, KilledWorker, LocalCluster

from XRayTo3DLib.batch.workers import work_through, workers
from XRayTo3DLib.errors import Cancelled, ReconstructionError


@pytest.fixture(scope="module")
def threads():
    """Two workers in this process, which begin at once."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        yield client


def test_few_items_are_held_at_once(threads):
    taken, done = [], []

    def items():
        for number in range(60):
            taken.append(number)
            assert len(taken) - len(done) <= 4
            yield number

    for item, error in work_through(threads, lambda number: b"x" * number, items(), lambda: None):
        assert error is None
        done.append(item)
    assert sorted(done) == taken == list(range(60))


def test_what_goes_wrong_with_an_item_is_told_with_it(threads):
    def job(number):
        if number % 3 == 0:
            raise ValueError(number)

    told = dict(work_through(threads, job, range(9), lambda: None))
    assert {number: str(error) for number, error in told.items() if error} == {0: "0", 3: "3", 6: "6"}


def test_a_wish_to_stop_is_heard_while_all_are_working(threads):
    began = time.monotonic()

    def look():
        raise Cancelled

    with pytest.raises(Cancelled):
        list(work_through(threads, time.sleep, [2, 2], look))
    assert time.monotonic() - began < 1.9


def test_an_item_that_kills_its_process_is_the_only_one_that_fails():
    def deadly(number):  # in here, it goes to the process as it is: this file cannot be imported there
        if number == 1:
            time.sleep(1)  # Dask restarts no process that dies while it is starting
            os.kill(os.getpid(), signal.SIGKILL)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        assert os.environ["OMP_NUM_THREADS"] == "1"

    with workers(1, None) as client:
        told = dict(work_through(client, deadly, range(4), lambda: None))
    assert isinstance(told.pop(1), KilledWorker) and told == {0: None, 2: None, 3: None}


def test_a_cluster_that_is_running_is_taken(threads):
    with workers(None, threads.scheduler.address) as client:
        assert dict(work_through(client, abs, range(3), lambda: None)) == {0: None, 1: None, 2: None}


def test_nobody_waits_forever_for_workers_that_are_gone(monkeypatch):
    monkeypatch.setattr("XRayTo3DLib.batch.workers._ALONE_S", 0.2)
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
        pytest.raises(ReconstructionError, match="No worker is left"),
    ):
        list(work_through(client, abs, [1], lambda: None))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere at all"])
def test_an_address_where_nobody_answers(monkeypatch, address):
    monkeypatch.setattr("XRayTo3DLib.batch.workers._PATIENCE_S", 0.5)
    with pytest.raises(ReconstructionError, match=r"--scheduler .*: no Dask cluster"), workers(None, address):
        pass
