"""The use case "collect": machines into a store, and how it is going."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from jasang.connect.catalog import load
from jasang.connect.collect_toml import CollectSettings, read_collect_toml
from jasang.connect.collector import Collector, Watcher
from jasang.connect.contract import Begun, Link, Variable
from jasang.connect.status import CollectorStatus, ConnectionStatus, read_status, write_status
from jasang.errors import ConnectionFailed
from jasang.mentor.monitor_file import read_monitor
from jasang.mentor.monitor_live import LiveMonitor
from jasang.mentor.until_stopped import until_stopped
from jasang.plant.reading import Reading
from jasang.plant.text import Text
from jasang.store import Store, open_store

_log = logging.getLogger(__name__)

__all__ = ["CollectorStatus", "ConnectionStatus", "browse", "collect", "is_running", "status", "test_connections"]


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
    store = open_store(settings.store)
    try:
        return asyncio.run(_run(settings, store, monitors, duration, with_parent, ready))
    finally:
        store.close()


async def _run(
    settings: CollectSettings,
    store: Store,
    monitors: Sequence[LiveMonitor],
    duration: float | None,
    with_parent: bool,
    ready: Callable[[CollectSettings], None] | None,
) -> CollectorStatus:
    collector = Collector(
        settings.links,
        store,
        report=lambda status: write_status(settings.store, status),
        watchers=[_watcher(monitor, store, settings.monitor_every) for monitor in monitors],
    )
    async with until_stopped(duration=duration, with_parent=with_parent) as stop:
        if ready is not None:
            ready(settings)
        return await collector.run(stop)


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


def browse(url: str, address: str | None = None, *, protocol: str = "opcua") -> tuple[Variable, ...]:
    """The variables a machine offers below an address (all when `None`); raises `ConnectionFailed`."""
    link = Link(name=url, protocol=protocol, url=url)
    return asyncio.run(load(protocol).browse(link, address))


def test_connections(settings_file: Path) -> list[tuple[Link, Begun | Text]]:
    """Connect once to every machine of a collect.toml: what would come, or why nothing does. Stores nothing."""
    settings = read_collect_toml(settings_file)
    return [(link, asyncio.run(_try(link))) for link in settings.links]


async def _try(link: Link) -> Begun | Text:
    answer: asyncio.Future[Begun] = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(load(link.protocol).collect(replace(link, trial=True), _Trial(answer)))
    try:
        waiting: list[asyncio.Future[Any]] = [answer, task]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            await task
        return await answer
    except ConnectionFailed as error:
        return Text(ko=error.ko, en=error.en)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _Trial:
    """An inbox for one try: it passes on what begins, keeps nothing, and what it was given counts as never acknowledged."""

    answer: asyncio.Future[Begun]

    def begun(self, begun: Begun) -> None:
        if not self.answer.done():
            self.answer.set_result(begun)

    def deliver(self, _readings: Sequence[Reading]) -> int:
        return 0

    async def kept(self, _ticket: int) -> None:
        await asyncio.Event().wait()  # for ever: nothing may be acknowledged or moved because of a try

    async def last(self, _signals: Sequence[str]) -> Mapping[str, Reading]:
        return {}
