"""Readings out of a store into one file that any program reads."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from jasang.errors import StoreError
from jasang.store.contract import READING_SCHEMA, Reader

PART = timedelta(days=7)  # of one signal in memory


def export(reader: Reader, signals: Sequence[str], start: datetime, end: datetime, target: Path) -> int:
    """Write the readings of a span as `READING_SCHEMA`, sorted by signal and time, to `.parquet` or `.csv`; how many.

    A target that is there is replaced once the new file is whole. `StoreError` when it cannot be written.
    """
    kind = target.suffix.lower()
    if kind not in (".parquet", ".csv"):
        raise ValueError(f"a file of readings ends in .parquet or .csv, got {target.name!r}")
    new = target.with_name(f".{target.name}.new")
    rows = 0
    try:
        with (
            pq.ParquetWriter(new, READING_SCHEMA, compression="zstd")
            if kind == ".parquet"
            else csv.CSVWriter(new, READING_SCHEMA) as writer
        ):
            for part in _parts(reader, signals, start, end):
                writer.write_table(part)
                rows += part.num_rows
        os.replace(new, target)
    except (OSError, pa.ArrowException) as error:
        new.unlink(missing_ok=True)
        raise StoreError(
            ko=f"{target} 에 내보내지 못했습니다: {error}", en=f"readings cannot be written to {target}: {error}"
        ) from error
    return rows


def _parts(reader: Reader, signals: Sequence[str], start: datetime, end: datetime) -> Iterator[pa.Table]:
    for signal in sorted(set(signals)):
        at = start
        while at < end:
            part = reader.range([signal], at, min(at + PART, end))
            if part.num_rows:
                yield part
            at += PART
