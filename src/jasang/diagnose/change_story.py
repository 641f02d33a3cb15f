"""How loud a change of level speaks, and its evidence, chart and worth: shared by `mean_shift` and `drift`."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np

from jasang.diagnose.changes import (
    FAMILY_ERROR,
    SMALLEST_OF_TOLERANCE,
    SMALLEST_SHIFT,
    WATCH_ERROR,
    LevelChange,
)
from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.counted_defects import counted_defects
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import as_datetime
from jasang.diagnose.finding import Cause, Evidence, Severity, Worth
from jasang.diagnose.prices import defect_price, priced, rows_per_year
from jasang.diagnose.rounding import rounded
from jasang.plant.factory import Role
from jasang.plant.text import Text

SHORTEST_DRIFT = 2 * 86_400.0  # seconds: within a day or two a slow rise is warm-up or weather until proved otherwise
MOST_BEEN_THERE = 0.1
MOST_BEEN_THERE_NOTE = 0.25  # a level that was there that often before is no news, not even quietly
MOST_EXPLAINED = 0.65  # of the variance of block means
FAR_DRIFT = 2.0  # sigma
BEGINNING = 0.1  # of the record: before a change so early the process was starting
FEWEST_BEFORE = 0.01  # of the values: with fewer before it there is no level that was left
SURE = 0.001  # corrected chance above which a shift has to be large to be more than a note
CLEAR_SHIFT = 1.5  # sigma
LARGE_SHIFT = 2.5  # sigma
_ALIKE = 0.03  # of the level, that twins may differ by before they part
_SIDES = (
    *({"1", "2"}, {"3", "4"}, {"left", "right"}, {"l", "r"}, {"a", "b"}, {"upper", "lower"}, {"top", "bottom"}),
    *(
        {"front", "rear"},
        {"in", "out"},
        {"좌", "우"},
        {"좌측", "우측"},
        {"왼쪽", "오른쪽"},
        {"상", "하"},
        {"상부", "하부"},
    ),
)
LEAST_SHOWN = 0.5  # of the fitted size: what the plotted levels must show of it, else no foreman finds it on the chart


def corrected(one: LevelChange, tried: int) -> float:
    """The p-value allowed for every series tried in the factory."""
    return min(1.0, one.p * max(1, tried))


def severity(one: LevelChange, tried: int) -> Severity | None:
    """`act` only for a change that chance, wandering, the calendar, products and settings do not explain and that is of size."""
    p = corrected(one, tried)
    setting = one.course.column.role is Role.SETTING
    if (one.course.set_by_hand and not one.slow) or not _is_on_the_chart(one):
        return None
    chosen = setting or one.course.set_by_hand or any(cause.intended for cause in one.explanations)
    if p > WATCH_ERROR:
        return (Severity.NOTE if chosen else Severity.WATCH) if _plain_to_see(one) else None
    if not _of_size(one, SMALLEST_SHIFT):
        return Severity.NOTE if p <= FAMILY_ERROR and _of_size(one, 0.5 * SMALLEST_SHIFT) else None
    if chosen or _is_faint(one, p):
        been = one.been_there > MOST_BEEN_THERE_NOTE and not one.slow
        return None if been else Severity.NOTE
    return Severity.WATCH if p > FAMILY_ERROR or _may_pass(one) else Severity.ACT


def _is_faint(one: LevelChange, p: float) -> bool:
    """A shift so small, so little certain or so near the beginning that nobody should have to look after it."""
    if one.slow:
        return False
    near = one.change.start + one.change.end < 2.0 * BEGINNING * one.change.fitted.size
    if p > SURE:  # what is only just certain has to be large
        return near or p > FAMILY_ERROR or not _of_size(one, LARGE_SHIFT)
    return near or not _of_size(one, CLEAR_SHIFT)


def _is_on_the_chart(one: LevelChange) -> bool:
    """There is a level before it, and the levels themselves differ: not only a fit that took the mix of products out."""
    shown = one.within * np.sign(one.change.size)
    left = one.slow or one.onset_row > FEWEST_BEFORE * one.course.values  # a drift may last since before the record
    return bool(left and shown >= LEAST_SHOWN * abs(one.change.size))


def _plain_to_see(one: LevelChange) -> bool:
    """A slow rise to the end of the record that a foreman sees at once, though a slow wander could do it too."""
    return (
        one.slow
        and not one.change.wanders
        and one.explained >= MOST_EXPLAINED
        and one.been_there <= 0.5 * MOST_BEEN_THERE
        and one.change.end >= 0.9 * one.change.fitted.size
        and _of_size(one, FAR_DRIFT)
    )


def _of_size(one: LevelChange, sigmas: float) -> bool:
    column, size = one.course.column, abs(one.change.size)
    if column.role is Role.DEFECT:
        return size >= 0.3 * max(one.level_before, 1e-9) and size >= 0.002
    if size >= sigmas * one.course.sigma:
        return True
    tolerance = column.upper - column.lower if column.upper is not None and column.lower is not None else np.inf
    return bool(size >= SMALLEST_OF_TOLERANCE * tolerance and size >= 0.5 * sigmas * one.course.sigma)


def _may_pass(one: LevelChange) -> bool:
    """It went back already, has been there before, wanders, follows a setting or the weather, or the record is too short."""
    short = one.slow and _lasts(one) < SHORTEST_DRIFT
    explained = any(cause.intended or cause.level is None for cause in one.explanations)
    return (
        one.change.kind == "excursion"
        or one.change.wanders
        or one.whole_machine
        or one.change.start + one.change.end < 2.0 * BEGINNING * one.change.fitted.size
        or one.been_there > MOST_BEEN_THERE
        or explained
        or short
        or (one.course.column.role is Role.ENERGY and one.been_there > 0.0)
    )


def _lasts(one: LevelChange) -> float:
    """Seconds from the start to the end of the change; without a time, as long as it takes."""
    seconds = one.course.seconds
    if seconds is None:
        return np.inf
    first, last = np.interp([one.change.start, one.change.end], np.arange(seconds.size) + 0.5, seconds)
    return float(last - first)


def strength(one: LevelChange, tried: int) -> float:
    """-log10 of the corrected p-value, at most 300."""
    return float(min(300.0, -np.log10(max(corrected(one, tried), 1e-300))))


def moments(one: LevelChange) -> tuple[datetime | None, datetime | None]:
    """Since and until in UTC."""
    return (
        None if one.since is None else as_datetime(one.since),
        None if one.until is None else as_datetime(one.until),
    )


def unit(one: LevelChange) -> str | None:
    """The column's unit; a defect rate is a share."""
    return "share" if _is_share(one) else one.course.column.unit


