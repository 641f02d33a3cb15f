"""From a path to what rules can look at: files read, roles inferred, the time axis of every table built and judged."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from jasang.analyze.roles import Sample, TableGuess, infer_factory
from jasang.analyze.time_order import TimeOrder, ends_of_day, time_order
from jasang.connect.factory_toml import check_tables, read_factory_toml
from jasang.connect.protocols.files import FileTable, OpenedFolder, SkippedFile, open_path
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.errors import UnreadableInput
from jasang.plant.factory import Factory, Kind, Role, Table
from jasang.plant.text import Progress, Text, silent

_TIMED = (Kind.UNITS, Kind.SIGNALS, Kind.STATES, Kind.GAUGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that was repaired, skipped or assumed on the way in, with the number of rows concerned."""

    file: str
    rows: int
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryData:
    """A factory opened for diagnosis: the evidence base, the guesses behind it, and everything that was mended."""

    evidence: EvidenceBase
    guesses: tuple[TableGuess, ...]
    notices: tuple[Notice, ...]
    skipped: tuple[SkippedFile, ...]


@contextmanager
def open_factory(path: Path, *, progress: Progress = silent) -> Iterator[FactoryData]:
    """Open a file or a factory's folder; what was unpacked on the way is removed at the end.

    Raises
    ------
    UnreadableInput
        A file cannot be read, or the times of a table run backwards without a reason.
    ConfigurationError
        factory.toml is wrong.
    """
    stated = stated_factory(path)
    timezone = stated.timezone if stated else "Asia/Seoul"
    with open_path(path, timezone=timezone, progress=progress) as opened:
        yield factory_data(opened, stated, name=path.resolve().name)


def factory_data(opened: OpenedFolder, stated: Factory | None, *, name: str) -> FactoryData:
    """Roles, time axes and notices of what was opened. `name` is used where factory.toml gives none."""
    if stated is not None:
        check_tables(stated, opened)
    samples = [Sample(file=table.file, frame=table.sample(), rows=table.rows) for table in opened.files]
    guess = infer_factory(samples, stated, name=name)
    described = tuple(_with_units(t, f.units) for t, f in zip(guess.factory.tables, opened.files, strict=True))
    factory = replace(guess.factory, tables=described)
    notices: list[Notice] = []
    tables = []
    for file_table, table in zip(opened.files, factory.tables, strict=True):
        notices += [Notice(file=table.file, rows=repair.rows, text=repair.text) for repair in file_table.repairs]
        time = time_axis(file_table, table)
        if time is not None:
            notices += _move_midnights(table, time, factory.timezone)
        data = TableData(table=table, source=file_table, time=time)
        if time is not None and table.kind in _TIMED:
            notices += _order_notices(table, _judge(file_table, data, factory.timezone), data.rows)
        tables.append(data)
    return FactoryData(
        evidence=EvidenceBase(factory=factory, tables=tuple(tables)),
        guesses=guess.tables,
        notices=tuple(notices),
        skipped=opened.skipped,
    )


def _with_units(table: Table, units: Mapping[str, str]) -> Table:
    """The units that stand in a row under the header, for columns whose unit nothing else tells."""
    columns = [
        replace(column, unit=units[column.name]) if column.unit is None and column.name in units else column
        for column in table.columns
    ]
    return replace(table, columns=tuple(columns))


def stated_factory(path: Path) -> Factory | None:
    """What the factory.toml in the folder, or beside the file, says; `None` where there is none."""
    file = path / "factory.toml" if path.is_dir() else path.with_name("factory.toml")
    if not file.is_file():
        return None
    stated = read_factory_toml(file)
    if path.is_dir() or any(table.file == path.name for table in stated.tables):
        return stated
    # A factory.toml beside a single file that does not name it still says what things cost and what columns mean.
    return replace(stated, tables=())


def time_axis(source: FileTable, table: Table) -> np.ndarray | None:
    """The rows' times as datetime64[us] UTC, shape (rows,), NaT where there is none; `None` when the table has no time."""
    column = table.time or table.start
    if column is None:
        return None
    frame = source.read([column] if table.date is None else [column, table.date])
    series = frame[column]
    if series.dtype == pl.Time and table.date is not None:
        day = frame[table.date]
        if isinstance(day.dtype, pl.Datetime):
            series = (day.dt.cast_time_unit("us") + pl.Series(series.cast(pl.Duration("us")))).cast(pl.Datetime("us"))
    if not isinstance(series.dtype, pl.Datetime | pl.Date):
        return None
    moments: np.ndarray = series.cast(pl.Datetime("us")).to_numpy().astype("datetime64[us]")
    return moments


