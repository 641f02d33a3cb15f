"""How measured quality fits its specification, machine by machine and product by product (`off_centre`, `excess_spread`)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import stats

from jasang.analyze.block_means import block_edges, robust_block_means
from jasang.analyze.capability import Capability, capability_from_summary
from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.finding import Evidence, Worth
from jasang.diagnose.prices import defect_price, priced, rows_per_year
from jasang.diagnose.series import Series, series_of
from jasang.plant.factory import Column, Kind, Role
from jasang.plant.text import Text

FEWEST_VALUES = 30
BATCHES = 24
CONFIDENCE = 0.95
FAMILY_ERROR = 0.01  # over every specification of the factory


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One quality of one machine and product against its specification.

    `mean_low` and `mean_high` bound the mean at `CONFIDENCE`, `sigma_low` and `sigma_high` the overall sigma; both come from the
    differences between `BATCHES` stretches of the record, so that neighbouring values that resemble each other do not make them
    too narrow. The `sure_` bounds hold for all specifications of the factory together at `FAMILY_ERROR`.
    """

    table: str
    column: Column
    asset: str | None
    product: str | None
    values: int
    share_of_rows: float
    capability: Capability
    mean_low: float
    mean_high: float
    sure_mean_low: float
    sure_mean_high: float
    sigma_low: float
    sigma_high: float
    sure_sigma_low: float
    histogram: tuple[np.ndarray, np.ndarray]  # counts (b,), edges (b+1,)
    outside: float  # share of the values that are outside
    p_of_mean: float
    parts: tuple["Fit", ...] = ()  # the fits told together in this one, the worst of them
    merged: bool = False

    @property
    def target(self) -> float:
        """Where the mean should be: the stated target, else the middle of the tolerance."""
        low, high = self.limits
        return self.column.target if self.column.target is not None else 0.5 * (low + high)

    @property
    def limits(self) -> tuple[float, float]:
        """Both specification limits; where one is missing, the stated one mirrored at the target."""
        limits = _limits(self.column)
        if limits is None:
            raise ValueError(f"column {self.column.name!r} has neither two limits nor a limit and a target")
        return limits

    @property
    def on_the_safe_side(self) -> bool:
        """The only limit lies on the other side of the target than the mean."""
        mean = self.capability.mean
        return (self.column.lower is None and mean < self.target) or (self.column.upper is None and mean > self.target)

    def share_outside(self, mean: float, sigma: float) -> float:
        """Share of a normal process outside the limits that there really are."""
        column = self.column
        below = 0.0 if column.lower is None else float(stats.norm.cdf((column.lower - mean) / sigma))
        return below + (0.0 if column.upper is None else float(stats.norm.sf((column.upper - mean) / sigma)))

    @property
    def half_tolerance(self) -> float:
        """Half the width between the limits."""
        low, high = self.limits
        return 0.5 * (high - low)

    @property
    def outside_centred(self) -> float:
        """Expected share outside if the mean were on target and the spread as now."""
        return self.share_outside(self.target, self.capability.overall_sigma)

    @property
    def outside_expected(self) -> float:
        """Expected share outside as the process runs now."""
        return self.capability.below + self.capability.above


def fits(evidence: EvidenceBase) -> tuple[Fit, ...]:
    """Every specification (two limits, or one and a target) of a quality, or of a sensor whose limits somebody stated, judged."""
    found: list[Fit] = []
    tables = evidence.of_kind(Kind.UNITS, Kind.SIGNALS)
    parts: list[tuple[TableData, Series, str | None, np.ndarray]] = []
    for data in tables:
        mine = data.once("specified_parts", partial(_parts, evidence, data))
        parts += [(data, *part) for part in mine]
    measured: dict[tuple[str, str], int] = {}
    for data, series, _, values in parts:
        key = (data.table.file, series.name)
        measured[key] = measured.get(key, 0) + values.size
    for data, series, product, values in parts:
        fit = _fit(data, series, product, values, len(parts))
        if fit is not None:
            found.append(replace(fit, share_of_rows=values.size / measured[data.table.file, series.name]))
    return tuple(found)


def _parts(evidence: EvidenceBase, data: TableData) -> tuple[tuple[Series, str | None, np.ndarray], ...]:
    return tuple(_specified(evidence, data))


