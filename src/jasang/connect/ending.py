"""Ending tasks for good."""

import asyncio
from collections.abc import Sequence
from typing import Any

AGAIN = 5.0  # s; longer than any polite goodbye to a machine takes


async def end(tasks: Sequence[asyncio.Task[Any]], *, again: float = AGAIN) -> None:
    """Cancel the tasks and wait until every one is over; what they raised stays in them.

    A cancellation can get lost: `asyncio.wait_for` of Python 3.11 drops one that comes at the moment its work is done, and client
    libraries catch theirs while they close. A task that lost it goes on for ever, so it is asked again every `again` s.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=again)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # looked at, so that nobody complains about it at the end of the process
