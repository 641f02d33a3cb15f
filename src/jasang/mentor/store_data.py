"""From a collector's store to what rules can look at: readings on a grid of times, one table for each machine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from jasang.analyze.roles import Sample, infer_factory
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.errors import UnreadableInput
from jasang.mentor.collected import collected, is_own
from jasang.plant.factory import Column, Factory
from jasang.plant.text import Progress, Text, silent
from jasang.store import open_reader
from jasang.store.contract import Reader

TIME = "time"
# A minute is longer than most cycles, so that a mean over it is the process and not a phase of one shot.
STEP = timedelta(minutes=1)
# With less (five hours) there is no usual behaviour to compare with.
FEWEST_ROWS = 300
MOST_ROWS = 30_000
# What a monitor adds to the store is not a measurement of the machine.
MONITOR_SCORE = "monitor_score"
# A machine reports a value when it changes; for this long after anything was heard of it, the last values still hold.
_SILENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSource:
    """Readings on a grid of times, as a `ColumnSource`."""

    frame: pl.DataFrame

    @property
    def rows(self) -> int:
        """Number of grid times."""
        return self.frame.height

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        """The columns, in order of time."""
        return self.frame.select(columns)


def store_evidence(store: Path, *, factory: Factory, progress: Progress = silent) -> EvidenceBase:
    """The last `MOST_ROWS` minutes of a collector's store, one table for each machine.

    Raises
    ------
    UnreadableInput
        No machine has kept `FEWEST_ROWS` minutes yet; says how much there is.
    """
    reader = open_reader(store)
    try:
        progress(Text(ko="수집한 값을 읽고 있습니다", en="Reading the collected values"), 0.0)
        last = reader.last()
        kept = [
            s for s in reader.signals() if s.name in last and not s.name.endswith(f".{MONITOR_SCORE}") and not is_own(s)
        ]
        numeric = [s for s in kept if _is_number(last[s.name].value)]
        end = max((reading.source_time for reading in last.values()), default=None)
        assets = sorted({signal.asset for signal in numeric})
        grids = {asset: grid(reader, [s.name for s in numeric if s.asset == asset], end) for asset in assets if end}
        how = collected(reader)
    finally:
        reader.close()
    long_enough = {asset: frame for asset, frame in grids.items() if frame.height >= FEWEST_ROWS}
    if not long_enough:
        most = max((frame.height for frame in grids.values()), default=0)
        raise UnreadableInput(
            ko=f"{store}: 모은 값이 아직 {most}분치입니다. {FEWEST_ROWS}분치가 쌓이면 진단합니다.",
            en=f"{store}: {most} minutes collected so far; expected at least {FEWEST_ROWS} minutes.",
        )
    evidence = _evidence(factory, long_enough, {signal.name: signal.unit for signal in numeric})
    return replace(evidence, collected=how)


def _is_number(value: float | str | bool | None) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def grid(reader: Reader, names: Sequence[str], end: datetime, most: int = MOST_ROWS) -> pl.DataFrame:
    """One row a minute in which the machine was heard of, one column a signal: the mean of its readings, else the last before.

    At most the `most` last minutes up to the one of `end`; an empty frame when there are none.
    """
    end = end.replace(second=0, microsecond=0) + STEP  # whole minutes of the clock
    buckets = _frame(reader, names, end - most * STEP, end, most)
    if not buckets.height:
        return pl.DataFrame()
    first: datetime = buckets["bucket"].sort()[0]
    rows = round((end - first) / STEP)
    place = ((buckets["bucket"] - first) / STEP).round().cast(pl.Int64).to_numpy()
    heard = np.zeros(rows, dtype=bool)
    heard[place] = True
    columns = {TIME: pl.Series([first + row * STEP for row in range(rows)], dtype=pl.Datetime("us", "UTC"))}
    signal_of = buckets["signal"].to_numpy()
    mean = buckets["mean"].to_numpy()
    for name in names:
        values = np.full(rows, np.nan)
        mine = signal_of == name
        values[place[mine]] = mean[mine]
        columns[name] = pl.Series(values).fill_nan(None).forward_fill()
    return pl.DataFrame(columns).filter(pl.Series(_still_holds(heard, round(_SILENCE / STEP))))


def _frame(reader: Reader, names: Sequence[str], start: datetime, end: datetime, buckets: int) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(reader.downsample(names, start, end, buckets)))


def _still_holds(heard: np.ndarray, steps: int) -> np.ndarray:
    """True for steps at most `steps` after one in which something was heard; shape (n,), bool."""
    place = np.arange(heard.size)
    since = place - np.maximum.accumulate(np.where(heard, place, -(steps + 1)))
    held: np.ndarray = since <= steps
    return held


def _evidence(factory: Factory, grids: dict[str, pl.DataFrame], units: dict[str, str | None]) -> EvidenceBase:
    samples = [Sample(file=asset, frame=frame, rows=frame.height) for asset, frame in grids.items()]
    guessed = infer_factory(samples, factory).factory
    tables = []
    for table in guessed.tables:
        columns = tuple(_with_unit(column, units.get(column.name)) for column in table.columns)
        frame = grids[table.file]
        described = replace(table, columns=columns, time=TIME, asset=table.file, asset_column=None)
        time = frame[TIME].to_numpy().astype("datetime64[us]")
        tables.append(TableData(table=described, source=GridSource(frame=frame), time=time))
    described_factory = replace(guessed, tables=tuple(data.table for data in tables))
    return EvidenceBase(factory=described_factory, tables=tuple(tables))


def _with_unit(column: Column, unit: str | None) -> Column:
    return column if unit is None or column.unit is not None else replace(column, unit=unit)
