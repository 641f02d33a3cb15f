"""A reading: one value of one signal at one moment, with its quality, exactly as the machine gave it."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One measured quantity of one machine.

    `name` is unique within the factory ("INJ-01.barrel_temp_1"); `address` is where the protocol finds it (an OPC UA node id).
    """

    name: str
    asset: str
    unit: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value of one signal.

    `source_time` is the machine's clock and `receive_time` the collector's, both UTC. `quality` is the OPC UA status code
    (0 = good; other protocols map to it). A number, a text, a truth value, or `None` where the machine gave no value.
    """

    signal: str
    source_time: datetime
    receive_time: datetime
    value: float | int | str | bool | None
    quality: int = 0

    def __post_init__(self) -> None:
        # Readings are made by the million; nearly all carry the one UTC of the standard library.
        if self.source_time.tzinfo is UTC and self.receive_time.tzinfo is UTC:
            return
        for name in ("source_time", "receive_time"):
            moment: datetime = getattr(self, name)
            if moment.tzinfo is None or moment.utcoffset() != UTC.utcoffset(None):
                raise ValueError(f"reading of {self.signal!r}: {name} must be UTC, got {moment!r}")
