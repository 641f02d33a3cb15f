"""`jasang collect` as a process that is killed between delivery and receipt: every message is in the store exactly once."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.connect.mqtt.broker import Broker
from tests.debian import program

from jasang.mentor.collect import status
from jasang.store import open_reader, to_readings

ROOT = Path(__file__).resolve().parents[3]
LAST = 1_000_000
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX")


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    """What a failed test leaves behind is ended."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker(tmp_path / "broker", "max_queued_messages 0")
    yield started
    started.stop()


def _collector(settings: Path, processes: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "jasang.cli.main", "collect", str(settings), "--lang", "en"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    processes.append(process)
    return process


def _until(condition: Callable[[], bool], seconds: float = 90.0, pause: float = 0.02) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what the test waits for did not come"
        time.sleep(pause)


def _speak(publisher: subprocess.Popen[bytes], first: int, ended: threading.Event) -> None:
    """A number every other millisecond, until told to stop; then the last one."""
    assert publisher.stdin is not None
    number = 0
    while True:
        n = LAST if ended.is_set() else number
        publisher.stdin.write(json.dumps({"ts": first + n, "n": n}).encode() + b"\n")
        publisher.stdin.flush()
        if n == LAST:
            break
        number += 1
        time.sleep(0.002)
    publisher.stdin.close()


def _stored(store: Path, process: subprocess.Popen[bytes]) -> int:
    found = status(store)
    return found.stored if found and found.pid == process.pid else 0


def _numbers(store: Path) -> list[int]:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    found = to_readings(open_reader(store).range(["line.n"], start, datetime.now(UTC) + timedelta(days=1)))
    return [int(reading.value) for reading in found if isinstance(reading.value, int)]


def test_killed_collector_loses_and_doubles_nothing(
    tmp_path: Path, broker: Broker, processes: list[subprocess.Popen[bytes]]
) -> None:
    settings, store = tmp_path / "collect.toml", tmp_path / "store"
    settings.write_text(
        f'[[connections]]\nname = "line"\nprotocol = "mqtt"\nurl = "{broker.url}"\ntimeout = 1.0\n'
        '[[connections.topics]]\ntopic = "m"\ntime = "$.ts"\n',
        encoding="utf-8",
    )
    first = 1_700_000_000_000
    collector = _collector(settings, processes)
    _until(lambda: (found := status(store)) is not None and found.connections[0].state == "connected")

    publisher = subprocess.Popen(
        [program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(broker.port), "-t", "m", "-q", "1", "-l"],
        stdin=subprocess.PIPE,
    )  # fmt: skip
    processes.append(publisher)
    ended = threading.Event()
    speaking = threading.Thread(target=_speak, args=(publisher, first, ended), daemon=True)
    speaking.start()
    _until(lambda: _stored(store, collector) > 300)
    collector.kill()  # some messages are delivered and not on disk, some on disk and not acknowledged
    collector.wait()
    collector = _collector(settings, processes)
    _until(lambda: _stored(store, collector) > 0)
    ended.set()
    speaking.join()
    publisher.wait(60)
    _until(lambda: LAST in _numbers(store), pause=0.5)
    collector.send_signal(signal.SIGTERM)
    collector.wait(60)

    numbers = _numbers(store)
    assert numbers == [*range(len(numbers) - 1), LAST]
