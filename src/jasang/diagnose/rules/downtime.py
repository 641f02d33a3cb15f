"""downtime: the stops ranked by time lost, and those that take clearly more than usual."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from jasang.analyze.machine_states import State
from jasang.analyze.pareto import Bar, pareto
from jasang.analyze.stops import Excess, against_level, against_past, against_sisters
from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import local, percent
from jasang.diagnose.finding import Action, Cause, Check, Evidence, Finding, Severity, Subject, Worth
from jasang.diagnose.prices import machine_hour_price, priced
from jasang.diagnose.rule import Rule
from jasang.diagnose.shot_gaps import gap_log
from jasang.diagnose.stop_log import Loss, StopLog, stop_log, with_plant, with_totals
from jasang.plant.factory import Kind
from jasang.plant.text import Text

# What a loss normally takes of the planned time. One reason of unplanned stops above 5 %, all of them without reasons above 12 %,
# set-up above 15 %: docs/rules/downtime.md says where these come from.
_LEVELS = {(State.DOWN, True): 0.05, (State.DOWN, False): 0.12, (State.SETUP, True): 0.15, (State.SETUP, False): 0.15}
_CHANCE = 0.05  # family-wise, over everything tried in a table
_LEAST = 0.03  # of planned time: smaller differences pay nobody
_LOUD = 0.07  # of planned time: worth a boss's attention today
_SETUP = 0.08
_GAP_SHARE, _FEWEST_GAPS = 0.15, 10
_SMALL = 0.01  # of planned time over the whole record: not worth a test
_MOST = 6  # findings a table
_MOSTLY = 0.6  # of the excess of all stops together: one reason that makes up so much is told instead
_SEED = 20191001


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    asset: int
    loss: int
    against: str  # "past" | "sisters" | "level"
    excess: Excess
    p: float  # corrected


def _check(base: EvidenceBase) -> Iterator[Finding]:
    logged: set[str | None] = set()
    for data in base.of_kind(Kind.STATES):
        log = stop_log(data, base.factory.timezone)
        if log is None or not log.losses or not log.lost.sum() > 0:
            continue
        logged |= set(log.assets)
        whole = with_plant(with_totals(log))
        for problem in _problems(whole)[:_MOST]:
            yield _problem(base, data, whole, problem)
        yield _ranking(data, log)
    for data in base.of_kind(Kind.UNITS):
        log = gap_log(data, base.factory.timezone)
        if log is not None and not (set(log.assets) & logged) and _worth_telling(log):
            yield _ranking(data, log, gaps=True)


def _worth_telling(log: StopLog) -> bool:
    """Silences are told when they are many and long; every shop has some."""
    return bool(log.stops.sum() >= _FEWEST_GAPS and log.lost.sum() >= _GAP_SHARE * log.planned.sum())


def _problems(log: StopLog) -> list[_Problem]:
    """Losses above usual, one a machine and loss, the clearest comparison of each, largest first."""
    tried: list[tuple[int, int, str, Excess]] = []
    for asset in range(len(log.assets)):
        for loss, kind in enumerate(log.losses):
            lost, planned = log.lost[asset, loss], log.planned[asset]
            if lost.sum() < _SMALL * planned.sum():
                continue
            plant = log.pooled and asset == len(log.assets) - 1
            others = [other for other in range(len(log.assets) - log.pooled) if other != asset and not plant]
            if others:
                excess = against_sisters(
                    lost, planned, log.lost[others, loss].sum(axis=0), log.planned[others].sum(axis=0)
                )
                tried += [(asset, loss, "sisters", excess)] if excess else []
            excess = None if plant else against_past(lost, planned, log.days, seed=_SEED)
            tried += [(asset, loss, "past", excess)] if excess else []
            level = _LEVELS.get((kind.state, kind.has_reason))
            excess = against_level(lost, planned, level) if level else None
            tried += [(asset, loss, "level", excess)] if excess else []
    best: dict[tuple[int, int], _Problem] = {}
    for asset, loss, against, excess in tried:
        problem = _Problem(asset=asset, loss=loss, against=against, excess=excess, p=min(1.0, excess.p * len(tried)))
        known = best.get((asset, loss))
        if _clear(problem, log.losses[loss].state) and (
            known is None or problem.excess.difference > known.excess.difference
        ):
            best[asset, loss] = problem
    return sorted(_told_once(_plant_or_machines(best, log), log), key=lambda problem: -problem.excess.difference)


def _plant_or_machines(best: dict[tuple[int, int], _Problem], log: StopLog) -> list[_Problem]:
    """A loss above its normal level is told of the plant, unless one machine makes up most of it, then of that machine."""
    if not log.pooled:
        return list(best.values())
    plant = len(log.assets) - 1
    told = []
    for (asset, loss), problem in best.items():
        whole = best.get((plant, loss))
        if whole is None:
            told.append(problem)
            continue
        hours = whole.excess.difference * float(log.planned[plant].sum())
        share = {
            machine: other.excess.difference * float(log.planned[machine].sum()) / hours
            for (machine, its), other in best.items()
            if its == loss and machine != plant
        }
        one_machine = max(share.values(), default=0.0) >= _MOSTLY
        if asset == plant:
            told += [] if one_machine else [problem]
        elif one_machine or problem.against != "level":
            told.append(problem)
    return told


def _told_once(problems: Iterable[_Problem], log: StopLog) -> list[_Problem]:
    """Either all stops of a machine together, or the reason that makes up most of them."""
    known = list(problems)
    told = []
    for problem in known:
        loss = log.losses[problem.loss]
        kin = [other for other in known if other.asset == problem.asset and other.loss != problem.loss]
        totals = [other.excess.difference for other in kin if log.losses[other.loss].total]
        parts = [other.excess.difference for other in kin if log.losses[other.loss].state is State.DOWN]
        if loss.total:
            told += [problem] if max(parts, default=0.0) < _MOSTLY * problem.excess.difference else []
        elif loss.state is not State.DOWN or not totals or problem.excess.difference >= _MOSTLY * totals[0]:
            told.append(problem)
    return told


def _clear(problem: _Problem, state: State) -> bool:
    excess = problem.excess
    if state is State.SETUP and problem.against != "level" and excess.difference < _SETUP:
        return False  # how often a machine is set up follows from its orders
    return problem.p < _CHANCE and excess.difference >= _LEAST and excess.share >= 1.5 * excess.reference


def _problem(base: EvidenceBase, data: TableData, log: StopLog, problem: _Problem) -> Finding:
    loss, excess = log.losses[problem.loss], problem.excess
    asset = log.assets[problem.asset]
    lost, planned = log.lost[problem.asset, problem.loss], log.planned[problem.asset]
    after = log.days >= (excess.since if excess.since is not None else log.days[0])
    hours, count = float(lost[after].sum()), int(log.stops[problem.asset, problem.loss])
    loud = loss.state is State.DOWN and excess.share >= max(_LOUD, 2 * excess.reference)
    if problem.against == "level":
        loud = excess.low > 0 and excess.difference >= _LEAST
    return Finding(
        rule="downtime",
        severity=Severity.ACT if loud else Severity.WATCH,
        subject=Subject(table=data.table.file, column=data.table.reason_column or data.table.state_column, asset=asset),
        text=_problem_text(base, log, problem, hours),
        action=_action(loss),
        evidence=(
            Evidence(name="hours", label=Text(ko="멈춘 시간", en="time lost"), value=hours, unit="h"),
            _share_evidence(excess),
            Evidence(
                name="reference",
                label=_REFERENCES[problem.against],
                value=100 * excess.reference,
                unit="%",
            ),
            Evidence(name="count", label=Text(ko="멈춘 횟수", en="stops"), value=float(count)),
            Evidence(
                name="mean_stop",
                label=Text(ko="한 번에 평균(MTTR)", en="mean length of a stop (MTTR)"),
                value=60 * float(lost.sum()) / max(count, 1),
                unit="min",
            ),
            Evidence(
                name="between_stops",
                label=Text(ko="멈춤 사이 평균(MTBF)", en="mean time between stops (MTBF)"),
                value=float(planned.sum() - lost.sum()) / max(count, 1),
                unit="h",
            ),
            Evidence(name="p", label=Text(ko="우연일 확률(보정)", en="p-value, corrected"), value=problem.p),
        ),
        since=_since(log, problem),
        causes=_causes(data, loss, excess),
        worth=_worth(base, planned, log.days, excess),
        check=Check(metric="down_share", expected=-excess.difference, days=14),
        strength=float(min(300.0, -np.log10(max(problem.p, 1e-300)))),
        charts=(_daily_chart(log, problem), _pareto_chart(log, problem.asset)),
    )


_REFERENCES = {
    "past": Text(ko="그 전의 비율", en="share before"),
    "sisters": Text(ko="다른 설비의 비율", en="share on the other machines"),
    "level": Text(ko="보통 수준", en="normal level"),
}


def _share_evidence(excess: Excess) -> Evidence:
    return Evidence(
        name="share",
        label=Text(ko="계획 시간 중 비율", en="share of planned time"),
        value=100 * excess.share,
        low=100 * max(0.0, excess.reference + excess.low),
        high=100 * min(1.0, excess.reference + excess.high),
        unit="%",
    )


def _causes(data: TableData, loss: Loss, excess: Excess) -> tuple[Cause, ...]:
    column = data.table.reason_column if loss.has_reason else data.table.state_column
    if column is None or loss.total:
        return ()
    return (Cause(column=column, level=loss.name, effect=excess.difference, low=excess.low, high=excess.high),)


def _since(log: StopLog, problem: _Problem) -> datetime | None:
    if problem.excess.since is None:
        return None
    starts = log.first_start[problem.asset, problem.loss][log.days >= problem.excess.since]
    starts = starts[starts > 0]
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(starts[0])) if starts.size else None


def _problem_text(base: EvidenceBase, log: StopLog, problem: _Problem, hours: float) -> Text:
    loss, excess = log.losses[problem.loss], problem.excess
    asset = log.assets[problem.asset]
    ko, en, loses = (f"{asset}이(가) ", f"{asset} ", "loses") if asset else ("설비가 ", "The machine ", "loses")
    if log.pooled and problem.asset == len(log.assets) - 1:
        ko, en, loses = "설비를 모두 합쳐 ", "All machines together ", "lose"
    share, reference = percent(excess.share), percent(excess.reference)
    since = _since(log, problem)
    when_ko, when_en = (f"{local(base, since)}부터 ", f"Since {local(base, since)} ") if since else ("", "")
    than = {
        "past": (f"그 전에는 {reference}였습니다", f"it was {reference} before"),
        "sisters": (f"다른 설비는 {reference}입니다", f"on the other machines it is {reference}"),
        "level": (f"보통은 {reference} 이하입니다", f"below {reference} is normal"),
    }[problem.against]
    what_ko, what_en = {
        State.SETUP: ("준비·교체로", "to set-up"),
        State.IDLE: ("대기로", "to waiting"),
    }.get(loss.state, ("정지로", "to stops for"))
    if loss.total:
        parts_ko, parts_en = _largest_parts(log, problem)
        return Text(
            ko=f"{when_ko}{ko}정지로 계획 시간의 {share}({hours:,.1f}시간)를 잃습니다. {than[0]}. {parts_ko}",
            en=f"{when_en}{en}stood still for {share} of the planned time ({hours:,.1f} h); {than[1]}. {parts_en}",
        )
    return Text(
        ko=f"{when_ko}{ko}'{loss.name}' {what_ko} 계획 시간의 {share}({hours:,.1f}시간)를 잃습니다. {than[0]}.",
        en=f"{when_en}{en}{loses} {share} of the planned time ({hours:,.1f} h) {what_en} '{loss.name}'; {than[1]}.",
    )


def _largest_parts(log: StopLog, problem: _Problem) -> tuple[str, str]:
    """The reasons behind all stops together, the three that took most, in Korean and English."""
    after = log.days >= (problem.excess.since if problem.excess.since is not None else log.days[0])
    hours = log.lost[problem.asset][:, after].sum(axis=1)
    parts = [place for place, loss in enumerate(log.losses) if loss.state is State.DOWN and not loss.total]
    parts = [place for place in sorted(parts, key=lambda place: -float(hours[place])) if hours[place] > 0][:3]
    ko = ", ".join(f"{log.losses[place].name} {hours[place]:,.1f}시간" for place in parts)
    en = ", ".join(f"{log.losses[place].name} {hours[place]:,.1f} h" for place in parts)
    return f"큰 것부터: {ko}.", f"Largest first: {en}."


def _action(loss: Loss) -> Action:
    if loss.total:
        return Action(
            text=Text(
                ko="이유 하나 때문이 아닙니다. 최근 정지를 보전 담당과 함께 하나씩 보고, 큰 이유부터 줄이세요.",
                en="No single reason explains it. Go through the latest stops with maintenance, the largest reason first.",
            ),
            owner="maintenance",
        )
    if loss.state is State.SETUP:
        return Action(
            text=Text(
                ko=f"'{loss.name}' 작업을 한 번 촬영해서 멈추기 전에 할 수 있는 준비를 밖으로 빼세요(SMED).",
                en=f"Film one '{loss.name}' and move outside the stop whatever can be prepared before it (SMED).",
            ),
            owner="engineer",
        )
    if loss.state is State.IDLE:
        return Action(
            text=Text(
                ko="기다리는 이유(자재, 사람, 앞 공정)를 한 주 동안 적으세요.",
                en="Write down for a week what it waits for.",
            ),
            owner="operator",
        )
    return Action(
        text=Text(
            ko=f"'{loss.name}'의 최근 정지를 보전 담당과 함께 보고, 반복되는 부위 하나를 먼저 고치세요.",
            en=f"Go through the latest '{loss.name}' stops with maintenance and mend the one spot that repeats.",
        ),
        owner="maintenance",
    )


def _worth(base: EvidenceBase, planned: np.ndarray, days: np.ndarray, excess: Excess) -> Worth | None:
    """What the excess over the reference costs in a year at this pace."""
    if days.size < 5:
        return None
    a_year = float(planned.sum()) / days.size * 365.25
    basis = Text(
        ko=f"계획 {a_year:,.0f}시간/년 × 더 멈춘 비율 {percent(excess.difference)}",
        en=f"{a_year:,.0f} planned h/year × {percent(excess.difference)} more stopped",
    )
    saved = (a_year * excess.difference, a_year * excess.low, a_year * excess.high)
    return priced(saved, machine_hour_price(base), basis)


def _ranking(data: TableData, log: StopLog, *, gaps: bool = False) -> Finding:
    bars, places = _bars(log)
    total, planned = float(log.lost.sum()), float(log.planned.sum())
    top = bars[0]
    asset, _ = places[top.name]
    count = int(log.stops.sum())
    lines = ", ".join(f"{bar.name} {bar.amount:,.1f} h ({percent(bar.share)})" for bar in bars[:3])
    column = data.table.time if gaps else data.table.reason_column or data.table.state_column
    ranks = tuple(
        Evidence(
            name=f"rank_{rank}",
            label=Text(ko=f"{rank}위 {bar.name}", en=f"no. {rank}: {bar.name}"),
            value=bar.amount,
            low=bar.low * total,
            high=bar.high * total,
            unit="h",
        )
        for rank, bar in enumerate(bars[:5], start=1)
    )
    return Finding(
        rule="downtime",
        severity=Severity.NOTE,
        subject=Subject(
            table=data.table.file,
            column=column,
            asset=None if log.by_product else log.assets[asset],
            product=log.assets[asset] if log.by_product else None,
        ),
        text=_ranking_text(log, total, count, lines, gaps),
        action=Action(
            text=Text(
                ko=f"맨 위의 '{top.name}'부터 이유를 적고 줄이세요.",
                en=f"Start with the one on top, '{top.name}': write down why, and cut it.",
            ),
            owner="boss",
        ),
        evidence=(
            Evidence(name="hours", label=Text(ko="멈춘 시간", en="time lost"), value=total, unit="h"),
            Evidence(name="count", label=Text(ko="멈춘 횟수", en="stops"), value=float(count)),
            Evidence(
                name="share",
                label=Text(ko="계획 시간 중 비율", en="share of planned time"),
                value=100 * total / max(planned, total),
                unit="%",
            ),
            *ranks,
        ),
        strength=0.0,
        charts=(_bar_chart(bars),),
    )


def _ranking_text(log: StopLog, total: float, count: int, lines: str, gaps: bool) -> Text:
    share = percent(total / max(float(log.planned.sum()), total))
    if gaps:
        return Text(
            ko=f"평소 일하는 시간에 30분 넘게 생산이 없던 때가 {count:,}번, 모두 {total:,.1f}시간입니다. 큰 것부터: {lines}.",
            en=f"In usual working hours nothing was made for half an hour or more {count:,} times, {total:,.1f} h in all. "
            f"Largest first: {lines}.",
        )
    of_ko, of_en = ("기록된 시간", "recorded time") if log.whole else ("계획 시간", "planned time")
    odd = log.believed.backwards + log.believed.overlaps
    odd_ko = f" 기록 {odd:,}행은 시각이 겹치거나 거꾸로여서 잘라 내거나 뺐습니다." if odd else ""
    odd_en = f" {odd:,} rows overlap or end before they start; they were cut or left out." if odd else ""
    return Text(
        ko=f"멈춘 시간은 모두 {total:,.1f}시간({count:,}회), {of_ko}의 {share}입니다. 큰 것부터: {lines}.{odd_ko}",
        en=f"Stops took {total:,.1f} h ({count:,} stops), {share} of the {of_en}. Largest first: {lines}.{odd_en}",
    )


def _bars(log: StopLog) -> tuple[tuple[Bar, ...], dict[str, tuple[int, int]]]:
    """Machine and reason together, in falling order of hours."""
    names: dict[str, tuple[int, int]] = {}
    amounts = []
    for asset, machine in enumerate(log.assets):
        for loss, kind in enumerate(log.losses):
            if log.lost[asset, loss].sum() > 0:
                name = f"{machine} · {kind.name}" if machine and len(log.assets) > 1 else kind.name
                names[name if name not in names else f"{name} ({kind.state.value})"] = (asset, loss)
                amounts.append(log.lost[asset, loss])
    return pareto(list(names), np.array(amounts).T, seed=_SEED), names


def _pareto_chart(log: StopLog, asset: int) -> Chart:
    hours = log.lost[asset]
    used = np.flatnonzero((hours.sum(axis=1) > 0) & np.array([not loss.total for loss in log.losses]))
    return _bar_chart(pareto([log.losses[place].name for place in used], hours[used].T, seed=_SEED))


def _bar_chart(bars: tuple[Bar, ...], most: int = 15) -> Chart:
    shown = bars[:most]
    return Chart(
        title=Text(ko="어떤 정지가 시간을 가장 많이 가져가나?", en="Which stops take most of the time?"),
        x_kind="category",
        x=tuple(bar.name for bar in shown),
        lines=(
            Line(name=Text(ko="멈춘 시간", en="time lost"), y=tuple(bar.amount for bar in shown), look="bars"),
            Line(
                name=Text(ko="누적 비율", en="cumulative share"),
                y=tuple(100 * bar.cumulative for bar in shown),
                look="cumulative",
            ),
        ),
        y_label=Text(ko="시간", en="hours"),
        y_unit="h",
    )


def _daily_chart(log: StopLog, problem: _Problem) -> Chart:
    worked = log.planned[problem.asset] > 0.5
    days = log.days[worked]
    share = 100 * log.lost[problem.asset, problem.loss][worked] / log.planned[problem.asset][worked]
    x = tuple(f"{np.datetime64(int(day), 'D')}" for day in days)
    marks = [
        Mark(name=_REFERENCES[problem.against], axis="y", at=100 * problem.excess.reference, look="centre"),
    ]
    if problem.excess.since is not None:
        at = f"{np.datetime64(int(problem.excess.since), 'D')}"
        marks.append(Mark(name=Text(ko="늘어난 날", en="rise"), axis="x", at=at, look="event"))
    loss = log.losses[problem.loss]
    name = Text(ko="모든 정지", en="all stops") if loss.total else Text(ko=loss.name, en=loss.name)
    return Chart(
        title=Text(ko=f"'{name.ko}' 정지는 날마다 얼마나 되나?", en=f"How much does '{name.en}' take each day?")
        if not loss.total
        else Text(ko="정지는 날마다 얼마나 되나?", en="How much time do stops take each day?"),
        x_kind="category",
        x=x,
        lines=(Line(name=name, y=tuple(float(value) for value in share), look="bars"),),
        marks=tuple(marks),
        y_label=Text(ko="계획 시간 중 비율", en="share of planned time"),
        y_unit="%",
    )


RULE = Rule(name="downtime", title=Text(ko="설비 정지", en="Downtime"), check=_check)
