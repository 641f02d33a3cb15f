"""The factory's meters as load curves, and beside them what was produced, which machine ran, and how warm it was."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from jasang.analyze.energy import LoadCurve, Quantity, load_curve, quantity_of, summed, tariff_for
from jasang.analyze.machine_states import State
from jasang.analyze.stops import intervals
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.stop_log import asset_codes, clock_offset, state_ends, states_of_rows
from jasang.plant.factory import Column, Kind, Role
from jasang.plant.tariff import Tariff

_NOT_ELECTRIC = re.compile(
    r"kvar|무효|reactive|co2|가스|gas|lng|steam|스팀|증기|water|용수|factor|역률|flow|유량|load.?type"
    r"|volt|amp|전압|전류|%|축 ?부하|axis|spindle",
    re.IGNORECASE,
)
_REACTIVE = re.compile(r"kvar|무효|reactive", re.IGNORECASE)
_LEADING = re.compile(r"leading|진상", re.IGNORECASE)
_POWER = re.compile(r"(?<![a-z])k?w(?![a-z])|power|전력(?!량)|부하|demand|수요", re.IGNORECASE)
_ENERGY = re.compile(r"wh|energy|전력량|사용량|consumption|usage|에너지", re.IGNORECASE)
_MAIN = re.compile(r"main|total|전체|합계|메인|수전|공장|plant|site|factory|grid", re.IGNORECASE)
_OUTDOOR = re.compile(r"외기|실외|외부 ?온도|기온|outdoor|ambient|outside.?temp|weather", re.IGNORECASE)
# Machines that must stay warm, cold or under pressure: their idle load may be needed.
HOLDING = re.compile(
    r"comp|컴프|콤프|압축|furnace|oven|가열로|용해|보온|건조|dryer|drying|freez|냉동|냉각|chill|항온|boiler|보일러|holding|배기|집진"
    r"|서버|server",
    re.IGNORECASE,
)
_MOST_METERS = 60
_FACTOR = {"wh": 0.001, "w": 0.001, "mwh": 1000.0, "mw": 1000.0}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Meter:
    """One meter: where its readings stand, the machine it measures (`None` = the plant or unknown), and its load curve."""

    data: TableData
    column: str
    asset: str | None
    quantity: Quantity
    curve: LoadCurve
    main: bool

    @property
    def name(self) -> str:
        return self.asset or self.column


def clock_seconds(data: TableData, timezone: str) -> np.ndarray:
    """The rows' times in seconds since 1970 on the factory's clock, NaN where there is none; shape (rows,)."""
    if data.time is None:
        return np.full(data.rows, np.nan)
    ticks = (data.time.astype(np.int64) + clock_offset(data.time, timezone)) / 1e6
    return np.asarray(np.where(np.isnat(data.time), np.nan, ticks))


def moment(base: EvidenceBase, data: TableData, seconds: float) -> datetime:
    """A moment of the factory's clock in UTC."""
    offset = clock_offset(data.time, base.factory.timezone) if data.time is not None else 0
    return _EPOCH + timedelta(seconds=seconds) - timedelta(microseconds=offset)


def meters(base: EvidenceBase) -> tuple[Meter, ...]:
    """The electricity meters with an even pace in tables of signals and states, at most 60."""
    found: list[Meter] = []
    for data in base.of_kind(Kind.SIGNALS, Kind.STATES):
        if data.time is not None:
            found += data.once("meters", lambda data=data: _of_table(base, data))  # type: ignore[misc]
    known = _machines(base)
    return tuple(_with_machine(meter, known) for meter in found[:_MOST_METERS])


def _machines(base: EvidenceBase) -> tuple[str, ...]:
    """Names of the machines in tables of units and states, the longest first."""
    names = {name for data in base.of_kind(Kind.UNITS, Kind.STATES) for name in asset_codes(data)[0] if name}
    return tuple(sorted(names, key=len, reverse=True))


def _with_machine(meter: Meter, machines: tuple[str, ...]) -> Meter:
    """The meter with the machine that its column names ("INJ-01_kWh", "INJ-01.power")."""
    if meter.asset is not None:
        return meter
    for name in machines:
        if re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", meter.column, re.IGNORECASE):
            return replace(meter, asset=name, main=False)
    return meter


def electric(data: TableData) -> tuple[Column, ...]:
    """The columns that hold electric energy or power."""
    return tuple(
        column
        for column in data.table.with_role(Role.ENERGY)
        if not _NOT_ELECTRIC.search(column.name)
        and (column.unit or "kWh").lower() in ("kwh", "wh", "mwh", "kw", "w", "mw")
    )


