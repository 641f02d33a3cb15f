"""Takes letters in: each once, into the case it answers or a new one; of an unknown sender as unverified, without a factory."""

import hashlib
import imaplib
import logging
import re
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from jasang.mentor.service_clock import CaseEvent
from jasang.web.center import letter_text, letters, services
from jasang.web.center.bounces import note_bounce
from jasang.web.center.events import LONGEST_TEXT, locked, record, told_before
from jasang.web.center.models import Agent, Case, Centre, Channel, LetterIn, LetterOut
from jasang.web.center.serving import centre_of
from jasang.web.tenants.models import FACTORY_ROLES, Factory
from jasang.web.tenants.queries import factories_of
from jasang.web.ui.checked_files import MOST, Checked

log = logging.getLogger(__name__)

LARGEST_LETTER = 30_000_000  # bytes
AT_ONCE = 50
STRANGERS_AN_HOUR = 10  # new cases of one unknown sender
KNOWN_AN_HOUR = 20  # new cases of one sender we know; what more comes goes into the latest of them
RECEIPTS_AN_HOUR = 5  # then no more: two programs may be answering each other
# What letters made by who knows what raise: nested without an end, headers that no reader foresaw, letters no column can have.
_UNREADABLE = (
    ValueError, LookupError, RecursionError, AttributeError, TypeError, AssertionError, IntegrityError, DataError,
)  # fmt: skip
TOO_LARGE = "[30 MB를 넘는 메일이라 내용과 파일을 받지 못했습니다 / larger than 30 MB: text and files were not taken]"


def fetch() -> int:
    """Take in what lies unread in the mailbox (`JASANG_IMAP_URL`); how many letters."""
    server = settings.IMAP
    if server is None:
        return 0
    kind = imaplib.IMAP4_SSL if server["scheme"] == "imaps" else imaplib.IMAP4
    with kind(server["host"], server["port"], timeout=30) as box:
        box.login(server["user"], server["password"])
        status, _ = box.select(server["folder"])
        if status != "OK":
            log.warning("the mailbox has no folder %s", server["folder"])
            return 0
        _, found = box.uid("SEARCH", None, "UNSEEN")
        numbers = found[0].split()[:AT_ONCE] if found and found[0] else []
        for number in numbers:
            _fetch_one(box, number.decode())
        return len(numbers)


def _fetch_one(box: imaplib.IMAP4, number: str) -> None:
    """One letter: marked as read only after what it brought is kept."""
    _, told = box.uid("FETCH", number, "(RFC822.SIZE)")
    size = re.search(rb"RFC822\.SIZE (\d+)", told[0] if told and isinstance(told[0], bytes) else b"")
    part = "BODY.PEEK[]" if size and int(size[1]) <= LARGEST_LETTER else "BODY.PEEK[HEADER]"
    _, content = box.uid("FETCH", number, f"({part})")
    raw = next((one[1] for one in content if isinstance(one, tuple)), b"")
    try:
        take_in(raw, too_large=part != "BODY.PEEK[]")
    except _UNREADABLE as error:  # else it would keep all that came after it from being read
        log.warning("letter %s was put aside: %s", number, error)
        put_aside(raw)
    box.uid("STORE", number, "+FLAGS", r"(\Seen)")


def identity(raw: bytes, letter: EmailMessage) -> str:
    """The letter's Message-ID, or a name made of its content."""
    given = re.sub(r"\s", "", str(letter.get("Message-ID", "")))
    return given if 0 < len(given) <= 250 else f"<{hashlib.sha256(raw).hexdigest()}@content>"


@transaction.atomic
def put_aside(raw: bytes) -> None:
    """Note a letter that cannot be read, so that it is not tried for ever."""
    name = f"<{hashlib.sha256(raw).hexdigest()}@content>"
    LetterIn.objects.get_or_create(message_id=name, defaults={"outcome": "refused"})


