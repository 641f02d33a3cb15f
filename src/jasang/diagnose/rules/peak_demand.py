"""peak_demand: a few quarter hours that set the demand charge of months, a contract that is exceeded, a power factor below
90 %."""

from collections.abc import Iterator

import numpy as np

from jasang.analyze.energy import LoadCurve, MonthBill, PeakDemand, bill, load_shift, peak_demand
from jasang.diagnose.chart import Chart, Line, Mark, thin
from jasang.diagnose.energy_data import Meter, lagging, meters, moment, plant_load, tariff_of
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Action, Check, Evidence, Finding, Severity, Subject, Worth
from jasang.diagnose.rule import Rule
from jasang.plant.tariff import Tariff
from jasang.plant.text import Text

_FEWEST_DAYS = 28.0
_SHARP = 1.15  # times the demand that is exceeded in 1 % of the time
_SHARPEST = 1.3
_BILLED_KW = 20.0  # smaller plants are not billed by demand
_WHOLE = 0.9
_POOR_FACTOR = 0.90
_POOR_MONTHS = 2


def _check(base: EvidenceBase) -> Iterator[Finding]:
    load = plant_load(base)
    if load is None:
        return
    curve, meter, together = load
    tariff = tariff_of(base, curve)
    if tariff is None or curve.days_known < _FEWEST_DAYS or not _a_plant(meter, together):
        return
    contract = base.factory.energy.contract_kw if base.factory.energy is not None else None
    machines = {one.name: one.curve for one in meters(base) if one is not meter and one.asset is not None}
    peak = peak_demand(curve, tariff, machines)
    if peak is None or peak.kw < _BILLED_KW:
        return
    reactive = lagging(base, meter)
    months = bill(curve, tariff, contract_kw=contract, lagging_kvarh=reactive.kwh if reactive else None)
    whole = [month for month in months if month.known >= _WHOLE]
    if contract is not None and peak.kw > contract:
        yield _finding(base, meter, curve, tariff, peak, Severity.ACT, contract)
    elif peak.kw >= _SHARP * peak.usual_kw:
        loud = peak.kw >= _SHARPEST * peak.usual_kw and peak.peak_steps <= 40
        yield _finding(base, meter, curve, tariff, peak, Severity.WATCH if loud else Severity.NOTE, contract)
    poor = [month for month in whole if month.power_factor is not None and month.power_factor < _POOR_FACTOR]
    if len(poor) >= _POOR_MONTHS:
        yield _poor_factor(meter, whole, poor, tariff)


def _a_plant(meter: Meter, together: bool) -> bool:
    """Whether this is the load that is billed, not one machine's."""
    return together or meter.main or meter.asset is None


