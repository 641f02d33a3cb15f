"""changeover: set-ups that take longer since a day, longer on one machine than on its sisters, or lose time by their order."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jasang.analyze.losses import (
    BetterOrder,
    ChangeoverCell,
    Changeovers,
    LongerChangeovers,
    better_order,
    changeover_matrix,
    longer_since,
    longer_than,
)
from jasang.analyze.machine_states import State
from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Action, Cause, Check, Evidence, Finding, Severity, Worth
from jasang.diagnose.loss_story import a_year, hours_worth, moment, subject_of, who
from jasang.diagnose.machine_losses import find_changeovers, find_minor_stops
from jasang.diagnose.machine_records import MachineRecord, machine_records
from jasang.diagnose.rule import Rule
from jasang.plant.text import Text

_CHANCE = 0.01  # family-wise over everything tried in the factory
_LONGER = 0.40  # a changeover that takes 40 % longer is worth a look
_SHARE = 0.015  # of planned time won back: less pays nobody
_FEWEST = 10
_SHORTEST = 120.0  # seconds
_SEED = 20191001


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Changed:
    """One machine's changeovers; `products` name the codes, empty where only the log of states tells of set-up."""

    record: MachineRecord
    found: Changeovers
    products: tuple[str, ...]
    from_log: bool


def _check(base: EvidenceBase) -> Iterator[Finding]:
    changed = [made for record in machine_records(base) if (made := _changed(base, record)) is not None]
    longer: list[tuple[_Changed, str, LongerChangeovers]] = []
    for made in changed:
        since = longer_since(made.found, seed=_SEED)
        longer += [(made, "past", since)] if since is not None else []
        sisters = [other for other in changed if other is not made and other.from_log == made.from_log]
        if sisters:
            than = longer_than(_renamed(made, changed), _together([_renamed(other, changed) for other in sisters]))
            longer += [(made, "sisters", than)] if than is not None else []
    told: dict[int, tuple[_Changed, str, LongerChangeovers, float]] = {}
    for made, against, one in longer:
        p = min(1.0, one.p * len(longer))
        clear = p < _CHANCE and one.longer >= _LONGER and one.low > 0.1 and _won(made, one) >= _SHARE
        clear &= one.before_s >= _SHORTEST  # changes at once on the other side: no set-up to compare with
        known = told.get(id(made))
        if clear and (known is None or one.longer > known[2].longer):
            told[id(made)] = (made, against, one, p)
    for made, against, one, p in told.values():
        yield _longer_finding(base, made, against, one, p)
    for made in changed:
        if id(made) not in told and not made.from_log:
            order = better_order(made.found, least_s=_SHARE * made.record.planned.seconds, seed=_SEED)
            p = min(1.0, order.p * len(changed)) if order is not None else 1.0
            if order is not None and p < 0.05 and order.saving_low_s > 0:
                yield _order_finding(base, made, order, p)


def _changed(base: EvidenceBase, record: MachineRecord) -> _Changed | None:
    """Changeovers seen between pieces, else the set-ups of the log; `None` where there are too few."""
    if record.pieces is not None and record.pieces.fine:
        minor = find_minor_stops(base, record)
        found = find_changeovers(record, minor)
        if found is not None and found.start.size >= _FEWEST:
            return _Changed(record=record, found=found, products=record.pieces.products, from_log=False)
    if record.log is None:
        return None
    setups = record.log.spans(State.SETUP)
    if setups.start.size < _FEWEST:
        return None
    nothing = np.zeros(setups.start.size, dtype=np.int64)
    seconds = np.asarray((setups.end - setups.start) / 1e6)
    made = Changeovers(start=setups.start, before=nothing, after=nothing, seconds=seconds)
    return _Changed(record=record, found=made, products=(), from_log=True)


def _renamed(made: _Changed, changed: list[_Changed]) -> Changeovers:
    """The changeovers with codes that mean the same product on every machine."""
    if made.from_log:
        return made.found
    names = sorted({name for other in changed for name in other.products})
    codes = np.array([names.index(name) for name in made.products], dtype=np.int64)
    found = made.found
    return Changeovers(start=found.start, before=codes[found.before], after=codes[found.after], seconds=found.seconds)


def _together(parts: list[Changeovers]) -> Changeovers:
    return Changeovers(
        start=np.concatenate([part.start for part in parts]),
        before=np.concatenate([part.before for part in parts]),
        after=np.concatenate([part.after for part in parts]),
        seconds=np.concatenate([part.seconds for part in parts]),
    )


def _won(made: _Changed, one: LongerChangeovers) -> float:
    """Share of planned time won back if the longer changeovers took what they took before, or take on the sisters."""
    later = made.found.seconds[made.found.start >= one.since]
    window = max(1.0, made.record.planned.seconds * _part_since(made.record, one.since))
    return float(later.sum()) * (1 - 1 / (1 + one.longer)) / window