@transaction.atomic
def take_in(raw: bytes, *, too_large: bool = False) -> LetterIn:
    """What a letter brings, in one transaction; the same letter again brings nothing."""
    letter = letter_text.read(raw)
    sender = letter_text.sender_of(letter)
    name = identity(raw, letter)
    known = LetterIn.objects.filter(message_id=name).first()
    if known is not None:
        return known
    # Noted first: whoever takes the same letter in at the same moment waits here, and the thread keeps its order.
    noted = LetterIn.objects.create(message_id=name, sender=sender, outcome="refused")
    answered = _answered(letter, sender)
    noted.case = answered[0] if answered else None
    if Centre.objects.of_every_organisation().filter(address__iexact=sender).exists():
        noted.outcome = "own"
    elif sender and letter_text.is_automatic(letter):
        noted.outcome = "automatic"
        noted.case = note_bounce(letter, raw) or noted.case
    elif not sender:
        noted.outcome = "refused"
    elif answered:
        _reply(answered[0], answered[1], _words(letter, too_large=too_large), sender, name)
        noted.outcome = "reply"
    else:
        noted.case = _new(letter, sender, name, too_large=too_large)
        noted.outcome = "opened" if noted.case is not None else "refused"
    noted.save()
    return noted


def _answered(letter: EmailMessage, sender: str) -> tuple[Case, bool] | None:
    """The case a letter answers, and whether it answers an inner one.

    By Message-ID of our letters or of those that came; by the secret in its address; by the number in its subject, which
    anybody can guess and which therefore counts only for whoever speaks for that case's customer.
    """
    named = " ".join(str(letter.get(field, "")) for field in ("In-Reply-To", "References"))
    ids = re.findall(r"<[^<>\s]{5,190}>", named)[-20:]
    rows = LetterOut.objects.of_every_factory().filter(message_id__in=ids).select_related("case__centre", "event")
    found = {one.message_id: one for one in rows}
    for one in reversed(ids):
        if one in found:
            out = found[one]
            return out.case, out.event is not None and (out.event.private or _told_agent(out))
    to = letter_text.receivers_of(letter)
    for address in to:
        case = _by_secret(address.partition("@")[0].partition("+")[2])
        if case is not None:
            return case, False
    came = (
        LetterIn.objects.filter(message_id__in=ids, case__isnull=False).select_related("case__centre").order_by("-pk")
    )
    earlier = came.first()
    if earlier is not None:
        return earlier.case, False
    number = re.search(r"\[#(\d{1,9})\]", str(letter.get("Subject", "")))
    centre = _meant(to) if number else None
    if number and centre is not None:
        case = Case.objects.at(centre.organisation).filter(number=number[1]).select_related("centre").first()
        if case is not None and sender in _customers(case):
            return case, False
    return None


def _by_secret(secret: str) -> Case | None:
    if not secret:
        return None
    rows = Case.objects.of_every_factory().select_related("centre")
    # Some servers write the part before the @ in small letters.
    return rows.filter(letters=secret).first() or rows.filter(letters__iexact=secret).first()


def _meant(to: list[str]) -> Centre | None:
    """The centre whose address is among the receivers."""
    plain = [re.sub(r"\+[^@]*@", "@", address.lower()) for address in to]
    centres = Centre.objects.of_every_organisation().select_related("organisation").exclude(address="").order_by("pk")
    return next((one for one in centres if one.address.lower() in plain), None)


def _told_agent(out: LetterOut) -> bool:
    """A letter that told an agent of the customer's word."""
    return out.event.kind == CaseEvent.CUSTOMER


def _reply(case: Case, inner: bool, words: tuple[str, list[Any]], sender: str, name: str) -> None:
    text, files = words
    once = f"letter:{hashlib.sha256(name.encode()).hexdigest()}"
    agent = (
        Agent.objects.of(case.centre)
        .filter(user__email__iexact=sender, user__is_active=True)
        .select_related("user")
        .first()
    )
    if agent is None and not inner and sender in _customers(case):
        services.customer_word(
            case=case,
            text=text,
            user=_customers(case)[sender],
            channel=Channel.EMAIL,
            once=once,
            sender=sender,
            files=files,
        )
        return
    # A From line proves nothing: what claims to be a colleague, or comes from elsewhere, stays inside as a note.
    held = locked(case)
    while held.merged_into is not None:
        held = locked(held.merged_into)
    if told_before(held, once) is None:
        event = record(
            held, "note", by=agent.user if agent is not None else None, ours=agent is not None, channel=Channel.EMAIL,
            text=text, private=True, once=once, sender=sender,
        )  # fmt: skip
        services.keep_files(event, files)
        if agent is None:
            letters.tell_agent(held, event)


