"""What a monitor has learnt, and what it says of data: the score over time, the events, and the variables each began with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jasang.analyze.monitors import Contribution, Event, Monitor, Scores
from jasang.diagnose.chart import Chart, Line, Mark, thin
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import as_datetime, local
from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.diagnose.monitor_rows import MonitorRows
from jasang.diagnose.study import Study, StudyTable
from jasang.plant.text import Text

MOST_EVENTS = 30
MOST_BARS = 12
_MOST_SCORE = 20.0  # beyond, a chart shows nothing but the one peak
_WHY = {
    "missing": Text(ko="빈 값이 많음", en="mostly missing"),
    "constant": Text(ko="움직이지 않음", en="does not move"),
    "copy": Text(ko="다른 항목과 같음", en="the same as another"),
    "too_many": Text(ko="항목이 너무 많음", en="too many columns"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A monitor, the rows it learnt from, whether it found them itself, and their times (datetime64 or `None`)."""

    monitor: Monitor
    rows: slice
    found: bool
    time: np.ndarray | None


def trained_study(
    evidence: EvidenceBase, data: TableData, asset: str | None, trained: Trained, written: str | None
) -> Study:
    """What the monitor has learnt from which period, and which false-alarm rate it promises."""
    monitor = trained.monitor
    rate = monitor.false_alarm_rate
    period = _period(evidence, trained)
    chosen_ko = "스스로 고른 정상 기간" if trained.found else "정상 기간"
    chosen_en = "the normal period it found" if trained.found else "the normal period"
    ko = f"{chosen_ko} {period.ko}에서 {len(monitor.names)}개 항목의 평소 모습을 배웠습니다."
    en = f"Learnt how {len(monitor.names)} signals usually go together from {chosen_en}, {period.en}."
    if written is not None:
        ko, en = f"{ko} 모델을 {written}에 썼습니다.", f"{en} Written to {written}."
    return Study(
        kind="monitor_training",
        title=Text(ko="감시 모델이 무엇을 정상으로 배웠나?", en="What did the monitor learn as normal?"),
        answer=Text(ko=ko, en=en),
        subject=Subject(table=data.table.file, asset=asset),
        evidence=(
            Evidence(
                name="false_alarm_rate",
                label=Text(
                    ko="정상일 때 경보가 나는 행의 비율(떼어 둔 구간에서 잰 값, 90 % 구간)",
                    en="share of normal rows that alarm (on blocks left out, 90 % interval)",
                ),
                value=rate.value,
                low=rate.low,
                high=rate.high,
                unit="share",
            ),
            Evidence(name="training_rows", label=Text(ko="배운 행", en="rows learnt from"), value=float(monitor.rows)),
            Evidence(
                name="longest_memory",
                label=Text(ko="가장 긴 기억(행)", en="longest memory (rows)"),
                value=float(max(monitor.memories)),
            ),
        ),
        notes=_training_notes(monitor),
    )


def _period(evidence: EvidenceBase, trained: Trained) -> Text:
    rows = f"{trained.rows.start + 1:,}–{trained.rows.stop:,}"
    time = trained.time
    if time is None or np.isnat(time[0]) or np.isnat(time[-1]):
        return Text(ko=f"{rows}행", en=f"rows {rows}")
    first, last = local(evidence, as_datetime(time[0])), local(evidence, as_datetime(time[-1]))
    return Text(ko=f"{first} ~ {last}", en=f"{first} to {last}")


