"""Rows as plain data: `{"field": value}`, other rows named by their identity, never by a number of this database."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Field, ForeignKey, QuerySet

from jasang.web.api.kinds import Kind, Place, identity_lookups
from jasang.web.jobs.models import Job

# Of an embedded job: what it was and what became of it, not which worker has it now.
JOB_FIELDS = (
    "kind", "payload", "state", "stage_ko", "stage_en", "share", "error_ko", "error_en", "cancel_asked", "attempts",
    "created_at", "started_at", "finished_at",
)  # fmt: skip
CHUNK = 2000


def lookups(column: Field, *, embedded: bool) -> tuple[str, ...]:
    """What has to be asked of the database for one field."""
    if embedded:
        return tuple(f"{column.name}__{name}" for name in ("id", *JOB_FIELDS))
    if isinstance(column, ForeignKey):
        return tuple(f"{column.name}__{lookup}" for lookup in identity_lookups(column.related_model))
    return (column.name,)


def shown(kind: Kind, rows: QuerySet[Any], place: Place | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a queryset in its order, with their number as `pk`; one query for any number of them."""
    columns = kind.columns(place)
    asked = [(column, lookups(column, embedded=column.name in kind.embedded)) for column in columns]
    wanted = ["pk", *dict.fromkeys(lookup for _, found in asked for lookup in found)]
    for row in rows.values(*wanted).iterator(chunk_size=CHUNK):
        yield {"pk": row["pk"]} | {
            column.name: _value(column, found, row, embedded=column.name in kind.embedded) for column, found in asked
        }


def _value(column: Field, found: Sequence[str], row: dict[str, Any], *, embedded: bool) -> Any:
    if embedded:
        if row[found[0]] is None:
            return None
        return {name: row[lookup] for name, lookup in zip(JOB_FIELDS, found[1:], strict=True)}
    if not isinstance(column, ForeignKey):
        return row[found[0]]
    values = [row[lookup] for lookup in found]
    if all(value is None for value in values):
        return None
    return values[0] if len(values) == 1 else values


def plain(value: Any) -> Any:
    """A value as JSON has it: moments in ISO 8601, keys and amounts as text."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | Decimal) else value


def is_job(column: Field) -> bool:
    """Whether a field names background work."""
    return isinstance(column, ForeignKey) and column.related_model is Job
