"""Letting old readings go, by rules for patterns of signals, and keeping an hourly roll-up of each.

`retention.json` holds the rules; the owner follows them when it settles. `hourly/` is a plain Delta table of roll-ups, one row
for each signal and hour: they outlive the readings they were made of. Whole hours go at a time: no hour is rolled up twice.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

from jasang.errors import StoreError
from jasang.store.block import Block, empty, merged
from jasang.store.compact import overlapping, rewrite
from jasang.store.log import sync_file, sync_folder
from jasang.store.rollup import HOUR, Slots, slots_of
from jasang.store.settle import DAY, Tables
from jasang.store.settled import Entry

FILE, FORMAT = "retention.json", "jasang.retention/1"
FOLDER = "hourly"

# `total` is the sum of the `numbers` finite numbers of the hour; `minimum` and `maximum` are theirs and null without any.
HOURLY_SCHEMA = pa.schema(
    [
        pa.field("signal", pa.string()),
        pa.field("hour", pa.timestamp("us", tz="UTC")),
        pa.field("minimum", pa.float64()),
        pa.field("maximum", pa.float64()),
        pa.field("total", pa.float64()),
        pa.field("numbers", pa.int64()),
        pa.field("readings", pa.int64()),
        pa.field("bad", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Readings of signals that fit the pattern (* and ?) are kept for so many days."""

    signals: str
    days: float

    def __post_init__(self) -> None:
        if not self.signals or not self.days > 0:
            raise ValueError(f"a rule needs a pattern and more than 0 days, got {self.signals!r} and {self.days}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """`readings` of `signals` signals were let go, and `hours` roll-ups kept of them."""

    signals: int
    readings: int
    hours: int


def read_rules(store: Path) -> tuple[Rule, ...]:
    """The rules of a store, the first that fits a signal counts; none without a file."""
    path = store / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError(f"expected format and rules, found {found!r:.40}")
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']!r}, expected {FORMAT!r}")
        return tuple(Rule(signals=str(rule["signals"]), days=float(rule["days"])) for rule in found["rules"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(ko=f"{path} 을(를) 읽을 수 없습니다: {error}", en=f"{path} cannot be read: {error}") from error


def add_rule(store: Path, rule: Rule) -> None:
    """Write a rule down, before the others; one of the same pattern is replaced."""
    rules = (rule, *(other for other in read_rules(store) if other.signals != rule.signals))
    listed = [{"signals": kept.signals, "days": kept.days} for kept in rules]
    new = store / f"{FILE}.new"
    try:
        new.write_text(json.dumps({"format": FORMAT, "rules": listed}, ensure_ascii=False, indent=1), encoding="utf-8")
        sync_file(new)
        os.replace(new, store / FILE)
        sync_folder(store)
    except OSError as error:
        raise StoreError(
            ko=f"{store / FILE} 을(를) 쓰지 못했습니다: {error}", en=f"{store / FILE} cannot be written: {error}"
        ) from error


class Hourly:
    """The roll-ups of a store."""

    def __init__(self, store: Path) -> None:
        self._path = store / FOLDER

    def of(self, signals: Sequence[str], start: int, end: int) -> pa.Table:
        """Roll-ups of the hours that lie in the span (microseconds), as `HOURLY_SCHEMA`, by signal and hour."""
        if not (self._path / "_delta_log").exists() or not signals:
            return HOURLY_SCHEMA.empty_table()
        try:
            found = DeltaTable(str(self._path)).to_pyarrow_table(filters=[("signal", "in", list(signals))])
        except (DeltaError, OSError, pa.ArrowException) as error:
            raise StoreError(
                ko=f"시간별 요약 {self._path} 을(를) 읽을 수 없습니다: {error}",
                en=f"the hourly roll-ups in {self._path} cannot be read: {error}",
            ) from error
        hour = found.column("hour").cast(pa.int64())
        within = pc.and_(pc.greater_equal(hour, start), pc.less_equal(hour, end - HOUR))
        return found.filter(within).cast(HOURLY_SCHEMA).sort_by([("signal", "ascending"), ("hour", "ascending")])

    def add(self, rows: pa.Table) -> None:
        """Keep roll-ups."""
        try:
            write_deltalake(str(self._path), rows, mode="append")
        except (DeltaError, OSError) as error:
            raise StoreError(
                ko=f"시간별 요약을 {self._path} 에 쓰지 못했습니다: {error}",
                en=f"hourly roll-ups cannot be written to {self._path}: {error}",
            ) from error
        log = self._path / "_delta_log"
        newest = max(log.glob("*.json"))
        for line in newest.read_text(encoding="utf-8").splitlines():
            added = json.loads(line).get("add")
            if added:
                sync_file(self._path / added["path"])
        sync_file(newest)
        sync_folder(log)


def retain(tables: Tables, hourly: Hourly, rules: Sequence[Rule], now: int, *, slack: int = 0) -> Retained:
    """Let go what the rules no longer keep at `now` (microseconds); nothing where it would be less than `slack` more.

    Readings that come for an hour that was rolled up before are let go without changing its roll-up.
    """

    def cutoff(name: str) -> int:
        for rule in rules:
            if fnmatchcase(name, rule.signals):
                return int((now - rule.days * DAY) // HOUR * HOUR)
        return -(2**62)

    signals: set[str] = set()
    readings = hours = 0
    for group in overlapping(tables.settled.entries()):
        old = sorted({name for entry in group for name in _old(entry, cutoff, slack)})
        if not old:
            continue
        gone = {name: _gone(tables, group, name, cutoff(name)) for name in old}
        rolled = [_rolled(name, rows) for name, rows in gone.items()]
        kept = _not_yet(hourly, pa.concat_tables(rolled))
        if kept.num_rows:
            hourly.add(kept)
        rewrite(tables, group, keep=lambda name, rows: rows.take(rows.source >= cutoff(name)))
        signals.update(old)
        readings += sum(len(rows) for rows in gone.values())
        hours += kept.num_rows
    return Retained(signals=len(signals), readings=readings, hours=hours)


def _old(entry: Entry, cutoff: Callable[[str], int], slack: int) -> list[str]:
    return [
        name
        for name, pieces in entry.file.signals().items()
        if any(piece.first < cutoff(name) - slack for piece in pieces)
    ]


def _gone(tables: Tables, group: Sequence[Entry], name: str, cutoff: int) -> Block:
    first = min(entry.first for entry in group)
    rows = tables.settled.select(name, first, max(first, cutoff), full=False)
    return merged(rows) if rows else empty()


def _rolled(name: str, rows: Block) -> pa.Table:
    """Roll-ups of rows of one signal, sorted by time."""
    if not len(rows):
        return HOURLY_SCHEMA.empty_table()
    return hourly_table(name, slots_of(rows, HOUR))


def hourly_table(name: str, slots: Slots) -> pa.Table:
    """Slots of one signal, of an hour or shorter, as `HOURLY_SCHEMA`."""
    without = slots.numbers == 0
    columns = [
        pa.array([name], pa.string()).take(pa.array(np.zeros(len(slots), np.int32))),
        pa.array(slots.at).cast(pa.timestamp("us", tz="UTC")),
        pa.array(slots.minimum, mask=without),
        pa.array(slots.maximum, mask=without),
        pa.array(slots.total),
        pa.array(slots.numbers),
        pa.array(slots.readings),
        pa.array(slots.bad),
    ]
    return pa.Table.from_arrays(columns, schema=HOURLY_SCHEMA)


def _not_yet(hourly: Hourly, rows: pa.Table) -> pa.Table:
    """Roll-ups of hours that have none yet: a crash may come between the two commits."""
    names = pc.unique(rows.column("signal")).to_pylist()
    known = hourly.of(names, -(2**62), 2**62).select(["signal", "hour"])
    return rows.join(known, keys=["signal", "hour"], join_type="left anti").select(HOURLY_SCHEMA.names)
