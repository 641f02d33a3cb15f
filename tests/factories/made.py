"""The values of a made factory: columns in the making, and the truth about what was planted in it."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

RULES = (
    "missing_data",
    "stuck_sensor",
    "duplicate_rows",
    "unit_flip",
    "sentinel_value",
    "dead_channel",
    "mean_shift",
    "drift",
    "off_centre",
    "excess_spread",
    "driver",
    "downtime",
)
# Planted only where asked for, so that the factories of a seed stay what they were: see `time_losses.py`.
TIME_RULES = ("minor_stops", "slow_cycle", "changeover")
# Planted in the wide world only (`world.py`): every rule of the catalogue.
WIDE_RULES = (
    *RULES,
    *TIME_RULES,
    "gauge",
    "idle_energy",
    "peak_demand",
    "energy_per_piece",
    "early_warning",
    "monitor_alarm",
    "out_of_control",
    "impossible_time",
)


@dataclass(kw_only=True)
class Series:
    """A column in the making. `values` is float64 or an array of texts; NaN or None is an empty cell.

    `centre` is what the process aims at, row by row; `spread` one standard deviation about it, slow wander included.
    """

    key: str
    header: str
    role: str
    values: np.ndarray
    unit: str = ""
    decimals: int = 2
    centre: np.ndarray | None = None
    spread: float = 1.0
    lower: float | None = None
    upper: float | None = None
    target: float | None = None
    stated: bool = False  # factory.toml gives its limits
    noise: bool = False  # has nothing to do with anything
    fickle: bool = False  # many equal neighbours by nature: steps, saws, coarse rounding


@dataclass(kw_only=True)
class Sheet:
    """A table in the making; `when` in seconds of local time since the epoch, `asset` and `product` as codes."""

    name: str  # "units", "signals", "states"
    when: np.ndarray
    asset: np.ndarray
    product: np.ndarray
    assets: tuple[str, ...]
    products: tuple[str, ...]
    series: list[Series]
    since_start: np.ndarray  # units since the last stop of half an hour or more
    repeat: np.ndarray | None = None  # row numbers to write; None = each once
    stamp: np.ndarray | None = None  # what the clock wrote where that is not `when`; NaN elsewhere

    def get(self, key: str) -> Series:
        return next(series for series in self.series if series.key == key)


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One stretch of a machine's log; seconds of local time."""

    asset: int
    start: float
    end: float
    state: str  # running | idle | setup | down | planned
    reason: int = -1


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One planted problem: the truth a diagnosis is measured against.

    `column` is the header as written; for a driver it is the cause and `outcome` the column it spoils. `also` are other columns
    that name the same fact. `size` is in `size_unit`. `since` is `None` when it was so from the first row. `loss` is what it
    costs a year while it lasts, in `loss_unit` ("defects", "hours" of the machine, "kWh"), and `worth` the same in won: at the
    prices of factory.toml, else at those that Jasang assumes and says so (only the amount is judged then).
    """

    rule: str
    kind: str
    table: str
    size: float
    size_unit: str
    column: str | None = None
    asset: str | None = None
    product: str | None = None
    level: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    also: tuple[str, ...] = ()
    loss: float | None = None
    loss_unit: str = ""
    worth: float | None = None


@dataclass(frozen=True, kw_only=True)
class MadeFactory:
    """A factory's folder on disk and the truth about it. `span` is first and last moment (UTC)."""

    folder: Path
    seed: int
    process: str
    rows: int
    span: tuple[datetime, datetime]
    planted: tuple[Planted, ...]
    traits: dict[str, object] = field(default_factory=dict)
