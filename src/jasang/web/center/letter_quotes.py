"""What somebody wrote anew in a letter, and what his or her program put below: quotes of Outlook, Gmail, Naver, Daum, phones."""

import re
from html.parser import HTMLParser
from itertools import pairwise

_SKIPPED = {"script", "style", "head", "title", "template", "svg", "object", "iframe"}
_BLOCKS = {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "hr", "pre", "blockquote"}
_EMPTY = {"br", "hr", "img", "input", "meta", "link"}
_NAMES = r"from|보낸\s?사람|보낸이|발신인?"
# A line drawn above the letter that is answered or handed on; from here on nothing is new.
_LINE = re.compile(
    r"^\s*(?:"
    r"-{2,}\s*(?:original (?:message|mail)|forwarded message|(?:원본|원래|전달된|전달)\s*(?:이?메일|메[시세]지))\s*-{2,}"
    r"|begin forwarded message:"
    r"|_{20,}"
    rf"|\*?(?:{_NAMES})\s*:\*?.*@.*"
    r")\s*$",
    re.IGNORECASE,
)
# "… wrote:", on up to three lines.
_WROTE = re.compile(
    r"^\s*(?:"
    r"on\b.{5,200}\bwrote:"
    r"|(?:\d{4}년|\d{2,4}\s?[-./]\s?\d{1,2}\s?[-./]\s?\d{1,2}).{0,150}(?:작성|씀|쓴 글|wrote)\s*:"
    r"|.{1,150}\d{1,2}:\d{2}(?::\d{2})?에?,?\s*(?:작성|씀|쓴 글)\s*:"
    r")\s*$",
    re.IGNORECASE,
)
_FROM = re.compile(rf"^\s*\*?(?:{_NAMES})\s*:", re.IGNORECASE)
_OTHER_FIELDS = re.compile(
    r"^\s*\*?(?:sent|date|to|cc|subject|보낸\s?날짜|날짜|일시|받는\s?사람|받는이|수신인?|참조|제목)\s*:", re.IGNORECASE
)
# What telephones put below by themselves.
_PHONES = re.compile(
    r"^\s*(?:(?:sent|get outlook) (?:from|for) .{2,40}|.{2,20}(?:에서|으로|로) (?:보냄|보낸 메일|보냈습니다)\.?"
    r"|(?:iOS|Android)용 Outlook (?:받기|다운로드).*)\s*$",
    re.IGNORECASE,
)


class _Plain(HTMLParser):
    def __init__(self, *, whole: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.whole = whole
        self.parts: list[str] = []
        self.hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            self.hidden.clear()  # a head that nobody ended
        if self.hidden:
            if tag == self.hidden[0] and tag not in _EMPTY:
                self.hidden.append(tag)
        elif self._is_hidden(tag, attrs) and tag not in _EMPTY:
            self.hidden.append(tag)
        if tag in _BLOCKS:
            self.parts.append("\n")

    def _is_hidden(self, tag: str, attrs: list[tuple[str, str | None]]) -> bool:
        given = {name: (value or "").lower() for name, value in attrs}
        if tag in _SKIPPED or "display:none" in given.get("style", "").replace(" ", ""):
            return True
        named = " ".join(given.get(name, "") for name in ("class", "id"))
        return not self.whole and (tag == "blockquote" or "quote" in named or "divrplyfwdmsg" in named)

    def handle_endtag(self, tag: str) -> None:
        if self.hidden and tag == self.hidden[0]:
            self.hidden.pop()
        elif tag in ("td", "th"):
            self.parts.append("\t")
        elif tag in _BLOCKS and tag not in _EMPTY:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(re.sub(r"\s+", " ", data))


def html_text(html: str, *, whole: bool = False) -> str:
    """The words of an HTML letter without scripts and styles; without quotes too unless the `whole` is wanted."""
    reader = _Plain(whole=whole)
    reader.feed(html[:2_000_000])
    reader.close()
    text = "\n".join(line.strip() for line in "".join(reader.parts).splitlines())
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def without_quotes(text: str) -> str:
    """What the sender wrote anew; all of it where nothing else is left. Answers between the quoted lines keep them."""
    lines = text.splitlines()
    end = next((number for number in range(len(lines)) if _ends(lines, number)), len(lines))
    above, below = lines[:end], lines[end:]
    if below and _wrote(lines, end):
        answers = below[: next((at for at, line in enumerate(below) if line.rstrip() == "--"), len(below))]
        if _changes(answers[1:]).count(False):
            return _tidy(above + answers)
    kept = above if _changes(above).count(True) > 1 else [line for line in above if not line.lstrip().startswith(">")]
    return _tidy(kept) or text.strip()


def _ends(lines: list[str], number: int) -> bool:
    line = lines[number]
    if line.rstrip() == "--" or _LINE.match(line) or _wrote(lines, number):
        return True
    if not _FROM.match(line):
        return False
    return sum(bool(_OTHER_FIELDS.match(one)) for one in lines[number + 1 : number + 7]) >= 2


def _wrote(lines: list[str], number: int) -> bool:
    if not lines[number].strip():
        return False
    return any(_WROTE.match(" ".join(lines[number : number + many])) for many in (1, 2, 3))


def _changes(lines: list[str]) -> list[bool]:
    """Where quoted lines begin (True), and own ones after them (False)."""
    quoted = [False, *(line.lstrip().startswith(">") for line in lines if line.strip())]
    return [after for before, after in pairwise(quoted) if before != after]


def _tidy(lines: list[str]) -> str:
    kept = "\n".join(line for line in lines if not _PHONES.match(line)).strip()
    return re.sub(r"\n{3,}", "\n\n", kept)