def _part_since(record: MachineRecord, since: int) -> float:
    return (record.last - max(since, record.first)) / max(record.last - record.first, 1)


def _longer_finding(base: EvidenceBase, made: _Changed, against: str, one: LongerChangeovers, p: float) -> Finding:
    record = made.record
    ko, en = who(record)
    longer = f"{100 * one.longer:.0f} %"
    minutes = f"{one.before_s / 60:.0f} → {one.after_s / 60:.0f}"
    if against == "past":
        day = f"{np.datetime64(one.since + int(record.utc_offset_s * 1e6), 'us').astype('datetime64[D]')}"
        text = Text(
            ko=f"{day}부터 {ko} 제품을 바꾸는 데 {longer} 더 걸립니다(중앙값 {minutes}분, 같은 제품끼리 비교).",
            en=f"Since {day} changeovers of {en} take {longer} longer (median {minutes} min, each pair of products by itself).",
        )
    else:
        text = Text(
            ko=f"{ko} 제품을 바꾸는 데 같은 교체를 하는 다른 설비보다 {longer} 더 걸립니다"
            f"(중앙값 {one.after_s / 60:.0f}분, 다른 설비 {one.before_s / 60:.0f}분).",
            en=f"{en} takes {longer} longer for the same changeovers than the other machines (median {one.after_s / 60:.0f} min, "
            f"others {one.before_s / 60:.0f} min).",
        )
    share = _won(made, one)
    return Finding(
        rule="changeover",
        severity=Severity.ACT,
        subject=subject_of(record, _column(made)),
        text=text,
        action=Action(
            text=Text(
                ko="오래 걸린 교체를 한 번 촬영해 빨랐던 때(또는 빠른 설비)와 비교하고, "
                "멈추기 전에 할 준비를 밖으로 빼세요(SMED).",
                en="Film one long changeover, compare it with a quick one, and move outside the stop what can be (SMED).",
            ),
            owner="engineer",
        ),
        evidence=(
            Evidence(
                name="longer",
                label=Text(ko="더 걸리는 만큼", en="longer by"),
                value=100 * one.longer,
                low=100 * one.low,
                high=100 * one.high,
                unit="%",
            ),
            Evidence(
                name="median", label=Text(ko="교체 중앙값", en="median changeover"), value=one.after_s / 60, unit="min"
            ),
            Evidence(
                name="reference",
                label=Text(ko="그 전", en="before") if against == "past" else Text(ko="다른 설비", en="other machines"),
                value=one.before_s / 60,
                unit="min",
            ),
            Evidence(name="count", label=Text(ko="교체 횟수", en="changeovers"), value=float(one.count)),
            Evidence(
                name="share",
                label=Text(ko="되찾을 계획 시간", en="planned time to win back"),
                value=100 * share,
                unit="%",
            ),
            Evidence(name="p", label=Text(ko="우연일 확률(보정)", en="p-value, corrected"), value=p),
        ),
        since=moment(one.since) if one.since else None,
        worth=_worth(base, made, share, (one.longer, one.low, one.high)),
        check=Check(metric="changeover_min", expected=(one.before_s - one.after_s) / 60, days=30),
        strength=float(min(300.0, -np.log10(max(p, 1e-300)))),
        charts=(_course_chart(made, one),),
    )


def _column(made: _Changed) -> str | None:
    table = made.record.data.table
    return table.state_column if made.from_log and table.state_column else table.product_column


def _worth(base: EvidenceBase, made: _Changed, share: float, longer: tuple[float, float, float]) -> Worth:
    """The share of planned hours won back; its interval follows that of how much longer changeovers take."""
    won, low, high = (max(0.0, 1 - 1 / (1 + one)) for one in longer)
    planned = a_year(made.record.planned.seconds / 3600, made.record)
    return hours_worth(base, planned, (share, share * low / won, share * high / won))


