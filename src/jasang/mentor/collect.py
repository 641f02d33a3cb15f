"""The use case "collect": machines into a store, and how it is going."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from jasang.connect.collect_toml import CollectSettings, read_collect_toml
from jasang.connect.collector import Collector, Watcher
from jasang.connect.contract import Sink
from jasang.connect.ending import end
from jasang.connect.forward.sink import ClockNotes, ForwardSink, forward_status
from jasang.connect.forward.spool import Spool
from jasang.connect.forward.target import Target
from jasang.connect.http_parts import sender_class
from jasang.connect.receiver_fields import ReceiverSettings
from jasang.connect.status import CollectorStatus, ConnectionStatus, ForwardStatus, read_status, write_status
from jasang.mentor.monitor_file import read_monitor
from jasang.mentor.monitor_live import LiveMonitor
from jasang.mentor.receive import listening, receiver_status
from jasang.mentor.until_stopped import until_stopped
from jasang.plant.reading import Reading
from jasang.store import Store, open_store

if TYPE_CHECKING:
    from jasang.connect.forward.sender import Sender
    from jasang.connect.receiver.server import Receiver

_log = logging.getLogger(__name__)

__all__ = ["CollectorStatus", "ConnectionStatus", "collect", "is_running", "status"]


def collect(
    settings_file: Path,
    *,
    duration: float | None = None,
    with_parent: bool = False,
    ready: Callable[[CollectSettings], None] | None = None,
) -> CollectorStatus:
    """Collect as `settings_file` (collect.toml) says until stopped, for `duration` s at most; the final status.

    Ctrl-C and SIGTERM stop cleanly: everything that has arrived is in the store when this returns. `with_parent` also stops when
    the parent process ends. `ready` is called once the store is open and before the first connection.
    Raises `ConfigurationError` or, for a monitor's model, `UnreadableInput` before anything is connected, `StoreError` when
    readings cannot be kept.
    """
    settings = read_collect_toml(settings_file)
    monitors = [LiveMonitor(read_monitor(model)) for model in settings.monitors]
    with contextlib.ExitStack() as opened:
        store = spool = None
        if settings.keeps:
            store = open_store(settings.store)
            opened.callback(store.close)
        if settings.forward is not None:
            forward = settings.forward
            spool = Spool(forward.spool, limit=forward.spool_limit, when_full=forward.when_full, name=forward.name)
            opened.callback(spool.close)
        run = _Run(settings=settings, store=store, spool=spool, monitors=monitors)
        return asyncio.run(run.until_stopped(duration, with_parent, ready))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A collector with all that belongs to it: at least one of store and spool."""

    settings: CollectSettings
    store: Store | None
    spool: Spool | None
    monitors: Sequence[LiveMonitor]

    async def until_stopped(
        self, duration: float | None, with_parent: bool, ready: Callable[[CollectSettings], None] | None
    ) -> CollectorStatus:
        settings = self.settings
        async with contextlib.AsyncExitStack() as running:
            stop = await running.enter_async_context(until_stopped(duration=duration, with_parent=with_parent))
            beside: Callable[[], Sequence[ConnectionStatus]] = tuple
            if settings.receiver is not None and self.store is not None:
                receiver = await running.enter_async_context(listening(settings.receiver, {"receiver": self.store}))
                beside = partial(_receivers, settings.receiver, receiver, datetime.now(UTC))
            sender = None if self.spool is None else self._sender(self.spool)
            collector = Collector(
                settings.links,
                self._sink(),
                report=lambda status: write_status(settings.store, status),
                watchers=[_watcher(one, self.store, settings.monitor_every) for one in self.monitors if self.store],
                beside=beside,
                forward=lambda: self._forward_status(sender),
            )
            if sender is not None:
                await running.enter_async_context(_in_background(sender.run()))
            if ready is not None:
                ready(settings)
            return await collector.run(stop)

    def _sink(self) -> Sink:
        if self.spool is not None:
            return ForwardSink(self.spool, self.store)
        if self.store is None:
            raise ValueError("a collector needs a store or a spool")
        return self.store

    def _sender(self, spool: Spool) -> "Sender":
        forward = self.settings.forward
        if forward is None:
            raise ValueError("a spool without [forward]")
        trusted = None if forward.certificate is None else ssl.create_default_context(cafile=forward.certificate)
        target = Target(url=forward.url, token=forward.token, share=forward.share, certificate=trusted)
        return sender_class()(spool, target, clock_read=ClockNotes(spool, forward.name))

    def _forward_status(self, sender: "Sender | None") -> ForwardStatus | None:
        if sender is None or self.spool is None or self.settings.forward is None:
            return None
        return forward_status(self.spool, sender, self.settings.forward.url)


def _receivers(settings: ReceiverSettings, receiver: "Receiver", since: datetime) -> tuple[ConnectionStatus, ...]:
    return (receiver_status(settings, receiver, "receiver", since),)


@contextlib.asynccontextmanager
async def _in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run something beside the block and end it with the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await end([task])


def _watcher(monitor: LiveMonitor, store: Store, every: float) -> Watcher:
    """The monitor's score and alarm as signals of the store; an event is logged once when it begins and once when it is over."""

    def look(now: datetime) -> Sequence[Reading]:
        with threadpool_limits(limits=1):
            found = monitor.look(store, now)
        if found is None:
            return ()
        alarm = monitor.alarm(found)
        if alarm is not None:
            _log.warning("%s", alarm.text.en)
        return monitor.readings(found, now)

    return Watcher(signals=monitor.signals, every=every, look=look)


def status(folder: Path) -> CollectorStatus | None:
    """How the collector that writes to a store's folder is doing; `None` when none ever ran there."""
    return read_status(folder)


def is_running(folder: Path) -> bool:
    """Whether a collector writes to the store now (its last sign of life is under 15 s old)."""
    found = read_status(folder)
    return found is not None and found.running(datetime.now(UTC))
