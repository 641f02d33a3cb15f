"""One process, the local pool and the cluster engines over the same made factories, also with a killed worker and a killed head.

python -m benchmarks.fleet make FOLDER [--factories 300] [--points 1200000]     (8 signals, 0.8 to 1.2 times as many points each)
python -m benchmarks.fleet run FOLDER one|local|dask|ray|spark [--kill worker|head] [--factories N]
python -m benchmarks.fleet compare FOLDER      (the table of all runs so far: seconds, memory, and whether the results are equal)

Ray and PySpark are no dependencies: `uv run --with ray --with pyspark python -m benchmarks.fleet run …` (PySpark needs Java 17).
Head and workers of each engine are processes on this computer; a kill is a SIGKILL when a quarter of the factories is done.
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import polars as pl
import psutil

from jasang.mentor.fleet import DaskCluster, FleetFactory, LocalProcesses, diagnose_fleet, find_factories
from jasang.mentor.fleet_executors import ONE_THREAD, Finished
from jasang.mentor.fleet_factory import diagnose_one

SIGNALS = 8
RESULTS = "runs.jsonl"
ENGINES = ("one", "local", "dask", "ray", "spark")


def make(folder: Path, factories: int, points: int) -> None:
    """Write the factories; a third of them has a level shift in one signal, walks and white noise in turn."""
    for seed in range(factories):
        random = np.random.default_rng(seed)
        rows = int(points * random.uniform(0.8, 1.2)) // SIGNALS
        time_ = np.datetime64("2026-01-01", "us") + np.arange(rows) * np.timedelta64(60, "s")
        columns = {"time": time_} | {f"signal_{place}": _signal(random, rows, place) for place in range(SIGNALS)}
        if seed % 3 == 0:
            columns["signal_0"][rows // 2 :] += 3.0
        place = folder / "fleet" / f"factory_{seed:05}"
        place.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(columns).write_parquet(place / "signals.parquet")


def _signal(random: np.random.Generator, rows: int, place: int) -> np.ndarray:
    noise = random.normal(0, 1, rows)
    return np.round(50 + (noise if place % 2 == 0 else 0.05 * np.cumsum(noise)), 2)


class Ray:
    """Ray's own scheduling of the same function: a head and two processors."""

    name = "ray:2"

    def run(self, factories: Sequence[FleetFactory]) -> Iterator[Finished]:
        import ray  # noqa: PLC0415 - only in the environment of this benchmark

        ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
        try:
            remote = ray.remote(max_retries=3, num_cpus=1)(diagnose_one)
            running = {remote.remote(factory): factory for factory in factories}
            while running:
                done, _ = ray.wait(list(running), num_returns=1)
                outcome, document = ray.get(done[0])
                yield running.pop(done[0]), outcome, document
        finally:
            ray.shutdown()


class Spark:
    """Spark's RDD over the factories, one a partition; `local-cluster` has executors of their own, as a real one."""

    name = "spark:2"

    def run(self, factories: Sequence[FleetFactory]) -> Iterator[Finished]:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - see above

        builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
        session = builder.config("spark.log.level", "OFF").config("spark.task.maxFailures", "4").getOrCreate()
        by_name = {factory.name: factory for factory in factories}
        try:
            for outcome, document in (
                session.sparkContext.parallelize(factories, len(factories)).map(diagnose_one).toLocalIterator(True)
            ):
                yield by_name[outcome.name], outcome, document
        finally:
            session.stop()


def run(folder: Path, engine: str, kill: str | None, factories: int | None) -> None:
    """One run, told on the screen and kept in `runs.jsonl` beside the fleet."""
    fleet = folder / "fleet"
    if factories is not None:
        fleet = _part(folder, factories)
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    begun, peak = time.perf_counter(), _Peak()
    with ExitStack() as stack:
        executor = _executor(engine, stack)
        started = time.perf_counter() - begun
        journal = folder / f"{engine}-{kill}.jsonl"
        lost = None
        try:
            result = diagnose_fleet(fleet, journal=journal, executor=executor, progress=_killing(engine, kill))
        except Exception as error:  # noqa: BLE001 - each engine has errors of its own for a lost head
            lost = f"{type(error).__name__}: {error}"[:160]
            result = None
        if result is None:
            print(f"{engine}, {kill} killed: {lost}")
            rest = time.perf_counter()
            result = diagnose_fleet(fleet, journal=journal, executor=LocalProcesses(workers=2), resume=True)
            print(f"  resumed: {result.taken_up} were in the journal, the rest took {time.perf_counter() - rest:.1f} s")
    answer = json.dumps(result.to_json()["factories"], sort_keys=True).encode()
    line = {
        "engine": engine,
        "kill": kill,
        "factories": len(result.outcomes),
        "rows": sum(outcome.rows for outcome in result.outcomes),
        "start": round(started, 1),
        "seconds": round(time.perf_counter() - begun - started, 1),
        "begun_again": result.to_json()["run"]["begun_again"],
        "taken_up": result.taken_up,
        "lost": lost,
        "memory_gb": round(peak.stop() / 1e9, 2),
        "load": round(os.getloadavg()[0], 1),
        "digest": hashlib.sha256(answer).hexdigest()[:16],
    }
    print(json.dumps(line))
    with (folder / RESULTS).open("a") as file:
        file.write(json.dumps(line) + "\n")