def _finding(
    base: EvidenceBase, meter: Meter, curve: LoadCurve, tariff: Tariff, peak: PeakDemand, severity: Severity, contract:
    float | None
) -> Finding:  # fmt: skip
    at = moment(base, meter.data, peak.at)
    local = np.datetime64(int(peak.at), "s").astype("datetime64[m]")
    when = str(local).replace("T", " ")
    who_ko, who_en = _maker(peak)
    over_ko = f" 계약전력 {contract:,.0f} kW를 넘었습니다." if contract is not None and peak.kw > contract else ""
    over_en = (
        f" That is above the contract of {contract:,.0f} kW." if contract is not None and peak.kw > contract else ""
    )
    shift = load_shift(curve, tariff)
    evidence = [
        _evidence("peak_demand", "최대 수요전력", "highest demand", peak.kw, "kW"),
        _evidence(
            "usual_demand", "시간의 1 %만 넘는 수요전력", "demand exceeded in 1 % of the time", peak.usual_kw, "kW"
        ),
        _evidence("load_factor", "부하율", "load factor", 100 * peak.load_factor, "%"),
    ]
    if shift is not None:
        evidence.append(
            _evidence(
                "load_shift",
                "최대부하 10 %를 경부하로 옮기면(1년)",
                "moving 10 % from peak to light hours, a year",
                shift.saving_year,
                tariff.currency,
            )
        )
    return Finding(
        rule="peak_demand",
        severity=severity,
        subject=Subject(table=meter.data.table.file, column=meter.column, asset=meter.asset),
        text=Text(
            ko=f"{when}에 최대 수요전력 {peak.kw:,.0f} kW가 나왔습니다. 평소 높은 때는 {peak.usual_kw:,.0f} kW입니다. "
            f"이 피크가 기본요금을 정합니다.{over_ko}{who_ko}",
            en=f"Demand reached {peak.kw:,.0f} kW at {when}; the usual high is {peak.usual_kw:,.0f} kW. This peak sets the "
            f"demand "
            f"charge.{over_en}{who_en}",
        ),
        action=Action(
            text=Text(
                ko=f"큰 설비를 동시에 켜지 말고 15분 넘게 띄워 켜세요. 피크는 주로 {peak.rush_hour}시대에 납니다. 최대수요 "
                f"경보기도 검토하세요.",
                en=f"Start large machines a quarter hour apart; peaks mostly come after {peak.rush_hour}:00. Consider a "
                f"demand alarm.",
            ),
            owner="engineer",
        ),
        evidence=tuple(evidence),
        since=at,
        until=at,
        worth=_demand_worth(peak, tariff),
        check=Check(metric="peak_demand", expected=-(peak.kw - peak.usual_kw), days=31),
        strength=float(min(300.0, 10 * (peak.kw / peak.usual_kw - 1.0))),
        charts=(_peak_chart(base, meter, curve, peak),),
    )


def _maker(peak: PeakDemand) -> tuple[str, str]:
    if not peak.machines or peak.machines[0][1] <= 1.1 * peak.machines[0][2]:
        return "", ""
    name, drew, usual = peak.machines[0]
    return (
        f" 그때 {name}이(가) 평소 {usual:,.0f} kW보다 많은 {drew:,.0f} kW를 썼습니다.",
        f" {name} drew {drew:,.0f} kW then, usually {usual:,.0f} kW.",
    )


def _evidence(name: str, ko: str, en: str, value: float, unit: str) -> Evidence:
    return Evidence(name=name, label=Text(ko=ko, en=en), value=value, unit=unit)


def _demand_worth(peak: PeakDemand, tariff: Tariff) -> Worth | None:
    """The demand charge between the peak and the usual high: all of it at most, the months of the peak at least."""
    if peak.year_saving <= 0:
        return None
    return Worth(
        amount=peak.year_saving,
        low=peak.year_saving / 12.0,
        high=peak.year_saving,
        currency=tariff.currency,
        basis=Text(
            ko=f"({peak.kw:,.0f} − {peak.usual_kw:,.0f}) kW × 기본요금 {tariff.demand_charge:,.0f} {tariff.currency}/kW × 12개월"
            f"({tariff.name}). 피크가 한 달에만 걸리면 12분의 1",
            en=f"({peak.kw:,.0f} − {peak.usual_kw:,.0f}) kW × {tariff.demand_charge:,.0f} {tariff.currency}/kW a month × 12 "
            f"({tariff.name}); a twelfth where the peak counts for one month only",
        ),
    )


