"""Findings of one kind in one file, told once: ten dead channels are one paragraph, the notes of one event one line."""

from collections.abc import Sequence
from dataclasses import dataclass

from jasang.diagnose.finding import Finding, Severity

_FEWEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """What decides whether findings are told together."""

    rule: str
    severity: Severity
    table: str
    drawn: bool  # has charts


def grouped(findings: Sequence[Finding]) -> list[tuple[Finding, ...]]:
    """The ranked findings as groups, each where its first finding stands; nothing is left out.

    Three or more of one rule, severity and file are one group: notes always, louder ones where they have no charts to show.
    Everything else is a group of one.
    """
    kin = [
        Kin(rule=one.rule, severity=one.severity, table=one.subject.table, drawn=bool(one.charts)) for one in findings
    ]
    return [tuple(findings[place] for place in places) for places in grouped_places(kin)]


def grouped_places(kin: Sequence[Kin]) -> list[tuple[int, ...]]:
    """The same as places in the ranked list: each group a tuple of places, groups in the order of their first."""
    together: dict[Kin, list[int]] = {}
    for place, one in enumerate(kin):
        if one.severity is Severity.NOTE:
            one = Kin(rule=one.rule, severity=one.severity, table=one.table, drawn=False)
        if not one.drawn:
            together.setdefault(one, []).append(place)
    groups = [tuple(places) for places in together.values() if len(places) >= _FEWEST]
    inside = {place for places in groups for place in places}
    return sorted([*groups, *((place,) for place in range(len(kin)) if place not in inside)])
