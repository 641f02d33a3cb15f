"""`causes` on files with a known truth and on the die casting record."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jasang.errors import WrongArguments
from jasang.mentor.causes import causes_of
from jasang.mentor.report.study_page import write_studies
from jasang.mentor.study_json import result_json


def write_two_stations(folder: Path, rows: int = 6000) -> None:
    """An oven's signals and a press' units: parts made 30 minutes after a cold oven are bad more often."""
    rng = np.random.default_rng(4)
    minutes = 20 * 24 * 60
    temperature = 180 + 4 * np.convolve(rng.normal(size=minutes + 60), np.ones(60) / np.sqrt(60), "valid")[:minutes]
    start = np.datetime64("2026-03-02T00:00")
    signals = ["time,oven_temp,line_speed"]
    signals += [
        f"{start + np.timedelta64(m, 'm')},{temperature[m]:.2f},{12 + rng.normal():.2f}" for m in range(minutes)
    ]
    (folder / "oven.csv").write_text("\n".join(signals), "utf-8")
    when = np.sort(rng.choice(np.arange(60, minutes), rows, replace=False))
    bad = rng.random(rows) < np.where(temperature[when - 30] < 177, 0.2, 0.02)
    units = ["time,press_force,result"]
    units += [
        f"{start + np.timedelta64(int(m), 'm')},{500 + 5 * rng.normal():.1f},{'NG' if b else 'OK'}"
        for m, b in zip(when, bad, strict=True)
    ]
    (folder / "press.csv").write_text("\n".join(units), "utf-8")


def test_upstream_oven_moves_the_presses_defects_half_an_hour_later(tmp_path: Path) -> None:
    write_two_stations(tmp_path)

    (study,) = causes_of(tmp_path).studies

    (effect, *_) = study.evidence
    assert "oven_temp" in effect.label.en
    assert effect.low is not None
    assert effect.high is not None
    assert 0.05 < effect.low <= 0.18 <= effect.high  # 20 % instead of 2 % was planted
    assert "minutes earlier" in study.answer.en
    assert "oven.csv" in study.answer.ko


def test_columns_of_another_table_are_joined_by_lot(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    moisture = np.round(rng.normal(0.3, 0.05, 300), 3)
    lots = ["lot_no,received,moisture"] + [
        f"L{k:04d},2026-02-{1 + k // 12:02d} 08:00,{moisture[k]}" for k in range(300)
    ]
    (tmp_path / "lots.csv").write_text("\n".join(lots), "utf-8")
    lot = np.arange(9000) // 30
    bad = rng.random(9000) < np.where(moisture[lot] > 0.35, 0.15, 0.02)
    start = np.datetime64("2026-03-02T00:00")
    units = ["time,lot_no,force,result"]
    units += [
        f"{start + np.timedelta64(5 * k, 'm')},L{lot[k]:04d},{500 + rng.normal():.1f},{'NG' if bad[k] else 'OK'}"
        for k in range(9000)
    ]
    (tmp_path / "units.csv").write_text("\n".join(units), "utf-8")

    (study,) = causes_of(tmp_path, outcome="result").studies

    assert "moisture is above 0.3" in study.evidence[0].label.en


def test_die_casting_answers_with_effects_a_window_and_a_trial(
    real_data: Callable[[str], Path], tmp_path: Path
) -> None:
    result = causes_of(real_data("kamp_diecasting"))

    (study,) = result.studies
    told = {item.name: item for item in study.evidence}
    assert told["effect_1"].value == pytest.approx(0.46, abs=0.05)
    assert told["window_inside"].high is not None
    assert told["window_inside"].high < 0.03 < 0.15 < (told["window_outside"].low or 0)
    assert result_json(result)["studies"][0]["kind"] == "causes"
    assert all(chart.title.ko.endswith("?") for chart in study.charts)
    page = tmp_path / "causes.html"
    write_studies(result, page, "ko")
    assert "cast_pressure" in page.read_text("utf-8")


def test_a_file_without_an_outcome_says_what_is_missing(tmp_path: Path) -> None:
    rows = ["time,temperature"] + [f"2026-03-02 {k // 60:02d}:{k % 60:02d},{20 + k % 7}" for k in range(600)]
    (tmp_path / "signals.csv").write_text("\n".join(rows), "utf-8")

    with pytest.raises(WrongArguments, match="units"):
        causes_of(tmp_path)