def _move_midnights(table: Table, time: np.ndarray, timezone: str) -> list[Notice]:
    """Move rows that end a day at its 00:00 to the next day, in place; what was moved."""
    first = time[~np.isnat(time)][:1]
    if not first.size:
        return []
    offset = first.astype("datetime64[us]").item().replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).utcoffset()
    moved = ends_of_day(time, utc_offset_us=int(offset.total_seconds() * 1e6) if offset else 0)
    if not moved.size:
        return []
    time[moved] += np.timedelta64(1, "D")
    text = Text(
        ko="하루의 마지막 행이 그날 00:00으로 찍혀 있어 다음 날 00:00으로 읽었습니다",
        en="the last row of a day is stamped 00:00 of the same day; read as 00:00 of the next day",
    )
    return [Notice(file=table.file, rows=int(moved.size), text=text)]


def _judge(source: FileTable, data: TableData, timezone: str) -> TimeOrder:
    """The order of the rows that count: copies repeat a time that was there before, and impossible times are told elsewhere."""
    if data.time is None:
        raise ValueError(f"table {data.table.file!r} has no time to judge")
    time = np.where(data.usable_rows(), data.time, np.datetime64("NaT"))
    judged = time_order(time, _sorting_keys(source, data.table))
    if not judged.tolerable and data.table.time_order != "any":
        raise _backwards(source, data.table, time, judged.behind, timezone)
    return judged


def _sorting_keys(source: FileTable, table: Table) -> list[np.ndarray]:
    """Codes of the columns a file may be sorted by before time, and of asset and product together."""
    roles = (Role.ASSET, Role.PRODUCT, Role.SIGNAL, Role.CONTEXT, Role.ID, Role.STATE, Role.REASON, Role.DEFECT)
    # With a group for every few rows any order would be explained.
    most = max(2, source.rows // 10)
    keys: dict[str, np.ndarray] = {}
    for column in table.columns:
        if column.role in roles:
            texts = source.read([column.name]).to_series().cast(pl.String).fill_null("")
            codes = texts.rank("dense").to_numpy().astype(np.int64)
            if codes.size and codes.max() <= most:
                keys[column.name] = codes
    found = list(keys.values())
    asset, product = keys.get(table.asset_column or ""), keys.get(table.product_column or "")
    if asset is not None and product is not None:
        found.append(asset * (int(product.max()) + 1) + product)
    return found


def _backwards(source: FileTable, table: Table, time: np.ndarray, behind: np.ndarray, timezone: str) -> UnreadableInput:
    zone, row, rows = ZoneInfo(timezone), int(behind[0]), int(behind.size)
    before = time[:row][~np.isnat(time[:row])][-1]
    here, previous = (
        moment.astype("datetime64[us]").item().replace(tzinfo=UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        for moment in (time[row], before)
    )
    line = source.file_row(row)
    column = table.time or table.start
    return UnreadableInput(
        ko=f"{table.file}: {line}행 '{column}' 시각이 거꾸로 갑니다. {previous} 다음에 {here}이(가) 나옵니다"
        f"(이런 행 {rows:,}개). "
        f"시간 순서대로 된 파일이 필요합니다. "
        f'순서가 원래 뒤섞인 파일이면 factory.toml의 [[tables]]에 time_order = "any"를 적으세요.',
        en=f"{table.file}: row {line}, column '{column}': time goes backwards, {here} follows {previous} ({rows:,} such rows); "
        f'expected rows in order of time. If the rows really stand in any order, write time_order = "any" under [[tables]] '
        f"in factory.toml.",
    )


def _order_notices(table: Table, judged: TimeOrder, rows: int) -> list[Notice]:
    notices = []
    if judged.newest_first:
        text = Text(
            ko="최근 행이 맨 위에 있어 시간 순서로 뒤집어 읽었습니다", en="newest row first; read in order of time"
        )
        notices.append(Notice(file=table.file, rows=rows, text=text))
    if judged.backward.size:
        text = Text(
            ko="앞 행보다 이른 시각의 행을 시간 순서로 옮겨 읽었습니다",
            en="rows earlier than the row above them; read in order of time",
        )
        notices.append(Notice(file=table.file, rows=int(judged.backward.size), text=text))
    return notices
