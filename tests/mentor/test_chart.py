"""`jasang chart` end to end: which chart, what it says, what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jasang.cli.main import main
from jasang.errors import WrongArguments
from jasang.mentor.chart import ChartRequest, chart_of


def write(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text(header + "\n" + "\n".join(rows) + "\n", "utf-8")
    return path


@pytest.fixture
def presses(tmp_path: Path) -> Path:
    """Two presses, a value a minute for 300 minutes; P-2 moves by six sigma after 200."""
    generator = np.random.default_rng(2)
    rows = []
    for minute in range(300):
        when = f"2026-03-02 {8 + minute // 60:02d}:{minute % 60:02d}:00"
        rows.append(f"{when},P-1,{generator.normal(100, 2):.2f},{int(generator.random() < 0.05)}")
        rows.append(
            f"{when},P-2,{generator.normal(100 + 12 * (minute >= 200), 2):.2f},{int(generator.random() < 0.05)}"
        )
    return write(tmp_path / "units.csv", "time,machine,thickness_mm,defect", rows)


def by_name(study) -> dict[str, float]:
    return {item.name: item.value for item in study.evidence}


def test_each_machine_gets_its_chart_and_only_the_moved_one_alarms(presses: Path) -> None:
    request = ChartRequest(column="thickness_mm", baseline="2026-03-02T08:00:00..2026-03-02T11:00:00")

    studies = {study.subject.asset: study for study in chart_of(presses, request).studies}

    quiet, moved = by_name(studies["P-1"]), by_name(studies["P-2"])
    assert sorted(studies) == ["P-1", "P-2"]
    assert quiet["alarms"] <= 12
    assert moved["beyond"] >= 95
    assert quiet["run_length"] == pytest.approx(110, rel=0.1)
    assert quiet["run_length_2_sigma"] == pytest.approx(3.134, abs=0.001)
    assert "I-MR" in studies["P-2"].answer.ko
    assert studies["P-2"].charts[0].title.ko.endswith("?")
    assert any(mark.name.en == "baseline" for mark in studies["P-2"].charts[0].marks)
    assert studies["P-2"].tables[0].title.en.startswith("Alarms")
    assert studies["P-2"].actions[0].owner == "engineer"


def test_a_verdict_gets_a_chart_of_shares(presses: Path) -> None:
    studies = chart_of(presses, ChartRequest(column="defect", asset="P-1")).studies

    assert len(studies) == 1
    assert "p" in studies[0].answer.en
    assert by_name(studies[0])["beyond"] == 0


def test_the_command_prints_json_and_writes_a_report(presses: Path, tmp_path: Path, capsys) -> None:
    report = tmp_path / "out.html"

    status = main(
        ["chart", str(presses), "--column", "thickness_mm", "--rules", "1", "--json", "--report", str(report)]
    )

    made = json.loads(capsys.readouterr().out)
    assert status == 0
    assert made["format"] == "jasang.study/1"
    assert {study["kind"] for study in made["studies"]} == {"control_chart"}
    assert "<html" in report.read_text("utf-8")[:500].lower()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"column": "nothing"}, "no column 'nothing'"),
        ({"chart": "pie"}, "no chart 'pie'"),
        ({"rules": "9"}, "numbers from 1 to 8"),
        ({"baseline": "yesterday"}, "expected FROM..TO"),
        ({"baseline": "2020-01-01..2020-01-02"}, "only 0 values"),
        ({"chart": "p"}, "needs the number of units inspected"),
        ({"chart": "deviation"}, "needs the part of each value"),
    ],
)
def test_what_cannot_be_charted_is_refused_in_words(presses: Path, changed: dict[str, str], message: str) -> None:
    asked = {"column": "thickness_mm", **changed}

    with pytest.raises(WrongArguments, match=message):
        chart_of(presses, ChartRequest(**asked))


def test_flow_width_is_charted_by_its_own_subgroups(real_data: Callable[[str], Path]) -> None:
    path = real_data("spc_textbook") / "montgomery_flow_width.csv"

    study = chart_of(path, ChartRequest(column="flow_width_micron")).studies[0]

    figures = by_name(study)
    assert "X̄-R" in study.answer.en
    assert "'subgroup'" in study.answer.en
    assert (figures["centre"], figures["lower_limit"], figures["upper_limit"]) == pytest.approx(
        (1.5056, 1.31795, 1.69325), abs=2e-4
    )
    assert figures["beyond"] == 0


def test_several_columns_are_charted_together(tmp_path: Path) -> None:
    generator = np.random.default_rng(4)
    first = generator.normal(200, 2, 300)
    second = 0.5 * first + generator.normal(0, 0.3, 300)
    second[250:] -= 4.0  # within its own range, but no more what goes with the first
    rows = [
        f"2026-03-02 {8 + m // 60:02d}:{m % 60:02d}:00,{a:.3f},{b:.3f}"
        for m, (a, b) in enumerate(zip(first, second, strict=True))
    ]
    path = write(tmp_path / "units.csv", "time,barrel_temp,mould_temp", rows)

    study = chart_of(
        path, ChartRequest(column="barrel_temp,mould_temp", chart="t2", baseline="..2026-03-02T11:00")
    ).studies[0]

    assert by_name(study)["beyond"] >= 50
    assert study.tables[0].title.en == "Which column stood out most"
    with pytest.raises(WrongArguments, match="two or more columns"):
        chart_of(path, ChartRequest(column="barrel_temp", chart="mewma"))


def test_stops_in_the_log_stand_on_the_chart(tmp_path: Path) -> None:
    folder = tmp_path / "factory"
    folder.mkdir()
    generator = np.random.default_rng(3)
    write(
        folder / "units.csv",
        "time,machine,weight_g",
        [f"2026-03-02 {8 + m // 60:02d}:{m % 60:02d}:00,M-1,{generator.normal(50, 1):.3f}" for m in range(240)],
    )
    write(
        folder / "states.csv",
        "start,end,machine,state",
        [
            "2026-03-02 08:00:00,2026-03-02 09:10:00,M-1,running",
            "2026-03-02 09:10:00,2026-03-02 09:20:00,M-1,down",
            "2026-03-02 09:20:00,2026-03-02 10:30:00,M-1,running",
            "2026-03-02 10:30:00,2026-03-02 10:45:00,M-1,setup",
            "2026-03-02 10:45:00,2026-03-02 12:00:00,M-1,running",
        ],
    )

    study = chart_of(folder, ChartRequest(column="weight_g")).studies[0]

    marks = [mark for mark in study.charts[0].marks if mark.look == "event"]
    assert [mark.name.en for mark in marks] == ["stop", "set-up"]
    assert marks[0].at == "2026-03-02T00:10:00Z"
