"""Designed experiments through the command: from the plan over the run sheet to the confirmation run, and textbook results."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jasang.cli.main import main
from jasang.errors import ConfigurationError, JasangError, UnreadableInput, WrongArguments
from jasang.mentor.experiment import (
    analyse_experiment,
    experiment_of_table,
    experiment_power,
    make_experiment,
    take_results,
)
from jasang.mentor.experiment_file import read_experiment
from jasang.mentor.experiment_plan import Outcome, factor_of_word, outcome_of_word, plan_of_parts, read_experiment_plan
from jasang.mentor.experiment_sheet import csv_sheet

PLAN = """
[experiment]
name = "성형 시험"
design = "fractional"
runs = 8
seed = 3
[factors.temp]
low = 180
high = 220
unit = "°C"
[factors.pressure]
low = 5
high = 9
[factors.time]
low = 1
high = 3
[factors.tool]
levels = ["A", "B"]
[outcomes.yield]
goal = "max"
effect = 4
sigma = 1
"""


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """What the command prints with --json."""
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def textbook(real_data: Callable[[str], Path], name: str, columns: str, target: Path) -> Path:
    """The numbers of a Dataplot file as CSV."""
    rows = [columns]
    lines = (real_data("doe_textbook") / "nist" / f"{name}.DAT").read_text("utf-8").splitlines()
    numbers = re.compile(r"\s*[-+\d.]+(\s+[-+\d.]+)+\s*")
    rows += [",".join(line.split()) for line in lines if numbers.fullmatch(line)]
    target.write_text("\n".join(rows) + "\n", "utf-8")
    return target


def effects(document: Any, place: int = 0) -> dict[str, float]:
    """The effects of an outcome by term."""
    return {one["term"]: one["effect"] for one in document["outcomes"][place]["terms"]}


def test_plan_writes_the_experiment_and_its_sheets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "plan.toml"
    source.write_text(PLAN, "utf-8")
    out = tmp_path / "trial.json"
    document = told(capsys, "experiment", "plan", str(source), "--out", str(out))
    assert document["format"] == "jasang.experiment/1"
    assert document["aliases"]["resolution"] == 4
    assert ["AB", "CD"] in document["aliases"]["chains"]
    assert [part["terms"][0]["df"] for part in document["power"]] == [3]
    assert {path.name for path in tmp_path.iterdir()} == {
        "plan.toml",
        "trial.json",
        "trial.csv",
        "trial.xlsx",
        "trial.html",
    }
    with (tmp_path / "trial.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["run"]) for row in rows] == list(range(1, 9))
    assert {row["tool"] for row in rows} == {"A", "B"}
    assert main(["experiment", "plan", str(source), "--out", str(out)]) == 2  # nothing is overwritten unasked


def test_results_of_the_sheet_in_text_and_in_excel_tell_the_same(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    source = tmp_path / "plan.toml"
    source.write_text(PLAN, "utf-8")
    assert main(["experiment", "plan", str(source), "--out", str(tmp_path / "trial.json"), "--lang", "ko"]) == 0
    experiment = read_experiment(tmp_path / "trial.json")
    values = [90.0 + 3.0 * (run.settings["tool"] == "B") + 0.1 * run.order for run in experiment.sheet.runs]
    book = load_workbook(tmp_path / "trial.xlsx")
    sheet = book.active
    heads = [cell.value for cell in sheet[1]]
    assert heads == ["시험", "temp (°C)", "pressure", "time", "tool", "yield", "실패", "비고"]
    for row, value in enumerate(values, start=2):
        sheet.cell(row, 6, value)
    book.save(tmp_path / "filled.xlsx")
    lines = csv_sheet(experiment).splitlines()
    filled = [lines[0]] + [
        line.removesuffix(",,,") + f",{value},," for line, value in zip(lines[1:], values, strict=True)
    ]
    (tmp_path / "filled.csv").write_text("\n".join(filled), "utf-8")
    one, noticed = take_results(experiment, tmp_path / "filled.xlsx")
    other, _ = take_results(experiment, tmp_path / "filled.csv")
    assert noticed == ()
    assert one.told == 8
    assert one.results == other.results == {"yield": tuple(values)}


def test_a_setting_that_was_not_as_planned_counts_as_it_was(tmp_path: Path) -> None:
    plan = plan_of_parts(
        "p", {"name": "p", "design": "full"}, {"a": {"low": 0, "high": 10}, "b": {"low": 0, "high": 1}}, {"y": {}}
    )
    experiment = make_experiment(plan)
    lines = csv_sheet(experiment).splitlines()
    filled = [lines[0]]
    for run, line in zip(experiment.sheet.runs, lines[1:], strict=True):
        cells = line.split(",")
        cells[1] = "5" if run.order == 2 else cells[1]
        cells[3] = str(3 * float(cells[1]) + 100 * float(cells[2]) + run.order)
        filled.append(",".join(cells))
    (tmp_path / "s.csv").write_text("\n".join(filled), "utf-8")
    taken, noticed = take_results(experiment, tmp_path / "s.csv")
    assert noticed == ("3: a = 5.0",)
    y = taken.standard_results("y")
    for run in taken.sheet.runs:
        expected = 3 * float(run.settings["a"]) + 100 * float(run.settings["b"])
        assert 0 <= y[run.standard] - expected <= 3


def test_pilot_plant_through_the_command(
    real_data: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = textbook(real_data, "BOXPILOT", "yield,temp,conc,cat", tmp_path / "pilot.csv")
    document = told(capsys, "experiment", "analyse", str(table), "--outcome", "yield:max")
    found = effects(document)
    assert document["outcomes"][0]["terms"][0]["coefficients"] == [pytest.approx(64.25)]
    assert {name: found[name] for name in ("temp", "conc", "cat", "temp × cat")} == pytest.approx(
        {"temp": 23.0, "conc": -5.0, "cat": 1.5, "temp × cat": 10.0}
    )
    assert document["outcomes"][0]["model"] == ["mean", "temp", "cat", "temp × cat"]


def test_reactor_through_the_command(
    real_data: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = textbook(real_data, "BOXREACTOR_5_32", "y,feed,cat,agit,temp,conc", tmp_path / "reactor.csv")
    document = told(capsys, "experiment", "analyse", str(table), "--outcome", "y:max")
    found = effects(document)
    clear = {one["term"] for one in document["outcomes"][0]["terms"] if one["p"] < 0.01} - {"mean"}
    assert clear == {"cat", "temp", "conc", "cat × temp", "temp × conc"}
    assert {name: found[name] for name in clear} == pytest.approx(
        {"cat": 19.5, "temp": 10.75, "conc": -6.25, "cat × temp": 13.25, "temp × conc": -11.0}
    )


def test_filtration_through_the_command(
    real_data: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = "a,b,c,d,e,f,g"
    table = textbook(real_data, "BOXFILT", f"y,{names}", tmp_path / "filt.csv")
    found = effects(told(capsys, "experiment", "analyse", str(table), "--outcome", "y:min"))
    assert [round(found[name], 1) for name in names.split(",")] == [-10.9, -2.8, -16.6, 3.2, -22.8, -3.4, 0.5]


def test_yield_through_the_command_is_a_ridge(
    real_data: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = textbook(real_data, "BOXYIEL3", "y,time,temp", tmp_path / "yield.csv")
    words = ("experiment", "analyse", str(table), "--outcome", "y:max", "--model", "quadratic")
    document = told(capsys, *words, "--factor", "time=-1:1", "--factor", "temp=-1:1")
    terms = {one["term"]: one["coefficients"][0] for one in document["outcomes"][0]["terms"]}
    expected = {"mean": 87.38, "time": -1.38, "temp": 0.36, "time²": -2.14, "temp²": -3.09, "time × temp": -4.88}
    assert terms == pytest.approx(expected, abs=0.006)
    shape = document["outcomes"][0]["surface"]
    assert (shape["shape"], shape["inside"]) == ("ridge", False)
    assert shape["stationary_coded"] == pytest.approx([-3.7, 3.0], abs=0.1)
    assert shape["eigenvalues"] == pytest.approx([-5.10, -0.14], abs=0.01)
    assert "능선" in document["studies"][0]["answer"]["ko"]
    again = told(capsys, *words)  # the five settings tell themselves where low and high are
    assert effects(again) == pytest.approx(effects(document))


def test_confirmation_run_is_judged_by_its_prediction_interval() -> None:
    plan = plan_of_parts(
        "p", {"name": "p", "design": "central-composite", "seed": 5},
        {"a": {"low": -1, "high": 1}, "b": {"low": -1, "high": 1}}, {"y": {"goal": "max"}},
    )  # fmt: skip
    experiment = make_experiment(plan)
    rng = np.random.default_rng(0)
    truth = lambda a, b: 50 - 4 * (a - 0.4) ** 2 - 6 * (b + 0.3) ** 2  # noqa: E731
    for run in experiment.sheet.runs:
        value = truth(float(run.settings["a"]), float(run.settings["b"])) + 0.2 * rng.normal()
        experiment = experiment.with_result(run.order, {"y": value})
    analysis = analyse_experiment(experiment, confirmations={"y": [49.9]})
    assert analysis.optimum is not None
    assert analysis.optimum.settings == pytest.approx({"a": 0.4, "b": -0.3}, abs=0.1)
    assert analysis.outcomes[0].confirmation is not None
    assert analysis.outcomes[0].confirmation.confirmed
    wrong = analyse_experiment(experiment, confirmations={"y": [44.0]}).outcomes[0].confirmation
    assert wrong is not None
    assert not wrong.confirmed
    assert wrong.high < 52


@pytest.mark.parametrize(
    ("design", "more", "runs", "name"),
    [
        ("full", {"centre": 0}, 8, "full_factorial"),
        ("fractional", {"resolution": 3}, 4, "fractional_factorial"),
        ("plackett-burman", {}, 4, "plackett_burman"),
        ("central-composite", {"centre": 4}, 18, "central_composite"),
        ("box-behnken", {}, 15, "box_behnken"),
        ("definitive-screening", {}, 13, "definitive_screening"),
        ("d-optimal", {"runs": 12, "model": "quadratic"}, 12, "d_optimal"),
        ("i-optimal", {"runs": 12, "model": "interactions"}, 12, "i_optimal"),
        ("full", {"blocks": 2, "repeats": 2}, 16, "full_factorial"),
    ],
)
def test_every_design_is_made_and_its_power_told(design: str, more: dict[str, Any], runs: int, name: str) -> None:
    factors = {one: {"low": 0.0, "high": 1.0} for one in ("a", "b", "c")}
    experiment = make_experiment(plan_of_parts("p", {"name": "p", "design": design, **more}, factors, {"y": {}}))
    assert (experiment.design.runs, experiment.design.name) == (runs, name)
    assert (experiment.design.blocks is not None) == ("blocks" in more)
    (told,) = experiment_power(experiment)
    assert told.assumed
    assert told.effect == 2.0
    assert all(np.isnan(one.power) or 0 < one.power <= 1 for one in told.terms)


def test_constraints_and_hard_settings_are_kept() -> None:
    plan = plan_of_parts(
        "p", {"name": "p", "design": "d-optimal", "runs": 14},
        {"heat": {"low": 180, "high": 220, "hard_to_change": True}, "speed": {"low": 10, "high": 50}}, {"y": {}},
        [{"weights": {"heat": 1.0, "speed": 2.0}, "limit": 300.0}],
    )  # fmt: skip
    sheet = make_experiment(plan).sheet
    assert all(float(run.settings["heat"]) + 2 * float(run.settings["speed"]) <= 300.0 + 1e-6 for run in sheet.runs)
    plots = {run.whole_plot: set() for run in sheet.runs}
    for run in sheet.runs:
        plots[run.whole_plot].add(run.settings["heat"])
    assert len(plots) > 2
    assert all(len(heats) == 1 for heats in plots.values())


def test_power_command_says_how_often(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("experiment", "power", "--factor", "a=0:1", "--factor", "b=0:1", "--design", "full")
    weak = told(capsys, *words, "--effect", "1", "--sigma", "1", "--outcome", "y")
    assert weak["power"][0]["assumed"] is False
    again = told(
        capsys, *words, "--effect", "1", "--sigma", "1", "--outcome", "y", "--repeats", str(weak["repeats_for_wanted"])
    )
    assert again["power"][0]["terms"][0]["power"] >= 0.8


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="low < high"):
        plan_of_parts("p", {"name": "p"}, {"a": {"low": 3, "high": 1}}, {})
    bad = tmp_path / "p.toml"
    bad.write_text("[experiment]\ndesing = 'full'\n[factors.a]\nlow=0\nhigh=1\n", "utf-8")
    with pytest.raises(ConfigurationError, match=r"experiment\.desing is not a known key"):
        read_experiment_plan(bad)
    with pytest.raises(WrongArguments, match="NAME=LOW:HIGH"):
        factor_of_word("a=1")
    assert outcome_of_word("y:5:4:6") == Outcome(name="y", goal="target", target=5.0, low=4.0, high=6.0)
    with pytest.raises(WrongArguments, match="Box-Behnken"):
        make_experiment(plan_of_parts("p", {"name": "p", "design": "box-behnken"}, {"a": {"low": 0, "high": 1}}, {}))
    mixture = {name: {"low": 0, "high": 1} for name in ("a", "b")}
    whole = [{"weights": {"a": w, "b": w}, "limit": w} for w in (1.0, -1.0)]
    with pytest.raises(WrongArguments, match="leave one of them out"):
        make_experiment(plan_of_parts("p", {"name": "p", "design": "d-optimal", "runs": 6}, mixture, {}, whole))
    table = tmp_path / "t.csv"
    table.write_text("a,y\n0,1\n1,x\n0,2\n1,3\n", "utf-8")
    with pytest.raises(UnreadableInput, match=r"row 3, column 'y' is 'x'; expected a number"):
        experiment_of_table(table, [Outcome(name="y")])
    table.write_text("a,y\n0,1\n1,1\n0,1\n1,1\n", "utf-8")
    with pytest.raises(JasangError, match="no difference to explain"):
        analyse_experiment(experiment_of_table(table, [Outcome(name="y")]))


def test_report_holds_the_charts(tmp_path: Path, real_data: Callable[[str], Path]) -> None:
    table = textbook(real_data, "BOXPILOT", "yield,temp,conc,cat", tmp_path / "pilot.csv")
    report = tmp_path / "r.html"
    assert main(["experiment", "analyse", str(table), "--outcome", "yield:max", "--report", str(report)]) == 0
    page = report.read_text("utf-8")
    assert page.count("class='jasang-chart'") + page.count('class="jasang-chart"') >= 3


def test_the_difference_between_blocks_is_taken_out() -> None:
    plan = plan_of_parts(
        "p", {"name": "p", "design": "full", "blocks": 2}, {one: {"low": -1, "high": 1} for one in "abcd"}, {"y": {}}
    )
    experiment = make_experiment(plan)
    rng = np.random.default_rng(1)
    for run in experiment.sheet.runs:
        value = 3.0 * float(run.settings["a"]) + 50.0 * (run.block or 0) + 0.3 * rng.normal()
        experiment = experiment.with_result(run.order, {"y": value})
    (told,) = analyse_experiment(experiment).outcomes
    assert told.fit.sigma < 1.0
    assert told.told.result(0).effect == pytest.approx(6.0, abs=0.6)
