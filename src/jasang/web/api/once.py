"""The same call twice does its work once: an answer is kept for a day under the caller's `Idempotency-Key`.

The row is written in the transaction of the work: of two calls at once the second waits, and a call that failed or was killed
leaves nothing, so that it can be made again. It is kept encrypted: an answer may hold what is shown only once (the link of an
invitation, the word that signs a webhook's calls).
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Status

from jasang.errors import JasangError
from jasang.web.api.entering import caller
from jasang.web.api.models import KeptAnswer
from jasang.web.tenants.secret_texts import SecretLost, Unreadable

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)
LONGEST = 80
_CHANGING = ("POST", "PUT", "PATCH", "DELETE")


class KeyUsedOtherwise(JasangError):
    """The key came with another request before."""


def once(view: Callable[..., Any]) -> Callable[..., Any]:
    """An operation that answers a repeated key with the answer it gave before."""

    @wraps(view)
    def guarded(request: HttpRequest, **values: Any) -> Any:
        key = request.headers.get(HEADER)
        if key is None or request.method not in _CHANGING:
            return view(request, **values)
        if not 0 < len(key) <= LONGEST or not key.isprintable():
            raise JasangError(
                ko=f"{HEADER}: 1자부터 {LONGEST}자까지의 글이어야 합니다.",
                en=f"{HEADER}: expected 1 to {LONGEST} printable characters.",
            )
        who, asked = str(caller(request)), _asked(request)
        known = _known(who, key)
        return _again(known, asked) if known is not None else _first(view, request, values, who, key, asked)

    return guarded


def _first(
    view: Callable[..., Any], request: HttpRequest, values: dict[str, Any], who: str, key: str, asked: str
) -> Any:
    try:
        with transaction.atomic():
            KeptAnswer.objects.filter(caller=who, key=key, at__lt=timezone.now() - KEPT).delete()
            with transaction.atomic():
                kept = KeptAnswer.objects.create(caller=who, key=key, asked=asked)
            result = view(request, **values)
            if isinstance(result, HttpResponse):  # a file: nothing that is kept
                kept.delete()
                return result
            status, body = (result.status_code, result.value) if isinstance(result, Status) else (200, result)
            kept.status, kept.answer = status, json.dumps(body, cls=DjangoJSONEncoder)
            kept.save(update_fields=["status", "answer"])
            return result
    except IntegrityError:
        known = _known(who, key)  # the other one of two at once has finished
        if known is None:
            raise
        return _again(known, asked)


def _known(who: str, key: str) -> KeptAnswer | None:
    return KeptAnswer.objects.filter(caller=who, key=key, at__gte=timezone.now() - KEPT).first()


def _again(kept: KeptAnswer, asked: str) -> Any:
    if kept.asked != asked:
        raise KeyUsedOtherwise(
            ko=f"이 {HEADER}는 다른 요청에 이미 썼습니다. 새 키를 쓰세요.",
            en=f"This {HEADER} was used for another request. Use a new key.",
        )
    return Status(kept.status, _body(kept))


def _body(kept: KeptAnswer) -> Any:
    if isinstance(kept.answer, Unreadable):
        raise SecretLost(f"kept answer {kept.pk}: no key of JASANG_SECRETS_KEY opens it")
    return json.loads(kept.answer)


def _asked(request: HttpRequest) -> str:
    told = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type == "multipart/form-data":
        told.update(json.dumps(dict(request.POST.lists()), sort_keys=True).encode())
        for name, files in sorted(request.FILES.lists()):
            for file in files:
                told.update(f"{name} {file.name} {file.size}\n".encode())
                for chunk in file.chunks():
                    told.update(chunk)
                file.seek(0)
    else:
        told.update(request.body)
    return told.hexdigest()


def forget_old() -> int:
    """The chore: answers older than a day are forgotten; how many."""
    return KeptAnswer.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]
