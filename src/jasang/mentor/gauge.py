"""The question "can the gauge be trusted?" asked of a table of a gauge study."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from jasang.analyze.gauge import RangeStudy, average_and_range, gauge_stability, gauge_study, linearity_study
from jasang.analyze.roles.gauge import GaugeColumns, gauge_columns_by_name
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.gauge_story import GaugeData, gauge_data, verdict_study
from jasang.diagnose.studies.gauge import linearity_answer, measured_answer, verdict_answer
from jasang.diagnose.studies.gauge_stability import stability_answer
from jasang.diagnose.study import Study, StudyResult
from jasang.errors import WrongArguments
from jasang.mentor.asked_data import asked_rows, asked_table, check_limits, open_evidence
from jasang.plant.factory import Kind
from jasang.plant.text import Progress, silent

_DESIGNS = ("auto", "crossed", "nested", "repeats")


def gauge_of(
    path: Path,
    *,
    table: str | None = None,
    part: str | None = None,
    operator: str | None = None,
    value: str | None = None,
    reference: str | None = None,
    lower: float | None = None,
    upper: float | None = None,
    design: str = "auto",
    progress: Progress = silent,
) -> StudyResult:
    """The gauge studies of a file or folder: every table of that kind, or the one named, with its columns as named.

    Raises
    ------
    WrongArguments
        No table is a gauge study, a column is missing, or the limits are the wrong way round.
    UnreadableInput
        The input cannot be read.
    """
    check_limits(lower, upper)
    with open_evidence(path, progress=progress) as evidence:
        named = any(one is not None for one in (table, part, operator, value, reference))
        tables = evidence.of_kind(Kind.GAUGE)
        if not tables and not named:
            raise _none_at_all(evidence)
        if named:
            tables = (asked_table(evidence, table=table, column=value or part),)
        columns = {"part": part, "operator": operator, "value": value, "reference": reference}
        studies: list[Study] = []
        for data in tables:
            studies += _studies(evidence, data, columns, (lower, upper), design)
        return StudyResult(factory=evidence.factory.name, timezone=evidence.factory.timezone, studies=tuple(studies))


def stability_of(
    path: Path,
    *,
    value: str,
    table: str | None = None,
    session: str | None = None,
    master: float | None = None,
    progress: Progress = silent,
) -> StudyResult:
    """Stability of a gauge: readings of one master in `value`, in order of time, by `session` (a column) where it is named.

    `master` is the true value. Raises `WrongArguments` for a column that is not there or fewer than four points.
    """
    with open_evidence(path, progress=progress) as evidence:
        data = asked_table(evidence, table=table, column=value)
        names = [column.name for column in data.table.columns]
        if session is not None and session not in names:
            raise WrongArguments(
                ko=f"{data.table.file}: 항목 '{session}'이(가) 없습니다. 있는 항목: {', '.join(names)}",
                en=f"{data.table.file}: there is no column '{session}'. Columns there are: {', '.join(names)}",
            )
        rows = asked_rows(data)
        sessions = None if session is None else data.labels(session).codes[rows]
        try:
            made = gauge_stability(data.clean(value)[rows], sessions, reference=master)
        except ValueError as error:
            raise WrongArguments(
                ko=f"{data.table.file} '{value}': 안정성을 볼 수 없습니다({error}). 시점이 다른 값이 4개 이상 필요합니다.",
                en=f"{data.table.file} '{value}': its stability cannot be judged: {error}.",
            ) from error
        unit = data.table.column(value).unit
        study = stability_answer(made, file=data.table.file, name=value, unit=unit)
        return StudyResult(factory=evidence.factory.name, timezone=evidence.factory.timezone, studies=(study,))


def _studies(
    evidence: EvidenceBase,
    data: TableData,
    named: Mapping[str, str | None],
    limits: tuple[float | None, float | None],
    design: str,
) -> list[Study]:
    given = gauge_data(evidence, data, _columns(data, named))
    if given is None:
        raise _no_study(data, None)
    if limits != (None, None):
        given = replace(given, low=limits[0], high=limits[1])
    if given.numbers is None:
        verdicts = verdict_study(given)
        if verdicts is None:
            raise _no_study(data, None)
        return [verdict_answer(given, verdicts)]
    try:
        study = gauge_study(
            given.numbers, given.parts, given.operators, low=given.low, high=given.high,
            design=design,  # type: ignore[arg-type]
        )  # fmt: skip
    except ValueError as error:
        linear = _linearity(given)
        if not linear:
            raise _no_study(data, error) from None
        return linear
    return [measured_answer(given, study, _form(given)), *_linearity(given)]


def _columns(data: TableData, named: Mapping[str, str | None]) -> GaugeColumns | None:
    names = [column.name for column in data.table.columns]
    for name in named.values():
        if name is not None and name not in names:
            raise WrongArguments(
                ko=f"{data.table.file}: 항목 '{name}'이(가) 없습니다. 있는 항목: {', '.join(names)}",
                en=f"{data.table.file}: there is no column '{name}'. Columns there are: {', '.join(names)}",
            )
    guessed = gauge_columns_by_name(data.table)
    said = {key: name for key, name in named.items() if name is not None}
    if guessed is not None:
        return replace(guessed, **said)  # type: ignore[arg-type]
    if "part" in said and "value" in said:
        return GaugeColumns(
            operator=said.get("operator"),
            part=said["part"],
            trial=None,
            value=said["value"],
            reference=said.get("reference"),
        )
    return None


def _form(given: GaugeData) -> RangeStudy | None:
    if given.numbers is None:
        return None
    try:
        return average_and_range(given.numbers, given.parts, given.operators)
    except ValueError:
        return None


def _linearity(given: GaugeData) -> list[Study]:
    if given.reference is None or given.numbers is None:
        return []
    try:
        references = np.array([float(text) for text in given.reference])
        return [linearity_answer(given, linearity_study(given.numbers, references))]
    except ValueError:
        return []


def _none_at_all(evidence: EvidenceBase) -> WrongArguments:
    files = ", ".join(data.table.file for data in evidence.tables)
    return WrongArguments(
        ko=f"측정 시스템 분석 표(부품·측정자·회차·측정값)가 없습니다. 있는 표: {files}. 표가 맞으면 --part, --operator, "
        f"--value로 항목을 알려 주세요.",
        en=f"There is no gauge study (part, operator, trial, value). Tables there are: {files}. If one of them is, name its "
        f"columns with --part, --operator, --value.",
    )


def _no_study(data: TableData, error: ValueError | None) -> WrongArguments:
    names = ", ".join(column.name for column in data.table.columns)
    detail = f" ({error})" if error is not None else ""
    return WrongArguments(
        ko=f"{data.table.file}: 측정 시스템 분석 표가 아닙니다{detail}. 부품·측정자·회차·측정값 항목이 필요합니다. "
        f"있는 항목: {names}. --part, --operator, --value로 알려 주세요.",
        en=f"{data.table.file} is no gauge study{detail}; expected columns of part, operator, trial and value. "
        f"Columns there are: {names}. Name them with --part, --operator, --value.",
    )


def answer(path: Path, options: Mapping[str, str], progress: Progress) -> StudyResult:
    """The same with options as a page gives them."""

    def limit(name: str) -> float | None:
        text = options.get(name, "").strip()
        return float(text) if text else None

    design = options.get("design") or "auto"
    return gauge_of(
        path,
        table=options.get("table"),
        value=options.get("value") or None,
        lower=limit("lower"),
        upper=limit("upper"),
        design=design if design in _DESIGNS else "auto",
        progress=progress,
    )
