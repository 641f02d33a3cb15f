"""One process, the local pool and the cluster engines over the same made factories, also with a killed worker and a killed head.

python -m benchmarks.fleet make FOLDER [--factories 300] [--points 1200000]     (8 signals, 0.8 to 1.2 times as many points each)
python -m benchmarks.fleet run FOLDER one|local|dask|ray|spark [--kill worker|head] [--factories N]
python -m benchmarks.fleet compare FOLDER      (the table of all runs so far: seconds, memory, and whether the results are equal)
python -m benchmarks.fleet whole FOLDER        (one, local and Dask twice, then killed workers and a killed head, and the table)

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
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl
import psutil

from benchmarks.fleet_engines import ENGINES
from jasang.mentor.fleet import FleetResult, LocalProcesses, diagnose_fleet, find_factories
from jasang.mentor.fleet_executors import ONE_THREAD

SIGNALS = 8
RESULTS = "runs.jsonl"


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


def run(folder: Path, engine: str, kill: str | None, factories: int | None) -> None:
    """One run, told on the screen and kept in `runs.jsonl` beside the fleet."""
    fleet = folder / "fleet"
    if factories is not None:
        fleet = _part(folder, factories)
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    begun, watched = time.perf_counter(), _Watched()
    journal, lost = folder / f"{engine}-{kill}.jsonl", None
    with ENGINES[engine].start() as executor:
        started = time.perf_counter() - begun
        try:
            result = diagnose_fleet(fleet, journal=journal, executor=executor, progress=_killing(engine, kill))
        except Exception as error:  # noqa: BLE001 - each engine has errors of its own for a lost head
            lost = f"{type(error).__name__}: {error}"[:160]
            print(f"{engine}, {kill} killed: after {time.perf_counter() - begun - started:.1f} s {lost}")
            result = diagnose_fleet(fleet, journal=journal, executor=LocalProcesses(workers=2), resume=True)
    _tell(folder, engine, kill, result, started, time.perf_counter() - begun - started, lost, watched)


def _tell(
    folder: Path,
    engine: str,
    kill: str | None,
    result: FleetResult,
    started: float,
    seconds: float,
    lost: str | None,
    watched: "_Watched",
) -> None:
    memory, processor = watched.stop()
    answer = json.dumps(result.to_json()["factories"], sort_keys=True).encode()
    line = {
        "engine": engine,
        "kill": kill,
        "factories": len(result.outcomes),
        "rows": sum(outcome.rows for outcome in result.outcomes),
        "start": round(started, 1),
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor, 1),
        "begun_again": result.to_json()["run"]["begun_again"],
        "taken_up": result.taken_up,
        "lost": lost,
        "memory_gb": round(memory / 1e9, 2),
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


def _killing(engine: str, kill: str | None) -> Callable[[object, float], None]:
    killed: list[int] = []

    def watch(_stage: object, share: float) -> None:
        if kill is None or killed or share < 0.25:
            return
        word = ENGINES[engine].worker if kill == "worker" else ENGINES[engine].head
        for process in psutil.Process().children(recursive=True):
            words = " ".join(process.cmdline())
            if word in words and (kill == "head" or process.cpu_times().user > 1.0):
                print(f"killing {process.pid}: {words[:80]}")
                process.send_signal(signal.SIGKILL)
                killed.append(process.pid)
                return

    return watch


class _Watched:
    """Proportional memory at its highest and processor seconds of this process and all below it, the dead ones too."""

    def __init__(self) -> None:
        self._memory, self._stopped = 0, threading.Event()
        self._seconds: dict[tuple[int, float], float] = {}
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        turn = 0
        while not self._stopped.wait(0.25):
            self._look(memory=turn % 8 == 0)  # adding up the pages of a process is no small work
            turn += 1

    def _look(self, *, memory: bool) -> None:
        total = 0
        for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
            try:
                spent = process.cpu_times()
                self._seconds[process.pid, process.create_time()] = spent.user + spent.system
                total += process.memory_full_info().pss if memory else 0
            except (psutil.Error, OSError):
                continue
        self._memory = max(self._memory, total)

    def stop(self) -> tuple[int, float]:
        """Bytes and seconds."""
        self._stopped.set()
        self._thread.join()
        self._look(memory=False)
        return self._memory, sum(self._seconds.values())


def whole(folder: Path, factories: int, points: int) -> None:
    """The table of the documentation: made if need be, each run a process of its own, twice where seconds are compared."""
    if len(list((folder / "fleet").glob("*"))) < factories:
        make(folder, factories, points)
    (folder / RESULTS).unlink(missing_ok=True)
    runs = [
        "one",
        "local",
        "dask",
        "one",
        "local",
        "dask",
        "local --kill worker",
        "dask --kill worker",
        "dask --kill head",
    ]
    for run_ in runs:
        command = [
            sys.executable,
            "-m",
            "benchmarks.fleet",
            "run",
            str(folder),
            *run_.split(),
            "--factories",
            str(factories),
        ]
        subprocess.run(command, check=True)
    compare(folder)


def compare(folder: Path) -> None:
    """All runs over the same factories, beside the one process (the median of its runs)."""
    runs = [json.loads(line) for line in (folder / RESULTS).read_text().splitlines()]
    print(
        "| engine | killed | factories | rows | start s | seconds | × one | CPU s | begun again | memory GB | load | equal |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for line in runs:
        alone = [r for r in runs if r["engine"] == "one" and r["factories"] == line["factories"]]
        ratio = f"{median(r['seconds'] for r in alone) / line['seconds']:.2f}" if alone else ""
        equal = ("yes" if alone[-1]["digest"] == line["digest"] else "NO") if alone else ""
        print(
            f"| {line['engine']} | {line['kill'] or ''} | {line['factories']} | {line['rows']:,} | {line['start']} | "
            f"{line['seconds']} | {ratio} | {line['processor_seconds']} | {line['begun_again']} | {line['memory_gb']} | "
            f"{line['load']} | {equal} |"
        )


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "run", "compare", "whole"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("engine", nargs="?", choices=tuple(ENGINES), default="one")
    parser.add_argument("--kill", choices=("worker", "head"))
    parser.add_argument("--factories", type=int)
    parser.add_argument("--points", type=int, default=1_200_000)
    given = parser.parse_args()
    if given.what == "make":
        make(given.folder, given.factories or 300, given.points)
    elif given.what == "run":
        run(given.folder, given.engine, given.kill, given.factories)
    elif given.what == "whole":
        whole(given.folder, given.factories or 300, given.points)
    else:
        compare(given.folder)


if __name__ == "__main__":
    main()
