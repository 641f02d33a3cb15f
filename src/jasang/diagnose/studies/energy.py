"""Where does the electricity go? Base load, nights, peaks and the bill, power factor, machines that wait, energy per piece."""

import numpy as np

from jasang.analyze.energy import (
    BaseLoad,
    LoadCurve,
    MonthBill,
    OutsideProduction,
    PeakDemand,
    base_load,
    bill,
    energy_per_piece,
    load_shift,
    outside_production,
    peak_demand,
    quiet_time,
)
from jasang.analyze.energy.load_curve import weekday
from jasang.diagnose.chart import Chart, Line
from jasang.diagnose.energy_data import Meter, lagging, meters, outdoor, plant_load, producing, tariff_of
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Evidence, Subject
from jasang.diagnose.per_piece_data import days_of_energy
from jasang.diagnose.rules.energy_per_piece import per_piece_chart
from jasang.diagnose.rules.idle_energy import waiting
from jasang.diagnose.study import Study, StudyTable
from jasang.plant.tariff import Tariff
from jasang.plant.text import Text

BANDS_KO = {"light": "경부하", "mid": "중간부하", "peak": "최대부하"}


def energy_studies(base: EvidenceBase) -> tuple[Study, ...]:
    """All that the factory's meters tell; empty where none is there."""
    found: list[Study] = []
    load = plant_load(base)
    if load is not None:
        curve, meter, together = load
        found.append(_base_study(base, curve, meter, together))
        tariff = tariff_of(base, curve)
        if tariff is not None and curve.days_known >= 7:
            found.append(_bill_study(base, curve, meter, tariff))
    found += _machines_study(base)
    found += _piece_studies(base)
    return tuple(found)


def _base_study(base: EvidenceBase, curve: LoadCurve, meter: Meter, together: bool) -> Study:
    quiet = quiet_time(curve, producing(base, curve))
    nights = outside_production(curve, quiet.quiet, outdoor(base, curve)) if quiet is not None else None
    lowest = base_load(curve)
    total = float(np.nansum(curve.kwh))
    ko, en = (
        f"{curve.days_known:,.0f}일 동안 {total:,.0f} kWh를 썼습니다.",
        f"{total:,.0f} kWh in {curve.days_known:,.0f} days.",
    )
    evidence = [_figure("energy", "쓴 전력량", "energy used", total, "kWh")]
    if lowest is not None:
        ko += f" 가장 조용한 때에도 {lowest.kw:,.1f} kW가 흐르고, 이것이 전체의 {100 * lowest.share:.0f} %입니다."
        en += f" At its quietest the plant draws {lowest.kw:,.1f} kW, which is {100 * lowest.share:.0f} % of all."
        evidence += _base_figures(lowest)
    if nights is not None:
        ko += f" 만들지 않는 시간에 {100 * nights.share:.0f} %를 씁니다."
        en += f" {100 * nights.share:.0f} % is used while nothing is made."
        evidence += _night_figures(nights)
    notes = [
        Text(
            ko="설비 계량기를 더한 값입니다. 계량기가 없는 설비와 조명은 빠져 있습니다.",
            en="The sum of the machines' meters; what is not metered (lights, offices) is not in it.",
        )
    ] * together
    if quiet is None:
        notes.append(
            Text(
                ko="쉬는 시간을 가를 수 없어(늘 돌거나 기록이 2주보다 짧음) 생산하지 않는 시간의 전력은 따로 보지 못했습니다.",
                en="Quiet hours cannot be told apart (always running, or less than two weeks): no figure outside production.",
            )
        )
    elif quiet.learnt:
        notes.append(
            Text(
                ko="쉬는 시간은 일주일의 부하 모양에서 배웠습니다. 생산 기록이 있으면 더 정확합니다.",
                en="Quiet hours were learnt from the shape of the week; a record of production would be more exact.",
            )
        )
    return Study(
        kind="energy",
        title=Text(ko="전기는 언제 얼마나 쓰나?", en="When is how much electricity used?"),
        answer=Text(ko=ko, en=en),
        subject=Subject(table=meter.data.table.file, column=meter.column, asset=meter.asset),
        evidence=tuple(evidence),
        charts=tuple(chart for chart in (_week_chart(curve),) if chart is not None),
        notes=tuple(notes),
    )


def _figure(
    name: str, ko: str, en: str, value: float, unit: str, low: float | None = None, high: float | None = None
) -> Evidence:
    return Evidence(name=name, label=Text(ko=ko, en=en), value=value, low=low, high=high, unit=unit)


