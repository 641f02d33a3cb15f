"""A machine's own clock, which stands still while the machine is closed: set-ups and pauses are plain sums on it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from jasang.optimize.schedule.problem import Stretch


class WorkingClock:
    """Turns minutes on the wall into minutes of working time and back.

    `marks[k]` is the working time at which closure k (`begins[k]` to `ends[k]` on the wall) happens. A start at a mark lies
    after the closure, an end at a mark before it.
    """

    def __init__(self, closed: Iterable[Stretch]) -> None:
        joined: list[list[int]] = []
        for stretch in sorted(closed, key=lambda one: one.start):
            begin, end = max(0, stretch.start), stretch.end
            if end <= 0:
                continue
            if joined and begin <= joined[-1][1]:
                joined[-1][1] = max(joined[-1][1], end)
            else:
                joined.append([begin, end])
        self.begins = [begin for begin, _ in joined]
        self.ends = [end for _, end in joined]
        self.marks: list[int] = []
        self.lost: list[int] = []  # closed minutes up to and with closure k
        total = 0
        for begin, end in joined:
            self.marks.append(begin - total)
            total += end - begin
            self.lost.append(total)

    def key(self) -> tuple[tuple[int, int], ...]:
        """What two machines with the same calendar share."""
        return tuple(zip(self.begins, self.ends, strict=True))

    def working(self, wall: int) -> int:
        """Working time passed at a moment on the wall."""
        k = bisect_right(self.begins, wall) - 1
        if k < 0:
            return wall
        before = self.lost[k - 1] if k else 0
        return self.begins[k] - before if wall < self.ends[k] else wall - self.lost[k]

    def start(self, working: int) -> int:
        """The moment on the wall at which something that starts at this working time starts."""
        k = bisect_right(self.marks, working) - 1
        return working if k < 0 else working + self.lost[k]

    def end(self, working: int) -> int:
        """The moment on the wall at which something that ends at this working time ends."""
        k = bisect_left(self.marks, working) - 1
        return working if k < 0 else working + self.lost[k]

    def fits(self, working: int, minutes: int) -> int:
        """The first working time from `working` on from which `minutes` pass without a closure."""
        while True:
            k = bisect_right(self.marks, working)
            if k == len(self.marks) or self.marks[k] >= working + minutes:
                return working
            working = self.marks[k]


def without(stretches: Iterable[Stretch], clock: WorkingClock) -> tuple[tuple[int, int], ...]:
    """The parts of the stretches in which the machine of that clock works."""
    parts: list[tuple[int, int]] = []
    for stretch in stretches:
        at = max(0, stretch.start)
        for begin, end in zip(clock.begins, clock.ends, strict=True):
            if end <= at:
                continue
            if begin >= stretch.end:
                break
            if begin > at:
                parts.append((at, begin))
            at = max(at, end)
        if at < stretch.end:
            parts.append((at, stretch.end))
    return tuple(sorted(parts))
