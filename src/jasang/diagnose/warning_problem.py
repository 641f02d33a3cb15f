"""From a table of units to the question of early warning: what is known of each unit before its result."""

import re
from dataclasses import dataclass

import numpy as np

from jasang.analyze.drivers import CategoricalColumn, Column, NumericColumn, named_afterwards
from jasang.analyze.early_warning import WarningCosts, WarningProblem, leaking_columns, without_columns
from jasang.diagnose.driver_problem import CANDIDATE_ROLES, codes_of_rows, seconds_of_rows
from jasang.diagnose.evidence_base import TableData
from jasang.plant import factory
from jasang.plant.factory import Factory, Role
from jasang.plant.text import Text

# Where nobody said what a false warning costs: two minutes of the machine, but at most a fifth of a defect.
_LOOK_SECONDS = 120.0
_LOOK_SHARE = 0.2
_MOST_LEVELS = 200
_CODED_LEVELS = 12
_LOT = re.compile(r"(?:^|[^a-z])(?:lot|batch|heat ?no|charge)(?:[^a-z]|$)|로트|롯트|배치|차지", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningTable:
    """One table made ready. `order` are its usable rows in order of time; the problem's rows follow it.

    `left_out` are columns written after the result; `measured` those that are known only when the unit is being made.
    """

    data: TableData
    order: np.ndarray
    problem: WarningProblem
    left_out: tuple[str, ...]
    measured: frozenset[str]


def warning_table(data: TableData, *, judged: bool = True, latest: int | None = None) -> WarningTable | None:
    """The question for a table; `None` without a column of good or bad, or without any column to warn by.

    With `judged=False` (a trained model is asked) results may be missing, and nothing is left out by content.
    `latest`: only so many units, the last ones.
    """
    flags = data.defects()
    if flags is None and judged:
        return None
    order: np.ndarray = data.time_order()
    order = order[data.usable_rows()[order]]
    order = order if latest is None else order[-latest:]
    outcome = np.full(order.size, np.nan) if flags is None else flags[order]
    columns, left_out, measured, group = [], [], set(), None
    for column in data.table.with_role(*CANDIDATE_ROLES, Role.ID):
        if column.name in (data.table.asset_column, data.table.product_column):
            continue
        if group is None and _LOT.search(column.name):
            group = _lots(data, column.name, order)
        if column.role is Role.ID:
            continue
        if named_afterwards(column.name):
            left_out.append(column.name)
            continue
        made = _column(data, column, order)
        if made is not None:
            columns.append(made)
            measured |= {column.name} if column.role in (Role.SENSOR, Role.ENERGY) else set()
    if not columns:
        return None
    asset, assets = codes_of_rows(data, data.table.asset_column, order)
    product, products = codes_of_rows(data, data.table.product_column, order)
    problem = WarningProblem(
        outcome=outcome,
        columns=tuple(columns),
        asset=asset,
        product=product,
        seconds=seconds_of_rows(data, order, least_known=0.95),
        group=group,
        assets=assets,
        products=products,
    )
    if judged:
        leaks = leaking_columns(problem)
        problem = without_columns(problem, leaks)
        left_out += leaks
    return WarningTable(data=data, order=order, problem=problem, left_out=tuple(left_out), measured=frozenset(measured))


def warning_costs(described: Factory, false_warning: float | None = None) -> tuple[WarningCosts | None, Text]:
    """The costs of a miss and a false warning as the factory states them, and the sentence that says on what they rest."""
    defect, hour, money = described.costs.defect, described.costs.machine_hour, described.currency
    if defect is None:
        return None, Text(
            ko="불량 1개의 비용을 몰라, 놓치는 것과 헛경보가 고르게 적은 기준(F1)으로 정했습니다. "
            "factory.toml의 [costs]에 defect를 적으면 비용이 가장 적은 기준을 씁니다.",
            en="The cost of a defect is not known, so the threshold balances misses and false warnings "
            "(best F1). State defect under [costs] in factory.toml for the one that costs least.",
        )
    if false_warning is not None:
        look, ko, en = false_warning, "주신 값", "as given"
    elif hour is not None and hour * _LOOK_SECONDS / 3600 < defect * _LOOK_SHARE:
        look, ko, en = (
            hour * _LOOK_SECONDS / 3600,
            "설비를 2분 세우고 보는 값으로 가정",
            "assumed: two minutes of the machine",
        )
    else:
        look, ko, en = defect * _LOOK_SHARE, "불량 비용의 1/5로 가정", "assumed: a fifth of a defect"
    return WarningCosts(miss=defect, false_warning=look), Text(
        ko=f"놓친 불량 1개 {defect:,.0f} {money}, 경보를 보고 확인하는 데 {look:,.0f} {money}({ko})로 "
        "비용이 가장 적은 기준입니다.",
        en=f"The threshold that costs least: {defect:,.0f} {money} for a missed defect, "
        f"{look:,.0f} {money} to look after a warning ({en}).",
    )


def _column(data: TableData, column: factory.Column, order: np.ndarray) -> Column | None:
    """The column as it was read: a fault that is found only afterwards was not known when the unit was made."""
    if data.source.read([column.name]).to_series().dtype.is_numeric():
        values = data.numbers(column.name)[order]
        head = values[~np.isnan(values)][:20000]
        distinct = np.unique(head)
        coded = distinct.size <= _CODED_LEVELS and bool((distinct == np.round(distinct)).all())
        if column.role is not Role.CONTEXT or not coded:
            return NumericColumn(name=column.name, values=values) if distinct.size else None
    labels = data.labels(column.name)
    if not 1 <= len(labels.levels) <= max(_MOST_LEVELS, order.size // 50):
        return None
    return CategoricalColumn(name=column.name, codes=labels.codes[order].astype(np.int64), levels=labels.levels)


def _lots(data: TableData, name: str, order: np.ndarray) -> np.ndarray | None:
    """Codes of the lots where several units share one and none spans more than a tenth of the record."""
    codes = data.labels(name).codes[order].astype(np.int64)
    if (codes < 0).any() or np.unique(codes).size > 0.5 * codes.size:
        return None
    place = np.arange(codes.size)
    first, last = np.full(codes.max() + 1, codes.size), np.zeros(codes.max() + 1, dtype=np.int64)
    np.minimum.at(first, codes, place)
    np.maximum.at(last, codes, place)
    return codes if int((last - first).max()) < 0.1 * codes.size else None