def _customers(case: Case) -> dict[str, Any]:
    """Addresses that speak for the customer, and whose they are. Whoever left the factory speaks for it no more."""
    found: dict[str, Any] = {}
    if letters.speaks_still(case):
        found = {case.customer_mail.lower(): case.customer} if case.customer_mail else {}
        if case.customer is not None and case.customer.email:
            found[case.customer.email.lower()] = case.customer
    if case.factory_id is not None:
        members = get_user_model().objects.filter(
            memberships__factory=case.factory_id, memberships__role__in=FACTORY_ROLES, memberships__until__isnull=True
        )
        found |= {user.email.lower(): user for user in members if user.email}
    return found


def _new(letter: EmailMessage, sender: str, name: str, *, too_large: bool) -> Case | None:
    """A new case; `None` where no centre is meant or an unknown sender writes too much."""
    user, factory = _known(sender)
    centre = (centre_of(factory) if factory is not None else None) or _meant(letter_text.receivers_of(letter))
    if centre is None:
        return None
    lately = timezone.now() - timedelta(hours=1)
    before = Case.objects.at(centre.organisation).filter(customer_mail__iexact=sender, opened_at__gt=lately)
    so_far = before.filter(channel=Channel.EMAIL).count()
    if factory is None and (so_far >= STRANGERS_AN_HOUR or letter_text.is_advertisement(letter)):
        return None
    text, files = _words(letter, whole=True, too_large=too_large)
    title = re.sub(
        r"^(?:\s*(?:re|fw|fwd|답장|회신|전달)\s*:)+\s*", "", str(letter.get("Subject", "")), flags=re.IGNORECASE
    )
    latest = before.filter(factory=factory, channel=Channel.EMAIL).order_by("-pk").first()
    if factory is not None and so_far >= KNOWN_AN_HOUR and latest is not None:
        services.customer_word(
            case=latest, text=f"{title}\n\n{text}", user=user, channel=Channel.EMAIL, sender=sender, files=files
        )
        return latest
    return services.open_case(
        factory=factory, title=title, text=text, user=user, channel=Channel.EMAIL, centre=centre, sender=sender,
        letter=name if so_far < RECEIPTS_AN_HOUR else None, files=files,
        language="ko" if re.search("[가-힣]", title + text) or not text else "en",
    )  # fmt: skip


def _known(sender: str) -> tuple[Any, Factory | None]:
    """The one account of that address and its one factory; nothing where either is not certain."""
    users = list(get_user_model().objects.filter(email__iexact=sender, is_active=True)[:2])
    if len(users) != 1:
        return None, None
    own = factories_of(users[0]).filter(memberships__role__in=FACTORY_ROLES).distinct()
    factories = list(own.select_related("organisation")[:2])
    return (users[0], factories[0]) if len(factories) == 1 else (None, None)


def _words(letter: EmailMessage, *, whole: bool = False, too_large: bool = False) -> tuple[str, list[Any]]:
    """Text and files. What is longer than a word may be comes along whole as a file; what cannot be taken is named."""
    files, refused = letter_text.files_of(letter)
    text = letter_text.words_of(letter, whole=whole)
    if len(text) > LONGEST_TEXT:
        files = [*files[: MOST - 1], Checked(name="letter.txt", content=text.encode())]
        text = text[: LONGEST_TEXT - 500].rstrip() + "\n\n[… letter.txt]"
    if refused:
        text += f"\n\n[{', '.join(refused)}: 받을 수 없는 파일 / files not taken]"
    return f"{text}\n\n{TOO_LARGE}".strip() if too_large else text, files
