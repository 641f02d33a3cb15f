"""Time, machine and product of a table: which column each is, told from names and, where they say nothing, from behaviour."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from jasang.analyze.roles.behaviour import Behaviour, Values, level_codes, level_text
from jasang.analyze.roles.names import read_name
from jasang.analyze.roles.vocabulary import Concept
from jasang.analyze.roles.votes import Vote
from jasang.plant.factory import Role
from jasang.plant.text import Text

STRONG = 0.25  # share of a number's variance that lies between the levels, from which on a column divides the process
CLEARLY = 0.5
_LENGTHS = 0.9  # of the rows in which a column must hold the time between two others; people round and mistype


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeAxis:
    """Which columns carry the time of a row; `None` where there is none."""

    time: str | None = None
    date: str | None = None
    start: str | None = None
    end: str | None = None


def time_axis(roles: Mapping[str, Role], found: Mapping[str, Behaviour], sample: pl.DataFrame) -> TimeAxis:
    """The row time, a date beside a time of day, and start and end of an interval.

    Among several times the one of the row itself wins over a plan or due date, a full time over a mere date.
    """
    starts = [name for name, role in roles.items() if role is Role.START]
    ends = [name for name, role in roles.items() if role is Role.END]
    moments = [name for name, role in roles.items() if role is Role.TIME]
    start, end = (starts[0] if starts else None), (ends[0] if ends else None)
    if start is None and end is None and len(moments) >= 2:
        start, end = _interval(moments, found, sample)
    if start and not end:
        end = next((name for name in moments if _after(sample, start, name) and not found[name].midnight), None)
    if end and not start:
        start = next((name for name in moments if _after(sample, name, end) and not found[name].midnight), None)
    rest = [name for name in moments if name not in (start, end)]
    best = max(rest, key=lambda name: _time_worth(found[name])) if rest else None
    if best is None:
        return TimeAxis(time=start or end, start=start if end else None, end=end if start else None)
    date = None
    if found[best].values is Values.CLOCK:
        date = next((name for name in rest if found[name].values is Values.TIME), None)
    if (start or end) and (found[best].midnight or read_name(best).has(Concept.PLAN)):
        best, date = start or end, None
    return TimeAxis(time=best, date=date, start=start if end else None, end=end if start else None)


def _time_worth(one: Behaviour) -> float:
    """How well a time column serves as the row's own time."""
    reading = read_name(one.name)
    worth = 0.0
    worth += -4.0 if reading.has(Concept.PLAN) else 0.0
    worth += 3.0 if one.values is Values.TIME and not one.midnight else 0.0
    worth += 2.5 if one.values is Values.CLOCK else 0.0
    worth += 1.0 if reading.has(Concept.RECORDED) else 0.0
    worth += 0.5 if reading.has(Concept.TIME) else 0.0
    worth += one.rising if one.rising == one.rising else 0.0
    return worth + min(one.distinct, 1.0) - 0.01 * one.position


def _after(sample: pl.DataFrame, first: str, second: str) -> bool:
    """Whether `second` never lies before `first` and mostly after it."""
    if sample[first].dtype != sample[second].dtype or first == second:
        return False
    both = sample.select(pl.col(first).alias("a"), pl.col(second).alias("b")).drop_nulls()
    if both.height < 2:
        return False
    late = (both["b"] >= both["a"]).mean()
    strictly = (both["b"] > both["a"]).mean()
    return float(late or 0) >= 0.98 and float(strictly or 0) >= 0.5  # type: ignore[arg-type]


def _interval(
    moments: list[str], found: Mapping[str, Behaviour], sample: pl.DataFrame
) -> tuple[str | None, str | None]:
    """Two times without telling names that are a start and an end: the one ends where the next row starts, or near it."""
    full = [
        name
        for name in moments
        if found[name].values is Values.TIME and not found[name].midnight and not read_name(name).has(Concept.PLAN)
    ]
    for first, second in itertools.pairwise(full):
        if read_name(first).has(Concept.RECORDED) or read_name(second).has(Concept.RECORDED):
            continue
        if not _after(sample, first, second):
            continue
        both = sample.select(pl.col(first).alias("a"), pl.col(second).alias("b")).drop_nulls()
        if _has_length(sample, first, second):
            return first, second
        gap = (both["a"].shift(-1) - both["b"]).dt.total_seconds().abs().median()
        length = (both["b"] - both["a"]).dt.total_seconds().median()
        if isinstance(gap, (int, float)) and isinstance(length, (int, float)) and gap <= max(5.0, 0.5 * length):
            return first, second
    return None, None


