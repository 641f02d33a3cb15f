"""Evidence made by hand: a polars frame with roles as a `TableData`, for tests of rules."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.plant.factory import Column, Factory, Kind, Role, Table


class FrameSource:
    """A `ColumnSource` over a frame in memory."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    @property
    def rows(self) -> int:
        return self.frame.height

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        return self.frame.select(list(columns))


def table_data(
    frame: pl.DataFrame, roles: Mapping[str, Role], *, kind: Kind = Kind.UNITS, file: str = "units.csv", **table: Any
) -> TableData:
    """A table of `frame`; columns without a role are sensors. `table` goes to `Table` (time="time", asset_column=…)."""
    columns = tuple(Column(name=name, role=roles.get(name, Role.SENSOR)) for name in frame.columns)
    moments = table.get("time") or table.get("start")
    time = frame[moments].cast(pl.Datetime("us")).to_numpy().astype("datetime64[us]") if moments else None
    return TableData(table=Table(file=file, kind=kind, columns=columns, **table), source=FrameSource(frame), time=time)


def evidence(*tables: TableData, **factory: Any) -> EvidenceBase:
    """An evidence base of these tables."""
    described = tuple(data.table for data in tables)
    return EvidenceBase(factory=Factory(name="시험정밀", tables=described, **factory), tables=tables)


def minutes(rows: int, *, start: str = "2026-03-02T08:00", step: float = 1.0) -> np.ndarray:
    """`rows` times, `step` minutes apart, as datetime64[us]."""
    return np.datetime64(start, "us") + (np.arange(rows) * step * 60e6).astype("timedelta64[us]")
