"""What a search for drivers is asked and what it answers: values only.

All arrays of one problem have shape (rows,), rows in order of time. NaN (numbers) or -1 (codes) means missing.
"""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np


class Shape(StrEnum):
    """Where the outcome is worse."""

    LOW = "low"  # below the window
    HIGH = "high"  # above the window
    BOTH = "both"  # on both sides of the window
    LEVEL = "level"  # at one level of a category


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericColumn:
    """A setting, sensor reading or counter.

    `derived` marks a column made from the times, not recorded by anybody. `counter` marks one that counts units since a start:
    the clock moves it and nothing else, so what it upsets (temperatures, pressures) follows it and never the reverse.
    """

    name: str
    values: np.ndarray  # float64, NaN = missing
    derived: bool = False
    counter: bool = False
    # Set when `values` are deviations: what each product on each asset usually runs at, shape (rows,), in the column's unit.
    usual: np.ndarray | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoricalColumn:
    """A supplier, lot, operator, shift. `between_assets` is set for the machine itself: it is compared within products only."""

    name: str
    codes: np.ndarray  # integer, -1 = missing
    levels: tuple[str, ...]
    between_assets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumWindow:
    """The window of one product on one asset, for a column that each of them runs at its own level."""

    asset: int
    product: int
    low: float
    high: float


Column = NumericColumn | CategoricalColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverProblem:
    """One outcome and the columns that may move with it.

    Parameters
    ----------
    outcome : 1 = defect and 0 = good when `binary`, else a number of which more is worse (or more is just more).
    columns : the candidates.
    asset, product : integer codes, -1 = not told apart. A column is compared within one product on one asset.
    day : number of the local day of each row, float; NaN where unknown; `None` when there is no time.
    """

    outcome: np.ndarray
    binary: bool
    columns: tuple[Column, ...]
    asset: np.ndarray
    product: np.ndarray
    day: np.ndarray | None = None
    two_sided: bool = False  # more is not known to be worse: report either sign
    seed: int = 0

    def __post_init__(self) -> None:
        rows = self.outcome.shape[0]
        for column in self.columns:
            found = column.values if isinstance(column, NumericColumn) else column.codes
            if found.shape != (rows,):
                raise ValueError(f"column {column.name!r} has shape {found.shape}, the outcome has {rows} rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A column that moves with the outcome when product, asset, time and the other drivers are held.

    `effect` is the outcome outside minus inside the window (or at the level minus elsewhere), 95 % interval `low` to `high`,
    estimated on blocks of time that had no say in the choice of the window. `product` is set when only that product shows it,
    `since_row` when it began at that row (index into the problem's rows).
    """

    column: str
    shape: Shape
    window: tuple[float, float] | None
    level: str | None
    effect: float
    low: float
    high: float
    p_value: float  # corrected for all columns, windows, products and spans of time that were tried
    strength: float  # -log10 of it, kept where the p-value itself has no digits left
    inside_rows: int
    outside_rows: int
    inside_mean: float
    outside_mean: float
    episodes: int  # blocks of time with defects outside the window
    product: int | None = None
    since_row: int | None = None
    start_up: bool = False  # counts units since a start; the other drivers are judged given this one
    # Filled when the window lies at another place for each product on each asset; `window` then is the largest one's.
    stratum_windows: tuple[StratumWindow, ...] = ()
    proxies: tuple[str, ...] = ()  # go with the outcome only as far as this column does
    twins: tuple[str, ...] = ()  # cannot be told apart from this column on these data


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The answer: the drivers, the one with most to gain first, and what was tried."""

    drivers: tuple[Driver, ...]
    rows: int  # rows with a known outcome that were used
    blocks: int  # independent blocks of time
    columns_tried: int
    mean: float  # of the outcome on the rows used
    spread: float  # its standard deviation
    consequences: tuple[str, ...] = field(default=())  # columns left out because they follow from the outcome
