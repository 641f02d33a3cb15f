"""What was heard and waits for the store, in the order of its arrival: single readings, and tables of them."""

from collections import deque
from collections.abc import Sequence
from itertools import chain
from typing import TypeAlias

import pyarrow as pa

from jasang.connect.memory_loss import MemoryLoss
from jasang.plant.reading import Reading

_PART = 1_000  # readings; more are a part of their own, as the beginning of a part is cut off
Batch: TypeAlias = list[Reading] | pa.Table


class Waiting:
    """A queue that is counted in readings."""

    def __init__(self) -> None:
        self._parts: deque[Batch] = deque()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, batch: Sequence[Reading] | pa.Table) -> None:
        """Behind everything else."""
        if not len(batch):
            return
        if isinstance(batch, pa.Table):
            self._parts.append(batch)
        elif self._parts and isinstance(self._parts[-1], list) and len(self._parts[-1]) < _PART:
            self._parts[-1].extend(batch)
        else:
            self._parts.append(list(batch))
        self._count += len(batch)

    def put_back(self, batch: Batch) -> None:
        """Before everything else."""
        self._parts.appendleft(batch)
        self._count += len(batch)

    def take(self, most: int) -> Batch:
        """The oldest, up to `most` readings: either single ones or one table."""
        tabled = isinstance(self._parts[0], pa.Table)
        found: list[Batch] = []
        left = most
        while left and self._parts and isinstance(self._parts[0], pa.Table) == tabled:
            found.append(self._first(left))
            left -= len(found[-1])
        if len(found) == 1:
            return found[0]
        return pa.concat_tables(found).unify_dictionaries() if tabled else list(chain.from_iterable(found))

    def _first(self, most: int) -> Batch:
        """Up to `most` of the oldest part."""
        part = self._parts.popleft()
        found, rest = part[:most], part[most:]
        if len(rest):
            self._parts.appendleft(rest)
        self._count -= len(found)
        return found

    def drop(self, count: int, loss: MemoryLoss) -> None:
        """Give up the oldest `count`."""
        while count > 0:
            dropped = self._first(count)
            count -= len(dropped)
            loss.count(dropped)
