"""Rows of a file as readings of its columns."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from jasang.connect.contract import Link
from jasang.connect.protocols.files import FileTable
from jasang.connect.protocols.watch.options import FolderOptions
from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text

PIECE = 5_000  # rows made into readings at a time


class Unsuitable(Exception):
    """A table that cannot become readings, and why."""

    def __init__(self, ko: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(ko=ko, en=en)


class Layout:
    """Which signals the tables hold; `signals` grows with the files."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._options: FolderOptions = link.options or FolderOptions()
        self._zone = ZoneInfo(self._options.timezone)
        self.signals: dict[str, Signal] = {}
        self._chosen = {
            signal.address: (signal.name.removeprefix(f"{signal.asset}."), signal.unit) for signal in link.signals
        }

    def check(self, table: FileTable) -> None:
        """Raises `Unsuitable` when columns that collect.toml names are not there."""
        options = self._options
        for column in (options.time, options.asset_column, options.signal_column, options.value_column):
            if column is not None and column not in table.columns:
                listed = ", ".join(table.columns[:12])
                raise Unsuitable(
                    f"열 {column!r} 이(가) 없습니다. 있는 열: {listed}", f"no column {column!r}; there is: {listed}"
                )

        if self._chosen and options.signal_column is None and not self._chosen.keys() & set(table.columns):
            wanted, listed = ", ".join(self._chosen), ", ".join(table.columns[:12])
            raise Unsuitable(
                f"고른 열이 하나도 없습니다({wanted}). 있는 열: {listed}",
                f"none of the columns {wanted}; there is: {listed}",
            )

    def readings(self, table: FileTable, first_row: int) -> Iterator[list[Reading]]:
        """The readings of the rows from `first_row` on, in pieces, each row with its own time."""
        self.check(table)
        received = datetime.now(UTC)
        frame = table.read(table.columns)
        times = self._times(frame, table)
        assets = self._texts(frame, self._options.asset_column)
        names = self._texts(frame, self._options.signal_column)
        columns = self._columns(frame, table)
        seen: dict[tuple[str, datetime], int] = {}
        for begin in range(0, frame.height, PIECE):
            found: list[Reading] = []
            for row in range(begin, min(begin + PIECE, frame.height)):
                moment = times[row]
                if moment is None:
                    continue
                asset = (assets[row] if assets else None) or self._link.asset
                key = (f"{asset}.{names[row]}" if names else asset, moment)
                ties = seen[key] = seen.get(key, -1) + 1
                if row < first_row:  # read before; counted for rows that share their time
                    continue
                own = moment + timedelta(microseconds=ties)
                for column, short, unit, values in columns:
                    value = values[row]
                    if value is None:
                        continue
                    name = self._named(names[row] if names else short)
                    if name is None:
                        continue
                    signal = self._known(asset, name[0], name[1] or unit, column)
                    found.append(Reading(signal=signal, source_time=own, receive_time=received, value=value))
            if found:
                yield found

    def _named(self, name: str | None) -> tuple[str, str | None] | None:
        if not name:
            return None
        if self._options.signal_column is not None and self._chosen:
            return self._chosen.get(name)
        return (name, None)

    def _columns(
        self, frame: pl.DataFrame, table: FileTable
    ) -> list[tuple[str, str, str | None, Sequence[float | int | str | bool | None]]]:
        options = self._options
        if options.value_column is not None:
            wanted: list[tuple[str, str, str | None]] = [(options.value_column, "", None)]
        else:
            aside = {options.time or self._time_column(frame), options.asset_column, options.signal_column}
            clock = self._clock_column(frame)
            wanted = [
                (column, *(self._chosen.get(column, (column, None))))
                for column in table.columns
                if column not in aside | {clock} and (not self._chosen or column in self._chosen)
            ]
        return [
            (column, short, unit or table.units.get(column), _values(frame[column])) for column, short, unit in wanted
        ]

    def _time_column(self, frame: pl.DataFrame) -> str | None:
        return self._options.time or next(
            (c for c, kind in frame.schema.items() if isinstance(kind, pl.Datetime)), None
        )

    def _clock_column(self, frame: pl.DataFrame) -> str | None:
        """A column of times of day beside a column of mere dates."""
        if self._options.time is not None:
            return None
        day = self._time_column(frame)
        clock = next((column for column, kind in frame.schema.items() if kind == pl.Time), None)
        if day is None or clock is None:
            return None
        midnight = frame[day].dt.convert_time_zone(self._zone.key).dt.time() == time(0)
        return clock if bool(midnight.all()) else None

    def _times(self, frame: pl.DataFrame, table: FileTable) -> list[datetime | None]:
        column = self._time_column(frame)
        if column is None:
            listed = ", ".join(table.columns[:12])
            raise Unsuitable(
                f"시각이 든 열이 없습니다(열: {listed}). time에 열 이름을 적으세요",
                f"has no column of times ({listed}); name it in the field time",
            )
        if not isinstance(frame.schema[column], pl.Datetime):
            raise Unsuitable(f"열 {column!r} 은(는) 시각이 아닙니다", f"column {column!r} does not hold times")
        clock = self._clock_column(frame)
        if clock is None:
            found: list[datetime | None] = frame[column].to_list()
        else:
            days = frame[column].dt.convert_time_zone(self._zone.key).to_list()
            found = [
                None if day is None or at is None else datetime.combine(day.date(), at, self._zone)
                for day, at in zip(days, frame[clock].to_list(), strict=True)
            ]
        return [None if moment is None else moment.astimezone(UTC) for moment in found]

    def _texts(self, frame: pl.DataFrame, column: str | None) -> list[str | None]:
        if column is None:
            return []
        return [None if value is None else str(value).strip() for value in frame[column].to_list()]

    def _known(self, asset: str, short: str, unit: str | None, address: str) -> str:
        name = f"{asset}.{short}"
        if name not in self.signals:
            self.signals[name] = Signal(name=name, asset=asset, unit=unit, address=address)
        return name


def _values(column: pl.Series) -> list[float | int | str | bool | None]:
    if isinstance(column.dtype, (pl.Datetime, pl.Date, pl.Time, pl.Duration)):
        return [None if value is None else str(value) for value in column.to_list()]
    found: list[float | int | str | bool | None] = column.to_list()
    return found
