"""The table or query of one connection: opened read-only, checked against what is there, read piece by piece.

Everything here blocks; the protocol calls it in a thread. Statements are SELECTs that are rolled back at once.
"""

import contextlib
import operator
import sqlite3
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from jasang.connect.contract import Link
from jasang.connect.link_words import failed
from jasang.connect.protocols.sql import postgres, sql_server
from jasang.connect.protocols.sql.complaints import complaint, no_such
from jasang.connect.protocols.sql.options import SqlOptions

DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "mssql": "mssql+pymssql",
    "sqlite": "sqlite",
}
MOST_AT_ONE_MARK = 1_000_000
SAMPLE = 20  # rows by which the kind of a column is told
TABLE, COLUMN = ("테이블", "table"), ("열", "column")

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {"above": operator.gt, "from": operator.ge, "up to": operator.le}
_OF_SQL_SERVER = {"above": sql_server.above, "from": sql_server.from_on, "up to": sql_server.up_to}

Row = dict[str, Any]


def engine_of(link: Link) -> sa.Engine:
    """An engine that only reads; nothing is connected yet. `ValueError` when the url is none."""
    options: SqlOptions = link.options or SqlOptions()
    scheme, _, rest = link.url.partition("://")
    if scheme == "sqlite":
        path = sqlite_path(link)

        def opened() -> sqlite3.Connection:
            return sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro", uri=True, timeout=link.timeout, check_same_thread=False
            )

        return sa.create_engine("sqlite://", creator=opened, poolclass=NullPool)
    try:
        url = sa.make_url(f"{DRIVERS[scheme]}://{rest}").set(username=link.username, password=link.password)
    except (SQLAlchemyError, KeyError) as error:
        raise ValueError(f"{link.url!r} is no database") from error
    seconds = max(1, round(link.timeout))
    slow = max(1, round(options.query_timeout))
    arguments: dict[str, dict[str, Any]] = {
        "postgresql": {
            "connect_timeout": max(2, seconds),
            "application_name": "jasang",
            "options": "-c default_transaction_read_only=on -c datestyle=ISO "
            f"-c statement_timeout={round(options.query_timeout * 1000)}",
        },
        "mysql": {
            "connect_timeout": seconds,
            "read_timeout": seconds,
            "init_command": "SET SESSION TRANSACTION READ ONLY",
            "charset": "utf8mb4",
        },
        "mssql": {"login_timeout": seconds, "timeout": slow, "read_only": True, "appname": "jasang"},
    }
    engine = sa.create_engine(
        url, connect_args=arguments["mysql" if scheme == "mariadb" else scheme], poolclass=NullPool
    )
    if url.get_backend_name() == "mysql":
        sa.event.listen(engine, "connect", lambda connection, _record: _be_patient(connection, slow))
    elif url.get_backend_name() == "postgresql":
        sa.event.listen(engine, "connect", postgres.take_every_time)
    return engine


def _be_patient(connection: Any, seconds: int) -> None:
    """PyMySQL has one patience for both: a server's greeting must come soon, the rows of a query may take long."""
    connection._read_timeout = seconds


def sqlite_path(link: Link) -> Path:
    """The file of a sqlite url; relative to the folder of collect.toml."""
    return link.folder / link.url.removeprefix("sqlite:///")


