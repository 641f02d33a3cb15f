"""`jasang collect` with `[receiver]` or `[forward]`, and `jasang receive`, from the command line."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.free_ports import free_port

from jasang.connect.status import CollectorStatus, read_status
from jasang.store import open_reader, to_readings

TOKEN = "command-token"
START = datetime(2026, 3, 1, tzinfo=UTC)


running: list["subprocess.Popen[str]"] = []


def started(*arguments: str) -> "subprocess.Popen[str]":
    environment = os.environ | {"TOKEN": TOKEN, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "jasang.cli.main", *arguments, "--lang", "en"],
        env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    running.append(process)
    return process


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    yield
    for process in running:
        if process.poll() is None:
            process.kill()
            process.communicate()
    running.clear()


def stopped(process: "subprocess.Popen[str]") -> str:
    process.send_signal(signal.SIGTERM)
    said, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    return said


def write(port: int, body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/api/v2/write?bucket=b&precision=s", body, {"Authorization": f"Token {TOKEN}"})
    status = connection.getresponse().status
    connection.close()
    return status


def values(store: Path, signal_name: str) -> list[object]:
    reader = open_reader(store)
    try:
        found = reader.range([signal_name], START, START + timedelta(days=1))
        return [one.value for one in to_readings(found)]
    finally:
        reader.close()


def test_collector_with_a_receiver_alone_keeps_what_is_written_and_tells_it(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "collect.toml").write_text(f'[receiver]\naddress = "127.0.0.1:{port}"\ntoken_env = "TOKEN"\n')
    process = started("collect", str(tmp_path / "collect.toml"))
    assert process.stdout is not None
    store = tmp_path / "store"
    begun = process.stdout.readline()

    answered = write(port, b"m,asset=A v=1 1772323200\nm,asset=A v=2 1772323201")
    end = time.monotonic() + 60.0
    while (status := read_status(store)) is None or not status.connections[0].readings:
        assert time.monotonic() < end, status
        time.sleep(0.05)
    said = stopped(process)

    assert begun == f"collecting: 0 connections, receiver 127.0.0.1:{port}, store {store}\n"
    assert said == "stopped: 2 readings kept, 0 lost\n"
    assert answered == 204
    assert values(tmp_path / "store", "A.m.v") == [1.0, 2.0]
    assert status is not None
    assert [(one.name, one.protocol, one.state, one.readings) for one in status.connections] == [
        ("receiver", "line_protocol", "connected", 2)
    ]


def all_sent(status: CollectorStatus, readings: int) -> bool:
    way = status.forward
    return way is not None and way.state == "connected" and way.sent >= readings and not way.waiting


def test_watched_folder_is_forwarded_to_a_receiver_of_many(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "receive.toml").write_text(
        f'address = "127.0.0.1:{port}"\n[[factories]]\nname = "a"\nstore = "far"\ntoken_env = "TOKEN"\n'
    )
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(
        "time,temp\n" + "".join(f"2026-03-01T00:00:{second:02d}Z,{200 + second}.5\n" for second in range(30))
    )
    (tmp_path / "collect.toml").write_text(
        f'[forward]\nurl = "http://127.0.0.1:{port}"\ntoken_env = "TOKEN"\nname = "line-3"\n'
        f'[[connections]]\nname = "P"\nprotocol = "folder"\nurl = "file://{tmp_path}/in"\n'
        'time = "time"\npoll_interval = 0.2\nsettle = 0.1\n'
    )
    receiver = started("receive", str(tmp_path / "receive.toml"))
    collector = started("collect", str(tmp_path / "collect.toml"))
    deadline = time.monotonic() + 90
    while (status := read_status(tmp_path / "spool")) is None or not all_sent(status, 30):
        assert time.monotonic() < deadline, status
        time.sleep(0.05)
    stopped(collector)
    said = stopped(receiver)

    assert status.forward is not None
    assert (status.forward.state, status.forward.lost, status.forward.waiting) == ("connected", 0, 0)
    assert values(tmp_path / "far", "P.temp") == [200.5 + second for second in range(30)]
    assert said.splitlines()[0] == f"receiving: 1 factories, address 127.0.0.1:{port}"