def _base_figures(lowest: BaseLoad) -> list[Evidence]:
    return [
        _figure("base_load", "기저 부하", "base load", lowest.kw, "kW", lowest.low, lowest.high),
        _figure("base_share", "기저 부하의 몫", "share of the base load", 100 * lowest.share, "%"),
    ]


def _night_figures(nights: OutsideProduction) -> list[Evidence]:
    found = [
        _figure("quiet_load", "보통 밤·휴일의 전력", "usual load of nights and free days", nights.kw, "kW"),
        _figure("best_quiet_load", "좋은 밤의 전력", "load of the best nights", nights.best_kw, "kW"),
        _figure(
            "quiet_excess", "좋은 밤보다 더 쓰는 전력(1년)", "energy beyond the best nights, a year", nights.excess_year, "kWh",
            nights.low, nights.high,
        ),
    ]  # fmt: skip
    if nights.risen is not None:
        found.append(
            _figure(
                "quiet_rise",
                "밤 전력의 증가",
                "rise of the quiet load",
                nights.risen,
                "kW",
                nights.risen_low,
                nights.risen_high,
            )
        )
    return found


def _week_chart(curve: LoadCurve) -> Chart | None:
    """The usual load by hour on working days, Saturdays and Sundays."""
    if curve.step > 3600.0 * 1.01:
        return None
    day = weekday(curve.day)
    groups = (
        (Text(ko="평일", en="weekdays"), day < 5),
        (Text(ko="토요일", en="Saturday"), day == 5),
        (Text(ko="일요일", en="Sunday"), day == 6),
    )
    lines = []
    for name, rows in groups:
        means = [_mean(curve.kw[rows & (curve.hour == hour)]) for hour in range(24)]
        if any(value is not None for value in means):
            lines.append(Line(name=name, y=tuple(means), look="step"))
    return Chart(
        title=Text(ko="하루 가운데 언제 전기를 쓰나?", en="At what hours is electricity used?"),
        x_kind="category",
        x=tuple(f"{hour:02d}" for hour in range(24)),
        lines=tuple(lines),
        x_label=Text(ko="시", en="hour"),
        y_label=Text(ko="평균 전력", en="mean power"),
        y_unit="kW",
    )


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _bill_study(base: EvidenceBase, curve: LoadCurve, meter: Meter, tariff: Tariff) -> Study:
    contract = base.factory.energy.contract_kw if base.factory.energy is not None else None
    reactive = lagging(base, meter)
    months = bill(curve, tariff, contract_kw=contract, lagging_kvarh=reactive.kwh if reactive is not None else None)
    machines = {one.name: one.curve for one in meters(base) if one is not meter and one.asset is not None}
    peak = peak_demand(curve, tariff, machines)
    total = sum(month.total for month in months)
    demand = sum(month.demand_charge for month in months)
    money = tariff.currency
    ko = (
        f"이 요금이면 {total:,.0f} {money}이고 그 가운데 기본요금이 {100 * demand / total:.0f} %입니다."
        if total
        else ""
    )
    en = f"At this tariff {total:,.0f} {money}, {100 * demand / total:.0f} % of it for demand." if total else ""
    evidence = [_figure("cost", "전기요금(부가세·기금 빼고)", "bill without VAT and fund", total, money)]
    if peak is not None:
        when = str(np.datetime64(int(peak.at), "s"))
        ko += f" 최대 수요전력은 {when.replace('T', ' ')[:16]}의 {peak.kw:,.0f} kW입니다."
        en += f" The highest demand was {peak.kw:,.0f} kW at {when.replace('T', ' ')[:16]}."
        evidence += _peak_figures(peak, money)
    shift = load_shift(curve, tariff)
    if shift is not None:
        evidence.append(
            _figure(
                "load_shift", "최대부하 10 %를 경부하로 옮길 때(1년)", "moving 10 % from peak to light hours, a year",
                shift.saving_year, money,
            )
        )  # fmt: skip
    factors = [month.power_factor for month in months if month.power_factor is not None]
    if factors:
        evidence.append(
            _figure("power_factor", "역률이 가장 낮은 달", "power factor of the worst month", 100 * min(factors), "%")
        )
    return Study(
        kind="energy_bill",
        title=Text(ko="전기요금은 무엇이 정하나?", en="What decides the electricity bill?"),
        answer=Text(ko=ko or "요금을 셈할 전력이 없습니다.", en=en or "No energy to bill."),
        subject=Subject(table=meter.data.table.file, column=meter.column, asset=meter.asset),
        evidence=tuple(evidence),
        charts=(_month_chart(months, money),),
        tables=(_month_table(months, money), *(_machine_table(peak) if peak is not None else ())),
        notes=_bill_notes(curve, tariff),
    )


