"""slow_cycle: cycles that became slower on a day, run slower than the stated ideal, or far from the best demonstrated."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jasang.analyze.losses import BestCycle, Slowdown, best_cycle, slowdown
from jasang.analyze.stops import DAY
from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Action, Check, Evidence, Finding, Severity, Worth
from jasang.diagnose.loss_story import a_year, first_moment_of_day, hours_worth, subject_of, who
from jasang.diagnose.machine_losses import paced_cycles
from jasang.diagnose.machine_records import MachineRecord, machine_records
from jasang.diagnose.rule import Rule
from jasang.plant.factory import Role
from jasang.plant.text import Text

_CHANCE = 0.01  # family-wise over machines and products
_LEAST = 0.05  # slower by less pays nobody
_FAR = 0.10  # from the best demonstrated: told as worth watching
_FEWEST_DAYS = 10
_SCATTER = 0.35  # of the cycle, between its quartiles: above, there is no pace to speak of
_SEED = 20191001
_CYCLE = re.compile(r"cycle_?time|cycle|사이클|싸이클|택트|tact", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Paced:
    """Cycles of one machine: seconds, product code and moment of each, and where they are from."""

    record: MachineRecord
    column: str | None
    cycle_s: np.ndarray
    kind: np.ndarray
    moment: np.ndarray

    @property
    def day(self) -> np.ndarray:
        return np.asarray((self.moment + int(self.record.utc_offset_s * 1e6)) // DAY)


def _check(base: EvidenceBase) -> Iterator[Finding]:
    paced = [made for record in machine_records(base) if (made := _paced(record)) is not None]
    tried: list[tuple[_Paced, str | None, Slowdown]] = []
    for made in paced:
        kinds = np.unique(made.kind)
        one = slowdown(made.cycle_s, made.day, made.kind, seed=_SEED)
        tried += [(made, None, one)] if one is not None else []
        if kinds.size > 1 and made.record.pieces is not None:
            for kind in kinds[:20]:
                mine = made.kind == kind
                one = slowdown(made.cycle_s[mine], made.day[mine], seed=_SEED)
                product = made.record.pieces.products[kind] if kind >= 0 else None
                tried += [(made, product, one)] if one is not None else []
    told: dict[int, tuple[_Paced, str | None, Slowdown, float]] = {}
    for made, product, one in tried:
        p = min(1.0, one.p * len(paced) * (1 if product is None else 2))
        known = told.get(id(made))
        if (
            p < _CHANCE
            and one.slower >= _LEAST
            and one.low >= 0.4 * _LEAST
            and (known is None or _beats(one, known[2]))
        ):
            told[id(made)] = (made, product, one, p)
    for made in paced:
        if id(made) in told:
            yield _slowed(base, *told[id(made)])
        else:
            yield from _below_best(base, made)


def _beats(one: Slowdown, other: Slowdown) -> bool:
    """One product that became much slower says more than all products a little."""
    return one.slower > 1.5 * other.slower


def _paced(record: MachineRecord) -> _Paced | None:
    """The machine's cycles, from the intervals between pieces, else from a column of cycle times; `None` without a pace."""
    pieces = record.pieces
    if pieces is None:
        return None
    if pieces.fine:
        cycle, kind, moment = paced_cycles(pieces)
        made = _Paced(record=record, column=record.data.table.time, cycle_s=cycle, kind=kind, moment=moment)
        if _even(made):
            return made
    columns = [
        column
        for column in record.data.table.with_role(Role.SENSOR, Role.QUALITY, Role.SETTING)
        if _CYCLE.search(column.name) and (column.unit or "s").lower() in ("s", "sec", "초")
    ]
    for column in columns:
        values = record.data.clean(column.name)[pieces.rows]
        known = np.isfinite(values) & (values > 0)
        made = _Paced(
            record=record,
            column=column.name,
            cycle_s=values[known],
            kind=pieces.product[known],
            moment=pieces.time[known],
        )
        if _even(made):
            return made
    return None


def _even(made: _Paced) -> bool:
    """Enough cycles on enough days, and most of them alike within their product."""
    if made.cycle_s.size < 200 or np.unique(made.day).size < _FEWEST_DAYS:
        return False
    scatters, weights = [], []
    for kind in np.unique(made.kind):
        own = made.cycle_s[made.kind == kind]
        low, middle, high = np.quantile(own, [0.25, 0.5, 0.75])
        scatters.append((high - low) / middle)
        weights.append(own.size)
    return float(np.average(scatters, weights=weights)) <= _SCATTER


