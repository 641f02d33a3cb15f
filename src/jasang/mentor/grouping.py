"""Findings that say the same of many columns, told once: ten dead channels are one paragraph on paper."""

from collections.abc import Sequence
from itertools import groupby

from jasang.diagnose.finding import Finding

_FEWEST = 3


def grouped(findings: Sequence[Finding]) -> list[tuple[Finding, ...]]:
    """The ranked findings as groups: three or more neighbours of one rule, severity and action without charts are one group.

    The order stays; nothing is left out. Everything else is a group of one.
    """
    groups: list[tuple[Finding, ...]] = []
    for _, run in groupby(findings, key=_likeness):
        alike = tuple(run)
        if len(alike) >= _FEWEST and not any(finding.charts for finding in alike):
            groups.append(alike)
        else:
            groups += [(finding,) for finding in alike]
    return groups


def _likeness(finding: Finding) -> tuple[str, str, str, str, bool]:
    return finding.rule, finding.severity, finding.subject.table, finding.action.text.en, bool(finding.charts)
