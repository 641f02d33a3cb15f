"""Which lots can be traced back to their material, machine, conditions and inspection, within and across tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.level.measures import RecordKind, record_kind
from jasang.plant.factory import Column, Kind, Role

LINKS = ("lot", "material", "machine", "conditions", "inspection")
Spans = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableTrace:
    """One table of units or lots: of its `rows` so many have each link, and so many have all of them (`traced`)."""

    file: str
    rows: int
    links: dict[str, int]
    traced: int


def trace_lots(evidence: EvidenceBase, collected: Spans = ()) -> tuple[TableTrace, ...]:
    """How far the rows of every table of units can be traced. `collected`: spans (UTC) whose readings a collector kept.

    A link within the row counts, one by a lot or unit number that another table has too, and, for the conditions, readings or
    states of the time of the row.
    """
    tables = evidence.of_kind(Kind.UNITS)
    spans = [*collected, *_told_by_signals(evidence)]
    return tuple(_traced(data, evidence, spans) for data in tables if data.rows)


def share_traced(found: Sequence[TableTrace]) -> float | None:
    """Share (0 to 1) of all rows with every link; nothing where there are no units or lots."""
    rows = sum(one.rows for one in found)
    return sum(one.traced for one in found) / rows if rows else None


def _traced(data: TableData, evidence: EvidenceBase, spans: Spans) -> TableTrace:
    own = _links(data)
    lot = _lot_columns(data)
    for column in lot:
        for other in evidence.tables:
            if other is not data and any(one.name == column.name for one in other.table.columns):
                for link, there in _by_number(data, other, column.name).items():
                    own[link] |= there
    own["conditions"] |= _at_times(data, spans)
    own["lot"] = _any_filled(data, lot)
    whole = np.logical_and.reduce([own[link] for link in LINKS])
    usable = data.usable_rows()
    return TableTrace(
        file=data.table.file,
        rows=int(usable.sum()),
        links={link: int((own[link] & usable).sum()) for link in LINKS},
        traced=int((whole & usable).sum()),
    )


def _links(data: TableData) -> dict[str, np.ndarray]:
    """Of each link the rows that have it by themselves, bool (rows,)."""
    lot = {column.name for column in _lot_columns(data)}
    material = [one for one in data.table.columns if one.name not in lot and _is_material(one)]
    machine = np.full(data.rows, data.table.asset is not None)
    if data.table.asset_column is not None:
        machine |= _filled(data, data.table.asset_column)
    return {
        "lot": np.zeros(data.rows, bool),
        "material": _any_filled(data, material),
        "machine": machine,
        "conditions": _any_filled(data, data.table.with_role(Role.SETTING, Role.SENSOR, Role.ENERGY)),
        "inspection": _any_filled(data, data.table.with_role(Role.QUALITY, Role.DEFECT)),
    }


def _lot_columns(data: TableData) -> tuple[Column, ...]:
    """What names the unit or lot: its numbers; where it has none, the first column of lots."""
    numbers = data.table.with_role(Role.ID)
    if numbers:
        return tuple(numbers)
    lots = [
        one for one in data.table.columns if _is_material(one) and ("lot" in one.name.lower() or "로트" in one.name)
    ]
    return tuple(lots[:1])


def _is_material(column: Column) -> bool:
    return column.role in (Role.CONTEXT, Role.ID) and record_kind(column.name, column.role) is RecordKind.MATERIAL


def _by_number(data: TableData, other: TableData, column: str) -> dict[str, np.ndarray]:
    """The links that the other table has for the same number."""
    there = _links(other)
    theirs, mine = other.labels(column), data.labels(column)
    found = {}
    for link, rows in there.items():
        known = {theirs.levels[code] for code in np.unique(theirs.codes[rows & (theirs.codes >= 0)])}
        has = np.array([level in known for level in mine.levels] + [False])
        found[link] = has[mine.codes]
    return found


def _told_by_signals(evidence: EvidenceBase) -> list[tuple[datetime, datetime]]:
    spans = []
    for data in evidence.of_kind(Kind.SIGNALS):
        times = None if data.time is None else data.time[~np.isnat(data.time)]
        if times is not None and times.size:
            spans.append((times.min().astype(datetime), (times.max() + np.timedelta64(1, "us")).astype(datetime)))
    return spans


def _at_times(data: TableData, spans: Spans) -> np.ndarray:
    """The rows whose time lies in one of the half-open spans."""
    inside = np.zeros(data.rows, bool)
    if data.time is None:
        return inside
    for first, last in spans:
        begin, end = (np.datetime64(one.replace(tzinfo=None), "us") for one in (first, last))
        inside |= (data.time >= begin) & (data.time < end)
    return inside


def _any_filled(data: TableData, columns: Sequence[Column]) -> np.ndarray:
    filled = np.zeros(data.rows, bool)
    for column in columns:
        filled |= _filled(data, column.name)
    return filled


def _filled(data: TableData, column: str) -> np.ndarray:
    """Where a column holds something, bool (rows,)."""
    series = data.source.read([column]).to_series()
    if series.dtype.is_numeric():
        known: np.ndarray = np.isfinite(data.numbers(column))
        return known
    found: np.ndarray = data.labels(column).codes >= 0
    return found
