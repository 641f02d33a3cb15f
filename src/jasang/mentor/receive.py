"""The use case "receive": readings that other programs and other collectors send, into one store or many."""

import asyncio
import contextlib
import gc
import logging
import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from jasang.connect.ending import end
from jasang.connect.http_parts import new_event_loop, receiver_class
from jasang.connect.receive_toml import read_receive_toml
from jasang.connect.receiver import Factory, ReceiverLimits
from jasang.connect.receiver_fields import ReceiverSettings
from jasang.connect.status import CollectorStatus, ConnectionStatus, write_status
from jasang.errors import ConfigurationError, JasangError
from jasang.mentor.until_stopped import until_stopped
from jasang.store import Store, open_store

if TYPE_CHECKING:
    from jasang.connect.receiver.server import Receiver

STATUS_EVERY = 1.0  # s
SETTLE_EVERY = 600.0  # s
SETTLE_AGE = timedelta(hours=1)  # late readings still find their place among the fresh ones

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What a receiver did until it was stopped: points of line protocol, and readings of other collectors, by factory."""

    points: Mapping[str, int]


def receive(
    settings_file: Path,
    *,
    duration: float | None = None,
    with_parent: bool = False,
    ready: Callable[[ReceiverSettings, int], None] | None = None,
) -> Received:
    """Receive as `settings_file` (receive.toml) says until stopped, for `duration` s at most.

    One process owns the stores of all factories. `ready` is called with the port once it listens.
    Raises `ConfigurationError` before anything listens, `StoreError` when a store cannot be opened.
    """
    settings = read_receive_toml(settings_file)
    receiver_class()  # fails before a store is opened when its library is missing
    with _stores(settings) as stores, asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(_receive(settings, stores, duration, with_parent, ready))


async def _receive(
    settings: ReceiverSettings,
    stores: Mapping[str, Store],
    duration: float | None,
    with_parent: bool,
    ready: Callable[[ReceiverSettings, int], None] | None,
) -> Received:
    started = datetime.now(UTC)
    async with (
        until_stopped(duration=duration, with_parent=with_parent) as stop,
        listening(settings, stores) as receiver,
    ):
        if ready is not None:
            ready(settings, receiver.port)
        # What was loaded stays for good: going through it again and again would stop all writers for a tenth of a second.
        gc.collect()
        gc.freeze()
        with ThreadPoolExecutor(1) as reporting:  # a file system may take long to rename; one thread keeps the order
            caretakers = [
                asyncio.create_task(_tell(settings, receiver, started, reporting)),
                asyncio.create_task(_tidy(stores)),
            ]
            try:
                await stop.wait()
            finally:
                await end(caretakers)
    _report(settings, receiver, started, stopped=True)
    return Received(points=receiver.points)


@contextlib.asynccontextmanager
async def listening(settings: ReceiverSettings, stores: Mapping[str, Store]) -> "AsyncIterator[Receiver]":
    """A receiver over the stores (by the factory's name) while the block runs; all that was taken is kept at its end."""
    receiver = receiver_class()(
        [
            Factory(
                name=one.name,
                token=one.token,
                store=stores[one.name],
                buckets=one.buckets,
                asset_tags=one.asset_tags,
                most_signals=one.most_signals,
            )
            for one in settings.factories
        ],
        host=settings.host,
        port=settings.port,
        limits=ReceiverLimits(body=settings.body_limit),
        tls=_tls(settings),
    )
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.close()


def receiver_status(settings: ReceiverSettings, receiver: "Receiver", name: str, since: datetime) -> ConnectionStatus:
    """The receiver as a connection of one factory's status."""
    scheme = "http" if settings.certificate is None else "https"
    return ConnectionStatus(
        name="receiver",
        protocol="line_protocol",
        url=f"{scheme}://{settings.host}:{receiver.port}",
        state="connected",
        since=since,
        readings=receiver.points.get(name, 0),
        last_reading=receiver.last_write.get(name),
    )


def _tls(settings: ReceiverSettings) -> ssl.SSLContext | None:
    if settings.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            ko=f"인증서 {settings.certificate} 와 열쇠 {settings.key} 을(를) 쓸 수 없습니다: {error}",
            en=f"certificate {settings.certificate} and key {settings.key} cannot be used: {error}",
        ) from error
    return context


@contextlib.contextmanager
def _stores(settings: ReceiverSettings) -> Iterator[dict[str, Store]]:
    with contextlib.ExitStack() as opened:
        stores = {}
        for factory in settings.factories:
            store = stores[factory.name] = open_store(factory.store)
            opened.callback(store.close)
        yield stores


async def _tell(
    settings: ReceiverSettings, receiver: "Receiver", started: datetime, reporting: ThreadPoolExecutor
) -> None:
    while True:
        reporting.submit(_report, settings, receiver, started, stopped=False)
        await asyncio.sleep(STATUS_EVERY)


def _report(settings: ReceiverSettings, receiver: "Receiver", started: datetime, *, stopped: bool) -> None:
    for factory in settings.factories:
        connection = receiver_status(settings, receiver, factory.name, started)
        status = CollectorStatus(
            pid=os.getpid(),
            started=started,
            updated=datetime.now(UTC),
            stopped=stopped,
            stored=connection.readings,
            waiting=0,
            dropped=0,
            connections=(connection,),
        )
        try:
            write_status(factory.store, status)
        except OSError as error:  # a full disk must not stop the receiving
            _log.debug("the status cannot be written: %s", error)


async def _tidy(stores: Mapping[str, Store]) -> None:
    while True:
        await asyncio.sleep(SETTLE_EVERY)
        for store in stores.values():
            try:
                await asyncio.to_thread(store.settle, datetime.now(UTC) - SETTLE_AGE)
            except JasangError as error:
                _log.error("%s", error.en)
