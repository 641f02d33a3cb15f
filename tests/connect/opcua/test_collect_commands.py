"""Commands as processes of their own: stopped politely, killed, and left behind by their parent."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.connect.opcua.machine import URI
from tests.free_ports import free_port

from jasang.mentor.collect import status
from jasang.plant.reading import Reading
from jasang.store import open_reader, to_readings

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX")


class Processes:
    """Starts processes and ends what a failed test leaves behind."""

    def __init__(self) -> None:
        self._all: list[subprocess.Popen[str]] = []

    def start(self, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._all.append(process)
        return process

    def jasang(self, *words: str) -> subprocess.Popen[str]:
        return self.start("-m", "jasang.cli.main", *words, "--lang", "en")

    def counter(self, port: int) -> subprocess.Popen[str]:
        """A machine that counts; running when this returns."""
        process = self.start("-m", "tests.connect.opcua.machine", str(port))
        assert _line(process) == "ready"
        return process

    def end(self) -> None:
        for process in self._all:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def processes() -> Iterator[Processes]:
    started = Processes()
    yield started
    started.end()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _until(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what the test waits for did not come"
        time.sleep(0.05)


def _settings(folder: Path, port: int) -> Path:
    path = folder / "collect.toml"
    path.write_text(
        f'[[connections]]\nname = "press"\nprotocol = "opcua"\nurl = "opc.tcp://127.0.0.1:{port}"\nasset = "M"\n'
        "publishing_interval = 0.1\nsampling_interval = 0.0\ntimeout = 20.0\nqueue_size = 200000\n"
        f'[[connections.signals]]\nname = "count"\nnode = "nsu={URI};s=Machine.count"\n',
        encoding="utf-8",
    )
    return path


def _counts(store: Path) -> list[int]:
    found: list[Reading] = to_readings(
        open_reader(store).range(["M.count"], datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1))
    )
    return [int(reading.value) for reading in found if isinstance(reading.value, int)]


def _state(store: Path) -> str:
    found = status(store)
    return found.connections[0].state if found else "none"


def _stored(store: Path) -> int:
    found = status(store)
    return found.stored if found else 0


def test_killed_machine_loses_nothing_that_had_arrived_and_is_found_again(processes: Processes, tmp_path: Path) -> None:
    port, store = free_port(), tmp_path / "store"
    machine = processes.counter(port)
    collector = processes.jasang("collect", str(_settings(tmp_path, port)))
    _until(lambda: _stored(store) > 300)

    machine.kill()  # in the middle of whatever it was sending
    machine.wait()
    _until(lambda: _state(store) == "lost")
    before = _counts(store)
    processes.counter(port)
    _until(lambda: _stored(store) > len(before) + 300)
    collector.send_signal(signal.SIGINT)
    output, log = collector.communicate(timeout=60)
    after = _counts(store)[len(before) :]

    assert before == list(
        range(before[0], before[0] + len(before))
    )  # no change between the first and the last is missing
    assert after == list(range(after[0], after[0] + len(after)))
    assert collector.returncode == 0
    assert output.splitlines()[-1] == f"stopped: {len(before) + len(after)} readings kept, 0 lost"
    assert len([line for line in log.splitlines() if "press" in line]) == 3  # begun, gone, back
    assert "Traceback" not in log


def test_killed_collector_keeps_what_it_had_acknowledged_and_starts_again(processes: Processes, tmp_path: Path) -> None:
    port, store = free_port(), tmp_path / "store"
    processes.counter(port)
    settings = _settings(tmp_path, port)
    for _ in range(2):
        earlier = _counts(store) if store.exists() else []
        collector = processes.jasang("collect", str(settings))
        _until(lambda collector=collector: (found := status(store)) is not None and found.pid == collector.pid)
        _until(lambda: _stored(store) > 300)
        acknowledged = _stored(store)

        collector.kill()
        collector.wait()
        found = _counts(store)

        new = found[len(earlier) :]
        assert found[: len(earlier)] == earlier
        assert len(new) >= acknowledged
        assert new == list(range(new[0], new[0] + len(new)))


def test_commands_end_cleanly_when_asked(processes: Processes, tmp_path: Path) -> None:
    port = free_port()
    cell = processes.jasang("simulate", "cell", "--port", str(port))
    ready = _line(cell)
    collector = processes.jasang("collect", str(_settings(tmp_path, port)))
    _line(collector)

    codes = []
    for process, number in ((collector, signal.SIGTERM), (cell, signal.SIGINT)):
        process.send_signal(number)
        _, log = process.communicate(timeout=60)
        codes.append(process.returncode)
        assert "Traceback" not in log

    assert ready == f"listening on opc.tcp://127.0.0.1:{port}"
    assert codes == [0, 0]
    found = status(tmp_path / "store")
    assert found is not None
    assert found.stopped


def test_cell_ends_when_its_parent_is_gone(processes: Processes) -> None:
    port = free_port()
    parent = processes.start(
        "-c",
        "import subprocess, sys, time\n"
        f"words = [sys.executable, '-m', 'jasang.cli.main', 'simulate', 'cell', '--port', '{port}', '--stop-with-parent']\n"
        "child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n",
    )
    child = int(_line(parent))

    parent.kill()
    parent.wait()

    _until(lambda: not _alive(child), seconds=60)


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
    except OSError:
        return False


def test_taken_port_is_told_in_one_sentence(processes: Processes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        cell = processes.jasang("simulate", "cell", "--port", str(taken.getsockname()[1]))
        _, log = cell.communicate(timeout=60)

    assert cell.returncode == 1
    assert "choose one with --port" in log
    assert "Traceback" not in log


def test_unknown_fault_is_a_wrong_argument(processes: Processes) -> None:
    process = processes.jasang("simulate", "cell", "--fault", "gremlins")
    _, log = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "unknown fault gremlins; there are: heater_ageing" in log
