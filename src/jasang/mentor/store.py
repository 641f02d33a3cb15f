"""The use case "look after the store": check, compact, export, back up and restore a store of readings."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from jasang.errors import StoreError
from jasang.plant.text import Text
from jasang.store import open_reader
from jasang.store.backup import Copied, backup_store, restore_store
from jasang.store.check import Checked, check_store, repair_store
from jasang.store.embedded import EmbeddedStore
from jasang.store.export import export
from jasang.store.folder import read_format
from jasang.store.ownership import is_owned
from jasang.store.retain import Retained, Rule, add_rule

__all__ = [
    "Checked",
    "Compacted",
    "Copied",
    "Exported",
    "backup",
    "check",
    "compact",
    "export_readings",
    "repair",
    "restore",
    "retain",
]

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """`settled` readings were moved to the settled table and `files` are saved."""

    settled: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """`readings` of `signals` signals were written to `file`."""

    file: Path
    signals: int
    readings: int


def check(store: Path) -> Checked:
    """Read every file of a store and tell what is wrong; a collector may be writing. `StoreError` when it is no store."""
    return check_store(store)


def repair(store: Path) -> tuple[Text, ...]:
    """Keep what is whole of damaged fresh files; `StoreError` while a collector is writing."""
    return repair_store(store)


def compact(store: Path) -> Compacted:
    """Settle everything and put small files together; `StoreError` while a collector is writing."""
    read_format(store)  # a folder that is none must not become one
    owned = EmbeddedStore(store)
    try:
        settled = owned.settle(datetime.now(UTC))
        return Compacted(settled=settled, files=owned.compact())
    finally:
        owned.close()


def export_readings(
    store: Path, target: Path, *, signals: str = "*", start: datetime | None = None, end: datetime | None = None
) -> Exported:
    """Write readings to a Parquet or CSV file; `signals` is a pattern with * and ?.

    Raises `StoreError` when no signal fits or the file cannot be written.
    """
    reader = open_reader(store)
    try:
        names = [signal.name for signal in reader.signals() if fnmatchcase(signal.name, signals)]
        if not names:
            raise StoreError(
                ko=f"{store} 에 이름이 {signals!r} 에 맞는 신호가 없습니다.",
                en=f"{store} has no signal that fits {signals!r}",
            )
        extent = reader.extent()
        first, last = extent if extent is not None else (_NEVER, _NEVER)
        # The end is not part of a span.
        first, last = start or first, end or last + timedelta(microseconds=1)
        return Exported(file=target, signals=len(names), readings=export(reader, names, first, last, target))
    finally:
        reader.close()


def backup(store: Path, target: Path) -> Copied:
    """Copy a store to a folder while a collector may be writing; a second time only what is new."""
    return backup_store(store, target)


def restore(source: Path, store: Path) -> Copied:
    """Make a store from a backup whose every file is checked first."""
    return restore_store(source, store)


def retain(store: Path, signals: str, days: float) -> Retained | None:
    """Keep readings of signals that fit a pattern for so many days and only hourly roll-ups of older ones.

    The rule is written down and followed from now on. `None` while a collector is writing: it follows the rule when it settles.
    """
    open_reader(store).close()
    rule = Rule(signals=signals, days=days)
    if is_owned(store):
        add_rule(store, rule)
        return None
    owned = EmbeddedStore(store)
    try:
        now = datetime.now(UTC)
        owned.settle(now - timedelta(days=days))
        add_rule(store, rule)
        return owned.retain(now)
    finally:
        owned.close()
