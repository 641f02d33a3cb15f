"""Rows of any table as lines of JSON and back, the same on SQLite and PostgreSQL. Secrets stay encrypted as they are."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.utils.duration import duration_string

from jasang.web.tenants import secret_texts

_BATCH = 500


def written(rows: models.QuerySet) -> Iterator[str]:
    """Each row as a line: column name to value, in the order of the key."""
    names = [field.attname for field in rows.model._meta.concrete_fields]
    with secret_texts.sealed():
        for values in rows.order_by("pk").values_list(*names).iterator(chunk_size=2000):
            yield json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False, default=_plain) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_string(value)
    if isinstance(value, (UUID, Decimal)):
        return str(value)
    if isinstance(value, (bytes, memoryview)):
        return base64.b64encode(bytes(value)).decode()
    raise TypeError(f"a value of {type(value).__name__} in a row")


def load(model: Any, lines: Iterable[str], change: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """Write the lines as rows of the table, exactly as they are (no times of now, no signals); how many."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    batch, number = [], 0
    with secret_texts.sealed():
        for line in lines:
            values = {name: value for name, value in change(json.loads(line)).items() if name in fields}
            batch.append(model(**{name: fields[name].to_python(value) for name, value in values.items()}))
            if len(batch) == _BATCH:
                number += _insert(model, batch)
                batch = []
        return number + _insert(model, batch)


def _insert(model: Any, batch: list[Any]) -> int:
    if batch:
        fields = model._meta.concrete_fields
        models.QuerySet(model)._insert(batch, fields=fields, using=connection.alias, raw=True)
    return len(batch)


def reset_counters(tables: Iterable[Any]) -> None:
    """After rows were written with their numbers: the next number is the one after the last."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(tables)):
            cursor.execute(statement)


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything read inside is of one moment, while others go on writing."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")  # readers of SQLite's log keep nobody from writing
            cursor.execute("SELECT count(*) FROM django_migrations")  # the moment is that of the first question
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
