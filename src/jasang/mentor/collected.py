"""What a store knows of how its readings came: losses, and clocks that are apart."""

import json
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from jasang.connect.contract import is_mark
from jasang.connect.forward.spool import COLLECTOR, ITSELF
from jasang.diagnose.collection import ClockLag, ClockOffset, Collected, Loss
from jasang.plant.reading import Signal
from jasang.store.contract import Reader

DROPPED, OFFSET = ".dropped", ".clock_offset"
LOOKED_AT = timedelta(hours=1)  # before a machine's latest reading
FEWEST = 20  # readings for a median
MOST_SIGNALS = 10  # of a machine
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(2200, 1, 1, tzinfo=UTC)


def is_own(signal: Signal) -> bool:
    """Whether a signal tells of Jasang itself (what was lost, clocks, how far polling has got) and not of a machine."""
    return signal.asset == ITSELF or is_mark(signal)


def collected(reader: Reader) -> Collected:
    """What a store's readings tell of their collecting."""
    signals = reader.signals()
    own = [signal.name for signal in signals if is_own(signal) and signal.name.startswith(f"{COLLECTOR}.")]
    by_asset: dict[str, list[str]] = {}
    for signal in signals:
        if not is_own(signal):
            by_asset.setdefault(signal.asset, []).append(signal.name)
    lags = (_lag(reader, asset, names[:MOST_SIGNALS]) for asset, names in sorted(by_asset.items()))
    last = reader.last([name for name in own if name.endswith(OFFSET)])
    return Collected(
        losses=_losses(reader, [name for name in own if name.endswith(DROPPED)]),
        lags=tuple(lag for lag in lags if lag is not None),
        offsets=tuple(
            ClockOffset(collector=_collector(name, OFFSET), seconds=float(one.value), at=one.source_time)
            for name, one in sorted(last.items())
            if isinstance(one.value, int | float)
        ),
    )


def _losses(reader: Reader, names: Sequence[str]) -> tuple[Loss, ...]:
    if not names:
        return ()
    rows = reader.range(names, _BEGINNING, _END)
    found = []
    for name, text in zip(rows.column("signal").to_pylist(), rows.column("text").to_pylist(), strict=True):
        told = json.loads(text)
        found.append(
            Loss(
                collector=_collector(name, DROPPED),
                readings=int(told["readings"]),
                start=datetime.fromisoformat(told["from"]),
                end=datetime.fromisoformat(told["to"]),
                reason=str(told["reason"]),
            )
        )
    return tuple(found)


def _lag(reader: Reader, asset: str, names: Sequence[str]) -> ClockLag | None:
    last = reader.last(names)
    if not last:
        return None
    end = max(reading.source_time for reading in last.values())
    rows = reader.range(list(last), end - LOOKED_AT, end + timedelta(microseconds=1))
    if rows.num_rows < FEWEST:
        return None
    apart = pc.subtract(rows.column("receive_time").cast(pa.int64()), rows.column("source_time").cast(pa.int64()))
    return ClockLag(asset=asset, seconds=statistics.median(apart.to_pylist()) / 1e6, readings=rows.num_rows)


def _collector(name: str, ending: str) -> str:
    return name.removeprefix(f"{COLLECTOR}.").removesuffix(ending)
