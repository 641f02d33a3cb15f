"""The collector: keeps every connection up, gathers what arrives and hands it to the store in batches.

A machine that goes away is logged once and once when it returns; in between it is tried again, ever less often. Readings leave
the collector's memory only when the store has acknowledged them.
"""

import asyncio
import contextlib
import logging
import os
import random
import statistics
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from jasang.connect.catalog import load
from jasang.connect.contract import Begun, Link, MachineProtocol, Sink
from jasang.connect.ending import end
from jasang.connect.forward.spool import ITSELF
from jasang.connect.link_words import unforeseen
from jasang.connect.memory_loss import MemoryLoss
from jasang.connect.repeats import Repeats
from jasang.connect.status import CollectorStatus, ConnectionStatus, ForwardStatus
from jasang.connect.waiting import Waiting
from jasang.errors import ConnectionFailed, JasangError, StoreError
from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text

FLUSH_EVERY = 0.5  # s; how long a reading may wait before it is on disk
GATHER = 0.05  # s; how long it waits at least when a receipt for it is awaited, so that one transaction serves many
BATCH = 10_000  # readings in one transaction
MOST_WAITING = 2_000_000  # readings kept in memory while the store cannot take them; some 400 MB
FIRST_RETRY, LAST_RETRY = 1.0, 30.0  # s between two attempts to connect
REFUSED_RETRY = 60.0  # s; a wrong password may be corrected on the machine's side, but must not lock the account
LAGS = 500  # latest differences of the clocks that are looked at, of a connection
STATUS_EVERY = 1.0  # s
SETTLE_EVERY = 600.0  # s
SETTLE_AGE = timedelta(hours=1)  # late readings of a slow machine still find their place among the fresh ones
OVERFLOW = 0x0480  # OPC 10000-4 7.38.2

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Something that looks at what was collected every `every` s and adds readings of its own `signals`."""

    signals: tuple[Signal, ...]
    every: float
    look: Callable[[datetime], Sequence[Reading]]


@dataclass(frozen=True, slots=True)
class _Inbox:
    """The collector as one connection sees it; see `contract.Inbox`."""

    collector: "Collector"
    link: Link

    def begun(self, begun: Begun) -> None:
        self.collector.begun(self.link, begun)

    def deliver(self, readings: Sequence[Reading]) -> int:
        return self.collector.deliver(self.link, readings)

    def deliver_rows(self, rows: pa.Table) -> int:
        return self.collector.deliver_rows(self.link, rows)

    async def kept(self, ticket: int) -> None:
        await self.collector.kept(ticket)

    async def last(self, signals: Sequence[str]) -> Mapping[str, Reading]:
        return await self.collector.last(signals)


class Collector:
    """Collects from all links into one sink until it is told to stop."""

    def __init__(
        self,
        links: Sequence[Link],
        sink: Sink,
        *,
        report: Callable[[CollectorStatus], None],
        retry: float = FIRST_RETRY,
        watchers: Sequence[Watcher] = (),
        beside: Callable[[], Sequence[ConnectionStatus]] = tuple,
        forward: Callable[[], ForwardStatus | None] = lambda: None,
    ) -> None:
        """`beside` tells of what else brings readings (a receiver), `forward` of where they are sent on; both for the status."""
        self._beside, self._forward = beside, forward
        self._sink, self._report, self._first_retry = sink, report, retry
        self._watchers = tuple(watchers)
        # Loading a protocol fails before anything is connected when its library is missing.
        self._links: list[tuple[Link, MachineProtocol]] = [(link, load(link.protocol)) for link in links]
        now = datetime.now(UTC)
        self._started = now
        self._states = {
            link.name: ConnectionStatus(
                name=link.name, protocol=link.protocol, url=link.url, state="connecting", since=now
            )
            for link in links
        }
        self._repeats = Repeats()
        self._lags: dict[str, deque[float]] = {link.name: deque(maxlen=LAGS) for link in links}
        self._heard: set[str] = set()  # connections from which something came since they stand
        self._unsteady: set[str] = set()  # those that stand and fall without a word
        self._loss = MemoryLoss()
        self._waiting = Waiting()
        self._arrived = asyncio.Event()
        self._stored = self._dropped = self._taken = 0
        self._waiters: list[asyncio.Future[None]] = []
        self._awaited = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> CollectorStatus:
        """Collect until `stop` is set, then write down all that has arrived; the final status."""
        ending = asyncio.Event()
        keepers = [asyncio.create_task(self._keep(link, protocol)) for link, protocol in self._links]
        writer = asyncio.create_task(self._write(ending))
        caretakers = [asyncio.create_task(self._tell()), asyncio.create_task(self._tidy())]
        caretakers += [asyncio.create_task(self._watch(watcher)) for watcher in self._watchers]
        watch = asyncio.create_task(stop.wait())
        try:
            # A task that ends by itself did so by an error that must not be swallowed.
            await asyncio.wait({watch, writer, *keepers, *caretakers}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end([watch, *keepers, *caretakers])
            ending.set()
            self._arrived.set()
            await writer
            for name in self._states:
                self._become(name, "stopped")
            self._report(self.status(stopped=True))
        for task in (*keepers, *caretakers):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error
        return self.status(stopped=True)

    def status(self, *, stopped: bool = False) -> CollectorStatus:
        """How the collector and its connections are doing now."""
        beside = tuple(self._beside())
        return CollectorStatus(
            pid=os.getpid(),
            started=self._started,
            updated=datetime.now(UTC),
            stopped=stopped,
            stored=self._stored + sum(state.readings for state in beside),
            waiting=len(self._waiting),
            dropped=self._dropped,
            connections=(*(self._with_lag(state) for state in self._states.values()), *beside),
            forward=self._forward(),
        )

    async def _keep(self, link: Link, protocol: MachineProtocol) -> None:
        """Keep one connection up for ever."""
        delay = self._first_retry
        while True:
            self._heard.discard(link.name)
            try:
                await protocol.collect(link, _Inbox(self, link))
            except ConnectionFailed as error:
                if self._states[link.name].state == "connected" and link.name in self._heard:
                    delay = self._first_retry
                self._gone(link, error)
                if error.permanent:
                    delay = max(delay, REFUSED_RETRY)
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # Nobody asked us to end: a library let a cancelled task of its own show.
                self._gone(link, unforeseen(link, error))
            except Exception as error:  # noqa: BLE001 - one odd answer of one machine must not stop all the others
                _log.debug("connection %r", link.name, exc_info=error)
                self._gone(link, unforeseen(link, error))
            # Somewhat random, so that after a power cut not all collectors knock at the same moment.
            await asyncio.sleep(delay * random.uniform(0.8, 1.2))
            delay = min(2.0 * delay, max(LAST_RETRY, delay))

    def begun(self, link: Link, begun: Begun) -> None:
        """A connection stands."""
        try:
            self._sink.describe(begun.signals)
        except StoreError as error:
            _log.error("%s", error.en)  # the readings matter more than their units; the next connection tries again
        before = self._states[link.name]
        if before.last_error is not None and before.state in ("lost", "refused"):
            if link.name not in self._unsteady:
                _log.info("connection %r: %s is back", link.name, link.url)
        elif before.state != "connected" or before.signals != len(begun.signals):
            _log.info("connection %r: collecting %d signals from %s", link.name, len(begun.signals), link.url)
        for text in (*begun.missing, *begun.doubts):
            if text not in before.missing and text not in before.doubts:
                _log.warning("%s", text.en)
        self._become(link.name, "connected", signals=len(begun.signals), missing=begun.missing, doubts=begun.doubts)

    def _gone(self, link: Link, error: ConnectionFailed) -> None:
        before = self._states[link.name]
        state = "refused" if error.permanent else "lost"
        text = Text(ko=error.ko, en=error.en)
        # A machine that lets us in and then says nothing but the same complaint is not away and back again and again.
        again = before.state == "connected" and link.name not in self._heard and before.last_error == text
        if before.state != state and not again:
            _log.warning("%s", error.en)
        if again:
            self._unsteady.add(link.name)
        self._become(link.name, state, last_error=text, last_error_at=datetime.now(UTC), signals=0)

    def _become(self, name: str, state: str, **changes: object) -> None:
        before = self._states[name]
        since = before.since if before.state == state else datetime.now(UTC)
        self._states[name] = replace(before, state=state, since=since, **changes)  # type: ignore[arg-type]

    def deliver(self, link: Link, readings: Sequence[Reading]) -> int:
        """Take readings; a value that a machine repeats when the subscription is renewed is already there."""
        self._hears(link)
        fresh = self._repeats.without(readings)
        if fresh:
            overflows = sum(reading.quality & OVERFLOW == OVERFLOW for reading in fresh)
            self._took(link, fresh, fresh[-1].source_time, fresh[-1].receive_time, overflows)
        return self._taken

    def deliver_rows(self, link: Link, rows: pa.Table) -> int:
        """As `deliver`, by columns."""
        self._hears(link)
        fresh = self._repeats.without_rows(rows)
        if fresh.num_rows:
            overflowed = pc.equal(pc.bit_wise_and(fresh.column("quality"), pa.scalar(OVERFLOW, pa.uint32())), OVERFLOW)
            source, received = (fresh.column(name)[-1].as_py() for name in ("source_time", "receive_time"))
            self._took(link, fresh, source, received, pc.sum(overflowed).as_py())
        return self._taken

    def _hears(self, link: Link) -> None:
        self._heard.add(link.name)
        if link.name in self._unsteady:
            self._unsteady.discard(link.name)
            _log.info("connection %r: %s is back", link.name, link.url)

    def _took(
        self, link: Link, fresh: list[Reading] | pa.Table, source: datetime, received: datetime, overflows: int
    ) -> None:
        """`source` and `received` are the times of the last of them."""
        self._waiting.add(fresh)
        self._taken += len(fresh)
        surplus = len(self._waiting) - MOST_WAITING
        if surplus > 0:
            self._waiting.drop(surplus, self._loss)
            self._dropped += surplus
        self._lags[link.name].append((received - source).total_seconds())
        before = self._states[link.name]
        self._states[link.name] = replace(
            before,
            readings=before.readings + len(fresh),
            last_reading=received,
            overflows=before.overflows + overflows,
        )
        self._arrived.set()

    def _with_lag(self, state: ConnectionStatus) -> ConnectionStatus:
        lags = self._lags.get(state.name)
        return replace(state, clock_lag=statistics.median(lags)) if lags else state

    async def kept(self, ticket: int) -> None:
        """Wait until everything that was taken up to this ticket is in the sink (or was dropped, which the status tells)."""
        while self._stored + self._dropped < ticket:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            self._awaited.set()
            await waiter

    async def last(self, signals: Sequence[str]) -> Mapping[str, Reading]:
        """The latest reading of each signal in the sink; `ConnectionFailed` while it cannot be asked."""
        try:
            return await asyncio.to_thread(self._sink.last, list(signals))
        except StoreError as error:
            raise ConnectionFailed(ko=error.ko, en=error.en) from error

    async def _write(self, ending: asyncio.Event) -> None:
        """Hand batches to the store; on failure say so once and try again with the same readings."""
        failing = False
        while not (ending.is_set() and not self._waiting):
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
                if not ending.is_set():
                    await self._gather()
                continue
            batch = self._waiting.take(BATCH)
            keep = self._sink.append_table if isinstance(batch, pa.Table) else self._sink.append
            try:
                await asyncio.to_thread(keep, batch)
            except StoreError as error:
                self._waiting.put_back(batch)
                if not failing:
                    _log.error("%s; %d readings wait in memory", error.en, len(self._waiting))
                failing = True
                if ending.is_set():
                    self._dropped += len(self._waiting)
                    raise
                await asyncio.sleep(1.0)
                continue
            if failing:
                _log.info("the store takes readings again")
            failing = False
            self._stored += len(batch)
            self._wake()
            self._tell_loss()

    async def _gather(self) -> None:
        """Let readings gather for one transaction; only shortly when somebody waits to hear that they are kept."""
        await asyncio.sleep(GATHER)
        if not self._waiters:
            self._awaited.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._awaited.wait(), FLUSH_EVERY - GATHER)

    def _tell_loss(self) -> None:
        """What was dropped while the sink could not take anything is itself a reading, once it can."""
        told = self._loss.reading()
        if told is not None:
            try:
                self._sink.describe([Signal(name=told.signal, asset=ITSELF)])
            except StoreError as error:
                _log.error("%s", error.en)
            self._waiting.add([told])
            self._taken += 1
            self._arrived.set()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _tell(self) -> None:
        while True:
            try:
                self._report(self.status())  # not in a thread, where it could overtake the final one
            except OSError as error:  # a full disk must not stop the collecting
                _log.debug("the status cannot be written: %s", error)
            await asyncio.sleep(STATUS_EVERY)

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(SETTLE_EVERY)
            try:
                await asyncio.to_thread(self._sink.settle, datetime.now(UTC) - SETTLE_AGE)
            except JasangError as error:
                _log.error("%s", error.en)

    async def _watch(self, watcher: Watcher) -> None:
        """Let the watcher look again and again; a failure is said once and must not stop the collecting."""
        failing = described = False
        while True:
            await asyncio.sleep(watcher.every)
            try:
                if not described:
                    self._sink.describe(watcher.signals)
                    described = True
                seen = await asyncio.to_thread(watcher.look, datetime.now(UTC))
                self._waiting.add(seen)
                self._taken += len(seen)
                failing = False
            except JasangError as error:
                if not failing:
                    _log.error("%s", error.en)
                failing = True
            self._arrived.set()
