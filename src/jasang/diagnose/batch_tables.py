"""Batches that files hold in other ways: a file a batch, or a row a batch with its course along the row."""

import re
from collections.abc import Sequence

import numpy as np

from jasang.analyze.batches import FEWEST_BATCHES, FEWEST_ROWS, Batches
from jasang.diagnose.batch_data import MOST_SIGNALS, BatchData, moves
from jasang.diagnose.batch_labels import BatchLabels
from jasang.diagnose.evidence_base import TableData
from jasang.diagnose.monitor_rows import MONITOR_ROLES
from jasang.plant.factory import Role
from jasang.plant.text import Text

FEWEST_FILES = 5
MOST_STEPS = 120  # of a course along a row; finer ones are averaged
_NO_NAME = re.compile(r"(column_?|col_?|x|t|v|s)?\d+(\.\d+)?$", re.I)


def batches_of_files(tables: Sequence[TableData], bad: tuple[str, str] | None = None) -> BatchData | None:
    """Tables of the same columns, one batch each, as machines write that begin a file a run; `None` where there are none."""
    groups: dict[tuple[str, ...], list[TableData]] = {}
    for data in tables:
        if data.rows >= FEWEST_ROWS and data.table.signal_column is None and not _is_matrix(data):
            groups.setdefault(tuple(column.name for column in data.table.columns), []).append(data)
    largest: list[TableData] = max(groups.values(), key=lambda alike: len(alike), default=[])
    group = sorted(largest, key=lambda data: data.table.file)
    if len(group) < FEWEST_FILES:
        return None
    first = group[0]
    measured = [
        column.name
        for column in first.table.with_role(*MONITOR_ROLES, Role.CONTEXT, Role.COUNT)
        if column.name != first.table.time
    ]
    if not measured:
        return None
    parts = [np.column_stack([data.numbers(name) for name in measured]) for data in group]
    values = np.concatenate(parts)
    kept = [place for place in range(len(measured)) if moves(values[:, place])][:MOST_SIGNALS]
    if not kept:
        return None
    labels = None
    if bad is not None:
        marked = np.array([_marked_share(data, bad) for data in group])
        labels = _labels((marked > 0.5).astype(float), bad)
    ends = np.cumsum([part.shape[0] for part in parts])
    return BatchData(
        data=first,
        asset=None,
        names=tuple(measured[place] for place in kept),
        values=values[:, kept],
        time=None,
        batches=Batches(
            starts=np.concatenate([[0], ends[:-1]]),
            ends=ends,
            names=tuple(_stem(data.table.file) for data in group),
            how="tables",
        ),
        told_by=Text(ko="파일 하나가 한 배치", en="each file is a batch"),
        labels=labels,
    )


def batches_of_rows(tables: Sequence[TableData], bad: tuple[str, str] | None = None) -> BatchData | None:
    """Tables without names of columns whose rows are batches and whose columns are steps of time, one signal a file; `None` where
    there are none. `bad` names a column of another table with a row a batch.
    """
    groups: dict[int, list[TableData]] = {}
    for data in tables:
        if data.rows >= FEWEST_BATCHES and _is_matrix(data):
            groups.setdefault(data.rows, []).append(data)
    group = max(groups.values(), key=len, default=[])[:MOST_SIGNALS]
    if not group:
        return None
    courses = [_courses(data) for data in group]
    steps = max(course.shape[1] for course in courses)
    axis = np.linspace(0.0, 1.0, steps)
    rows = group[0].rows
    values = np.empty((rows * steps, len(group)))
    for place, course in enumerate(courses):
        own = np.linspace(0.0, 1.0, course.shape[1])
        even = course if course.shape[1] == steps else np.array([np.interp(axis, own, row) for row in course])
        values[:, place] = even.reshape(-1)
    labels = None
    if bad is not None:
        beside = [data for data in tables if data.rows == rows and data not in group and _has(data, bad[0])]
        if beside:
            labels = _labels(_is_marked(beside[0], bad).astype(float), bad)
    kept = [place for place in range(len(group)) if moves(values[:, place])]
    if not kept:
        return None
    starts = np.arange(rows) * steps
    return BatchData(
        data=group[0],
        asset=None,
        names=tuple(_stem(group[place].table.file) for place in kept),
        values=values[:, kept],
        time=None,
        batches=Batches(
            starts=starts, ends=starts + steps, names=tuple(str(row + 1) for row in range(rows)), how="tables"
        ),
        told_by=Text(ko="한 행이 한 배치", en="each row is a batch"),
        labels=labels,
    )


def _is_matrix(data: TableData) -> bool:
    """Many columns without a name, all readings that go on from one column to the next."""
    if data.time is not None or data.table.signal_column is not None:
        return False
    names = [column.name for column in data.table.columns]
    if len(names) < FEWEST_ROWS or not all(_NO_NAME.match(name) for name in names):
        return False
    some = data.source.read(names).head(200)
    if not all(dtype.is_numeric() for dtype in some.dtypes):
        return False
    values = some.to_numpy().astype(np.float64)
    spread = float(np.nanstd(values))
    if not spread > 0:
        return False
    # Neighbours along the row are alike where the row is a course; columns of different quantities are not.
    return bool(np.nanmedian(np.abs(np.diff(values, axis=1))) < 0.5 * spread)


def _courses(data: TableData) -> np.ndarray:
    values = data.source.read([column.name for column in data.table.columns]).to_numpy().astype(np.float64)
    size = -(-values.shape[1] // MOST_STEPS)
    whole = values.shape[1] // size * size
    found: np.ndarray = values[:, :whole].reshape(values.shape[0], -1, size).mean(axis=2)
    return found


def _stem(file: str) -> str:
    return re.sub(r"(\.\w+)+$", "", file.rsplit("/", 1)[-1])


def _labels(marked: np.ndarray, bad: tuple[str, str]) -> BatchLabels | None:
    words = f"{bad[0]}={bad[1]}"
    labels = BatchLabels(bad=marked, source=Text(ko=words, en=words))
    return labels if labels.known else None


def _has(data: TableData, column: str) -> bool:
    return any(one.name == column.removesuffix("!") for one in data.table.columns)


def _is_marked(data: TableData, bad: tuple[str, str]) -> np.ndarray:
    """True for the rows with that value; "COLUMN!" marks all other rows."""
    labels = data.labels(bad[0].removesuffix("!"))
    marked = np.array([level.lower() == bad[1].lower() for level in labels.levels] + [False])[labels.codes]
    return np.asarray(~marked if bad[0].endswith("!") else marked)


def _marked_share(data: TableData, bad: tuple[str, str]) -> float:
    return float(_is_marked(data, bad).mean()) if _has(data, bad[0]) else 0.0