def _order_finding(base: EvidenceBase, made: _Changed, order: BetterOrder, p: float) -> Finding:
    record = made.record
    ko, en = who(record)
    cells = {(cell.before, cell.after): cell for cell in changeover_matrix(made.found)}
    slow = _to_avoid(cells, order)
    share = 100 * order.saving_s / order.now_s
    planned = record.planned.seconds
    pair_ko = pair_en = ""
    if slow is not None:
        pair = f"'{made.products[slow.before]} → {made.products[slow.after]}'"
        pair_ko = f" {pair} 교체({slow.median_s / 60:.0f}분)를 피하는 순서입니다."
        pair_en = f" It avoids {pair} ({slow.median_s / 60:.0f} min)."
    hours = a_year(planned / 3600, record)
    shares = (order.saving_s / planned, order.saving_low_s / planned, order.saving_high_s / planned)
    return Finding(
        rule="changeover",
        severity=Severity.ACT,
        subject=subject_of(record, _column(made)),
        text=Text(
            ko=f"{ko} 같은 제품을 같은 횟수만큼 만들어도 순서를 바꾸면 교체 시간이 많게는 {share:.0f} % 줄어듭니다"
            f"({order.now_s / 3600:.1f} → {order.best_s / 3600:.1f}시간).{pair_ko}",
            en=f"Making the same products as often in another order would save up to {share:.0f} % of the changeover time "
            f"of {en} ({order.now_s / 3600:.1f} → {order.best_s / 3600:.1f} h).{pair_en}",
        ),
        action=Action(
            text=Text(
                ko="다음 주 생산 순서를 교체 시간표(어느 제품 다음에 어느 제품)를 보고 짜세요.",
                en="Plan next week's order of products from the table of changeover times.",
            ),
            owner="boss",
        ),
        evidence=(
            Evidence(
                name="saving",
                label=Text(ko="줄어드는 교체 시간", en="changeover time saved"),
                value=order.saving_s / 3600,
                low=order.saving_low_s / 3600,
                high=order.saving_high_s / 3600,
                unit="h",
            ),
            Evidence(
                name="now",
                label=Text(ko="지금 교체 시간", en="changeover time now"),
                value=order.now_s / 3600,
                unit="h",
            ),
            Evidence(name="count", label=Text(ko="교체 횟수", en="changeovers"), value=float(made.found.start.size)),
            Evidence(
                name="p", label=Text(ko="순서가 상관없을 확률(보정)", en="p-value that order does not matter"), value=p
            ),
        ),
        causes=_pair_cause(made, slow),
        worth=hours_worth(base, hours, shares),
        check=Check(metric="changeover_share", expected=-order.saving_s / planned, days=30),
        strength=float(min(300.0, -np.log10(max(p, 1e-300)))),
        charts=(_pair_chart(made),),
    )


def _to_avoid(cells: dict[tuple[int, int], ChangeoverCell], order: BetterOrder) -> ChangeoverCell | None:
    """The pair whose use shrinks most in the better order, by time."""
    planned = {(before, after): times for before, after, times in order.moves}
    gains = [(cell.median_s * (cell.count - planned.get(pair, 0)), cell) for pair, cell in cells.items()]
    best = max(gains, key=lambda one: one[0], default=None)
    return best[1] if best is not None and best[0] > 0 else None


def _pair_cause(made: _Changed, slow: ChangeoverCell | None) -> tuple[Cause, ...]:
    column = made.record.data.table.product_column
    if slow is None or column is None:
        return ()
    return (Cause(column=column, level=f"{made.products[slow.before]} → {made.products[slow.after]}"),)


def _course_chart(made: _Changed, one: LongerChangeovers) -> Chart:
    order = np.argsort(made.found.start)
    start = made.found.start[order].astype("datetime64[us]").astype("datetime64[s]").astype(str)
    marks = [Mark(name=Text(ko="기준", en="reference"), axis="y", at=one.before_s / 60, look="centre")]
    if one.since:
        at = f"{np.datetime64(one.since, 'us').astype('datetime64[s]')}Z"
        marks.append(Mark(name=Text(ko="늘어난 때", en="longer since"), axis="x", at=at, look="event"))
    return Chart(
        title=Text(ko="제품을 바꾸는 데 얼마나 걸렸나?", en="How long did each changeover take?"),
        x_kind="time",
        x=tuple(f"{text}Z" for text in start),
        lines=(
            Line(
                name=Text(ko="교체 시간", en="changeover"),
                y=tuple((made.found.seconds[order] / 60).tolist()),
                look="points",
            ),
        ),
        marks=tuple(marks),
        y_label=Text(ko="교체 시간", en="changeover"),
        y_unit="min",
    )


def _pair_chart(made: _Changed) -> Chart:
    cells = changeover_matrix(made.found)[:15]
    return Chart(
        title=Text(ko="어느 교체가 시간을 가장 많이 쓰나?", en="Which changeover takes most time?"),
        x_kind="category",
        x=tuple(f"{made.products[cell.before]} → {made.products[cell.after]}" for cell in cells),
        lines=(
            Line(
                name=Text(ko="한 번의 중앙값", en="median of one"), y=tuple(c.median_s / 60 for c in cells), look="bars"
            ),
        ),
        y_label=Text(ko="분", en="minutes"),
        y_unit="min",
    )


RULE = Rule(name="changeover", title=Text(ko="제품 교체", en="Changeover"), check=_check)