def _poor_factor(meter: Meter, whole: list[MonthBill], poor: list[MonthBill], tariff: Tariff) -> Finding:
    worst = min(poor, key=lambda month: month.power_factor or 1.0)
    factor = 100 * (worst.power_factor or 0.0)
    # Against a factor of 95 %: the additions saved and the reduction won.
    best = (tariff.factor_best - tariff.factor_wanted) * 100 * tariff.factor_step
    lost = sum(month.factor_charge + best * month.demand_charge for month in whole) / len(whole) * 12.0
    return Finding(
        rule="peak_demand",
        severity=Severity.ACT if len(poor) >= 0.5 * len(whole) else Severity.WATCH,
        subject=Subject(table=meter.data.table.file, column=meter.column),
        text=Text(
            ko=f"{len(whole)}개월 가운데 {len(poor)}개월의 낮 시간 지상역률이 90 %에 못 미칩니다(가장 낮은 {worst.month}에 "
            f"{factor:.1f} %). "
            "기본요금에 역률 요금이 더 붙습니다.",
            en=f"In {len(poor)} of {len(whole)} months the lagging power factor of the day hours was below 90 % (lowest "
            f"{factor:.1f} % in {worst.month}): an addition to the demand charge.",
        ),
        action=Action(
            text=Text(
                ko="역률 개선 콘덴서의 용량과 고장(퓨즈, 자동역률조정기)을 전기안전관리자와 확인하세요.",
                en="Check size and state of the capacitors (fuses, automatic controller) with the electrical safety manager.",
            ),
            owner="maintenance",
        ),
        evidence=(
            _evidence("power_factor", "가장 낮은 달의 역률", "power factor of the worst month", factor, "%"),
            _evidence("months_below", "90 % 미만인 달", "months below 90 %", float(len(poor)), "months"),
        ),
        worth=Worth(
            amount=lost, low=0.5 * lost, high=1.5 * lost, currency=tariff.currency,
            basis=Text(
                ko=f"역률 95 %일 때와의 기본요금 차이, 1 %마다 {100 * tariff.factor_step:.1f} %({tariff.name})",
                en=f"difference of the demand charge to a factor of 95 %, {100 * tariff.factor_step:.1f} % each per cent "
                f"({tariff.name})",
            ),
        ),
        check=Check(metric="power_factor", expected=100 * tariff.factor_best - factor, days=31),
        strength=float(len(poor)),
        charts=(_factor_chart(whole),),
    )  # fmt: skip


def _peak_chart(base: EvidenceBase, meter: Meter, curve: LoadCurve, peak: PeakDemand) -> Chart:
    """The day of the peak and the days around it."""
    centre = round((peak.at - curve.first) / curve.step)
    reach = round(2 * 86_400.0 / curve.step)
    rows = np.arange(max(0, centre - reach), min(curve.kwh.size, centre + reach))
    rows = rows[thin(rows.size)]
    return Chart(
        title=Text(ko="최대 수요전력은 언제 나왔나?", en="When was the highest demand?"),
        x_kind="time",
        x=tuple(moment(base, meter.data, float(at)).isoformat() for at in curve.begin[rows]),
        lines=(
            Line(
                name=Text(ko="15분 수요전력", en="demand in 15 minutes"),
                y=tuple(None if np.isnan(value) else float(value) for value in curve.kw[rows]),
                look="step",
            ),
        ),
        marks=(
            Mark(name=Text(ko="평소 높은 때", en="usual high"), axis="y", at=peak.usual_kw, look="limit"),
            Mark(
                name=Text(ko="피크", en="peak"),
                axis="x",
                at=moment(base, meter.data, peak.at).isoformat(),
                look="event",
            ),
        ),
        y_label=Text(ko="전력", en="power"),
        y_unit="kW",
    )


def _factor_chart(months: list[MonthBill]) -> Chart:
    return Chart(
        title=Text(ko="역률이 90 %를 넘나?", en="Is the power factor above 90 %?"),
        x_kind="category",
        x=tuple(month.month for month in months),
        lines=(
            Line(
                name=Text(ko="지상역률", en="lagging power factor"),
                y=tuple(100 * month.power_factor if month.power_factor is not None else None for month in months),
                look="bars",
            ),
        ),
        marks=(Mark(name=Text(ko="기준", en="wanted"), axis="y", at=90.0, look="limit"),),
        y_unit="%",
    )


RULE = Rule(name="peak_demand", title=Text(ko="최대 수요전력과 역률", en="Peak demand and power factor"), check=_check)
