"""The high-water mark: up to where rows have been taken. It is kept in the store as a reading of its own, after the rows.

Rows and mark are durable in that order, so a kill can only make rows come twice, and a reading is known by signal and time: the
second one takes the place of the first. For whole numbers the mark also remembers the numbers that were not there yet when later
ones were: a row whose transaction is committed late.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

MOST_MISSING = 1000  # numbers below the mark that are looked for again
MOST_TIES = 1000


@dataclass(slots=True, kw_only=True)
class Mark:
    """`high` is the greatest value of the mark column that was taken; `None` before the first row.

    `missing` are whole numbers below it that were not there, with the time (s since 1970) from which they count as never used.
    `ties` tells for each asset the time of its last row and how many rows it had at that time.
    """

    of: str  # what it is a mark of: another table or column starts anew
    high: Any = None
    missing: dict[int, float] = field(default_factory=dict)
    ties: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def passed(self, numbers: Iterable[int], now: float, patience: float) -> None:
        """Take numbers as read: move `high`, remember the gaps between them for `patience` s."""
        taken = sorted(set(numbers))
        if taken and (self.high is None or taken[-1] > self.high):
            top = taken[-1]
            first = max(self.high + 1 if self.high is not None else taken[0], top - MOST_MISSING)
            seen = set(taken)
            self.missing.update({number: now + patience for number in range(first, top) if number not in seen})
            self.high = top
        for number in taken:
            self.missing.pop(number, None)
        kept = [(number, until) for number, until in self.missing.items() if until > now]
        self.missing = dict(sorted(kept)[-MOST_MISSING:])

    def own_time(self, asset: str, moment: datetime) -> datetime:
        """The row's time; rows of one asset with the same time get one microsecond more each, so that none is lost."""
        last, count = self.ties.get(asset, (None, 0))
        count = count + 1 if last == moment else 1
        self.ties.pop(asset, None)
        self.ties[asset] = (moment, count)
        if len(self.ties) > MOST_TIES:
            del self.ties[next(iter(self.ties))]
        return moment + timedelta(microseconds=count - 1)

    def text(self) -> str:
        """The mark as it is kept."""
        return json.dumps(
            {
                "of": self.of,
                "high": _plain(self.high),
                "missing": [[number, round(until, 1)] for number, until in self.missing.items()],
                "ties": {asset: [moment.isoformat(), count] for asset, (moment, count) in self.ties.items()},
            },
            ensure_ascii=False,
        )


def whole_of(value: Any) -> int | None:
    """The whole number that a column holds, also as a decimal; `None` where it holds something else."""
    if isinstance(value, Decimal) and value.is_finite() and value == int(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_mark(text: object, of: str) -> Mark:
    """A mark as it was kept; a new one when there is none, or it is one of something else."""
    try:
        found = json.loads(text) if isinstance(text, str) else {}
        if found.get("of") != of:
            return Mark(of=of)
        return Mark(
            of=of,
            high=_value(found["high"]),
            missing={int(number): float(until) for number, until in found["missing"]},
            ties={
                asset: (datetime.fromisoformat(moment), int(count)) for asset, (moment, count) in found["ties"].items()
            },
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Mark(of=of)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == int(value) else float(value)
    return value


def _value(plain: Any) -> Any:
    if not isinstance(plain, dict):
        return plain
    return datetime.fromisoformat(plain["time"]) if "time" in plain else date.fromisoformat(plain["date"])
