"""How fast and in how much memory files open: `python -m benchmarks.reading_files [FOLDER]`.

Writes a wide file (1,000 signals × 86,400 rows, 607 MB) and a tall one (8 columns × 6,000,000 rows in CP949, 370 MB) into FOLDER
(default: a temporary folder), opens each in a process of its own and prints seconds, processor seconds and the peak of resident
memory.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from jasang.connect.protocols.files import open_path


def write_wide(path: Path, *, rows: int = 86_400, signals: int = 1_000) -> None:
    """One row a second; the same 864 rows of values over and over, for writing must not take longer than reading."""
    values = np.random.default_rng(0).normal(200, 3, (864, signals))
    lines = [",".join(f"{value:.2f}" for value in row) for row in values]
    start = np.datetime64("2026-03-01T00:00:00")
    with path.open("w", encoding="utf-8") as out:
        out.write("time," + ",".join(f"S{signal:04d}" for signal in range(signals)) + "\n")
        for row in range(rows):
            out.write(f"{start + row}".replace("T", " ") + "," + lines[row % len(lines)] + "\n")


def write_tall(path: Path, *, rows: int = 6_000_000) -> None:
    """An MES export: Korean text, slashed dates, thousands separators, lots with leading zeros."""
    rng = np.random.default_rng(0)
    start = np.datetime64("2024-01-01T00:00:00")
    step = 200_000
    with path.open("w", encoding="cp949") as out:
        out.write("일시,설비,온도,압력,수량,판정,비고,lot\n")
        for first in range(0, rows, step):
            times = np.datetime_as_string(start + np.arange(first, first + step))
            celsius, bar = rng.normal(200, 3, step).round(2), rng.normal(5, 1, step).round(3)
            pieces = rng.integers(0, 2000, step)
            out.writelines(
                f"{times[i].replace('T', ' ').replace('-', '/')},{1 + i % 2}호기,{celsius[i]},{bar[i]},"
                f'"{pieces[i]:,}",{"양품" if i % 50 else "불량"},,{first + i:09d}\n'
                for i in range(step)
            )


def measure(path: Path) -> None:
    """Open one file, read five columns, print what it took."""
    began = time.perf_counter()
    with open_path(path) as opened:
        (table,) = opened.files
        opening = time.perf_counter() - began
        began = time.perf_counter()
        table.read(table.columns[:5])
        reading = time.perf_counter() - began
        usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{path.name}: {path.stat().st_size / 1e6:,.1f} MB, {table.rows:,} × {len(table.columns):,}: opens in {opening:.1f} s "
        f"({usage.ru_utime + usage.ru_stime:.1f} s of processor), peak {usage.ru_maxrss / 1024:,.0f} MB; "
        f"five columns in {reading:.2f} s"
    )


def main() -> None:
    """Write what is missing, then measure."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary)
        processes = multiprocessing.get_context("spawn")
        for name, write in (("wide.csv", write_wide), ("tall.csv", write_tall)):
            path = folder / name
            if not path.exists():
                write(path)
            process = processes.Process(target=measure, args=(path,))
            process.start()
            process.join()


if __name__ == "__main__":
    main()
