"""What every protocol promises: browse a machine, and collect from it until the connection is lost.

A protocol connects once; going away and coming back is the collector's business. Values, status codes and source times pass
through unchanged.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text


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


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedBranch:
    """Everything below an address: each variable becomes the signal `asset.path.of.names`."""

    asset: str
    address: str | None = None  # None: everything the server shows
    deadband: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One connection as collect.toml describes it, valid and complete. The password never shows in a log or a repr.

    `publishing_interval`, `sampling_interval` and `timeout` in s; `queue_size` is how many changes of one signal the machine
    keeps between two messages.
    """

    name: str
    protocol: str
    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    publishing_interval: float = 0.5
    sampling_interval: float = 0.1
    queue_size: int = 1000
    timeout: float = 5.0
    signals: tuple[WantedSignal, ...] = ()
    branches: tuple[WantedBranch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable that a machine offers. `low` and `high` are its range in `unit`; `None` where the machine does not say."""

    address: str
    path: str  # names from the starting point, joined by dots
    data_type: str
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    writable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A subscription stands: the signals that come, and a sentence for each one that does not."""

    signals: tuple[Signal, ...]
    missing: tuple[Text, ...] = ()


Deliver = Callable[[Sequence[Reading]], None]


class MachineProtocol(Protocol):
    """One way to talk to machines. `ConnectionFailed` tells by `permanent` whether trying again can help."""

    name: str
    schemes: tuple[str, ...]  # what a url may begin with, for example "opc.tcp"

    def check_address(self, address: str) -> None:
        """`ValueError` when the text cannot be an address of this protocol; asks nobody."""

    async def browse(self, link: Link, address: str | None = None) -> tuple[Variable, ...]:
        """The variables below an address (all when `None`), sorted by path; raises `ConnectionFailed`."""

    async def collect(self, link: Link, *, begun: Callable[[Begun], None], deliver: Deliver) -> None:
        """Connect, subscribe, call `begun` once and `deliver` for what arrives; never returns, raises `ConnectionFailed`."""


class Sink(Protocol):
    """Where a collector puts what it hears; the store is one. See `jasang.store.contract.Store`."""

    def append(self, readings: Sequence[Reading]) -> int:
        """Keep the readings; once it returns they survive a kill."""

    def describe(self, signals: Iterable[Signal]) -> None:
        """Keep what is known of the signals."""

    def settle(self, before: datetime) -> int:
        """Tidy up what is older than `before`."""
