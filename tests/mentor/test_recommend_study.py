"""`jasang recommend` asked of made folders: words, JSON, limits of factory.toml, and what was asked wrongly."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from jasang.cli.main import main
from jasang.errors import WrongArguments
from jasang.mentor.recommend import recommend_of

TOML = """
[factory]
name = "대한정밀"
[costs]
defect = 1200
[[tables]]
file = "units.csv"
kind = "units"
time = "time"
[columns.temperature]
role = "setting"
unit = "°C"
lower = 190.0
upper = 215.0
[columns.pressure]
role = "setting"
[columns.cycle]
role = "quality"
unit = "s"
[columns.defect]
role = "defect"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    rows = 3000
    temperature, pressure = rng.normal(202, 4, rows).round(1), rng.normal(80, 5, rows).round(1)
    temperature[-150:] = 208.0
    chance = 0.03 + 0.004 * (temperature - 198) ** 2
    start = np.datetime64("2026-03-02T08:00:00")
    pl.DataFrame(
        {
            "time": (start + np.arange(rows) * np.timedelta64(90, "s")).astype(str),
            "temperature": temperature,
            "pressure": pressure,
            "cycle": (30 + 0.05 * (pressure - 60) + 0.2 * rng.normal(size=rows)).round(2),
            "defect": (rng.random(rows) < chance).astype(int),
        }
    ).write_csv(tmp_path / "units.csv")
    (tmp_path / "factory.toml").write_text(TOML, encoding="utf-8")
    return tmp_path


def test_json_tells_settings_gain_and_worth(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recommend", str(folder), "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    (found,) = document["recommendations"]
    assert document["format"] == "jasang.recommendation/1"
    assert found["status"] == "recommend"
    assert found["now"]["temperature"] == 208.0
    assert found["recommended"]["temperature"] == pytest.approx(198, abs=2)
    assert found["gain"]["low"] > 0
    assert found["gain"]["unit"] == "share"
    assert found["worth"]["currency"] == "KRW"
    assert [study["kind"] for study in document["studies"]] == ["recommend"]


def test_two_targets_give_a_trade_in_words(folder: Path) -> None:
    result = recommend_of(folder, targets=("defect", "cycle"), directions=("min", "min"))

    (study,) = result.shown.studies
    assert [table.title.en for table in study.tables] == [
        "Settings",
        "Settings to choose from",
        "How the settings moved",
    ]
    assert any("lets neither get worse" in note.en for note in study.notes)
    assert result.recommendations[0].gain is not None


def test_cycle_time_is_not_bought_with_defects(folder: Path) -> None:
    (found,) = recommend_of(folder, targets=("cycle",), directions=("min",)).recommendations

    assert found.status.value == "recommend"
    assert [(one.outcome, one.demand) for one in found.constraints] == [("defect", "not_worse")]
    assert found.constraints[0].chance >= 0.9


def test_interlock_in_words_is_kept(folder: Path) -> None:
    (found,) = recommend_of(folder, interlocks=("temperature + pressure >= 284",)).recommendations

    assert found.recommended is not None
    assert float(found.recommended["temperature"]) + float(found.recommended["pressure"]) >= 283.8


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"targets": ("scrap",)}, "no column 'scrap'"),
        ({"targets": ("defect",), "directions": ("low",)}, "expected min, max or a value"),
        ({"targets": ("defect",), "directions": ("min", "max")}, "given 2 times for 1 target"),
        ({"settings": ("speed",)}, "there is no setting 'speed'"),
        ({"interlocks": ("temperature below 5",)}, "expected a form like"),
        ({"in_spec": 1.5}, "expected a share"),
        ({"targets": ("pressure",)}, "is less or more of 'pressure' better"),
    ],
)
def test_what_was_asked_wrongly_is_said(folder: Path, asked: dict[str, object], words: str) -> None:
    with pytest.raises(WrongArguments, match=words):
        recommend_of(folder, **asked)  # type: ignore[arg-type]


def test_real_shots_give_no_confident_nonsense(real_data: Callable[[str], Path]) -> None:
    result = recommend_of(
        real_data("kamp_extrusion"), targets=("passorfail",), settings=("EX1.MD_PV", "EX1.Z1_PV", "EX1.Z2_PV")
    )

    assert [one.status.value for one in result.recommendations] == ["cannot_tell"]
