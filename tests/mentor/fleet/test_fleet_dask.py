"""The same fleet on a Dask cluster: a dead worker costs time, a dead scheduler is told, and the rest is done afterwards."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.free_ports import free_port

from jasang.errors import ConnectionFailed
from jasang.mentor import fleet_executors
from jasang.mentor.fleet import DaskCluster, LocalProcesses, diagnose_fleet, find_factories
from jasang.mentor.fleet_factory import diagnose_one

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster() -> Iterator["distributed.LocalCluster"]:
    """Two workers with one thread each, kept alive by their nannies."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1", silence_logs=50
    ) as made:
        yield made


def test_the_cluster_finds_to_the_last_digit_what_one_process_finds_though_a_worker_is_killed(
    fleet: Path, cluster, tmp_path: Path
) -> None:
    expected = [diagnose_one(factory)[0].to_json() for factory in find_factories(fleet)]
    with distributed.Client(cluster) as client:
        workers = client.run(os.getpid)
    killed: list[int] = []

    def kill_one(stage, share) -> None:
        if not killed:
            killed.append(next(iter(workers.values())))
            os.kill(killed[0], signal.SIGKILL)

    result = diagnose_fleet(
        fleet,
        journal=tmp_path / "run.jsonl",
        executor=DaskCluster(address=cluster.scheduler_address),
        progress=kill_one,
    )

    assert len(killed) == 1
    assert result.to_json()["factories"] == expected
    assert result.executor == f"dask:{cluster.scheduler_address}"


def test_a_killed_scheduler_is_told_and_the_rest_is_done_with_resume(
    fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_executors, "PATIENCE", 20.0)
    address = f"tcp://127.0.0.1:{free_port()}"
    port, journal = address.rpartition(":")[2], tmp_path / "run.jsonl"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    start = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port]
    scheduler = subprocess.Popen([*start, "--no-dashboard"], **quiet)
    start = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
    worker = subprocess.Popen([*start, "--no-dashboard", "--death-timeout", "5"], **quiet)
    try:
        with pytest.raises(ConnectionFailed) as told:
            diagnose_fleet(
                fleet, journal=journal, executor=DaskCluster(address=address), progress=lambda *_: scheduler.kill()
            )
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()

    after = diagnose_fleet(fleet, journal=journal, executor=LocalProcesses(workers=1), resume=True)

    assert told.value.en == f"the Dask scheduler {address} is gone; start it again and do the rest with --resume"
    assert after.taken_up >= 1
    assert after.to_json()["total"]["done"] == 4
