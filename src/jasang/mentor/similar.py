"""The question "when was it like this before, and what came next?" asked of a factory's data."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from threadpoolctl import threadpool_limits

from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.period_data import PeriodData, period_data
from jasang.diagnose.series import asset_rows
from jasang.diagnose.studies.similar import similar_study, similar_to, stretch_of
from jasang.diagnose.study import StudyResult
from jasang.errors import WrongArguments
from jasang.mentor.asked_data import asked_rows, asked_table, open_evidence
from jasang.plant.factory import Kind
from jasang.plant.text import Progress, silent


def similar_of(
    path: Path,
    *,
    at: str | None = None,
    hours: float | None = None,
    within: float | None = None,
    table: str | None = None,
    asset: str | None = None,
    progress: Progress = silent,
) -> StudyResult:
    """The stretches of the record most like the `hours` that end at `at` (a moment on the factory's clock; default: the latest).

    `within` are the hours in which something that follows is counted, as many as `hours` where not given. In a table without
    times hours are rows.

    Raises
    ------
    WrongArguments
        No such table, machine or moment, or too little record to compare.
    """
    for name, value in (("--hours", hours), ("--within", within)):
        if value is not None and not value > 0:
            raise WrongArguments(ko=f"{name} {value}: 0보다 커야 합니다.", en=f"{name} {value}: expected more than 0.")
    with threadpool_limits(limits=1), open_evidence(path, progress=progress) as evidence:
        found = _found(evidence, table, asset)
        unit = 3600.0 if found.timed else 1.0
        try:
            moment = None if at is None else _moment(evidence, found, at)
            start, end = stretch_of(found, moment, None if hours is None else hours * unit)
            similar = similar_to(evidence, found, start, end, horizon=None if within is None else within * unit)
        except ValueError as error:
            raise WrongArguments(
                ko=f"{found.data.table.file}: 닮은 때를 찾을 수 없습니다({error}).",
                en=f"{found.data.table.file}: no similar stretch can be looked for: {error}.",
            ) from error
        study = similar_study(evidence, similar)
        return StudyResult(factory=evidence.factory.name, timezone=evidence.factory.timezone, studies=(study,))


def answer(path: Path, options: Mapping[str, str], progress: Progress) -> StudyResult:
    """The same with options as a page gives them."""
    hours = options.get("hours")
    try:
        asked = float(hours) if hours else None
    except ValueError as error:
        raise WrongArguments(ko=f"'{hours}'은(는) 숫자가 아닙니다.", en=f"'{hours}' is no number.") from error
    return similar_of(
        path,
        at=options.get("at") or None,
        hours=asked,
        table=options.get("table") or None,
        asset=options.get("asset") or None,
        progress=progress,
    )


def _found(evidence: EvidenceBase, table: str | None, asset: str | None) -> PeriodData:
    kinds = (Kind.SIGNALS, Kind.UNITS)
    tables = evidence.of_kind(*kinds)
    if table is not None or not tables:
        tables = (asked_table(evidence, table=table, kinds=kinds),)
    for data in sorted(tables, key=lambda one: (one.table.kind != Kind.SIGNALS, -one.rows)):
        parts = sorted(asset_rows(data), key=lambda part: -part.rows.size)
        wanted = asset if asset is not None else parts[0].asset if parts else None
        rows = asked_rows(data, asset=wanted if data.table.asset_column is not None else None)
        found = period_data(data, wanted, rows)
        if found is not None:
            return found
    raise WrongArguments(
        ko="견줄 신호가 없습니다. 움직이는 숫자 항목이 있는 50행 이상의 표가 필요합니다.",
        en="There is no signal to compare; expected a table of 50 rows or more with numbers that move.",
    )


def _moment(evidence: EvidenceBase, found: PeriodData, word: str) -> float:
    if not found.timed:
        if word.isdigit():
            return float(word) - 1.0
        raise WrongArguments(
            ko=f"--at {word}: 이 표에는 시각이 없으니 행 번호로 쓰세요.",
            en=f"--at {word}: no times here; expected a row number.",
        )
    try:
        moment = datetime.fromisoformat(word)
    except ValueError as error:
        raise WrongArguments(
            ko=f"--at {word}: 시각이 아닙니다. 2026-03-01T14:30처럼 쓰세요.",
            en=f"--at {word}: no moment; expected one like 2026-03-01T14:30.",
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(evidence.factory.timezone))
    return moment.timestamp()
