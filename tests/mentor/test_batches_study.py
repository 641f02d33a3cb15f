"""`jasang batches` asked of real and made files: batches are found as the files hold them, bad ones told where they left."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jasang.diagnose.study import Study
from jasang.errors import WrongArguments
from jasang.mentor.batches import batches_of
from jasang.mentor.study_json import result_json


def value(study: Study, name: str) -> float:
    return next(item.value for item in study.evidence if item.name == name)


def furnace(folder: Path, *, batches: int = 40, bad: tuple[int, ...] = (7, 30)) -> None:
    """A furnace heats, holds and cools in 50 minutes; the bad charges fall 20 °C short after half the time."""
    rng = np.random.default_rng(1)
    lines = ["time,charge_no,temperature,pressure,result"]
    course = np.interp(np.arange(50), [0, 15, 35, 49], [40.0, 180.0, 180.0, 60.0])
    for charge in range(1, batches + 1):
        for minute in range(50):
            total = charge * 60 + minute
            low = 20.0 if charge in bad and minute >= 25 else 0.0
            temperature = course[minute] - low + rng.normal()
            stamp = f"2026-03-{2 + total // 1440:02d} {total // 60 % 24:02d}:{total % 60:02d}:00"
            verdict = "NG" if charge in bad else "OK"
            lines.append(f"{stamp},{charge},{temperature:.2f},{2 + 0.05 * rng.normal():.3f},{verdict}")
    (folder / "furnace.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_real_bad_lots_of_the_plants_list_are_told_by_temperature_from_the_start(
    real_data: Callable[[str], Path],
) -> None:
    (study,) = batches_of(real_data("kamp_hot_air_drying")).studies

    assert (value(study, "batches"), value(study, "good_batches"), value(study, "bad_outside")) == (731, 664, 1.0)
    assert value(study, "good_outside") == pytest.approx(0.05, abs=0.001)
    assert {row[3].en for row in study.tables[0].rows} == {"Temp"}  # type: ignore[union-attr]


def test_real_tank_is_cut_into_fillings_by_its_weight(real_data: Callable[[str], Path]) -> None:
    (study,) = batches_of(real_data("kamp_melting_tank")).studies

    assert "MELT_WEIGHT" in study.answer.en
    assert 15 <= value(study, "batches") <= 20


def test_a_real_continuous_line_has_no_batches(real_data: Callable[[str], Path]) -> None:
    with pytest.raises(WrongArguments, match="No batches or repeating cycles"):
        batches_of(real_data("kamp_extrusion"))


def test_a_file_a_batch_is_read_as_batches(real_data: Callable[[str], Path]) -> None:
    (study,) = batches_of(real_data("cnc_mill_tool_wear"), bad="tool_condition=worn").studies

    assert (value(study, "batches"), value(study, "good_batches")) == (10, 6)


def test_charges_are_found_and_bad_ones_told_with_the_minute(tmp_path: Path) -> None:
    furnace(tmp_path)

    (study,) = batches_of(tmp_path, batch="charge_no", show="7").studies

    assert value(study, "bad_outside") == 1.0
    assert "Batch 7 left the envelope first in temperature" in study.answer.en
    minute = float(study.answer.en.rsplit(", ", 2)[1].split()[0])
    assert minute == pytest.approx(25.0, abs=1.5)
    assert [line.look for line in study.charts[1].lines] == ["band", "thin", "line"]
    assert json.loads(json.dumps(result_json(batches_of(tmp_path, batch="charge_no"))))


def test_bad_batches_may_be_named_by_any_column(tmp_path: Path) -> None:
    furnace(tmp_path)

    (study,) = batches_of(tmp_path, batch="charge_no", bad="result!=OK").studies

    assert value(study, "bad_outside") == 1.0


def test_a_row_a_batch_in_files_without_names_is_read_as_courses(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    course = np.sin(np.linspace(0, 3, 30))
    for name in ("pressure", "flow"):
        rows = 50 * course + rng.normal(size=(60, 1)) + 0.3 * rng.normal(size=(60, 30))
        if name == "flow":
            rows[40, 20:] -= 15.0
        text = "\n".join("\t".join(f"{one:.3f}" for one in row) for row in rows)
        (tmp_path / f"{name}.txt").write_text(text + "\n", encoding="utf-8")

    (study,) = batches_of(tmp_path).studies

    assert value(study, "batches") == 60
    row = next(row for row in study.tables[0].rows if row[0] == "41")
    assert row[3].en == "flow"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"show": "999"}, "no batch '999'"),
        ({"bad": "result"}, "expected COLUMN=VALUE"),
        ({"bad": "result=maybe"}, "does not tell good batches from bad"),
        ({"batch": "nothing"}, "no column 'nothing'"),
    ],
)
def test_what_was_asked_wrongly_is_said(tmp_path: Path, asked: dict[str, str], words: str) -> None:
    furnace(tmp_path)

    with pytest.raises(WrongArguments, match=words):
        batches_of(tmp_path, **asked)  # type: ignore[arg-type]
