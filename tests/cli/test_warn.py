"""`jasang warn` and `jasang life` from the shell's side: judge, save, warn by the saved model, refuse with the reason."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from jasang.cli.main import main

ROWS = 2400


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 2,400 parts of which a hot, fast machine spoils some, and a tool that is changed when it breaks."""
    folder = tmp_path_factory.mktemp("factory")
    rng = np.random.default_rng(12)
    start = np.datetime64("2026-03-02T08:00:00", "us")
    temp, speed = np.round(rng.normal(200, 5, ROWS), 1), np.round(rng.normal(50, 4, ROWS), 1)
    bad = rng.random(ROWS) < np.where((temp > 203) & (speed > 52), 0.8, 0.01)
    tool = np.empty(ROWS)
    breaks, wear, life = np.zeros(ROWS, dtype=int), 0.0, 0.0
    for row in range(ROWS):
        life = life or float(300 * rng.weibull(4))
        wear += 10
        tool[row] = wear
        if wear >= life:
            breaks[row], wear, life = 1, 0.0, 0.0
    pl.DataFrame(
        {
            "time": start + np.arange(ROWS) * np.timedelta64(600, "s"),
            "barrel_temp": temp,
            "screw_speed": speed,
            "tool_minutes": tool,
            "tool_broken": breaks,
            "defect": bad.astype(int),
        }
    ).write_csv(folder / "units.csv")
    (folder / "factory.toml").write_text(
        '[factory]\nname = "시험"\n[costs]\ndefect = 1000\nmachine_hour = 30000\n'
        '[columns.defect]\nrole = "defect"\n[columns.barrel_temp]\nrole = "sensor"\n[columns.screw_speed]\nrole = "sensor"\n'
        '[columns.tool_broken]\nrole = "ignore"\n[columns.tool_minutes]\nrole = "sensor"\n',
        encoding="utf-8",
    )
    return folder


def test_saved_model_warns_of_the_same_units(factory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "warn.model"

    assert main(["warn", str(factory), "--save", str(model), "--quick", "--json", "--lang", "en"]) == 0
    (judged,) = json.loads(capsys.readouterr().out)["studies"]
    assert main(["warn", str(factory), "--model", str(model), "--json", "--lang", "en"]) == 0
    (warned,) = json.loads(capsys.readouterr().out)["studies"]

    figures = {item["name"]: item["value"] for item in judged["evidence"]}
    assert judged["kind"] == "early_warning"
    assert figures["recall"] > 0.7
    assert "barrel_temp" in judged["answer"]["en"]
    assert warned["kind"] == "warnings"
    assert next(item["value"] for item in warned["evidence"] if item["name"] == "warnings") > 100
    assert [path.name for path in tmp_path.iterdir()] == ["warn.model"]  # no half-written file is left


def test_file_that_is_no_model_is_refused(factory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "warn.model"
    model.write_bytes(b"PK\x03\x04 not a model")

    assert main(["warn", str(factory), "--model", str(model), "--lang", "en"]) == 1
    assert "cannot be read as a warning model" in capsys.readouterr().err


def test_nothing_is_saved_where_warnings_are_no_better_than_chance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(2)
    pl.DataFrame({"temp_sensor": rng.normal(200, 5, 1000), "defect": (rng.random(1000) < 0.05).astype(int)}).write_csv(
        tmp_path / "units.csv"
    )

    status = main(["warn", str(tmp_path), "--save", str(tmp_path / "m"), "--quick", "--lang", "en"])

    assert status == 1
    assert "No model was saved. No warning can be given" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


def test_life_of_the_tool_and_the_age_to_change_it(factory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--counter", "tool_minutes", "--failures", "tool_broken", "--planned", "100", "--failure", "2000"]

    assert main(["life", str(factory), *words, "--json", "--lang", "en"]) == 0

    (study,) = json.loads(capsys.readouterr().out)["studies"]
    figures = {item["name"]: item for item in study["evidence"]}
    assert figures["shape"]["low"] < 4 < figures["shape"]["high"]
    assert figures["scale"]["low"] < 300 < figures["scale"]["high"] + 10  # a tool breaks at the next full 10 minutes
    assert 60 < figures["replace_at"]["value"] < 220


def test_life_without_a_question_says_what_to_give(factory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["life", str(factory), "--lang", "en"]) == 2
    assert "(--counter)" in capsys.readouterr().err
