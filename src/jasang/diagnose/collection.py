"""How the readings came: what the collectors had to give up, and how far the clocks are apart. Empty for files."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Readings that a collector gave up: how many, of which span of source times (both ends included), and why.

    `reason`: "disk" (the disk was full), "limit" (the spool's own limit), "memory" (the store took nothing for long).
    """

    collector: str
    readings: int
    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLag:
    """Receive time minus source time of a machine's latest readings in s: median over `readings` of them."""

    asset: str
    seconds: float
    readings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockOffset:
    """The receiver's clock minus a collector's clock in s, as the collector measured it last, at `at`."""

    collector: str
    seconds: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What is known of the collecting."""

    losses: tuple[Loss, ...] = ()
    lags: tuple[ClockLag, ...] = ()
    offsets: tuple[ClockOffset, ...] = ()
