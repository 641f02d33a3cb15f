"""Which signals left their usual range for a while: the survey behind `out_of_control`.

Every series is judged within its products. Left out is what has an ordinary reason or is told by another rule: start-up at the
beginning of the record and after a gap in it, a setting that was changed for just that while, a reported change of level, and in
short records the first night or weekend.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from jasang.analyze.excursions import MOST_EPISODES, Episode, find_excursions
from jasang.diagnose import change_story
from jasang.diagnose.changes import level_changes
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import as_datetime
from jasang.diagnose.series import Series, series_of
from jasang.plant.factory import Kind, Role

ROLES = (Role.SENSOR, Role.QUALITY, Role.ENERGY)
LEVEL = 0.01  # chance that a factory in control is told of an excursion
FEWEST_OF_PRODUCT = 30
MOST_SETTINGS = 30
TOGETHER = 3  # signals of a machine: one event of the machine
GAP = 10.0  # usual intervals between rows
WEEKENDS_KNOWN, NIGHTS_KNOWN = 28 * 86_400.0, 5 * 86_400.0  # seconds of record in which a rest would have come back


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfRange:
    """One signal's excursions, most certain first; `p` of the episodes is corrected for all series tried.

    `low` and `high` are the usual range in the unit of the column, for the product made at the worst peak. `company` are the
    names of the signals of the same machine that were out at the same time as the worst episode.
    """

    series: Series
    low: float
    high: float
    episodes: tuple[Episode, ...]
    company: tuple[str, ...] = ()

    def ongoing(self, episode: Episode) -> bool:
        """It lasts to the end of the record."""
        return episode.last >= self.series.values.size - 2


def out_of_range(evidence: EvidenceBase, data: TableData) -> tuple[OutOfRange, ...]:
    """The excursions in one table, those of a machine's signals at one time put together under the signal that went farthest."""
    found: list[OutOfRange] = []
    tried = 0
    for series in series_of(evidence, data, roles=ROLES, fewest=200):
        tried += 1
        one = _of_series(evidence, data, series)
        if one is not None:
            found.append(one)
    certain = []
    for one in found:
        episodes = tuple(replace(each, p=each.p * tried) for each in one.episodes if each.p * tried <= LEVEL)
        if episodes:
            certain.append(replace(one, episodes=episodes))
    assets = dict.fromkeys(one.series.asset for one in certain)
    return tuple(
        event for asset in assets for event in _by_event([one for one in certain if one.series.asset == asset])
    )


def _of_series(evidence: EvidenceBase, data: TableData, series: Series) -> OutOfRange | None:
    judged, back = _within_products(series)
    found = find_excursions(judged, level=LEVEL)
    if found is None:
        return None
    kept = tuple(episode for episode in found.episodes if not _has_ordinary_reason(evidence, data, series, episode))
    if not kept:
        return None
    factor, middle, centre = back[0], back[1], back[2]
    product = series.product[kept[0].peak_row]
    offset, scale = float(centre[product + 1]), float(factor[product + 1])
    return OutOfRange(
        series=series,
        low=offset + (found.low - middle) * scale,
        high=offset + (found.high - middle) * scale,
        episodes=tuple(replace(each, peak=float(series.values[each.peak_row])) for each in kept),
    )


def _within_products(series: Series) -> tuple[np.ndarray, tuple[np.ndarray, float, np.ndarray]]:
    """Values brought to one centre and spread over the products, and how to go back: spreads, common centre, centres.

    A product of a few rows has no usual range: its values count as ordinary.
    """
    middle = float(np.median(series.values))
    codes = np.unique(series.product)
    factor = np.ones(len(series.products) + 1)
    centre = np.full(len(series.products) + 1, middle)
    if codes.size < 2:
        return series.values, (factor, middle, centre)
    judged = series.values.copy()
    spreads = {}
    for code in codes:
        own = series.values[series.product == code]
        if own.size >= FEWEST_OF_PRODUCT:
            centre[code + 1] = float(np.median(own))
            spreads[int(code)] = float(np.median(np.abs(own - centre[code + 1])))
    usual = float(np.median([spread for spread in spreads.values() if spread > 0] or [1.0]))
    for code in codes:
        own_rows = series.product == code
        if int(code) not in spreads:
            judged[own_rows] = middle
            continue
        if spreads[int(code)] > 0:
            factor[code + 1] = spreads[int(code)] / usual
        judged[own_rows] = middle + (series.values[own_rows] - centre[code + 1]) / factor[code + 1]
    return judged, (factor, middle, centre)


