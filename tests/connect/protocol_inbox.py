"""An inbox for tests of a protocol: keeps what is delivered, in order, as if every reading were durable at once."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from jasang.connect.contract import Begun, Link, MachineProtocol
from jasang.connect.ending import end
from jasang.connect.forward.frames import to_readings
from jasang.plant.reading import Reading


class Kept:
    """What a protocol told; `before` are the readings that an earlier run kept."""

    def __init__(self, before: Sequence[Reading] = ()) -> None:
        self.before = list(before)
        self.readings: list[Reading] = []
        self.told: list[Begun] = []

    def begun(self, begun: Begun) -> None:
        self.told.append(begun)

    def deliver(self, readings: Sequence[Reading]) -> int:
        self.readings += readings
        return len(self.readings)

    def deliver_rows(self, rows: pa.Table) -> int:
        return self.deliver(to_readings(rows))

    async def kept(self, _ticket: int) -> None:
        await asyncio.sleep(0)

    async def last(self, signals: Sequence[str]) -> Mapping[str, Reading]:
        found: dict[str, Reading] = {}
        for reading in [*self.before, *self.readings]:
            if reading.signal in signals and (
                reading.signal not in found or found[reading.signal].source_time <= reading.source_time
            ):
                found[reading.signal] = reading
        return found

    def values(self, signal: str) -> list[object]:
        return [reading.value for reading in self.readings if reading.signal == signal]


async def collecting(
    protocol: MachineProtocol,
    link: Link,
    until: Callable[[Kept], bool],
    *,
    before: Sequence[Reading] = (),
    seconds: float = 60.0,
) -> Kept:
    """Collect until the condition holds; raises what the protocol raises, and fails after `seconds`."""
    inbox = Kept(before)
    task = asyncio.ensure_future(protocol.collect(link, inbox))
    late = asyncio.get_running_loop().time() + seconds
    try:
        while not until(inbox):
            assert asyncio.get_running_loop().time() < late, f"did not come: {inbox.told} {inbox.readings[-5:]}"
            if task.done():
                await task
            await asyncio.sleep(0.01)
    finally:
        await end([task])
    return inbox
