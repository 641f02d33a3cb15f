"""The same rules over what a collector keeps: findings from a live machine, without a file in between."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from jasang.analyze.roles import Sample, infer_factory
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.errors import UnreadableInput
from jasang.mentor.diagnose import Diagnosis, run_rules, summary
from jasang.plant.factory import Column, Factory
from jasang.plant.reading import Signal
from jasang.plant.text import Progress, Text, silent
from jasang.store import open_reader
from jasang.store.contract import Reader

TIME = "time"
# Fine enough to see a shot, coarse enough for a week on a small PC: the grid gets at most this many rows.
_MOST_ROWS = 20_000
_FINEST_STEP = timedelta(seconds=1)
# With less there is no usual behaviour to compare with.
FEWEST_ROWS = 300


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


def diagnose_readings(
    store: Path, *, factory: Factory, until: datetime | None = None, days: float = 30.0, progress: Progress = silent
) -> Diagnosis:
    """Diagnose the last `days` days of a collector's store, one table for each machine.

    A machine reports a value when it changes, so between two readings the last one holds; before the first there is none.

    Raises
    ------
    UnreadableInput
        No machine has kept `FEWEST_ROWS` grid times yet; says how much there is.
    """
    end = until or datetime.now(UTC)
    reader = open_reader(store)
    try:
        progress(Text(ko="수집한 값을 읽고 있습니다", en="Reading the collected values"), 0.0)
        signals = [signal for signal in reader.signals() if _is_number(reader, signal)]
        assets = sorted({signal.asset for signal in signals})
        grids = {asset: _grid(reader, [s for s in signals if s.asset == asset], end, days) for asset in assets}
    finally:
        reader.close()
    long_enough = {asset: frame for asset, frame in grids.items() if frame.height >= FEWEST_ROWS}
    if not long_enough:
        most = max((frame.height for frame in grids.values()), default=0)
        raise UnreadableInput(
            ko=f"{store}: 아직 모은 값이 적습니다({most}개 시각). {FEWEST_ROWS}개 시각이 쌓이면 진단합니다.",
            en=f"{store}: too little collected yet ({most} times). Expected at least {FEWEST_ROWS} times.",
        )
    units = {signal.name: signal.unit for signal in signals}
    evidence = _evidence(factory, long_enough, units)
    findings = run_rules(evidence, progress=lambda stage, share: progress(stage, 0.2 + 0.8 * share))
    return Diagnosis(
        factory=evidence.factory,
        tables=tuple(summary(table) for table in evidence.tables),
        notices=(),
        skipped=(),
        findings=findings,
    )


def _is_number(reader: Reader, signal: Signal) -> bool:
    """Whether the signal's last reading carries a number that is not a truth value."""
    last = reader.last([signal.name]).get(signal.name)
    return last is not None and isinstance(last.value, int | float) and not isinstance(last.value, bool)


def _grid(reader: Reader, signals: Sequence[Signal], end: datetime, days: float) -> pl.DataFrame:
    """One row a grid time, one column a signal (mean of the readings in the step, else the last one before)."""
    names = [signal.name for signal in signals]
    start = end - timedelta(days=days)
    # The span really covered decides the step, so that an hour of data is not read in steps of two minutes.
    coarse = pl.DataFrame(pl.from_arrow(reader.downsample(names, start, end, 2000)))
    if not coarse.height:
        return pl.DataFrame()
    first: datetime = coarse["bucket"].sort()[0]
    start = max(start, first)
    rows = max(1, min(_MOST_ROWS, int((end - start) / _FINEST_STEP)))
    readings = pl.DataFrame(pl.from_arrow(reader.downsample(names, start, end, rows)))
    step = (end - start) / rows
    times = pl.Series(TIME, [start + place * step for place in range(rows)], dtype=pl.Datetime("us", "UTC"))
    grid = pl.DataFrame({TIME: times})
    place = ((readings["bucket"] - start) / step).round().cast(pl.Int64).to_numpy()
    for name in names:
        values = np.full(rows, np.nan)
        mine = (readings["signal"] == name).to_numpy()
        values[np.clip(place[mine], 0, rows - 1)] = readings["mean"].to_numpy()[mine]
        grid = grid.with_columns(pl.Series(name, values).fill_nan(None).forward_fill())
    return grid


def _evidence(factory: Factory, grids: dict[str, pl.DataFrame], units: dict[str, str | None]) -> EvidenceBase:
    samples = [Sample(file=asset, frame=frame, rows=frame.height) for asset, frame in grids.items()]
    guessed = infer_factory(samples, factory).factory
    tables = []
    for table in guessed.tables:
        columns = tuple(_with_unit(column, units.get(column.name)) for column in table.columns)
        frame = grids[table.file]
        described = replace(table, columns=columns, time=TIME, asset=table.file, asset_column=None)
        tables.append(
            TableData(
                table=described,
                source=GridSource(frame=frame),
                time=frame[TIME].to_numpy().astype("datetime64[us]"),
            )
        )
    return EvidenceBase(factory=replace(guessed, tables=tuple(data.table for data in tables)), tables=tuple(tables))


def _with_unit(column: Column, unit: str | None) -> Column:
    return column if unit is None or column.unit is not None else replace(column, unit=unit)
