"""Findings from what a collector keeps: the hours in which nobody collected are no evidence."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from jasang.errors import UnreadableInput
from jasang.mentor.diagnose import diagnose
from jasang.mentor.store_data import store_evidence
from jasang.plant.factory import Factory
from jasang.plant.reading import Reading, Signal
from jasang.store import is_store, open_store

START = datetime(2026, 3, 2, tzinfo=UTC)
SIGNALS = ("INJ-01.Barrel.Temperature", "INJ-01.Mould.Temperature", "INJ-01.Oil.Temperature")


def keep(folder: Path, minutes: int, *, away: range = range(0), stuck_from: int | None = None) -> Path:
    """A store with a reading of each signal every 20 s, none in the minutes `away`; the first signal may stick."""
    values = np.random.default_rng(7).normal(200.0, 1.0, size=(minutes * 3, len(SIGNALS)))
    if stuck_from is not None:
        values[stuck_from * 3 :, 0] = 201.25
    store = open_store(folder)
    store.describe([Signal(name=name, asset="INJ-01", unit="°C") for name in SIGNALS])
    store.append(
        [
            Reading(
                signal=name,
                source_time=START + timedelta(seconds=20 * row),
                receive_time=START + timedelta(seconds=20 * row),
                value=float(values[row, place]),
            )
            for row in range(minutes * 3)
            if row // 3 not in away
            for place, name in enumerate(SIGNALS)
        ]
    )
    store.close()
    return folder


def test_readings_become_a_table_of_minutes_with_units(tmp_path: Path) -> None:
    store = keep(tmp_path / "store", 400)

    evidence = store_evidence(store, factory=Factory(name="공장"))

    (data,) = evidence.tables
    assert is_store(store)
    assert (data.rows, data.table.asset, data.table.time) == (400, "INJ-01", "time")
    assert data.table.column(SIGNALS[0]).unit == "°C"
    assert data.numbers(SIGNALS[1]).mean() == pytest.approx(200.0, abs=0.1)


def test_hours_without_a_collector_are_left_out(tmp_path: Path) -> None:
    store = keep(tmp_path / "store", 700, away=range(300, 500))

    evidence = store_evidence(store, factory=Factory(name="공장"))

    # The last value holds for five minutes of silence, no longer.
    assert evidence.tables[0].rows == 700 - 200 + 5


def test_short_store_says_how_much_is_missing(tmp_path: Path) -> None:
    store = keep(tmp_path / "store", 30)

    with pytest.raises(UnreadableInput, match="30 minutes collected so far; expected at least 300 minutes"):
        diagnose(store)


def test_stuck_signal_of_a_live_machine_is_found(tmp_path: Path) -> None:
    store = keep(tmp_path / "store", 700, stuck_from=500)

    findings = diagnose(store).findings

    assert [(f.rule, f.subject.column, f.subject.asset) for f in findings] == [("stuck_sensor", SIGNALS[0], "INJ-01")]
    assert findings[0].since == START + timedelta(minutes=500)
