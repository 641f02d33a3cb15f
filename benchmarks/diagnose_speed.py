"""How long a diagnosis takes and how much memory it needs, each run in a process of its own.

python -m benchmarks.diagnose_speed die-casting [--repeat 5]
python -m benchmarks.diagnose_speed day --format csv      (1,000 signals × 86,400 rows; csv, parquet or machines)
python -m benchmarks.diagnose_speed day --format csv --limit-gb 4
python -m benchmarks.diagnose_speed peer --repeat 5       (ydata-profiling on the same rows; needs uv and a network)
python -m benchmarks.diagnose_speed profile PATH          (which functions the time goes to)
"""

import argparse
import cProfile
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from scipy.signal import lfilter

from jasang.mentor.diagnose import diagnose

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("JASANG_DATA", ROOT.parent / "shared"))
DIE_CASTING = SHARED / "data/kamp_diecasting/kamp_diecasting_molds_8412_8573_8722.csv.gz"
SIGNALS, ROWS, CHUNK = 1000, 86_400, 7200
PEER = """
import sys, time
begun = time.perf_counter()
import pandas as pd
from ydata_profiling import ProfileReport
frame = pd.read_csv(sys.argv[1])
report = ProfileReport(frame, progress_bar=False, minimal=sys.argv[2] == "minimal")
report.to_file(sys.argv[3])
print(time.perf_counter() - begun)
"""


def day_of_signals(folder: Path, layout: str) -> Path:
    """A day of a thousand signals at one a second: AR(1) about set points, a tenth of them with a step, a few codes and gaps."""
    target = folder / f"day-{layout}"
    if target.exists():
        return target
    target.mkdir(parents=True)
    rng = np.random.default_rng(11)
    level, spread = rng.uniform(5, 900, SIGNALS), rng.uniform(0.2, 4, SIGNALS)
    state = rng.standard_normal(SIGNALS)
    start = np.datetime64("2025-03-03T00:00:00")
    writers: dict[str, pq.ParquetWriter] = {}
    for first in range(0, ROWS, CHUNK):
        shocks = rng.standard_normal((CHUNK, SIGNALS)) * np.sqrt(1 - 0.9**2)
        noise, state = lfilter([1.0], [1.0, -0.9], shocks, axis=0, zi=0.9 * state[None, :])
        state = noise[-1]
        values = level + spread * noise
        if first >= ROWS // 2:
            values[:, ::10] += 4 * spread[::10]
        values[rng.random((CHUNK, SIGNALS)) < 0.0005] = np.nan
        values[: CHUNK // 100, 5::50] = -999.0
        times = start + np.arange(first, first + CHUNK).astype("timedelta64[s]")
        groups = [range(SIGNALS)] if layout != "machines" else [range(g, g + 100) for g in range(0, SIGNALS, 100)]
        for number, group in enumerate(groups):
            columns = {f"m{place // 100:02d}.ch{place % 100:02d}": np.round(values[:, place], 2) for place in group}
            frame = pl.DataFrame({"time": times.astype("datetime64[us]"), **columns}).fill_nan(None)
            _append(target, layout, number, frame, first == 0, writers)
    for writer in writers.values():
        writer.close()
    return target


def _append(
    target: Path, layout: str, number: int, frame: pl.DataFrame, fresh: bool, writers: dict[str, pq.ParquetWriter]
) -> None:
    if layout == "parquet":
        table = frame.to_arrow()
        writer = writers.setdefault(
            "wide", pq.ParquetWriter(target / "signals.parquet", table.schema) if fresh else None
        )
        writer.write_table(table)
        return
    path = target / ("signals.csv" if layout == "csv" else f"machine-{number:02d}.csv")
    with path.open("ab") as file:
        frame.write_csv(file, include_header=fresh, datetime_format="%Y-%m-%d %H:%M:%S")


def measured(command: list[str], limit_gb: float | None = None) -> tuple[float, float, float, int]:
    """Wall seconds, processor seconds, peak resident memory in GB and exit status of a command."""

    def limit() -> None:
        if limit_gb is not None:
            size = int(limit_gb * 2**30)
            resource.setrlimit(resource.RLIMIT_AS, (size, size))

    with tempfile.TemporaryFile() as out:
        begun = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, preexec_fn=limit)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            out.seek(0)
            print(out.read().decode(errors="replace")[-1500:])
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20, child.returncode


def report(name: str, command: list[str], repeat: int, limit_gb: float | None = None) -> list[float]:
    """Run it `repeat` times and print the median, the spread and the most memory."""
    runs = [measured(command, limit_gb) for _ in range(repeat)]
    walls = [run[0] for run in runs]
    print(
        f"{name}: {median(walls):.2f} s wall [{min(walls):.2f}, {max(walls):.2f}] in {repeat} runs, "
        f"{median(run[1] for run in runs):.2f} s of processors, peak memory {max(run[2] for run in runs):.2f} GB, "
        f"exit status {sorted({run[3] for run in runs})}"
    )
    return walls


def jasang(path: Path) -> list[str]:
    return [sys.executable, "-m", "jasang.cli.main", "diagnose", str(path), "--json"]


def against_peer(repeat: int) -> None:
    """The same rows by ydata-profiling in an environment of its own, runs taken in turn."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "peer.py"
        script.write_text(PEER, encoding="utf-8")
        uv = [str(ROOT / ".tools/bin/uv"), "run", "--quiet", "--isolated", "--no-project", "--python", sys.executable]
        packages = ["--with", "ydata-profiling==4.18.4", "--with", "setuptools<81"]
        peer = [*uv, *packages, "python", str(script), str(DIE_CASTING), "minimal", f"{folder}/peer.html"]
        report("ydata-profiling (minimal), first run, installs included", peer, 1)
        ours, theirs = [], []
        for _ in range(repeat):
            ours += report("jasang", jasang(DIE_CASTING), 1)
            theirs += report("ydata-profiling (minimal)", peer, 1)
        ratios = sorted(b / a for a, b in zip(ours, theirs, strict=True))
        print(
            f"ydata-profiling (minimal) / jasang: {median(ratios):.2f} [{ratios[0]:.2f}, {ratios[-1]:.2f}] in {repeat} pairs"
        )


def profile(path: Path) -> None:
    """The thirty functions that cost most, their callees included and without."""
    watch = cProfile.Profile()
    watch.runcall(diagnose, path)
    for order in ("cumulative", "tottime"):
        pstats.Stats(watch).sort_stats(order).print_stats(30)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("die-casting", "day", "peer", "profile"))
    parser.add_argument("path", nargs="?", type=Path)
    parser.add_argument("--format", choices=("csv", "parquet", "machines"), default="csv")
    parser.add_argument("--into", type=Path, default=Path(tempfile.gettempdir()) / "jasang-speed")
    parser.add_argument("--limit-gb", type=float, help="limit the address space of the child (RLIMIT_AS)")
    parser.add_argument("--repeat", type=int, default=1)
    given = parser.parse_args()
    if given.what == "die-casting":
        report("kamp_diecasting, 50,445 × 23", jasang(DIE_CASTING), given.repeat, given.limit_gb)
    elif given.what == "day":
        folder = day_of_signals(given.into, given.format)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 2**30
        report(
            f"1,000 signals × 86,400 rows, {given.format} ({size:.2f} GB)", jasang(folder), given.repeat, given.limit_gb
        )
    elif given.what == "peer":
        against_peer(given.repeat)
    else:
        profile(given.path or DIE_CASTING)
    return 0


if __name__ == "__main__":
    sys.exit(main())
