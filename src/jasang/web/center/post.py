"""Sends letters that wait. One that breaks off between sending and noting goes out again under the same Message-ID."""

import logging
import mimetypes
import smtplib
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone

from jasang.web.center.models import Attachment, Centre, LetterOut

log = logging.getLogger(__name__)

MOST_TRIES = 8
_AT_ONCE = 100
_MOST_BYTES = 15_000_000  # of files in one letter
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
                message(letter, connection).send()
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


def message(letter: LetterOut, connection: object) -> EmailMessage:
    """The letter as it goes out. Files of an answer go with it, as many as mail servers commonly take."""
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
    files, left = _files(letter) if by_hand else ([], [])
    more = f"\n\n[{', '.join(left)}: 포털에서 받으세요 / on the portal]" if left else ""
    made = EmailMessage(
        subject=letter.subject.replace("\n", " ").replace("\r", " "),
        body=letter.text + more,
        from_email=centre.address,
        to=[letter.to],
        headers=headers,
        connection=connection,
    )
    for name, content in files:
        made.attach(name, content, mimetypes.guess_type(name)[0] or "application/octet-stream")
    return made


def _files(letter: LetterOut) -> tuple[list[tuple[str, bytes]], list[str]]:
    """Files that go with the letter (name, content), and the names of those that are too large to."""
    taken: list[tuple[str, bytes]] = []
    left, room = [], _MOST_BYTES
    for file in Attachment.objects.at(letter.centre).filter(event=letter.event_id).order_by("pk"):
        if file.size <= room and Path(file.path).is_file():
            taken.append((file.name, Path(file.path).read_bytes()))
            room -= file.size
        else:
            left.append(file.name)
    return taken, left
