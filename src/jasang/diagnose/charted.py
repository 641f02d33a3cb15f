"""What a control chart is drawn of: one quantity of one machine in order of time, with what may form its subgroups."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from zoneinfo import ZoneInfo

import numpy as np

from jasang.analyze.machine_states import State
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.stop_log import states_of_rows
from jasang.plant.factory import Kind, Role
from jasang.plant.text import Text

MOST_EVENTS = 15
FEWEST_PERIODS = 12
USUAL_SAMPLE = 50  # units in a sample of a chart of defectives, where the record is too short for days


@dataclass(frozen=True, slots=True, kw_only=True)
class Charted:
    """Values of one quantity in order of time, shape (n,), missing ones left out.

    For shares of defectives `values` counts the bad units of each sample and `sizes` its units; else `sizes` is `None`, or the
    sizes that a column gave. `time` is datetime64[us] UTC or `None`. `products` names the product of each value, where the table
    tells products apart. `labels` are columns that may name subgroups. `sample` says what one sample is;
    `phases` names the phase of each value where limits of its own were asked for.
    """

    file: str
    name: str
    unit: str | None
    asset: str | None
    product: str | None
    values: np.ndarray
    time: np.ndarray | None
    products: np.ndarray | None
    labels: Mapping[str, np.ndarray]
    sizes: np.ndarray | None = None
    defectives: bool = False
    sample: Text | None = None
    phases: np.ndarray | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened to the machine: a stop or a set-up from its log, or another product. `time` in UTC."""

    time: np.datetime64
    text: Text


def measured(
    data: TableData,
    column: str,
    rows: np.ndarray,
    values: np.ndarray,
    *,
    name: str,
    asset: str | None,
    product: str | None,
) -> Charted:
    """The values, shape (rows of the table,), at these rows (int64, in order of time)."""
    rows = rows[np.isfinite(values[rows])]
    entry = data.table.column(column)
    return Charted(
        file=data.table.file,
        name=name,
        unit=entry.unit,
        asset=asset,
        product=product,
        values=values[rows],
        time=_times(data, rows),
        products=_products(data, rows) if product is None else None,
        labels={
            label.name: data.labels(label.name).codes[rows]
            for label in data.table.with_role(Role.ID, Role.CONTEXT)
            if label.name != column
        },
    )


def defectives(
    base: EvidenceBase, data: TableData, rows: np.ndarray, *, asset: str | None, product: str | None
) -> Charted | None:
    """Bad units of each day, shift, hour or row of units; `None` where the table has no verdicts."""
    flags = data.defects()
    columns = data.table.with_role(Role.DEFECT)
    if flags is None or not columns:
        return None
    rows = rows[~np.isnan(flags[rows])]
    if rows.size < 2 * FEWEST_PERIODS:
        return None
    time = _times(data, rows)
    codes, sample = _samples(time, rows.size, base.factory.timezone)
    _, first, inverse, sizes = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
    full = sizes >= 0.2 * np.median(sizes)  # the rest of a day says little
    bad = np.bincount(inverse, weights=flags[rows])
    return Charted(
        file=data.table.file,
        name=columns[0].name,
        unit=None,
        asset=asset,
        product=product,
        values=bad[full],
        time=None if time is None else time[first[full]],
        products=None,
        labels={},
        sizes=sizes[full].astype(np.float64),
        defectives=True,
        sample=sample,
    )


def _samples(time: np.ndarray | None, size: int, timezone: str) -> tuple[np.ndarray, Text]:
    if time is not None:
        offset = 0
        first = time[0].astype("datetime64[us]").item().replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).utcoffset()
        offset = int(first.total_seconds()) if first is not None else 0
        seconds = time.astype("datetime64[s]").astype(np.int64) + offset
        for length, text in (
            (86_400, Text(ko="하루", en="day")),
            (28_800, Text(ko="8시간", en="eight hours")),
            (3_600, Text(ko="1시간", en="hour")),
        ):
            codes = seconds // length
            counts = np.unique(codes, return_counts=True)[1]
            if counts.size >= FEWEST_PERIODS and np.median(counts) >= 20:
                return codes, text
    block = max(10, min(USUAL_SAMPLE, size // (2 * FEWEST_PERIODS)))
    return np.minimum(np.arange(size) // block, size // block - 1), Text(ko=f"{block}개", en=f"{block} units")


def happenings(base: EvidenceBase, charted: Charted) -> tuple[tuple[Happening, ...], int]:
    """The stops, set-ups and changes of product during the chart, in order, and how many there were (few are returned)."""
    if charted.time is None:
        return (), 0
    found = sorted(_of_states(base, charted), key=lambda one: one.time)
    if charted.products is not None:
        places = np.flatnonzero(charted.products[1:] != charted.products[:-1]) + 1
        changes = [
            Happening(
                time=charted.time[place],
                text=Text(ko=f"제품 {charted.products[place]}", en=f"product {charted.products[place]}"),
            )
            for place in places.tolist()[: MOST_EVENTS + 1]
        ]
        count = len(found) + places.size
        shown = changes if places.size <= MOST_EVENTS else []
        return tuple(sorted([*shown, *(found if len(found) <= MOST_EVENTS else [])], key=lambda one: one.time)), count
    return tuple(found) if len(found) <= MOST_EVENTS else (), len(found)


def _of_states(base: EvidenceBase, charted: Charted) -> Iterator[Happening]:
    if charted.time is None:
        return
    start, end = charted.time[0], charted.time[-1]
    for data in base.of_kind(Kind.STATES):
        if data.time is None or not data.table.state_column:
            continue
        rows = np.flatnonzero(data.usable_rows() & ~np.isnat(data.time) & (data.time >= start) & (data.time <= end))
        if charted.asset is not None and data.table.asset_column:
            labels = data.labels(data.table.asset_column)
            if charted.asset not in labels.levels:
                continue
            rows = rows[labels.codes[rows] == labels.levels.index(charted.asset)]
        states = states_of_rows(data, rows) if rows.size else None
        if states is None:
            continue
        words = {State.DOWN: Text(ko="정지", en="stop"), State.SETUP: Text(ko="준비·교체", en="set-up")}
        for row, state in zip(rows.tolist(), states.tolist(), strict=True):
            if state in words:
                yield Happening(time=data.time[row], text=words[state])


def _times(data: TableData, rows: np.ndarray) -> np.ndarray | None:
    if data.time is None or not rows.size or np.isnat(data.time[rows]).any():
        return None
    times: np.ndarray = data.time[rows]
    return times


def _products(data: TableData, rows: np.ndarray) -> np.ndarray | None:
    column = data.table.product_column
    if column is None:
        return None
    labels = data.labels(column)
    names = np.array([*labels.levels, ""], dtype=object)[labels.codes[rows]].astype(str)
    return names if np.unique(names).size > 1 else None
