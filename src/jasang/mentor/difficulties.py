"""Difficulties that several factories have in common: cases alike by rule, words and context, with the evidence for it."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

ALIKE = 0.3  # similarity of a case to those of a difficulty, from which it joins
SHARED = 0.5  # share of the cases that have a word, from which it is told as evidence
LEAST_FACTORIES = 3
GROWING = 0.42  # likeness from which a case joins a kept difficulty: the same rule and machine alone are not enough
LATEST = 20  # cases of a difficulty that a new one is compared with
_WORDS, _RULE, _CONTEXT, _SHAPE = 0.6, 0.3, 0.1, 0.15
_SAME_SHAPE = 0.8  # correlation of profiles from which a shape counts


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedCase:
    """A case as it is compared: `words` are its terms (`mentor.search.Analyser`), `context` its kind of machine or process.

    `shape` is the profile of its signal (`mentor.shapes`), () where there is none.
    """

    key: str
    factory: str
    words: frozenset[str]
    opened: datetime
    rule: str = ""
    context: str = ""
    solved: bool = False
    shape: tuple[float, ...] = ()


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


def likeness(one: ReportedCase, other: ReportedCase, rare: Mapping[str, float]) -> float:
    """0 to 1, where difficulties grow: the cosine of the words weighed by rareness, the same rule and context where both have
    one, and a little more where the signals have the same shape. Two different rules are never alike."""
    if one.rule and other.rule and one.rule != other.rule:
        return 0.0
    parts = [(_WORDS, _cosine(one.words, other.words, rare))]
    if one.rule and other.rule:
        parts.append((_RULE, 1.0))
    if one.context and other.context:
        parts.append((_CONTEXT, float(one.context == other.context)))
    alike = sum(weight * value for weight, value in parts) / sum(weight for weight, _ in parts)
    return min(1.0, alike + _SHAPE * (shape_likeness(one.shape, other.shape) >= _SAME_SHAPE))


def _cosine(one: frozenset[str], other: frozenset[str], rare: Mapping[str, float]) -> float:
    lengths = [math.sqrt(sum(rare[word] ** 2 for word in words)) for words in (one, other)]
    both = sum(rare[word] ** 2 for word in one & other)
    return both / (lengths[0] * lengths[1]) if both else 0.0


def shape_likeness(one: Sequence[float], other: Sequence[float]) -> float:
    """Correlation of two profiles, 0 where one of them has none."""
    return sum(a * b for a, b in zip(one, other, strict=True)) / len(one) if one and other else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What new cases bring: those that join a known difficulty (case → its name), and groups that are a new one each."""

    joined: Mapping[str, str]
    found: tuple[tuple[str, ...], ...]


def grow(
    known: Mapping[str, Sequence[ReportedCase]],
    waiting: Iterable[ReportedCase],
    new: Iterable[ReportedCase],
    *,
    least_factories: int = LEAST_FACTORIES,
) -> Growth:
    """Place new cases, oldest first: in the known difficulty whose latest cases are on average most like them, else together with
    waiting ones where that makes at least so many factories. Known difficulties keep their names and their cases whatever comes.

    `waiting` are earlier cases that belong to none.
    """
    pool = {case.key: case for case in sorted(waiting, key=lambda case: (case.opened, case.key))}
    coming = sorted(new, key=lambda case: (case.opened, case.key))
    groups: dict[str, list[ReportedCase]] = {name: list(cases)[-LATEST:] for name, cases in known.items()}
    everything = [*pool.values(), *coming, *(case for cases in groups.values() for case in cases)]
    having = Counter(word for case in everything for word in case.words)
    # Among few cases the number of those with a word tells little: as if there were a hundred more without it.
    rare = {word: math.log(1 + (len(everything) + 100) / (number + 1)) for word, number in having.items()}
    joined: dict[str, str] = {}
    found: list[list[str]] = []
    made: dict[str, int] = {}
    lists = _Lists()
    for case in pool.values():
        lists.add(case)
    for case in coming:
        name = _nearest_group(case, groups, rare)
        if name is not None:
            groups[name] = [*groups[name][1 - LATEST :], case]
            if name in made:
                found[made[name]].append(case.key)
            else:
                joined[case.key] = name
            continue
        together = _together(case, [pool[key] for key in sorted(lists.near(case)) if key in pool], rare)
        if len({one.factory for one in together}) >= least_factories:
            name = f"\0{len(found)}"
            made[name] = len(found)
            groups[name] = together[-LATEST:]
            found.append([one.key for one in together])
            for one in together:
                pool.pop(one.key, None)
        else:
            pool[case.key] = case
            lists.add(case)
    return Growth(joined=joined, found=tuple(tuple(keys) for keys in found))


class _Lists:
    """Which waiting cases have a word, or a rule: only those can be like a new one."""

    def __init__(self) -> None:
        self._by: dict[str, set[str]] = defaultdict(set)

    def add(self, case: ReportedCase) -> None:
        for word in (*case.words, f"\0{case.rule}"):
            self._by[word].add(case.key)

    def near(self, case: ReportedCase) -> set[str]:
        own = [*case.words, *([f"\0{case.rule}"] if case.rule else [])]
        return set().union(*(self._by.get(word, set()) for word in own)) - {case.key}


def _nearest_group(
    case: ReportedCase, groups: Mapping[str, Sequence[ReportedCase]], rare: Mapping[str, float]
) -> str | None:
    best, alike = None, GROWING
    for name, cases in groups.items():
        if not cases or not any(one.words & case.words or (case.rule and one.rule == case.rule) for one in cases):
            continue
        mean = sum(likeness(case, other, rare) for other in cases) / len(cases)
        if mean >= alike:
            best, alike = name, mean
    return best


def _together(case: ReportedCase, near: Sequence[ReportedCase], rare: Mapping[str, float]) -> list[ReportedCase]:
    """The case with those near it that are, on average, like all taken before; oldest first."""
    ranked = sorted(((likeness(case, one, rare), one) for one in near), key=lambda pair: (-pair[0], pair[1].key))
    taken = [case]
    for alike, one in ranked[: 10 * LATEST]:
        if alike < GROWING:
            break
        latest = taken[-LATEST:]
        if sum(likeness(one, other, rare) for other in latest) / len(latest) >= GROWING:
            taken.append(one)
    return sorted(taken, key=lambda one: (one.opened, one.key))


def tellable_words(cases: Sequence[ReportedCase], *, least_factories: int = LEAST_FACTORIES) -> tuple[str, ...]:
    """Words that may be told to everybody: those of at least so many factories, so that no name, number or value of one is among
    them; of most cases first."""
    where: dict[str, set[str]] = defaultdict(set)
    often: Counter[str] = Counter()
    for case in cases:
        for word in case.words:
            if not any(sign.isdigit() for sign in word):
                where[word].add(case.factory)
                often[word] += 1
    told = [word for word, factories in where.items() if len(factories) >= least_factories]
    return tuple(sorted(told, key=lambda word: (-often[word], word)))


def _difficulty(group: Sequence[ReportedCase], rare: Mapping[str, float]) -> Difficulty:
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
