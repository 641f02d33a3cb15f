"""A monitor over a collector's store: minute by minute, one alarm for each event.

Every look scores the last minutes anew, so that a restart, a gap or a late reading needs no care.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from jasang.analyze.monitors import Event, find_events, score
from jasang.diagnose.fault_story import as_datetime
from jasang.errors import UnreadableInput
from jasang.mentor.monitor_file import SavedMonitor, read_monitor
from jasang.mentor.store_data import MONITOR_SCORE, STEP, TIME, grid
from jasang.mentor.until_stopped import until_stopped
from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text
from jasang.store import is_store, open_reader
from jasang.store.contract import Reader

LOOK_EVERY = 60.0  # s
_MEMORIES_BACK = 4  # lengths of the longest memory that a look goes back
_FEWEST_BACK = 240  # minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The last full minute as the monitor sees it: its score (alarm above 1) and the event that is going on, if one is."""

    time: datetime
    score: float
    event: Event | None
    onset: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An event that began or ended, in words."""

    time: datetime
    began: bool
    text: Text


class LiveMonitor:
    """Judges the last minutes of a store and remembers which event was told."""

    def __init__(self, saved: SavedMonitor) -> None:
        self.saved = saved
        self._told_since: datetime | None = None
        self._last: datetime | None = None

    @property
    def signals(self) -> tuple[Signal, Signal]:
        """What the monitor itself reports to the store: its score and whether an event is going on."""
        asset = self.saved.asset or self.saved.table
        return (
            Signal(name=f"{asset}.{MONITOR_SCORE}", asset=asset),
            Signal(name=f"{asset}.monitor_alarm", asset=asset),
        )

    def look(self, reader: Reader, now: datetime) -> Look | None:
        """The last full minute before `now`; `None` when there is none that was not looked at before."""
        monitor = self.saved.monitor
        back = max(_FEWEST_BACK, _MEMORIES_BACK * max(monitor.memories))
        frame = grid(reader, self.saved.columns, now - STEP, back)
        if not frame.height:
            return None
        time = frame[TIME].to_numpy().astype("datetime64[us]")
        if self._last is not None and as_datetime(time[-1]) <= self._last:
            return None
        self._last = as_datetime(time[-1])
        values = np.column_stack([frame[name].to_numpy() for name in self.saved.columns])
        starts = np.flatnonzero(np.diff(time) > np.timedelta64(STEP) * 3.5) + 1
        scores = score(monitor, values, starts=starts)
        if not np.isfinite(scores.score[-1]):
            return None
        events = find_events(monitor, scores)
        event = events[-1] if events and events[-1].open else None
        onset = None if event is None else as_datetime(time[event.onset])
        return Look(time=self._last, score=float(scores.score[-1]), event=event, onset=onset)

    def readings(self, look: Look, now: datetime) -> tuple[Reading, Reading]:
        """The look as readings of `signals`."""
        score_signal, alarm_signal = self.signals
        return (
            Reading(signal=score_signal.name, source_time=look.time, receive_time=now, value=look.score),
            Reading(signal=alarm_signal.name, source_time=look.time, receive_time=now, value=look.event is not None),
        )

    def alarm(self, look: Look) -> Alarm | None:
        """The alarm to give at this look: once when an event begins, once when it is over."""
        moment = look.time.isoformat(timespec="minutes")
        where = self.saved.asset or self.saved.table
        if look.event is not None and look.onset is not None and self._told_since is None:
            self._told_since = look.onset
            names = ", ".join(one.name for one in look.event.contributions[:3])
            since = look.onset.isoformat(timespec="minutes")
            return Alarm(
                time=look.time,
                began=True,
                text=Text(
                    ko=f"{moment} {where}: 평소와 다릅니다(점수 {look.score:.1f}). {since}부터이고, {names} 순서로 확인하세요.",
                    en=f"{moment} {where}: unusual (score {look.score:.1f}) since {since}; look at {names}, in this order.",
                ),
            )
        if look.event is None and self._told_since is not None:
            self._told_since = None
            return Alarm(
                time=look.time,
                began=False,
                text=Text(ko=f"{moment} {where}: 다시 평소와 같습니다.", en=f"{moment} {where}: back to normal."),
            )
        return None


def follow(
    model: Path,
    store: Path,
    tell: Callable[[Alarm], None],
    *,
    every: float = LOOK_EVERY,
    duration: float | None = None,
) -> None:
    """Watch a collector's store until stopped (or for `duration` s), telling each event once when it begins and once when over.

    Raises
    ------
    UnreadableInput
        The model cannot be read, the folder is no store, or the store lacks a signal the monitor was trained on.
    """
    live = LiveMonitor(read_monitor(model))
    if not is_store(store):
        raise UnreadableInput(
            ko=f"{store}: 수집 저장소가 아닙니다. --follow는 'jasang collect'가 쓰는 폴더에만 됩니다.",
            en=f"{store}: not a collector's store; --follow needs the folder 'jasang collect' writes to.",
        )
    reader = open_reader(store)
    try:
        check_signals(live.saved, reader, store)
        asyncio.run(_watch(live, reader, tell, every, duration))
    finally:
        reader.close()


def check_signals(saved: SavedMonitor, reader: Reader, store: Path) -> None:
    """Raise `UnreadableInput` when the store lacks signals of the monitor; names them."""
    there = {signal.name for signal in reader.signals()}
    lacking = [name for name in saved.columns if name not in there]
    if lacking:
        raise UnreadableInput(
            ko=f"{store}: 감시 모델이 배운 신호가 없습니다: {', '.join(lacking[:10])}",
            en=f"{store}: signals the monitor was trained on are not there: {', '.join(lacking[:10])}",
        )


async def _watch(
    live: LiveMonitor, reader: Reader, tell: Callable[[Alarm], None], every: float, duration: float | None
) -> None:
    async with until_stopped(duration=duration, with_parent=False) as stop:
        while not stop.is_set():
            look = await asyncio.to_thread(live.look, reader, datetime.now(UTC))
            alarm = live.alarm(look) if look is not None else None
            if alarm is not None:
                tell(alarm)
            try:
                await asyncio.wait_for(stop.wait(), timeout=every)
            except TimeoutError:
                continue
