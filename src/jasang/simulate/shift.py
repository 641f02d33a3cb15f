"""When the machine runs and why it does not: calendar, product changes, breakdowns and small stops."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

State = Literal["running", "idle", "setup", "down", "planned"]
Hours = Literal["two_shifts", "around_the_clock"]

PRODUCT_CHANGE_HOUR = 14.0  # every working day
SMALL_STOP_EVERY = 45.0 * 60.0  # s of running, on average
BREAKDOWN_EVERY = 6.0 * 3600.0
SMALL_STOPS = ("원료 대기", "검사 대기", "취출 로봇 이상", "금형 이형제 도포")
BREAKDOWNS = ("취출 로봇 고장", "금형 파손", "유압 누유", "온도 이상", "전기 고장")
BREAKDOWN_SHARES = (0.40, 0.20, 0.15, 0.15, 0.10)


@dataclass(slots=True)
class Stop:
    """A stop in progress; `until` in s since the start of the simulation."""

    state: State
    reason: str
    until: float


class ShiftPlan:
    """Decides the state of the machine. Draws from its own generator, so process noise does not move the stops."""

    def __init__(self, *, hours: Hours, random: np.random.Generator) -> None:
        self._hours = hours
        self._random = random
        self._stop: Stop | None = None
        self._changed_on: int | None = None
        self._small_stop_in = self._exponential(SMALL_STOP_EVERY)
        self._breakdown_in = self._exponential(BREAKDOWN_EVERY)
        self.product_changes = 0

    def _exponential(self, mean: float) -> float:
        return float(self._random.exponential(mean))

    def now(self, *, elapsed: float, local: datetime, ran: float, ready: bool) -> tuple[State, str | None]:
        """State and reason at `elapsed` s after `ran` s of running since the last call; `ready` when the barrel is hot."""
        self._small_stop_in -= ran
        self._breakdown_in -= ran
        closed = self._closed(local)
        if closed is not None:
            return "planned", closed
        if self._stop is not None and elapsed >= self._stop.until:
            self._stop = None
        if self._stop is None:
            self._stop = self._next_stop(elapsed, local)
        if self._stop is not None:
            return self._stop.state, self._stop.reason
        return ("running", None) if ready else ("setup", "예열")

    def _closed(self, local: datetime) -> str | None:
        if self._hours == "around_the_clock":
            return None
        hour = local.hour + local.minute / 60.0
        if local.weekday() == 6:
            return "휴무"
        if not 8.0 <= hour < 22.0:
            return "야간 휴무"
        if 12.0 <= hour < 12.75:
            return "점심"
        return "저녁" if 18.0 <= hour < 18.5 else None

    def _next_stop(self, elapsed: float, local: datetime) -> Stop | None:
        if local.hour >= PRODUCT_CHANGE_HOUR and self._changed_on != local.toordinal():
            first_sight = self._changed_on is None and local.hour > PRODUCT_CHANGE_HOUR
            self._changed_on = local.toordinal()
            if not first_sight:  # a simulation that starts in the evening does not begin with a change
                self.product_changes += 1
                return Stop("setup", "금형 교환", elapsed + float(self._random.uniform(25.0, 50.0)) * 60.0)
        if self._breakdown_in <= 0.0:
            self._breakdown_in = self._exponential(BREAKDOWN_EVERY)
            reason = str(self._random.choice(BREAKDOWNS, p=BREAKDOWN_SHARES))
            return Stop("down", reason, elapsed + float(self._random.lognormal(math.log(12.0), 0.8)) * 60.0)
        if self._small_stop_in <= 0.0:
            self._small_stop_in = self._exponential(SMALL_STOP_EVERY)
            reason = str(self._random.choice(SMALL_STOPS))
            return Stop("idle", reason, elapsed + float(self._random.uniform(40.0, 240.0)))
        return None

    def rests_long(self, local: datetime) -> bool:
        """True in breaks of hours, when the barrel is lowered to a standby temperature."""
        return self._closed(local) in ("휴무", "야간 휴무") and not (local.hour == 7 and local.minute >= 30)
