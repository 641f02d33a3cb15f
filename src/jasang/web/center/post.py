"""Sends letters that wait. One that breaks off between sending and noting goes out again under the same Message-ID."""

import logging
import smtplib
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone

from jasang.web.center.models import Centre, LetterOut

log = logging.getLogger(__name__)

MOST_TRIES = 8
_AT_ONCE = 100
_FIRST_WAIT = timedelta(minutes=2)  # doubles with every try


def send_waiting() -> int:
    """Send what is due; how many went. Nothing happens while no server is set up (`JASANG_SMTP_URL`)."""
    if settings.SMTP is None:
        return 0
    sent = 0
    with get_connection() as connection:
        for letter in _due():
            if not _claim(letter):
                continue
            try:
                _message(letter, connection).send()
            except (smtplib.SMTPException, OSError, ValueError) as error:
                _note(letter, trouble=f"{type(error).__name__}: {error}"[:300])
                log.warning("letter %s could not be sent: %s", letter.message_id, error)
            else:
                _note(letter, trouble="")
                sent += 1
    return sent


def _due() -> list[LetterOut]:
    rows = LetterOut.objects.of_every_factory().filter(sent_at__isnull=True, next_try__lte=timezone.now())
    waiting = rows.filter(tries__lt=MOST_TRIES).select_related("case", "centre", "event")
    return list(waiting.order_by("next_try", "pk")[:_AT_ONCE])


@transaction.atomic
def _claim(letter: LetterOut) -> bool:
    """Whether this letter is ours to send now: the update names the try it was seen with."""
    rows = LetterOut.objects.of_every_factory().filter(pk=letter.pk, sent_at__isnull=True, tries=letter.tries)
    wait = _FIRST_WAIT * 2**letter.tries
    return bool(rows.update(tries=letter.tries + 1, next_try=timezone.now() + wait))


@transaction.atomic
def _note(letter: LetterOut, *, trouble: str) -> None:
    rows = LetterOut.objects.of_every_factory().filter(pk=letter.pk)
    rows.update(trouble=trouble, sent_at=None if trouble else timezone.now())


def _message(letter: LetterOut, connection: object) -> EmailMessage:
    centre = Centre.objects.of(letter.centre).get()
    name, _, domain = centre.address.rpartition("@")
    headers = {"Message-ID": letter.message_id, "Reply-To": f"{name}+{letter.case.letters}@{domain}"}
    if letter.references:
        headers |= {"References": letter.references, "In-Reply-To": letter.references.split()[-1]}
    by_hand = (
        letter.event is not None and letter.event.by_id is not None and letter.event.ours and not letter.event.private
    )
    if not by_hand:
        headers |= {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    return EmailMessage(
        subject=letter.subject.replace("\n", " ").replace("\r", " "),
        body=letter.text,
        from_email=centre.address,
        to=[letter.to],
        headers=headers,
        connection=connection,
    )
