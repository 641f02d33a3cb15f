"""A factory as its `factory.toml` describes it: who it is, what things cost, which table holds what, and the role of each column.

The format is fixed in docs/factory-folder.md. Missing means `None` everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from jasang.plant.calendar import Calendar
from jasang.plant.tariff import EnergyTerms


class Kind(StrEnum):
    """What the rows of a table are."""

    UNITS = "units"  # one row per unit, shot, stroke or lot
    SIGNALS = "signals"  # readings: wide (time, one column per signal) or long (time, signal, value)
    STATES = "states"  # a log of machine states
    ORDERS = "orders"  # orders or an order book
    GAUGE = "gauge"  # a gauge study: part, operator, trial, value
    OTHER = "other"  # anything else, for example master data: read and shown, not diagnosed


class Role(StrEnum):
    """What a column is for."""

    TIME = "time"
    ASSET = "asset"
    PRODUCT = "product"
    ID = "id"
    SETTING = "setting"  # chosen by people or the recipe
    SENSOR = "sensor"  # measured on the machine
    CONTEXT = "context"  # lot, supplier, operator, shift, weather: not chosen as a recipe, may explain
    QUALITY = "quality"  # measured on the part
    DEFECT = "defect"  # good or bad, per unit
    COUNT = "count"  # pieces, strokes, cycles
    ENERGY = "energy"
    STATE = "state"  # running | idle | setup | down | planned, or the machine's own codes
    REASON = "reason"  # of a stop or of a defect
    START = "start"
    END = "end"
    SIGNAL = "signal"  # name of the signal in a long table
    VALUE = "value"  # value of the signal in a long table
    IGNORE = "ignore"  # says nothing about the process: empty, constant text, a copy of another column


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table and what it means.

    `lower` and `upper` are a setting's safe limits or a quality's specification limits, in `unit`. `bad_values` are the raw
    texts of a defect column that mean a defect (lower-cased, stripped), where somebody stated them.
    """

    name: str
    role: Role
    unit: str | None = None
    lower: float | None = None
    upper: float | None = None
    target: float | None = None
    bad_values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise ValueError(f"column {self.name!r}: lower limit {self.lower} must be below upper limit {self.upper}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of the factory: its file, its kind and its columns in file order.

    `asset` names the machine when no column does. `date` is a column with the day when `time` holds only the time of day.
    `time_order` "any" says that the rows stand in any order of time; "rising" or `None` that they follow it.
    `bad_values` are the raw texts of the defect column that mean a defect (lower-cased, stripped).
    """

    file: str
    kind: Kind
    columns: tuple[Column, ...]
    time: str | None = None
    date: str | None = None
    time_order: str | None = None
    asset: str | None = None
    asset_column: str | None = None
    product_column: str | None = None
    start: str | None = None
    end: str | None = None
    state_column: str | None = None
    reason_column: str | None = None
    signal_column: str | None = None
    value_column: str | None = None
    bad_values: tuple[str, ...] = ()
    ideal_cycle_s: float | None = None  # seconds a piece takes at best, for rows whose product states none

    def column(self, name: str) -> Column:
        """The column of that name; `KeyError` with the names there are when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.file!r} has no column {name!r}; it has {[c.name for c in self.columns]}")

    def with_role(self, *roles: Role) -> tuple[Column, ...]:
        """The columns that have one of the roles, in file order."""
        return tuple(column for column in self.columns if column.role in roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What things cost in the factory's currency; `None` where nobody said."""

    defect: float | None = None  # per defective unit
    machine_hour: float | None = None
    energy_kwh: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Factory:
    """A factory: who it is, what things cost and the tables it handed over."""

    name: str
    region: str | None = None  # one of the 17 시·도
    industry: str | None = None  # KSIC code, for example "C29294"
    timezone: str = "Asia/Seoul"
    currency: str = "KRW"
    costs: Costs = field(default_factory=Costs)
    tables: tuple[Table, ...] = ()
    # What factory.toml says about columns, by column name; a word of the factory outranks every guess.
    stated_columns: Mapping[str, Column] = field(default_factory=lambda: MappingProxyType({}))
    energy: EnergyTerms | None = None  # how it buys electricity; None = nobody said
    calendar: Calendar | None = None  # when the shop plans to work; None = learnt from the record
    # Seconds a piece takes at best, by product; what products share stands in `Table.ideal_cycle_s`.
    ideal_cycles_s: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
