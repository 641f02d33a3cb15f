"""Which finding is which, over repeated diagnoses of a factory whose record grows: which are new, still there, or gone.

A finding keeps its identity by rule, table (without the dates in its file name), column, machine, product and, for stops, the
reason. Two findings that share all of these are told apart by their onset, the earlier first.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jasang.diagnose.finding import Finding

_NUMBERS = re.compile(r"[\d._\-\s()]+")
_FORMAT = re.compile(r"\.(csv|tsv|txt|xlsx?|xlsm|parquet|gz)$", re.IGNORECASE)
SAME_ONSET = timedelta(
    days=3
)  # an estimate of the onset moves by so much, or by a tenth of the time since, as data are added


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A finding as it was seen in one diagnosis: what makes it itself, its onset, and how it is called."""

    name: str
    fingerprint: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What became of the findings: `still` maps names of now to names of before; `new` and `gone` are names."""

    still: dict[str, str]
    new: tuple[str, ...]
    gone: tuple[str, ...]


def fingerprint(finding: Finding) -> str:
    """Rule and eight digits that stay the same as long as the finding is about the same thing, for example "drift-1f0c9a2b"."""
    subject = finding.subject
    reason = None
    if finding.check is not None and finding.check.metric == "down_share" and finding.causes:
        reason = finding.causes[0].level
    return fingerprint_of(finding.rule, subject.table, subject.column, subject.asset, subject.product, reason)


def fingerprint_of(
    rule: str, table: str, column: str | None, asset: str | None, product: str | None, reason: str | None = None
) -> str:
    """The same from its parts, for findings that were kept as data."""
    parts = (rule, table_stem(table), column or "", asset or "", product or "", reason or "")
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
    return f"{rule}-{digest[:8]}"


def table_stem(file: str) -> str:
    """The file's name without ending, dates and numbers: next month's export is the same table.

    >>> table_stem("units_2026-03.csv") == table_stem("units_2026-04 (2).csv")
    True
    """
    bare = file
    while _FORMAT.search(bare):
        bare = _FORMAT.sub("", bare)
    return _NUMBERS.sub(" ", bare).strip().lower() or bare.lower()


def names_of(findings: Sequence[Finding]) -> tuple[str, ...]:
    """A name for each finding of one diagnosis: its fingerprint, with "-2", "-3" for later onsets of the same."""
    by_print: dict[str, list[int]] = {}
    for place, finding in enumerate(findings):
        by_print.setdefault(fingerprint(finding), []).append(place)
    names = [""] * len(findings)
    for text, places in by_print.items():
        ordered = sorted(places, key=lambda place: (_onset(findings[place]), place))
        for number, place in enumerate(ordered):
            names[place] = text if number == 0 else f"{text}-{number + 1}"
    return tuple(names)


def seen(findings: Sequence[Finding]) -> tuple[Seen, ...]:
    """The findings of one diagnosis as `compare` takes them."""
    return tuple(
        Seen(name=name, fingerprint=fingerprint(finding), since=finding.since)
        for name, finding in zip(names_of(findings), findings, strict=True)
    )


def compare(before: Sequence[Seen], now: Sequence[Seen], *, at: datetime) -> Comparison:
    """Which findings of `now` were there `before`; `at` is the end of the newer record.

    Of findings with one fingerprint those with the nearest onsets belong together, as long as these are near at all; an onset
    that is not known fits any.
    """
    pairs = sorted(
        (
            (_distance(old.since, new.since), old_place, new_place)
            for old_place, old in enumerate(before)
            for new_place, new in enumerate(now)
            if old.fingerprint == new.fingerprint and _near(old.since, new.since, at)
        ),
    )
    still: dict[str, str] = {}
    taken: set[int] = set()
    for _, old_place, new_place in pairs:
        if old_place not in taken and now[new_place].name not in still:
            taken.add(old_place)
            still[now[new_place].name] = before[old_place].name
    return Comparison(
        still=still,
        new=tuple(one.name for one in now if one.name not in still),
        gone=tuple(one.name for place, one in enumerate(before) if place not in taken),
    )


def _onset(finding: Finding) -> float:
    return finding.since.timestamp() if finding.since is not None else float("-inf")


def _distance(one: datetime | None, other: datetime | None) -> float:
    return abs((one - other).total_seconds()) if one is not None and other is not None else 0.0


def _near(one: datetime | None, other: datetime | None, at: datetime) -> bool:
    if one is None or other is None:
        return True
    return abs(one - other) <= max(SAME_ONSET, 0.1 * (at - min(one, other)))
