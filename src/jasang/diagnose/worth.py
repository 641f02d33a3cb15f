"""What every `act` finding is worth a year, with an interval and its basis, whichever rule made it.

Rules that know what is saved (defects, hours stopped) say so themselves; all prices come from `prices`. What is left gets here,
in this order: the defects or rejects that came with the change, energy, hand work that a fault in the data causes, and last the
search and the stop that a machine out of its usual state leads to, told as the assumption it is.
"""

from dataclasses import replace

import numpy as np
from scipy import stats

from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.finding import Finding, Severity, Worth
from jasang.diagnose.metric_course import column_of, metric_course
from jasang.diagnose.prices import (
    defect_price,
    energy_price,
    machine_hour_price,
    priced,
    rows_per_year,
    work_hour_price,
)
from jasang.plant.factory import Kind, Role
from jasang.plant.text import Text

DATA_RULES = frozenset(
    {
        "missing_data",
        "stuck_sensor",
        "duplicate_rows",
        "unit_flip",
        "sentinel_value",
        "dead_channel",
        "impossible_time",
        "collection_gap",
        "gauge",
    }
)
HAND_WORK = (
    26.0,
    13.0,
    52.0,
)  # hours a year: half an hour a week to find and mend the values by hand, once a fortnight to twice
STOP_HOURS = (4.0, 1.0, 12.0)  # of search and stop, for a machine that left its usual state and nobody looked
STOPS_A_YEAR = 1.0
_LEAST_DEFECTS = 20  # in the record, to compare defect rates at all


def with_worth(base: EvidenceBase, finding: Finding) -> Finding:
    """The finding with a worth where it asks to act and its rule could not tell one; others as they are."""
    if finding.severity is not Severity.ACT or finding.worth is not None:
        return finding
    return replace(finding, worth=worth_of(base, finding))


def worth_of(base: EvidenceBase, finding: Finding) -> Worth:
    """Worth a year of any finding, from what its rule does not say."""
    data = next((data for data in base.tables if data.table.file == finding.subject.table), None)
    if finding.rule in DATA_RULES or data is None:
        return hand_work(base, finding)
    return (
        defects_since(base, data, finding)
        or rejects_since(base, data, finding)
        or energy_since(base, data, finding)
        or search_and_stop(base)
    )


def hand_work(base: EvidenceBase, finding: Finding) -> Worth:
    """Hours of hand work a year while an analysis cannot use the column, priced."""
    name = finding.subject.column or finding.subject.table
    basis = Text(
        ko=f"'{name}' 값으로 하는 분석(관리도, 공정능력, 불량 원인)이 막혀 손으로 고치고 확인하는 시간 연 "
        f"{HAND_WORK[0]:.0f}시간(2026-11 가정: 주 30분)",
        en=f"{HAND_WORK[0]:.0f} h a year to find and mend the values of '{name}' by hand, since control charts, capability and "
        "drivers cannot use them (assumed 2026-11: half an hour a week)",
    )
    return priced(HAND_WORK, work_hour_price(base), basis)


def defects_since(base: EvidenceBase, data: TableData, finding: Finding) -> Worth | None:
    """Defects more since the onset than before, a year; `None` where the rates do not clearly differ."""
    if finding.since is None or data.table.kind is not Kind.UNITS:
        return None
    return _risen(base, data, finding, "defect_rate", "불량률", "the defect rate")


def rejects_since(base: EvidenceBase, data: TableData, finding: Finding) -> Worth | None:
    """Units out of specification more since the onset than before, a year."""
    column = column_of(base, finding.subject)
    if finding.since is None or column is None or column.role is not Role.QUALITY or data.table.kind is not Kind.UNITS:
        return None
    return _risen(base, data, finding, "out_of_spec_share", "규격 이탈", "the share out of specification")


def _risen(base: EvidenceBase, data: TableData, finding: Finding, metric: str, ko: str, en: str) -> Worth | None:
    course = metric_course(base, finding.subject, metric)
    yearly = rows_per_year(data)
    if course is None or yearly is None or finding.since is None:
        return None
    place = course.place_of(np.datetime64(finding.since.replace(tzinfo=None), "us"))
    before, after = slice(0, place), slice(place, None)
    if min(place, course.values.size - place) < 3 or float(course.values @ course.counts) < _LEAST_DEFECTS:
        return None
    rise, half = _difference(course.values, course.counts, before, after)
    if rise - half <= 0.0:
        return None
    units = yearly * float(course.counts.sum()) / max(data.rows, 1)
    basis = Text(
        ko=f"변화 뒤 {ko} {100 * rise:.2f} %p 증가 × 연 {units:,.0f}개",
        en=f"{en} {100 * rise:.2f} points higher since × {units:,.0f} units a year",
    )
    return priced((rise * units, (rise - half) * units, (rise + half) * units), defect_price(base, data), basis)


def _difference(values: np.ndarray, counts: np.ndarray, before: slice, after: slice) -> tuple[float, float]:
    """Difference of two rates and half its 95 % interval; days are the unit, because units of a day share causes."""
    rates, errors, freedom = [], [], 0
    for part in (before, after):
        weight = counts[part] / counts[part].sum()
        rate = float(weight @ values[part])
        rates.append(rate)
        size = values[part].size
        errors.append(float(np.sum((weight * (values[part] - rate)) ** 2)) * size / max(size - 1, 1))
        freedom += size - 1
    return rates[1] - rates[0], float(stats.t.ppf(0.975, max(freedom, 1)) * np.sqrt(sum(errors)))


def energy_since(base: EvidenceBase, data: TableData, finding: Finding) -> Worth | None:
    """Energy more since a shift: kWh a row, or kW over the hours of the record; `None` for other columns."""
    column, price = column_of(base, finding.subject), energy_price(base)
    shift = next((item for item in finding.evidence if item.name in ("shift", "drift")), None)
    unit = (column.unit or "").replace(" ", "").lower() if column is not None else ""
    yearly = rows_per_year(data)
    if column is None or column.role is not Role.ENERGY or price is None or shift is None or yearly is None:
        return None
    if shift.value <= 0 or unit not in ("kwh", "kw"):
        return None
    times = yearly if unit == "kwh" else 24.0 * 365.25 * 0.5
    low = shift.low if shift.low is not None else shift.value
    high = shift.high if shift.high is not None else shift.value
    basis = Text(
        ko=f"늘어난 전력 연 {shift.value * times:,.0f} kWh" + ("" if unit == "kwh" else "(하루 12시간으로 셈)"),
        en=f"{shift.value * times:,.0f} kWh a year more" + ("" if unit == "kwh" else " (counted for 12 hours a day)"),
    )
    return priced((shift.value * times, low * times, high * times), price, basis)


def search_and_stop(base: EvidenceBase) -> Worth:
    """What a machine out of its usual state costs once a year when nobody looks: an assumption, said as one."""
    basis = Text(
        ko=f"그냥 두면 한 해에 한 번 {STOP_HOURS[0]:.0f}시간(1~12시간) 원인을 찾고 멈추게 된다고 보고 셈(2026-11 가정)",
        en=f"left alone it leads, once a year, to {STOP_HOURS[0]:.0f} h (1 to 12) of search and stop (assumed 2026-11)",
    )
    hours = tuple(STOPS_A_YEAR * hour for hour in STOP_HOURS)
    return priced((hours[0], hours[1], hours[2]), machine_hour_price(base), basis)
