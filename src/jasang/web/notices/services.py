"""Telling news, choosing how they come, and keeping the addresses of other programs. One transaction each."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from jasang.errors import JasangError
from jasang.plant.text import Text
from jasang.web.notices.models import Choice, Delivery, Letters, Notice, Outcome, Webhook
from jasang.web.notices.posting import checked_address, new_secret
from jasang.web.tenants.models import FACTORY_ROLES, Factory, Membership

MORNING = time(7, 0)  # of the digest, on the factory's clock
MOST_WEBHOOKS = 20
LONGEST_TITLE = 300


@transaction.atomic
def tell(
    *,
    factory: Factory | None,
    kind: str,
    about: str,
    title: Text,
    url: str,
    users: Iterable[AbstractBaseUser] | None = None,
    document: dict[str, Any] | None = None,
    written: Collection[int] = (),
) -> None:
    """Tell people of the factory (or `users`), and the programs that asked for this kind; the same `about` only once.

    Called inside the transaction of what is told about: both happen, or neither. `written`: numbers of those who get a letter
    about it in another way; they see the news in the page only. Without a factory no program is called.
    """
    if kind not in settings.NOTICE_KINDS:
        raise ValueError(f"unknown kind of news {kind!r}; known are {settings.NOTICE_KINDS}")
    if users is None:
        if factory is None:
            raise ValueError("news without a factory must name whom they are for")
        own = Membership.objects.filter(factory=factory, role__in=FACTORY_ROLES).select_related("user")
        users = [membership.user for membership in own]
    people = list(users)
    chosen = letters_of(people, kind) if people else {}
    Notice.objects.bulk_create(
        (
            Notice(
                user=user,
                factory=factory,
                kind=kind,
                key=about,
                title_ko=title.ko[:LONGEST_TITLE],
                title_en=title.en[:LONGEST_TITLE],
                url=url,
                mail_due_at=None if user.pk in written else _due(user, chosen[user.pk], factory),
            )
            for user in people
        ),
        ignore_conflicts=True,
    )
    if factory is None:
        return
    _call(factory, kind, about, _body(factory, kind, about, title, url, document))


@transaction.atomic
def call_programs(
    *, factory: Factory, kind: str, about: str, title: Text, url: str, document: dict[str, Any] | None = None
) -> None:
    """Tell only the programs that asked for this kind; the same `about` only once. Within the caller's transaction."""
    if kind not in webhook_kinds():
        raise ValueError(f"unknown kind of call {kind!r}; known are {webhook_kinds()}")
    _call(factory, kind, about, _body(factory, kind, about, title, url, document))


def webhook_kinds() -> list[str]:
    """What programs can be told of."""
    return [*settings.NOTICE_KINDS, *settings.CALL_KINDS]


def _body(
    factory: Factory, kind: str, about: str, title: Text, url: str, document: dict[str, Any] | None
) -> dict[str, Any]:
    body = {"kind": kind, "about": about, "factory": factory.key, "title": {"ko": title.ko, "en": title.en}, "url": url}
    return body | ({"document": document} if document is not None else {})


def letters_of(users: Iterable[AbstractBaseUser], kind: str) -> dict[int, str]:
    """How news of this kind come to these people."""
    people = [user.pk for user in users]
    kept = dict(Choice.objects.filter(kind=kind, user__in=people).values_list("user", "letters"))
    return {person: kept.get(person, usual(kind)) for person in people}


def usual(kind: str) -> str:
    """How news of a kind come to whoever has not chosen."""
    return Letters.AT_ONCE if kind in settings.NOTICES_AT_ONCE else Letters.DIGEST


def _due(user: Any, letters: str, factory: Factory | None) -> datetime | None:
    if letters == Letters.NEVER or not user.email or settings.SMTP is None:
        return None
    now = timezone.now()
    if letters == Letters.AT_ONCE:
        return now
    local = now.astimezone(ZoneInfo(factory.timezone if factory is not None else settings.TIME_ZONE))
    morning = local.replace(hour=MORNING.hour, minute=MORNING.minute, second=0, microsecond=0)
    return morning if morning > local else morning + timedelta(days=1)


def _call(factory: Factory, kind: str, about: str, body: dict[str, Any]) -> None:
    now = timezone.now()
    hooks = [hook for hook in Webhook.objects.of(factory) if kind in hook.kinds]
    Delivery.objects.of(factory).bulk_create(
        [
            Delivery(factory=factory, webhook=hook, about=about, body=body | {"at": now.isoformat()}, due_at=now)
            for hook in hooks
        ],
        ignore_conflicts=True,
    )


def news(user: AbstractBaseUser) -> QuerySet[Notice]:
    """The person's news, newest first."""
    return Notice.objects.filter(user=user).select_related("factory").order_by("-at", "-pk")


@transaction.atomic
def see_all(*, user: AbstractBaseUser) -> None:
    """The person has looked at the list."""
    Notice.objects.filter(user=user, seen_at__isnull=True).update(seen_at=timezone.now())


def choices(user: AbstractBaseUser) -> dict[str, str]:
    """How each kind comes to this person."""
    kept = dict(Choice.objects.filter(user=user).values_list("kind", "letters"))
    return {kind: kept.get(kind, usual(kind)) for kind in settings.NOTICE_KINDS}


@transaction.atomic
def choose(*, user: AbstractBaseUser, kind: str, letters: Letters) -> None:
    """How news of this kind come from now on."""
    Choice.objects.update_or_create(user=user, kind=kind, defaults={"letters": letters})


@transaction.atomic
def add_webhook(*, factory: Factory, url: str, kinds: Sequence[str], by: AbstractBaseUser | None) -> Webhook:
    """Call this address about these kinds of news from now on."""
    if not kinds or set(kinds) - set(webhook_kinds()):
        known = ", ".join(webhook_kinds())
        raise JasangError(ko=f"알림 종류를 고르세요: {known}", en=f"Choose kinds of news: {known}")
    if Webhook.objects.of(factory).count() >= MOST_WEBHOOKS:
        raise JasangError(ko="웹훅이 너무 많습니다.", en="There are too many webhooks.")
    checked_address(url)
    return Webhook.objects.of(factory).create(
        factory=factory, url=url, secret=new_secret(), kinds=sorted(set(kinds)), made_by=by
    )


@transaction.atomic
def remove_webhook(*, webhook: Webhook) -> None:
    """The address is no longer called."""
    webhook.delete()


@transaction.atomic
def try_again(*, delivery: Delivery) -> None:
    """A dead call is tried from the beginning."""
    Delivery.objects.of(delivery.factory).filter(pk=delivery.pk, outcome=Outcome.DEAD).update(
        outcome=Outcome.WAITING, attempts=0, due_at=timezone.now(), error=""
    )
