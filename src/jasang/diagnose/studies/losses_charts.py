"""The pictures of a losses study: waterfall, Pareto, states over time, changeover matrix, bottleneck."""

import numpy as np

from jasang.analyze.losses import Bottleneck, SixLosses, changeover_matrix, spans
from jasang.analyze.losses.spans import Spans
from jasang.analyze.machine_states import State
from jasang.analyze.stops import HOUR
from jasang.diagnose.chart import Chart, Line
from jasang.diagnose.finding import Evidence
from jasang.diagnose.machine_losses import MachineLosses
from jasang.plant.text import Text

LOSS_NAMES = {
    "breakdowns": Text(ko="고장·정지", en="breakdowns and stops"),
    "setup": Text(ko="준비·교체", en="set-up and changeover"),
    "minor_stops": Text(ko="대기·순간정지", en="idling and minor stops"),
    "reduced_speed": Text(ko="느린 속도", en="reduced speed"),
    "process_defects": Text(ko="공정 불량", en="process defects"),
    "startup_rejects": Text(ko="시작 불량", en="start-up rejects"),
    "unexplained": Text(ko="기록 없음", en="no record"),
    "effective": Text(ko="양품을 만든 시간", en="time that made good pieces"),
}
_STATES: tuple[tuple[State | None, Text], ...] = (
    (State.RUNNING, Text(ko="가동", en="running")),
    (State.IDLE, Text(ko="대기", en="idle")),
    (State.SETUP, Text(ko="준비·교체", en="set-up")),
    (State.DOWN, Text(ko="정지", en="down")),
    (State.PLANNED, Text(ko="계획정지", en="planned stop")),
)
_MOST_CELLS = 336  # two weeks of hours
_MOST_PRODUCTS = 20


def waterfall(six: SixLosses) -> Chart:
    """From the planned time down to the time that made good pieces."""
    names, low, high = [Text(ko="계획 시간", en="planned time")], [0.0], [six.planned_s / 3600]
    level = six.planned_s / 3600
    for name, seconds in six.waterfall():
        if abs(seconds) < 1e-6 * six.planned_s:
            continue
        names.append(LOSS_NAMES[name])
        low.append(level)
        level -= seconds / 3600
        high.append(level)
    names.append(LOSS_NAMES["effective"])
    low.append(0.0)
    high.append(six.effective_s / 3600)
    return Chart(
        title=Text(ko="계획한 시간은 어디서 줄어드나?", en="Where does the planned time shrink?"),
        x_kind="category",
        x=tuple(names),
        lines=(Line(name=Text(ko="시간", en="hours"), y=tuple(high), base=tuple(low), look="waterfall"),),
        y_label=Text(ko="시간", en="hours"),
        y_unit="h",
    )


def loss_pareto(six: SixLosses) -> Chart:
    """The losses, largest first."""
    parts = sorted(((name, seconds) for name, seconds in six.waterfall() if seconds > 0), key=lambda part: -part[1])
    whole = sum(seconds for _, seconds in parts) or 1.0
    running = np.cumsum([seconds for _, seconds in parts])
    return Chart(
        title=Text(ko="어떤 손실이 가장 큰가?", en="Which loss is the largest?"),
        x_kind="category",
        x=tuple(LOSS_NAMES[name] for name, _ in parts),
        lines=(
            Line(name=Text(ko="잃은 시간", en="time lost"), y=tuple(s / 3600 for _, s in parts), look="bars"),
            Line(
                name=Text(ko="누적 비율", en="cumulative share"),
                y=tuple(float(100 * value / whole) for value in running),
                look="cumulative",
            ),
        ),
        y_label=Text(ko="시간", en="hours"),
        y_unit="h",
    )


def timeline(losses: MachineLosses) -> Chart | None:
    """Share of each hour (or longer, in long records) in each state."""
    parts = _parts(losses)
    record = losses.record
    if record.last <= record.first or not parts:
        return None
    step = HOUR * max(1, -(-(record.last - record.first) // (HOUR * _MOST_CELLS)))
    edges = np.arange(record.first // HOUR * HOUR, record.last + step, step)
    low, high = edges[:-1], edges[1:]
    return Chart(
        title=Text(ko="언제 가동하고 언제 멈췄나?", en="When did it run and when did it stand?"),
        x_kind="time",
        x=tuple(f"{moment}Z" for moment in low.astype("datetime64[us]").astype("datetime64[s]").astype(str)),
        lines=tuple(
            Line(name=name, y=tuple((100 * part.seconds_within(low, high) / (step / 1e6)).tolist()), look="heat")
            for name, part in parts
        ),
        y_unit="%",
    )


def _parts(losses: MachineLosses) -> list[tuple[Text, Spans]]:
    log = losses.record.log
    if log is not None:
        return [(name, part) for state, name in _STATES if (part := log.spans(state)).start.size]
    if losses.record.pieces is None or not losses.record.pieces.fine:
        return []
    found = [(_STATES[0][1], losses.running), (_STATES[3][1], losses.stops)]
    if losses.changeovers is not None and losses.changeovers.start.size:
        start = losses.changeovers.start
        found.insert(1, (_STATES[2][1], spans(start, start + (losses.changeovers.seconds * 1e6).astype(np.int64))))
    return [(name, part) for name, part in found if part.start.size]


def changeover_chart(losses: MachineLosses) -> Chart:
    """The matrix of medians: a row is the product before, a column the one after, minutes."""
    cells = changeover_matrix(losses.changeovers) if losses.changeovers is not None else ()
    names = losses.record.pieces.products if losses.record.pieces is not None else ()
    used = sorted({code for cell in cells for code in (cell.before, cell.after)})[:_MOST_PRODUCTS]
    minutes = {(cell.before, cell.after): cell.median_s / 60 for cell in cells}
    return Chart(
        title=Text(ko="어느 교체가 오래 걸리나?", en="Which changeover takes long?"),
        x_kind="category",
        x=tuple(names[code] for code in used),
        lines=tuple(
            Line(
                name=Text(ko=names[before], en=names[before]),
                y=tuple(minutes.get((before, after)) for after in used),
                look="heat",
            )
            for before in used
        ),
        x_label=Text(ko="다음 제품", en="to"),
        y_label=Text(ko="앞 제품", en="from"),
        y_unit="min",
    )


def bottleneck_evidence(found: Bottleneck, most: int) -> tuple[Evidence, ...]:
    """The share of time in which each of the first machines is the bottleneck, with its interval."""
    return tuple(
        Evidence(
            name=f"bottleneck_{place}",
            label=Text(ko=f"{one.machine}이(가) 병목인 시간", en=f"time {one.machine} is the bottleneck"),
            value=100 * one.share,
            low=100 * one.low,
            high=100 * one.high,
            unit="%",
        )
        for place, one in enumerate(found.shares[:most], start=1)
    )


def bottleneck_chart(found: Bottleneck) -> Chart:
    """Share of time as the bottleneck by machine."""
    return Chart(
        title=Text(ko="어느 설비가 병목이었나?", en="Which machine was the bottleneck?"),
        x_kind="category",
        x=tuple(one.machine for one in found.shares),
        lines=(
            Line(name=Text(ko="혼자 병목", en="alone"), y=tuple(100 * one.sole for one in found.shares), look="bars"),
            Line(
                name=Text(ko="넘겨주는 중", en="shifting"),
                y=tuple(100 * one.shifting for one in found.shares),
                look="bars",
            ),
        ),
        y_label=Text(ko="시간 중 비율", en="share of time"),
        y_unit="%",
    )
