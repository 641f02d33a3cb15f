"""What the workers send: letters and calls that are due. A row is taken before it is sent; one whose worker died comes again.

A letter or call repeats only when its worker dies between the other side's word and ours; it then bears the same Message-ID or
webhook-id as before.
"""

import json
import logging
import smtplib
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from jasang.web.notices.models import Delivery, Notice, Outcome
from jasang.web.notices.posting import NotCalled, post
from jasang.web.tenants.secret_texts import Unreadable

log = logging.getLogger(__name__)
# Seconds until the next try after each failure; two days in all.
WAITS = (10, 60, 300, 1800, 7200, 21600, 43200, 86400)
MOST_AT_ONCE = 50
_MOST_LETTER_TRIES = len(WAITS)


def send_due() -> None:
    """The chore: everything that is due now, a bounded number of each."""
    call_due()
    write_due()


def call_due() -> None:
    """Make the calls that are due."""
    now = timezone.now()
    due = Delivery.objects.of_every_factory().filter(outcome=Outcome.WAITING, due_at__lte=now).select_related("webhook")
    for delivery in due.order_by("due_at", "pk")[:MOST_AT_ONCE]:
        if _taken(delivery):
            _make_call(delivery)


def _taken(delivery: Delivery) -> bool:
    """Take the call: others see it as due only when we are certainly gone."""
    lost_after = timedelta(seconds=settings.DELIVERY_LOST_AFTER_SECONDS)
    same = Delivery.objects.of_every_factory().filter(
        pk=delivery.pk, outcome=Outcome.WAITING, due_at=delivery.due_at, attempts=delivery.attempts
    )
    return bool(same.update(due_at=timezone.now() + lost_after, attempts=F("attempts") + 1))


def _make_call(delivery: Delivery) -> None:
    hook, status, error = delivery.webhook, None, ""
    body = json.dumps(delivery.body, ensure_ascii=False).encode()
    try:
        if isinstance(hook.secret, Unreadable):
            raise NotCalled("its secret cannot be read: no key of JASANG_SECRETS_KEY opens it")
        status = post(
            hook.url, secret=hook.secret, key=str(delivery.key), at=int(timezone.now().timestamp()), body=body
        )
    except NotCalled as problem:
        error = str(problem)
    _keep_outcome(delivery, status, error)


@transaction.atomic
def _keep_outcome(delivery: Delivery, status: int | None, error: str) -> None:
    now, tries = timezone.now(), delivery.attempts + 1
    changes: dict[str, Any] = {"status": status, "error": error}
    if status is not None and 200 <= status < 300:
        changes |= {"outcome": Outcome.DELIVERED, "delivered_at": now}
    elif tries > len(WAITS):
        changes |= {"outcome": Outcome.DEAD}
    else:
        changes |= {"due_at": now + timedelta(seconds=WAITS[tries - 1])}
    mine = Delivery.objects.of_every_factory().filter(pk=delivery.pk, attempts=tries, outcome=Outcome.WAITING)
    mine.update(**changes)


def write_due() -> None:
    """Send the letters that are due: each person's news in one."""
    if settings.SMTP is None:
        return
    now = timezone.now()
    due = Notice.objects.filter(mail_sent_at__isnull=True, mail_due_at__lte=now).select_related("user", "factory")
    for _user, group in groupby(due.order_by("user", "pk")[: 10 * MOST_AT_ONCE], key=lambda one: one.user_id):
        mine = [notice for notice in group if _notice_taken(notice)]
        if mine:
            _write(mine)


def _notice_taken(notice: Notice) -> bool:
    lost_after = timedelta(seconds=settings.DELIVERY_LOST_AFTER_SECONDS)
    same = Notice.objects.filter(pk=notice.pk, mail_sent_at__isnull=True, mail_due_at=notice.mail_due_at)
    return bool(same.update(mail_due_at=timezone.now() + lost_after, mail_attempts=F("mail_attempts") + 1))


def _write(notices: list[Notice]) -> None:
    user, rows = notices[0].user, Notice.objects.filter(pk__in=[notice.pk for notice in notices])
    try:
        _letter(notices).send()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        # ValueError: an address or heading that no letter can have; it must not keep the others from theirs.
        log.warning("letter to account %s: %s", user.pk, error)
        tries = min(notices[0].mail_attempts, _MOST_LETTER_TRIES - 1)
        given_up = notices[0].mail_attempts + 1 >= _MOST_LETTER_TRIES or not user.email
        later = None if given_up else timezone.now() + timedelta(seconds=WAITS[tries])
        rows.update(mail_due_at=later)
    else:
        rows.update(mail_sent_at=timezone.now())


def _letter(notices: list[Notice]) -> EmailMessage:
    first, count = notices[0], len(notices)
    more = (f" 외 {count - 1}건", f" and {count - 1} more") if count > 1 else ("", "")
    lines = []
    for notice in notices:
        place = f"[{notice.factory.name}] " if notice.factory else ""
        lines += [f"{place}{notice.title_ko}", notice.title_en]
        lines += [f"{settings.PUBLIC_ADDRESS}{notice.url}", ""] if settings.PUBLIC_ADDRESS else [""]
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
    return EmailMessage(
        subject=" ".join(f"{first.title_ko}{more[0]}".split()),
        body="\n".join(lines),
        to=[first.user.email],
        headers={
            # The same rows make the same name: a letter that comes twice is recognised as one.
            "Message-ID": f"<jasang-notice-{first.pk}-{notices[-1].pk}@{domain}>",
            "Auto-Submitted": "auto-generated",
        },
    )
