"""A watcher of the collector: its readings are kept like those of a machine."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from jasang.connect.collector import Collector, Watcher
from jasang.errors import JasangError
from jasang.plant.reading import Reading, Signal


class Kept:
    """A sink in memory."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.signals: list[Signal] = []

    def append(self, readings: Sequence[Reading]) -> int:
        self.readings += readings
        return len(readings)

    def describe(self, signals: Iterable[Signal]) -> None:
        self.signals += signals

    def settle(self, before: datetime) -> int:
        return 0


def test_readings_of_a_watcher_are_kept_and_its_failure_does_not_stop_it() -> None:
    looks = 0

    def look(now: datetime) -> Sequence[Reading]:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise JasangError(ko="아직", en="not yet")
        return (Reading(signal="P.monitor_score", source_time=now, receive_time=datetime.now(UTC), value=0.5),)

    async def collect(sink: Kept) -> None:
        stop = asyncio.Event()
        watcher = Watcher(signals=(Signal(name="P.monitor_score", asset="P"),), every=0.05, look=look)
        collector = Collector((), sink, report=lambda status: None, watchers=(watcher,))
        asyncio.get_running_loop().call_later(0.4, stop.set)
        await collector.run(stop)

    sink = Kept()
    asyncio.run(collect(sink))

    assert [signal.name for signal in sink.signals] == ["P.monitor_score"]
    assert len(sink.readings) >= 2
    assert {reading.value for reading in sink.readings} == {0.5}