def _slowed(base: EvidenceBase, made: _Paced, product: str | None, one: Slowdown, p: float) -> Finding:
    record = made.record
    since = first_moment_of_day(made.moment, one.since_day, record.utc_offset_s)
    ko, en = who(record)
    what_ko, what_en = (f" '{product}' 제품의", f" on product '{product}'") if product else ("", "")
    day = f"{np.datetime64(one.since_day, 'D')}"
    slower = f"{100 * one.slower:.0f} %"
    return Finding(
        rule="slow_cycle",
        severity=Severity.ACT,
        subject=subject_of(record, made.column, product),
        text=Text(
            ko=f"{day}부터 {ko}{what_ko} 사이클이 {slower} 느려졌습니다"
            f"({one.before_s:.1f}초 → {one.after_s:.1f}초, 제품을 맞춰 비교).",
            en=f"Since {day} the cycle of {en}{what_en} takes {slower} longer ({one.before_s:.1f} s → {one.after_s:.1f} s, "
            f"compared product by product).",
        ),
        action=Action(
            text=Text(
                ko=f"{day} 전후로 바뀐 것(조건, 금형·공구, 취출·이송, 작업자)을 찾아 이전 조건과 비교하세요.",
                en=f"Find what changed about {day} (settings, mould or tool, handling, operator) and compare with before.",
            ),
            owner="engineer",
        ),
        evidence=(
            Evidence(
                name="slower",
                label=Text(ko="느려진 만큼", en="slower by"),
                value=100 * one.slower,
                low=100 * one.low,
                high=100 * one.high,
                unit="%",
            ),
            Evidence(name="before", label=Text(ko="그 전 사이클", en="cycle before"), value=one.before_s, unit="s"),
            Evidence(name="after", label=Text(ko="지금 사이클", en="cycle now"), value=one.after_s, unit="s"),
            Evidence(name="p", label=Text(ko="우연일 확률(보정)", en="p-value, corrected"), value=p),
        ),
        since=since,
        worth=_worth(base, made, product, (1 - 1 / (1 + one.slower), 1 - 1 / (1 + one.low), 1 - 1 / (1 + one.high))),
        check=Check(metric="cycle_s", expected=one.before_s - one.after_s, days=14),
        strength=float(min(300.0, -np.log10(max(p, 1e-300)))),
        charts=(_chart(made, product, one.before_s, one.since_day),),
    )


def _worth(base: EvidenceBase, made: _Paced, product: str | None, shares: tuple[float, float, float]) -> Worth:
    """The share of the run time of these pieces; zero is the least where the interval reaches below."""
    cycles, count = made.cycle_s, made.cycle_s.size
    pieces = made.record.pieces
    if pieces is not None:
        code = None if product is None else pieces.products.index(product)
        cycles = cycles if code is None else cycles[made.kind == code]
        # The clock leaves out cycles that it cannot tell (whole minutes, breaks between); every piece took one.
        count = max(cycles.size, int(pieces.rows.size if code is None else (pieces.product == code).sum()))
    hours = float(cycles.mean()) * count / 3600
    low, value, high = sorted(max(0.0, share) for share in shares)
    return hours_worth(base, a_year(hours, made.record), (value, low, high))


def _below_best(base: EvidenceBase, made: _Paced) -> Iterator[Finding]:
    """The product that loses most against its stated ideal cycle, else against the best it has demonstrated."""
    worst: tuple[float, str | None, BestCycle, float, bool] | None = None
    products = made.record.pieces.products if made.record.pieces is not None else ()
    for kind in np.unique(made.kind):
        cycles = made.cycle_s[made.kind == kind]
        best = best_cycle(cycles)
        if best is None:
            continue
        name = products[kind] if kind >= 0 else None
        stated = base.factory.ideal_cycles_s.get(name or "", made.record.data.table.ideal_cycle_s or 0.0)
        ideal = stated if stated else best.best_s
        # Against a stated ideal only the typical cycle is uncertain.
        low = 1 - ideal / best.typical_low_s if stated else best.loss_low
        if low < (_LEAST if stated else _FAR):
            continue
        hours = float(cycles.sum()) / 3600 * (1 - ideal / best.typical_s)
        if worst is None or hours > worst[0]:
            worst = (hours, name, best, ideal, bool(stated))
    if worst is not None:
        yield _slow_finding(base, made, *worst[1:])