def _part(folder: Path, count: int) -> Path:
    part = folder / f"fleet-{count}"
    part.mkdir(exist_ok=True)
    for factory in find_factories(folder / "fleet")[:count]:
        if not (part / factory.name).exists():
            (part / factory.name).symlink_to(factory.source, target_is_directory=True)
    return part


def _executor(engine: str, stack: ExitStack) -> object:
    if engine in ("one", "local"):
        return LocalProcesses(workers=1 if engine == "one" else 2)
    if engine == "dask":
        return DaskCluster(address=_dask(stack))
    return Ray() if engine == "ray" else Spark()


def _dask(stack: ExitStack) -> str:
    address = "tcp://127.0.0.1:18786"
    # What Dask sets otherwise (trim at 64 kB) gives every large array back to the system and doubles the work of a diagnosis.
    os.environ.update({"MALLOC_TRIM_THRESHOLD_": "268435456", "MALLOC_MMAP_THRESHOLD_": "33554432"})
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "18786"]
    stack.callback(_end, subprocess.Popen([*command, "--no-dashboard"], **quiet))
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--nworkers", "2"]
    stack.callback(_end, subprocess.Popen([*command, "--no-dashboard", "--death-timeout", "30"], **quiet))
    return address


def _end(process: subprocess.Popen) -> None:
    for child in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []:
        child.kill()
    process.kill()
    process.wait()


# How the processes of each engine are told from others by their command line.
_WORKERS = {
    "local": "spawn_main", "dask": "spawn_main", "ray": "ray::", "spark": "pyspark.daemon",
}  # fmt: skip
_HEADS = {"dask": "dask_scheduler", "ray": "gcs_server", "spark": "org.apache.spark"}


def _killing(engine: str, kill: str | None) -> Callable[[object, float], None]:
    killed: list[int] = []

    def watch(_stage: object, share: float) -> None:
        if kill is None or killed or share < 0.25:
            return
        word = (_WORKERS if kill == "worker" else _HEADS)[engine]
        for process in psutil.Process().children(recursive=True):
            words = " ".join(process.cmdline())
            if word in words and (kill == "head" or process.cpu_times().user > 1.0):
                print(f"killing {process.pid}: {words[:80]}")
                process.send_signal(signal.SIGKILL)
                killed.append(process.pid)
                return

    return watch


class _Peak:
    """Proportional memory of this process and all below it, looked at every half second."""

    def __init__(self) -> None:
        self._peak, self._stopped = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stopped.wait(0.5):
            total = 0
            for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
                try:
                    total += process.memory_full_info().pss
                except (psutil.Error, OSError):
                    continue
            self._peak = max(self._peak, total)

    def stop(self) -> int:
        self._stopped.set()
        self._thread.join()
        return self._peak


def compare(folder: Path) -> None:
    """All runs over the same factories, beside the one process."""
    runs = [json.loads(line) for line in (folder / RESULTS).read_text().splitlines()]
    print("| engine | killed | factories | rows | start s | seconds | × one | begun again | memory GB | load | equal |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for line in runs:
        alone = [r for r in runs if r["engine"] == "one" and r["factories"] == line["factories"]]
        ratio = f"{alone[-1]['seconds'] / line['seconds']:.2f}" if alone else ""
        equal = alone[-1]["digest"] == line["digest"] if alone else ""
        print(
            f"| {line['engine']} | {line['kill'] or ''} | {line['factories']} | {line['rows']:,} | {line['start']} | "
            f"{line['seconds']} | {ratio} | {line['begun_again']} | {line['memory_gb']} | {line['load']} | {equal} |"
        )


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "run", "compare"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("engine", nargs="?", choices=ENGINES, default="one")
    parser.add_argument("--kill", choices=("worker", "head"))
    parser.add_argument("--factories", type=int)
    parser.add_argument("--points", type=int, default=1_200_000)
    given = parser.parse_args()
    if given.what == "make":
        make(given.folder, given.factories or 300, given.points)
    elif given.what == "run":
        run(given.folder, given.engine, given.kill, given.factories)
    else:
        compare(given.folder)


if __name__ == "__main__":
    main()
