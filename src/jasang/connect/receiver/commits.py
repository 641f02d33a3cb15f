"""Group commit for an event loop: what waits while one write is under way is written together by the next one.

A lone writer is served at once, a thousand wait for two writes at most.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

MANY = 4  # items of a group that tell of many writers

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True)
class _Waiting(Generic[Item, Result]):
    item: Item
    size: int
    done: "asyncio.Future[Result]"


class Grouped(Generic[Item, Result]):
    """Hands groups of items to `work` in one thread of its own, in the order of their arrival, one group at a time.

    `work` returns one result for each item, or an exception in its place; what it raises goes to every item of the group. A group
    has at most `most` of the sizes given (but at least one item). After a group of `MANY` the next one gathers for `linger` s.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Sequence[Result | Exception]],
        *,
        most: int,
        name: str,
        linger: float = 0.0,
    ) -> None:
        self._work, self._most, self._linger = work, most, linger
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting: list[_Waiting[Item, Result]] = []
        self._task: asyncio.Task[None] | None = None
        self.size = 0  # of everything that waits or is under way

    async def submit(self, item: Item, size: int) -> Result:
        """The item's result, once its group is done."""
        # A caller that goes away (a closed connection) must not take the write of the others with it.
        return await asyncio.shield(self.enqueue(item, size))

    def enqueue(self, item: Item, size: int) -> "asyncio.Future[Result]":
        """What `submit` waits for."""
        entry = _Waiting[Item, Result](item, size, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        self.size += size
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return entry.done

    async def close(self) -> None:
        """Finish what waits."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        self._thread.shutdown(wait=True)

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group = self._next_group()
            results: Sequence[Result | Exception]
            try:
                results = await loop.run_in_executor(self._thread, self._work, [entry.item for entry in group])
            except Exception as error:  # noqa: BLE001 - handed on to everyone who waits
                results = [error] * len(group)
            gathers = bool(self._linger) and len(group) >= MANY
            until = loop.time() + self._linger
            for entry, result in zip(group, results, strict=True):
                self.size -= entry.size
                if entry.done.done():
                    continue
                if isinstance(result, Exception):
                    entry.done.set_exception(result)
                    entry.done.exception()  # the one who asked may be gone; that is no error to log
                else:
                    entry.done.set_result(result)
            if gathers:
                await asyncio.sleep(until - loop.time())

    def _next_group(self) -> list[_Waiting[Item, Result]]:
        size = count = 0
        for entry in self._waiting:
            if count and size + entry.size > self._most:
                break
            size += entry.size
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group
