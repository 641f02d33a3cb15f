"""Which batches were bad: by the verdict in their rows, a table that has one row a batch, or a list of bad batches by day."""

import re
from dataclasses import dataclass

import numpy as np

from jasang.analyze.batches import Batches
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.stop_log import clock_offset
from jasang.plant.factory import Role
from jasang.plant.text import Text

_BAD_LIST = re.compile(r"err|bad|ng|fail|defect|reject|불량|이상|오류|부적합", re.I)
_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatchLabels:
    """`bad` (b,): 1.0 bad, 0.0 good, NaN nobody said; `source` says who did."""

    bad: np.ndarray
    source: Text

    @property
    def known(self) -> bool:
        """Both kinds are there."""
        return bool((self.bad == 1.0).any() and (self.bad == 0.0).any())


def labels_of(
    base: EvidenceBase,
    data: TableData,
    rows: np.ndarray,
    batches: Batches,
    column: str | None,
    asked: tuple[str, str] | None,
) -> BatchLabels | None:
    """The labels of batches (row numbers into `rows`), or `None` where nothing tells bad from good."""
    if asked is not None:
        labels = data.labels(asked[0].removesuffix("!"))
        marked = np.array([level.lower() == asked[1].lower() for level in labels.levels] + [False])[labels.codes]
        marked = ~marked if asked[0].endswith("!") else marked  # COLUMN!=VALUE: all others are bad
        words = f"{asked[0]}={asked[1]}"
        return _checked(_most(marked[rows].astype(float), batches, 0.5), Text(ko=words, en=words))
    flags = data.defects()
    if flags is not None:
        name = data.table.with_role(Role.DEFECT)[0].name
        found = _checked(_most(flags[rows], batches, 0.0), Text(ko=f"항목 {name}", en=f"column {name}"))
        if found is not None:
            return found
    for other in base.tables:
        if other is data:
            continue
        found = _joined(other, column, batches) or _listed(base, other, data, rows, batches)
        if found is not None:
            return found
    return None


def _most(flags: np.ndarray, batches: Batches, above: float) -> np.ndarray:
    """1 where more than that share of a batch's known rows are flagged, NaN where none is known."""
    found = np.full(batches.starts.size, np.nan)
    for place, (start, end) in enumerate(zip(batches.starts, batches.ends, strict=True)):
        part = flags[start:end]
        part = part[np.isfinite(part)]
        if part.size:
            found[place] = float(part.mean() > above)
    return found


def _checked(bad: np.ndarray, source: Text) -> BatchLabels | None:
    labels = BatchLabels(bad=bad, source=source)
    return labels if labels.known else None


def _joined(other: TableData, column: str | None, batches: Batches) -> BatchLabels | None:
    """The verdict, or a quality against its limits, of a table with the same batch column; only where each name is one batch."""
    if column is None or not any(one.name == column for one in other.table.columns):
        return None
    if len(set(batches.names)) != len(batches.names):
        return None
    labels = other.labels(column)
    flags = other.defects()
    source = other.table.file
    if flags is None:
        limited = [c for c in other.table.with_role(Role.QUALITY) if c.lower is not None or c.upper is not None]
        if not limited:
            return None
        one = limited[0]
        values = other.numbers(one.name)
        low = -np.inf if one.lower is None else one.lower
        high = np.inf if one.upper is None else one.upper
        flags = np.where(np.isfinite(values), ((values < low) | (values > high)).astype(float), np.nan)
        source = f"{source}: {one.name}"
    worst: dict[str, float] = {}
    for code, flag in zip(labels.codes, flags, strict=True):
        if code >= 0 and np.isfinite(flag):
            worst[labels.levels[code]] = max(worst.get(labels.levels[code], 0.0), float(flag))
    bad = np.array([worst.get(name, np.nan) for name in batches.names])
    return _checked(bad, Text(ko=source, en=source))


def _listed(
    base: EvidenceBase, other: TableData, data: TableData, rows: np.ndarray, batches: Batches
) -> BatchLabels | None:
    """A list of bad batches: a small table named after what it holds, each row a day and the numbers of its bad batches."""
    small = other.rows <= 2000 and 2 <= len(other.table.columns) <= 60
    if not small or other.time is None or data.time is None or not _BAD_LIST.search(other.table.file):
        return None
    offset = clock_offset(data.time, base.factory.timezone)
    days = (other.time.astype("datetime64[us]").astype(np.int64) + offset) // _DAY
    bad: set[tuple[int, str]] = set()
    for column in other.table.columns:
        if column.name in (other.table.time, other.table.date):
            continue
        values = other.numbers(column.name)
        known = np.isfinite(values)
        if (values[known] != np.round(values[known])).any():
            return None
        bad |= {(int(days[row]), str(int(values[row]))) for row in np.flatnonzero(known)}
    first = data.time[rows[batches.starts]].astype("datetime64[us]").astype(np.int64)
    mine = (first + offset) // _DAY
    marked = np.array([(int(day), name) in bad for day, name in zip(mine, batches.names, strict=True)])
    # A list that names mostly other things is not about these batches; days it does not mention are unknown.
    if marked.sum() < 0.5 * len(bad):
        return None
    told = np.isin(mine, days)
    return _checked(np.where(told, marked.astype(float), np.nan), Text(ko=other.table.file, en=other.table.file))
