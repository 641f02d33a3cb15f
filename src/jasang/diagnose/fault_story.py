"""What the data rules share when they tell of a fault: moments, numbers in words, and the chart with the bad rows marked."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from jasang.diagnose.chart import Chart, Line, Mark, thin
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_rows import read_numbers
from jasang.diagnose.faults import ColumnFault
from jasang.plant.text import Text


def moment(data: TableData, row: int) -> datetime | None:
    """The time of a row in UTC; `None` when the table or the row has none."""
    if data.time is None or row < 0 or np.isnat(data.time[row]):
        return None
    return as_datetime(data.time[row])


def as_datetime(time: np.datetime64) -> datetime:
    """A datetime64 in UTC as a datetime with its zone."""
    found: datetime = time.astype("datetime64[us]").item()
    return found.replace(tzinfo=UTC)


def span(data: TableData, fault: ColumnFault) -> tuple[datetime | None, datetime | None]:
    """Since when and until when; until is `None` where it lasts to the end of the data."""
    if fault.rows.size and data.time is not None:
        times = data.time[fault.rows]
        times = times[~np.isnat(times)]
        if times.size:
            return as_datetime(times.min()), None if fault.last < 0 else as_datetime(times.max())
    return moment(data, fault.first), moment(data, fault.last)


def local(base: EvidenceBase, when: datetime) -> str:
    """A moment on the factory's clock, "2026-03-24 14:24"."""
    return when.astimezone(ZoneInfo(base.factory.timezone)).strftime("%Y-%m-%d %H:%M")


def when_text(base: EvidenceBase, since: datetime | None, until: datetime | None) -> Text:
    """ "from … to …" to open a sentence with, ending in a comma and a blank; empty of dates when no time is known."""
    if since is None:
        return Text(ko="기록에서 ", en="In the record, ")
    if until is None:
        return Text(ko=f"{local(base, since)}부터 지금까지 ", en=f"Since {local(base, since)}, ")
    return Text(
        ko=f"{local(base, since)}부터 {local(base, until)} 사이에 ",
        en=f"From {local(base, since)} to {local(base, until)}, ",
    )


def on_asset(asset: str | None) -> Text:
    """ "on INJ-01 " or nothing, for the middle of a sentence; a thin space where there is nothing to say."""
    return Text(ko=f"{asset}의 ", en=f" on {asset}") if asset else Text(ko=" ", en=" ")


def number(value: float) -> str:
    """A number as a person writes it: four significant digits, thousands in full, from a hundred thousand on by commas."""
    if abs(value) >= 100_000:
        return f"{value:,.0f}"
    if abs(value) >= 1_000:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.4g}"


def percent(share: float) -> str:
    """A share as a percentage with as many digits as it needs."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


def fault_chart(data: TableData, fault: ColumnFault, bad: np.ndarray, title: Text) -> Chart | None:
    """The column over time (or row number) with the rows of `bad` (file rows) as points of their own."""
    values = read_numbers(data, fault.column)
    if values is None:
        return None
    order = data.time_order()
    if fault.asset is not None and data.table.asset_column:
        labels = data.labels(data.table.asset_column)
        if fault.asset in labels.levels:
            order = order[labels.codes[order] == labels.levels.index(fault.asset)]
    if fault.signal is not None and data.table.signal_column:
        labels = data.labels(data.table.signal_column)
        order = order[labels.codes[order] == labels.levels.index(fault.signal)]
    is_bad = np.zeros(data.rows, dtype=bool)
    is_bad[bad] = True
    rows = order[thin(order.size, np.flatnonzero(is_bad[order]))]
    timed = data.time is not None and not np.isnat(data.time[rows]).any()
    x: tuple[float | str, ...] = (
        iso(data.time[rows]) if timed and data.time is not None else tuple(int(row) + 1 for row in rows)
    )

    def line(name: Text, chosen: np.ndarray, points: bool) -> Line:
        shown = tuple(
            float(v) if keep and np.isfinite(v) else None for v, keep in zip(values[rows], chosen, strict=True)
        )
        return Line(name=name, y=shown, look="points" if points else "thin")

    column = data.table.column(fault.column)
    return Chart(
        title=title,
        x_kind="time" if timed else "number",
        x=x,
        lines=(
            line(Text(ko=fault.name, en=fault.name), ~is_bad[rows], False),
            line(Text(ko="믿을 수 없는 값", en="not to be trusted"), is_bad[rows], True),
        ),
        x_label=None if timed else Text(ko="행", en="row"),
        y_label=Text(ko=fault.name, en=fault.name),
        y_unit=column.unit,
    )


def iso(times: np.ndarray) -> tuple[str, ...]:
    """datetime64[us] in UTC as ISO 8601 texts."""
    return tuple(f"{text}Z" for text in np.datetime_as_string(times.astype("datetime64[s]")))


def band(chart: Chart, since: datetime | None, until: datetime | None) -> tuple[Mark, ...]:
    """The stretch as a band over a chart in time."""
    if chart.x_kind != "time" or since is None or not chart.x:
        return ()
    start = since.strftime("%Y-%m-%dT%H:%M:%SZ")
    stop = until.strftime("%Y-%m-%dT%H:%M:%SZ") if until else str(chart.x[-1])
    return (Mark(name=Text(ko="이상 구간", en="fault"), axis="x", at=start, to=stop, look="bad"),)