def size_unit(one: LevelChange) -> str | None:
    """The unit of a change: points where the level is a share."""
    return "points" if _is_share(one) else one.course.column.unit


def _is_share(one: LevelChange) -> bool:
    return one.course.column.role is Role.DEFECT


def evidence_of(one: LevelChange, name: str, label: Text) -> list[Evidence]:
    """Size with its 95 % interval, in the column's unit and in sigma, and the two levels."""
    change, sigma = one.change, one.course.sigma
    found = [
        Evidence(name=name, label=label, value=change.size, low=change.low, high=change.high, unit=size_unit(one)),
        Evidence(
            name="in_sigma",
            label=Text(ko="평소 산포(시그마) 대비", en="in sigma of single values"),
            value=change.size / sigma,
            low=change.low / sigma,
            high=change.high / sigma,
        ),
        Evidence(
            name="level_before", label=Text(ko="이전 수준", en="level before"), value=one.level_before, unit=unit(one)
        ),
        Evidence(name="level_after", label=Text(ko="지금 수준", en="level now"), value=one.level_after, unit=unit(one)),
        Evidence(name="values", label=Text(ko="값의 수", en="values looked at"), value=float(one.course.values)),
    ]
    return found


def causes_of(one: LevelChange) -> tuple[Cause, ...]:
    """The columns that moved at the same moment."""
    return tuple(Cause(column=each.column.name, level=each.level) for each in one.explanations)


