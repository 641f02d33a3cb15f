"""The JSON of a finding is exactly what docs/findings-json.md promises."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.finding import Action, Cause, Check, Evidence, Finding, Severity, Subject, Worth
from jasang.mentor.findings_json import chart_json, finding_json
from jasang.plant.text import Text

SEOUL = ZoneInfo("Asia/Seoul")


def both(words: str) -> Text:
    return Text(ko=f"{words}.ko", en=f"{words}.en")


def finding() -> Finding:
    return Finding(
        rule="mean_shift",
        severity=Severity.ACT,
        subject=Subject(table="units.csv", column="cast_pressure", asset="INJ-01"),
        text=both("text"),
        action=Action(text=both("action"), owner="operator"),
        evidence=(
            Evidence(name="shift", label=both("shift"), value=3.2, low=2.9, high=float("nan"), unit="bar"),
            Evidence(name="rows", label=both("rows"), value=12.0),
        ),
        since=datetime(2026, 3, 24, 5, 24, 52, tzinfo=UTC),
        causes=(Cause(column="supplier", level="S3", effect=0.021, low=0.015, high=0.027),),
        worth=Worth(amount=18_400_000.0, low=12_100_000.0, high=25_000_000.0, basis=both("basis")),
        check=Check(metric="defect_rate", expected=-0.012, days=14),
    )


def test_finding_has_the_shape_of_the_format() -> None:
    assert finding_json(finding(), SEOUL) == {
        "id": "mean_shift-6ee8b567",
        "rule": "mean_shift",
        "severity": "act",
        "subject": {"table": "units.csv", "column": "cast_pressure", "asset": "INJ-01", "product": None},
        "since": "2026-03-24T14:24:52+09:00",
        "until": None,
        "evidence": [
            {
                "name": "shift",
                "value": 3.2,
                "low": 2.9,
                "high": None,
                "unit": "bar",
                "label": {"ko": "shift.ko", "en": "shift.en"},
            },
            {
                "name": "rows",
                "value": 12,
                "low": None,
                "high": None,
                "unit": None,
                "label": {"ko": "rows.ko", "en": "rows.en"},
            },
        ],
        "causes": [
            {
                "column": "supplier",
                "level": "S3",
                "direction": None,
                "window": None,
                "effect": 0.021,
                "low": 0.015,
                "high": 0.027,
            }
        ],
        "worth": {
            "amount": 18400000,
            "low": 12100000,
            "high": 25000000,
            "currency": "KRW",
            "per": "year",
            "basis": "basis.en",
            "basis_text": {"ko": "basis.ko", "en": "basis.en"},
        },
        "action": {"ko": "action.ko", "en": "action.en", "owner": "operator"},
        "check": {"metric": "defect_rate", "expected": -0.012, "days": 14},
        "text": {"ko": "text.ko", "en": "text.en"},
    }


def test_chart_keeps_gaps_as_null() -> None:
    chart = Chart(
        title=both("question"),
        x_kind="number",
        x=(1.0, 2.5),
        lines=(Line(name=both("line"), y=(None, float("inf"))),),
        marks=(Mark(name=both("limit"), axis="y", at=3.0),),
    )

    drawn = chart_json(chart)

    assert drawn["x"] == [1, 2.5]
    assert drawn["lines"] == [
        {"name": {"ko": "line.ko", "en": "line.en"}, "y": [None, None], "look": "line", "base": None}
    ]
    assert drawn["marks"] == [
        {"name": {"ko": "limit.ko", "en": "limit.en"}, "axis": "y", "at": 3, "to": None, "look": "limit"}
    ]