def _has_length(sample: pl.DataFrame, first: str, second: str) -> bool:
    """Whether a column of numbers holds the time between the two, in seconds, minutes or hours."""
    length = (sample[second] - sample[first]).dt.total_seconds()
    for name, kind in sample.schema.items():
        if not kind.is_numeric():
            continue
        for unit in (1.0, 60.0, 3600.0):
            same = ((sample[name].cast(pl.Float64) * unit - length).abs() <= unit).drop_nulls()
            if same.len() >= 5 and float(same.mean() or 0) >= _LENGTHS:  # type: ignore[arg-type]
                return True
    return False


def variance_share(labels: np.ndarray, numbers: np.ndarray) -> float:
    """The share of the variance of `numbers` that lies between `labels`, 0 to 1, small-sample corrected (epsilon squared).

    `labels` are codes, -1 = none; `numbers` float64, NaN = missing; both of shape (rows,).
    """
    known = np.isfinite(numbers) & (labels >= 0)
    values, codes = numbers[known], labels[known]
    if values.size < 20 or values.std() == 0:
        return 0.0
    counts = np.bincount(codes)
    sums = np.bincount(codes, weights=values)
    groups = counts > 0
    between = float((sums[groups] ** 2 / counts[groups]).sum() - values.sum() ** 2 / values.size)
    total = float(((values - values.mean()) ** 2).sum())
    spare = int(groups.sum()) - 1
    within = (total - between) / max(values.size - spare - 1, 1)
    return float(max(0.0, (between - spare * within) / total))


def divides(series: pl.Series, numbers: Mapping[str, np.ndarray]) -> tuple[int, int]:
    """How many of the numbers the levels divide strongly, and how many clearly (`STRONG`, `CLEARLY`)."""
    codes = level_codes(series)
    shares = [variance_share(codes, values) for values in numbers.values()]
    return sum(share > STRONG for share in shares), sum(share > CLEARLY for share in shares)


def by_hour(series: pl.Series, times: pl.Series) -> bool:
    """Whether the level follows from the hour of the day: a shift."""
    columns = {"level": level_text(series), "hour": times.dt.hour(), "day": times.dt.date()}
    frame = pl.DataFrame(columns).drop_nulls()
    if frame.height < 50 or frame["hour"].n_unique() < 12 or frame["day"].n_unique() < 3:
        return False
    counts = frame.group_by("hour", "level").len()
    top = counts.group_by("hour").agg(pl.col("len").max().alias("top"), pl.col("len").sum().alias("all"))
    overall = float(frame["level"].value_counts()["count"].max() or 0) / frame.height  # type: ignore[arg-type]
    purity = float(top["top"].sum()) / float(top["all"].sum())
    return purity > 0.9 and overall < 0.8


def axis_votes(
    unknown: list[str],
    taken: frozenset[Role],
    found: Mapping[str, Behaviour],
    sample: pl.DataFrame,
    numbers: Mapping[str, np.ndarray],
) -> dict[str, Vote]:
    """Votes for text columns whose names and levels say nothing: machine or product where the levels divide the process.

    The first that divides it is the machine if it changes from row to row, the product if it runs in campaigns; of two the first
    is the machine. `taken` are the axes already found by name.
    """
    votes: dict[str, Vote] = {}
    free = [role for role in (Role.ASSET, Role.PRODUCT) if role not in taken]
    strong = []
    for name in unknown:
        if not free:
            break
        wide, clear = divides(sample[name], numbers)
        if wide >= 2 or clear >= 1:
            strong.append((name, wide))
    for place, (name, wide) in enumerate(strong[: len(free)]):
        role = (
            (Role.ASSET if found[name].changes > 0.4 else Role.PRODUCT)
            if len(free) == 2 and len(strong) == 1
            else free[place]
        )
        reason = Text(
            ko=f"이 값에 따라 숫자 열 {max(wide, 1)}개의 수준이 갈림",
            en=f"its levels set {max(wide, 1)} of the numbers apart",
        )
        votes[name] = Vote(role=role, weight=3.0, reason=reason)
    return votes