def _peak_figures(peak: PeakDemand, money: str) -> list[Evidence]:
    return [
        _figure("peak_demand", "최대 수요전력", "highest demand", peak.kw, "kW"),
        _figure(
            "usual_demand", "시간의 1 %만 넘는 수요전력", "demand exceeded in 1 % of the time", peak.usual_kw, "kW"
        ),
        _figure(
            "peak_cost", "그 차이의 기본요금(1년)", "demand charge of the difference, a year", peak.year_saving, money
        ),
        _figure("load_factor", "부하율", "load factor", 100 * peak.load_factor, "%"),
    ]


def _bill_notes(curve: LoadCurve, tariff: Tariff) -> tuple[Text, ...]:
    notes = [
        Text(
            ko=f"요금: {tariff.name}({tariff.source}). 기후환경요금, 연료비조정, 부가세, 기금은 뺐습니다. "
            "다른 요금이면 factory.toml의 [energy]에 적으세요.",
            en=f"Tariff: {tariff.name} ({tariff.source}), without climate charge, fuel adjustment, VAT and fund. "
            "Write another one under [energy] in factory.toml.",
        )
    ]
    if curve.first / 86_400.0 < float(np.datetime64(tariff.since, "D").astype(np.int64)):
        notes.append(
            Text(
                ko="기록은 이 요금이 시행되기 전 것입니다. 지금 요금이라면 얼마인지로 읽으세요.",
                en="The record is older than this tariff: read it as what it would cost at this tariff.",
            )
        )
    if curve.step > 60.0 * tariff.demand_minutes * 1.01:
        notes.append(
            Text(
                ko=f"{curve.step / 60:,.0f}분 간격이라 15분 최대 수요전력은 이보다 높을 수 있습니다.",
                en=f"Steps of {curve.step / 60:,.0f} minutes: the demand of 15 minutes may be higher.",
            )
        )
    return tuple(notes)


def _month_chart(months: tuple[MonthBill, ...], money: str) -> Chart:
    return Chart(
        title=Text(ko="기본요금과 전력량요금은 얼마인가?", en="How much are demand and energy charge?"),
        x_kind="category",
        x=tuple(month.month for month in months),
        lines=(
            Line(
                name=Text(ko="전력량요금", en="energy charge"),
                y=tuple(month.energy_charge for month in months),
                look="bars",
            ),
            Line(
                name=Text(ko="기본요금", en="demand charge"),
                y=tuple(month.demand_charge for month in months),
                look="bars",
            ),
        ),
        y_unit=money,
    )


def _month_table(months: tuple[MonthBill, ...], money: str) -> StudyTable:
    headings = (
        Text(ko="달", en="month"),
        *(Text(ko=f"{ko} kWh", en=f"{name} kWh") for name, ko in BANDS_KO.items()),
        Text(ko="최대 kW", en="peak kW"),
        Text(ko="요금적용 kW", en="billed kW"),
        Text(ko="역률 %", en="power factor %"),
        Text(ko=f"요금 {money}", en=f"cost {money}"),
    )
    rows = tuple(
        (
            month.month if month.known >= 0.9 else f"{month.month} ({100 * month.known:.0f} %)",
            *(round(month.kwh[name]) for name in BANDS_KO),
            round(month.peak_kw, 1),
            round(month.billed_kw, 1),
            round(100 * month.power_factor, 1) if month.power_factor is not None else None,
            round(month.total),
        )
        for month in months
    )
    return StudyTable(title=Text(ko="달마다", en="Month by month"), headings=headings, rows=rows)


def _machine_table(peak: PeakDemand) -> tuple[StudyTable, ...]:
    if not peak.machines:
        return ()
    headings = (
        Text(ko="설비", en="machine"),
        Text(ko="피크 때 kW", en="kW in the peak"),
        Text(ko="보통 가동 kW", en="kW usually at work"),
    )
    rows = tuple((name, round(drew, 1), round(usual, 1)) for name, drew, usual in peak.machines[:20])
    return (
        StudyTable(title=Text(ko="피크를 만든 설비", en="Which machine made the peak"), headings=headings, rows=rows),
    )


