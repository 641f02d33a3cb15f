"""Making, using, rotating and ending keys of a factory or an organisation: shown once, one transaction for each change."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from jasang.errors import JasangError
from jasang.web.api.models import ApiKey
from jasang.web.tenants.models import FACTORY_ROLES, Factory, Organisation, Post, factory_key
from jasang.web.tenants.queries import role_in, roles_at
from jasang.web.tenants.services import note_event

OVERLAP_DAYS = 7  # how long the older key still works after a rotation
MOST_KEYS = 100
_MARK = "jsk"
_USE_TOLD_EVERY = timedelta(minutes=1)


class KeyRefused(JasangError):
    """The key cannot be made so."""


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def scopes_for(place: Factory | Organisation) -> list[str]:
    """What keys of this place may be allowed to do."""
    return settings.API_SCOPES if isinstance(place, Factory) else settings.API_ORGANISATION_SCOPES


def _place(place: Factory | Organisation) -> dict[str, Any]:
    return {"factory": place} if isinstance(place, Factory) else {"organisation": place}


@transaction.atomic
def make_key(
    *,
    name: str,
    scopes: Sequence[str],
    by: AbstractBaseUser | None,
    factory: Factory | None = None,
    organisation: Organisation | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A key of the factory or of the organisation, and its text, which is known here only."""
    place = factory if factory is not None else organisation
    if place is None or (factory is not None and organisation is not None):
        raise TypeError("make_key: expected either factory or organisation")
    if not scopes or set(scopes) - set(scopes_for(place)):
        raise KeyRefused(ko="허용할 일을 하나 이상 고르세요.", en="Choose at least one thing that the key may do.")
    if keys(place).count() >= MOST_KEYS:
        raise KeyRefused(
            ko="키가 너무 많습니다. 먼저 안 쓰는 키를 끝내세요.", en="Too many keys. Please end unused ones first."
        )
    prefix, secret = factory_key(), secrets.token_urlsafe(32)
    made = ApiKey.objects.of_every_factory().create(
        **_place(place),
        name=name,
        prefix=prefix,
        secret=_hashed(secret),
        scopes=sorted(set(scopes)),
        made_by=by,
        expires_at=expires_at,
    )
    note_event(user=by, action="key", subject=f"{name} ({prefix})", **_place(place))
    return made, f"{_MARK}_{prefix}_{secret}"


@transaction.atomic
def rotate(*, key: ApiKey, by: AbstractBaseUser | None) -> tuple[ApiKey, str]:
    """A new key that may do the same; the older one works for some days more."""
    end = timezone.now() + timedelta(days=OVERLAP_DAYS)
    made = make_key(**_place(key.place), name=key.name, scopes=key.scopes, by=by, expires_at=None)
    if key.expires_at is None or key.expires_at > end:
        _row(key).update(expires_at=end)
    return made


@transaction.atomic
def end_key(*, key: ApiKey, by: AbstractBaseUser | None) -> None:
    """The key no longer works from now on."""
    _row(key).update(expires_at=timezone.now())
    note_event(user=by, action="key-end", subject=str(key), **_place(key.place))


@transaction.atomic
def end_keys_of(
    *, user: AbstractBaseUser, by: AbstractBaseUser | None, organisation: Organisation | None = None
) -> int:
    """End every working key that the person made (in this organisation, when one is given); how many."""
    made = ApiKey.objects.of_every_factory().filter(_working(), made_by=user).select_related("factory", "organisation")
    if organisation is not None:
        made = made.filter(organisation=organisation)
    ended = list(made)
    for key in ended:
        end_key(key=key, by=by)
    return len(ended)


def _row(key: ApiKey) -> QuerySet[ApiKey]:
    return ApiKey.objects.of_every_factory().filter(pk=key.pk)


def _working() -> Q:
    return Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())


def keys(place: Factory | Organisation) -> QuerySet[ApiKey]:
    """The keys of the place that work, newest first."""
    rows = ApiKey.objects.of(place) if isinstance(place, Factory) else ApiKey.objects.of_organisation(place)
    return rows.filter(_working()).select_related("made_by", "factory", "organisation").order_by("-made_at", "-pk")


def maker_stands(key: ApiKey) -> bool:
    """Whether who made the key is still of its place: a key never outlives its maker there, and may do no more than he or she."""
    maker = key.made_by
    if maker is None:  # the portal's own, made by no person
        return True
    if not maker.is_active:
        return False
    if key.factory is not None:
        return role_in(maker, key.factory) in FACTORY_ROLES
    return bool(roles_at(maker, key.organisation))


def without_maker(place: Factory | Organisation, found: Iterable[ApiKey]) -> set[int]:
    """The numbers of those keys of the place that do nothing, since who made them is no longer there; two queries at most."""
    makers = {key.pk: key.made_by for key in found if key.made_by is not None}
    if isinstance(place, Factory):
        valid = Q(until__isnull=True) | Q(until__gt=timezone.now())
        there = place.memberships.filter(valid, role__in=FACTORY_ROLES).values_list("user", flat=True)
    else:
        above = [int(number) for number in place.path.strip("/").split("/")]
        there = Post.objects.filter(organisation__in=above).values_list("user", flat=True)
    known = set(there.filter(user__in={maker.pk for maker in makers.values()}))
    return {number for number, maker in makers.items() if not maker.is_active or maker.pk not in known}


def key_of(text: str) -> ApiKey | None:
    """The working key of that text; its use is written down, at most once a minute."""
    mark, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != _MARK or not prefix.isalnum() or not prefix.isascii() or len(prefix) > 16:
        return None
    every = ApiKey.objects.of_every_factory().select_related("factory", "organisation", "made_by")
    found = every.filter(prefix=prefix).first()
    if found is None or not secrets.compare_digest(found.secret, _hashed(secret)):
        return None
    now = timezone.now()
    over = found.expires_at is not None and found.expires_at <= now
    closed = found.factory is not None and found.factory.closed_at is not None
    if over or closed or not maker_stands(found):
        return None
    if found.last_used_at is None or now - found.last_used_at > _USE_TOLD_EVERY:
        _row(found).update(last_used_at=now)
    return found
