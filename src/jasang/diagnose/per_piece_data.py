"""Energy and good pieces by day: from a table that holds both, or from a meter and a table of units."""

from dataclasses import dataclass

import numpy as np

from jasang.analyze.energy import degree_columns
from jasang.diagnose.energy_data import clock_seconds, electric, outdoor, plant_load
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.plant.factory import Kind, Role

DAY = 86_400.0
_MOST_PRODUCTS = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DaysOfEnergy:
    """Energy, good pieces and what energy goes with, one row a worked day: `day` numbers since 1970, `drivers` (n, k)."""

    data: TableData
    column: str
    asset: str | None
    day: np.ndarray
    energy: np.ndarray
    good: np.ndarray
    drivers: np.ndarray
    names: tuple[str, ...]


def days_of_energy(base: EvidenceBase) -> tuple[DaysOfEnergy, ...]:
    """Every place where energy can be held against what was made, days with production only."""
    found = [made for data in base.of_kind(Kind.UNITS) for made in _of_units(base, data)]
    if not found:
        metered = _of_meter(base)
        found = [metered] if metered is not None else []
    return tuple(found)


def _of_units(base: EvidenceBase, data: TableData) -> list[DaysOfEnergy]:
    """A table of units or of days that states the energy of each row."""
    columns = [column for column in electric(data) if (column.unit or "kWh").lower() in ("kwh", "wh", "mwh")]
    if data.time is None or not columns:
        return []
    seconds = clock_seconds(data, base.factory.timezone)
    made = []
    for column in columns[:3]:
        values = data.clean(column.name)
        known = np.isfinite(seconds) & np.isfinite(values) & (values >= 0) & data.usable_rows()
        if known.sum() < 30:
            continue
        pieces = _pieces(data)
        good, product, products = _good(data, pieces)
        days, place = np.unique(np.floor(seconds[known] / DAY).astype(np.int64), return_inverse=True)
        energy = np.bincount(place, weights=values[known])
        drivers, names = _by_product(place, days.size, pieces[known], product[known], products)
        all_good = np.bincount(place, weights=good[known])
        made.append(
            DaysOfEnergy(
                data=data,
                column=column.name,
                asset=None,
                day=days,
                energy=energy,
                good=all_good,
                drivers=drivers,
                names=names,
            )
        )
    return made


def _pieces(data: TableData) -> np.ndarray:
    """Pieces of each row: a column of counts, else one."""
    counts = data.table.with_role(Role.COUNT)
    if counts:
        values = data.numbers(counts[0].name)
        # A running number of the shot is no count of pieces.
        if np.nanmean(np.diff(values) > 0) < 0.9:
            pieces: np.ndarray = np.nan_to_num(np.maximum(values, 0.0))
            return pieces
    return np.ones(data.rows)


def _good(data: TableData, pieces: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    defects = data.defects()
    good = pieces if defects is None else pieces * (1.0 - np.nan_to_num(defects))
    column = data.table.product_column
    if column is None:
        return good, np.zeros(data.rows, dtype=np.int64), ("",)
    labels = data.labels(column)
    return good, labels.codes.astype(np.int64), labels.levels


def _by_product(
    place: np.ndarray, days: int, pieces: np.ndarray, product: np.ndarray, products: tuple[str, ...]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Pieces of each of the most made products by day, the others together."""
    total = np.bincount(product[product >= 0], weights=pieces[product >= 0], minlength=len(products))
    chosen = np.argsort(-total)[:_MOST_PRODUCTS]
    columns: list[np.ndarray] = []
    names: list[str] = []
    for code in chosen:
        mine = product == code
        columns.append(np.bincount(place[mine], weights=pieces[mine], minlength=days))
        names.append(products[code])
    rest = ~np.isin(product, chosen)
    if rest.any():
        columns.append(np.bincount(place[rest], weights=pieces[rest], minlength=days))
        names.append("…")
    varied = [number for number, column in enumerate(columns) if column.std() > 0]
    return np.column_stack([columns[n] for n in varied] or [np.empty((days, 0))]), tuple(names[n] for n in varied)


def _of_meter(base: EvidenceBase) -> DaysOfEnergy | None:
    """The plant's meter by day beside the pieces of the largest table of units."""
    load = plant_load(base)
    tables = [data for data in base.of_kind(Kind.UNITS) if data.time is not None]
    if load is None or not tables:
        return None
    curve, meter, _ = load
    data = max(tables, key=lambda one: one.rows)
    seconds = clock_seconds(data, base.factory.timezone)
    known = np.isfinite(seconds) & data.usable_rows()
    whole, place = np.unique(curve.day, return_inverse=True)
    steps = np.bincount(place, weights=np.isfinite(curve.kwh))
    energy = np.bincount(place, weights=np.nan_to_num(curve.kwh))
    energy[steps < 0.95 * DAY / curve.step] = np.nan
    made_on = np.floor(seconds[known] / DAY).astype(np.int64)
    inside = np.isin(made_on, whole)
    pieces = _pieces(data)[known][inside]
    good, product, products = _good(data, _pieces(data))
    at = np.searchsorted(whole, made_on[inside])
    drivers, names = _by_product(at, whole.size, pieces, product[known][inside], products)
    all_good = np.bincount(at, weights=good[known][inside], minlength=whole.size)
    warm = outdoor(base, curve)
    if warm is not None:
        degrees = degree_columns(np.bincount(place, weights=warm) / np.bincount(place))
        drivers = np.column_stack([drivers, degrees])
        names = (*names, *("degrees", "degrees of cooling")[: degrees.shape[1]])
    worked = (all_good > 0) & np.isfinite(energy)
    if worked.sum() < 20:
        return None
    return DaysOfEnergy(
        data=meter.data, column=meter.column, asset=meter.asset, day=whole[worked], energy=energy[worked], good=all_good[worked],
        drivers=drivers[worked], names=names,
    )  # fmt: skip
