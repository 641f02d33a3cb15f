"""The use case after the action: which finding was it, what was done when, and did it help?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from jasang.diagnose.evidence_base import ColumnSource, EvidenceBase, TableData
from jasang.diagnose.finding import Finding, Subject
from jasang.diagnose.identity import fingerprint, fingerprint_of, names_of, table_stem
from jasang.diagnose.studies.effects import Action, Answer, effect_study, judge_action
from jasang.diagnose.study import Study, StudyResult
from jasang.errors import JasangError, WrongArguments
from jasang.mentor.asked_data import open_evidence
from jasang.mentor.diagnose import run_rules
from jasang.mentor.grouping import grouped
from jasang.plant.text import Progress, Text, silent

FEWEST_ROWS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What to measure, where nobody asks for it by a finding: a metric of `Check` with its table, column, machine and product."""

    name: str
    table: str | None = None
    column: str | None = None
    asset: str | None = None
    product: str | None = None
    expected: float | None = None


def verify(
    path: Path,
    *,
    done: date,
    finding: str | None = None,
    metric: Metric | None = None,
    days: int | None = None,
    controls: bool = True,
    progress: Progress = silent,
) -> StudyResult:
    """Whether an action helped: of a finding (its name, its rule, or its number in the list), or on a metric.

    The finding is looked for in the data before the action, for afterwards it may be gone.

    Raises
    ------
    WrongArguments
        No such finding or metric; names those there are.
    UnreadableInput
        The input cannot be read.
    JasangError
        There is too little data before or after the action.
    """
    with open_evidence(path, progress=progress) as evidence:
        moment = beginning(done, evidence.factory.timezone)
        if finding is not None:
            found = find_finding(evidence, finding, moment, progress=progress)
            if found.check is None:
                study = _presence_study(_presence(evidence, fingerprint(found), found.subject, moment, progress))
            else:
                study = effect_study(answer_for(evidence, found, moment, days=days, controls=controls))
        elif metric is not None:
            study = effect_study(_measured(evidence, metric, moment, days=days, controls=controls))
        else:
            raise WrongArguments(
                ko="--finding 또는 --metric 가운데 하나가 필요합니다.", en="Either --finding or --metric is needed."
            )
        return StudyResult(factory=evidence.factory.name, timezone=evidence.factory.timezone, studies=(study,))


def answer(path: Path, options: Mapping[str, str], progress: Progress) -> StudyResult:
    """The same with options as a page gives them."""
    try:
        done = date.fromisoformat(options.get("done", ""))
    except ValueError:
        raise WrongArguments(
            ko="조치한 날을 2026-05-01처럼 적어 주세요.", en="Expected the day of the action as 2026-05-01."
        ) from None
    return verify(path, done=done, finding=options.get("finding"), progress=progress)


def beginning(day: date, timezone: str) -> np.datetime64:
    """The beginning of the day on the factory's clock, datetime64[us] in UTC."""
    moment = datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
    return np.datetime64(moment.replace(tzinfo=None), "us")


def answer_for(
    evidence: EvidenceBase, found: Finding, done: np.datetime64, *, days: int | None = None, controls: bool = True
) -> Answer:
    """The effect of the action on the metric of the finding's check.

    Raises
    ------
    JasangError
        There is too little data before or after the action, or the metric is not in the data.
    """
    if found.check is None:
        raise WrongArguments(
            ko="이 발견에는 잴 수 있는 지표가 없습니다.", en="This finding has no metric that could be measured."
        )
    action = Action(
        done=done,
        subject=found.subject,
        metric=found.check.metric,
        expected=found.check.expected,
        days=days or found.check.days,
        reason=found.causes[0].level if found.causes and found.check.metric == "down_share" else None,
        worth=found.worth,
        since=None if found.since is None else _utc(found.since),
    )
    return _judged(evidence, action, controls)


def _measured(
    evidence: EvidenceBase, metric: Metric, done: np.datetime64, *, days: int | None, controls: bool
) -> Answer:
    tables = [data for data in evidence.tables if metric.table in (None, data.table.file)]
    named = [data for data in tables if any(column.name == metric.column for column in data.table.columns)]
    chosen = (named if metric.column is not None else tables)[:1]
    if not chosen:
        files = ", ".join(data.table.file for data in evidence.tables)
        raise WrongArguments(
            ko=f"표 '{metric.table}'나 항목 '{metric.column}'이(가) 없습니다. 있는 표: {files}",
            en=f"There is no table {metric.table!r} with column {metric.column!r}. Tables there are: {files}",
        )
    largest = max(tables if metric.column is None else named, key=lambda data: data.rows)
    subject = Subject(table=largest.table.file, column=metric.column, asset=metric.asset, product=metric.product)
    action = Action(done=done, subject=subject, metric=metric.name, expected=metric.expected, days=days)
    return _judged(evidence, action, controls)


def _judged(evidence: EvidenceBase, action: Action, controls: bool) -> Answer:
    try:
        return judge_action(evidence, action, controls=controls)
    except ValueError as error:
        day = str(action.done.astype("datetime64[D]"))
        raise JasangError(
            ko=f"{action.subject.table}: {day} 앞뒤로 '{action.metric}'을(를) 견줄 데이터가 모자랍니다. "
            "조치 전 10일, 조치 뒤 3일 이상의 데이터가 든 파일이 필요합니다.",
            en=f"{action.subject.table}: not enough data around {day} to judge {action.metric!r} ({error}). "
            "Expected data of at least 10 days before the action and 3 after it.",
        ) from error


