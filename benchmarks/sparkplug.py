"""How fast Sparkplug payloads are read: python -m benchmarks.sparkplug [--metrics 20] [--payloads 20000].

Figures on the same bytes, best of five, each as metrics a second of processor: protobuf alone (parsing, and one look at alias,
time and value of each metric), a decoder of the wire format in plain Python, the whole host application up to rows, and the host
with the collector and its store, every row synced to disk. Also of payloads with integers and truth values for half the metrics.
"""

import argparse
import asyncio
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

import pyarrow as pa

from jasang.connect import collector as collecting
from jasang.connect.contract import Inbox, Link, NoOptions
from jasang.connect.protocols.sparkplug.host import Host
from jasang.connect.protocols.sparkplug.schema import Payload
from jasang.connect.protocols.sparkplug.selection import Selection
from jasang.store import open_store

NOW_MS = 1_790_000_000_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--metrics", type=int, default=20)
    parser.add_argument("--payloads", type=int, default=20_000)
    arguments = parser.parse_args()
    metrics = arguments.metrics
    payloads = [_data(metrics, number) for number in range(arguments.payloads)]
    total = metrics * len(payloads)
    figures = {
        "protobuf, parsed only": _best(lambda: _parsed(payloads)),
        "protobuf, alias, time and value of each metric": _best(lambda: _protobuf(payloads)),
        "own decoder in Python": _best(lambda: _own(payloads)),
        "host application, up to rows": _best(lambda: _host(payloads, metrics)),
        "host, collector and store": _best(lambda: _stored(payloads, metrics)),
    }
    mixed = [_mixed(metrics, number) for number in range(arguments.payloads)]
    figures["protobuf, of mixed payloads"] = _best(lambda: _protobuf(mixed))
    figures["host application, mixed payloads"] = _best(lambda: _host(mixed, metrics))
    reference = figures["protobuf, alias, time and value of each metric"]
    print(f"{len(payloads)} payloads of {metrics} metrics, {len(payloads[0])} bytes each")
    for name, seconds in figures.items():
        if seconds:
            print(
                f"{name:50s} {total / seconds / 1e6:6.2f} M metrics/s, {reference / seconds:5.2f} of protobuf with values"
            )


def _best(run: Callable[[], object]) -> float:
    """Seconds of processor of the whole process: other work on the machine does not count."""
    seconds = []
    for _ in range(5):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return min(seconds)


def _data(metrics: int, number: int) -> bytes:
    payload = Payload(timestamp=NOW_MS + number, seq=(number + 1) % 256)
    for alias in range(1, metrics + 1):
        payload.metrics.add(alias=alias, timestamp=NOW_MS + number, double_value=alias + number / 8)
    return payload.SerializeToString()


def _mixed(metrics: int, number: int) -> bytes:
    payload = Payload(timestamp=NOW_MS + number, seq=(number + 1) % 256)
    for alias in range(1, metrics + 1):
        metric = payload.metrics.add(alias=alias, timestamp=NOW_MS + number)
        if alias % 4 == 0:
            metric.boolean_value = number % 2 == 0
        elif alias % 4 == 1:
            metric.int_value = number + alias
        else:
            metric.double_value = alias + number / 8
    return payload.SerializeToString()


def _parsed(payloads: list[bytes]) -> None:
    for data in payloads:
        Payload.FromString(data)


def _protobuf(payloads: list[bytes]) -> None:
    for data in payloads:
        for metric in Payload.FromString(data).metrics:
            _ = (metric.alias, metric.timestamp, getattr(metric, metric.WhichOneof("value")))


def _own(payloads: list[bytes]) -> None:
    for data in payloads:
        for _ in _metrics(data):
            pass


def _metrics(data: bytes) -> Iterator[tuple[int, int, float]]:
    """Alias, time and double of each metric; reads no other kind of value."""
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        if tag != 0x12:  # a varint of the payload itself
            _, at = _varint(data, at + 1)
            continue
        length, at = _varint(data, at + 1)
        stop = at + length
        alias = moment = 0
        value = 0.0
        while at < stop:
            tag = data[at]
            if tag == 0x69:
                (value,) = struct.unpack_from("<d", data, at + 1)
                at += 9
            elif tag == 0x10:
                alias, at = _varint(data, at + 1)
            else:
                moment, at = _varint(data, at + 1)
        yield alias, moment, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _host(payloads: list[bytes], metrics: int) -> None:
    taken = sum(rows.num_rows for rows in _rows(payloads, metrics))
    if taken != metrics * (len(payloads) + 1):
        raise SystemExit(f"read {taken} readings, expected {metrics * (len(payloads) + 1)}")


def _rows(payloads: list[bytes], metrics: int) -> Iterator[pa.Table]:
    host = Host(Selection(parts=(), everything=True), reorder_timeout=2.0, birth_timeout=10.0)
    birth = Payload(timestamp=NOW_MS, seq=0)
    for alias in range(1, metrics + 1):
        kind = {0: 11, 1: 7}.get(alias % 4, 10) if b"\x70" in payloads[0] else 10
        birth.metrics.add(name=f"folder/metric {alias}", alias=alias, timestamp=NOW_MS, datatype=kind, double_value=0.0)
    now = datetime.now(UTC)
    host.take("spBv1.0/G/NBIRTH/N", birth.SerializeToString(), now, 0.0)
    yield host.rows()
    for number, data in enumerate(payloads):
        host.take("spBv1.0/G/NDATA/N", data, now, 0.0)
        if number % 500 == 499:
            yield host.rows()
    yield host.rows()


class _Fed:
    """A protocol whose payloads are there already."""

    finds_signals, options, signal_options = True, NoOptions, NoOptions

    def __init__(self, payloads: list[bytes], metrics: int) -> None:
        self._payloads, self._metrics = payloads, metrics
        self.kept = asyncio.Event()

    async def collect(self, _link: Link, inbox: Inbox) -> None:
        for rows in _rows(self._payloads, self._metrics):
            ticket = inbox.deliver_rows(rows)
            await asyncio.sleep(0)
        await inbox.kept(ticket)
        self.kept.set()
        await asyncio.Event().wait()


def _stored(payloads: list[bytes], metrics: int) -> None:
    fed = _Fed(payloads, metrics)
    collecting.load = lambda _name: fed

    async def run(folder: str) -> None:
        with closing(open_store(folder)) as store:
            collector = collecting.Collector(
                [Link(name="f", protocol="fed", url="f://")], store, report=lambda _status: None
            )
            stop = asyncio.Event()
            task = asyncio.create_task(collector.run(stop))
            await fed.kept.wait()
            stop.set()
            status = await task
        if status.stored != metrics * (len(payloads) + 1):
            raise SystemExit(f"stored {status.stored} readings")

    with TemporaryDirectory() as folder:
        asyncio.run(run(folder))


if __name__ == "__main__":
    main()
