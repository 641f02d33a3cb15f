"""What else changed at a moment: lots, products, operators, settings of the same table, stops and log entries of the others."""

from collections.abc import Iterator

import numpy as np

from jasang.analyze.causes import Met, change_moments, first_seen, lined_up
from jasang.diagnose.changes import LevelChange
from jasang.diagnose.driver_problem import seconds_of_rows
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.plant.factory import Kind, Role
from jasang.plant.text import Text

_MOST_COLUMNS = 40
_MOST_LEVELS = 60
_MOST_ENTRIES = 400  # of a log: more are production, not events
_LEAST_LEVEL_ROWS = 5
MOST_CHANCE = 0.05
_MOST_NAMED = 2
_DAY = 86_400.0


def changes_nearby(
    base: EvidenceBase,
    data: TableData,
    *,
    moment: float,
    interval: tuple[float, float] | None = None,
    rows: np.ndarray | None = None,
    leave_out: tuple[str, ...] = (),
) -> tuple[Met, ...]:
    """What changed near `moment` (s UTC), the least likely by accident first.

    `rows` are the rows of the machine concerned in order of time (all of the table's by default); `leave_out` are columns
    that are the change itself.
    """
    order = data.time_order() if rows is None else rows
    seconds = seconds_of_rows(data, order)
    if seconds is None:
        return ()
    record = float(np.nanmin(seconds)), float(np.nanmax(seconds))
    others = dict(_of_table(data, order, seconds, leave_out))
    for each in base.tables:
        if each is not data and each.table.kind in (Kind.OTHER, Kind.ORDERS, Kind.STATES):
            others |= dict(_of_log(each))
    return lined_up(moment, others, record=record, interval=interval, most_chance=MOST_CHANCE)


def met_at(base: EvidenceBase, data: TableData, one: LevelChange) -> tuple[Met, ...]:
    """What changed when the level did, without what already explains it; nothing where the table has no times."""
    seconds = one.course.seconds
    if seconds is None or one.since is None:
        return ()
    places = np.arange(seconds.size) + 0.5
    low, high = (float(v) for v in np.interp(one.change.onset, places, seconds))
    moment = float(one.since.astype("datetime64[us]").astype(np.int64)) / 1e6
    known = tuple(each.column.name for each in one.explanations)
    return changes_nearby(
        base,
        data,
        moment=moment,
        interval=(min(low, moment), max(high, moment)),
        leave_out=(one.course.column.name, *known),
    )


def with_coincidences(text: Text, met: tuple[Met, ...]) -> Text:
    """The text and a sentence on what changed then, with the chance that it met by accident."""
    if not met:
        return text
    words = [met_text(each) for each in met[:_MOST_NAMED]]
    return Text(
        ko=f"{text.ko} 같은 때에 바뀐 것: {', '.join(each.ko for each in words)}.",
        en=f"{text.en} Changed at that time: {'; '.join(each.en for each in words)}.",
    )


def _of_table(
    data: TableData, order: np.ndarray, seconds: np.ndarray, leave_out: tuple[str, ...]
) -> Iterator[tuple[str, np.ndarray]]:
    """When each setting and name of the table took another value, and when a level came for the first time."""
    table = data.table
    passed = {*leave_out, table.time, table.date, table.asset_column}
    columns = [*table.with_role(Role.SETTING, Role.CONTEXT, Role.ID, Role.PRODUCT)]
    for column in columns[:_MOST_COLUMNS]:
        if column.name in passed:
            continue
        numbers = data.numbers(column.name)[order]
        if np.isfinite(numbers).mean() > 0.9 and np.unique(numbers[np.isfinite(numbers)][:20_000]).size > _MOST_LEVELS:
            continue  # a measurement
        labels = data.labels(column.name)
        if not 2 <= len(labels.levels) <= _MOST_LEVELS:
            continue
        codes = labels.codes[order].astype(np.int64)
        moments = change_moments(codes, seconds)
        if moments.size:
            yield column.name, moments
            continue
        counts = np.bincount(codes[codes >= 0], minlength=len(labels.levels))
        for level, when in first_seen(codes, seconds).items():
            if counts[level] >= _LEAST_LEVEL_ROWS:
                yield f"{column.name} {labels.levels[level]}", np.array([when])


def _of_log(data: TableData) -> Iterator[tuple[str, np.ndarray]]:
    """The entries of a log by what they say: repairs, tool changes, set-ups."""
    seconds = seconds_of_rows(data, np.arange(data.rows))
    if seconds is None:
        return
    table = data.table
    reasons = table.with_role(Role.REASON)
    if table.kind is Kind.STATES:
        if not reasons:
            return
    elif data.rows > _MOST_ENTRIES:
        return
    named = reasons or tuple(
        c for c in table.with_role(Role.CONTEXT) if len(data.labels(c.name).levels) <= _MOST_LEVELS
    )
    if not named:
        yield table.file, seconds[~np.isnan(seconds)]
        return
    labels = data.labels(named[0].name)
    for code, level in enumerate(labels.levels[:_MOST_LEVELS]):
        moments = seconds[(labels.codes == code) & ~np.isnan(seconds)]
        if 0 < moments.size <= _MOST_ENTRIES:
            yield f"{table.file}: {level}", moments


def met_text(met: Met) -> Text:
    """ "lot (changed 3 times, 20 minutes before; 2.4 % by accident)"."""
    apart = abs(met.apart)
    size, ko, en = next((s for s in ((_DAY, "일", "days"), (3600.0, "시간", "hours"), (60.0, "분", "minutes")) if apart >= s[0]),
                        (60.0, "분", "minutes"))  # fmt: skip
    before_ko, before_en = ("전", "before") if met.apart < 0 else ("뒤", "after")
    chance = f"{100 * met.chance_of_all:.2g} %" if met.chance_of_all >= 0.001 else "0.1 %"
    less_ko, less_en = (" 미만", "less than ") if met.chance_of_all < 0.001 else ("", "")
    return Text(
        ko=f"{met.name}(기록에서 {met.changes}번 바뀜, {apart / size:.2g}{ko} {before_ko}; 우연히 겹칠 확률 {chance}{less_ko})",
        en=f"{met.name} (changed {met.changes} times in the record, {apart / size:.2g} {en} {before_en}; "
        f"{less_en}{chance} by accident)",
    )
