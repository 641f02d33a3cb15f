"""Making, using, rotating and ending keys. A key is shown once; each change is one transaction."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from jasang.errors import JasangError
from jasang.web.api.models import ApiKey
from jasang.web.tenants.models import Factory, factory_key
from jasang.web.tenants.services import note_event

OVERLAP_DAYS = 7  # how long the older key still works after a rotation
MOST_KEYS = 100
_MARK = "jsk"
_USE_TOLD_EVERY = timedelta(minutes=1)


class KeyRefused(JasangError):
    """The key cannot be made so."""


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def make_key(
    *,
    factory: Factory,
    name: str,
    scopes: Sequence[str],
    by: AbstractBaseUser | None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A key and its text, which is known here only."""
    if not scopes or set(scopes) - set(settings.API_SCOPES):
        raise KeyRefused(ko="허용할 일을 하나 이상 고르세요.", en="Choose at least one thing that the key may do.")
    if keys(factory).count() >= MOST_KEYS:
        raise KeyRefused(
            ko="키가 너무 많습니다. 먼저 안 쓰는 키를 끝내세요.", en="Too many keys. Please end unused ones first."
        )
    prefix, secret = factory_key(), secrets.token_urlsafe(32)
    made = ApiKey.objects.of(factory).create(
        factory=factory,
        name=name,
        prefix=prefix,
        secret=_hashed(secret),
        scopes=sorted(set(scopes)),
        made_by=by,
        expires_at=expires_at,
    )
    note_event(user=by, action="key", subject=f"{name} ({prefix})", factory=factory)
    return made, f"{_MARK}_{prefix}_{secret}"


@transaction.atomic
def rotate(*, key: ApiKey, by: AbstractBaseUser | None) -> tuple[ApiKey, str]:
    """A new key that may do the same; the older one works for some days more."""
    end = timezone.now() + timedelta(days=OVERLAP_DAYS)
    made = make_key(factory=key.factory, name=key.name, scopes=key.scopes, by=by, expires_at=None)
    if key.expires_at is None or key.expires_at > end:
        ApiKey.objects.of(key.factory).filter(pk=key.pk).update(expires_at=end)
    return made


@transaction.atomic
def end_key(*, key: ApiKey, by: AbstractBaseUser | None) -> None:
    """The key no longer works from now on."""
    ApiKey.objects.of(key.factory).filter(pk=key.pk).update(expires_at=timezone.now())
    note_event(user=by, action="key-end", subject=str(key), factory=key.factory)


def keys(factory: Factory) -> QuerySet[ApiKey]:
    """The keys that work, newest first."""
    working = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
    return ApiKey.objects.of(factory).filter(working).select_related("made_by", "factory").order_by("-made_at", "-pk")


def key_of(text: str) -> ApiKey | None:
    """The working key of that text; its use is written down, at most once a minute."""
    mark, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != _MARK or not prefix.isalnum() or not prefix.isascii() or len(prefix) > 16:
        return None
    found = ApiKey.objects.of_every_factory().select_related("factory", "made_by").filter(prefix=prefix).first()
    if found is None or not secrets.compare_digest(found.secret, _hashed(secret)):
        return None
    now = timezone.now()
    if (found.expires_at is not None and found.expires_at <= now) or found.factory.closed_at is not None:
        return None
    if found.last_used_at is None or now - found.last_used_at > _USE_TOLD_EVERY:
        ApiKey.objects.of(found.factory).filter(pk=found.pk).update(last_used_at=now)
    return found
