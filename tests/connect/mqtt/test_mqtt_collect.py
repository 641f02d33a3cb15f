"""`jasang collect` as a process that is killed between delivery and receipt: every message is in the store exactly once."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.connect.mqtt.broker import Broker, program

from jasang.mentor.collect import status
from jasang.store import open_reader, to_readings

ROOT = Path(__file__).resolve().parents[3]
MESSAGES = 3000
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX")


def _collector(settings: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "jasang.cli.main", "collect", str(settings), "--lang", "en"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what the test waits for did not come"
        time.sleep(0.02)


def _stored(store: Path, process: subprocess.Popen[bytes]) -> int:
    found = status(store)
    return found.stored if found and found.pid == process.pid else 0


def _numbers(store: Path) -> list[int]:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    found = to_readings(open_reader(store).range(["line.n"], start, datetime.now(UTC) + timedelta(days=1)))
    return [int(reading.value) for reading in found if isinstance(reading.value, int)]


def test_killed_collector_loses_and_doubles_nothing(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "broker", "max_queued_messages 0")
    settings, store = tmp_path / "collect.toml", tmp_path / "store"
    settings.write_text(
        f'[[connections]]\nname = "line"\nprotocol = "mqtt"\nurl = "{broker.url}"\ntimeout = 1.0\n'
        '[[connections.topics]]\ntopic = "m"\ntime = "$.ts"\n',
        encoding="utf-8",
    )
    first = 1_700_000_000_000
    lines = "".join(json.dumps({"ts": first + number, "n": number}) + "\n" for number in range(MESSAGES))
    collector = _collector(settings)
    _until(lambda: (found := status(store)) is not None and found.connections[0].state == "connected")

    publisher = subprocess.Popen(
        [program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(broker.port), "-t", "m", "-q", "1", "-l"],
        stdin=subprocess.PIPE,
    )  # fmt: skip
    assert publisher.stdin is not None
    publisher.stdin.write(lines.encode())
    publisher.stdin.close()
    _until(lambda: _stored(store, collector) > 300)
    collector.kill()  # some messages are delivered and not on disk, some on disk and not acknowledged
    collector.wait()
    collector = _collector(settings)
    publisher.wait(60)
    _until(lambda: _stored(store, collector) > 0 and MESSAGES - 1 in _numbers(store))
    collector.send_signal(signal.SIGTERM)
    collector.wait(60)
    broker.stop()

    assert _numbers(store) == list(range(MESSAGES))