def _specified(evidence: EvidenceBase, data: TableData) -> Iterator[tuple[Series, str | None, np.ndarray]]:
    if not any(_limits(column) is not None for column in _candidates(evidence, data)):
        return
    for series in series_of(evidence, data, roles=(Role.QUALITY, Role.SENSOR), fewest=FEWEST_VALUES):
        if _limits(series.column) is None:
            continue
        for code in np.unique(series.product):
            values = series.values[series.product == code]
            if values.size >= FEWEST_VALUES:
                yield series, None if code < 0 else series.products[int(code)], values


def _candidates(evidence: EvidenceBase, data: TableData) -> tuple[Column, ...]:
    return (*data.table.columns, *evidence.factory.stated_columns.values())


def _fit(data: TableData, series: Series, product: str | None, values: np.ndarray, tests: int) -> Fit | None:
    column = series.column
    middle = float(np.median(values))
    scale = 1.4826 * float(np.median(np.abs(values - middle))) or float(np.std(values))
    limits = _limits(column)
    if scale <= 0 or limits is None:
        return None
    drawn_in = np.clip(values, middle - 6 * scale, middle + 6 * scale)  # a stray reading says nothing about the process
    mean, sigma = float(drawn_in.mean()), float(drawn_in.std(ddof=1))
    edges = block_edges(values.size, most=BATCHES)
    batch = robust_block_means(drawn_in, edges)
    error = max(float(batch.std(ddof=1)) / np.sqrt(batch.size), sigma / np.sqrt(values.size))
    # Every batch's own sigma, so the spread of the spread is seen, not assumed.
    size = _independent(values.size, sigma, error)
    chi = np.sqrt((size - 1) / stats.chi2.ppf([0.975, 0.025, 1 - FAMILY_ERROR / tests], size - 1))
    t = float(stats.t.ppf(0.5 + CONFIDENCE / 2, batch.size - 1)) * error
    sure = float(stats.t.ppf(1 - FAMILY_ERROR / 2 / tests, batch.size - 1)) * error
    target = column.target if column.target is not None else 0.5 * sum(limits)
    edges_of_bars = np.linspace(min(float(drawn_in.min()), limits[0]), max(float(drawn_in.max()), limits[1]), 41)
    return Fit(
        table=data.table.file,
        column=column,
        asset=series.asset,
        product=product,
        values=values.size,
        share_of_rows=1.0,
        capability=_capability(column, limits, mean, sigma, size),
        mean_low=mean - t,
        mean_high=mean + t,
        sure_mean_low=mean - sure,
        sure_mean_high=mean + sure,
        sigma_low=sigma * float(chi[0]),
        sigma_high=sigma * float(chi[1]),
        sure_sigma_low=sigma * float(chi[2]),
        histogram=np.histogram(drawn_in, edges_of_bars),
        outside=_outside(column, values),
        p_of_mean=min(1.0, tests * 2 * float(stats.t.sf(abs(mean - target) / error, batch.size - 1))),
    )


def _limits(column: Column) -> tuple[float, float] | None:
    """Both limits; with one limit and a target between, the limit mirrored at the target stands for the other; else `None`."""
    low, high, target = column.lower, column.upper, column.target
    if low is not None and high is not None:
        return low, high
    if target is not None and high is not None and target < high:
        return 2.0 * target - high, high
    if target is not None and low is not None and target > low:
        return low, 2.0 * target - low
    return None


def _capability(column: Column, limits: tuple[float, float], mean: float, sigma: float, size: float) -> Capability:
    """Cpk and shares outside by the limits there are; Cp by both, the missing one mirrored."""
    made = capability_from_summary(
        mean=mean, sigma=sigma, size=size, low=column.lower, high=column.upper, target=column.target
    )
    if made.cp is not None:
        return made
    both = capability_from_summary(mean=mean, sigma=sigma, size=size, low=limits[0], high=limits[1])
    return replace(made, cp=both.cp, cp_interval=both.cp_interval)


def _outside(column: Column, values: np.ndarray) -> float:
    outside = np.zeros(values.size, dtype=bool)
    if column.lower is not None:
        outside |= values < column.lower
    if column.upper is not None:
        outside |= values > column.upper
    return float(outside.mean())


def _independent(n: int, sigma: float, error: float) -> float:
    """The number of independent values with the same error of the mean, 4 to n."""
    return float(np.clip((sigma / error) ** 2, 4.0, n)) if error > 0 else float(n)


