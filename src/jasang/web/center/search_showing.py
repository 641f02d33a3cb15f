"""Found entries in words: title, the place in the text with what was typed, and where a click leads."""

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from jasang.diagnose.know_how import machine_of
from jasang.mentor.search.writing import normal
from jasang.mentor.shapes import fused
from jasang.web.center.difficulty_showing import line
from jasang.web.center.models import Article
from jasang.web.center.search_models import SearchEntry
from jasang.web.center.search_shapes import Like, like
from jasang.web.center.search_store import Reader, find
from jasang.web.tenants.models import Factory, Organisation
from jasang.web.ui.language import current

MOST_FOUND, MOST_SUGGESTED = 20, 5
FAINT = 0.3  # share of the best one's score below which nothing is suggested
AROUND = 160  # signs of the text that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A found thing on a page."""

    kind: str
    kind_words: str
    title: Any
    text: Any
    url: str
    likeness: int | None = None  # per cent, where the signal looked alike
    shape: str = ""  # points of both lines, where they may be shown
    asked: str = ""


def search(reader: Reader, typed: str, *, base: Factory | Organisation, limit: int = MOST_FOUND) -> list[Shown]:
    """What the reader finds by what is typed."""
    return [_shown(found.entry, typed, base) for found in find(reader, typed, limit=limit)]


def suggestions(
    reader: Reader,
    typed: str,
    *,
    base: Factory | Organisation,
    document: dict[str, Any],
    shape: bytes | None,
    besides: str = "",
) -> list[Shown]:
    """While somebody types: what fits the words, what was about the same rule and kind of machine, and what looked alike.

    `document` is the finding (`jasang.findings/1`) that the case is about and `shape` the profile of its signal, where there are
    any; `besides` is the key of the case itself.
    """
    entries: dict[str, SearchEntry] = {}
    found = find(reader, typed, limit=2 * MOST_SUGGESTED) if typed.strip() else []
    enough = FAINT * found[0].score if found else 0.0
    by_words = [_name(one.entry, entries) for one in found if one.score >= enough]
    by_rule = [_name(entry, entries) for entry in _of_the_rule(reader, document)]
    alike = {f"{one.kind}:{one.source}": one for one in (like(reader, shape, besides=besides) if shape else ())}
    missing = Q()
    for one in alike.values():
        missing |= Q(kind=one.kind, source=one.source)
    for entry in SearchEntry.objects.filter(reader.sees, missing).defer("terms") if alike else ():
        _name(entry, entries)
    by_shape = [name for name in alike if name in entries]
    names = fused(by_words, by_shape, by_rule, weights=(1.0, 1.0, 0.8), limit=MOST_SUGGESTED + 4)
    shown = [_shown(entries[name], typed, base, alike.get(name), shape) for name in names if name != f"case:{besides}"]
    return shown[:MOST_SUGGESTED]


def _name(entry: SearchEntry, entries: dict[str, SearchEntry]) -> str:
    name = f"{entry.kind}:{entry.source}"
    entries[name] = entry
    return name


def _of_the_rule(reader: Reader, document: dict[str, Any]) -> list[SearchEntry]:
    """The latest about the same rule, those of the same kind of machine first."""
    if not document.get("rule"):
        return []
    rows = SearchEntry.objects.filter(reader.sees, rule=document["rule"]).defer("terms").order_by("-pk")[:200]
    subject = document.get("subject") or {}
    names = tuple(str(name) for name in (subject.get("column"), subject.get("asset"), subject.get("table")) if name)
    machine = machine_of(names)
    return sorted(
        rows, key=lambda row: (machine is None or machine_of((row.title_ko, row.text_ko)) != machine, -row.pk)
    )[:3]


def _shown(
    entry: SearchEntry, typed: str, base: Factory | Organisation, alike: Like | None = None, asked: bytes | None = None
) -> Shown:
    english = current() == "en" and entry.title_en
    title, text = (entry.title_en, entry.text_en) if english else (entry.title_ko, entry.text_ko)
    kinds = {"case": _("Case"), "article": _("Article"), "knowhow": _("What helped")}
    return Shown(
        kind=entry.kind,
        kind_words=kinds[entry.kind],
        title=marked(title, typed),
        text=marked(_near(text, typed), typed),
        url=_url(entry, base),
        likeness=None if alike is None else round(100 * alike.likeness),
        shape=line(alike.shape) if alike is not None and alike.shape else "",
        asked=line(asked) if alike is not None and alike.shape and asked else "",
    )


def _url(entry: SearchEntry, base: Factory | Organisation) -> str:
    factory = isinstance(base, Factory)
    if entry.kind == "case":
        return reverse("center:case" if factory else "center:agent-case", args=[base.key, entry.source])
    if entry.kind == "article":
        return reverse("center:article" if factory else "center:agent-article", args=[base.key, entry.source])
    return ""


def _words(typed: str) -> list[str]:
    return sorted({word for word in re.findall(r"\w+", normal(typed)) if len(word) > 1}, key=len, reverse=True)[:20]


def _near(text: str, typed: str) -> str:
    """The part of the text round the first typed word."""
    flat = " ".join(text.split())
    places = [at for word in _words(typed) if (at := flat.lower().find(word)) >= 0]
    start = max(0, min(places, default=0) - AROUND // 3)
    return ("… " if start else "") + flat[start : start + AROUND] + (" …" if len(flat) > start + AROUND else "")


def marked(text: str, typed: str) -> Any:
    """The text as safe HTML with the typed words marked."""
    words = _words(typed)
    if not words:
        return text
    parts = re.split(f"({'|'.join(re.escape(word) for word in words)})", text, flags=re.IGNORECASE)
    pieces = ((format_html("<mark>{}</mark>", part) if at % 2 else part,) for at, part in enumerate(parts))
    return format_html_join("", "{}", pieces)


def article_words(article: Article) -> dict[str, str]:
    """Title and text in the reader's language; the Korean ones where there are no others."""
    english = current() == "en" and article.title_en
    return {
        "title": article.title_en if english else article.title_ko,
        "body": (article.body_en or article.body_ko) if english else article.body_ko,
    }
