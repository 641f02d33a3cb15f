"""PostgreSQL's times that Python has none for (infinity, years before 1 and after 9999, 24:00) as the text they are.

Its driver refuses the whole answer for one of them: a single such row would keep every other row from being read.
"""

from typing import Any

from psycopg import DataError
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types import datetime as times


def _lenient(loader: type[Loader]) -> type[Loader]:
    """The loader, giving as text what it cannot make."""

    class Lenient(loader):  # type: ignore[misc, valid-type]  # a class made of the one that is handed over
        def load(self, data: Buffer) -> Any:
            try:
                return super().load(data)
            except DataError:
                return bytes(data).decode()

    return Lenient


_LOADERS = {
    "timestamp": _lenient(times.TimestampLoader),
    "timestamptz": _lenient(times.TimestamptzLoader),
    "date": _lenient(times.DateLoader),
    "time": _lenient(times.TimeLoader),
    "timetz": _lenient(times.TimetzLoader),
    "interval": _lenient(times.IntervalLoader),
}


def take_every_time(connection: Any, _record: Any = None) -> None:
    """Let a new connection of psycopg give such times as texts."""
    for name, loader in _LOADERS.items():
        connection.adapters.register_loader(name, loader)
