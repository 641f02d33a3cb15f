"""`jasang capability` on files: limits from factory.toml or the command, unstable processes refused, groups compared."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from jasang.cli.main import main
from jasang.errors import WrongArguments
from jasang.mentor.capability import capability_of


def write_units(path: Path, *, shift: float = 0.0, bad_cavity: float = 0.0) -> Path:
    """900 units every 10 minutes, thickness 20 ± 0.1; the last third `shift` higher, cavity 4 `bad_cavity` higher."""
    generator = np.random.default_rng(1)
    values = 20.0 + 0.1 * generator.standard_normal(900)
    values[600:] += shift
    values[3::4] += bad_cavity
    start = datetime(2026, 3, 1)
    rows = [f"{start + timedelta(minutes=10 * i)},INJ-01,{i % 4 + 1},{value:.3f}" for i, value in enumerate(values)]
    path.write_text("\n".join(["시각,설비,캐비티,두께", *rows]), "utf-8")
    return path


def test_stable_process_is_judged_with_groups_and_charts(tmp_path: Path) -> None:
    made = capability_of(
        write_units(tmp_path / "u.csv", bad_cavity=0.15), column="두께", lower=19.5, upper=20.5, by="캐비티"
    )

    study = made.studies[0]
    assert study.answer.ko.startswith("Ppk 1.")
    assert "가장 나쁜 곳은 4" in study.answer.ko
    assert study.tables[1].rows[0][0] == "4"
    assert len(study.charts) == 3


def test_unstable_process_is_refused_with_the_moment(tmp_path: Path) -> None:
    study = capability_of(write_units(tmp_path / "u.csv", shift=0.15), column="두께", lower=19.5, upper=20.5).studies[0]

    assert study.answer.en.startswith("The process is not stable, so its capability cannot be told: since 2026-03-05 0")
    assert {"cpk", "cp", "expected_ppm"} & {one.name for one in study.evidence} == set()
    assert len(study.actions) == 1


def test_limits_come_from_factory_toml(tmp_path: Path) -> None:
    write_units(tmp_path / "u.csv")
    (tmp_path / "factory.toml").write_text('[columns."두께"]\nrole = "quality"\nupper = 20.5\n', "utf-8")

    evidence = {one.name: one.value for one in capability_of(tmp_path).studies[0].evidence}

    assert "pp" not in evidence
    assert evidence["ppk"] == pytest.approx(0.5 / 0.3, rel=0.05)


def test_what_is_not_known_is_asked_for(tmp_path: Path) -> None:
    path = write_units(tmp_path / "u.csv")

    with pytest.raises(WrongArguments, match="It is not clear which column is meant"):
        capability_of(path)
    with pytest.raises(WrongArguments, match="specification of '두께' is not known"):
        capability_of(path, column="두께")
    with pytest.raises(WrongArguments, match="there is no column 'lot'"):
        capability_of(path, column="두께", upper=21.0, by="lot")


def test_command_prints_flow_width(real_data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    path = real_data("spc_textbook") / "montgomery_flow_width.csv"

    status = main(
        [
            "capability",
            str(path),
            "--column",
            "flow_width_micron",
            "--lower",
            "1",
            "--upper",
            "2",
            "--subgroup",
            "5",
            "--json",
        ]
    )

    study = json.loads(capsys.readouterr().out)["studies"][0]
    assert (status, study["kind"]) == (0, "capability")
    assert {one["name"]: round(one["value"], 2) for one in study["evidence"]}["cpk"] == 1.18