def _slow_finding(
    base: EvidenceBase, made: _Paced, product: str | None, best: BestCycle, ideal: float, stated: bool
) -> Finding:
    record = made.record
    ko, en = who(record)
    what_ko, what_en = (f" '{product}' 제품에서", f" on product '{product}'") if product else ("", "")
    loss = 1 - ideal / best.typical_s
    low = 1 - ideal / best.typical_low_s if stated else best.loss_low
    high = 1 - ideal / best.typical_high_s if stated else best.loss_high
    than_ko, than_en = (
        ("정해 둔 이상 사이클", "the stated ideal cycle") if stated else ("가장 좋았던 때", "its best time")
    )
    return Finding(
        rule="slow_cycle",
        severity=Severity.ACT if stated else Severity.WATCH,
        subject=subject_of(record, made.column, product if not record.by_product else None),
        text=Text(
            ko=f"{ko}{what_ko} 보통 {best.typical_s:.1f}초로 돌아 {than_ko}({ideal:.1f}초)보다 "
            f"가동 시간의 {100 * loss:.0f} %를 더 씁니다.",
            en=f"{en} usually takes {best.typical_s:.1f} s{what_en}; against {than_en} ({ideal:.1f} s) that is "
            f"{100 * loss:.0f} % of its run time.",
        ),
        action=Action(
            text=Text(
                ko="가장 빨랐던 날의 조건을 찾아 지금과 비교하고, 품질에 문제가 없으면 그 조건으로 돌리세요.",
                en="Find the settings of its fastest days, compare them with today's, and run them where quality allows.",
            ),
            owner="engineer",
        ),
        evidence=(
            Evidence(
                name="slower",
                label=Text(ko="가동 시간 중 느린 만큼", en="run time lost to slow cycles"),
                value=100 * loss,
                low=100 * low,
                high=100 * high,
                unit="%",
            ),
            Evidence(
                name="typical",
                label=Text(ko="보통 사이클", en="typical cycle"),
                value=best.typical_s,
                low=best.typical_low_s,
                high=best.typical_high_s,
                unit="s",
            ),
            Evidence(name="ideal", label=Text(ko=than_ko, en=than_en), value=ideal, unit="s"),
        ),
        worth=_worth(base, made, product, (loss, low, high)),
        check=Check(metric="cycle_s", expected=ideal - best.typical_s, days=14),
        strength=10.0,
        charts=(_chart(made, product, ideal, None),),
    )


def _chart(made: _Paced, product: str | None, reference: float, since_day: int | None) -> Chart:
    """Median cycle of each day; several products together relative to their own medians."""
    cycle, day = made.cycle_s, made.day
    if product is not None and made.record.pieces is not None:
        mine = made.kind == made.record.pieces.products.index(product)
        cycle, day = cycle[mine], day[mine]
    elif np.unique(made.kind).size > 1:
        overall = float(np.median(cycle))
        cycle = cycle.copy()
        for kind in np.unique(made.kind):
            cycle[made.kind == kind] *= overall / np.median(cycle[made.kind == kind])
    days, place = np.unique(day, return_inverse=True)
    medians = [float(np.median(cycle[place == number])) for number in range(days.size)]
    marks = [Mark(name=Text(ko="기준", en="reference"), axis="y", at=reference, look="centre")]
    if since_day is not None:
        since = f"{np.datetime64(since_day, 'D')}"
        marks.append(Mark(name=Text(ko="느려진 날", en="slower since"), axis="x", at=since, look="event"))
    return Chart(
        title=Text(ko="사이클은 날마다 몇 초였나?", en="How long was the cycle each day?"),
        x_kind="category",
        x=tuple(f"{np.datetime64(int(one), 'D')}" for one in days),
        lines=(Line(name=Text(ko="사이클 중앙값", en="median cycle"), y=tuple(medians), look="points"),),
        marks=tuple(marks),
        y_label=Text(ko="사이클", en="cycle"),
        y_unit="s",
    )


RULE = Rule(name="slow_cycle", title=Text(ko="느린 사이클", en="Slow cycle"), check=_check)