def _machines_study(base: EvidenceBase) -> list[Study]:
    judged = [(meter, found) for meter in meters(base) if (found := waiting(base, meter)) is not None]
    if not judged:
        return []
    judged.sort(key=lambda pair: -pair[1].year)
    first = judged[0][1]
    rows = tuple(
        (
            meter.name, round(one.work_kw, 2), round(one.idle_kw, 2), round(one.off_kw, 2), round(one.hours_idle, 1),
            round(one.kwh), round(one.idle_kwh), round(one.year),
        )
        for meter, one in judged[:30]
    )  # fmt: skip
    headings = (
        Text(ko="설비", en="machine"), Text(ko="가동 kW", en="kW at work"), Text(ko="대기 kW", en="kW waiting"),
        Text(ko="최저 kW", en="lowest kW"), Text(ko="대기 시간", en="hours waiting"), Text(ko="전체 kWh", en="all kWh"),
        Text(ko="대기 kWh", en="waiting kWh"), Text(ko="줄일 수 있는 kWh/년", en="avoidable kWh a year"),
    )  # fmt: skip
    return [
        Study(
            kind="energy_idle",
            title=Text(ko="설비는 쉴 때 전기를 얼마나 쓰나?", en="How much do machines draw while they wait?"),
            answer=Text(
                ko=f"{judged[0][0].name}이(가) 쉴 때 평균 {first.idle_kw:,.2f} kW를 씁니다(가동 중 {first.work_kw:,.2f} kW). "
                f"30분 넘는 대기를 끄면 1년에 {first.year:,.0f} kWh를 줄일 수 있습니다.",
                en=f"{judged[0][0].name} draws {first.idle_kw:,.2f} kW while it waits ({first.work_kw:,.2f} kW at work). "
                f"Switching it off in pauses over half an hour saves {first.year:,.0f} kWh a year.",
            ),
            subject=Subject(table=judged[0][0].data.table.file, column=judged[0][0].column, asset=judged[0][0].asset),
            evidence=(
                _figure(
                    "idle_energy",
                    "줄일 수 있는 전력(1년)",
                    "avoidable energy, a year",
                    first.year,
                    "kWh",
                    first.low,
                    first.high,
                ),
            ),
            tables=(StudyTable(title=Text(ko="설비마다", en="By machine"), headings=headings, rows=rows),),
        )
    ]


def _piece_studies(base: EvidenceBase) -> list[Study]:
    made = []
    for days in days_of_energy(base):
        found = energy_per_piece(days.energy, days.good, days.drivers, days.names)
        if found is None:
            continue
        baseline = found.baseline
        change = f"{100 * found.change:+.1f}"
        reach = f"{100 * found.change_low:+.1f} … {100 * found.change_high:+.1f} %"
        rows = tuple(
            (term.name or "–", float(f"{term.kwh:.4g}"), f"{term.low:.4g} – {term.high:.4g}")
            for term in (baseline.fixed, *baseline.terms)
        )
        made.append(
            Study(
                kind="energy_per_piece",
                title=Text(ko="1개를 만드는 데 전기를 얼마나 쓰나?", en="How much energy does a piece take?"),
                answer=Text(
                    ko=f"양품 1개에 {found.kwh:,.3g} kWh입니다. 물량과 제품을 맞추면 기록 동안 {change} % 변했습니다({reach}).",
                    en=f"{found.kwh:,.3g} kWh a good piece. Adjusted for volume and products it changed by {change} % over the "
                    f"record ({reach}).",
                ),
                subject=Subject(table=days.data.table.file, column=days.column, asset=days.asset),
                evidence=(
                    _figure(
                        "energy_per_piece",
                        "양품 1개 전력",
                        "energy per good piece",
                        found.kwh,
                        "kWh",
                        found.low,
                        found.high,
                    ),
                    _figure("baseline_r2", "기준선 설명력(R²)", "fit of the baseline (R²)", baseline.r2, ""),
                    _figure(
                        "baseline_cv", "기준선 오차(CV RMSE)", "error of the baseline (CV RMSE)", 100 * baseline.cv, "%"
                    ),
                ),
                charts=(per_piece_chart(base, days, found),),
                tables=(
                    StudyTable(
                        title=Text(ko="에너지 기준선(하루 kWh)", en="Energy baseline (kWh a day)"),
                        headings=(
                            Text(ko="무엇마다", en="for each"),
                            Text(ko="kWh", en="kWh"),
                            Text(ko="95 % 구간", en="95 % interval"),
                        ),
                        rows=rows,
                    ),
                ),
            )
        )
    return made