def _of_table(base: EvidenceBase, data: TableData) -> list[Meter]:
    seconds = clock_seconds(data, base.factory.timezone)
    usable = data.usable_rows() & np.isfinite(seconds)
    names, codes = asset_codes(data)
    table = data.table
    series: list[tuple[str, str | None, np.ndarray, np.ndarray]] = []
    if table.signal_column and table.value_column:
        labels, values = data.labels(table.signal_column), data.numbers(table.value_column)
        for code, level in enumerate(labels.levels):
            if (_POWER.search(level) or _ENERGY.search(level)) and not _NOT_ELECTRIC.search(level):
                series.append((level, None, usable & (labels.codes == code), values))
    else:
        for column in electric(data):
            values = data.clean(column.name)
            parts = range(len(names)) if len(names) <= _MOST_METERS else range(0)
            series += [(column.name, names[code], usable & (codes == code), values) for code in parts]
    units = {column.name: column.unit for column in table.columns}
    made = []
    for name, asset, rows, values in series[:_MOST_METERS]:
        unit = units.get(name)
        quantity = _quantity(name, unit, values[rows])
        curve = load_curve(
            seconds[rows], values[rows], quantity=quantity, factor=_FACTOR.get((unit or "").lower(), 1.0)
        )
        if curve is not None and curve.days_known >= 2 and np.nanmax(curve.kwh) > 0 and np.nanmin(curve.kwh) > -1e-6:
            main = asset is None and bool(_MAIN.search(name))
            made.append(Meter(data=data, column=name, asset=asset, quantity=quantity, curve=curve, main=main))
    return made


def _quantity(name: str, unit: str | None, values: np.ndarray) -> Quantity:
    if unit is None and _POWER.search(name) and not _ENERGY.search(name):
        return "power"
    return quantity_of(values, unit)


def plant_load(base: EvidenceBase) -> tuple[LoadCurve, Meter, bool] | None:
    """The load of the plant, the meter it stands for, and whether it is a sum of machines; `None` without a meter.

    The meter that is named so or the only one; else the machines' meters together where their steps agree.
    """
    known = meters(base)
    if not known:
        return None
    main = [meter for meter in known if meter.main] or (list(known) if len(known) == 1 else [])
    if main:
        largest = max(main, key=lambda meter: float(np.nansum(meter.curve.kwh)))
        return largest.curve, largest, False
    step = min(meter.curve.step for meter in known)
    alike = [meter for meter in known if meter.curve.step == step]
    total = summed([meter.curve for meter in alike])
    if total.days_known < 2:
        return None
    return total, max(alike, key=lambda meter: float(np.nansum(meter.curve.kwh))), len(alike) > 1


def lagging(base: EvidenceBase, meter: Meter) -> LoadCurve | None:
    """The lagging reactive energy beside a meter, kvarh in place of kWh, in its steps; `None` where none is measured."""
    data = meter.data
    columns = [c.name for c in data.table.columns if _REACTIVE.search(c.name) and not _LEADING.search(c.name)]
    if not columns or meter.asset is not None:
        return None
    seconds, values = clock_seconds(data, base.factory.timezone), data.clean(columns[0])
    known = np.isfinite(seconds) & data.usable_rows()
    quantity: Quantity = "power" if meter.quantity == "power" else quantity_of(values[known], "kvarh")
    curve = load_curve(seconds[known], values[known], quantity=quantity)
    return (
        curve
        if curve is not None and curve.first == meter.curve.first and curve.kwh.size == meter.curve.kwh.size
        else None
    )


def tariff_of(base: EvidenceBase, curve: LoadCurve) -> Tariff | None:
    """The factory's tariff, or the public one in force at the end of the record; `None` for another currency than won."""
    stated = base.factory.energy.tariff if base.factory.energy is not None else None
    if stated is not None:
        return stated
    if base.factory.currency != "KRW":
        return None
    return tariff_for((_EPOCH + timedelta(days=float(curve.begin[-1]) / 86_400.0)).date())


