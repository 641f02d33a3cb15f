"""The question "is the process capable?" asked of a factory's data."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from jasang.analyze.capability import CapabilityStudy, capability_study
from jasang.analyze.capability.parts import Part, capability_by, capability_over_time, differ
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.finding import Subject
from jasang.diagnose.studies.capability import Asked, capability_answer
from jasang.diagnose.study import Study, StudyResult
from jasang.errors import WrongArguments
from jasang.mentor.asked_data import asked_column, check_limits, numeric_columns, open_evidence
from jasang.plant.factory import Column, Kind, Role
from jasang.plant.text import Progress, Text, silent

FEWEST_SINCE = 30
MOST_GROUPS = 60
_KINDS = (Kind.UNITS, Kind.SIGNALS, Kind.GAUGE, Kind.ORDERS, Kind.OTHER)


def capability_of(
    path: Path,
    *,
    column: str | None = None,
    table: str | None = None,
    by: str | None = None,
    lower: float | None = None,
    upper: float | None = None,
    target: float | None = None,
    subgroup: str | None = None,
    asset: str | None = None,
    product: str | None = None,
    shape: str = "auto",
    progress: Progress = silent,
) -> StudyResult:
    """Capability of one column, or of every column whose limits factory.toml states.

    Parameters
    ----------
    by
        "product", "asset", or the name of a column (cavity, mould, shift …); products, else machines, where nothing is said.
    subgroup
        A column whose level values made together share, or the size of consecutive subgroups.

    Raises
    ------
    WrongArguments
        No limits, no such column, too few values; says what there is.
    UnreadableInput
        The input cannot be read.
    """
    check_limits(lower, upper)
    with open_evidence(path, progress=progress) as evidence:
        names = (
            [column] if column is not None else _specified(evidence, table, any_limit=(lower, upper) != (None, None))
        )
        studies = []
        for name in names:
            asked = asked_column(evidence, name, table=table, kinds=_KINDS, asset=asset, product=product)
            stated = evidence.factory.stated_columns.get(name) or asked.column
            given = lower is not None or upper is not None
            limits = (lower, upper, target) if given else (stated.lower, stated.upper, target or stated.target)
            if limits[0] is None and limits[1] is None:
                raise WrongArguments(
                    ko=f"'{name}'의 규격을 모릅니다. --lower, --upper를 주거나 factory.toml의 [columns]에 lower, "
                    f"upper를 적으세요.",
                    en=f"The specification of '{name}' is not known. Give --lower or --upper, or write lower and upper under "
                    f"[columns] in factory.toml.",
                )
            studies.append(
                _one(evidence, asked.data, stated, asked.rows, limits, by, subgroup, shape, (asset, product))
            )
        return StudyResult(factory=evidence.factory.name, timezone=evidence.factory.timezone, studies=tuple(studies))


def _specified(evidence: EvidenceBase, table: str | None, *, any_limit: bool) -> list[str]:
    found, able = [], []
    for data in evidence.of_kind(*_KINDS):
        if table is not None and data.table.file != table:
            continue
        for column in numeric_columns(data, Role.QUALITY, Role.SENSOR, Role.VALUE):
            able.append(column.name)
            stated = evidence.factory.stated_columns.get(column.name) or column
            if stated.lower is not None or stated.upper is not None:
                found.append(column.name)
    if any_limit and len(able) == 1:
        return able
    if not found or any_limit:
        listed = ", ".join(dict.fromkeys(able)) or "–"
        raise WrongArguments(
            ko=f"어느 항목을 볼지 알 수 없습니다. --column과 --lower, --upper를 주세요. 있는 항목: {listed}",
            en=f"It is not clear which column is meant. Give --column with --lower and --upper. Columns there are: {listed}",
        )
    return list(dict.fromkeys(found))


def _one(
    evidence: EvidenceBase,
    data: TableData,
    column: Column,
    rows: np.ndarray,
    limits: tuple[float | None, float | None, float | None],
    by: str | None,
    subgroup: str | None,
    shape: str,
    narrowed: tuple[str | None, str | None],
) -> Study:
    values = data.clean(column.name)[rows]
    low, high, target = limits
    known = np.flatnonzero(np.isfinite(values))
    rows, values = rows[known], values[known]
    labels = None if subgroup is None else _subgroups(data, subgroup, rows)
    timed = data.time is not None
    try:
        study = capability_study(values, low=low, high=high, target=target, subgroups=labels, shape=shape)
        periods = capability_over_time(values, low=low, high=high, target=target, shape=_kept(study))
        groups, words = _grouped(data, rows, values, limits, by, narrowed)
    except ValueError as error:
        raise WrongArguments(
            ko=f"{data.table.file}: '{column.name}'의 공정능력을 셀 수 없습니다({error}).",
            en=f"{data.table.file}: the capability of '{column.name}' cannot be told ({error}).",
        ) from None
    asked = Asked(
        subject=Subject(table=data.table.file, column=column.name, asset=narrowed[0], product=narrowed[1]),
        name=column.name,
        unit=column.unit,
        values=values,
        time=data.time[rows] if timed and data.time is not None else None,
        zone=evidence.factory.timezone,
        by=words,
    )
    return capability_answer(
        asked, study, periods=periods, groups=groups, p_groups=differ(groups), since=_since(study, values, limits)
    )


def _kept(study: CapabilityStudy) -> str:
    """Periods are judged on the shape of the whole, so that they can be compared."""
    return "auto" if study.shape.kind == "box_cox" else study.shape.kind


def _since(
    study: CapabilityStudy, values: np.ndarray, limits: tuple[float | None, float | None, float | None]
) -> CapabilityStudy | None:
    """The capability since the last shift, where the process has been stable from then on."""
    shifts = [one.first for one in study.instabilities if one.kind == "shift"]
    if not shifts or values.size - max(shifts) < FEWEST_SINCE:
        return None
    made = capability_study(values[max(shifts) :], low=limits[0], high=limits[1], target=limits[2])
    return made if made.stable else None


def _subgroups(data: TableData, subgroup: str, rows: np.ndarray) -> np.ndarray | int:
    if subgroup.isdigit() and all(column.name != subgroup for column in data.table.columns):
        return int(subgroup)
    return np.asarray(_labels(data, subgroup)[rows])


def _grouped(
    data: TableData,
    rows: np.ndarray,
    values: np.ndarray,
    limits: tuple[float | None, float | None, float | None],
    by: str | None,
    narrowed: tuple[str | None, str | None],
) -> tuple[tuple[Part, ...], Text | None]:
    table = data.table
    words = {"product": Text(ko="제품", en="product"), "asset": Text(ko="설비", en="machine")}
    columns = {"product": table.product_column, "asset": table.asset_column}
    wanted = [by] if by is not None else ["product", "asset"]
    for name in wanted:
        column = columns.get(name, name)
        if column is None:
            if by is None:
                continue
            raise WrongArguments(
                ko=f"{table.file}: {words[name].ko} 항목이 없습니다.",
                en=f"{table.file}: there is no column of {words[name].en}s.",
            )
        if by is None and narrowed[0 if name == "asset" else 1] is not None:
            continue
        labels = _labels(data, column)[rows]
        if 2 <= np.unique(labels).size <= MOST_GROUPS:
            made = capability_by(values, labels, low=limits[0], high=limits[1], target=limits[2])
            return made, words.get(name, Text(ko=name, en=name))
    return (), None


def _labels(data: TableData, column: str) -> np.ndarray:
    if all(one.name != column for one in data.table.columns):
        names = ", ".join(one.name for one in data.table.columns)
        raise WrongArguments(
            ko=f"{data.table.file}: 항목 '{column}'이(가) 없습니다. 있는 항목: {names}",
            en=f"{data.table.file}: there is no column '{column}'. Columns there are: {names}",
        )
    labels = data.labels(column)
    return np.asarray(np.array([*labels.levels, "–"])[labels.codes])


def answer(path: Path, options: Mapping[str, str], progress: Progress) -> StudyResult:
    """The same with options as a page gives them."""

    def number(name: str) -> float | None:
        text = options.get(name, "").strip()
        try:
            return float(text) if text else None
        except ValueError:
            raise WrongArguments(ko=f"숫자가 아닙니다: {text}", en=f"not a number: {text}") from None

    return capability_of(
        path,
        column=options.get("column") or None,
        table=options.get("table") or None,
        by=options.get("by") or None,
        lower=number("lower"),
        upper=number("upper"),
        target=number("target"),
        asset=options.get("asset") or None,
        product=options.get("product") or None,
        progress=progress,
    )
