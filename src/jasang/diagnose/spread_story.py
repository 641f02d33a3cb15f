"""Spread that grew, and one machine that scatters more than its sisters: what `excess_spread` says without a specification."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import stats

from jasang.analyze.change_points import FEWEST_BLOCKS, MOST_BLOCKS, Change, plain_detector
from jasang.analyze.spread import log_spreads
from jasang.diagnose.changes import FAMILY_ERROR, WATCH_ERROR
from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import as_datetime, local
from jasang.diagnose.finding import Action, Check, Evidence, Finding, Severity, Subject
from jasang.diagnose.series import Series, series_of
from jasang.plant.factory import Column, Kind, Role
from jasang.plant.text import Text

GREW = np.log(1.4)  # of the standard deviation: what a foreman sees on the chart
FAR_GROWTH = np.log(2.0)
SISTERS_AGREE = np.log(1.35)
ABOVE_SISTERS = np.log(1.8)
SURELY_ABOVE = np.log(1.4)
MOST_BEEN_THERE = 0.1
SHORTEST_PAST = 0.15  # of the record


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadCourse:
    """Logarithm of the spread of one series by blocks, `moments` (datetime64, `None` without times) of their first values."""

    column: Column
    asset: str | None
    logs: np.ndarray
    moments: np.ndarray | None
    first_rows: np.ndarray
    change: Change


def spread_findings(base: EvidenceBase) -> Iterator[Finding]:
    """Findings of grown spread and of machines above their sisters, over all tables."""
    tables = base.of_kind(Kind.UNITS, Kind.SIGNALS)
    surveys = [(data, data.once("spread_courses", partial(_survey, base, data))) for data in tables]
    tried = sum(len(courses) for _, courses in surveys)
    for data, courses in surveys:
        grown: set[str] = set()
        for course in courses:
            severity = _grew(course, tried)
            if severity is not None:
                grown.add(course.column.name)
                yield _growth_finding(base, data, course, severity, tried)
        for name in dict.fromkeys(course.column.name for course in courses):
            if name not in grown:
                yield from _above_sisters(data, [course for course in courses if course.column.name == name], tried)


def _survey(base: EvidenceBase, data: TableData) -> tuple[SpreadCourse, ...]:
    found = []
    for series in series_of(base, data, roles=(Role.SENSOR, Role.QUALITY), fewest=8 * FEWEST_BLOCKS):
        made = log_spreads(_standardised(series), most=MOST_BLOCKS)
        if made is None or made[0].size < FEWEST_BLOCKS:
            continue
        logs, rows = made
        found.append(
            SpreadCourse(
                column=series.column,
                asset=series.asset,
                logs=logs,
                moments=None if series.time is None else series.time[rows],
                first_rows=rows,
                change=plain_detector(logs.size).find(logs[None, :])[0],
            )
        )
    return tuple(found)


def _standardised(series: Series) -> np.ndarray:
    """Values around the median of their product, scaled to the typical spread: products may scatter differently."""
    if np.unique(series.product).size < 2:
        return series.values
    adjusted = series.values.copy()
    spreads = {}
    for code in np.unique(series.product):
        own = series.product == code
        adjusted[own] -= np.median(adjusted[own])
        spreads[int(code)] = float(np.median(np.abs(adjusted[own])))
    typical = float(np.median([spread for spread in spreads.values() if spread > 0] or [1.0]))
    for code, spread in spreads.items():
        if spread > 0:
            adjusted[series.product == code] *= typical / spread
    return adjusted


def _grew(course: SpreadCourse, tried: int) -> Severity | None:
    change = course.change
    p = min(1.0, change.p_with_home * max(1, tried))
    # A machine that starts up scatters less for a while; that is no past to compare with.
    if p > WATCH_ERROR or change.size < GREW or change.start < SHORTEST_PAST * course.logs.size:
        return None
    before = course.logs[change.fitted <= 0.25 * change.size]
    been_there = float(np.mean(before - before.mean() >= 0.75 * change.size)) if before.size else 1.0
    if course.column.role is Role.SENSOR and (change.size < FAR_GROWTH or p > 0.1 * FAMILY_ERROR):
        return Severity.WATCH  # a sensor's scatter follows what the machine makes; a quality's has no such excuse
    passing = change.kind == "excursion" or change.wanders or been_there > MOST_BEEN_THERE
    return Severity.WATCH if passing or p > FAMILY_ERROR else Severity.ACT


def _growth_finding(
    base: EvidenceBase, data: TableData, course: SpreadCourse, severity: Severity, tried: int
) -> Finding:
    change, column = course.change, course.column
    before = float(np.exp(np.mean(course.logs[change.fitted <= 0.25 * change.size])))
    place = min(int(change.start), course.first_rows.size - 1)
    since = None
    if course.moments is not None and not np.isnat(course.moments[place]):
        since = as_datetime(course.moments[place])
    factor = float(np.exp(change.size))
    where_ko, where_en = (f"{course.asset}의 ", f" on {course.asset}") if course.asset else ("", "")
    when_ko = f"{local(base, since)}부터 " if since else f"{int(course.first_rows[place]) + 1:,}번째 값부터 "
    when_en = f"Since {local(base, since)}" if since else f"From value {int(course.first_rows[place]) + 1:,} on"
    return Finding(
        rule="excess_spread",
        severity=severity,
        subject=Subject(table=data.table.file, column=column.name, asset=course.asset),
        text=Text(
            ko=f"{when_ko}{where_ko}{column.name} 산포가 {factor:.1f}배로 커졌습니다.",
            en=f"{when_en}, the spread of {column.name}{where_en} has grown {factor:.1f} times.",
        ),
        action=_look_for_play(),
        evidence=(
            Evidence(
                name="spread_ratio",
                label=Text(ko="산포 배율", en="spread now over spread before"),
                value=factor,
                low=float(np.exp(change.low)),
                high=float(np.exp(change.high)),
            ),
            Evidence(
                name="sigma_before", label=Text(ko="이전 표준편차", en="spread before"), value=before, unit=column.unit
            ),
        ),
        since=since,
        check=Check(metric=f"{column.name}_sigma", expected=-before * (factor - 1.0), days=14),
        strength=float(min(300.0, -np.log10(max(1e-300, min(1.0, change.p_with_home * tried))))),
        charts=(
            _chart(
                course, Text(ko=f"{column.name}: 산포가 언제 커졌나?", en=f"{column.name}: when did the spread grow?")
            ),
        ),
    )


def _look_for_play() -> Action:
    return Action(
        text=Text(
            ko="설비의 유격·풀림·마모와 측정기의 반복성을 먼저 확인하고, 원료가 고르지 않은지 보세요.",
            en="Look for play, loose parts and wear, check the repeatability of the gauge, then the evenness of the material.",
        ),
        owner="maintenance",
    )


def _above_sisters(data: TableData, courses: list[SpreadCourse], tried: int) -> Iterator[Finding]:
    if len(courses) < 3:
        return
    levels = np.array([float(np.mean(course.logs)) for course in courses])
    worst = int(np.argmax(levels))
    others = np.delete(levels, worst)
    if np.ptp(others) > SISTERS_AGREE:
        return
    gap = float(levels[worst] - np.median(others))
    errors = np.array([_error_of_mean(course.logs) for course in courses])
    error = float(np.hypot(errors[worst], np.median(np.delete(errors, worst))))
    freedom = 12
    reach = float(stats.t.ppf(0.975, freedom)) * error
    sure = float(stats.t.ppf(1.0 - FAMILY_ERROR / max(1, tried), freedom)) * error
    if gap < GREW or gap - sure < 0.5 * GREW:
        return
    act = gap >= ABOVE_SISTERS and gap - sure >= SURELY_ABOVE and courses[worst].column.role is Role.QUALITY
    course, column = courses[worst], courses[worst].column
    yield Finding(
        rule="excess_spread",
        severity=Severity.ACT if act else Severity.WATCH,
        subject=Subject(table=data.table.file, column=column.name, asset=course.asset),
        text=Text(
            ko=f"{course.asset}의 {column.name} 산포가 다른 설비의 {np.exp(gap):.1f}배입니다.",
            en=f"{column.name} on {course.asset} scatters {np.exp(gap):.1f} times as much as on its sister machines.",
        ),
        action=_look_for_play(),
        evidence=(
            Evidence(
                name="spread_ratio",
                label=Text(ko="다른 설비 대비 산포 배율", en="spread over that of the sisters"),
                value=float(np.exp(gap)),
                low=float(np.exp(gap - reach)),
                high=float(np.exp(gap + reach)),
            ),
            Evidence(
                name="sigma_of_sisters",
                label=Text(ko="다른 설비의 표준편차", en="spread of the sisters"),
                value=float(np.exp(np.median(others))),
                unit=column.unit,
            ),
        ),
        check=Check(
            metric=f"{column.name}_sigma", expected=-float(np.exp(levels[worst]) - np.exp(np.median(others))), days=14
        ),
        strength=float(np.clip(-stats.t.logsf(gap / error, freedom) / np.log(10) - np.log10(tried), 0.0, 300.0)),
    )


def _error_of_mean(logs: np.ndarray) -> float:
    """Standard error of the mean of block values that may resemble each other, from twelve batches."""
    batches = [float(part.mean()) for part in np.array_split(logs, 12)]
    return float(np.std(batches, ddof=1) / np.sqrt(len(batches)))


def _chart(course: SpreadCourse, question: Text) -> Chart:
    timed = course.moments is not None and not np.isnat(course.moments).any()
    x: tuple[float | str, ...] = tuple(float(row) for row in course.first_rows)
    if timed and course.moments is not None:
        x = tuple(as_datetime(moment).isoformat() for moment in course.moments)
    start = min(int(course.change.start), course.first_rows.size - 1)
    return Chart(
        title=question,
        x_kind="time" if timed else "number",
        x=x,
        lines=(
            Line(
                name=Text(ko="구간 표준편차", en="standard deviation by block"),
                y=tuple(float(value) for value in np.exp(course.logs)),
                look="points",
            ),
        ),
        marks=(Mark(name=Text(ko="변화 시작", en="onset"), axis="x", at=x[start], look="event"),),
        x_label=None if timed else Text(ko="행 번호", en="row"),
        y_label=Text(ko=course.column.name, en=course.column.name),
        y_unit=course.column.unit,
    )