class Source:
    """An open table or query. `by` is the column that rows are taken in the order of."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._options: SqlOptions = link.options or SqlOptions()
        self.by = self._options.mark or self._options.time or ""
        self.columns: tuple[str, ...] = ()
        self._engine = engine_of(link)
        self._connection: sa.Connection | None = None
        self._from: Any = None
        self._kinds: dict[str, str] = {}

    def open(self) -> None:
        """Connect and find table and columns; raises `ConnectionFailed`."""
        try:
            self._connection = self._engine.connect()
            self._from = self._table() if self._options.table else self._query()
        except (SQLAlchemyError, OSError) as error:
            raise complaint(self._link, error, opening=True) from error
        finally:
            self._end()
        options = self._options
        for name in (options.time, options.mark, options.asset_column, options.signal_column, options.value_column):
            if name is not None and name not in self.columns:
                raise no_such(self._link, COLUMN, name, self.columns)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()

    def _table(self) -> Any:
        schema, _, name = (self._options.table or "").rpartition(".")
        look = sa.inspect(self._engine)
        there = [*look.get_table_names(schema or None), *look.get_view_names(schema or None)]
        if name not in there:
            raise no_such(self._link, TABLE, name, there)
        with _any_type():
            self.columns = tuple(column["name"] for column in look.get_columns(name, schema or None))
        return sa.table(name, *(sa.column(column) for column in self.columns), schema=schema or None)

    def _query(self) -> Any:
        # A colon in the query is no parameter of ours.
        text = (self._options.query or "").strip().rstrip(";").replace("\\", "\\\\").replace(":", "\\:") + "\n"
        opened = self._opened()
        inner = sa.text(f"SELECT * FROM ({text}) q WHERE 1 = 0")
        self.columns = tuple(opened.execute(inner).keys())
        twice = sorted({name for name in self.columns if self.columns.count(name) > 1})
        if twice:
            raise failed(
                self._link,
                f"조회에 같은 이름의 열이 있습니다: {twice}. AS로 이름을 다르게 하세요",
                f"the query has columns of the same name: {twice}; rename them with AS",
                permanent=True,
            )
        return sa.text(text).columns(*(sa.column(name) for name in self.columns)).subquery("q")

    def _opened(self) -> sa.Connection:
        if self._connection is None:
            raise RuntimeError("the source is not open")
        return self._connection

    def _end(self) -> None:
        if self._connection is not None and self._connection.in_transaction():
            try:
                self._connection.rollback()
            except SQLAlchemyError as error:
                raise complaint(self._link, error) from error

    def _rows(self, statement: Any) -> list[Row]:
        try:
            return [dict(row) for row in self._opened().execute(statement).mappings()]
        except (SQLAlchemyError, OSError) as error:
            raise complaint(self._link, error) from error
        finally:
            self._end()

    def _is(self, how: str, name: str, value: Any) -> Any:
        """A condition on a column: "above", "from" (at or above) or "up to" a value that was read from it."""
        column = self._from.c[name]
        if self._engine.dialect.name == "mssql" and isinstance(value, datetime):
            return _OF_SQL_SERVER[how](column, value, self._kind(name))
        return _COMPARE[how](column, value)

    def _kind(self, name: str) -> str:
        """The type of a column of times at SQL Server."""
        if name not in self._kinds:
            found = self._rows(sql_server.base_type(self._from.c[name], self._from))
            if not found:
                return "datetime2"
            self._kinds[name] = str(next(iter(found[0].values())))
        return self._kinds[name]

    def _select(self) -> Any:
        return sa.select(*(self._from.c[name] for name in self.columns))

    def newest(self, count: int) -> list[Row]:
        """The last rows by the mark column, oldest first."""
        by = self._from.c[self.by]
        return self._rows(self._select().where(by.is_not(None)).order_by(by.desc()).limit(count))[::-1]

    def some_rows(self) -> list[Row]:
        """A few rows with a mark, whichever: one of them may hold what no other does."""
        return self._rows(self._select().where(self._from.c[self.by].is_not(None)).limit(SAMPLE))

    def after(self, high: Any, *, start: Any = None, until: Any = None) -> tuple[list[Row], bool]:
        """At most `max_rows` rows above the mark in its order, never only a part of those with one mark; whether there are more.

        `start` is the least value of the time column, `until` the greatest of the mark column.
        """
        by, most = self._from.c[self.by], self._options.max_rows
        statement = self._select().where(by.is_not(None)).order_by(by).limit(most)
        if high is not None:
            statement = statement.where(self._is("above", self.by, high))
        if start is not None:
            statement = statement.where(self._is("from", self._options.time or self.by, start))
        if until is not None:
            statement = statement.where(self._is("up to", self.by, until))
        rows = self._rows(statement)
        if len(rows) < most:
            return rows, False
        last = rows[-1][self.by]
        whole = [row for row in rows if row[self.by] != last]
        if whole:
            return whole, True
        same = sa.and_(self._is("from", self.by, last), self._is("up to", self.by, last))
        return self._rows(self._select().where(same).limit(MOST_AT_ONE_MARK)), True

    def between(self, low: Any, high: Any, *, low_belongs: bool = False) -> list[Row]:
        """Rows with a mark above `low` (or at it) up to `high`, in its order."""
        by = self._from.c[self.by]
        lowest = self._is("from" if low_belongs else "above", self.by, low)
        statement = self._select().where(lowest, self._is("up to", self.by, high)).order_by(by.desc())
        return self._rows(statement.limit(20 * self._options.max_rows))[::-1]

    def tables(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Every table and view with its columns and their types."""
        try:
            look = sa.inspect(self._engine)
            names = sorted([*look.get_table_names(), *look.get_view_names()])
            with _any_type():
                return [(name, [(str(c["name"]), _type(c["type"])) for c in look.get_columns(name)]) for name in names]
        except (SQLAlchemyError, OSError) as error:
            raise complaint(self._link, error) from error

    def last_row(self, table: str, columns: Sequence[str]) -> Row:
        """Some row of a table, to show what its columns hold; empty when it has none or may not be read."""
        try:
            with self._engine.connect() as connection:
                chosen = sa.table(table, *(sa.column(name) for name in columns))
                found = connection.execute(sa.select(*chosen.c).limit(1)).mappings().first()
                return dict(found) if found is not None else {}
        except SQLAlchemyError:
            return {}


@contextlib.contextmanager
def _any_type() -> Iterator[None]:
    """SQLAlchemy warns of types that it does not know; their values come as the driver gives them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        yield


def _type(found: Any) -> str:
    return "?" if isinstance(found, sa.types.NullType) else str(found)


def start_of(options: SqlOptions, zone: Any) -> datetime | None:
    """The moment the first poll begins at; `None` for the first row there is."""
    if options.start is None:
        return None
    start = options.start
    moment = start if isinstance(start, datetime) else datetime(start.year, start.month, start.day)
    return (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)
