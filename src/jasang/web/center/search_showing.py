"""Found entries in words: title, the place in the text with what was typed, and where a click leads."""

import re
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from jasang.diagnose.know_how import machine_of
from jasang.mentor.search.writing import normal
from jasang.web.center.models import Article
from jasang.web.center.search_models import SearchEntry
from jasang.web.center.search_store import Reader, find
from jasang.web.jobs.announcing import Subject
from jasang.web.tenants.models import Factory, Organisation
from jasang.web.ui.language import current

MOST_FOUND, MOST_SUGGESTED = 20, 5
AROUND = 160  # signs of the text that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A found thing on a page."""

    kind: str
    kind_words: str
    title: Any
    text: Any
    url: str


def search(reader: Reader, typed: str, *, base: Factory | Organisation, limit: int = MOST_FOUND) -> list[Shown]:
    """What the reader finds by what is typed."""
    return [_shown(found.entry, typed, base) for found in find(reader, typed, limit=limit)]


def suggestions(reader: Reader, typed: str, about: Subject | None, *, base: Factory | Organisation) -> list[Shown]:
    """While a case is typed: what fits its words, and what was about the same rule and kind of machine as its finding."""
    found = {one.entry.pk: one.entry for one in find(reader, typed, limit=MOST_SUGGESTED)} if typed.strip() else {}
    document = (about.document or {}) if about is not None else {}
    if document.get("rule"):
        rows = SearchEntry.objects.filter(reader.sees, rule=document["rule"]).defer("terms").order_by("-pk")[:200]
        subject = document.get("subject") or {}
        names = tuple(str(name) for name in (subject.get("column"), subject.get("asset"), subject.get("table")) if name)
        machine = machine_of(names)
        like = sorted(
            rows, key=lambda row: (machine is None or machine_of((row.title_ko, row.text_ko)) != machine, -row.pk)
        )
        found |= {row.pk: row for row in like[:3]}
    return [_shown(entry, typed, base) for entry in list(found.values())[: MOST_SUGGESTED + 3]]


def _shown(entry: SearchEntry, typed: str, base: Factory | Organisation) -> Shown:
    english = current() == "en" and entry.title_en
    title, text = (entry.title_en, entry.text_en) if english else (entry.title_ko, entry.text_ko)
    kinds = {"case": _("Case"), "article": _("Article"), "knowhow": _("What helped")}
    return Shown(
        kind=entry.kind,
        kind_words=kinds[entry.kind],
        title=marked(title, typed),
        text=marked(_near(text, typed), typed),
        url=_url(entry, base),
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
