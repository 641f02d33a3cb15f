"""What other tables know of the same units: columns joined by lot or unit id, or by time with the lag that is found."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from jasang.analyze.causes import aligned_at, join_by_id, lagged_effect
from jasang.analyze.drivers import CategoricalColumn, Column, NumericColumn
from jasang.diagnose.driver_problem import (
    CANDIDATE_ROLES,
    DriverTable,
    Outcome,
    Upstream,
    candidate_column,
    seconds_of_rows,
)
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.plant import factory
from jasang.plant.factory import Kind, Role

_JOINED_BY = (Role.ID, Role.CONTEXT)
_LEAST_LEVELS = 20  # different ids; fewer are a shift or a machine, not a unit
_LEAST_MATCHED = 0.5
_MOST_TABLES = 4
_MOST_COLUMNS = 40
_MOST_LAGGED = 4  # columns of one table that are searched closely
_LONGEST = 86_400.0
_SPAN_SHARE = 0.1  # of the record: a longer lag meets too few turns of anything
_SCREEN_LAGS = 32
_MOST_ROWS = 20_000  # of the downstream table in the first look


def with_ids(base: EvidenceBase, table: DriverTable) -> DriverTable:
    """The table with the columns of the other tables that name the same lots or units."""
    columns, upstream = list(table.columns), dict(table.upstream)
    for data in _others(base, table.data):
        found = _shared_id(table.data, data)
        if found is None:
            continue
        mine, theirs = found
        joined = join_by_id(
            _texts(data, theirs, np.arange(data.rows)),
            _texts(table.data, mine, table.order),
            upstream_seconds=seconds_of_rows(data, np.arange(data.rows)),
            downstream_seconds=seconds_of_rows(table.data, table.order),
        )
        if joined.matched < _LEAST_MATCHED or joined.lag < 0:
            continue  # what was written later cannot have moved it
        for column, made in _columns_of(data, table, np.maximum(joined.rows, 0), joined.rows < 0):
            columns.append(made)
            upstream[made.name] = Upstream(
                column=column,
                file=data.table.file,
                by=mine,
                lag=joined.lag,
                lag_low=joined.lag_low,
                lag_high=joined.lag_high,
            )
    return replace(table, columns=tuple(columns), upstream=upstream)


def with_lags(base: EvidenceBase, table: DriverTable, outcome: Outcome, *, alpha: float = 0.005) -> DriverTable:
    """The table with the columns of signal tables that move with the outcome after a lag; `alpha` for all of them together."""
    seconds = seconds_of_rows(table.data, table.order)
    if seconds is None or np.isnan(seconds).mean() > 0.05:
        return table
    tables = [data for data in _others(base, table.data) if data.table.kind is Kind.SIGNALS and data.time is not None]
    tables = [data for data in tables if data.table.value_column is None]
    tried = sum(len(_numbers(data)) for data in tables)
    columns, upstream = list(table.columns), dict(table.upstream)
    strata = table.asset * (len(table.products) + 1) + table.product
    for data in tables:
        when = seconds_of_rows(data, np.arange(data.rows))
        if when is None:
            continue
        order = np.argsort(when, kind="stable")
        span = float(np.nanmax(seconds) - np.nanmin(seconds))
        longest = min(_LONGEST, _SPAN_SHARE * span)
        for column in _likely(data, when[order], order, seconds, outcome, longest):
            found = lagged_effect(
                when[order], data.clean(column.name)[order], seconds, outcome.values,
                longest=longest, strata=strata, day=table.day, alpha=alpha, tried=tried,
            )  # fmt: skip
            if found is None:
                continue
            name = _name(table, column.name, data.table.file)
            columns.append(NumericColumn(name=name, values=found.aligned))
            upstream[name] = Upstream(
                column=column,
                file=data.table.file,
                by=None,
                lag=found.lag,
                lag_low=found.lag_low,
                lag_high=found.lag_high,
            )
    return replace(table, columns=tuple(columns), upstream=upstream)


def _others(base: EvidenceBase, own: TableData) -> list[TableData]:
    found = [
        data for data in base.of_kind(Kind.UNITS, Kind.SIGNALS, Kind.ORDERS) if data is not own and data.rows >= 30
    ]
    return sorted(found, key=lambda data: -data.rows)[:_MOST_TABLES]


def _shared_id(own: TableData, other: TableData) -> tuple[str, str] | None:
    """A column of either table that names the same lots or units, and names each of them at most a few times upstream."""
    best: tuple[float, str, str] | None = None
    for theirs in other.table.with_role(*_JOINED_BY):
        levels = set(other.labels(theirs.name).levels)
        if len(levels) < _LEAST_LEVELS or len(levels) < 0.2 * other.rows:
            continue
        for mine in own.table.with_role(*_JOINED_BY):
            names = own.labels(mine.name).levels
            if len(names) < _LEAST_LEVELS:
                continue
            shared = sum(name in levels for name in names) / len(names)
            # Running numbers from 1 agree in any two tables; only the same heading makes them the same units.
            numbers = all(name.lstrip("-").isdigit() for name in names[:50])
            if numbers and mine.name != theirs.name:
                continue
            if shared >= _LEAST_MATCHED and (best is None or shared > best[0]):
                best = (shared, mine.name, theirs.name)
    return None if best is None else best[1:]


def _texts(data: TableData, column: str, rows: np.ndarray) -> np.ndarray:
    labels = data.labels(column)
    found: np.ndarray = np.array([*labels.levels, ""], dtype=object)[labels.codes[rows]]
    return found


def _columns_of(
    data: TableData, table: DriverTable, rows: np.ndarray, missing: np.ndarray
) -> Iterator[tuple[factory.Column, Column]]:
    """The upstream candidates as columns of the downstream rows; a quality measured there comes before what is made of it."""
    own = {data.table.asset_column, data.table.product_column, data.table.time}
    wanted = [column for column in data.table.with_role(*CANDIDATE_ROLES, Role.QUALITY) if column.name not in own]
    for column in wanted[:_MOST_COLUMNS]:
        made = candidate_column(data, column, np.arange(data.rows))
        if made is None:
            continue
        name = _name(table, column.name, data.table.file)
        if isinstance(made, NumericColumn):
            values = made.values[rows]
            values[missing] = np.nan
            yield column, NumericColumn(name=name, values=values)
        else:
            codes = made.codes[rows]
            codes[missing] = -1
            yield column, CategoricalColumn(name=name, codes=codes, levels=made.levels)


def _name(table: DriverTable, column: str, file: str) -> str:
    """The column's own name; with its file where the table already has one of that name."""
    taken = {each.name for each in table.data.table.columns}
    return f"{column} ({file})" if column in taken else column


