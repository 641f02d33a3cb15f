"""Messages of one edge node in the order of their sequence numbers (Sparkplug 3.0.0, 5.9 and 6.4.5).

A message that comes too early waits; if the missing one comes within the reorder timeout, all goes on as if nothing had been.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
CYCLE = 256


@dataclass(slots=True)
class Sequence(Generic[Item]):
    """The number that comes next, and what waits for it since `gap_since` (s of a monotonic clock)."""

    next: int = 0
    gap_since: float | None = None
    _held: dict[int, list[Item]] = field(default_factory=dict)

    def start(self, number: int) -> None:
        """A birth: what was held belongs to the time before it."""
        self.next, self.gap_since = (number + 1) % CYCLE, None
        self._held.clear()

    def take(self, number: int, item: Item, now: float) -> list[Item]:
        """The items that may be read now, in order."""
        if number != self.next:
            self._held.setdefault(number, []).append(item)
            if self.gap_since is None:
                self.gap_since = now
            return []
        ready = [item]
        self.next = (number + 1) % CYCLE
        while self.next in self._held:
            ready += self._held.pop(self.next)
            self.next = (self.next + 1) % CYCLE
        if self._held and self.gap_since is not None:
            self.gap_since = now  # another one is missing: its own time begins
        elif not self._held:
            self.gap_since = None
        return ready

    def give_up(self) -> list[Item]:
        """The missing one does not come: everything held, in order, and on from there."""
        order = sorted(self._held, key=lambda number: (number - self.next) % CYCLE)
        ready = [item for number in order for item in self._held[number]]
        if order:
            self.next = (order[-1] + 1) % CYCLE
        self._held.clear()
        self.gap_since = None
        return ready

    @property
    def held(self) -> int:
        """How many messages wait."""
        return sum(map(len, self._held.values()))
