"""The spool as a collector's sink, alone or beside a store of the collector's own."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from jasang.connect.contract import Sink
from jasang.connect.forward.frames import SCHEMA, to_rows
from jasang.connect.forward.spool import COLLECTOR, ITSELF, Spool
from jasang.connect.forward.target import Clock
from jasang.connect.status import ForwardStatus, State
from jasang.errors import StoreError
from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text

if TYPE_CHECKING:
    from jasang.connect.forward.sender import Sender

_log = logging.getLogger(__name__)


class ForwardSink:
    """Readings go into the spool and, where there is one, into the store; both have them when `append` returns."""

    def __init__(self, spool: Spool, store: Sink | None = None) -> None:
        self._spool, self._store = spool, store

    def append(self, readings: Sequence[Reading]) -> int:
        """Keep the readings; they survive a kill once this returns. What fails here may be appended again: it is kept once."""
        try:
            rows = to_rows(readings)
        except (pa.ArrowException, UnicodeEncodeError, OverflowError) as error:
            raise StoreError(
                ko=f"읽은 값 {len(readings)}개를 저장할 형태로 바꿀 수 없습니다: {error}",
                en=f"{len(readings)} readings cannot be written as rows: {error}",
            ) from error
        if self._store is not None:
            self._store.append(readings)
        self._spool.append(rows)
        return len(readings)

    def append_table(self, rows: pa.Table) -> int:
        """`append` of readings by columns."""
        if self._store is not None:
            self._store.append_table(rows)
        self._spool.append(rows.cast(SCHEMA))
        return int(rows.num_rows)

    def describe(self, signals: Iterable[Signal]) -> None:
        """Keep what is known of the signals, here and at the receiver."""
        told = tuple(signals)
        if self._store is not None:
            self._store.describe(told)
        self._spool.describe(told)

    def last(self, signals: Sequence[str] | None = None) -> Mapping[str, Reading]:
        """The latest reading of each signal that was ever kept here."""
        return self._spool.last(signals) if self._store is None else self._store.last(signals)

    def settle(self, before: datetime) -> int:
        """Tidy up the store, where there is one."""
        return 0 if self._store is None else self._store.settle(before)


class ClockNotes:
    """Writes what the sender learns of the receiver's clock into the spool: `jasang.collector.<name>.clock_offset` in s."""

    def __init__(self, spool: Spool, name: str) -> None:
        self._spool = spool
        self._signal = Signal(name=f"{COLLECTOR}.{name}.clock_offset", asset=ITSELF, unit="s")
        self._described = False

    def __call__(self, clock: Clock) -> None:
        reading = Reading(signal=self._signal.name, source_time=clock.at, receive_time=clock.at, value=clock.offset)
        try:
            if not self._described:
                self._spool.describe([self._signal])
                self._described = True
            self._spool.append(to_rows([reading]))
        except StoreError as error:
            _log.debug("the clock's offset is not noted: %s", error.en)


def forward_status(spool: Spool, sender: "Sender", url: str) -> ForwardStatus:
    """How store and forward is doing now."""
    state = spool.state()
    error = sender.error
    failed: State = "refused" if error is not None and error.permanent else "lost"
    return ForwardStatus(
        url=url,
        sender=spool.sender,
        state="connecting" if sender.connected is None else "connected" if sender.connected else failed,
        since=sender.since,
        last_error=None if error is None else Text(ko=error.ko, en=error.en),
        last_error_at=None if error is None else sender.failed_at,
        sent=sender.sent,
        waiting=state.waiting,
        waiting_since=state.earliest,
        spool_bytes=state.size,
        spool_limit=state.limit,
        lost=state.lost,
        lost_from=state.lost_from,
        lost_to=state.lost_to,
        clock_offset=None if sender.clock is None else sender.clock.offset,
        clock_within=None if sender.clock is None else sender.clock.within,
        acknowledged_at=sender.acknowledged_at,
    )
