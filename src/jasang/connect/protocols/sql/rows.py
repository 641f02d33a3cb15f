"""Rows of a table as readings: one signal a column (wide), or one signal a row (long)."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from jasang.connect.contract import Link
from jasang.connect.protocols.sql.moments import moment_of
from jasang.connect.protocols.sql.options import SqlOptions
from jasang.connect.protocols.sql.source import Row
from jasang.plant.reading import Reading, Signal

Place = Callable[[str, datetime], datetime]  # (asset or signal, time of the row) -> time of its readings


class Layout:
    """Which signals the rows hold. `signals` grows as assets and, in long rows, names come up."""

    def __init__(self, link: Link, columns: Sequence[str]) -> None:
        self._link = link
        self._options: SqlOptions = link.options or SqlOptions()
        self.zone = ZoneInfo(self._options.timezone)
        self.signals: dict[str, Signal] = {}
        self.bad_times: list[Any] = []
        self._long = self._options.signal_column is not None
        # column, or name of a long signal -> short name and unit
        self._chosen: dict[str, tuple[str, str | None]] = {
            signal.address: (signal.name.removeprefix(f"{signal.asset}."), signal.unit) for signal in link.signals
        }
        kept = {self._options.time, self._options.mark, self._options.asset_column}
        if not self._long:
            if not self._chosen:
                self._chosen = {column: (column, None) for column in columns if column not in kept}
            self.missing = tuple(signal for signal in link.signals if signal.address not in columns)
            self._chosen = {column: named for column, named in self._chosen.items() if column in columns}
        else:
            self.missing = ()

    def readings(self, rows: Iterable[Row], place: Place) -> list[Reading]:
        """The readings of rows in their order; a row whose time cannot be read is left out and kept in `bad_times`."""
        received = datetime.now(UTC)
        found: list[Reading] = []
        for row in rows:
            try:
                moment = received if self._options.time is None else moment_of(row[self._options.time], self.zone)
            except ValueError:
                self.bad_times.append(row[self._options.time or ""])
                continue
            found += self._of_row(row, moment, received, place)
        return found

    def _of_row(self, row: Row, moment: datetime, received: datetime, place: Place) -> list[Reading]:
        asset = self._link.asset
        if self._options.asset_column is not None and row[self._options.asset_column] not in (None, ""):
            asset = str(plain(row[self._options.asset_column])).strip()
        if self._long:
            address = str(row[self._options.signal_column or ""] or "").strip()
            named = self._chosen.get(address) if self._chosen else (address, None)
            pairs = [(address, named, row[self._options.value_column or ""])] if named and address else []
        else:
            pairs = [(column, named, row[column]) for column, named in self._chosen.items()]
        told = [(address, named, value) for address, named, value in pairs if value is not None]
        if not told:
            return []
        key = f"{asset}.{told[0][0]}" if self._long else asset
        own = place(key, moment)
        return [
            Reading(
                signal=self._known(asset, short, unit, address),
                source_time=own,
                receive_time=received,
                value=plain(value),
            )
            for address, (short, unit), value in told
        ]

    def _known(self, asset: str, short: str, unit: str | None, address: str) -> str:
        name = f"{asset}.{short}"
        if name not in self.signals:
            self.signals[name] = Signal(name=name, asset=asset, unit=unit, address=address)
        return name


def numbered_anew() -> Place:
    """Rows of one asset at the same time are told apart by a microsecond each, counted within one call."""
    seen: dict[tuple[str, datetime], int] = {}

    def place(key: str, moment: datetime) -> datetime:
        count = seen[key, moment] = seen.get((key, moment), -1) + 1
        return moment + timedelta(microseconds=count)

    return place


def as_it_is(_key: str, moment: datetime) -> datetime:
    """The row's own time: another row of that time is a correction."""
    return moment


def plain(value: Any) -> float | int | str | bool | None:
    """A database's value as a reading's: numbers and truths as they are, bytes as hex, all else as text."""
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return int(value) if isinstance(exponent, int) and exponent >= 0 else float(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
