"""Difficulties that several factories have in common: cases alike by rule, words and context, with the evidence for it."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

ALIKE = 0.3  # similarity of a case to those of a difficulty, from which it joins
SHARED = 0.5  # share of the cases that have a word, from which it is told as evidence
LEAST_FACTORIES = 3
_WORDS, _RULE, _CONTEXT = 0.6, 0.3, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedCase:
    """A case as it is compared: `words` are its terms (`mentor.search.Analyser`), `context` its kind of machine or process."""

    key: str
    factory: str
    words: frozenset[str]
    opened: datetime
    rule: str = ""
    context: str = ""
    solved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Difficulty:
    """Cases of at least three factories that are alike, oldest first, and why they are."""

    cases: tuple[str, ...]
    factories: tuple[str, ...]
    words: tuple[str, ...]  # that at least half of the cases share, rarest first
    rule: str  # of most of the cases; blank where they have none in common
    context: str
    first: datetime
    last: datetime
    solved: int


def common_difficulties(cases: Iterable[ReportedCase], *, least_factories: int = LEAST_FACTORIES) -> list[Difficulty]:
    """Difficulties of at least so many factories, those of most factories first.

    Cases join, oldest first, the group whose cases are on average most like them (words weighed by how rare they are); each
    belongs to one group. The result does not depend on the order in which cases are given.
    """
    given = sorted(cases, key=lambda case: (case.opened, case.key))
    having = Counter(word for case in given for word in case.words)
    rare = {word: math.log(1 + len(given) / number) for word, number in having.items()}
    groups: list[list[ReportedCase]] = []
    for case in given:
        best, alike = None, ALIKE
        for group in groups:
            mean = sum(similarity(case, other, rare) for other in group[-20:]) / len(group[-20:])
            if mean >= alike:
                best, alike = group, mean
        if best is None:
            groups.append([case])
        else:
            best.append(case)
    found = [_difficulty(group, rare) for group in groups if len({one.factory for one in group}) >= least_factories]
    return sorted(found, key=lambda one: (-len(one.factories), -len(one.cases), one.first, one.cases))


def similarity(one: ReportedCase, other: ReportedCase, rare: dict[str, float]) -> float:
    """0 to 1: words shared, by their rareness, and the same rule and context; two different rules are never alike."""
    if one.rule and other.rule and one.rule != other.rule:
        return 0.0
    both = sum(rare[word] for word in one.words | other.words)
    words = sum(rare[word] for word in one.words & other.words) / both if both else 0.0
    rule = float(bool(one.rule) and one.rule == other.rule)
    context = float(bool(one.context) and one.context == other.context)
    return _WORDS * words + _RULE * rule + _CONTEXT * context


def _difficulty(group: Sequence[ReportedCase], rare: dict[str, float]) -> Difficulty:
    counts = Counter(word for case in group for word in case.words)
    shared = [word for word, number in counts.items() if number >= SHARED * len(group)]
    return Difficulty(
        cases=tuple(case.key for case in group),
        factories=tuple(sorted({case.factory for case in group})),
        words=tuple(sorted(shared, key=lambda word: (-rare[word], word))),
        rule=_most(case.rule for case in group),
        context=_most(case.context for case in group),
        first=group[0].opened,
        last=group[-1].opened,
        solved=sum(case.solved for case in group),
    )


def _most(values: Iterable[str]) -> str:
    """The value that more than half of them have, or blank."""
    counts = Counter(values)
    value, number = min(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return value if number > counts.total() / 2 else ""
