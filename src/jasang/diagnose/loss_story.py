"""What the rules on losses of time share: the day of a change as a moment, the subject, and the worth of machine hours saved."""

from datetime import UTC, datetime, timedelta

import numpy as np

from jasang.analyze.stops import DAY
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Subject, Worth
from jasang.diagnose.machine_records import MachineRecord
from jasang.diagnose.prices import YEAR, machine_hour_price, priced, years_of
from jasang.plant.text import Text

YEAR_HOURS = 365.25 * 24


def first_moment_of_day(moments: np.ndarray, day: int, utc_offset_s: float) -> datetime | None:
    """The first of the moments (int64 µs UTC) on or after a local day number, as a datetime."""
    later = moments[(moments + int(utc_offset_s * 1e6)) // DAY >= day]
    return moment(int(later.min())) if later.size else None


def moment(ticks: int) -> datetime:
    """Microseconds since 1970 UTC as a datetime."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks)


def subject_of(record: MachineRecord, column: str | None, product: str | None = None) -> Subject:
    """The machine, or the product where nobody names machines."""
    if record.by_product:
        return Subject(table=record.data.table.file, column=column, product=record.asset)
    return Subject(table=record.data.table.file, column=column, asset=record.asset, product=product)


def who(record: MachineRecord) -> tuple[str, str]:
    """The machine as the subject of a sentence, Korean and English."""
    return (f"{record.asset}이(가)", f"{record.asset}") if record.asset else ("설비가", "The machine")


def hours_worth(base: EvidenceBase, hours_a_year: float, shares: tuple[float, float, float]) -> Worth:
    """Shares of a year's hours (value, low, high) at the price of a machine hour."""
    value, low, high = shares
    basis = Text(
        ko=f"가동 {hours_a_year:,.0f}시간/년 × 되찾는 비율 {100 * value:.1f} %",
        en=f"{hours_a_year:,.0f} running h/year × {100 * value:.1f} % won back",
    )
    saved = (hours_a_year * value, hours_a_year * low, hours_a_year * high)
    return priced(saved, machine_hour_price(base), basis)


def a_year(hours: float, record: MachineRecord) -> float:
    """Hours of the record as hours a year at this pace; a product's by the whole table, for it may not be made all the time."""
    calendar = record.calendar_s
    if record.by_product:
        calendar = max(calendar, (years_of(record.data) or 0.0) * YEAR)
    return hours * 3600 / max(calendar, 86400.0) * YEAR_HOURS
