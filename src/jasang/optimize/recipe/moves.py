"""How settings moved: today's values, whether a setting moved by itself, and where candidates may lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from jasang.optimize.campaigns.setting import Setting, SettingLimit, Value
from jasang.optimize.recipe.answer import SettingEvidence
from jasang.optimize.recipe.basis import Scale, scale_of
from jasang.optimize.recipe.context import Context, group_means

LEAST_OWN = 0.04  # of a setting's variance, not explained by lot, time and context
_TWIN = 0.97  # correlation within lots from which two settings count as moved together
_CELLS = 24
_STRETCHES, _LEAST_STRETCHES = 40, 3
_LEAST_CHANGES = 6  # of a setting in the record: fewer cannot be told from what else changed then
_EDGE = 0.05  # of the span beyond the outermost records


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The settings of one product's rows as arrays: `numbers` (rows, numeric), `codes` (rows, named), in the order given."""

    numeric: tuple[Setting, ...]
    named: tuple[Setting, ...]
    numbers: np.ndarray
    codes: np.ndarray

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Numeric ones first."""
        return (*self.numeric, *self.named)

    def only(self, places: np.ndarray) -> "Moved":
        """The settings at these places alone (numeric ones first)."""
        count = len(self.numeric)
        numbers, codes = places[places < count], places[places >= count] - count
        return Moved(
            numeric=tuple(self.numeric[j] for j in numbers),
            named=tuple(self.named[j] for j in codes),
            numbers=self.numbers[:, numbers],
            codes=self.codes[:, codes],
        )

    def values(self, numbers: np.ndarray, codes: np.ndarray) -> dict[str, Value]:
        """One row as values by name."""
        found: dict[str, Value] = {s.name: float(f"{v:.8g}") for s, v in zip(self.numeric, numbers, strict=True)}
        return found | {s.name: s.levels[int(c)] for s, c in zip(self.named, codes, strict=True)}


def today(moved: Moved) -> tuple[np.ndarray, np.ndarray]:
    """Today's setting: of the newest rows the value most of them share, else their median; shapes (1, numeric), (1, named)."""
    rows = moved.numbers.shape[0]
    recent = slice(max(0, rows - int(np.clip(rows // 20, 30, 200))), None)
    numbers = []
    for column in moved.numbers[recent].T:
        values, counts = np.unique(column, return_counts=True)
        common = counts.max() >= 0.5 * column.size
        numbers.append(float(values[counts.argmax()] if common else np.median(column)))
    codes = [int(np.bincount(column).argmax()) for column in moved.codes[recent].T]
    return np.array([numbers], dtype=np.float64).reshape(1, -1), np.array([codes], dtype=np.int64).reshape(1, -1)


def how_settings_moved(moved: Moved, context: Context) -> tuple[SettingEvidence, ...]:
    """Whether each setting moved by itself, within lots and apart from time, context and the other settings."""
    columns = [
        *moved.numbers.T,
        *(_leading(codes, len(s.levels)) for codes, s in zip(moved.codes.T, moved.named, strict=True)),
    ]
    own = [_own_part(column, context) for column in columns]
    found = []
    for place, setting in enumerate(moved.settings):
        column, rest = columns[place], own[place]
        spread = float(np.std(column))
        share = float(np.var(rest)) / spread**2 if spread > 0 else 0.0
        other, association = _most_alike(own, place)
        found.append(
            SettingEvidence(
                setting=setting.name,
                values_seen=int(np.unique(column).size),
                own_share=share,
                moves_with=moved.settings[other].name if other is not None and association >= 0.7 else None,
                association=association,
                usable=_moves_often(column) and share >= LEAST_OWN and _changes(column) >= _LEAST_CHANGES,
                moved=_moves_often(column),
            )
        )
    return tuple(found)


def leading_settings(
    moved: Moved, context: Context, y: np.ndarray, evidence: Sequence[SettingEvidence], most: int
) -> np.ndarray:
    """Places of the settings to model, ascending: all that moved, or the `most` whose own curve goes with the result most."""
    usable = np.array([place for place, one in enumerate(evidence) if one.moved], dtype=np.int64)
    if usable.size <= most:
        return usable
    result = _own_part(y, context)
    strength = []
    for place in usable:
        if place < len(moved.numeric):
            z = scale_of(moved.numbers[:, place]).scaled(moved.numbers[:, place])
            columns = np.column_stack([_own_part(z, context), _own_part(z**2, context)])
        else:
            codes = moved.codes[:, place - len(moved.numeric)]
            levels = np.unique(codes)[1:]
            columns = np.column_stack([_own_part((codes == level).astype(np.float64), context) for level in levels])
        found = np.linalg.lstsq(columns, result, rcond=None)[0]
        strength.append(float(np.var(columns @ found)) * (1.0 if evidence[place].usable else 1e-3))
    return np.sort(usable[np.argsort(strength)[::-1][:most]])


def _moves_often(column: np.ndarray) -> bool:
    """More than a stray row or two off the usual value."""
    values, counts = np.unique(column, return_counts=True)
    return bool(column.size - counts.max() >= max(10, 0.01 * column.size)) if values.size > 1 else False


def _changes(column: np.ndarray) -> int:
    return int(np.count_nonzero(np.diff(column)))


def _leading(codes: np.ndarray, count: int) -> np.ndarray:
    """A named setting as its most frequent level or not."""
    leading: np.ndarray = (codes == int(np.bincount(codes, minlength=count).argmax())).astype(np.float64)
    return leading


def _own_part(column: np.ndarray, context: Context) -> np.ndarray:
    """What of a column the context does not explain."""
    q = context.columns.shape[1]
    keep = np.arange(q)
    X, y = context.columns[:, keep], column
    if context.lot is not None:
        X, y = X - group_means(X, context.groups), y - group_means(y[:, None], context.groups)[:, 0]
    ridge = 1e-6 * np.trace(X.T @ X) / q + 1e-9
    own: np.ndarray = y - X @ np.linalg.solve(X.T @ X + ridge * np.eye(q), X.T @ y)
    return own


def _most_alike(own: Sequence[np.ndarray], place: int) -> tuple[int | None, float]:
    best, most = None, 0.0
    for other, column in enumerate(own):
        scale = float(np.std(column) * np.std(own[place]))
        if other == place or scale <= 0:
            continue
        r = abs(float(np.mean((column - column.mean()) * (own[place] - own[place].mean())))) / scale
        if r > most:
            best, most = other, r
    return best, most


def together(evidence: Sequence[SettingEvidence]) -> tuple[SettingEvidence, ...]:
    """Settings that moved only with another one."""
    return tuple(one for one in evidence if one.usable and one.association >= _TWIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Where the record speaks: every setting within its reach, and every two settings where rows have both been near."""

    low: np.ndarray
    high: np.ndarray
    scales: tuple[Scale, ...]
    alone: tuple[np.ndarray, ...]  # for each numeric setting (cells,) bool: it stood near in several stretches of time
    pairs: dict[tuple[int, int], np.ndarray]  # (cells, cells) bool: rows near
    levels: tuple[np.ndarray, ...]  # for each named setting: bool of levels seen often enough

    def holds(self, numbers: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Whether each candidate (rows of settings) lies there, shape (rows,) bool."""
        slack = 1e-9 * (self.high - self.low + 1.0)
        good: np.ndarray = ((numbers >= self.low - slack) & (numbers <= self.high + slack)).all(1)
        cells = np.column_stack([_cell(s, numbers[:, j]) for j, s in enumerate(self.scales)] or [codes[:, :0]])
        for place, seen in enumerate(self.alone):
            good &= seen[cells[:, place]]
        for (a, b), seen in self.pairs.items():
            good &= seen[cells[:, a], cells[:, b]]
        for place, seen in enumerate(self.levels):
            good &= seen[codes[:, place]]
        return good


def support_of(moved: Moved, now: tuple[np.ndarray, np.ndarray]) -> Support:
    """The support of the records; today's setting belongs to it, and the edge reaches a twentieth of the span further."""
    numbers = np.vstack([moved.numbers, now[0]])
    rows = numbers.shape[0]
    least = max(3, round(0.001 * rows))
    scales = tuple(scale_of(column) for column in numbers.T)
    lows, highs = [], []
    for setting, column in zip(moved.numeric, numbers.T, strict=True):
        low, high = np.quantile(column, [min(0.01, 5 / rows), max(0.99, 1 - 5 / rows)])
        reach = _EDGE * (high - low)
        lows.append(max(low - reach, -np.inf if setting.low is None else setting.low))
        highs.append(min(high + reach, np.inf if setting.high is None else setting.high))
    cells = np.column_stack([_cell(s, numbers[:, j]) for j, s in enumerate(scales)] or [moved.codes[:, :0]])
    alone = tuple(_often(column) for column in cells.T[: len(scales)])
    pairs = {}
    for a, b in combinations(range(len(scales)), 2):
        counts = np.zeros((_CELLS, _CELLS))
        np.add.at(counts, (cells[:, a], cells[:, b]), 1.0)
        near = _dilated(counts) >= least
        near[cells[-1, a], cells[-1, b]] = True
        pairs[a, b] = near
    levels = tuple(
        np.bincount(codes, minlength=len(s.levels)) >= max(10, 0.01 * rows)
        for codes, s in zip(moved.codes.T, moved.named, strict=True)
    )
    return Support(low=np.array(lows), high=np.array(highs), scales=scales, alone=alone, pairs=pairs, levels=levels)


def _often(cells: np.ndarray) -> np.ndarray:
    """Cells in or next to which rows of several stretches of time lie, or the last row (today): one campaign is no evidence."""
    stretch = (np.arange(cells.size) * _STRETCHES) // cells.size
    seen = np.zeros((_STRETCHES, _CELLS + 4), dtype=bool)
    seen[stretch, cells + 2] = True
    near = np.any([seen[:, 2 + step : 2 + step + _CELLS] for step in range(-2, 3)], axis=0)
    often: np.ndarray = near.sum(axis=0) >= _LEAST_STRETCHES
    often[cells[-1]] = True
    return often


def _cell(scale: Scale, values: np.ndarray) -> np.ndarray:
    return np.clip(((scale.scaled(values) + 1.6) / 3.2 * _CELLS).astype(np.int64), 0, _CELLS - 1)


def _dilated(counts: np.ndarray) -> np.ndarray:
    """Rows in the cell and in those within two of it."""
    padded = np.pad(counts, 2)
    found: np.ndarray = sum(
        padded[2 + i : 2 + i + _CELLS, 2 + j : 2 + j + _CELLS] for i in range(-2, 3) for j in range(-2, 3)
    )  # type: ignore[assignment]
    return found


def candidates(
    moved: Moved,
    now: tuple[np.ndarray, np.ndarray],
    movable: np.ndarray,
    support: Support,
    interlocks: Sequence[SettingLimit],
    *,
    seed: int,
    around: tuple[np.ndarray, np.ndarray] | None = None,
    count: int = 4000,
) -> tuple[np.ndarray, np.ndarray]:
    """Settings to compare: records' own, steps from today's, mixtures; only `movable` ones differ from today.

    With `around`, small steps about that one setting instead.
    """
    rng = np.random.default_rng(seed)
    n, d, k = moved.numbers.shape[0], len(moved.numeric), len(moved.named)
    numbers, codes = np.repeat(now[0], count, axis=0), np.repeat(now[1], count, axis=0)
    span = support.high - support.low
    if around is not None:
        numbers, codes = np.repeat(around[0], count, axis=0), np.repeat(around[1], count, axis=0)
        chosen = rng.random((count, d)) < 0.6
        numbers = np.where(
            chosen, numbers + span * rng.normal(size=(count, d)) * rng.choice([0.02, 0.08], (count, 1)), numbers
        )
    else:
        rows = rng.integers(0, n, count)
        share = np.where(rng.random((count, d + k)) < rng.choice([0.3, 0.7, 1.0], (count, 1)), True, False)
        far = moved.numbers[rows] if d else numbers
        even = support.low + span * rng.random((count, d))
        far = np.where(rng.random((count, 1)) < 0.5, far, even)
        numbers = np.where(share[:, :d], far, numbers)
        codes = np.where(share[:, d:], moved.codes[rows], codes)
    numbers = np.where(movable[:d], np.clip(numbers, support.low, support.high), now[0])
    codes = np.where(movable[d:], codes, now[1])
    numbers = _on_steps(moved.numeric, numbers, now[0])
    good = support.holds(numbers, codes) & interlocked(moved.numeric, numbers, interlocks)
    return np.vstack([now[0], numbers[good]]), np.vstack([now[1], codes[good]])


def _on_steps(settings: Sequence[Setting], numbers: np.ndarray, now: np.ndarray) -> np.ndarray:
    found = numbers.copy()
    for j, setting in enumerate(settings):
        if setting.step is not None and setting.low is not None:
            stepped = setting.low + np.round((numbers[:, j] - setting.low) / setting.step) * setting.step
            found[:, j] = np.where(numbers[:, j] == now[0, j], now[0, j], np.round(stepped, 9))
    return found


def interlocked(settings: Sequence[Setting], numbers: np.ndarray, interlocks: Sequence[SettingLimit]) -> np.ndarray:
    """Whether each candidate keeps the limits between settings."""
    places = {setting.name: j for j, setting in enumerate(settings)}
    good = np.ones(numbers.shape[0], dtype=bool)
    for limit in interlocks:
        if not set(limit.weights) <= set(places):
            continue
        total = sum(weight * numbers[:, places[name]] for name, weight in limit.weights.items())
        good &= (limit.low is None) | (np.asarray(total) >= (limit.low if limit.low is not None else 0.0) - 1e-9)
        good &= (limit.high is None) | (np.asarray(total) <= (limit.high if limit.high is not None else 0.0) + 1e-9)
    return good
