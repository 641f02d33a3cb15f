"""minor_stops: short stops that nobody logs, found in the times at which pieces came."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from jasang.analyze.losses import MinorStops
from jasang.analyze.stops import Excess, against_level, against_past
from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Action, Cause, Check, Evidence, Finding, Severity
from jasang.diagnose.loss_story import a_year, first_moment_of_day, hours_worth, subject_of, who
from jasang.diagnose.machine_losses import find_minor_stops
from jasang.diagnose.machine_records import MachineRecord, machine_records
from jasang.diagnose.rule import Rule
from jasang.plant.text import Text

LEVEL = 0.03  # of run time: short stops that every line has
_LEAST = 0.02  # above the level or the past: less pays nobody
_CHANCE = 0.01  # family-wise over the machines of the factory
_FEWEST, _FEWEST_DAYS = 20, 5
_SEED = 20191001


def _check(base: EvidenceBase) -> Iterator[Finding]:
    tried: list[tuple[MachineRecord, MinorStops, str, Excess]] = []
    for record in machine_records(base):
        if record.pieces is None or not record.pieces.fine:
            continue
        found = find_minor_stops(base, record)
        if not found.understood or found.count < _FEWEST or found.day.size < _FEWEST_DAYS:
            continue
        # Days with little production say little; `against_…` leave out days below half an hour.
        lost, ran = found.lost_by_day_s / 3600, found.run_by_day_s / 3600
        level = against_level(lost, ran, LEVEL)
        tried += [(record, found, "level", level)] if level is not None else []
        past = against_past(lost, ran, found.day, seed=_SEED)
        tried += [(record, found, "past", past)] if past is not None else []
    told: dict[int, tuple[MachineRecord, MinorStops, str, Excess, float]] = {}
    for record, found, against, excess in tried:
        p = min(1.0, excess.p * len(tried))
        clear = (
            p < _CHANCE and excess.difference >= _LEAST and excess.low > 0 and excess.share >= 1.5 * excess.reference
        )
        known = told.get(id(record))
        if clear and (known is None or excess.difference > known[3].difference):
            told[id(record)] = (record, found, against, excess, p)
    for record, found, against, excess, p in told.values():
        yield _finding(base, record, found, against, excess, p)


def _finding(
    base: EvidenceBase, record: MachineRecord, found: MinorStops, against: str, excess: Excess, p: float
) -> Finding:
    since = None
    if against == "past" and excess.since is not None:
        since = first_moment_of_day(found.start, excess.since, record.utc_offset_s)
    loud = excess.difference >= _LEAST and excess.share >= LEVEL + _LEAST
    hours = a_year(found.run_s / 3600, record)
    return Finding(
        rule="minor_stops",
        severity=Severity.ACT if loud else Severity.WATCH,
        subject=subject_of(record, record.data.table.time),
        text=_text(record, found, against, excess),
        action=Action(
            text=Text(
                ko="하루만 설비 옆에서 짧게 멈출 때마다 이유(걸림, 센서, 공급 끊김)를 적고, 가장 잦은 것부터 없애세요.",
                en="For one day note at the machine why it stops briefly (jam, sensor, feed); remove the most frequent cause.",
            ),
            owner="operator",
        ),
        evidence=(
            Evidence(
                name="share",
                label=Text(ko="가동 시간 중 순간정지", en="minor stops in run time"),
                value=100 * excess.share,
                low=100 * max(0.0, excess.reference + excess.low),
                high=100 * min(1.0, excess.reference + excess.high),
                unit="%",
            ),
            Evidence(
                name="reference",
                label=Text(ko="그 전의 비율", en="share before")
                if against == "past"
                else Text(ko="보통 수준", en="normal level"),
                value=100 * excess.reference,
                unit="%",
            ),
            Evidence(name="count", label=Text(ko="순간정지 횟수", en="minor stops"), value=float(found.count)),
            Evidence(
                name="median_stop",
                label=Text(ko="한 번의 중앙값", en="median length"),
                value=float(np.median(found.extra_s)),
                unit="s",
            ),
            Evidence(name="hours", label=Text(ko="잃은 시간", en="time lost"), value=found.lost_s / 3600, unit="h"),
            Evidence(name="p", label=Text(ko="우연일 확률(보정)", en="p-value, corrected"), value=p),
        ),
        since=since,
        causes=_causes(record, found),
        worth=hours_worth(base, hours, (excess.difference, max(0.0, excess.low), excess.high)),
        check=Check(metric="minor_stop_share", expected=-excess.difference, days=14),
        strength=float(min(300.0, -np.log10(max(p, 1e-300)))),
        charts=(_daily_chart(found, excess), _length_chart(found)),
    )


def _text(record: MachineRecord, found: MinorStops, against: str, excess: Excess) -> Text:
    ko, en = who(record)
    share, reference = f"{100 * excess.share:.1f} %", f"{100 * excess.reference:.1f} %"
    # The mean, so that the number of stops times it is the time lost.
    length, hours = found.lost_s / max(found.count, 1), found.lost_s / 3600
    than = (
        (f"그 전에는 {reference}였습니다", f"it was {reference} before")
        if against == "past"
        else (f"보통은 {reference} 이하입니다", f"below {reference} is normal")
    )
    return Text(
        ko=f"{ko} 기록에 없는 짧은 정지로 가동 시간의 {share}를 잃습니다({found.count:,}회, 한 번에 {length:,.0f}초쯤, "
        f"모두 {hours:,.1f}시간). {than[0]}.",
        en=f"{en} loses {share} of its run time to short stops that nobody logged ({found.count:,} of about {length:,.0f} s, "
        f"{hours:,.1f} h in all); {than[1]}.",
    )


def _causes(record: MachineRecord, found: MinorStops) -> tuple[Cause, ...]:
    """The product that stops clearly more often than the others, a piece for a piece."""
    pieces = record.pieces
    column = record.data.table.product_column
    if pieces is None or column is None or record.by_product or np.unique(found.product).size < 2:
        return ()
    stops = np.bincount(found.product, minlength=len(pieces.products)).astype(np.float64)
    made = np.bincount(pieces.product[pieces.product >= 0], minlength=len(pieces.products)).astype(np.float64)
    worst = int(np.argmax(np.where(made >= 100, stops / np.maximum(made, 1), 0)))
    rest = (stops.sum() - stops[worst]) / max(made.sum() - made[worst], 1)
    rate = stops[worst] / max(made[worst], 1)
    error = float(np.sqrt(rate / max(made[worst], 1) + rest / max(made.sum() - made[worst], 1)))
    if stops[worst] < 10 or rate < 1.5 * rest or rate - rest < 4 * error:
        return ()
    return (
        Cause(
            column=column,
            level=pieces.products[worst],
            effect=float(rate - rest),
            low=float(rate - rest) - 1.96 * error,
            high=float(rate - rest) + 1.96 * error,
        ),
    )


def _daily_chart(found: MinorStops, excess: Excess) -> Chart:
    worked = found.run_by_day_s > 1800
    share = 100 * found.lost_by_day_s[worked] / found.run_by_day_s[worked]
    days = tuple(f"{np.datetime64(int(day), 'D')}" for day in found.day[worked])
    marks = [Mark(name=Text(ko="기준", en="reference"), axis="y", at=100 * excess.reference, look="centre")]
    if excess.since is not None:
        since = f"{np.datetime64(int(excess.since), 'D')}"
        marks.append(Mark(name=Text(ko="늘어난 날", en="rise"), axis="x", at=since, look="event"))
    return Chart(
        title=Text(ko="순간정지는 날마다 얼마나 되나?", en="How much do minor stops take each day?"),
        x_kind="category",
        x=days,
        lines=(Line(name=Text(ko="순간정지", en="minor stops"), y=tuple(share.tolist()), look="bars"),),
        marks=tuple(marks),
        y_label=Text(ko="가동 시간 중 비율", en="share of run time"),
        y_unit="%",
    )


def _length_chart(found: MinorStops) -> Chart:
    edges = np.array([0, 10, 20, 30, 60, 120, 180, 300, 600], dtype=np.float64)
    counts, _ = np.histogram(found.extra_s, bins=edges)
    return Chart(
        title=Text(ko="순간정지는 얼마나 긴가?", en="How long are the minor stops?"),
        x_kind="category",
        x=tuple(f"{low:.0f}–{high:.0f} s" for low, high in pairwise(edges)),
        lines=(Line(name=Text(ko="횟수", en="stops"), y=tuple(float(count) for count in counts), look="bars"),),
        y_label=Text(ko="횟수", en="count"),
    )


RULE = Rule(name="minor_stops", title=Text(ko="순간정지", en="Minor stops"), check=_check)