def _numbers(data: TableData) -> tuple[factory.Column, ...]:
    return data.table.with_role(Role.SETTING, Role.SENSOR, Role.ENERGY)[:_MOST_COLUMNS]


def _likely(
    data: TableData, when: np.ndarray, order: np.ndarray, seconds: np.ndarray, outcome: Outcome, longest: float
) -> list[factory.Column]:
    """The few columns that go with the outcome most at any of some lags: a look that costs little and decides nothing."""
    used = np.flatnonzero(~np.isnan(outcome.values) & ~np.isnan(seconds))
    used = used[:: max(1, used.size // _MOST_ROWS)]
    if used.size < 100:
        return []
    target = outcome.values[used] - outcome.values[used].mean()
    lags = np.linspace(0, longest, _SCREEN_LAGS)
    found = []
    for column in _numbers(data):
        values = data.clean(column.name)[order]
        known = ~np.isnan(values) & ~np.isnan(when)
        if known.sum() < 30 or float(values[known].std()) == 0:
            continue
        best = 0.0
        for lag in lags:
            moved = aligned_at(when[known], values[known], seconds[used], float(lag))
            there = ~np.isnan(moved)
            if there.sum() > 100 and (spread := float(moved[there].std())) > 0:
                best = max(best, abs(float(np.mean((moved[there] - moved[there].mean()) * target[there]))) / spread)
        found.append((best, column))
    return [column for _, column in sorted(found, key=lambda each: -each[0])[:_MOST_LAGGED]]