def _has_ordinary_reason(evidence: EvidenceBase, data: TableData, series: Series, episode: Episode) -> bool:
    return (
        episode.first < max(5, series.values.size // 100)
        or _after_a_gap(series, episode)
        or _in_a_first_rest(evidence, series, episode)
        or _told_as_change(evidence, data, series, episode)
        or _set_for_it(data, series, episode)
    )


def _after_a_gap(series: Series, episode: Episode) -> bool:
    """The machine was off, and starts."""
    if series.time is None:
        return False
    steps = np.diff(series.time.astype("datetime64[us]").astype(np.int64))
    usual = float(np.median(steps))
    near = steps[max(0, episode.first - 4) : episode.first + 1]
    return bool(usual > 0 and near.size and near.max() > GAP * usual)


def _in_a_first_rest(evidence: EvidenceBase, series: Series, episode: Episode) -> bool:
    """In a record too short to know its rests, a night or a weekend is one."""
    if series.time is None or np.isnat(series.time[[0, -1, episode.first, episode.last]]).any():
        return False
    span = float((series.time[-1] - series.time[0]) / np.timedelta64(1, "s"))
    zone = ZoneInfo(evidence.factory.timezone)
    begin = as_datetime(series.time[episode.first]).astimezone(zone)
    end = as_datetime(series.time[episode.last]).astimezone(zone)
    if span < NIGHTS_KNOWN and end - begin < timedelta(hours=18):
        night = begin.hour >= 16 or end.hour < 9
        if night and end - begin > timedelta(hours=4):
            return True
    if span < WEEKENDS_KNOWN and end - begin < timedelta(days=4):
        begins = begin.weekday() in (5, 6) or (begin.weekday() == 4 and begin.hour >= 12)
        ends = end.weekday() in (5, 6) or (end.weekday() == 0 and end.hour < 13)
        return begins and ends and end - begin > timedelta(hours=8)
    return False


def _told_as_change(evidence: EvidenceBase, data: TableData, series: Series, episode: Episode) -> bool:
    """mean_shift or drift speak of the same moment."""
    changes, tried = level_changes(evidence)
    slack = max(5, series.values.size // 50)
    for one in changes:
        same = one.table == data.table.file and one.course.column.name == series.name
        if not same or (one.course.asset != series.asset and not one.assets):
            continue
        near = episode.first - slack <= one.onset_row <= episode.last + slack
        if near and change_story.severity(one, tried) is not None:
            return True
    return False


def _set_for_it(data: TableData, series: Series, episode: Episode) -> bool:
    """A setting stood elsewhere during the episode than before and after."""
    length = max(20, episode.last - episode.first + 1)
    before = slice(max(0, episode.first - length), episode.first)
    inside = slice(episode.first, episode.last + 1)
    after = slice(episode.last + 1, episode.last + 1 + length)
    for column in data.table.with_role(Role.SETTING)[:MOST_SETTINGS]:
        if column.name == series.name:
            continue
        values = data.numbers(column.name)[series.rows]
        parts = [part[np.isfinite(part)] for part in (values[inside], values[before], values[after])]
        if parts[0].size == 0 or parts[1].size + parts[2].size == 0:
            continue
        around = [part for part in parts[1:] if part.size]
        noise = max(float(np.median(np.abs(part - np.median(part)))) for part in around)
        moved = min(abs(float(np.median(parts[0]) - np.median(part))) for part in around)
        if moved > max(4.5 * noise, 1e-9 * abs(float(np.median(parts[0])))):
            return True
    return False


def _by_event(found: Sequence[OutOfRange]) -> list[OutOfRange]:
    """The excursions of one machine, what several signals did together under the one that went farthest.

    What takes many signals along more often than `MOST_EPISODES` times is how this machine works.
    """
    if len(found) < TOGETHER:
        return list(found)
    company: dict[tuple[int, int], set[int]] = {}
    for place, one in enumerate(found):
        for number, episode in enumerate(one.episodes):
            spans = [_moments(one, episode)]
            company[place, number] = {
                other
                for other, its in enumerate(found)
                if any(_overlap(spans[0], _moments(its, each)) for each in its.episodes)
            }
    events: list[OutOfRange] = []
    shared = {key for key, others in company.items() if len(others) >= TOGETHER}
    leads: list[tuple[int, int]] = []
    for key in sorted(shared, key=lambda key: -found[key[0]].episodes[key[1]].beyond):
        place, number = key
        span = _moments(found[place], found[place].episodes[number])
        if not any(_overlap(span, _moments(found[p], found[p].episodes[n])) for p, n in leads):
            leads.append(key)
    if leads and len(leads) <= MOST_EPISODES:
        place, number = leads[0]
        names = tuple(found[other].series.name for other in sorted(company[leads[0]]) if other != place)
        others = tuple(found[p].episodes[n] for p, n in leads[1:])
        first = found[place].episodes[number]
        events.append(replace(found[place], episodes=(first, *others), company=names))
    for place, one in enumerate(found):
        own = tuple(each for number, each in enumerate(one.episodes) if (place, number) not in shared)
        if own and not any(event.series is one.series for event in events):
            events.append(replace(one, episodes=own))
    return events


def _moments(one: OutOfRange, episode: Episode) -> tuple[float, float]:
    """First and last moment of an episode, in seconds, or in rows of the table where it has no times."""
    series = one.series
    if series.time is None:
        return float(series.rows[episode.first]), float(series.rows[episode.last])
    times = series.time[[episode.first, episode.last]].astype("datetime64[us]").astype(np.int64) / 1e6
    return float(times[0]), float(times[1])


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def tables(evidence: EvidenceBase) -> tuple[TableData, ...]:
    """The tables that hold signals or units."""
    return evidence.of_kind(Kind.UNITS, Kind.SIGNALS)
