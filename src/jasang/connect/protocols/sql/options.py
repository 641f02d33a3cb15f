"""The fields of a database connection in collect.toml."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from jasang.connect.contract import Options

Column = Annotated[str, Field(min_length=1, max_length=200)]


class SqlOptions(Options):
    """What to read and how to know what is new. Times in s.

    Rows come from `table` ("schema.table" too) or `query`. `time` is the column with the row's own time; `timezone` that of times
    without one. `mark` is a column that only grows (an identity, a change time): without it `time` is the mark. `overlap` is how
    late a row may be committed. Long rows name their signal in `signal_column` and its value in `value_column`.
    """

    table: Column | None = None
    query: Annotated[str, Field(min_length=6, max_length=20_000)] | None = None
    time: Column | None = None
    timezone: str = "Asia/Seoul"
    mark: Column | None = None
    asset_column: Column | None = None
    signal_column: Column | None = None
    value_column: Column | None = None
    poll_interval: Annotated[float, Field(strict=False, ge=0.05, le=86_400.0)] = 5.0
    overlap: Annotated[float, Field(strict=False, ge=0.0, le=86_400.0)] = 60.0
    max_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    query_timeout: Annotated[float, Field(strict=False, ge=0.5, le=3600.0)] = 30.0
    start: datetime | date | None = None