def find_finding(evidence: EvidenceBase, wanted: str, done: np.datetime64, *, progress: Progress = silent) -> Finding:
    """The finding of that name, rule, or number in the ranked list, from the data before the action; else from all the data.

    Raises
    ------
    WrongArguments
        There is none, or several; names those there are.
    """
    listed: list[tuple[str, Finding]] = []
    for part in (evidence_between(evidence, end=done), evidence):
        if not part.tables:
            continue
        findings = run_rules(part, progress=progress)
        named = list(zip(names_of(findings), findings, strict=True))
        fitting = _fitting(named, wanted)
        if len(fitting) == 1:
            return fitting[0]
        listed = listed or named
    names = ", ".join(f"{name} ({finding.subject.column or finding.subject.table})" for name, finding in listed[:12])
    raise WrongArguments(
        ko=f"발견 '{wanted}'을(를) 하나로 정할 수 없습니다. 있는 발견: {names or '없음'}",
        en=f"There is no single finding {wanted!r}. Findings there are: {names or 'none'}",
    )


def _fitting(named: Sequence[tuple[str, Finding]], wanted: str) -> list[Finding]:
    if wanted.isdecimal():
        place = int(wanted) - 1
        told = grouped([finding for _, finding in named])
        return [told[place][0]] if 0 <= place < len(told) else []
    looser = (
        [finding for name, finding in named if name == wanted],
        [
            finding
            for name, finding in named
            if name.startswith(wanted) or wanted in (finding.rule, fingerprint(finding))
        ],
        [one for _, one in named if wanted in (one.subject.column, f"{one.rule}:{one.subject.column}")],
    )
    for found in looser:
        if found:
            return found
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class _SomeRows:
    """A `ColumnSource` that shows some rows of another."""

    whole: ColumnSource
    chosen: np.ndarray

    @property
    def rows(self) -> int:
        """Number of rows shown."""
        return int(self.chosen.size)

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        """The columns at these rows."""
        return self.whole.read(columns)[self.chosen]


def evidence_between(
    evidence: EvidenceBase, *, first: np.datetime64 | None = None, end: np.datetime64 | None = None
) -> EvidenceBase:
    """The evidence with rows from `first` on and before `end` only; tables that keep too few rows are left out."""
    tables = []
    for data in evidence.tables:
        if data.time is None:
            continue
        inside = ~np.isnat(data.time)
        inside &= True if first is None else data.time >= first
        inside &= True if end is None else data.time < end
        rows = np.flatnonzero(inside)
        if rows.size >= FEWEST_ROWS:
            source = _SomeRows(whole=data.source, chosen=rows)
            tables.append(TableData(table=data.table, source=source, time=data.time[rows]))
    described = tuple(data.table for data in tables)
    return EvidenceBase(factory=replace(evidence.factory, tables=described), tables=tuple(tables))


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """For a finding without a metric, such as a fault in the data: whether it is still there in the data after the action."""

    still: bool
    subject: Subject

    @property
    def text(self) -> Text:
        """The answer in a sentence."""
        if self.still:
            return Text(
                ko="아직 그대로입니다. 조치 뒤의 데이터에서도 같은 문제가 보입니다.",
                en="It is still there in the data since.",
            )
        return Text(ko="사라졌습니다. 조치 뒤의 데이터에서는 보이지 않습니다.", en="It is gone from the data since.")


def _presence(evidence: EvidenceBase, mark: str, subject: Subject, done: np.datetime64, progress: Progress) -> Presence:
    after = evidence_between(evidence, first=done)
    if not after.tables:
        raise JasangError(
            ko="조치 뒤의 데이터가 없습니다. 조치 뒤 데이터가 든 파일을 주세요.",
            en="There is no data after the action; expected a file that reaches beyond it.",
        )
    return Presence(still=any(fingerprint(one) == mark for one in run_rules(after, progress=progress)), subject=subject)


def _presence_study(presence: Presence) -> Study:
    return Study(
        kind="effect",
        title=Text(ko="조치가 효과가 있었나?", en="Did the action help?"),
        answer=presence.text,
        subject=presence.subject,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A finding that was kept as data (`jasang.findings/1`) and the day its action was taken."""

    document: Mapping[str, Any]
    done: date


def verify_kept(path: Path, kept: Kept, *, progress: Progress = silent) -> Answer | Presence:
    """Whether the action of a kept finding helped, by the data at `path`.

    Raises
    ------
    JasangError
        There is too little data before or after the action, or the data cannot be read.
    """
    document, given = kept.document, kept.document["subject"]
    with open_evidence(path, progress=progress) as evidence:
        table = _same_table(evidence, given["table"])
        subject = Subject(table=table, column=given["column"], asset=given["asset"], product=given["product"])
        done = beginning(kept.done, evidence.factory.timezone)
        check = document["check"]
        if not check:
            mark = fingerprint_of(document["rule"], table, subject.column, subject.asset, subject.product)
            return _presence(evidence, mark, subject, done, progress)
        causes, since = document["causes"], document["since"]
        action = Action(
            done=done,
            subject=subject,
            metric=check["metric"],
            expected=check["expected"],
            days=check["days"],
            reason=causes[0]["level"] if causes and check["metric"] == "down_share" else None,
            since=None if since is None else _utc(datetime.fromisoformat(since)),
        )
        return _judged(evidence, action, controls=True)


def _same_table(evidence: EvidenceBase, file: str) -> str:
    """The table of that name, or the one of the same name but for its dates."""
    files = [data.table.file for data in evidence.tables]
    alike = [name for name in files if table_stem(name) == table_stem(file)]
    return file if file in files or not alike else alike[0]


def _utc(moment: datetime) -> np.datetime64:
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")
