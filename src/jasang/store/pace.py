"""Tidying goes on beside appends and must not make them wait: both need the processor, and Python's lock."""

import time
from collections.abc import Callable

WORK = 0.003  # s, after which a rest is due
LONGEST = 0.1  # s; a stretch that was long because the computer is busy

Rest = Callable[[], None]


def no_rest() -> None:
    """For work that nobody waits behind."""


class Pace:
    """Called now and then by long work, rests as long as was worked when something was appended meanwhile.

    `appended` counts appends.
    """

    def __init__(self, appended: Callable[[], int]) -> None:
        self._appended, self._seen = appended, appended()
        self._begun = time.perf_counter()

    def __call__(self) -> None:
        worked = time.perf_counter() - self._begun
        if worked < WORK:
            return
        count = self._appended()
        if count != self._seen:
            self._seen = count
            time.sleep(min(worked, LONGEST))
        self._begun = time.perf_counter()