def with_company(one: LevelChange, text: Text) -> Text:
    """The text and a sentence on what moved along, where something did."""
    if not one.explanations:
        return text
    first = one.explanations[0]
    name = f"{first.column.name} = {first.level}" if first.level is not None else first.column.name
    if first.intended:
        return Text(
            ko=f"{text.ko} 같은 때에 설정 {name}도 바뀌었습니다. 일부러 바꾼 것이면 정상입니다.",
            en=f"{text.en} The setting {name} was changed at the same moment; if that was intended, this is no fault.",
        )
    return Text(ko=f"{text.ko} 같은 때에 {name}도 바뀌었습니다.", en=f"{text.en} It moves with {name}.")


def events(
    told: Sequence[tuple[LevelChange, Severity]], tried: int, together: Callable[[LevelChange, LevelChange], bool]
) -> list[list[tuple[LevelChange, Severity]]]:
    """The changes that belong together, the loudest and surest of each event first: one fault moves many signals at once."""
    order = list(Severity)
    found: list[list[tuple[LevelChange, Severity]]] = []
    for one, loud in sorted(told, key=lambda each: (order.index(each[1]), -strength(each[0], tried))):
        for event in found:
            if together(event[0][0], one):
                event.append((one, loud))
                break
        else:
            found.append([(one, loud)])
    return found


def follows(text: Text, leader: LevelChange) -> Text:
    """The text of a change that belongs to an event told elsewhere, with a reference to where."""
    name = leader.course.column.name
    return Text(
        ko=f"{text.ko} {name}과(와) 같은 때의 같은 사건이며, 그쪽에서 다룹니다.",
        en=f"{text.en} It is one event with {name}, told there.",
    )


def balance_of(one: LevelChange, data: TableData) -> tuple[str, tuple[float, float]] | None:
    """The twin of the column and the difference of both before and after, when two that should be equal parted.

    Twins are a pair by name (left and right, 1 and 2, upper and lower) whose levels before were within 3 % of each other.
    """
    column = one.course.column
    for twin in data.table.with_role(column.role):
        if twin.name == column.name or not _are_twins(column.name, twin.name) or twin.unit != column.unit:
            continue
        mine, its = data.numbers(column.name), data.numbers(twin.name)
        order = data.time_order()
        at = int(np.clip(one.onset_row, 1, order.size - 1))
        before, after = order[:at], order[at:]
        middle = [float(np.nanmedian(v[rows])) if np.isfinite(v[rows]).any() else np.nan
                  for v in (mine, its) for rows in (before, after)]  # fmt: skip
        if not np.isfinite(middle).all() or abs(middle[0] - middle[2]) > _ALIKE * max(abs(middle[0]), abs(middle[2])):
            continue
        first, last = middle[0] - middle[2], middle[1] - middle[3]
        if abs(last - first) >= 0.5 * abs(one.change.size) and abs(last) > abs(first):
            return twin.name, (first, last)
    return None


def _are_twins(one: str, other: str) -> bool:
    """Names that differ in one word or number that names a side."""
    first, second = (re.split(r"(\d+|[^\W\d_]+)", name.lower()) for name in (one, other))
    if len(first) != len(second):
        return False
    parts = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
    return len(parts) == 1 and any(set(parts[0]) == pair for pair in _SIDES)


def with_balance(one: LevelChange, data: TableData, text: Text) -> Text:
    """The text and a sentence on the balance of a pair that should be equal, where that is what changed."""
    found = None if one.assets else balance_of(one, data)
    if found is None:
        return text
    twin, (before, after) = found
    reach = _known(one)
    unit_ = f" {one.course.column.unit}" if one.course.column.unit else ""
    shown = rounded(abs(before), reach), rounded(abs(after), reach)
    return Text(
        ko=f"{text.ko} 짝인 {twin}과(와)의 차이가 {shown[0]}에서 {shown[1]}{unit_}(으)로 벌어졌습니다"
        "(좌우 등 두 쪽의 균형이 틀어짐).",
        en=f"{text.en} Its difference to {twin}, its twin, went from {shown[0]} to {shown[1]}{unit_}: "
        "the balance of both sides (left and right) is off.",
    )


