"""Signals of a machine that is planned to stand still are not judged; the log of states is another file."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from jasang.mentor.diagnose import diagnose


def folder(into: Path, *, state: str, name: str = "P1") -> Path:
    """Six days of a temperature at one-minute pace; for the last two the machine rests at 25 °C, as the log says or not."""
    rng = np.random.default_rng(7)
    time = np.datetime64("2026-03-09T00:00", "m") + np.arange(6 * 1440)
    resting = np.arange(time.size) >= 4 * 1440
    frame = {"time": time.astype("datetime64[us]"), "machine": ["P1"] * time.size}
    for column, level in (("oil_temp", 55.0), ("mould_temp", 62.0)):
        noise = rng.normal(0, 0.4, time.size)
        frame[column] = np.round(np.where(resting, 25 + noise / 8, level + noise), 2)
    pl.DataFrame(frame).write_csv(into / "signals.csv")
    (into / "states.csv").write_text(
        "start,end,machine,state\n"
        f"2026-03-09 00:00:00,2026-03-13 00:00:00,{name},running\n"
        f"2026-03-13 00:00:00,2026-03-15 00:00:00,{name},{state}\n",
        encoding="utf-8",
    )
    return into


def changes(path: Path) -> set[str]:
    rules = {"mean_shift", "drift", "stuck_sensor", "out_of_control"}
    return {finding.rule for finding in diagnose(path).findings if finding.rule in rules}


def test_a_planned_stop_is_no_shift(tmp_path: Path) -> None:
    assert changes(folder(tmp_path, state="planned")) == set()


@pytest.mark.parametrize(("state", "name"), [("running", "P1"), ("planned", "P2")])
def test_the_same_readings_of_a_machine_that_runs_are(tmp_path: Path, state: str, name: str) -> None:
    assert changes(folder(tmp_path, state=state, name=name)) & {"mean_shift", "out_of_control"}
