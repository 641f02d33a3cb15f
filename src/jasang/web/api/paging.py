"""Lists in pages: newest first, continued by a cursor, so that rows added meanwhile shift nothing."""

import base64
import binascii
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet
from ninja import Field, Schema

from jasang.errors import JasangError

T = TypeVar("T")
MOST = 200
_LARGEST = 2**63 - 1


class Paging(Schema):
    """What every list may be asked."""

    limit: int = Field(50, ge=1, le=MOST)
    cursor: str = Field("", max_length=40, description="`next` of the page before")


class Page(Schema, Generic[T]):
    """One page; `next` is the cursor of the following one, null at the end."""

    items: list[T]
    next: str | None


def page(rows: QuerySet[Any], asked: Paging, shown: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """The asked page of the rows, newest first."""
    if asked.cursor:
        rows = rows.filter(pk__lt=place_of(asked.cursor))
    found = list(rows.order_by("-pk")[: asked.limit + 1])
    more = len(found) > asked.limit
    found = found[: asked.limit]
    return {"items": [shown(one) for one in found], "next": cursor_of(found[-1].pk) if more else None}


def cursor_of(place: int) -> str:
    """The cursor that goes on after the row of this number."""
    return base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def place_of(cursor: str) -> int:
    """The number of the row that a cursor goes on after."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        place = int(text) if text.isdecimal() else -1
    except (binascii.Error, ValueError):
        place = -1
    if not 0 <= place <= _LARGEST:
        raise JasangError(
            ko="cursor가 맞지 않습니다. 앞 쪽의 next 값을 그대로 보내세요.",
            en="This is no cursor. Send the value of `next` of the page before as it is.",
        )
    return place