def chart_of(one: LevelChange, question: Text) -> Chart:
    """Block means with the fitted course, the limits of the time before and the onset."""
    course, change = one.course, one.change
    scale = 100.0 if _is_share(one) else 1.0
    timed = course.seconds is not None
    if course.seconds is not None:
        stamps = (course.seconds * 1e6).astype("datetime64[us]")
        x: tuple[float | str, ...] = tuple(as_datetime(stamp).isoformat() for stamp in stamps)
    else:
        x = tuple(float(row) for row in course.first_rows)
    base = np.abs(change.fitted) <= 0.25 * abs(change.size)
    spread = float(np.std((course.means - change.fitted)[base])) if base.sum() > 2 else float(np.std(course.means))
    offset = float(np.mean(course.means - change.fitted))
    marks = [
        Mark(name=Text(ko="평균(이전)", en="mean before"), axis="y", at=scale * one.level_before, look="centre"),
        Mark(name=Text(ko="관리상한", en="upper limit"), axis="y", at=scale * (one.level_before + 3 * spread)),
    ]
    if not _is_share(one) or one.level_before > 3 * spread:  # no share is below 0
        lower = scale * (one.level_before - 3 * spread)
        marks.append(Mark(name=Text(ko="관리하한", en="lower limit"), axis="y", at=lower))
    for limit, ko, en in ((course.column.lower, "규격 하한", "LSL"), (course.column.upper, "규격 상한", "USL")):
        if limit is not None and course.column.role is Role.QUALITY:
            marks.append(Mark(name=Text(ko=ko, en=en), axis="y", at=limit, look="specification"))
    start = one.since if timed and one.since is not None else None
    if start is not None:
        marks.append(
            Mark(name=Text(ko="변화 시작", en="onset"), axis="x", at=as_datetime(start).isoformat(), look="event")
        )
    elif not timed:
        marks.append(Mark(name=Text(ko="변화 시작", en="onset"), axis="x", at=float(one.onset_row), look="event"))
    return Chart(
        title=question,
        x_kind="time" if timed else "number",
        x=x,
        lines=(
            Line(name=Text(ko="구간 평균", en="block mean"), y=tuple((scale * course.means).tolist()), look="points"),
            Line(
                name=Text(ko="추정 수준", en="fitted level"),
                y=tuple((scale * (offset + change.fitted)).tolist()),
                look="line",
            ),
        ),
        marks=tuple(marks),
        x_label=None if timed else Text(ko="행 번호", en="row"),
        y_label=Text(ko="불량률", en="defect rate")
        if _is_share(one)
        else Text(ko=course.column.name, en=course.column.name),
        y_unit="%" if _is_share(one) else unit(one),
    )


def worth_of(base: EvidenceBase, data: TableData, one: LevelChange) -> Worth | None:
    """Money of a risen defect rate: the rise × units a year × price of a defect. Other shifts have no price of their own."""
    units = rows_per_year(data)
    if one.course.column.role is not Role.DEFECT or units is None or one.change.size <= 0:
        return None
    if one.course.asset is not None and not one.assets and data.rows:
        units *= one.course.values / data.rows
    counted = counted_defects(data)
    if counted is not None:
        units *= float(np.nanmean(counted.pieces))
    basis = Text(
        ko=f"불량률 상승 {100 * one.change.size:.2f} %p × 연 {units:,.0f}개",
        en=f"rise of the defect rate {100 * one.change.size:.2f} points × {units:,.0f} units a year",
    )
    saved = (one.change.size * units, one.change.low * units, one.change.high * units)
    return priced(saved, defect_price(base, data), basis)


def _known(one: LevelChange) -> float:
    """How well a level is known, for rounding: half the interval of the change, or a fifth of the spread of single values."""
    return max((one.change.high - one.change.low) / 2, one.course.sigma / 5)


def level_text(one: LevelChange, value: float) -> str:
    """A level for a sentence: a percentage for a defect rate, else a number with its unit."""
    if one.course.column.role is Role.DEFECT:
        return f"{100 * value:.2g} %"
    shown = rounded(value, _known(one))
    return f"{shown} {one.course.column.unit}" if one.course.column.unit else shown
