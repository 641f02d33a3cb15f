"""A small fleet: three factories of files, a store of readings, and one that nobody can read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from jasang.plant.reading import Reading
from jasang.store import open_store

START = datetime(2026, 3, 2, tzinfo=UTC)
NAMES = ("anyang", "broken", "changwon", "daegu", "store")


def write_factory(folder: Path, seed: int, shift: float = 0.0) -> None:
    """One table of a machine; from row 300 on the first column lies higher by `shift`."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    force = random.normal(50.0, 1.0, 600) + np.where(np.arange(600) >= 300, shift, 0.0)
    pl.DataFrame(
        {
            "time": [START + timedelta(minutes=5 * row) for row in range(600)],
            "force": np.round(force, 3),
            "temperature": np.round(random.normal(200.0, 2.0, 600), 2),
        }
    ).write_csv(folder / "press.csv")


def write_store(folder: Path) -> None:
    """400 minutes of three sensors, settled but for the last 100 minutes; the first sensor jumps by 8 half-way."""
    values = np.random.default_rng(7).normal(200.0, 1.0, (400, 3))
    values[200:, 0] += 8.0
    moments = [START + timedelta(minutes=row) for row in range(400)]
    store = open_store(folder)
    store.append(
        [
            Reading(signal=f"INJ-01.s{place}", source_time=at, receive_time=at, value=round(float(value), 3))
            for at, row in zip(moments, values, strict=True)
            for place, value in enumerate(row)
        ]
    )
    store.settle(moments[300])
    store.close()


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the fleet; not to be changed."""
    folder = tmp_path_factory.mktemp("fleet") / "works"
    for seed, (name, shift) in enumerate({"anyang": 0.0, "changwon": 6.0, "daegu": 3.0}.items()):
        write_factory(folder / name, seed, shift)
    (folder / "broken").mkdir()
    (folder / "broken" / "press.csv").write_bytes(bytes(range(256)) * 20)
    write_store(folder / "store")
    (folder / "README.txt").write_text("loose files are no factories")
    return folder
