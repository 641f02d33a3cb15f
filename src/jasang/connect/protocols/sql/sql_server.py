"""What is its own way at SQL Server: how finely a column keeps time, and what its driver makes of times and of errors.

The driver writes a time with three digits, whatever the column holds, and reads the seventh of a `datetime2` as nothing; a
`datetime` in turn refuses six digits. So a time is compared as text that is cast to the column's own type, and what is equal to
a value that was read is all within the step up to the next that could have been read.
"""

import re
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql

# The types of a time, how exactly the driver reads them and how many digits their text may have.
_STEPS = {
    "datetime": timedelta(milliseconds=1),
    "smalldatetime": timedelta(seconds=1),
    "datetime2": timedelta(microseconds=1),
    "datetimeoffset": timedelta(microseconds=1),
}
_TYPES = {
    "datetime": mssql.DATETIME(),
    "smalldatetime": mssql.SMALLDATETIME(),
    "datetime2": mssql.DATETIME2(),  # type: ignore[no-untyped-call]
    "datetimeoffset": mssql.DATETIMEOFFSET(),  # type: ignore[no-untyped-call]
}
_DB_LIB = re.compile(r"DB-Lib error message \d+, severity \d+:\s*")


def base_type(column: Any, source: Any) -> Any:
    """A query for the name of the type that a column's first value has: one text, or no row."""
    told = sa.func.sql_variant_property(column, sa.literal_column("'BaseType'"))
    return sa.select(sa.cast(told, sa.String(30))).select_from(source).where(column.is_not(None)).limit(1)


def above(column: Any, value: datetime, kind: str) -> Any:
    """Later than what was read as `value` in a column of type `kind`."""
    return column >= _bound(value + _step(kind), kind)


def from_on(column: Any, value: datetime, kind: str) -> Any:
    """At or later than what was read as `value`."""
    return column >= _bound(value, kind)


def up_to(column: Any, value: datetime, kind: str) -> Any:
    """Not later than what was read as `value`."""
    return column < _bound(value + _step(kind), kind)


def _step(kind: str) -> timedelta:
    return _STEPS.get(kind, _STEPS["datetime2"])


def _bound(value: datetime, kind: str) -> Any:
    """The text of ISO 8601 with a T is understood whatever the language of the login."""
    digits = "milliseconds" if kind == "datetime" else "seconds" if kind == "smalldatetime" else "microseconds"
    kept = value if kind == "datetimeoffset" else value.replace(tzinfo=None)
    return sa.cast(sa.literal(kept.isoformat(timespec=digits), sa.String), _TYPES.get(kind, _TYPES["datetime2"]))


def plain_error(error: BaseException) -> str | None:
    """What the driver says without its own frame, `18456: Login failed for user 'x'.`; `None` for any other error."""
    told = error.args
    while len(told) == 1 and isinstance(told[0], tuple):
        told = told[0]
    if len(told) != 2 or not isinstance(told[0], int) or not isinstance(told[1], bytes):
        return None
    lines = _DB_LIB.sub("\n", told[1].decode("utf-8", "replace")).splitlines()
    lines = [line.strip() for line in lines if line.strip() and not line.startswith("General SQL Server error")]
    return f"{told[0]}: {' '.join(dict.fromkeys(lines))}"
