"""From a table to the questions for the search of drivers: outcomes, candidates, strata and days, rows in order of time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np

from jasang.analyze.derived_columns import Derivation
from jasang.analyze.drivers import (
    CategoricalColumn,
    Column,
    DriverProblem,
    NumericColumn,
    StartCount,
    named_afterwards,
    start_counts,
)
from jasang.diagnose.derived import derived_of
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.plant import factory
from jasang.plant.factory import Role
from jasang.plant.text import Text

CANDIDATE_ROLES = (Role.SETTING, Role.SENSOR, Role.CONTEXT, Role.COUNT, Role.ENERGY)
MOST_QUALITIES = 8
_CODED_LEVELS = 12  # a context with at most so many whole numbers is a code (shift 1, 2, 3), not a quantity
_HIGHER_IS_BETTER = (
    "yield",
    "productivity",
    "strength",
    "efficiency",
    "수율",
    "생산성",
    "강도",
    "효율",
    "접착력",
    "인장",
)
_LOWER_IS_BETTER = ("silica", "impurity", "roughness", "deviation", "error", "nox", "co2", "leak", "burr", "warp",
                    "불순물", "조도", "편차", "오차", "변형", "누설", "진원도", "평탄도", "이물")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is to be explained, one number a row in order of time; more is worse unless `two_sided`."""

    column: factory.Column
    values: np.ndarray
    binary: bool
    two_sided: bool
    meaning: Text  # what `values` measures, for sentences
    aimed: bool = False  # the distance from a target
    sign: float = 1.0  # -1 where `values` are the measurements turned over, so that more is worse


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where a candidate comes from when it is a column of another table: joined `by` an id, or by time where `by` is `None`.

    `lag` is the time from there to here in s with its 95 % interval (the middle 95 % of the units where an id joins them).
    """

    column: factory.Column
    file: str
    by: str | None
    lag: float
    lag_low: float
    lag_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverTable:
    """One table made ready: everything the searches over its outcomes share.

    `order` are the usable rows of the file in order of time; all other arrays follow it. `starts` are the columns made from the
    times that count units since a start.
    """

    data: TableData
    order: np.ndarray
    columns: tuple[Column, ...]
    asset: np.ndarray
    product: np.ndarray
    assets: tuple[str, ...]
    products: tuple[str, ...]
    day: np.ndarray | None
    starts: tuple[StartCount, ...]
    by_name: tuple[str, ...]  # columns left out because their name says they are written after the verdict
    upstream: Mapping[str, Upstream] = field(default_factory=lambda: MappingProxyType({}))  # candidates of other tables

    def problem(self, outcome: Outcome) -> DriverProblem:
        """The question for one outcome. Sister machines never measure quite alike: by quality they need a target."""
        made = derived_of(self.data)  # a column made with the outcome follows from it
        apart = {outcome.column.name, *(made[outcome.column.name].parts if outcome.column.name in made else ())}
        columns = tuple(
            c for c in self.columns if c.name not in apart and not (c.name in made and apart & {*made[c.name].parts})
        )
        if not outcome.binary and not outcome.aimed:
            columns = tuple(c for c in columns if not (isinstance(c, CategoricalColumn) and c.between_assets))
        if not outcome.binary:
            # A temperature that dips after a start bends a measured quality itself; only the plain start is asked beside it.
            few = {start.column.name for start in self.starts[1:]}
            columns = tuple(c for c in columns if c.name not in few)
        return DriverProblem(
            outcome=outcome.values,
            binary=outcome.binary,
            columns=columns,
            asset=self.asset,
            product=self.product,
            day=self.day,
            two_sided=outcome.two_sided,
        )

    def candidate(self, name: str) -> Column:
        """The candidate column of that name."""
        return next(column for column in self.columns if column.name == name)

    def start(self, name: str) -> StartCount | None:
        """The count of units since a start of that name, made from the times; `None` for any other column."""
        return next((start for start in self.starts if start.column.name == name), None)

    def described(self, name: str) -> factory.Column | None:
        """The candidate as the factory describes it, in this table or upstream; `None` for one made from the times."""
        if name in self.upstream:
            return self.upstream[name].column
        return next((column for column in self.data.table.columns if column.name == name), None)

    def moment(self, row: int) -> np.datetime64 | None:
        """The time of row `row` of `order`, datetime64 UTC; `None` where unknown."""
        if self.data.time is None:
            return None
        found = self.data.time[self.order[row]]
        return None if np.isnat(found) else found


def outcomes(data: TableData) -> tuple[factory.Column, ...]:
    """The columns worth explaining: the verdict, then the measured qualities, those with limits first."""
    verdicts = data.table.with_role(Role.DEFECT)[:1]
    qualities = sorted(data.table.with_role(Role.QUALITY), key=lambda c: c.lower is None and c.upper is None)
    return (*verdicts, *qualities[:MOST_QUALITIES])


def driver_table(base: EvidenceBase, data: TableData) -> DriverTable:
    """Read the candidates of a table once."""
    usable = data.usable_rows()
    order = data.time_order()
    order = order[usable[order]]
    seconds = seconds_of_rows(data, order)
    asset, assets = codes_of_rows(data, data.table.asset_column, order)
    product, products = codes_of_rows(data, data.table.product_column, order)
    columns, by_name = [], []
    copies = {one.column for one in derived_of(data).values() if one.kind is Derivation.COPY}
    for column in data.table.with_role(*CANDIDATE_ROLES):
        if column.name in (data.table.asset_column, data.table.product_column) or column.name in copies:
            continue
        if named_afterwards(column.name):
            by_name.append(column.name)
            continue
        candidate = candidate_column(data, column, order)
        if candidate is not None:
            columns.append(candidate)
    if data.table.asset_column and len(assets) > 1:
        columns.append(CategoricalColumn(name=data.table.asset_column, codes=asset, levels=assets, between_assets=True))
    day = None if seconds is None else np.floor((seconds + _offset(base, data)) / 86400)
    starts = () if seconds is None else start_counts(seconds, asset, product, day)
    columns += [start.column for start in starts]
    return DriverTable(
        data=data,
        order=order,
        columns=tuple(columns),
        asset=asset,
        product=product,
        assets=assets,
        products=products,
        day=day,
        starts=starts,
        by_name=tuple(by_name),
    )


def read_outcome(table: DriverTable, column: factory.Column) -> Iterator[Outcome]:
    """The outcome as the search takes it; nothing when the column holds no verdict and no measurement."""
    if column.role is Role.DEFECT:
        flags = table.data.defects()
        if flags is not None:
            yield Outcome(
                column=column,
                values=flags[table.order],
                binary=True,
                two_sided=False,
                meaning=Text(ko="불량률", en="the defect rate"),
            )
        return
    values = table.data.clean(column.name)[table.order]
    known = values[~np.isnan(values)]
    if known.size < 150 or np.unique(known[:5000]).size < 5:
        return
    yield _quality(column, values)


def _quality(column: factory.Column, values: np.ndarray) -> Outcome:
    target = column.target
    if target is None and column.lower is not None and column.upper is not None:
        target = (column.lower + column.upper) / 2
    if target is not None:
        meaning = Text(ko=f"{column.name}의 목표와의 차이", en=f"the distance of {column.name} from its target")
        return Outcome(
            column=column,
            values=np.abs(values - target),
            binary=False,
            two_sided=False,
            meaning=meaning,
            aimed=True,
        )
    name = column.name.lower()
    better = column.lower is not None or any(word in name for word in _HIGHER_IS_BETTER)
    worse = column.upper is not None or any(word in name for word in _LOWER_IS_BETTER)
    if better and not worse:
        meaning = Text(ko=f"{column.name} 값", en=column.name)
        return Outcome(column=column, values=-values, binary=False, two_sided=False, meaning=meaning, sign=-1.0)
    return Outcome(
        column=column,
        values=values,
        binary=False,
        two_sided=not worse,
        meaning=Text(ko=f"{column.name} 값", en=column.name),
    )


def candidate_column(data: TableData, column: factory.Column, order: np.ndarray) -> Column | None:
    """The column on the rows `order` as a search takes it; `None` when it holds nothing, one value, or free text."""
    numeric = data.source.read([column.name]).to_series().dtype.is_numeric()
    values = data.clean(column.name)[order] if numeric else None
    known = values[~np.isnan(values)] if values is not None else np.empty(0)
    if values is not None and not (column.role is Role.CONTEXT and _is_code(known)):
        counter = column.role is Role.COUNT
        return NumericColumn(name=column.name, values=values, counter=counter) if known.size else None
    labels = data.labels(column.name)
    if not 2 <= len(labels.levels) <= max(200, order.size // 50):
        return None  # the same everywhere, or free text
    return CategoricalColumn(name=column.name, codes=labels.codes[order].astype(np.int64), levels=labels.levels)


def _is_code(known: np.ndarray) -> bool:
    head = known[:20000]
    distinct = np.unique(head)
    return bool(distinct.size <= _CODED_LEVELS and (distinct == np.round(distinct)).all())


def codes_of_rows(data: TableData, column: str | None, order: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Codes (int64) of the rows `order` and levels of a column; -1 and no levels where the table has none."""
    codes, levels = data.codes(column)
    return codes[order].astype(np.int64), levels


def seconds_of_rows(data: TableData, order: np.ndarray, *, least_known: float = 0.5) -> np.ndarray | None:
    """The times of the rows `order` in s UTC, NaN where unknown; `None` when less than the share `least_known` is known."""
    if data.time is None:
        return None
    time = data.time[order]
    known = ~np.isnat(time)
    if known.mean() < least_known:
        return None
    seconds: np.ndarray = np.where(known, time.astype("datetime64[us]").astype(np.int64) / 1e6, np.nan)
    return seconds


def _offset(base: EvidenceBase, data: TableData) -> float:
    """Seconds the factory's clock is ahead of UTC at the start of the table."""
    if data.time is None or np.isnat(data.time).all():
        return 0.0
    first: datetime = np.nanmin(data.time).astype("datetime64[s]").item()
    ahead = ZoneInfo(base.factory.timezone).utcoffset(first)
    return ahead.total_seconds() if ahead is not None else 0.0
