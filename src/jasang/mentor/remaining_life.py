"""The question "how long will it last?" asked of a factory's data: lives from a counter of use, or a trend towards a limit."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from jasang.analyze.remaining_life import (
    NoTrend,
    TooFewFailures,
    lives_from_resets,
    remaining_by_trend,
)
from jasang.diagnose.evidence_base import TableData
from jasang.diagnose.finding import Subject
from jasang.diagnose.studies.remaining_life import lives_study, trend_study
from jasang.diagnose.study import Study, StudyResult
from jasang.errors import JasangError, WrongArguments
from jasang.mentor.asked_data import AskedColumn, asked_column, open_evidence
from jasang.plant.text import Progress, Text, silent

_LEAST_TIMED = 0.95


def life_of(
    path: Path,
    *,
    counter: str | None = None,
    failures: str | None = None,
    column: str | None = None,
    limit: float | None = None,
    planned: float | None = None,
    failure: float | None = None,
    table: str | None = None,
    asset: str | None = None,
    progress: Progress = silent,
) -> StudyResult:
    """How long things last (`counter`, `failures`: a column of 0 and 1, default the verdict), or when `column` reaches `limit`.

    Parameters
    ----------
    planned, failure : cost of a planned replacement and of one after a failure, for the age of replacement.

    Raises
    ------
    WrongArguments
        Neither `counter` nor `column` with `limit`; no such column; costs that make no sense.
    JasangError
        Too few failures, or no trend towards the limit; says which.
    UnreadableInput
        The input cannot be read.
    """
    if (counter is None) == (column is None) or (column is not None and limit is None):
        raise WrongArguments(
            ko="바꿀 때 0으로 돌아가는 사용량 항목(--counter), 또는 닳아 가는 값과 그 한계(--column, --limit)를 골라 주세요.",
            en="Choose the use since the last replacement (--counter), or a wearing quantity and its limit (--column, --limit).",
        )
    if (planned is None) != (failure is None) or (
        planned is not None and failure is not None and not 0 < planned < failure
    ):
        raise WrongArguments(
            ko="--planned(미리 바꾸는 비용)와 --failure(고장 난 뒤 비용)를 함께, 앞이 더 작게 주세요.",
            en="Expected --planned and --failure together, the planned replacement costing less than the failure.",
        )
    with open_evidence(path, progress=progress) as base:
        asked = asked_column(base, str(counter or column), table=table, asset=asset)
        lives = counter is not None
        study = _lives(asked, failures, planned, failure) if lives else _trend(asked, float(limit or 0.0))
        return StudyResult(factory=base.factory.name, timezone=base.factory.timezone, studies=(study,))


def _lives(asked: AskedColumn, failures: str | None, planned: float | None, failure: float | None) -> Study:
    data = asked.data
    flags = data.defects() if failures is None else _flags(data, failures)
    if flags is None:
        raise WrongArguments(
            ko=f"{data.table.file}: 고장이 적힌 열이 없습니다. --failures로 0과 1이 적힌 열을 주세요.",
            en=f"{data.table.file}: no column of failures. Name one of 0 and 1 with --failures.",
        )
    use = data.numbers(asked.column.name)[asked.rows]
    try:
        lives = lives_from_resets(use, np.nan_to_num(flags[asked.rows]))
        known = use[~np.isnan(use)]
        return lives_study(
            lives,
            _subject(asked),
            asked.column.unit or "",
            age=float(max(known[-1], 0.0)),
            planned=planned,
            failure=failure,
        )
    except TooFewFailures as error:
        raise JasangError(
            ko=f"수명을 말할 수 없습니다. 고장이 {error.found}번뿐입니다({error.needed}번 필요).",
            en=f"No life can be stated: {error.found} failures recorded, {error.needed} are needed.",
        ) from error
    except ValueError as error:
        raise JasangError(
            ko=f"{data.table.file}: '{asked.column.name}'에서 수명을 셀 수 없습니다({error}).",
            en=f"{data.table.file}: no lives can be read from '{asked.column.name}': {error}.",
        ) from error


def _flags(data: TableData, name: str) -> np.ndarray:
    if name not in {column.name for column in data.table.columns}:
        raise WrongArguments(
            ko=f"{data.table.file}: 항목 '{name}'이(가) 없습니다.",
            en=f"{data.table.file}: there is no column '{name}'.",
        )
    values = data.numbers(name)
    known = values[~np.isnan(values)]
    if not known.size or not np.isin(known, (0.0, 1.0)).all():
        raise WrongArguments(
            ko=f"{data.table.file}: '{name}'에는 0과 1만 있어야 합니다.",
            en=f"{data.table.file}: '{name}' must hold 0 and 1 only.",
        )
    return values


def _trend(asked: AskedColumn, limit: float) -> Study:
    values = asked.data.clean(asked.column.name)[asked.rows]
    time, each = np.arange(values.size, dtype=np.float64), Text(ko="행", en="rows")
    if asked.data.time is not None:
        moments = asked.data.time[asked.rows]
        known = ~np.isnat(moments)
        if known.size and known.mean() >= _LEAST_TIMED:
            days = (moments - moments[known].min()) / np.timedelta64(1, "D")
            time, each = np.where(known, days, np.nan), Text(ko="일", en="days")
    try:
        found = remaining_by_trend(time, values, limit)
    except NoTrend as error:
        raise JasangError(
            ko=f"'{asked.column.name}'이(가) 한계 {limit:g}에 언제 닿을지 말할 수 없습니다. {_WHY[error.why]}",
            en=f"When '{asked.column.name}' reaches {limit:g} cannot be said: {error}.",
        ) from error
    return trend_study(time, values, limit, found, _subject(asked), asked.column.unit or "", each)


_WHY = {
    "few": "측정값이 너무 적습니다.",
    "reached": "이미 한계를 넘었습니다.",
    "unclear": "한계 쪽으로 움직인다고 할 만큼 뚜렷한 추세가 없습니다.",
}


def _subject(asked: AskedColumn) -> Subject:
    return Subject(table=asked.data.table.file, column=asked.column.name, asset=asked.data.table.asset)


def answer(path: Path, options: Mapping[str, str], progress: Progress) -> StudyResult:
    """The same with options as a page gives them."""
    limit = options.get("limit")
    return life_of(
        path,
        counter=options.get("counter") or None,
        column=options.get("column") or None,
        limit=float(limit) if limit else None,
        failures=options.get("failures") or None,
        progress=progress,
    )
