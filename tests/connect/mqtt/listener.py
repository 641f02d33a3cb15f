"""A protocol run in the test itself: what it delivers, and an inbox whose receipts the test gives or withholds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from jasang.connect.contract import Begun, Link, MachineProtocol
from jasang.connect.ending import end
from jasang.connect.forward.frames import to_readings
from jasang.plant.reading import Reading


class Listener:
    """An inbox that keeps what it is given; nothing counts as durable while `durable` is cleared."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.begins: list[Begun] = []
        self.stored: dict[str, Reading] = {}
        self.durable = asyncio.Event()
        self.durable.set()

    def begun(self, begun: Begun) -> None:
        self.begins.append(begun)

    def deliver(self, readings: Sequence[Reading]) -> int:
        self.readings += readings
        return len(self.readings)

    def deliver_rows(self, rows: pa.Table) -> int:
        return self.deliver(to_readings(rows))

    async def kept(self, ticket: int) -> None:
        await self.durable.wait()

    async def last(self, signals: Sequence[str]) -> Mapping[str, Reading]:
        return {name: self.stored[name] for name in signals if name in self.stored}

    @property
    def values(self) -> dict[str, Any]:
        """The latest value of each signal."""
        return {reading.signal: reading.value for reading in self.readings}

    async def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def collecting(protocol: MachineProtocol, link: Link, inbox: Listener | None = None) -> AsyncIterator[Listener]:
    """Collect while the context lasts; an error of the protocol ends it."""
    inbox = inbox or Listener()
    task = asyncio.ensure_future(protocol.collect(link, inbox))
    try:
        waiter = asyncio.ensure_future(inbox.until(lambda: bool(inbox.begins)))
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            waiter.cancel()
            await task
        await waiter
        yield inbox
    finally:
        await end([task])
