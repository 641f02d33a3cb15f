"""The use case of the first day: a file or a folder in, ranked findings out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from threadpoolctl import threadpool_limits

from jasang.diagnose.catalog import RULES
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.finding import Finding, Severity
from jasang.diagnose.identity import names_of
from jasang.diagnose.waiting import with_waiting_time
from jasang.diagnose.worth import with_worth
from jasang.mentor.factory_data import Notice, open_factory
from jasang.mentor.findings_json import FORMAT, finding_json, moment_json
from jasang.mentor.store_data import store_evidence
from jasang.plant.factory import Column, Factory, Kind
from jasang.plant.text import Progress, Text, silent
from jasang.store import is_store

# Reading takes about this share of the whole time; only the progress bar uses it.
_READING = 0.4
_LOUDNESS = {Severity.ACT: 0, Severity.WATCH: 1, Severity.NOTE: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSummary:
    """One table as it was read: its kind, rows, span of time (UTC) and columns with their roles."""

    file: str
    kind: str
    rows: int
    first: datetime | None
    last: datetime | None
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What Jasang says of a factory's data. `findings` are ranked: severity, then worth where known, then evidence."""

    factory: Factory
    tables: tuple[TableSummary, ...]
    notices: tuple[Notice, ...]
    skipped: tuple[Notice, ...]
    findings: tuple[Finding, ...]

    @property
    def zone(self) -> ZoneInfo:
        """The factory's time zone."""
        return ZoneInfo(self.factory.timezone)

    def to_json(self) -> dict[str, Any]:
        """The document `jasang.findings/1` of docs/findings-json.md."""
        return {
            "format": FORMAT,
            "factory": self.factory.name,
            "tables": [
                {
                    "file": table.file,
                    "kind": table.kind,
                    "rows": table.rows,
                    "from": moment_json(table.first, self.zone),
                    "to": moment_json(table.last, self.zone),
                }
                for table in self.tables
            ],
            "findings": [
                finding_json(finding, self.zone, name)
                for finding, name in zip(self.findings, names_of(self.findings), strict=True)
            ],
            "notices": [
                {"file": notice.file, "rows": notice.rows, "text": {"ko": notice.text.ko, "en": notice.text.en}}
                for notice in (*self.notices, *self.skipped)
            ],
        }


def diagnose(path: Path, *, progress: Progress = silent) -> Diagnosis:
    """Diagnose a file, a factory's folder, or the folder of a collector's store.

    Raises
    ------
    UnreadableInput
        The input cannot be read; the message names file, row or field, what was found and what was expected.
    ConfigurationError
        factory.toml is wrong.
    """
    judging = _part(progress, _READING, 1.0)
    if is_store(path):
        return _judged(store_evidence(path, factory=Factory(name=path.resolve().name), progress=progress), judging)
    with open_factory(path, progress=_part(progress, 0.0, _READING)) as data:
        skipped = tuple(Notice(file=skipped.file, rows=0, text=skipped.reason) for skipped in data.skipped)
        return _judged(data.evidence, judging, notices=(*data.notices, *_not_diagnosed(data.evidence)), skipped=skipped)


def _judged(
    evidence: EvidenceBase,
    progress: Progress,
    *,
    notices: tuple[Notice, ...] = (),
    skipped: tuple[Notice, ...] = (),
) -> Diagnosis:
    """What the rules say of the evidence, with what was mended on the way in."""
    return Diagnosis(
        factory=evidence.factory,
        tables=tuple(summary(table) for table in evidence.tables),
        notices=notices,
        skipped=skipped,
        findings=run_rules(evidence, progress=progress),
    )


def _not_diagnosed(evidence: EvidenceBase) -> list[Notice]:
    """A word on each table that no rule looks at: silence about it must not be taken for a clean bill."""
    text = Text(
        ko="진단하지 않은 표입니다(생산 기록, 신호, 설비 상태가 아닌 것으로 보입니다). 아니라면 jasang inspect로 "
        "factory.toml을 만들어 kind와 열의 역할을 고치세요.",
        en="this table was not diagnosed (it looks like neither units nor signals nor states). If it is one, make a factory.toml "
        "with jasang inspect and correct its kind and roles.",
    )
    return [Notice(file=data.table.file, rows=0, text=text) for data in evidence.of_kind(Kind.OTHER)]


def run_rules(evidence: EvidenceBase, *, progress: Progress = silent) -> tuple[Finding, ...]:
    """All findings of all rules, ranked."""
    findings: list[Finding] = []
    # The rules multiply many small matrices; shared among threads each takes several times as long.
    with threadpool_limits(limits=1):
        for place, rule in enumerate(RULES):
            progress(rule.title, place / len(RULES))
            findings += rule.check(evidence)
        # Whatever the rule: who is asked to act hears what it is worth, and when the effect can be seen.
        findings = [with_waiting_time(evidence, with_worth(evidence, finding)) for finding in findings]
    progress(Text(ko="끝났습니다", en="Done"), 1.0)
    return ranked(findings)


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Loudest first; then the known worth, largest first; then the strength of the evidence."""

    def place(finding: Finding) -> tuple[int, float, float]:
        worth = finding.worth.amount if finding.worth else 0.0
        return _LOUDNESS[finding.severity], -worth, -finding.strength

    return tuple(sorted(findings, key=place))


def summary(data: TableData) -> TableSummary:
    """File, kind, rows and span of time of a table."""
    first = last = None
    if data.time is not None:
        known = data.time[~np.isnat(data.time)]
        if known.size:
            first, last = (moment.item().replace(tzinfo=UTC) for moment in (known.min(), known.max()))
    table = data.table
    return TableSummary(
        file=table.file, kind=table.kind.value, rows=data.rows, first=first, last=last, columns=table.columns
    )


def _part(progress: Progress, start: float, end: float) -> Progress:
    """The same watcher, told about a part of the whole."""
    return lambda stage, share: progress(stage, start + (end - start) * share)
