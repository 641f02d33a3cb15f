"""What trouble is compared by: a row with every case when it is opened, and one for a finding that opened none.

Words are made later by the chore (the model of morphemes is no part of opening a case); the profile is there at once.
"""

from functools import lru_cache
from typing import Any

from jasang.diagnose.know_how import machine_of
from jasang.mentor.search.analyser import Analysis
from jasang.mentor.search.trade_words import trade_words
from jasang.web.center.models import Case, Event, Sighting
from jasang.web.jobs.announcing import Subject
from jasang.web.tenants.models import Factory, Organisation

MOST_WORDS = 40
_MOST_TEXT = 2000


def see_case(case: Case, subject: Subject | None) -> None:
    """Keep what the case is compared by; within the transaction that opens it."""
    Sighting.objects.of_every_factory().create(
        centre=case.centre,
        factory=case.factory,
        case=case,
        at=case.opened_at,
        profile=subject.signal if subject is not None else None,
        **_traits((subject.document or {}) if subject is not None else {}),
    )


def see_finding(factory: Factory, centre: Organisation, subject: Subject, at: Any) -> None:
    """Keep a finding that opened no case; one row over all its diagnoses."""
    name = (subject.lasting or subject.key)[:64]
    Sighting.objects.of(factory).get_or_create(
        factory=factory,
        finding=name,
        defaults={
            "centre": centre, "at": at, "title_ko": subject.title.ko[:300], "title_en": subject.title.en[:300],
            "url": subject.url, "profile": subject.signal, **_traits(subject.document or {}),
        },
    )  # fmt: skip


def _traits(document: dict[str, Any]) -> dict[str, str]:
    about = document.get("subject") or {}
    names = tuple(str(about[name]) for name in ("column", "asset", "product", "table") if about.get(name))
    return {
        "rule": str(document.get("rule") or "")[:60],
        "context": (machine_of(names) or "")[:40] if names else "",
        "names": " ".join(names)[:300],
    }


def text_of(sighting: Sighting) -> str:
    """The text whose words count: of a case what the factory wrote first, of a finding the names it speaks of."""
    case = sighting.case
    if case is None:
        return sighting.names
    first = (
        Event.objects.of_every_factory().filter(case=case, kind="opened").values_list("text", flat=True).first() or ""
    )
    # A case opened by a finding repeats the rule's sentence: its names tell more.
    return sighting.names if sighting.rule and case.customer_id is None else f"{case.title}\n{first}"[:_MOST_TEXT]


def words_of(analysis: Analysis) -> list[str]:
    """The words that tell something: meanings of the trade first, then nouns and verbs, none of a single sign."""
    found = [word for word in analysis.words if len(word) > 1 and not word.isdigit()]
    return list(dict.fromkeys(sorted(found, key=lambda word: not word.startswith("="))))[:MOST_WORDS]


def shown_word(word: str) -> str:
    """A word as it is read: a trade word by its name."""
    return word.removeprefix("=")


def english(word: str) -> str:
    """A trade word in English where it is known, else as it is."""
    plain = shown_word(word)
    return _english().get(plain, plain)


@lru_cache(maxsize=1)
def _english() -> dict[str, str]:
    return {one.meaning: next((form for form in one.forms if form.isascii()), one.meaning) for one in trade_words()}
