"""Readings of other collectors: each record is kept once, however often it comes.

A record is known by its sender and sequence number. The numbers kept so far are themselves a reading, of the signal
`jasang.forward.<sender>`, written in the same transaction as the readings of the records: both are there or neither is. After a
crash the numbers are read back from the store, so a record whose answer was lost is known when it comes again.
"""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from jasang.connect.forward.frames import READINGS, SIGNALS, Frame, read_frames, to_rows
from jasang.connect.forward.intervals import Intervals
from jasang.connect.receiver.destination import Destination
from jasang.errors import StoreError
from jasang.plant.reading import Reading, Signal

MARK = "jasang.forward"  # and the sender's name
MOST_SPANS = 10_000  # of a sender; a sender catches up in order, so there are few
SENDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_TICK = timedelta(microseconds=1)


class _Sender:
    """What is known of one sender, with the lock that lets one of its requests commit at a time."""

    def __init__(self, name: str, kept: Intervals, marked: datetime | None) -> None:
        self.name, self.kept, self.marked = name, kept, marked
        self.lock = asyncio.Lock()


class Forwarded:
    """The senders of one factory."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._senders: dict[str, _Sender] = {}
        self._opening = asyncio.Lock()

    async def kept(self, name: str) -> Intervals:
        """The numbers kept of a sender; empty for one that is new."""
        return (await self._sender(name)).kept

    async def receive(self, name: str, body: bytes) -> Intervals:
        """Keep the records that are new; all numbers kept of the sender. Raises `BadFrame` (nothing is kept) or `StoreError`."""
        sender = await self._sender(name)
        frames = list(read_frames(body))
        # Shielded: a sender that hangs up must not leave a commit behind that its own memory does not know of.
        return await asyncio.shield(asyncio.ensure_future(self._commit(sender, frames)))

    async def _commit(self, sender: _Sender, frames: list[Frame]) -> Intervals:
        async with sender.lock:
            kept = sender.kept.copy()
            tables: list[pa.Table] = []
            signals: list[Signal] = []
            for frame in frames:
                if frame.sequence in kept:
                    continue
                kept.add(frame.sequence)
                if frame.kind == READINGS:
                    tables.append(frame.readings())
                elif frame.kind == SIGNALS:
                    signals += frame.signals()
            if kept == sender.kept:
                return kept
            now = datetime.now(UTC)
            # The clock may have been set back; the newest mark must stay the latest.
            marked = now if sender.marked is None else max(now, sender.marked + _TICK)
            mark = Reading(signal=f"{MARK}.{sender.name}", source_time=marked, receive_time=now, value=str(kept))
            try:
                await self._destination.write_tables([*tables, to_rows([mark])], signals)
            except Exception:
                self._senders.pop(sender.name, None)  # what the store has is read back before the next record
                raise
            sender.kept, sender.marked = kept, marked
            return kept

    async def _sender(self, name: str) -> _Sender:
        async with self._opening:
            found = self._senders.get(name)
            if found is None:
                found = self._senders[name] = await asyncio.to_thread(self._read_back, name)
            return found

    def _read_back(self, name: str) -> _Sender:
        signal = f"{MARK}.{name}"
        mark = self._destination.factory.store.last([signal]).get(signal)
        if mark is None:
            return _Sender(name, Intervals(), None)
        try:
            return _Sender(name, Intervals.read(str(mark.value)), mark.source_time)
        except ValueError as error:
            raise StoreError(
                ko=f"신호 {signal!r} 에 적힌 받은 번호를 읽을 수 없습니다: {error}",
                en=f"the numbers kept in signal {signal!r} cannot be read: {error}",
            ) from error
