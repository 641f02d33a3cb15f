"""Group commit: threads that want to write at the same moment share one synced write.

The first thread to come writes for all that came while the write before was under way. Nobody waits for a timer: a lone thread
writes at once, a thousand threads wait for two writes at most.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(slots=True)
class _Ticket(Generic[Item]):
    item: Item
    done: bool = False
    error: BaseException | None = None


class GroupCommit(Generic[Item]):
    """Hands items of many threads to `commit` in the order of their arrival, one call at a time.

    Raises what `commit` raised, to every thread whose item was part of the call.
    """

    def __init__(self, commit: Callable[[Sequence[Item]], None]) -> None:
        self._commit = commit
        self._waiting: list[_Ticket[Item]] = []
        self._arrival = threading.Lock()
        self._writing = threading.Lock()

    def submit(self, item: Item) -> None:
        """Return once the item is committed."""
        ticket = _Ticket(item)
        with self._arrival:
            self._waiting.append(ticket)
        with self._writing:
            if not ticket.done:
                with self._arrival:
                    group, self._waiting = self._waiting, []
                self._write(group)
        if ticket.error is not None:
            raise ticket.error

    def _write(self, group: Sequence[_Ticket[Item]]) -> None:
        try:
            self._commit([ticket.item for ticket in group])
        except BaseException as error:
            for ticket in group:
                ticket.error = error
            raise
        finally:
            for ticket in group:
                ticket.done = True
