"""Group commit: threads that want to write at the same moment share one synced write.

The first thread to come writes for all that came while the write before was under way. Nobody waits for a timer: a lone thread
writes at once, a thousand threads wait for two writes at most.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class _Ticket(Generic[Item]):
    """What one thread waits for: its item is committed, or it is its turn to write for all that wait."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.done = False
        self.error: BaseException | None = None
        self.called = threading.Lock()
        self.called.acquire()


class GroupCommit(Generic[Item]):
    """Hands items of many threads to `commit` in the order of their arrival, one call at a time.

    Raises what `commit` raised, to every thread whose item was part of the call.
    """

    def __init__(self, commit: Callable[[Sequence[Item]], None]) -> None:
        self._commit = commit
        self._waiting: list[_Ticket[Item]] = []
        self._writing = False
        self._lock = threading.Lock()
        self.count = 0  # of groups

    def submit(self, item: Item) -> None:
        """Return once the item is committed."""
        ticket = _Ticket(item)
        with self._lock:
            self._waiting.append(ticket)
            first, self._writing = not self._writing, True
        if not first:
            ticket.called.acquire()
        if not ticket.done:
            self._write()
        if ticket.error is not None:
            raise ticket.error

    def _write(self) -> None:
        with self._lock:
            group, self._waiting = self._waiting, []
            self.count += 1
        try:
            self._commit([ticket.item for ticket in group])
        except BaseException as error:
            for ticket in group:
                ticket.error = error
            raise
        finally:
            with self._lock:
                self._writing = bool(self._waiting)
                following = self._waiting[0] if self._waiting else None
            if following is not None:
                following.called.release()
            for ticket in group:
                ticket.done = True
                ticket.called.release()
