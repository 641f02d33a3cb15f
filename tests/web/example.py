"""A factory's diagnosis as the pages get it, without reading files: one finding of each sort of chart."""

import math
import random
from datetime import UTC, datetime, timedelta

from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.finding import Action, Cause, Check, Evidence, Finding, Severity, Subject, Worth
from jasang.mentor.diagnose import Diagnosis, TableSummary
from jasang.mentor.factory_data import Notice
from jasang.plant.factory import Factory
from jasang.plant.text import Text

START = datetime(2026, 3, 20, 0, 0, tzinfo=UTC)
TABLE = "units.csv"


def control_chart(points: int = 600) -> Chart:
    """A level that rises by 3 in the last third, with limits, a moment and a band."""
    random.seed(7)
    times = [START + timedelta(minutes=10 * place) for place in range(points)]
    values = [
        235 + math.sin(place / 9) + random.gauss(0, 0.7) + (3 if place > points * 2 / 3 else 0)
        for place in range(points)
    ]
    out = [value if value > 238.4 else None for value in values]
    return Chart(
        title=Text(ko="주조 압력이 언제부터 달라졌나?", en="Since when has the casting pressure been different?"),
        x_kind="time",
        x=tuple(moment.isoformat() for moment in times),
        lines=(
            Line(name=Text(ko="주조 압력", en="casting pressure"), y=tuple(values)),
            Line(name=Text(ko="한계를 벗어남", en="outside the limits"), y=tuple(out), look="points"),
        ),
        marks=(
            Mark(name=Text(ko="관리 한계", en="control limits"), axis="y", at=231.7),
            Mark(name=Text(ko="관리 한계", en="control limits"), axis="y", at=238.4),
            Mark(name=Text(ko="중심선", en="centre line"), axis="y", at=235.0, look="centre"),
            Mark(name=Text(ko="규격 상한", en="upper specification"), axis="y", at=260.0, look="specification"),
            Mark(name=Text(ko="바뀐 때", en="change"), axis="x", at=times[points * 2 // 3].isoformat(), look="event"),
        ),
        y_label=Text(ko="주조 압력", en="casting pressure"),
        y_unit="bar",
    )


def pareto_chart() -> Chart:
    """Reasons of stops with their cumulative share."""
    names = ("금형 교환", "자재 대기", "노즐 막힘", "온도 이상", "로봇 정지", "작업자 휴식", "청소", "기타")
    hours = (41.0, 30.5, 22.0, 11.2, 8.4, 5.0, 3.2, 1.5)
    total = sum(hours)
    share = tuple(100 * sum(hours[: place + 1]) / total for place in range(len(hours)))
    return Chart(
        title=Text(ko="어떤 이유로 가장 오래 멈췄나?", en="Which reason stopped the machine longest?"),
        x_kind="category",
        x=names,
        lines=(
            Line(name=Text(ko="정지 시간", en="time stopped"), y=hours, look="bars"),
            Line(name=Text(ko="누적", en="cumulative"), y=share, look="cumulative"),
        ),
        y_label=Text(ko="정지 시간", en="time stopped"),
        y_unit="h",
    )


def histogram() -> Chart:
    """A distribution with specification limits and the good window."""
    edges = [190 + place for place in range(25)]
    counts = tuple(round(900 * math.exp(-(((edge - 200) / 5) ** 2))) * 1.0 for edge in edges)
    return Chart(
        title=Text(ko="두께가 규격 어디에 있나?", en="Where does the thickness lie in its specification?"),
        x_kind="number",
        x=tuple(float(edge) for edge in edges),
        lines=(Line(name=Text(ko="개수", en="count"), y=counts, look="bars"),),
        marks=(
            Mark(name=Text(ko="규격 하한", en="lower specification"), axis="x", at=192.0, look="specification"),
            Mark(name=Text(ko="규격 상한", en="upper specification"), axis="x", at=212.0, look="specification"),
            Mark(name=Text(ko="좋은 구간", en="good window"), axis="x", at=196.0, to=204.0, look="good"),
        ),
        x_label=Text(ko="두께 (mm)", en="thickness (mm)"),
        y_label=Text(ko="개수", en="count"),
    )


def findings() -> tuple[Finding, ...]:
    """Three findings, one of each severity, ranked."""
    shift = Finding(
        rule="mean_shift",
        severity=Severity.ACT,
        subject=Subject(table=TABLE, column="cast_pressure", asset="INJ-01", product="CN7 좌"),
        text=Text(
            ko="INJ-01의 주조 압력이 3월 24일부터 3.2 bar 높아졌고, 그 뒤로 불량이 늘었습니다.",
            en="The casting pressure of INJ-01 rose by 3.2 bar on 24 March, and defects have risen since.",
        ),
        action=Action(
            text=Text(
                ko="3월 24일 앞뒤의 압력 설정과 금형 교체 기록을 비교하세요.",
                en="Compare settings and mould changes around 24 March.",
            ),
            owner="engineer",
        ),
        evidence=(
            Evidence(
                name="shift",
                label=Text(ko="달라진 크기", en="size of the shift"),
                value=3.2,
                low=2.9,
                high=3.5,
                unit="bar",
            ),
            Evidence(
                name="defect_rate",
                label=Text(ko="그 뒤 불량률", en="defect rate since"),
                value=0.046,
                low=0.04,
                high=0.052,
                unit="share",
            ),
            Evidence(name="rows", label=Text(ko="본 행 수", en="rows looked at"), value=12000, unit="rows"),
        ),
        since=START + timedelta(days=2, hours=18),
        causes=(
            Cause(column="supplier", level="S3", effect=0.021, low=0.015, high=0.027),
            Cause(
                column="mold_temperature", direction="down", window=(180.0, 195.0), effect=0.012, low=0.008, high=0.016
            ),
        ),
        worth=Worth(
            amount=18_400_000,
            low=12_100_000,
            high=25_000_000,
            basis=Text(ko="한 해 불량 15,300개 × 1,200원", en="15,300 defects a year × ₩1,200"),
        ),
        check=Check(metric="defect_rate", expected=-0.012, days=14),
        strength=40.0,
        charts=(control_chart(), histogram()),
    )
    stops = Finding(
        rule="downtime",
        severity=Severity.WATCH,
        subject=Subject(table=TABLE, column="reason", asset="INJ-01"),
        text=Text(
            ko="금형 교환과 자재 대기가 정지 시간의 58 %입니다.",
            en="Mould changes and waiting for material make 58 % of all stops.",
        ),
        action=Action(
            text=Text(ko="금형 교환을 미리 준비하세요.", en="Prepare mould changes while the machine runs."),
            owner="operator",
        ),
        evidence=(Evidence(name="stopped", label=Text(ko="정지 시간", en="time stopped"), value=122.8, unit="h"),),
        strength=12.0,
        charts=(pareto_chart(),),
    )
    copies = Finding(
        rule="duplicate_rows",
        severity=Severity.NOTE,
        subject=Subject(table=TABLE),
        text=Text(ko="같은 행이 2,764개 있습니다.", en="2,764 rows are copies of another row."),
        action=Action(
            text=Text(ko="수집 프로그램이 두 번 쓰는지 보세요.", en="See whether the logger writes twice."),
            owner="maintenance",
        ),
        evidence=(Evidence(name="copies", label=Text(ko="겹친 행", en="copies"), value=2764, unit="rows"),),
        strength=3.0,
    )
    return shift, stops, copies


def diagnosis(found: tuple[Finding, ...] | None = None) -> Diagnosis:
    """A whole diagnosis of one table."""
    return Diagnosis(
        factory=Factory(name="대한정밀"),
        tables=(
            TableSummary(file=TABLE, kind="units", rows=12000, first=START, last=START + timedelta(days=4), columns=()),
        ),
        notices=(
            Notice(
                file=TABLE,
                rows=12,
                text=Text(ko="날짜가 없는 행을 남겨 두었습니다", en="rows without a date were kept"),
            ),
        ),
        skipped=(),
        findings=findings() if found is None else found,
    )
