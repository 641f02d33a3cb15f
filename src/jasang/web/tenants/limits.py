"""How often somebody may do something: counted in the database, so that it holds over all processes and restarts.

A count is one statement of its own. The limits are in the settings (`LIMITS`), for example `"code": (10, 60)`: ten in 60 seconds.
"""

import hashlib
import time
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jasang.errors import JasangError
from jasang.web.tenants.identity_models import TryCount

_COUNT = (
    "INSERT INTO tenants_trycount (bucket, window_start, number, over_at) VALUES (%s, %s, 1, %s) "
    "ON CONFLICT (bucket, window_start) DO UPDATE SET number = tenants_trycount.number + 1 RETURNING number"
)


class TooOften(JasangError):
    """More than the limit; `wait` seconds until it counts from nought again."""

    def __init__(self, wait: int) -> None:
        super().__init__(
            ko=f"너무 자주 했습니다. {wait}초 뒤에 다시 하세요.", en=f"Too often. Please try again in {wait} seconds."
        )
        self.wait = wait


def count(what: str, who: object, *, most: int | None = None) -> None:
    """Count one more of this kind for this somebody; raises `TooOften` beyond the limit."""
    limit, seconds = settings.LIMITS[what]
    now = int(time.time())
    start = now // seconds * seconds
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [_bucket(what, who), start, start + seconds])
        number = cursor.fetchone()[0]
    if number > (limit if most is None else most):
        raise TooOften(start + seconds - now)


def _bucket(what: str, who: object) -> str:
    # Accounts, addresses and keys are nobody's business here: only their hash is kept, and not for long.
    return f"{what}:{hashlib.sha256(str(who).encode()).hexdigest()[:32]}"


def address_of(request: HttpRequest) -> str:
    """Where a request comes from."""
    return request.META.get("REMOTE_ADDR") or "unknown"


def forget_old() -> None:
    """Delete counts that are over (a chore of the worker)."""
    TryCount.objects.filter(over_at__lt=int(time.time())).delete()


class Brake:
    """Counts every upload, whatever form it comes by, and answers 429 where any limit is passed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and request.content_type == "multipart/form-data":
            try:
                count("upload", _sender(request))
            except TooOften as error:
                return self.process_exception(request, error)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page for too often; other faults are none of its business."""
        if not isinstance(error, TooOften):
            return None
        answer = render(request, "tenants/too_often.html", {"wait": error.wait}, status=HTTPStatus.TOO_MANY_REQUESTS)
        answer["Retry-After"] = str(error.wait)
        return answer


def _sender(request: HttpRequest) -> str:
    if request.user.is_authenticated:  # first: a signed-in browser can send any header it likes
        return f"user {request.user.pk}"
    if key := request.headers.get("Authorization"):
        return f"key {key}"
    return f"address {address_of(request)}"
