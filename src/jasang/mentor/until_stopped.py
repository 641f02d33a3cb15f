"""Waiting for the end of a long-running command: Ctrl-C, SIGTERM, a duration, or the end of the parent process."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from types import FrameType

PARENT_EVERY = 0.5  # s


@contextlib.asynccontextmanager
async def until_stopped(*, duration: float | None, with_parent: bool) -> AsyncIterator[asyncio.Event]:
    """An event that is set when the command should end; the old signal handlers come back afterwards."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask(_number: int, _frame: FrameType | None) -> None:
        # Not loop.add_signal_handler: Windows has none.
        loop.call_soon_threadsafe(stop.set)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    watches = [asyncio.create_task(_heartbeat())]
    if duration is not None:
        watches.append(asyncio.create_task(_after(duration, stop)))
    if with_parent:
        watches.append(asyncio.create_task(_orphaned(os.getppid(), stop)))
    try:
        yield stop
    finally:
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
        for number, handler in before.items():
            signal.signal(number, handler)


async def _heartbeat() -> None:
    """Let Python look at pending signals: on Windows a waiting event loop does not wake up for them."""
    while True:
        await asyncio.sleep(0.5)


async def _after(duration: float, stop: asyncio.Event) -> None:
    await asyncio.sleep(duration)
    stop.set()


async def _orphaned(parent: int, stop: asyncio.Event) -> None:
    """A demo that was killed must not leave its servers behind: an orphan gets another parent."""
    while os.getppid() == parent:
        await asyncio.sleep(PARENT_EVERY)
    stop.set()
