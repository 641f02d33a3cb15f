"""The rows of values that rules on a process look at, from wide and long tables alike: one asset's readings of one quantity."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jasang.analyze.block_means import block_edges
from jasang.analyze.energy import quantity_of
from jasang.analyze.standing import FEWEST_SIGNALS, standing
from jasang.diagnose.counted_defects import counted_defects
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.planned_stops import at_rest
from jasang.plant.factory import Column, Kind, Role

MOST_VOTERS = 60
STANDING_BLOCKS = 2048
_REST = 0.6  # of the high load: less is rest, or a step that was worked in part
PROCESS_ROLES = (Role.SENSOR, Role.QUALITY, Role.SETTING, Role.ENERGY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One quantity of one asset in order of time, missing values left out.

    `values`, `rows` (indices into the table), `product` (codes into `products`, -1 = none) and `time` (datetime64[us] UTC, NaT
    where unknown; `None` when the table has no time) share their shape (n,). `events` is the number of bad pieces behind the
    shares of counted pieces.
    """

    column: Column
    asset: str | None
    values: np.ndarray
    rows: np.ndarray
    time: np.ndarray | None
    product: np.ndarray
    products: tuple[str, ...]
    events: float | None = None

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
    still = _standing(data)
    own = {table.time, table.date, table.asset_column, table.product_column, table.start, table.end}
    counted = counted_defects(data)
    for column in table.columns:
        if column.role in roles and column.name not in own:
            values = data.clean(column.name)
            if counted is not None and counted.repeats(values):
                continue  # the counts tell it
            for part in asset_rows(data):
                if part.asset in still:
                    values[part.rows[still[part.asset]]] = np.nan
                values[part.rows[_resting(evidence, data, part)]] = np.nan
            if column.role is Role.ENERGY and table.kind is Kind.SIGNALS:
                for part in asset_rows(data):
                    values[part.rows] = _at_work(values[part.rows])
            yield from asset_series(data, column, values, asset_rows(data), fewest)


def _at_work(values: np.ndarray) -> np.ndarray:
    """A load without its rest, shape (n,): nights, Sundays and stops are no lower level of work, and a record may end on one."""
    known = np.isfinite(values)
    if not known.any():
        return values
    return np.where(known & (values < _REST * np.quantile(values[known], 0.9)), np.nan, values)


def _resting(evidence: EvidenceBase, data: TableData, part: AssetRows) -> np.ndarray:
    """Where the log of states plans the asset to stand still, bool over its rows."""
    return data.once(("resting", part.asset), lambda: at_rest(evidence, data, part.asset, part.rows))


def _standing(data: TableData) -> dict[str | None, np.ndarray]:
    """Where each asset of a wide table stood still: bool over its rows in order of time; no entry for one that never did.

    A machine that is switched off shows the temperature of the hall; that is no shift of its mean.
    """

    def make() -> dict[str | None, np.ndarray]:
        columns = [column.name for column in data.table.with_role(Role.SENSOR, Role.ENERGY)][:MOST_VOTERS]
        parts = asset_rows(data)
        if len(columns) < FEWEST_SIGNALS:
            return {}
        edges = [block_edges(part.rows.size, most=STANDING_BLOCKS) for part in parts]
        means: list[list[np.ndarray]] = [[] for _ in parts]
        for name in columns:
            values = data.numbers(name)  # a stretch at 0 may count as stuck, here it speaks
            for place, part in enumerate(parts):
                means[place].append(_plain_means(values[part.rows], edges[place]))
        found: dict[str | None, np.ndarray] = {}
        for part, edge, signals in zip(parts, edges, means, strict=True):
            blocks = standing(np.array(signals), sure=data.table.kind is not Kind.SIGNALS)
            if blocks.any():
                inside = np.searchsorted(edge, np.arange(part.rows.size), side="right") - 1
                found[part.asset] = blocks[np.clip(inside, 0, blocks.size - 1)]
        return found

    return data.once("standing", make)


def _standing_rows(time: np.ndarray, codes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Which rows of one asset in a long table lie in a stretch of time where it stood still, bool, shape (n,)."""
    known = ~np.isnat(time) & np.isfinite(values) & (codes >= 0)
    nothing = np.zeros(time.size, dtype=bool)
    signals = int(codes.max(initial=-1)) + 1
    if signals < FEWEST_SIGNALS or known.sum() < 20 * signals:
        return nothing
    ticks = time.astype(np.int64)
    first, last = int(ticks[known].min()), int(ticks[known].max())
    blocks = int(min(STANDING_BLOCKS, known.sum() // signals // 4))
    if last <= first or blocks < 20:
        return nothing
    block = np.clip(((ticks - first) / (last - first) * blocks).astype(np.int64), 0, blocks - 1)
    cell = codes[known].astype(np.int64) * blocks + block[known]
    counts = np.bincount(cell, minlength=signals * blocks).astype(np.float64)
    sums = np.bincount(cell, weights=values[known], minlength=signals * blocks)
    means = np.divide(sums, counts, out=np.full(sums.size, np.nan), where=counts > 0).reshape(signals, blocks)
    return np.asarray(standing(means)[block] & known)


def _plain_means(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    sums = np.add.reduceat(np.where(known, values, 0.0)[: edges[-1]], edges[:-1])
    counts = np.add.reduceat(known[: edges[-1]].astype(np.float64), edges[:-1])
    return np.asarray(np.divide(sums, counts, out=np.full(sums.size, np.nan), where=counts > 0))


def asset_series(
    data: TableData, column: Column, values: np.ndarray, parts: Sequence[AssetRows], fewest: int
) -> Iterator[Series]:
    """The values of a column, shape (rows,), NaN = missing, asset by asset in order of time."""
    for part in parts:
        taken = values[part.rows]
        known = np.isfinite(taken)
        # A meter that counts up is no process that drifts.
        counts_up = column.role is Role.ENERGY and quantity_of(taken, column.unit) == "counter"
        if int(known.sum()) >= fewest and not counts_up:
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
    raw = data.numbers(table.value_column)  # a stretch at 0 may count as stuck; as a sign of standing it speaks
    for part in asset_rows(data):
        codes = signals.codes[part.rows]
        if data.time is not None:
            values[part.rows[_standing_rows(data.time[part.rows], codes, raw[part.rows])]] = np.nan
            values[part.rows[_resting(evidence, data, part)]] = np.nan
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
