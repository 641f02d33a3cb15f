"""Store and forward under faults: collector and receiver in network namespaces of their own, compared at the end.

The link between them is cut, throttled (tc), delayed and torn in mid-request (a proxy beside the collector); both sides are
killed with SIGKILL; the collector's disk (a small tmpfs) is filled; the clocks of both are stepped by hours (libfaketime). Needs
root, `ip`, `tc` and, for the clocks, Debian's `libfaketime`. The report goes to docs/soak.md.

    python -m benchmarks.soak [--readings 10000000] [--seed 1] [--every 4]
"""

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tests.connect.forward.making_process import SIGNALS, START, TOKEN

from jasang.store import open_reader

BATCH = 1_000  # moments in one append
MAKER = Path(__file__).parent.parent / "tests" / "connect" / "forward" / "making_process.py"
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
PORT = 8086
PRIME = 1_000_003
DISK = 24  # MB


def run(*command: str, check: bool = True) -> None:
    """A command whose failure ends the soak."""
    subprocess.run(command, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Side:
    """One side: a program in its own network namespace, with its own clock."""

    def __init__(self, namespace: str, command: list[str], folder: Path) -> None:
        self.namespace, self.command = namespace, command
        self.clock = folder / f"{namespace}.clock"
        self.clock.write_text("+0s")
        self.log = (folder / f"{namespace}.log").open("w")
        self.process: subprocess.Popen[bytes] | None = None
        self.begun = 0.0

    def start(self) -> None:
        """Start it (again)."""
        environment = os.environ | {"FACTORY_TOKEN": TOKEN, "PYTHONPATH": os.pathsep.join(sys.path)}
        if Path(FAKETIME).exists():
            environment |= {
                "LD_PRELOAD": FAKETIME,
                "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                "FAKETIME_CACHE_DURATION": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, *self.command],
            env=environment,
            stdout=self.log,
            stderr=self.log,
        )

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def is_over(self) -> bool:
        """Whether it ended by itself, all done."""
        return self.process is not None and self.process.poll() == 0


@contextlib.contextmanager
def two_namespaces() -> Iterator[tuple[str, str]]:
    """Two namespaces joined by a cable: 10.77.0.1 (collector) and 10.77.0.2 (receiver)."""
    names = (f"collector{os.getpid()}", f"receiver{os.getpid()}")
    try:
        for name in names:
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run(
            "ip",
            "link",
            "add",
            "cable0",
            "netns",
            names[0],
            "type",
            "veth",
            "peer",
            "name",
            "cable1",
            "netns",
            names[1],
        )
        for number, name in enumerate(names):
            run("ip", "-n", name, "addr", "add", f"10.77.0.{number + 1}/24", "dev", f"cable{number}")
            run("ip", "-n", name, "link", "set", f"cable{number}", "up")
        yield names
    finally:
        for name in names:
            run("ip", "netns", "del", name, check=False)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of `DISK` MB for the spool."""
    disk = folder / "disk"
    disk.mkdir()
    run("mount", "-t", "tmpfs", "-o", f"size={DISK}m", "tmpfs", str(disk))
    try:
        yield disk
    finally:
        run("umount", "-l", str(disk), check=False)


class Faults:
    """What is done to both sides, at random."""

    def __init__(self, collector: Side, receiver: Side, disk: Path, mood: Path, seed: int) -> None:
        self.collector, self.receiver, self.disk, self.mood = collector, receiver, disk, mood
        self.chance = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.kinds: dict[str, Callable[[], None]] = {
            "collector killed": lambda: self._kill(collector),
            "receiver killed": lambda: self._kill(receiver),
            "both killed": self._kill_both,
            "link cut": self._cut,
            "link delayed by 0.3 s, connections torn": lambda: self._through_the_proxy("0.3 0.05"),
            "link throttled to 2 Mbit/s": self._throttle,
            "disk full": self._fill,
            "clock stepped": self._step,
        }

    def one(self) -> None:
        """One fault, mended again."""
        kind = self.chance.choice(sorted(self.kinds))
        self.done[kind] += 1
        self.kinds[kind]()

    def _kill(self, side: Side) -> None:
        side.kill()
        time.sleep(self.chance.uniform(0.0, 2.0))
        side.start()

    def _kill_both(self) -> None:
        self.collector.kill()
        self.receiver.kill()
        self.receiver.start()
        self.collector.start()

    def _cut(self) -> None:
        run("ip", "-n", self.collector.namespace, "link", "set", "cable0", "down")
        time.sleep(self.chance.uniform(1.0, 6.0))
        run("ip", "-n", self.collector.namespace, "link", "set", "cable0", "up")

    def _throttle(self) -> None:
        place = ("ip", "netns", "exec", self.collector.namespace, "tc", "qdisc")
        run(*place, "add", "dev", "cable0", "root", "tbf", "rate", "2mbit", "burst", "32kbit", "latency", "400ms")
        time.sleep(self.chance.uniform(2.0, 6.0))
        run(*place, "del", "dev", "cable0", "root")

    def _through_the_proxy(self, mood: str) -> None:
        self.mood.write_text(mood)
        time.sleep(self.chance.uniform(2.0, 6.0))
        self.mood.write_text("0 0")

    def _fill(self) -> None:
        ballast = self.disk / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb") as file:
            while True:
                file.write(b"\0" * 65536)
        time.sleep(self.chance.uniform(1.0, 4.0))
        ballast.unlink(missing_ok=True)

    def _step(self) -> None:
        side = self.chance.choice((self.collector, self.receiver))
        side.clock.write_text(f"{self.chance.randint(-48, 48) * 3600:+d}s")


async def proxy(mood: Path) -> None:
    """Pass everything on, each chunk delayed by the first number in `mood` (s); the second is its chance to end all."""
    chance = random.Random(0)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65536):
                delay, torn = map(float, mood.read_text().split() or ("0", "0"))
                await asyncio.sleep(delay)
                if chance.random() < torn:
                    break
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection("10.77.0.2", PORT)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))

    server = await asyncio.start_server(joined, "127.0.0.1", PORT)
    await server.serve_forever()


def compare(store: Path, moments: int, seed: int) -> tuple[int, int, int]:
    """Readings lost, doubled and altered, of all signals."""
    reader = open_reader(store)
    lost = doubled = altered = 0
    chance = random.Random(seed)
    try:
        for number in range(SIGNALS):
            name = f"M{number}.v"
            for first in range(0, moments, 200_000):
                count = min(200_000, moments - first)
                start = START + timedelta(milliseconds=first)
                rows = reader.range([name], start, start + timedelta(milliseconds=count))
                places = (rows.column("source_time").cast(pa.int64()).to_numpy() - _microseconds(start)) // 1000 + first
                lost += count - np.unique(places).size
                doubled += places.size - np.unique(places).size
                altered += _altered(rows, number, places)
            for place in chance.sample(range(moments), min(300, moments)):
                doubled += max(0, len(reader.history(name, START + timedelta(milliseconds=place))) - 1)
    finally:
        reader.close()
    return lost, doubled, altered


def _microseconds(moment: object) -> int:
    return int(pa.scalar(moment, pa.timestamp("us", tz="UTC")).cast(pa.int64()).as_py())


def _altered(rows: pa.Table, number: int, places: np.ndarray) -> int:
    mixed = (places * 7919 + number * 104729) % PRIME
    late = (
        rows.column("receive_time").cast(pa.int64()).to_numpy() - rows.column("source_time").cast(pa.int64()).to_numpy()
    )
    wrong = late != 1000
    match number % 5:
        case 0 | 1:
            wrong |= rows.column("number").to_numpy() != mixed / 1000
        case 2:
            wrong |= (rows.column("number").to_numpy() != mixed) | ~np.asarray(rows.column("whole"))
        case 3:
            wrong |= np.asarray(rows.column("truth")) != (mixed % 2 == 0)
        case _:
            texts = pc.binary_join_element_wise("상태", pc.cast(pa.array(mixed), pa.string()), " ")
            wrong |= ~np.asarray(pc.fill_null(pc.equal(rows.column("text"), texts), False))
    return int(wrong.sum())


def main() -> None:
    """Run the soak and print its report."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--readings", type=int, default=10_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--every", type=float, default=4.0, help="seconds between two faults, about")
    arguments.add_argument("--patience", type=float, default=1800.0)
    arguments.add_argument("--proxy", type=Path, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.proxy is not None:
        asyncio.run(proxy(chosen.proxy))
    moments = chosen.readings // SIGNALS
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    settings = folder / "receive.toml"
    settings.write_text(
        f'address = "10.77.0.2:{PORT}"\n[[factories]]\nname = "a"\nstore = "store"\ntoken_env = "FACTORY_TOKEN"\n'
    )
    begun = time.monotonic()
    with two_namespaces() as names, small_disk(folder) as disk:
        maker = [
            sys.executable,
            str(MAKER),
            f"http://10.77.0.2:{PORT}",
            str(disk / "spool"),
            str(moments),
            str(BATCH),
            "0.01",
        ]
        collector = Side(names[0], [*maker, "1000000000", "stop"], folder)
        receiver = Side(names[1], [sys.executable, "-m", "jasang.cli.main", "receive", str(settings)], folder)
        mood = folder / "mood"
        mood.write_text("0 0")
        between = Side(names[0], [sys.executable, "-m", "benchmarks.soak", "--proxy", str(mood)], folder)
        for side in (receiver, between, collector):
            side.start()
        faults = Faults(collector, receiver, disk, mood, chosen.seed)
        try:
            while not collector.is_over() and time.monotonic() - begun < chosen.patience:
                time.sleep(faults.chance.uniform(0.5, 1.5) * chosen.every)
                if not collector.is_over():
                    faults.one()
        finally:
            for side in (collector, between, receiver):
                side.kill()
    took = time.monotonic() - begun
    lost, doubled, altered = compare(folder / "store", moments, chosen.seed)
    print(f"{moments * SIGNALS:,} readings in {took:.0f} s; faults: {sum(faults.done.values())}")
    for kind, count in sorted(faults.done.items()):
        print(f"  {count:4} x {kind}")
    print(f"lost {lost}, doubled {doubled}, altered {altered}")
    shutil.rmtree(folder, ignore_errors=True)
    raise SystemExit(0 if lost == doubled == altered == 0 else 1)


if __name__ == "__main__":
    main()
