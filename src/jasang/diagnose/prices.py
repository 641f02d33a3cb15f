"""What things cost: as factory.toml says, else a stated and dated assumption that the basis of a worth names as such.

An assumption widens the interval of every worth made with it. In another currency than won nothing is assumed: the worth is then
told in machine hours ("h"), which the boss can price.
"""

from dataclasses import dataclass

import numpy as np

from jasang.diagnose.counted_defects import counted_defects
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.finding import Worth
from jasang.plant.text import Text

YEAR = 365.25 * 86_400.0
ASSUMED_ON = "2026-11"
MACHINE_HOUR = 30_000.0  # won: an hour of a small machine with its operator
WORK_HOUR = 25_000.0  # won: an hour of an engineer or foreman, with what an employer pays on top
ENERGY_KWH = 180.0  # won: industrial tariff, average of a year
DEFECT_CYCLES = 2.0  # a defect costs its machine time, and about as much again for material and handling
HOURS = "h"
_LOW, _HIGH = 0.5, 2.0  # an assumed price may be half or twice as much
_LONGEST_CYCLE = 3_600.0  # seconds: a longer pause between two units is no cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """An amount in `currency` for one unit of `what`; `low` and `high` bound it where it was assumed, else equal it."""

    amount: float
    low: float
    high: float
    currency: str
    words: Text  # "설비 시간당 45,000 KRW", with the assumption said where it is one


def machine_hour_price(base: EvidenceBase) -> Price:
    """What an hour of the machine costs."""
    stated, currency = base.factory.costs.machine_hour, base.factory.currency
    if stated is not None:
        words = Text(ko=f"설비 시간당 {stated:,.0f} {currency}", en=f"{stated:,.0f} {currency} per machine hour")
        return Price(amount=stated, low=stated, high=stated, currency=currency, words=words)
    if currency != "KRW":
        words = Text(ko="설비 시간(가격을 모름)", en="machine hours (price not known)")
        return Price(amount=1.0, low=1.0, high=1.0, currency=HOURS, words=words)
    return _assumed(MACHINE_HOUR, "설비 시간당", "per machine hour", "machine_hour")


def work_hour_price(base: EvidenceBase) -> Price:
    """What an hour of somebody's work costs."""
    if base.factory.currency != "KRW":
        words = Text(ko="사람의 시간(가격을 모름)", en="hours of work (price not known)")
        return Price(amount=1.0, low=1.0, high=1.0, currency=HOURS, words=words)
    return _assumed(WORK_HOUR, "사람 시간당", "per hour of work", None)


def energy_price(base: EvidenceBase) -> Price | None:
    """What a kWh costs; `None` where nobody said and nothing can be assumed."""
    stated, currency = base.factory.costs.energy_kwh, base.factory.currency
    if stated is not None:
        words = Text(ko=f"1 kWh {stated:,.0f} {currency}", en=f"{stated:,.0f} {currency} per kWh")
        return Price(amount=stated, low=stated, high=stated, currency=currency, words=words)
    return _assumed(ENERGY_KWH, "1 kWh", "per kWh", "energy_kwh") if currency == "KRW" else None


