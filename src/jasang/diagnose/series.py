"""The rows of values that rules on a process look at, from wide and long tables alike: one asset's readings of one quantity."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.plant.factory import Column, Kind, Role

PROCESS_ROLES = (Role.SENSOR, Role.QUALITY, Role.SETTING, Role.ENERGY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One quantity of one asset in order of time, missing values left out.

    `values`, `rows` (indices into the table), `product` (codes into `products`, -1 = none) and `time` (datetime64[us] UTC, NaT
    where unknown; `None` when the table has no time) share their shape (n,).
    """

    column: Column
    asset: str | None
    values: np.ndarray
    rows: np.ndarray
    time: np.ndarray | None
    product: np.ndarray
    products: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the column, or of the signal in a long table."""
        return self.column.name


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRows:
    """All rows of one asset in order of time, with product codes (-1 = none), both shape (n,)."""

    asset: str | None
    rows: np.ndarray
    product: np.ndarray
    products: tuple[str, ...]


def asset_rows(data: TableData) -> tuple[AssetRows, ...]:
    """The table's rows by asset, each in order of time."""

    def make() -> tuple[AssetRows, ...]:
        rank = np.empty(data.rows, dtype=np.int64)
        rank[data.time_order()] = np.arange(data.rows)
        by_asset: dict[str | None, list[tuple[str | None, np.ndarray]]] = {}
        for stratum in data.strata():
            by_asset.setdefault(stratum.asset, []).append((stratum.product, stratum.rows))
        found = []
        for asset, parts in by_asset.items():
            products = tuple(sorted({product for product, _ in parts if product is not None}))
            rows = np.concatenate([rows for _, rows in parts])
            codes = np.concatenate(
                [np.full(rows.size, -1 if p is None else products.index(p), dtype=np.int32) for p, rows in parts]
            )
            order = np.argsort(rank[rows], kind="stable")
            found.append(AssetRows(asset=asset, rows=rows[order], product=codes[order], products=products))
        return tuple(found)

    return data.once("asset_rows", make)


def series_of(
    evidence: EvidenceBase, data: TableData, *, roles: Sequence[Role] = PROCESS_ROLES, fewest: int = 12
) -> Iterator[Series]:
    """Every quantity of the table that has one of the roles, asset by asset, with at least `fewest` values."""
    table = data.table
    if table.kind not in (Kind.UNITS, Kind.SIGNALS):
        return
    if table.signal_column is not None and table.value_column is not None:
        yield from _long(evidence, data, roles, fewest)
        return
    own = {table.time, table.date, table.asset_column, table.product_column, table.start, table.end}
    for column in table.columns:
        if column.role in roles and column.name not in own:
            yield from asset_series(data, column, data.clean(column.name), asset_rows(data), fewest)


def asset_series(
    data: TableData, column: Column, values: np.ndarray, parts: Sequence[AssetRows], fewest: int
) -> Iterator[Series]:
    """The values of a column, shape (rows,), NaN = missing, asset by asset in order of time."""
    for part in parts:
        taken = values[part.rows]
        known = np.isfinite(taken)
        if int(known.sum()) >= fewest:
            rows = part.rows[known]
            yield Series(
                column=column,
                asset=part.asset,
                values=taken[known],
                rows=rows,
                time=None if data.time is None else data.time[rows],
                product=part.product[known],
                products=part.products,
            )


def _long(evidence: EvidenceBase, data: TableData, roles: Sequence[Role], fewest: int) -> Iterator[Series]:
    table = data.table
    if table.signal_column is None or table.value_column is None:
        return
    signals = data.labels(table.signal_column)
    values = data.clean(table.value_column)
    for part in asset_rows(data):
        codes = signals.codes[part.rows]
        order = np.argsort(codes, kind="stable")
        starts = np.searchsorted(codes[order], np.arange(len(signals.levels) + 1))
        for code, name in enumerate(signals.levels):
            column = evidence.factory.stated_columns.get(name) or Column(name=name, role=Role.SENSOR)
            places = order[starts[code] : starts[code + 1]]
            if column.role in roles and places.size >= fewest:
                one = AssetRows(
                    asset=part.asset, rows=part.rows[places], product=part.product[places], products=part.products
                )
                yield from asset_series(data, column, values, (one,), fewest)


def seconds_of(time: np.ndarray | None) -> np.ndarray | None:
    """Seconds since 1970 UTC, float64; `None` where the times are missing, all the same or cannot order the rows.

    Rows with an impossible time take the last known one, as in `TableData.time_order`.
    """
    if time is None or time.size < 2:
        return None
    known = ~np.isnat(time)
    if known.mean() < 0.9:
        return None
    seconds = time.astype("datetime64[us]").astype(np.int64) / 1e6
    last = np.maximum.accumulate(np.where(known, np.arange(time.size), -1))
    seconds = np.asarray(seconds[np.where(last >= 0, last, int(np.argmax(known)))])
    return seconds if seconds[-1] > seconds[0] else None
