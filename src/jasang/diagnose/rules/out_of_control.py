"""out_of_control: a signal or quality left its usual range for a while, far beyond its own ordinary extremes."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from jasang.analyze.excursions import Episode
from jasang.diagnose.chart import Chart, Line, Mark, thin
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.excursion_survey import OutOfRange, out_of_range, tables
from jasang.diagnose.fault_story import as_datetime, iso, local, number
from jasang.diagnose.finding import Action, Evidence, Finding, Severity, Subject
from jasang.diagnose.rule import Rule
from jasang.plant.factory import Role
from jasang.plant.text import Text

BEYOND_DOUBT = 1e-6
WIDE = 1.0  # widths of the usual range beyond the most extreme ordinary stretch
LONG = 10  # values
MOST_NAMES = 4


def _check(base: EvidenceBase) -> Iterator[Finding]:
    for data in tables(base):
        for one in out_of_range(base, data):
            yield _finding(base, data, one)


def _finding(base: EvidenceBase, data: TableData, one: OutOfRange) -> Finding:
    worst = one.episodes[0]
    since, until = _moments(one, worst)
    return Finding(
        rule="out_of_control",
        severity=Severity.ACT if _beyond_doubt(one, worst) else Severity.WATCH,
        subject=Subject(table=data.table.file, column=one.series.name, asset=one.series.asset),
        text=_text(base, one, worst),
        action=_action(one),
        evidence=_evidence(one, worst),
        since=since,
        until=until,
        strength=float(min(300.0, -np.log10(max(worst.p, 1e-300)))),
        charts=(_chart(one),),
    )


def _beyond_doubt(one: OutOfRange, worst: Episode) -> bool:
    """Out now, far and long, and not because the machine was switched off with all its signals."""
    return (
        one.ongoing(worst)
        and worst.p <= BEYOND_DOUBT
        and worst.beyond >= WIDE
        and worst.last - worst.first + 1 >= LONG
        and not one.company
        and one.series.column.role is not Role.ENERGY
    )


def _moments(one: OutOfRange, episode: Episode) -> tuple[datetime | None, datetime | None]:
    time = one.series.time
    if time is None:
        return None, None
    first, last = time[episode.first], time[episode.last]
    since = None if np.isnat(first) else as_datetime(first)
    return since, None if one.ongoing(episode) or np.isnat(last) else as_datetime(last)


def _evidence(one: OutOfRange, worst: Episode) -> tuple[Evidence, ...]:
    unit = one.series.column.unit
    found = [
        Evidence(name="peak", label=Text(ko="가장 벗어난 값", en="farthest value"), value=worst.peak, unit=unit),
        Evidence(name="usual_low", label=Text(ko="평소 범위 하한", en="usual range from"), value=one.low, unit=unit),
        Evidence(name="usual_high", label=Text(ko="평소 범위 상한", en="usual range to"), value=one.high, unit=unit),
        Evidence(
            name="beyond",
            label=Text(
                ko="평소 극단값에서 더 벗어난 거리(평소 폭의 배수)", en="beyond the ordinary extremes, usual widths"
            ),
            value=worst.beyond,
        ),
        Evidence(
            name="rows", label=Text(ko="벗어난 값의 수", en="values out"), value=float(worst.last - worst.first + 1)
        ),
        Evidence(
            name="further",
            label=Text(ko="이런 구간이 더 있는 수", en="further episodes"),
            value=float(len(one.episodes) - 1),
        ),
        Evidence(
            name="signals",
            label=Text(ko="함께 벗어난 신호 수", en="signals out at the same time"),
            value=float(len(one.company) + 1),
        ),
    ]
    time = one.series.time
    if time is not None and not np.isnat(time[[worst.first, worst.last]]).any():
        hours = float((time[worst.last] - time[worst.first]) / np.timedelta64(1, "h"))
        found.append(Evidence(name="hours", label=Text(ko="벗어난 시간", en="duration"), value=hours, unit="h"))
    return tuple(found)


def _text(base: EvidenceBase, one: OutOfRange, worst: Episode) -> Text:
    since, until = _moments(one, worst)
    name, asset, unit = one.series.name, one.series.asset, one.series.column.unit
    peak = number(worst.peak) + (f" {unit}" if unit else "")
    low, high = number(one.low), number(one.high)
    fell = worst.peak < one.low
    if since is None:
        when = Text(
            ko=f"{worst.first + 1:,}번째부터 {worst.last + 1:,}번째 값까지",
            en=f"from value {worst.first + 1:,} to {worst.last + 1:,}",
        )
    elif until is None:
        when = Text(ko=f"{local(base, since)}부터 지금까지", en=f"since {local(base, since)}")
    elif local(base, since) == local(base, until):  # times to the minute or the day
        values = worst.last - worst.first + 1
        when = Text(
            ko=f"{local(base, since)}에 값 {values:,}개 동안", en=f"for {values:,} values at {local(base, since)}"
        )
    else:
        when = Text(
            ko=f"{local(base, since)}부터 {local(base, until)}까지",
            en=f"from {local(base, since)} to {local(base, until)}",
        )
    ko = f"{when.ko} {f'{asset}의 ' if asset else ''}{name} 값이 평소 범위({low}~{high})를 벗어나 {peak}까지 "
    ko += "떨어졌습니다." if fell else "올랐습니다."
    en = f"{name}{f' on {asset}' if asset else ''} {'fell' if fell else 'rose'} to {peak} {when.en}; "
    en += f"it usually stays within {low} and {high}."
    if one.company:
        names = ", ".join(one.company[:MOST_NAMES])
        more = len(one.company) - MOST_NAMES
        all_ko = f" 등 {len(one.company)}개 신호" if more > 0 else ""
        ko += f" 같은 때에 {names}{all_ko}도 벗어났으니 설비가 멈췄던 것일 수 있습니다."
        en += f" {names}{f' and {more} more' if more > 0 else ''} were out at the same time: the machine may have stopped."
    if len(one.episodes) > 1:
        ko += f" 이런 구간이 {len(one.episodes) - 1}곳 더 있습니다."
        en += f" Further such episodes: {len(one.episodes) - 1}."
    return Text(ko=ko, en=en)


def _action(one: OutOfRange) -> Action:
    if one.series.column.role is Role.QUALITY:
        return Action(
            text=Text(
                ko="그 구간에 만든 것을 따로 두고 다시 재어 보세요. 그때 바뀐 것(원료, 작업자, 조건, 측정기)을 "
                "작업 일지에서 찾으세요.",
                en="Set aside what was made then and measure it again; look in the log for what was different "
                "(material, operator, conditions, gauge).",
            ),
            owner="quality",
        )
    return Action(
        text=Text(
            ko="그 시간의 작업 일지와 정비 기록을 보세요. 계획한 정지면 기록해 두고, 아니면 원인을 찾고 센서도 확인하세요.",
            en="Look at the shift log and repairs of that time: if it was a planned stop, write it down; "
            "if not, look for the reason and check the sensor too.",
        ),
        owner="maintenance",
    )


def _chart(one: OutOfRange) -> Chart:
    series = one.series
    out = np.zeros(series.values.size, dtype=bool)
    for episode in one.episodes:
        out[episode.first : episode.last + 1] = True
    chosen = thin(series.values.size, np.union1d(np.flatnonzero(out), [each.peak_row for each in one.episodes]))
    time = series.time
    timed = time is not None and not np.isnat(time[chosen]).any()
    x: tuple[float | str, ...] = (
        iso(time[chosen]) if timed and time is not None else tuple(float(row) + 1 for row in chosen)
    )
    places = {int(row): place for place, row in enumerate(chosen)}
    marks = [
        Mark(name=Text(ko="평소 하한", en="usual low"), axis="y", at=one.low),
        Mark(name=Text(ko="평소 상한", en="usual high"), axis="y", at=one.high),
    ]
    for episode in one.episodes:
        inside = [place for row, place in places.items() if episode.first <= row <= episode.last]
        if inside:
            marks.append(
                Mark(
                    name=Text(ko="벗어난 구간", en="out of range"),
                    axis="x",
                    at=x[inside[0]],
                    to=x[inside[-1]],
                    look="bad",
                )
            )
    return Chart(
        title=Text(
            ko=f"{series.name}: 언제 평소 범위를 벗어났나?", en=f"{series.name}: when did it leave its usual range?"
        ),
        x_kind="time" if timed else "number",
        x=x,
        lines=(Line(name=Text(ko=series.name, en=series.name), y=tuple(series.values[chosen].tolist()), look="thin"),),
        marks=tuple(marks),
        x_label=None if timed else Text(ko="값 번호", en="value"),
        y_label=Text(ko=series.name, en=series.name),
        y_unit=series.column.unit,
    )


RULE = Rule(name="out_of_control", title=Text(ko="관리 이탈", en="Out of control"), check=_check)