def producing(base: EvidenceBase, curve: LoadCurve, asset: str | None = None) -> np.ndarray | None:
    """True in steps in which units were made or a machine ran, shape (n,); `None` where no table tells."""
    n, made, told = curve.kwh.size, np.zeros(curve.kwh.size + 1), False
    first, last = curve.first, curve.first + curve.step * n
    for data in base.of_kind(Kind.UNITS, Kind.STATES):
        seconds = clock_seconds(data, base.factory.timezone)
        known = np.isfinite(seconds) & data.usable_rows()
        overlap = known & (seconds >= first) & (seconds < last)
        if overlap.sum() < 50:
            continue
        if data.table.kind is Kind.UNITS:
            if np.unique(seconds[overlap] % 86_400.0).size < 5:
                continue  # one time a day tells no hours
            rows = overlap if asset is None else overlap & _is_asset(data, asset)
            np.add.at(made, ((seconds[rows] - first) // curve.step).astype(np.int64), 1.0)
            told |= bool(rows.any())
        else:
            runs = running_spans(base, data, asset)
            if runs is not None:
                begin = np.clip((runs[0] - first) / curve.step, 0, n).astype(np.int64)
                end = np.clip(np.ceil((runs[1] - first) / curve.step), 0, n).astype(np.int64)
                marks = np.zeros(n + 1)
                np.add.at(marks, begin, 1.0)
                np.add.at(marks, end, -1.0)
                made[:n] += np.cumsum(marks)[:n]
                told = True
    if not told:
        return None
    return _without_short_gaps(made[:n] > 0, max(1, round(3600.0 / curve.step)))


def _is_asset(data: TableData, asset: str) -> np.ndarray:
    names, codes = asset_codes(data)
    return np.asarray(codes == names.index(asset)) if asset in names else np.zeros(data.rows, dtype=bool)


def _without_short_gaps(made: np.ndarray, steps: int) -> np.ndarray:
    """An hour without a unit, between two with, is still production."""
    edges = np.diff(np.concatenate([[1], made.astype(np.int8), [1]]))
    out = made.copy()
    for begin, end in zip(np.flatnonzero(edges == -1), np.flatnonzero(edges == 1), strict=True):
        if end - begin <= steps and begin > 0 and end < made.size:
            out[begin:end] = True
    return out


def running_spans(
    base: EvidenceBase, data: TableData, asset: str | None = None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Begins and ends, seconds on the factory's clock, of the time the log of states says a machine (or any) runs."""
    found = _believed(base, data)
    if found is None:
        return None
    begin, end, states, owner, names = found
    chosen = np.array([state is State.RUNNING for state in states], dtype=bool)
    if asset is not None:
        if asset not in names:
            return None
        chosen &= owner == names.index(asset)
    return (begin[chosen], end[chosen]) if chosen.any() else None


def _believed(
    base: EvidenceBase, data: TableData
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, tuple[str | None, ...]] | None:
    def make() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, tuple[str | None, ...]] | None:
        if data.time is None or not data.table.state_column:
            return None
        usable = np.flatnonzero(data.usable_rows() & ~np.isnat(data.time))
        names, codes = asset_codes(data)
        made = intervals(data.time[usable], state_ends(data, usable), codes[usable])
        rows = usable[made.rows]
        states = states_of_rows(data, rows)
        if states is None or rows.size < 20:
            return None
        offset = clock_offset(data.time, base.factory.timezone)
        begin, end = (made.start + offset) / 1e6, (made.end + offset) / 1e6
        return begin, end, states, codes[rows], names

    return data.once("states_on_the_clock", make)


def running_share(base: EvidenceBase, meter: Meter) -> np.ndarray | None:
    """Share of each step of a meter in which its machine ran, shape (n,), NaN where no log tells; `None` without a log."""
    curve = meter.curve
    for data in base.of_kind(Kind.STATES):
        found = _believed(base, data)
        if found is None:
            continue
        begin, end, states, owner, names = found
        if meter.asset is not None and meter.asset in names:
            mine = owner == names.index(meter.asset)
        elif len(names) == 1:
            mine = np.ones(owner.size, dtype=bool)
        else:
            continue
        runs = np.array([state is State.RUNNING for state in states], dtype=bool)
        ran = _covered(curve, begin[mine & runs], end[mine & runs])
        logged = _covered(curve, begin[mine], end[mine])
        inside = (curve.begin >= begin[mine].min()) & (curve.begin < end[mine].max())
        only_stops = not runs[mine].any()
        if only_stops:
            return np.where(inside, 1.0 - logged, np.nan)
        return np.where(inside, ran, np.nan)
    return None


def _covered(curve: LoadCurve, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Share of each step that lies in the spans."""
    if not begin.size:
        return np.zeros(curve.kwh.size)
    order = np.argsort(begin)
    edges = np.concatenate([curve.begin, [curve.first + curve.step * curve.kwh.size]])
    points = np.maximum.accumulate(np.stack([begin[order], end[order]], axis=1).ravel())
    inside = np.arange(points.size - 1) % 2 == 0
    passed = np.concatenate([[0.0], np.cumsum(np.diff(points) * inside)])
    return np.asarray(np.clip(np.diff(np.interp(edges, points, passed)) / curve.step, 0.0, 1.0))


def outdoor(base: EvidenceBase, curve: LoadCurve) -> np.ndarray | None:
    """Outdoor temperature in each step of a curve, °C, NaN where unknown; `None` where nobody measures it."""
    for data in base.of_kind(Kind.SIGNALS, Kind.UNITS, Kind.STATES):
        for column in data.table.columns:
            if not _OUTDOOR.search(column.name) or column.role not in (Role.SENSOR, Role.CONTEXT, Role.QUALITY):
                continue
            seconds, values = clock_seconds(data, base.factory.timezone), data.clean(column.name)
            known = np.isfinite(seconds) & np.isfinite(values)
            place = np.floor((seconds[known] - curve.first) / curve.step).astype(np.int64)
            inside = (place >= 0) & (place < curve.kwh.size)
            if inside.sum() < 100:
                continue
            count = np.bincount(place[inside], minlength=curve.kwh.size)
            total = np.bincount(place[inside], weights=values[known][inside], minlength=curve.kwh.size)
            there = np.flatnonzero(count)
            # Weather is measured less often than energy: the last hours' temperature holds on.
            return np.interp(np.arange(curve.kwh.size), there, total[there] / count[there])
    return None
