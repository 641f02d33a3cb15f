"""What a letter says: its text, its files, who sent it; whether a program wrote it."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from typing import Any

from jasang.errors import UnreadableInput
from jasang.web.center.letter_quotes import html_text, without_quotes
from jasang.web.ui.checked_files import MOST, Checked, check

_MACHINES = re.compile(r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)(?:[+@-]|$)", re.IGNORECASE)


# Absence notes and bounces of servers that put no header there.
_ABSENT = re.compile(
    r"^\s*(?:[\[(]\s*(?:자동\s?(?:응답|회신)|부재\s?중[^\])]{0,12})\s*[\])]|(?:자동\s?(?:응답|회신)|부재\s?중[^:]{0,10})\s*:"
    r"|auto(?:matic)?[- ]?reply:|out of (?:the )?office\b|undeliverable:|undelivered mail|delivery status notification"
    r"|mail delivery (?:failed|subsystem)|failure notice|returned mail:)",
    re.IGNORECASE,
)


def read(raw: bytes) -> EmailMessage:
    """The letter, with the Korean that old programs put into its headers as it is (EUC-KR, UTF-8) made readable."""
    letter: Any = message_from_bytes(raw, policy=policy.default)
    for part in letter.walk():
        for name, value in list(part.raw_items()):
            if any("\udc80" <= sign <= "\udcff" for sign in value):
                said = _decoded_bytes(value.encode("utf-8", "surrogateescape"), "")
                said = "".join(said.splitlines())
                if part.get_all(name, []) and len(part.get_all(name)) == 1:
                    del part[name]
                    part[name] = said
    return letter  # type: ignore[no-any-return]


def words_of(letter: EmailMessage, *, whole: bool = False) -> str:
    """The letter's own words: its plain parts, else its HTML as text; with what it quotes or hands on if `whole`.

    A letter that is attached to it as a letter follows with its sender and subject.
    """
    told = _words(letter, whole)
    for inner in _attached_letters(letter):
        about = f"{inner.get('From', '')} · {inner.get('Subject', '')}".strip(" ·")
        told += f"\n\n[{about}]\n{_words(inner, True)}"
    return told.strip()


def _words(letter: EmailMessage, whole: bool) -> str:
    plain = [_decoded(part) for part in _bodies(letter, "plain")]
    text = "\n".join(one.strip("\n") for one in plain)
    if not text.strip():
        text = "\n".join(html_text(_decoded(part), whole=whole) for part in _bodies(letter, "html"))
    return text.strip() if whole else without_quotes(text)


def _bodies(letter: EmailMessage, kind: str) -> Iterator[EmailMessage]:
    """The parts that are read, not opened: some programs cut a text in two around a picture."""
    for part in _leaves(letter):
        if part.get_content_type() == f"text/{kind}" and not _is_file(part):
            yield part


def _leaves(letter: EmailMessage) -> Iterator[EmailMessage]:
    """Parts without parts, besides those of letters attached as letters."""
    kind = letter.get_content_type()
    if kind == "message/rfc822" or not letter.is_multipart():
        yield letter
        return
    for part in letter.get_payload():
        if isinstance(part, EmailMessage):
            yield from _leaves(part)


def _attached_letters(letter: EmailMessage) -> Iterator[EmailMessage]:
    for part in _leaves(letter):
        if part.get_content_type() == "message/rfc822" and isinstance(part.get_payload(), list):
            yield from (one for one in part.get_payload()[:1] if isinstance(one, EmailMessage))


def _is_file(part: EmailMessage) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _decoded(part: EmailMessage) -> str:
    raw = part.get_payload(decode=True)
    content = raw if isinstance(raw, bytes) else str(raw).encode()
    return _decoded_bytes(content, str(part.get_content_charset() or ""))


def _decoded_bytes(content: bytes, charset: str) -> str:
    """What the bytes say: by the charset they claim, by the one inside the HTML, or by the two that Korean is written in."""
    inside = re.search(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]+)", content[:4000], re.IGNORECASE)
    claims = [charset, inside[1].decode("ascii") if inside else "", "utf-8", "cp949"]
    for claim in claims:
        name = claim.lower()
        # What is really sent under the older names.
        name = "cp949" if name in ("euc-kr", "euckr", "ks_c_5601-1987", "ksc5601", "ks_c_5601") else name
        try:
            return content.decode(name)
        except (LookupError, ValueError):  # no such charset, or not in it
            continue
    return content.decode("utf-8", errors="replace")


def files_of(letter: EmailMessage) -> tuple[list[Checked], list[str]]:
    """Files that may be kept (also pictures within the text), and the names of those that may not."""
    kept: list[Checked] = []
    refused: list[str] = []
    for part in _files(letter):
        name = part.get_filename() or f"{part.get_content_maintype()}-{len(kept) + 1}.{part.get_content_subtype()}"
        raw = part.get_payload(decode=True)
        try:
            if len(kept) >= MOST or not isinstance(raw, bytes):
                raise UnreadableInput(ko=f"{name}: 받지 않음", en=f"{name}: not taken")
            kept.append(check(name, raw))
        except UnreadableInput:
            refused.append(re.sub(r"\s+", " ", name)[:80] or "?")
    return kept, refused


def _files(letter: EmailMessage) -> Iterator[EmailMessage]:
    for part in _leaves(letter):
        kind = part.get_content_type()
        if kind == "message/rfc822":
            for inner in _attached_letters(part):
                yield from _files(inner)
        elif _is_file(part) or part.get_content_maintype() in ("image", "video"):
            yield part


def sender_of(letter: EmailMessage) -> str:
    """The address in From, lower case; blank where there is none."""
    given = str(letter.get("From", ""))
    angled = re.search(r"<\s*([^<>\s]+@[^<>\s]+?)\s*>\s*$", given)  # also after a name with a comma that nobody quoted
    found = (angled[1] if angled else parseaddr(given)[1]).strip().lower()
    return found if re.fullmatch(r"[^@\s]+@[^@\s]+", found) and len(found) <= 254 else ""


def is_automatic(letter: EmailMessage) -> bool:
    """A bounce, an absence note, a list: nobody wrote it, and nothing may answer it."""
    auto = str(letter.get("Auto-Submitted", "no")).split(";")[0].strip().lower()
    precedence = str(letter.get("Precedence", "")).strip().lower()
    return bool(
        auto != "no"
        or precedence in ("bulk", "junk", "list", "auto_reply")
        or letter.get("List-Id")
        or any(letter.get(name) for name in ("X-Autoreply", "X-Auto-Reply", "X-Autorespond", "X-Autoresponder"))
        or _ABSENT.match(str(letter.get("Subject", "")))
        or str(letter.get("Return-Path", "x")).strip() == "<>"
        or letter.get_content_type() == "multipart/report"
        or _MACHINES.match(sender_of(letter))
    )


def is_advertisement(letter: EmailMessage) -> bool:
    """A newsletter, or what Korean law has marked as an advertisement."""
    return bool(
        letter.get("List-Unsubscribe") or re.match(r"\s*[\[(<]?\s*광\s*고\s*[\])>]", str(letter.get("Subject", "")))
    )


def receivers_of(letter: EmailMessage) -> list[str]:
    """All addresses the letter went to, lower case but for the secret part."""
    fields = ("To", "Cc", "Delivered-To", "X-Original-To")
    return [
        address for _, address in getaddresses([str(value) for name in fields for value in letter.get_all(name, [])])
    ]
