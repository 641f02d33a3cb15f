"""From what a factory's data show to the numbers of `LiveFacts`: uptime, latency, what is typed by hand, reaction.

Our own definitions, in docs/level.md; each is kept simple enough to be checked by hand on the page that shows what it rests on.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import median

from jasang.diagnose.level.evidence import UPTIME_DAYS
from jasang.plant.factory import Role


class RecordKind(StrEnum):
    """Of what a record tells: the 4M1E of the shop floor."""

    MAN = "man"
    MACHINE = "machine"
    MATERIAL = "material"
    METHOD = "method"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A column of a file or a signal of a machine. `by_itself`: nobody typed or handed it over."""

    name: str
    place: str  # file or machine
    kind: RecordKind
    by_itself: bool


# Where a name says what the values are about; tried in this order, for "작업자 조건" tells of the person.
_WORDS = (
    (RecordKind.MAN, r"operator|worker|inspector|employee|\bshift\b|crew|작업자|사원|사번|근무|검사원|담당|작업조"),
    (
        RecordKind.ENVIRONMENT,
        r"ambient|humid|\brh\b|room|outdoor|weather|dew|외기|습도|실내|온습도|기온|날씨|이슬점|분진",
    ),
    (
        RecordKind.MATERIAL,
        r"material|supplier|vendor|resin|powder|ingot|\bheat(_?no|_?id)?\b|\bcoil|\blot|batch|원료|원자재|자재|소재|로트|거래처|공급|입고|수지|배치",
    ),
    (
        RecordKind.METHOD,
        r"set_?(point|ting)?$|[_. ]sp$|recipe|program|\bmode\b|standard|target|설정|조건|레시피|프로그램|표준|공법",
    ),
)
_PATTERNS = tuple((kind, re.compile(words, re.IGNORECASE)) for kind, words in _WORDS)
# "_" counts as a letter for \b: names are looked at with it as a blank.
_BLANKS = re.compile(r"[_\-./]+")
_NO_RECORD = (
    Role.TIME, Role.PRODUCT, Role.QUALITY, Role.DEFECT, Role.REASON, Role.START, Role.END, Role.SIGNAL, Role.VALUE,
    Role.IGNORE,
)  # fmt: skip


def record_kind(name: str, role: Role | None = None) -> RecordKind | None:
    """Of which of the 4M1E a column or signal tells; nothing for times, results and what only names a piece."""
    if role in _NO_RECORD:
        return None
    for kind, pattern in _PATTERNS:
        if pattern.search(name) or pattern.search(_BLANKS.sub(" ", name)):
            return kind
    if role is Role.SETTING:
        return RecordKind.METHOD
    return None if role in (Role.ID, Role.CONTEXT) else RecordKind.MACHINE


def records_not_typed(streams: Iterable[Stream]) -> float | None:
    """Mean over the five kinds of the share (0 to 1) of their streams that come by themselves; nothing without any stream.

    A kind of which nothing is recorded counts 0: it does not come without typing either.
    """
    by_kind: dict[RecordKind, list[bool]] = {}
    for stream in streams:
        by_kind.setdefault(stream.kind, []).append(stream.by_itself)
    if not by_kind:
        return None
    return sum(sum(found) / len(found) for found in by_kind.values()) / len(RecordKind)


def uptime_of_days(covered: Iterable[tuple[date, float]], today: date) -> float:
    """Share of the last 90 days with data, from the covered share (0 to 1) of each day; a day told twice counts once.

    Today counts too: a factory that collects without a break is short of a day's rest at most, a ninetieth.
    """
    first = today - timedelta(days=UPTIME_DAYS - 1)
    days: dict[date, float] = {}
    for day, share in covered:
        if first <= day <= today:
            days[day] = max(days.get(day, 0.0), share)
    return sum(days.values()) / UPTIME_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """A hand-over of a file: when its diagnosis was there, and the times of its first and last row."""

    at: datetime
    first: datetime
    last: datetime


def latency_of_files(versions: Sequence[HandedOver]) -> float | None:
    """Seconds from an event to the screen where data come as files: median over the versions of one file, oldest first.

    Of each version the middle of its new rows counts (what came after the version before). One without news says nothing.
    """
    waits = []
    seen: datetime | None = None
    for version in sorted(versions, key=lambda one: one.at):
        begin = version.first if seen is None else max(version.first, seen)
        if version.last > begin or seen is None:
            waits.append((version.at - (begin + (version.last - begin) / 2)).total_seconds())
        seen = version.last if seen is None else max(seen, version.last)
    return max(0.0, median(waits)) if waits else None


def reaction_hours(waits: Sequence[float]) -> float | None:
    """Median of the hours after which somebody reacted; nothing where nothing asked for a reaction."""
    return median(waits) if waits else None
