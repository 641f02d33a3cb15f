"""Whole folders as small factories hand them over: what is planted in them is found, from the file to the finding."""

import datetime as dt
from pathlib import Path

import numpy as np
import openpyxl

from jasang.mentor.diagnose import Diagnosis, diagnose
from jasang.plant.factory import Kind


def loud(diagnosis: Diagnosis) -> list[tuple[str, str | None, str | None]]:
    return [
        (finding.rule, finding.subject.column, finding.subject.asset)
        for finding in diagnosis.findings
        if finding.severity == "act"
    ]


def test_diary_of_stops_names_the_machine_and_its_reason(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.append(["설비 비가동 일지"])
    sheet.append(["No", "일자", "설비", "정지시각", "재가동시각", "정지시간(분)", "사유"])
    for day in range(40):
        for machine in ("CNC-1", "CNC-2", "CNC-3"):
            worn = machine == "CNC-2"
            for _ in range(int(generator.poisson(4 if worn else 2))):
                minutes = int(generator.exponential(45 if worn else 10)) + 1
                start = dt.datetime(2026, 1, 5, 8) + dt.timedelta(days=day, minutes=int(generator.integers(0, 600)))
                end = start + dt.timedelta(minutes=minutes)
                reason = (
                    "척 유압 이상"
                    if worn and generator.random() < 0.7
                    else str(generator.choice(["셋업", "알람", "작업자 부재"]))
                )
                sheet.append([sheet.max_row, start.date(), machine, start.time(), end.time(), minutes, reason])
    made.save(tmp_path / "비가동일지.xlsx")

    diagnosis = diagnose(tmp_path)

    assert diagnosis.tables[0].kind == Kind.STATES
    assert loud(diagnosis)[0] == ("downtime", "사유", "CNC-2")
    assert "척 유압 이상" in diagnosis.findings[0].text.ko


def test_log_with_a_state_that_never_changes_is_read_as_signals(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    level = 1.8 + np.maximum(0, np.arange(6000) - 4000) * 0.0005 + generator.normal(0, 0.1, 6000)
    start = dt.datetime(2026, 3, 1)
    rows = [
        f"{start + dt.timedelta(minutes=5 * i)},{85 + (i % 7) / 10},{value:.3f},가동" for i, value in enumerate(level)
    ]
    (tmp_path / "로그.csv").write_text("\n".join(["시간,온도[℃],진동[mm/s],설비상태", *rows]), "utf-8")

    diagnosis = diagnose(tmp_path)

    assert diagnosis.tables[0].kind == Kind.SIGNALS
    assert loud(diagnosis) == [("drift", "진동[mm/s]", None)]


def test_table_that_no_rule_looks_at_is_said_to_be_undiagnosed(tmp_path: Path) -> None:
    rows = [f"P-{number},{name}" for number, name in enumerate("가나다라마바사")]
    (tmp_path / "품목.csv").write_text("\n".join(["품번,품명", *rows]), "utf-8")

    diagnosis = diagnose(tmp_path)

    assert (diagnosis.tables[0].kind, diagnosis.findings) == (Kind.OTHER, ())
    assert diagnosis.notices[-1].text.en.startswith("this table was not diagnosed")
