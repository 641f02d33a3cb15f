"""What a letter says: its text without quotes, its HTML as text, its files; whether a program wrote it."""

import re
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from html.parser import HTMLParser

from jasang.errors import UnreadableInput
from jasang.web.ui.checked_files import MOST, Checked, check

_SKIPPED = {"script", "style", "head", "title", "template", "blockquote", "svg", "object", "iframe"}
_BLOCKS = {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "hr", "pre"}
_EMPTY = {"br", "hr", "img", "input", "meta", "link"}
_QUOTE = re.compile(
    r"^\s*(?:"
    r"-{2,}\s*(?:original message|forwarded message|원본 메[시세]지|원본메일|전달된 메[시세]지)\s*-{2,}"
    r"|on\b.{5,200}\bwrote:"
    r"|\d{4}년\s*\d{1,2}월\s*\d{1,2}일.{0,150}(?:작성|씀|wrote)\s*:"
    r"|\d{4}[-./]\s?\d{1,2}[-./]\s?\d{1,2}.{0,150}(?:작성|씀|wrote)\s*:"
    r"|_{20,}"
    r"|(?:from|보낸\s?사람|보낸이|발신)\s*:.*@"
    r")\s*$|^\s*(?:보낸\s?사람|보낸이)\s*:",
    re.IGNORECASE,
)
_MACHINES = re.compile(r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)(?:[+@-]|$)", re.IGNORECASE)


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        quoted = any(name in ("class", "id") and "quote" in (value or "").lower() for name, value in attrs)
        if self.hidden:
            if tag == self.hidden[0] and tag not in _EMPTY:
                self.hidden.append(tag)
        elif (tag in _SKIPPED or quoted) and tag not in _EMPTY:
            self.hidden.append(tag)
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self.hidden and tag == self.hidden[0]:
            self.hidden.pop()
        elif tag in _BLOCKS and tag not in _EMPTY:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(re.sub(r"\s+", " ", data))


def html_text(html: str) -> str:
    """The words of an HTML letter, without quotes, scripts and styles."""
    reader = _Plain()
    reader.feed(html[:2_000_000])
    reader.close()
    text = "\n".join(line.strip() for line in "".join(reader.parts).splitlines())
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def without_quotes(text: str) -> str:
    """What the sender wrote anew; all of it where nothing else is left."""
    kept: list[str] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        two = f"{line} {lines[number + 1]}" if number + 1 < len(lines) and len(line) > 20 else line
        if (
            _QUOTE.match(line)
            or (_QUOTE.match(two) and two.lstrip().lower().startswith("on "))
            or line.rstrip() == "--"
        ):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line)
    return "\n".join(kept).strip() or text.strip()


def words_of(letter: EmailMessage) -> str:
    """The letter's own words: its plain part, else its HTML as text."""
    plain = letter.get_body(preferencelist=("plain",))
    if plain is not None:
        return without_quotes(_decoded(plain))
    html = letter.get_body(preferencelist=("html",))
    if html is None:
        return ""
    return without_quotes(html_text(_decoded(html)))


def _decoded(part: EmailMessage) -> str:
    raw = part.get_payload(decode=True)
    content = raw if isinstance(raw, bytes) else str(raw).encode()
    charset = (part.get_content_charset() or "utf-8").lower()
    if charset in ("euc-kr", "ks_c_5601-1987", "ksc5601", "ks_c_5601"):
        charset = "cp949"  # what is really sent under these names
    try:
        return content.decode(charset, errors="replace")
    except LookupError:
        return content.decode("utf-8", errors="replace")


def files_of(letter: EmailMessage) -> tuple[list[Checked], list[str]]:
    """Files that may be kept, and the names of those that may not."""
    kept, refused = [], []
    for part in letter.iter_attachments() if letter.is_multipart() else ():
        name = part.get_filename() or ""
        raw = part.get_payload(decode=True)
        try:
            if len(kept) >= MOST or not isinstance(raw, bytes):
                raise UnreadableInput(ko=f"{name}: 받지 않음", en=f"{name}: not taken")
            kept.append(check(name, raw))
        except UnreadableInput:
            refused.append(name[:80] or "?")
    return kept, refused


def sender_of(letter: EmailMessage) -> str:
    """The address in From, lower case; blank where there is none."""
    found = parseaddr(str(letter.get("From", "")))[1].strip().lower()
    return found if re.fullmatch(r"[^@\s]+@[^@\s]+", found) and len(found) <= 254 else ""


def is_automatic(letter: EmailMessage) -> bool:
    """A bounce, an absence note, a list: nobody wrote it, and nothing may answer it."""
    auto = str(letter.get("Auto-Submitted", "no")).split(";")[0].strip().lower()
    precedence = str(letter.get("Precedence", "")).strip().lower()
    return bool(
        auto != "no"
        or precedence in ("bulk", "junk", "list", "auto_reply")
        or letter.get("List-Id")
        or letter.get("X-Autoreply")
        or letter.get("X-Autorespond")
        or str(letter.get("Return-Path", "x")).strip() == "<>"
        or letter.get_content_type() == "multipart/report"
        or _MACHINES.match(sender_of(letter))
    )


def receivers_of(letter: EmailMessage) -> list[str]:
    """All addresses the letter went to, lower case but for the secret part."""
    fields = ("To", "Cc", "Delivered-To", "X-Original-To")
    return [
        address for _, address in getaddresses([str(value) for name in fields for value in letter.get_all(name, [])])
    ]
