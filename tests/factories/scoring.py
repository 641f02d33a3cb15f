"""Whether findings agree with the truth of a made factory. Strict: the rule's own name and the right column."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.factories.made import TIME_RULES, MadeFactory, Planted

from jasang.diagnose.finding import Finding, Severity

ENERGY_RULES = ("idle_energy", "peak_demand", "energy_per_piece")
_START_WORDS = re.compile(r"start|warm|stop|first|시작|시동|정지|가동|처음|초품|초기|예열", re.IGNORECASE)


@dataclass(kw_only=True)
class Score:
    """One factory judged. `hits[i]` is the finding that names `planted[i]`, or `None`."""

    made: MadeFactory
    hits: list[Finding | None] = field(default_factory=list)
    first_cause: list[bool] = field(default_factory=list)  # a driver's cause stands first in its finding
    other_rule: list[str] = field(default_factory=list)  # rules that named the right column by another name
    false_act: list[Finding] = field(default_factory=list)
    false_watch: list[Finding] = field(default_factory=list)

    def onset_hours(self, place: int) -> float | None:
        """Error of `since` in hours, where both sides name a moment."""
        hit, truth = self.hits[place], self.made.planted[place]
        if hit is None or hit.since is None or truth.since is None:
            return None
        return abs((hit.since - truth.since).total_seconds()) / 3600

    def onset_error(self, place: int) -> float | None:
        """The same as a share of the record."""
        hours = self.onset_hours(place)
        first, last = self.made.span
        return None if hours is None else hours * 3600 / (last - first).total_seconds()

    def worth(self, place: int) -> tuple[float, bool] | None:
        """Worth found over worth planted, and whether its interval holds the planted one; `None` where a side names none."""
        hit, truth = self.hits[place], self.made.planted[place]
        if hit is None or hit.worth is None or hit.worth.currency != "KRW" or not truth.worth:
            return None
        return hit.worth.amount / truth.worth, bool(hit.worth.low <= truth.worth <= hit.worth.high)


def judge(made: MadeFactory, findings: Sequence[Finding]) -> Score:
    """Every planted problem against the findings, and every loud finding against the planted problems."""
    score = Score(made=made)
    for truth in made.planted:
        hits = [finding for finding in findings if names(finding, truth)]
        best = next((hit for hit in hits if _leads(hit, truth)), hits[0] if hits else None)
        score.hits.append(best)
        score.first_cause.append(best is not None and _leads(best, truth))
        score.other_rule.append(",".join(sorted({f.rule for f in findings if f not in hits and _about(f, truth)})))
    for finding in findings:
        if any(names(finding, truth) or _about(finding, truth) for truth in made.planted):
            continue
        if finding.severity is Severity.ACT:
            score.false_act.append(finding)
        elif finding.severity is Severity.WATCH:
            score.false_watch.append(finding)
    return score


def names(finding: Finding, truth: Planted) -> bool:
    """The finding is of the planted rule and about the planted column, machine and product."""
    subject = finding.subject
    if (
        finding.rule != truth.rule
        or not _agree(subject.asset, truth.asset)
        or not _agree(subject.product, truth.product)
    ):
        return False
    if truth.rule == "driver":
        return subject.column == truth.outcome and any(_is_cause(cause.column, truth) for cause in finding.causes)
    if truth.rule in ("duplicate_rows", "impossible_time"):
        return subject.table == truth.table
    if truth.rule == "early_warning":  # two of the three columns are named among the first five
        named = {cause.column for cause in finding.causes[:5]} & {truth.column, *truth.also}
        return subject.column == truth.outcome and len(named) >= 2
    if truth.rule == "monitor_alarm":
        return subject.table == truth.table and truth.column in {cause.column for cause in finding.causes[:3]}
    if truth.rule in TIME_RULES:
        return True  # the machine says it all
    if truth.rule == "downtime":
        return truth.level is not None and truth.level in _words(finding)
    return subject.table == truth.table and subject.column == truth.column


def _agree(found: str | None, true: str | None) -> bool:
    return found is None or true is None or found == true


def _is_cause(column: str, truth: Planted) -> bool:
    if column == truth.column or column in truth.also:
        return True
    return truth.column == "start_up" and bool(_START_WORDS.search(column))


def _leads(finding: Finding, truth: Planted) -> bool:
    return truth.rule != "driver" or (bool(finding.causes) and _is_cause(finding.causes[0].column, truth))


def _words(finding: Finding) -> str:
    said = [finding.text.ko, finding.text.en, *(f"{e.name} {e.label.ko}" for e in finding.evidence)]
    return " ".join([*said, *(f"{cause.column} {cause.level}" for cause in finding.causes)])


def _about(finding: Finding, truth: Planted) -> bool:
    """The finding tells of the planted fact in other words: the same column, or the outcome that the cause spoils."""
    if truth.rule in TIME_RULES:
        return finding.rule in (*TIME_RULES, "downtime")
    if truth.rule in ("duplicate_rows", "downtime", "impossible_time", "gauge"):
        return finding.rule == truth.rule
    if finding.rule in ENERGY_RULES:
        return truth.rule in ENERGY_RULES
    if finding.rule == "monitor_alarm":
        return finding.subject.table == truth.table and truth.column in {cause.column for cause in finding.causes}
    if finding.rule == "driver":
        causes = [cause.column for cause in finding.causes]
        return any(_is_cause(cause, truth) for cause in causes) or (
            finding.subject.column == truth.column and truth.rule != "driver" and finding.subject.column is not None
        )
    return finding.subject.column is not None and finding.subject.column in (truth.column, truth.outcome)
