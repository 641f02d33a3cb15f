"""idle_energy: power drawn while nothing is made — machines left on in long pauses, and nights that have become expensive."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from jasang.analyze.energy import IdleMachine, OutsideProduction, idle_machine, outside_production, quiet_time
from jasang.analyze.energy.load_curve import DAY, weekday
from jasang.diagnose.chart import Chart, Line, Mark, thin
from jasang.diagnose.energy_data import HOLDING, Meter, meters, moment, outdoor, plant_load, producing, running_share
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Action, Check, Evidence, Finding, Severity, Subject, Worth
from jasang.diagnose.prices import energy_price, priced
from jasang.diagnose.rule import Rule
from jasang.plant.text import Text

_LOUD = 0.10  # of the machine's energy: worth a switch
_TOLD = 0.05
_WARM = 0.20  # of the power at work: standing by costs less on a sound machine
_HOT = 0.40  # a machine that is never off and draws so much while it waits
_TWICE = 2.0  # times the idle share of sister machines
_RISEN = 0.15  # of the quiet load
_LEFT_ON = 0.02  # of all energy
_FEWEST_PAUSES = 5
_SAME_WEEKDAY = 0.7  # of the dear nights on two days of the week: a plan, not forgetfulness
_DUTY = 0.5  # share of a step: it counts as running


def _check(base: EvidenceBase) -> Iterator[Finding]:
    told: set[int] = set()
    judged = [(meter, found) for meter in meters(base) if (found := waiting(base, meter)) is not None]
    for meter, found in judged:
        others = [other.idle_kw / other.work_kw for one, other in judged if one is not meter]
        finding = _machine_finding(base, meter, found, others)
        if finding is not None:
            told.add(id(meter))
            yield finding
    load = plant_load(base)
    if load is None or told:
        return
    curve, meter, _ = load
    quiet = quiet_time(curve, producing(base, curve))
    if quiet is None:
        return
    nights = outside_production(curve, quiet.quiet, outdoor(base, curve))
    if nights is not None:
        yield from _night_findings(base, meter, nights, float(np.nansum(curve.kwh)) / curve.days_known * 365.25)


def waiting(base: EvidenceBase, meter: Meter) -> IdleMachine | None:
    """What the machine of a meter draws while it does not run; `None` where no log tells when it ran."""
    ran = running_share(base, meter)
    if ran is None:
        return None
    curve = meter.curve
    # A step in which it ran for a part belongs to neither.
    running = np.where(np.isnan(ran), np.nan, np.where(ran >= _DUTY, 1.0, np.where(ran <= 0.02, 0.0, np.nan)))
    return idle_machine(
        curve.begin,
        np.full(curve.kwh.size, curve.step / 3600.0),
        curve.kw,
        running,
        machine=meter.asset or meter.column,
    )


def _machine_finding(base: EvidenceBase, meter: Meter, found: IdleMachine, others: list[float]) -> Finding | None:
    ratio = found.idle_kw / found.work_kw
    needed = bool(HOLDING.search(f"{meter.asset or ''} {meter.column}"))
    share, year, low, high = found.share, found.year, found.low, found.high
    if not found.ever_off and ratio >= _HOT and not needed:
        # Never seen switched off: what it would draw then is not known, a twentieth of its power at work is assumed.
        off = 0.05 * found.work_kw
        saved = max(0.0, found.idle_kw - off) * found.hours_idle
        share = saved / found.kwh
        days = max(1.0, meter.curve.days_known)
        year, low, high = saved / days * 365.25, 0.5 * saved / days * 365.25, saved / days * 365.25
    if share < _TOLD or ratio < _WARM or found.pauses < _FEWEST_PAUSES or low <= 0:
        return None
    sisters = float(np.median(others)) if len(others) >= 2 else None
    worse = sisters is None or ratio >= _TWICE * sisters
    loud = share >= _LOUD and (found.ever_off or ratio >= _HOT) and worse and not needed
    return Finding(
        rule="idle_energy",
        severity=Severity.ACT if loud else Severity.WATCH,
        subject=Subject(table=meter.data.table.file, column=meter.column, asset=meter.asset),
        text=_machine_text(meter, found, share, sisters),
        action=_machine_action(meter, needed),
        evidence=(
            _evidence(
                "idle_energy", "대기 중 쓴 전력(1년)", "avoidable energy while waiting, a year", year, low, high, "kWh"
            ),
            _evidence(
                "idle_share", "이 설비 전력 중 비율", "share of the machine's energy", 100 * share, None, None, "%"
            ),
            _evidence("idle_power", "대기 중 전력", "power while waiting", found.idle_kw, None, None, "kW"),
            _evidence("work_power", "가동 중 전력", "power at work", found.work_kw, None, None, "kW"),
            _evidence("off_power", "가장 낮을 때 전력", "lowest power", found.off_kw, None, None, "kW"),
            _evidence("idle_hours", "대기 시간", "hours waiting", found.hours_idle, None, None, "h"),
        ),
        worth=_worth(base, (year, low, high)),
        check=Check(metric="idle_energy", expected=-year / 365.25, days=14),
        strength=float(min(300.0, 30 * share / _LOUD)),
        charts=(_day_chart(base, meter),),
    )


def _evidence(name: str, ko: str, en: str, value: float, low: float | None, high: float | None, unit: str) -> Evidence:
    return Evidence(name=name, label=Text(ko=ko, en=en), value=value, low=low, high=high, unit=unit)


def _worth(base: EvidenceBase, kwh: tuple[float, float, float]) -> Worth | None:
    price = energy_price(base)
    if price is None:
        return None
    return priced(kwh, price, Text(ko=f"1년에 {kwh[0]:,.0f} kWh", en=f"{kwh[0]:,.0f} kWh a year"))


def _machine_text(meter: Meter, found: IdleMachine, share: float, sisters: float | None) -> Text:
    ko = (
        f"{meter.name}이(가) 만들지 않는 동안에도 평균 {found.idle_kw:,.1f} kW를 씁니다(가동 중 {found.work_kw:,.1f} kW). "
        f"30분 넘는 대기에 쓰는 전력이 이 설비 전력의 {100 * share:.0f} %입니다."
    )
    en = (
        f"{meter.name} draws {found.idle_kw:,.1f} kW on average while it makes nothing ({found.work_kw:,.1f} kW at work). "
        f"Pauses of more than half an hour take {100 * share:.0f} % of its energy."
    )
    if found.ever_off:
        ko += f" 끄면 {found.off_kw:,.1f} kW까지 내려갑니다."
        en += f" Switched off it goes down to {found.off_kw:,.1f} kW."
    if sisters is not None:
        ko += f" 다른 설비는 대기 때 가동의 {100 * sisters:.0f} %만 씁니다."
        en += f" Other machines draw {100 * sisters:.0f} % of their power at work while they wait."
    return Text(ko=ko, en=en)


def _machine_action(meter: Meter, needed: bool) -> Action:
    if needed:
        return Action(
            text=Text(
                ko=f"{meter.name}은(는) 압력이나 온도를 지켜야 하는 설비일 수 있습니다. 쉬는 동안 누설과 설정값을 먼저 "
                f"확인하세요.",
                en=f"{meter.name} may have to hold pressure or temperature: look for leaks and check its setting during a pause.",
            ),
            owner="maintenance",
        )
    return Action(
        text=Text(
            ko=f"{meter.name}의 대기 전력을 끌 수 있는 부분(유압 펌프, 히터, 송풍, 조명)부터 30분 넘게 쉴 때 끄는 기준을 "
            f"정하세요.",
            en=f"Agree what of {meter.name} is switched off in pauses over half an hour: hydraulics, heaters, blowers, lights.",
        ),
        owner="operator",
    )


def _night_findings(base: EvidenceBase, meter: Meter, nights: OutsideProduction, year_kwh: float) -> Iterator[Finding]:
    hours = nights.year_kwh / max(float(nights.night_kw.mean()), 1e-9)
    if nights.risen is not None and nights.risen_low is not None and nights.risen_high is not None:
        before = max(nights.kw - nights.risen, 1e-9)
        year = tuple(kw * hours for kw in (nights.risen, nights.risen_low, nights.risen_high))
        if nights.risen >= _RISEN * before and year[0] >= 0.005 * year_kwh:
            yield _risen(base, meter, nights, before, (year[0], year[1], year[2]))
            return
    dear = nights.night_kw > 1.5 * np.maximum(nights.night_best, 1e-9)
    days = np.bincount(weekday(nights.nights[dear]), minlength=7) if dear.any() else np.zeros(7)
    planned = dear.sum() > 0 and np.sort(days)[-2:].sum() >= _SAME_WEEKDAY * dear.sum()
    if (
        0.08 <= dear.mean() <= 0.7
        and not planned
        and nights.low >= _LEFT_ON * year_kwh
        and dear.sum() >= _FEWEST_PAUSES
    ):
        yield _left_on(base, meter, nights, int(dear.sum()))


def _risen(
    base: EvidenceBase, meter: Meter, nights: OutsideProduction, before: float, year: tuple[float, float, float]
) -> Finding:
    since: datetime | None = moment(base, meter.data, (nights.since or 0) * DAY + DAY / 2)
    risen, low, high = nights.risen or 0.0, nights.risen_low, nights.risen_high
    return Finding(
        rule="idle_energy",
        severity=Severity.ACT,
        subject=Subject(table=meter.data.table.file, column=meter.column, asset=meter.asset),
        text=Text(
            ko=f"생산하지 않는 시간의 전력이 {before:,.1f} kW에서 {before + risen:,.1f} kW로 올라 그대로입니다. 날씨나 "
            f"요일로는 설명되지 않습니다.",
            en=f"The load outside production rose from {before:,.1f} to {before + risen:,.1f} kW and stayed there; "
            "neither weather nor weekdays explain it.",
        ),
        action=Action(
            text=Text(
                ko="쉬는 시간에 분전반을 하나씩 내려 보며 새로 켜져 있는 설비(압축공기 누설, 히터, 펌프)를 찾으세요.",
                en="Walk the plant when it rests and switch circuits off one by one: compressed-air leaks, heaters, pumps "
                "left on.",
            ),
            owner="maintenance",
        ),
        evidence=(
            _evidence("quiet_load_rise", "쉬는 시간 전력 증가", "rise of the quiet load", risen, low, high, "kW"),
            _evidence("idle_energy", "더 쓰는 전력(1년)", "extra energy a year", *year, "kWh"),
            Evidence(name="p", label=Text(ko="우연일 확률(보정)", en="p-value, corrected"), value=nights.p),
        ),
        since=since,
        worth=_worth(base, year),
        check=Check(metric="quiet_load", expected=-risen, days=14),
        strength=float(min(300.0, -np.log10(max(nights.p, 1e-300)))),
        charts=(_night_chart(base, meter, nights),),
    )  # fmt: skip


def _left_on(base: EvidenceBase, meter: Meter, nights: OutsideProduction, dear: int) -> Finding:
    year = (nights.excess_year, nights.low, nights.high)
    return Finding(
        rule="idle_energy",
        severity=Severity.WATCH,
        subject=Subject(table=meter.data.table.file, column=meter.column, asset=meter.asset),
        text=Text(
            ko=f"쉬는 날과 밤 {nights.nights.size:,}번 가운데 {dear:,}번은 전력이 가장 좋은 밤보다 50 % 넘게 높았습니다. "
            f"좋은 밤에는 {nights.best_kw:,.1f} kW면 됩니다.",
            en=f"In {dear:,} of {nights.nights.size:,} nights and free days more than 1.5 times the load of the best nights "
            f"was drawn; "
            f"the best need {nights.best_kw:,.1f} kW.",
        ),
        action=Action(
            text=Text(
                ko="퇴근할 때 끌 것을 적은 한 장을 배전반에 붙이고, 켜 둔 밤마다 무엇이 켜져 있었는지 적으세요.",
                en="Put a one-page switch-off list at the panel and note after each dear night what had been left on.",
            ),
            owner="operator",
        ),
        evidence=(
            _evidence(
                "idle_energy", "좋은 밤보다 더 쓴 전력(1년)", "energy beyond the best nights, a year", *year, "kWh"
            ),
            _evidence("best_night", "좋은 밤의 전력", "load of the best nights", nights.best_kw, None, None, "kW"),
            _evidence("quiet_load", "보통 밤의 전력", "usual quiet load", nights.kw, None, None, "kW"),
        ),
        worth=_worth(base, year),
        check=Check(metric="quiet_load", expected=-(nights.kw - nights.best_kw), days=14),
        strength=float(min(300.0, 100 * nights.low / max(nights.year_kwh, 1e-9))),
        charts=(_night_chart(base, meter, nights),),
    )


def _night_chart(base: EvidenceBase, meter: Meter, nights: OutsideProduction) -> Chart:
    x = tuple(moment(base, meter.data, float(day) * DAY + DAY / 2).isoformat() for day in nights.nights)
    marks: tuple[Mark, ...] = ()
    if nights.since is not None and nights.risen is not None:
        at = moment(base, meter.data, nights.since * DAY + DAY / 2).isoformat()
        marks = (Mark(name=Text(ko="오르기 시작", en="began"), axis="x", at=at, look="event"),)
    return Chart(
        title=Text(ko="쉬는 동안 전력을 얼마나 쓰나?", en="How much is drawn while the plant rests?"),
        x_kind="time",
        x=x,
        lines=(
            Line(
                name=Text(ko="밤·휴일 평균", en="night or free day"), y=tuple(nights.night_kw.tolist()), look="points"
            ),
            Line(
                name=Text(ko="같은 철의 좋은 밤", en="best nights of the season"), y=tuple(nights.night_best.tolist())
            ),
        ),
        marks=marks,
        y_label=Text(ko="전력", en="power"),
        y_unit="kW",
    )


def _day_chart(base: EvidenceBase, meter: Meter) -> Chart:
    """The last two weeks of the machine's load."""
    curve = meter.curve
    last = np.arange(max(0, curve.kwh.size - round(14 * DAY / curve.step)), curve.kwh.size)
    rows = last[thin(last.size)]
    kw = curve.kw[rows]
    return Chart(
        title=Text(
            ko=f"{meter.name}: 쉬는 동안에도 전력을 쓰나?", en=f"{meter.name}: does it draw power while it waits?"
        ),
        x_kind="time",
        x=tuple(moment(base, meter.data, float(at)).isoformat() for at in curve.begin[rows]),
        lines=(
            Line(
                name=Text(ko="전력", en="power"),
                y=tuple(None if np.isnan(value) else float(value) for value in kw),
                look="step",
            ),
        ),
        y_label=Text(ko="전력", en="power"),
        y_unit="kW",
    )


RULE = Rule(
    name="idle_energy",
    title=Text(ko="쉬는 동안 쓰는 전력", en="Energy used while nothing is made"),
    check=_check,
)