def worth_of(base: EvidenceBase, data: TableData, fit: Fit, saved: tuple[float, float, float]) -> Worth | None:
    """`saved` shares of rejects (value, low, high) × units a year × price of a defect."""
    yearly = rows_per_year(data)
    if yearly is None or saved[0] <= 0:
        return None
    units = yearly * fit.share_of_rows
    basis = Text(
        ko=f"줄어드는 규격 이탈 예상 {100 * saved[0]:.2f} % × 연 {units:,.0f}개",
        en=f"expected share out of specification saved {100 * saved[0]:.2f} % × {units:,.0f} units a year",
    )
    return priced((saved[0] * units, saved[1] * units, saved[2] * units), defect_price(base, data), basis)


def index_evidence(index: str, value: float, interval: tuple[float, float]) -> Evidence:
    """A capability index ("Cp", "Cpk") with its 95 % interval."""
    return Evidence(name=index.lower(), label=Text(ko=index, en=index), value=value, low=interval[0], high=interval[1])


def histogram_of(fit: Fit, question: Text) -> Chart:
    """Histogram of the values with limits, target and mean."""
    counts, edges = fit.histogram
    limits = (
        (fit.column.lower, Text(ko="규격 하한", en="LSL")),
        (fit.column.upper, Text(ko="규격 상한", en="USL")),
    )
    return Chart(
        title=question,
        x_kind="number",
        x=tuple(float(x) for x in 0.5 * (edges[:-1] + edges[1:])),
        lines=(Line(name=Text(ko="개수", en="count"), y=tuple(float(count) for count in counts), look="bars"),),
        marks=(
            *(Mark(name=name, axis="x", at=at, look="specification") for at, name in limits if at is not None),
            Mark(name=Text(ko="목표", en="target"), axis="x", at=fit.target, look="good"),
            Mark(name=Text(ko="평균", en="mean"), axis="x", at=fit.capability.mean, look="centre"),
        ),
        x_label=Text(ko=fit.column.name, en=fit.column.name),
        y_label=Text(ko="개수", en="count"),
        y_unit=None,
    )


def merged(found: list[Fit], all_fits: tuple[Fit, ...]) -> list[Fit]:
    """One fit for a column whose every machine has the problem; else one for each machine, or product, that has it alone."""
    kept: list[Fit] = []
    for table, name in dict.fromkeys((fit.table, fit.column.name) for fit in found):
        own = [fit for fit in found if (fit.table, fit.column.name) == (table, name)]
        everybody = [fit for fit in all_fits if (fit.table, fit.column.name) == (table, name)]
        assets, products = {fit.asset for fit in everybody}, {fit.product for fit in everybody}
        bad_assets, bad_products = {fit.asset for fit in own}, {fit.product for fit in own}
        total = sum(fit.share_of_rows for fit in own)
        worst = min(own, key=lambda fit: fit.capability.cpk)
        mostly = total >= 0.7 * sum(fit.share_of_rows for fit in everybody)
        if mostly and bad_assets == assets:
            kept.append(
                replace(
                    worst,
                    asset=_only(assets),
                    product=_only(products),
                    share_of_rows=total,
                    merged=True,
                    parts=tuple(own),
                )
            )
        elif len(bad_assets) < len(assets):
            for asset in sorted(bad_assets, key=str):
                mine = [fit for fit in own if fit.asset == asset]
                bad = min(mine, key=lambda fit: fit.capability.cpk)
                whole = {fit.product for fit in everybody if fit.asset == asset} == {fit.product for fit in mine}
                share = sum(fit.share_of_rows for fit in mine)
                kept.append(
                    replace(
                        bad,
                        product=_only(products) if whole else bad.product,
                        share_of_rows=share,
                        merged=whole,
                        parts=tuple(mine),
                    )
                )
        else:
            for product in sorted(bad_products, key=str):
                mine = [fit for fit in own if fit.product == product]
                bad = min(mine, key=lambda fit: fit.capability.cpk)
                share = sum(fit.share_of_rows for fit in mine)
                kept.append(replace(bad, asset=_only(assets), share_of_rows=share, parts=tuple(mine)))
    return kept


def _only(names: set[str | None]) -> str | None:
    return next(iter(names)) if len(names) == 1 else None


def where(fit: Fit) -> tuple[str, str]:
    """ "INJ-01의 A 제품 " and " on INJ-01 for product A", empty for all."""
    ko = (f"{fit.asset}의 " if fit.asset else "") + (f"{fit.product} 제품 " if fit.product else "")
    en = (f" on {fit.asset}" if fit.asset else "") + (f" for product {fit.product}" if fit.product else "")
    return ko, en
