"""The data faults of a table, found once and kept as small index sets: what `clean` takes out and the data rules tell.

Order matters: copies first (they would double every count), then dead channels, sentinels, unit flips, stuck stretches, blanks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from jasang.analyze.dead_channels import Constant, constant, named_as_flag, named_as_measured, named_as_setting, sisters
from jasang.analyze.sentinels import KNOWN_CODES, Sentinel, find_sentinels
from jasang.analyze.unit_flips import UnitFlip, find_unit_flips
from jasang.analyze.value_runs import Blanks, Run, find_blanks, runs, stuck_runs
from jasang.diagnose.fault_rows import (
    Part,
    by_product,
    has_twin,
    parts_of,
    read_numbers,
    usable_in_order,
    without_structure,
)
from jasang.plant.factory import Column, Kind, Role

if TYPE_CHECKING:
    from jasang.diagnose.evidence_base import TableData

FaultKind = Literal["dead", "sentinel", "flip", "stuck", "blank"]
_MEASURED = (Role.SENSOR, Role.QUALITY, Role.ENERGY, Role.CONTEXT, Role.VALUE)
_CHECKED = (*_MEASURED, Role.SETTING, Role.COUNT)
# A stretch in which the other columns change this much less often than usual is a machine at rest, not a stuck sensor.
_AT_REST = 0.5
_ANOTHER_UNIT = 15  # rows: a decimal point slips in single rows, but nobody changes from bar to psi for five
_SELDOM = 0.05  # of the rows: a setting that is zero more often may be zero for a product
_RARE = 20  # fewer rows cannot be judged alone


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFault:
    """One fault of one column (of one signal in a long table), on one asset where only that one has it.

    `rows` are file rows (int32) that are no measurement; empty for a sentinel, whose rows are those with `value`, and for blanks
    that already are missing. `first` and `last` are the file rows at which it starts and ends in order of time, `last` -1 when it
    lasts to the end of the data.
    """

    kind: FaultKind
    column: str
    signal: str | None
    asset: str | None
    what: Constant | Sentinel | UnitFlip | Run | Blanks
    rows: np.ndarray
    first: int
    last: int
    of: int  # rows that the column, or the asset's part of it, has

    @property
    def name(self) -> str:
        """The signal in a long table, else the column."""
        return self.signal or self.column

    @property
    def value(self) -> float:
        """The one value of a dead channel, a sentinel or a stuck stretch; of a unit flip the middle of the flipped rows."""
        return self.what.flipped if isinstance(self.what, UnitFlip) else self.what.value


_MORE_THAN_WORK = 100.0  # times the load at rest
_FEW_LEVELS = 30  # of a setting that is changed now and then
_NO_ROWS = np.empty(0, dtype=np.int32)


def table_faults(data: "TableData") -> tuple[ColumnFault, ...]:
    """All faults of all columns; each column is read once (a few twice), none is kept."""
    if data.table.kind not in (Kind.UNITS, Kind.SIGNALS, Kind.STATES) or data.rows < 20:
        return ()
    search = _Search(data)
    for column in data.table.columns:
        if column.role in _CHECKED or column.role == Role.IGNORE:
            search.look_at(column)
    return search.result()


class _Search:
    """One pass over the columns of a table, remembering what a column alone cannot tell."""

    def __init__(self, data: "TableData") -> None:
        self.data = data
        self.parts = tuple(parts_of(data))
        self.everything = Part(asset=None, signal=None, rows=usable_in_order(data))
        self.place: np.ndarray | None = None  # of each file row in order of time, made when first needed
        self.activity = np.zeros(data.rows, dtype=np.float32)
        self.moving = 0
        self.found: list[ColumnFault] = []
        self.resting: dict[
            int, np.ndarray
        ] = {}  # place in `found` → packed rows of a sentinel that may be a machine at rest
        self.constants: dict[str, list[ColumnFault]] = {}
        self.alive: list[str] = []
        self.stepped: set[str] = set()  # channels that on some asset stand still for long and then stand elsewhere
        self.levels: dict[str, int] = {}  # distinct values of the channels that move
        self.extremes: dict[str, tuple[float, float]] = {}

    def look_at(self, column: Column) -> None:
        values = read_numbers(self.data, column.name)
        if values is None:
            return
        self._constants(column, values)
        if column.role == Role.IGNORE:
            return
        finite = values[~np.isnan(values)]
        if not finite.size:
            return
        self.extremes[column.name] = (float(finite.min()), float(finite.max()))
        for signal in sorted({part.signal or "" for part in self.parts}):
            self._measured(column, values, [part for part in self.parts if (part.signal or "") == signal])

    def _constants(self, column: Column, values: np.ndarray) -> None:
        found = []
        for part in self.parts:
            what = constant(values[part.rows])
            if what is not None:
                found.append(self._fault("dead", column.name, part, what, np.arange(part.rows.size), whole=True))
            elif part.rows.size >= 50:
                name = part.signal or column.name
                present = values[part.rows]
                present = present[~np.isnan(present)]
                if runs(present)[0].size > 0.05 * present.size > 0:
                    self.alive.append(name)
                    self.levels[name] = max(self.levels.get(name, 0), np.unique(present).size)
                elif 1 < np.unique(present).size <= _FEW_LEVELS:
                    self.stepped.add(name)
        for fault in found:
            self.constants.setdefault(fault.name, []).append(fault)

    def _measured(self, column: Column, values: np.ndarray, parts: Sequence[Part]) -> None:
        constants = {fault.asset for fault in self.constants.get(parts[0].signal or column.name, ())}
        moving = [part for part in parts if part.asset not in constants]
        for part in parts:
            self._blank(column, values, part)
        if not moving:
            return
        whole = self._together(moving)
        bad = np.zeros(values.size, dtype=bool)
        for sentinel in find_sentinels(values[whole.rows]):
            if self._sentinel(column, values, whole, sentinel):
                bad |= values == sentinel.value
        kept = np.where(bad, np.nan, values) if bad.any() else values
        if column.role != Role.COUNT:
            flips = list(self._flips(column, kept, moving))
            self.found += flips
            if flips:
                kept = kept.copy()
                for flip in flips:
                    kept[flip.rows] = np.nan
        for part in moving:
            self._stuck(column, kept, part)

    def _together(self, parts: Sequence[Part]) -> Part:
        """The rows of several machines in order of time."""
        if len(parts) == len(self.parts):
            return self.everything
        rows = np.concatenate([part.rows for part in parts])
        if self.place is None:
            self.place = np.empty(self.data.rows, dtype=np.int64)
            self.place[self.everything.rows] = np.arange(self.everything.rows.size)
        asset = parts[0].asset if len(parts) == 1 else None
        return Part(asset=asset, signal=parts[0].signal, rows=rows[np.argsort(self.place[rows], kind="stable")])

    def _sentinel(self, column: Column, values: np.ndarray, part: Part, sentinel: Sentinel) -> bool:
        """Keep the sentinel; False when it is not to be believed at all."""
        code = sentinel.value in KNOWN_CODES
        if not sentinel.continuous and not code and column.role not in (Role.SENSOR, Role.QUALITY, Role.VALUE):
            return False
        places = np.flatnonzero(values[part.rows] == sentinel.value)
        if sentinel.at_rest:
            # A machine rests for a while and does not make units then; a sensor drops out for some rows, again and again.
            longest = 12 if self.data.table.kind == Kind.UNITS else 3
            if column.role in (Role.COUNT, Role.ENERGY) or sentinel.share > 0.3:
                return False
            if column.role == Role.SETTING and (
                sentinel.share > _SELDOM or not _read_back(values[part.rows], sentinel.value)
            ):
                return False
            if sentinel.rows > longest * sentinel.episodes or sentinel.episodes < 3:
                return False
            mask = np.zeros(values.size, dtype=bool)
            mask[part.rows[places]] = True
            self.resting[len(self.found)] = np.packbits(mask)
        elif not code and sentinel.share < 0.5 and sentinel.episodes < 3:
            return False
        self.found.append(self._fault("sentinel", column.name, part, sentinel, places, keep=part.signal is not None))
        return True

    def _flips(self, column: Column, values: np.ndarray, parts: Sequence[Part]) -> Iterator[ColumnFault]:
        for part in parts:
            groups = [part.rows] if part.signal else by_product(self.data, part.rows)
            merged: list[tuple[UnitFlip, np.ndarray]] = []
            for rows in groups:
                if rows.size >= _RARE:
                    flips = find_unit_flips(values[rows], temperature=is_temperature(column))
                    if column.role is Role.ENERGY:  # a machine at rest draws a sixtieth: that is no other unit
                        flips = tuple(flip for flip in flips if flip.ratio > _MORE_THAN_WORK)
                    merged += [(flip, rows[flip.places]) for flip in flips]
            for same in _alike(merged):
                biggest = max(same, key=lambda pair: pair[1].size)[0]
                rows = np.concatenate([rows for _, rows in same])
                factor = biggest.factor
                if rows.size < _ANOTHER_UNIT and factor is not None and not factor.units.startswith("×"):
                    continue
                strays = np.concatenate([_NO_ROWS, *self._strays(values, rows, groups)])
                order = np.flatnonzero(np.isin(part.rows, rows))
                fault = self._fault("flip", column.name, part, biggest, order, keep=True)
                yield replace(fault, rows=np.union1d(fault.rows, strays).astype(np.int32))

    def _strays(self, values: np.ndarray, rows: np.ndarray, groups: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
        """Rows of products and machines too rare to be judged alone that stand where the flipped rows stand."""
        low, high = sorted((float(values[rows].min()), float(values[rows].max())))
        low, high = low - 0.15 * abs(low), high + 0.15 * abs(high)
        rare = [part.rows for part in self.parts if part.rows.size < _RARE]
        for group in (*(group for group in groups if group.size < _RARE), *rare):
            yield group[(values[group] >= low) & (values[group] <= high)]

    def _stuck(self, column: Column, kept: np.ndarray, part: Part) -> None:
        series = kept[part.rows]
        if column.role in _MEASURED or column.role == Role.SETTING:
            for run in stuck_runs(series):
                if column.role == Role.SETTING and not _read_back(series, run.value):
                    continue
                places = np.arange(run.start, run.stop)
                places = places[series[places] == run.value]
                self.found.append(self._fault("stuck", column.name, part, run, places, keep=True))
        if part.signal is None and part.rows.size > 1:
            moved = series[1:] != series[:-1]
            moved &= ~np.isnan(series[1:])
            if moved.mean() > 0.02:
                self.activity[part.rows[1:]] += moved
                self.moving += 1

    def _blank(self, column: Column, values: np.ndarray, part: Part) -> None:
        raw = values[part.rows]
        blank = np.isnan(raw)
        if blank.any() and not blank.all():
            filled = without_structure(self.data, part.rows, raw)
            what = find_blanks(filled)
            if what is not None:
                # The base is the rows that could have a value.
                what = replace(what, of=what.of - int(np.count_nonzero(blank & ~np.isnan(filled))))
                stretches = [np.arange(run.start, run.stop) for run in what.stretches]
                places = np.concatenate(stretches) if stretches else np.flatnonzero(blank)
                self.found.append(self._fault("blank", column.name, part, what, places))

    def _fault(
        self,
        kind: FaultKind,
        column: str,
        part: Part,
        what: Constant | Sentinel | UnitFlip | Run | Blanks,
        places: np.ndarray,
        *,
        keep: bool = False,
        whole: bool = False,
    ) -> ColumnFault:
        """A fault at `places` of the part's rows."""
        to_the_end = bool(places.size) and int(places[-1]) >= part.rows.size - 1
        return ColumnFault(
            kind=kind,
            column=column,
            signal=part.signal,
            asset=part.asset,
            what=what,
            rows=part.rows[places].astype(np.int32) if keep else _NO_ROWS,
            first=int(part.rows[places[0]]),
            last=-1 if to_the_end or whole else int(part.rows[places[-1]]),
            of=part.rows.size,
        )

    def result(self) -> tuple[ColumnFault, ...]:
        dropped = self._machine_at_rest() | self._quiet_runs() | self._regimes() | self._true_extremes()
        kept = [fault for place, fault in enumerate(self.found) if place not in dropped]
        kept += self._same_code_elsewhere(kept)
        return tuple(self._dead() + kept)

    def _machine_at_rest(self) -> set[int]:
        """Zeros in rows where the other columns stand elsewhere too are a state of the machine."""
        bits = {place: np.unpackbits(packed)[: self.data.rows].astype(bool) for place, packed in self.resting.items()}
        dropped = set()
        for place, mask in bits.items():
            if any(
                (mask & theirs).sum() > 0.3 * min(mask.sum(), theirs.sum())
                for other, theirs in bits.items()
                if other != place
            ) or self._others_moved(self.found[place].column, mask):
                dropped.add(place)
        return dropped

    def _regimes(self) -> set[int]:
        """Flips in which the other columns move too: two ways of running, not two units."""
        dropped = set()
        for place, fault in enumerate(self.found):
            if not isinstance(fault.what, UnitFlip) or fault.rows.size < 0.01 * fault.of:
                continue
            mask = np.zeros(self.data.rows, dtype=bool)
            mask[fault.rows] = True
            ordinary = fault.what.factor is not None and fault.what.factor.ratio < 9 and not fault.what.offset
            alone = len(self.extremes) < 3 or fault.signal is not None
            often = fault.what.episodes >= 2
            if (fault.what.certain or not 1 / 50 < fault.what.ratio < 50) and not often:
                continue  # a way of running that comes once and is just ten times another is too much of a chance
            if (ordinary and alone and often) or (
                not alone and self._others_moved(fault.column, mask, 0.25 if often else 0.5)
            ):
                dropped.add(place)
        return dropped

    def _others_moved(self, column: str, mask: np.ndarray, share: float = 0.25) -> bool:
        """Whether this share of (up to 12) other columns stand more than a spread away from their level where `mask` is true."""
        others = [name for name in self.extremes if name != column][:: max(1, len(self.extremes) // 12)]
        moved = 0
        usable = self.data.usable_rows()
        for name in others:
            values = read_numbers(self.data, name)
            if values is None:
                continue
            inside, outside = values[mask & usable], values[~mask & usable]
            inside, outside = inside[~np.isnan(inside)], outside[~np.isnan(outside)]
            if inside.size and outside.size:
                low, middle, high = np.quantile(outside, [0.16, 0.5, 0.84])
                moved += bool(abs(float(np.median(inside)) - middle) > max(high - low, 1e-12) * 0.75)
        return moved >= max(1, share * len(others))

    def _quiet_runs(self) -> set[int]:
        """Stuck stretches in which the other columns hardly move either, or stand elsewhere: the machine rests."""
        dropped = set()
        for place, fault in enumerate(self.found):
            if fault.kind != "stuck" or fault.signal is not None or self.moving < 3:
                continue
            inside = float(self.activity[fault.rows[1:]].mean())
            usual = (float(self.activity.sum()) - inside * fault.rows.size) / max(
                self.activity.size - fault.rows.size, 1
            )
            mask = np.zeros(self.data.rows, dtype=bool)
            mask[fault.rows] = True
            at_an_end = fault.value in self.extremes[fault.column]
            if has_twin(self.data, self.extremes, self.everything.rows, fault.column, mask, at_rest=True):
                dropped.add(place)
                continue
            if inside < _AT_REST * (usual - 1) or self._others_moved(fault.column, mask, 0.25 if at_an_end else 0.5):
                dropped.add(place)
        return dropped

    def _true_extremes(self) -> set[int]:
        """Sentinels of which a twin column tells that they were measured: it is far out in the same rows."""
        dropped = set()
        for place, fault in enumerate(self.found):
            what = fault.what
            if fault.kind != "sentinel" or fault.signal is not None or not isinstance(what, Sentinel):
                continue
            if what.value in KNOWN_CODES or what.share > _SELDOM:
                continue
            values = read_numbers(self.data, fault.column)
            if values is not None and has_twin(
                self.data, self.extremes, self.everything.rows, fault.column, values == what.value, at_rest=False
            ):
                dropped.add(place)
        return dropped

    def _same_code_elsewhere(self, kept: Sequence[ColumnFault]) -> list[ColumnFault]:
        """A code of one column is looked for at the ends of the others, where alone it would not have been believed."""
        codes = {
            fault.what.value
            for fault in kept
            if fault.kind == "sentinel" and isinstance(fault.what, Sentinel) and fault.what.value != 0
        }
        have = {(fault.column, fault.what.value) for fault in kept if isinstance(fault.what, Sentinel)}
        added = []
        for column in self.data.table.columns:
            ends = set(self.extremes.get(column.name, ())) & codes
            if not ends or self.everything.rows.size != sum(
                part.rows.size for part in self.parts if part.signal is None
            ):
                continue
            values = read_numbers(self.data, column.name)
            if values is None:
                continue
            for sentinel in find_sentinels(values[self.everything.rows], sisters=ends):
                if (column.name, sentinel.value) not in have and sentinel.value in ends:
                    places = np.flatnonzero(values[self.everything.rows] == sentinel.value)
                    added.append(self._fault("sentinel", column.name, self.everything, sentinel, places))
        return added

    def _dead(self) -> list[ColumnFault]:
        """Constants that are dead channels: one fault for the column where all assets agree."""
        dead = []
        for name, faults in self.constants.items():
            role = self.data.table.column(faults[0].column).role
            believed = [fault for fault in faults if self._is_dead(name, role, fault)]
            assets = sum(1 for part in self.parts if part.signal == faults[0].signal)
            values = {fault.what.value for fault in believed if isinstance(fault.what, Constant)}
            if len(believed) > 1 and len(believed) == assets and len(values) == 1:
                rows = sum(fault.of for fault in believed)
                believed = [replace(believed[0], asset=None, of=rows)]
            dead += believed
        return dead

    def _is_dead(self, name: str, role: Role, fault: ColumnFault) -> bool:
        what = fault.what
        if (
            not isinstance(what, Constant)
            or named_as_flag(name)
            or (name in self.alive and self.levels.get(name, 0) < 8)
        ):
            return False
        moving = bool(set(sisters(name, self.alive)))
        if named_as_setting(name) or role in (Role.SETTING, Role.COUNT):
            # A setting that nobody changed is alive, and so is a count of nothing; only its sisters can prove it dead.
            return what.value == 0 and moving
        if what.value > 0 and name in self.stepped and name not in self.alive:
            return False  # somebody chooses it, and on this machine chose to leave it
        if np.isnan(what.value):
            return moving or role in (Role.SENSOR, Role.ENERGY, Role.VALUE)
        # A constant whole number may be a recipe; 231.4 was measured, and -50 is what an open input reads.
        measured = what.value <= 0 or what.value != round(what.value) or named_as_measured(name)
        return role in (Role.SENSOR, Role.ENERGY, Role.VALUE) or moving or measured


def _read_back(series: np.ndarray, value: float) -> bool:
    """Whether a setting is measured anew in every row, so that resting at `value` is no choice of the operator."""
    rest = series[(series != value) & ~np.isnan(series)]
    return rest.size > 1 and float((rest[1:] != rest[:-1]).mean()) > 0.5 and np.unique(rest).size >= 30


def is_temperature(column: Column) -> bool:
    """Whether unit or name says that the column is a temperature."""
    unit = (column.unit or "").lower()
    name = column.name.lower()
    return unit in ("°c", "℃", "degc", "°f", "℉", "c", "f") or "temp" in name or "온도" in name


def _alike(found: Sequence[tuple[UnitFlip, np.ndarray]]) -> list[list[tuple[UnitFlip, np.ndarray]]]:
    """Flips of several products that have (within 15 %) the same ratio."""
    groups: list[list[tuple[UnitFlip, np.ndarray]]] = []
    for flip, rows in found:
        for group in groups:
            if abs(np.log(group[0][0].ratio / flip.ratio)) < 0.15:
                group.append((flip, rows))
                break
        else:
            groups.append([(flip, rows)])
    return groups