def _training_notes(monitor: Monitor) -> tuple[Text, ...]:
    notes = [
        Text(
            ko="배운 기간에 없던 것은 고장이 아니어도(새 제품, 새 설정) 이상으로 보입니다.",
            en="What the period did not contain looks unusual even if it is no fault: a new product, a new setting.",
        )
    ]
    if monitor.unaffordable:
        longest = ", ".join(f"{memory}" for memory in monitor.unaffordable)
        notes.append(
            Text(
                ko=f"{monitor.rows:,}행으로는 {longest}행의 긴 기억을 믿을 수 없어 쓰지 않습니다. "
                "작고 느린 변화는 데이터가 더 모이면 보입니다.",
                en=f"{monitor.rows:,} rows cannot support memories of {longest} rows, so they are not used. "
                "Small slow changes need more data.",
            )
        )
    if monitor.left_out:
        ko = ", ".join(f"{name}({_WHY[reason].ko})" for name, reason in monitor.left_out[:10])
        en = ", ".join(f"{name} ({_WHY[reason].en})" for name, reason in monitor.left_out[:10])
        notes.append(Text(ko=f"보지 않는 항목: {ko}", en=f"Not looked at: {en}"))
    return tuple(notes)


def judged_study(
    evidence: EvidenceBase,
    data: TableData,
    asset: str | None,
    monitor: Monitor,
    rows: MonitorRows,
    scores: Scores,
    events: Sequence[Event],
    trained: Trained | None,
) -> Study:
    """When the data was unusual as a whole, since when, and which variables it began with."""
    told = sorted(events, key=lambda event: -event.peak * event.rows_above)[:MOST_EVENTS]
    told.sort(key=lambda event: event.first)
    worst = max(told, key=lambda event: event.peak * event.rows_above) if told else None
    share = float(np.mean(scores.alarm)) if scores.score.size else 0.0
    rate = monitor.false_alarm_rate
    charts = [score_chart(rows, scores, told, trained)]
    if worst is not None:
        charts.append(contribution_chart(worst.contributions))
    return Study(
        kind="monitor",
        title=Text(ko="언제 평소와 달랐고, 어디서 시작됐나?", en="When was it unusual, and where did it begin?"),
        answer=_answer(evidence, rows, events, worst, share),
        subject=Subject(table=data.table.file, asset=asset),
        evidence=(
            Evidence(name="events", label=Text(ko="사건 수", en="events"), value=float(len(events))),
            Evidence(
                name="alarm_share",
                label=Text(ko="한계를 넘은 행의 비율", en="share of rows above the limit"),
                value=share,
                unit="share",
            ),
            Evidence(
                name="false_alarm_rate",
                label=Text(ko="정상일 때 나올 경보 비율", en="share expected when all is normal"),
                value=rate.value,
                low=rate.low,
                high=rate.high,
                unit="share",
            ),
        ),
        charts=tuple(charts),
        tables=(_table(evidence, rows, told),) if told else (),
        actions=(
            Action(
                text=Text(
                    ko="의심 항목 순서대로 그 시점의 정비·교체·조정 기록과 센서를 확인하세요.",
                    en="Check repairs, replacements and settings of that moment, and the sensors, in the order of suspicion.",
                ),
                owner="maintenance",
            ),
        )
        if told
        else (),
        notes=(
            Text(
                ko="의심 순서는 원인의 증명이 아니라 무엇부터 볼지의 순서입니다.",
                en="The order of suspicion says where to look first; it proves no cause.",
            ),
        ),
    )


def _answer(
    evidence: EvidenceBase, rows: MonitorRows, events: Sequence[Event], worst: Event | None, share: float
) -> Text:
    if worst is None:
        return Text(ko="평소와 다른 구간이 없습니다.", en="Nothing was unusual.")
    suspects = ", ".join(one.name for one in worst.contributions[:3])
    when = when_words(evidence, rows, worst.onset)
    state_ko = " 아직 이어지고 있습니다." if worst.open else ""
    state_en = " It is still going on." if worst.open else ""
    return Text(
        ko=f"평소와 다른 구간이 {len(events)}번 있었습니다(전체 행의 {100 * share:.1f} %). 가장 큰 것은 {when.ko}부터이고, "
        f"{suspects} 순서로 의심됩니다.{state_ko}",
        en=f"{len(events)} unusual stretches ({100 * share:.1f} % of the rows). The largest began {when.en}; "
        f"look at {suspects}, in this order.{state_en}",
    )


