"""Precision of the times in a body, and the span of times that the protocol can write."""

from collections.abc import Mapping
from types import MappingProxyType

LATEST = 9_223_372_036_854_775_806  # ns since 1970, in 2262; InfluxDB keeps the two outermost numbers for itself
EARLIEST = -LATEST

# ns in one unit of a time. `/write` also knows the short and the long names; `/api/v2/write` knows ns, us, ms and s.
PRECISIONS: Mapping[str, int] = MappingProxyType(
    {
        "": 1,
        "n": 1,
        "ns": 1,
        "u": 1_000,
        "us": 1_000,
        "µ": 1_000,
        "ms": 1_000_000,
        "s": 1_000_000_000,
        "m": 60_000_000_000,
        "h": 3_600_000_000_000,
    }
)
PRECISIONS_OF_V2 = ("", "ns", "us", "ms", "s")
