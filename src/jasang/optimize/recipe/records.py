"""What a recommendation is asked: the records of settings, context and results, in order of time, and the goals."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from jasang.optimize.campaigns.setting import Goal, Setting, SettingLimit, Specification

NOTHING: Mapping[str, np.ndarray] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeRecords:
    """Records of one table, rows in order of time; every array has shape (rows,).

    Parameters
    ----------
    settings
        What can be set, with safe limits. The columns are in `values` by name: numbers (NaN = missing) or texts (None = missing).
    outcomes
        Results by name, float64, NaN = not measured; defects as 0 and 1.
    goals
        What to make small, large or equal to a target; the first one leads.
    specifications
        Limits of other outcomes, kept with the stated chance; `interlocks` are limits of weighted sums of settings.
    context
        What nobody sets and what may explain results: lot, supplier, shift, ambient; numbers or texts.
    guards
        Outcomes that must not get worse although nobody asked to improve them (defects, while the goal is the cycle time).
    product, machine
        Names (texts), where told apart. Every product is asked for itself.
    time
        Seconds, for the hour of the day; order is that of the rows.
    """

    settings: tuple[Setting, ...]
    values: Mapping[str, np.ndarray]
    outcomes: Mapping[str, np.ndarray]
    goals: tuple[Goal, ...]
    specifications: tuple[Specification, ...] = ()
    interlocks: tuple[SettingLimit, ...] = ()
    context: Mapping[str, np.ndarray] = field(default_factory=lambda: NOTHING)
    guards: tuple[Goal, ...] = ()
    product: np.ndarray | None = None
    machine: np.ndarray | None = None
    time: np.ndarray | None = None
    in_spec: float = 0.95  # share of units inside each specification that a recommendation must keep
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.goals:
            raise ValueError("expected at least one goal")
        if not self.settings:
            raise ValueError("expected at least one setting")
        rows = self.rows
        named = {**self.values, **self.outcomes, **self.context}
        asked = [one.outcome for one in (*self.goals, *self.guards)] + [one.outcome for one in self.specifications]
        for name in [*(setting.name for setting in self.settings), *asked]:
            if name not in named:
                raise ValueError(f"there is no column {name!r}; columns there are: {', '.join(sorted(named))}")
        for name, column in [*named.items(), ("product", self.product), ("machine", self.machine), ("time", self.time)]:
            if column is not None and np.asarray(column).shape != (rows,):
                raise ValueError(f"column {name!r} has shape {np.asarray(column).shape}, expected ({rows},)")
        if not 0.5 <= self.in_spec < 1:
            raise ValueError(f"in_spec: expected a share from 0.5 to below 1, got {self.in_spec}")

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(np.asarray(next(iter(self.outcomes.values()), np.empty(0))).shape[0])

    def part(self, rows: np.ndarray) -> "RecipeRecords":
        """The records of these rows (int64) alone."""

        def cut(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            return {name: np.asarray(column)[rows] for name, column in columns.items()}

        return replace(
            self,
            values=cut(self.values),
            outcomes=cut(self.outcomes),
            context=cut(self.context),
            product=None if self.product is None else np.asarray(self.product)[rows],
            machine=None if self.machine is None else np.asarray(self.machine)[rows],
            time=None if self.time is None else np.asarray(self.time)[rows],
        )


def is_number(column: np.ndarray) -> bool:
    """Whether a column holds numbers and not names."""
    return bool(np.issubdtype(np.asarray(column).dtype, np.number) or np.asarray(column).dtype == np.bool_)


def codes_of(column: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Codes (int64, −1 = missing) and levels of a column of names, levels in alphabetical order."""
    column = np.asarray(column)
    if is_number(column):
        known = np.isfinite(column.astype(np.float64))
        texts = np.array([f"{value:g}" if ok else "" for value, ok in zip(column, known, strict=True)], dtype=object)
    else:
        texts = np.array(["" if value is None else str(value) for value in column], dtype=object)
    levels, codes = np.unique(texts.astype(str), return_inverse=True)
    codes = codes.astype(np.int64)
    if levels.size and levels[0] == "":
        return codes - 1, tuple(levels[1:].tolist())
    return codes, tuple(levels.tolist())


def binary_outcome(values: np.ndarray) -> bool:
    """Whether an outcome is 0 or 1 for every unit."""
    known = values[np.isfinite(values)]
    return bool(known.size and np.isin(known, (0.0, 1.0)).all())
