"""A monitor from file to answer: trained, written, read back, refused when damaged, and live over a store."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from jasang.analyze.monitors import score
from jasang.errors import JasangError, UnreadableInput, WrongArguments
from jasang.mentor.monitor import run_on, train_on
from jasang.mentor.monitor_file import read_monitor
from jasang.mentor.monitor_live import LiveMonitor
from jasang.plant.reading import Reading, Signal
from jasang.store import open_store

START = datetime(2026, 3, 2, tzinfo=UTC)
NAMES = tuple(f"INJ-01.s{place + 1}" for place in range(5))


def _values(rows: int, seed: int, broken_from: int | None = None) -> np.ndarray:
    """Five signals that follow one state; from `broken_from` on the second one is 3 higher than the others let expect."""
    rng = np.random.default_rng(seed)
    state = np.zeros(rows)
    for row in range(1, rows):
        state[row] = 0.8 * state[row - 1] + rng.normal()
    values = 50.0 + state[:, None] * rng.uniform(0.5, 1.5, 5) + 0.3 * rng.normal(size=(rows, 5))
    if broken_from is not None:
        values[broken_from:, 1] += 3.0
    return values


def _csv(path: Path, values: np.ndarray) -> Path:
    times = [START + timedelta(minutes=row) for row in range(values.shape[0])]
    columns = {name: values[:, place] for place, name in enumerate(NAMES)}
    pl.DataFrame({"time": [f"{time:%Y-%m-%d %H:%M:%S}" for time in times]} | columns).write_csv(path)
    return path


def _readings(values: np.ndarray, row: int) -> list[Reading]:
    moment = START + timedelta(minutes=row, seconds=10)
    return [
        Reading(signal=name, source_time=moment, receive_time=moment, value=float(values[row, place]))
        for place, name in enumerate(NAMES)
    ]


def test_trained_monitor_finds_its_normal_period_and_names_the_suspect(tmp_path: Path) -> None:
    path = _csv(tmp_path / "line.csv", _values(2000, 1, broken_from=1600))

    result = train_on(path, tmp_path / "line.npz")

    learnt, judged = result.studies
    assert (learnt.kind, judged.kind) == ("monitor_training", "monitor")
    events = judged.tables[0].rows
    assert str(events[-1][5]).startswith("INJ-01.s2 ")
    assert judged.charts[0].marks[1].name.en == "normal period"


def test_model_file_scores_as_the_monitor_it_was_written_from(tmp_path: Path) -> None:
    values = _values(1500, 1)
    path = _csv(tmp_path / "line.csv", values)
    train_on(path, tmp_path / "line.npz", first="2026-03-02", last="2026-03-02")

    saved = read_monitor(tmp_path / "line.npz")
    result = run_on(tmp_path / "line.npz", path)

    assert saved.columns == NAMES
    assert saved.monitor.rows < 1500
    assert result.studies[0].evidence[1].value == score(saved.monitor, np.round(values, 15)).alarm.mean()
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.endswith(".part")] == []


@pytest.mark.parametrize("damage", ["cut", "text", "header", "absent"])
def test_damaged_model_is_refused_by_name(tmp_path: Path, damage: str) -> None:
    model = tmp_path / "line.npz"
    train_on(_csv(tmp_path / "line.csv", _values(500, 1)), model)
    if damage == "cut":
        model.write_bytes(model.read_bytes()[:2000])
    elif damage == "text":
        model.write_text("not a model")
    elif damage == "absent":
        model.unlink()
    else:
        with np.load(model) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(arrays["header"].tobytes()) | {"format": "jasang.monitor/9"}
        arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
        np.savez(model, allow_pickle=False, **arrays)

    with pytest.raises(UnreadableInput, match=r"line\.npz"):
        read_monitor(model)


def test_missing_columns_too_little_data_and_unknown_days_are_said(tmp_path: Path) -> None:
    path = _csv(tmp_path / "line.csv", _values(500, 1))
    train_on(path, tmp_path / "line.npz")
    pl.read_csv(path).drop(NAMES[2]).write_csv(tmp_path / "other.csv")
    _csv(tmp_path / "short.csv", _values(40, 1))

    with pytest.raises(UnreadableInput, match=NAMES[2]):
        run_on(tmp_path / "line.npz", tmp_path / "other.csv")
    with pytest.raises(JasangError, match="at least 100 rows"):
        train_on(tmp_path / "short.csv", None)
    with pytest.raises(WrongArguments, match="no date"):
        train_on(path, None, first="soon")


def test_live_monitor_tells_an_event_once_and_its_end(tmp_path: Path) -> None:
    values = _values(700, 3)
    values[560:620, 1] += 4.0
    train_on(_csv(tmp_path / "line.csv", values[:500]), tmp_path / "line.npz", first="2026-03-02", last="2026-03-02")
    store = open_store(tmp_path / "store")
    store.describe([Signal(name=name, asset="INJ-01") for name in NAMES])
    live = LiveMonitor(read_monitor(tmp_path / "line.npz"))
    told = []
    begin = 540
    store.append([reading for row in range(begin) for reading in _readings(values, row)])
    for row in range(begin, 700, 5):
        store.append([reading for late in range(row, row + 5) for reading in _readings(values, late)])
        look = live.look(store, START + timedelta(minutes=row + 5, seconds=5))
        alarm = live.alarm(look) if look is not None else None
        if alarm is not None:
            told.append((row, alarm.began, "INJ-01.s2" in alarm.text.en))
    store.close()

    assert [began for _, began, _ in told] == [True, False]
    assert 560 <= told[0][0] <= 565
    assert told[0][2]
    assert told[1][0] > 620