def when_words(evidence: EvidenceBase, rows: MonitorRows, row: int) -> Text:
    """The moment of a row on the factory's clock, or its number where there is no time."""
    if rows.time is not None and row < rows.time.size and not np.isnat(rows.time[row]):
        moment = local(evidence, as_datetime(rows.time[row]))
        return Text(ko=moment, en=f"at {moment}")
    return Text(ko=f"{row + 1:,}번째 행", en=f"at row {row + 1:,}")


def _table(evidence: EvidenceBase, rows: MonitorRows, told: Sequence[Event]) -> StudyTable:
    body = []
    for event in told:
        suspects = event.contributions[:3]
        body.append(
            (
                when_words(evidence, rows, event.onset),
                when_words(evidence, rows, event.first),
                Text(ko="계속", en="open") if event.open else when_words(evidence, rows, event.end - 1),
                event.rows_above,
                round(event.peak, 2),
                ", ".join(f"{one.name} {100 * one.share:.0f} %" for one in suspects),
            )
        )
    return StudyTable(
        title=Text(ko="사건", en="Events"),
        headings=(
            Text(ko="시작 추정", en="onset (estimated)"),
            Text(ko="첫 경보", en="first alarm"),
            Text(ko="끝", en="end"),
            Text(ko="경보 행", en="rows above"),
            Text(ko="최고 점수", en="peak score"),
            Text(ko="의심 순서(설명하는 몫)", en="suspects (share explained)"),
        ),
        rows=tuple(body),
    )


def score_chart(rows: MonitorRows, scores: Scores, told: Sequence[Event], trained: Trained | None) -> Chart:
    """The score over time with its limit, the events and the normal period."""
    important = np.array([event.first for event in told] + [event.onset for event in told], dtype=np.int64)
    above = np.flatnonzero(scores.alarm)
    chosen = thin(scores.score.size, np.union1d(important, above[:20_000]))
    timed = rows.time is not None and not np.isnat(rows.time).any()

    def at(row: int) -> float | str:
        row = min(row, scores.score.size - 1)
        return as_datetime(rows.time[row]).isoformat() if timed and rows.time is not None else float(row + 1)

    shown = np.minimum(scores.score[chosen], _MOST_SCORE)
    marks = [Mark(name=Text(ko="한계", en="limit"), axis="y", at=1.0, look="limit")]
    if trained is not None:
        marks.append(
            Mark(
                name=Text(ko="정상 기간", en="normal period"),
                axis="x",
                at=at(trained.rows.start),
                to=at(trained.rows.stop - 1),
                look="good",
            )
        )
    marks += [
        Mark(name=Text(ko="이상", en="unusual"), axis="x", at=at(event.onset), to=at(event.end - 1), look="bad")
        for event in told[:10]
    ]
    return Chart(
        title=Text(ko="언제 평소와 달랐나?", en="When was it unusual?"),
        x_kind="time" if timed else "number",
        x=tuple(at(int(row)) for row in chosen),
        lines=(
            Line(
                name=Text(ko="이상 점수(한계 1)", en="score (limit 1)"),
                y=tuple(None if not np.isfinite(value) else float(value) for value in shown),
                look="thin",
            ),
        ),
        marks=tuple(marks),
        x_label=None if timed else Text(ko="행", en="row"),
        y_label=Text(ko="이상 점수", en="score"),
    )


def contribution_chart(contributions: Sequence[Contribution]) -> Chart:
    """How much of what was unexpected each variable alone explains, the largest first."""
    shown = contributions[:MOST_BARS]
    return Chart(
        title=Text(ko="무엇이 평소와 달랐나?", en="Which signals were unusual?"),
        x_kind="category",
        x=tuple(one.name for one in shown),
        lines=(
            Line(
                name=Text(ko="이 항목 하나로 설명되는 몫 %", en="share explained by this signal alone, %"),
                y=tuple(100.0 * one.share for one in shown),
                look="bars",
            ),
        ),
        y_label=Text(ko="설명하는 몫", en="share explained"),
        y_unit="%",
    )
