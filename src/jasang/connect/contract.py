"""What every protocol promises: browse a machine, and collect from it until the connection is lost.

A protocol connects once; going away and coming back is the collector's business. Values, status codes and source times pass
through unchanged. What only one protocol knows (a word order, a query) are its `options`, a pydantic model of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text

# The address of the signal in which a protocol keeps how far it has got (`<asset>.mark_of_<connection>`).
MARK = "mark"


class Options(BaseModel):
    """Parent of every protocol's own fields in collect.toml; a field `x_env` names the environment variable of a secret."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NoOptions(Options):
    """For a protocol, or its signals, without fields of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSignal:
    """One signal to collect: its full name in the factory and where the protocol finds it.

    `deadband` in the signal's unit: changes up to it are not sent; `None` sends every change.
    """

    name: str
    asset: str
    address: str
    unit: str | None = None
    deadband: float | None = None
    options: Any = None  # an instance of the protocol's `signal_options`; None means its defaults


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedBranch:
    """Everything below an address: each variable becomes the signal `asset.path.of.names`."""

    asset: str
    address: str | None = None  # None: everything the server shows
    deadband: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One connection as collect.toml describes it, valid and complete. Passwords and secrets never show in a log or a repr.

    `timeout` in s. `options` is an instance of the protocol's `options`; `None` means its defaults. `secrets` holds the values
    of the environment variables that fields `x_env` of the options name, by the field's name. `trial` tells a protocol that this
    is only a try: it leaves no session, message or mark behind.
    """

    name: str
    protocol: str
    url: str
    asset: str = ""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 5.0
    signals: tuple[WantedSignal, ...] = ()
    branches: tuple[WantedBranch, ...] = ()
    options: Any = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path = Path()  # of collect.toml: what its paths are relative to
    trial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable that a machine offers. `low` and `high` are its range in `unit`; `None` where the machine does not say.

    `value` is what it holds now, where asking for it costs nothing. `within` names the type of the object it belongs to, where
    that is one of a companion specification or of the maker (an OPC UA ObjectType such as `InjectionUnitType`).
    """

    address: str
    path: str  # names from the starting point, joined by dots
    data_type: str
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    writable: bool = False
    value: float | int | str | bool | None = None
    within: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A connection stands: the signals that come, a sentence for each one that does not, and for what looks doubtful."""

    signals: tuple[Signal, ...]
    missing: tuple[Text, ...] = ()
    doubts: tuple[Text, ...] = ()


class Inbox(Protocol):
    """Where a protocol puts what it hears, and what it may ask about earlier readings. All calls from the collector's loop."""

    def begun(self, begun: Begun) -> None:
        """The connection stands; again when signals come or go later (a Sparkplug birth, a new file)."""

    def deliver(self, readings: Sequence[Reading]) -> int:
        """Take readings; a ticket for `kept`."""

    def deliver_rows(self, rows: pa.Table) -> int:
        """Take readings by columns, for a protocol that hears them by the hundred thousand a second; a ticket for `kept`.

        The columns are those of `forward.frames.SCHEMA`, the signal as a dictionary. A signal comes always by columns or never.
        """

    async def kept(self, ticket: int) -> None:
        """Wait until everything delivered up to this ticket survives a kill: before a message is acknowledged, a mark moved."""

    async def last(self, signals: Sequence[str]) -> Mapping[str, Reading]:
        """The latest reading of each signal that was ever kept; a signal without one is absent."""


def is_mark(signal: Signal) -> bool:
    """Whether a signal holds how far a protocol has got, and nothing that was measured."""
    return signal.address == MARK and ".mark_of_" in signal.name


class WrongField(ValueError):
    """A field of a connection that is wrong for its protocol: where (relative to the connection), in Korean and in English."""

    def __init__(self, where: str, ko: str, en: str) -> None:
        super().__init__(en)
        self.where, self.ko, self.en = where, ko, en


class MachineProtocol(Protocol):
    """One way to talk to machines. `ConnectionFailed` tells by `permanent` whether trying again can help."""

    name: str
    schemes: tuple[str, ...]  # what a url may begin with, for example "opc.tcp"
    address_example: str  # shown beside an address that is none
    finds_signals: bool  # whether a connection that names no signals collects everything there is
    options: type[Options]
    signal_options: type[Options]

    def check_address(self, address: str) -> None:
        """`ValueError` when the text cannot be an address of this protocol; asks nobody."""

    def check(self, link: Link) -> None:
        """`WrongField` where fields that are right one by one do not go together; asks nobody."""

    async def browse(self, link: Link, address: str | None = None) -> tuple[Variable, ...]:
        """The variables below an address (all when `None`), sorted by path; raises `ConnectionFailed`."""

    async def collect(self, link: Link, inbox: Inbox) -> None:
        """Connect, tell `inbox` what comes and deliver it; never returns, raises `ConnectionFailed`."""


class Sink(Protocol):
    """Where a collector puts what it hears; the store is one. See `jasang.store.contract.Store`."""

    def append(self, readings: Sequence[Reading]) -> int:
        """Keep the readings; once it returns they survive a kill."""

    def append_table(self, rows: pa.Table) -> int:
        """Keep readings by columns, as `forward.frames.SCHEMA` (the signal may be a dictionary); else as `append`."""

    def describe(self, signals: Iterable[Signal]) -> None:
        """Keep what is known of the signals."""

    def last(self, signals: Sequence[str] | None = None) -> Mapping[str, Reading]:
        """The latest reading of each signal; a signal without one is absent."""

    def settle(self, before: datetime) -> int:
        """Tidy up what is older than `before`."""