def defect_price(base: EvidenceBase, data: TableData) -> Price:
    """What a defective unit costs; where nobody said, its machine time and about as much again for material and handling."""
    stated, currency = base.factory.costs.defect, base.factory.currency
    if stated is not None:
        words = Text(ko=f"불량 1개 {stated:,.0f} {currency}", en=f"{stated:,.0f} {currency} a defect")
        return Price(amount=stated, low=stated, high=stated, currency=currency, words=words)
    hour, cycle = machine_hour_price(base), cycle_seconds(data)
    seconds = cycle if cycle is not None else 60.0
    counted = counted_defects(data)
    if cycle is not None and counted is not None:  # the rows are lots: a piece takes its part of their time
        seconds /= max(1.0, float(np.nanmean(counted.pieces)))
    share = DEFECT_CYCLES * seconds / 3_600.0
    told_ko = f"불량 1개 약 {share * hour.amount:,.0f} {hour.currency}"
    told_en = f"about {share * hour.amount:,.0f} {hour.currency} a defect"
    hour_ko = "" if hour.currency == HOURS else f", 설비 시간당 {hour.amount:,.0f} {hour.currency}"
    hour_en = "" if hour.currency == HOURS else f", {hour.amount:,.0f} {hour.currency} per machine hour"
    if hour.currency == HOURS:
        told_ko, told_en = f"불량 1개에 설비 {share:.4f}시간", f"{share:.4f} machine hours a defect"
    return Price(
        amount=share * hour.amount,
        low=_LOW * share * hour.low,
        high=_HIGH * share * hour.high,
        currency=hour.currency,
        words=Text(
            ko=f"{told_ko}({ASSUMED_ON} 가정: 한 개 만드는 {seconds:,.0f}초의 설비 시간과 그만큼의 재료·처리{hour_ko}. "
            "factory.toml의 [costs] defect에 실제 값을 적으세요)",
            en=f"{told_en} (assumed {ASSUMED_ON}: {seconds:,.0f} s of machine time and as much again for material and "
            f"handling{hour_en}; write the real cost as defect under [costs] in factory.toml)",
        ),
    )


def _assumed(amount: float, ko: str, en: str, field: str | None) -> Price:
    mend_ko = f". factory.toml의 [costs] {field}에 실제 값을 적으세요" if field else ""
    mend_en = f"; write the real cost as {field} under [costs] in factory.toml" if field else ""
    return Price(
        amount=amount,
        low=_LOW * amount,
        high=_HIGH * amount,
        currency="KRW",
        words=Text(
            ko=f"{ko} {amount:,.0f} KRW({ASSUMED_ON} 가정{mend_ko})",
            en=f"{amount:,.0f} KRW {en} (assumed {ASSUMED_ON}{mend_en})",
        ),
    )


def priced(saved: tuple[float, float, float], price: Price, basis: Text) -> Worth:
    """`saved` things a year (value, low, high) × price; the basis names both."""
    amount, low, high = saved
    return Worth(
        amount=amount * price.amount,
        low=min(max(0.0, low) * price.low, amount * price.amount),
        high=max(high * price.high, amount * price.amount),
        currency=price.currency,
        basis=Text(ko=f"{basis.ko} × {price.words.ko}", en=f"{basis.en} × {price.words.en}"),
    )


def cycle_seconds(data: TableData) -> float | None:
    """The usual time between two units of one machine; `None` without times or with units hours apart."""

    def make() -> float | None:
        if data.time is None:
            return None
        cycles = []
        by_asset: dict[str | None, list[np.ndarray]] = {}
        for stratum in data.strata():
            by_asset.setdefault(stratum.asset, []).append(stratum.rows)
        for parts in by_asset.values():
            time = np.sort(data.time[np.concatenate(parts)].astype("datetime64[us]"))
            time = time[~np.isnat(time)]
            steps = np.diff(time.astype(np.int64)) / 1e6
            steps = steps[(steps > 0) & (steps <= _LONGEST_CYCLE)]
            if steps.size:
                cycles.append(float(np.median(steps)))
        return float(np.median(cycles)) if cycles else None

    return data.once("cycle_seconds", make)


def years_of(data: TableData) -> float | None:
    """Length of the record in years, from the middle 98 % of its times; `None` without times or for less than a day."""
    if data.time is None:
        return None
    known = data.time[~np.isnat(data.time)]
    if known.size < 2:
        return None
    # One impossible date must not stretch the record over decades.
    low, high = np.quantile(known.astype("datetime64[us]").astype(np.int64), [0.01, 0.99]) / 1e6
    span = float(high - low) / 0.98
    return span / YEAR if span >= 86_400.0 else None


def rows_per_year(data: TableData) -> float | None:
    """Rows of the table a year; `None` without times or for less than a day."""
    years = years_of(data)
    if years is None or data.time is None:
        return None
    return float((~np.isnat(data.time)).sum()) / years
