"""How fast points arrive over HTTP line protocol from another process, durable before the answer, and what a SIGKILL costs.

Jasang against InfluxDB 1.6 and VictoriaMetrics 1.79 of Debian (`apt-get install influxdb victoria-metrics`), each started in a
temporary folder on a free port, in turns, on the same bodies. Signals: walks rounded to 2 and 3 decimals, constants, square waves
and counters; ms jitter in time. Results go to docs/benchmarks.md.

    python -m benchmarks.ingest [--points 1000000] [--rounds 3] [--kills 50] [--seconds 10]
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import numpy as np

from jasang.connect.line_protocol import SignalNames, parse_lines
from jasang.connect.line_protocol.scanner import Body, Scanner, load_scan
from jasang.store import open_reader

TOKEN = "benchmark-token"
SIGNALS = 1000
START = 1_772_366_400_000  # ms
WRITERS = 2


@dataclass(frozen=True, kw_only=True)
class System:
    """A server to write to: its command, the path that takes line protocol in ms, and how its points are counted."""

    name: str
    command: Callable[[Path, int], list[str]]
    path: str
    count: Callable[[Path, int], int]
    prepare: Callable[[int], None] = lambda _port: None


def made_bodies(points: int, batch: int, first_tick: int = 0, seed: int = 1) -> list[bytes]:
    """Bodies of `batch` points, all signals in turn, a tick each second."""
    chance = np.random.default_rng(seed)
    ticks = -(-points // SIGNALS)
    walk = 200 + np.cumsum(chance.normal(0, 0.1, (ticks, SIGNALS)), axis=0)
    jitter = chance.integers(0, 5, (ticks, SIGNALS))
    lines: list[str] = []
    for tick in range(ticks):
        for place in range(SIGNALS):
            match place % 5:
                case 0:
                    value = f"{walk[tick, place]:.2f}"
                case 1:
                    value = f"{walk[tick, place]:.3f}"
                case 2:
                    value = "42.5"
                case 3:
                    value = str(float(tick // 30 % 2))
                case _:
                    value = str(float(tick * 3))
            at = START + 1000 * (first_tick + tick) + jitter[tick, place]
            lines.append(f"plc,machine=INJ-{place % 40:03d},tag=t{place} value={value} {at}")
    lines = lines[:points]
    return [("\n".join(lines[at : at + batch]) + "\n").encode() for at in range(0, len(lines), batch)]


def free_port() -> int:
    """A port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A system that runs in a folder until it is stopped or killed."""

    def __init__(self, system: System, folder: Path) -> None:
        self.system, self.folder, self.port = system, folder, free_port()
        self.start()
        system.prepare(self.port)

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.process = subprocess.Popen(
            self.system.command(self.folder, self.port),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"JASANG_BENCH_TOKEN": TOKEN},
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                request(self.port, "GET", "/health" if self.system.name != "InfluxDB 1.6" else "/ping")
                return
            time.sleep(0.05)
        raise SystemExit(f"{self.system.name} does not start")

    def stop(self) -> None:
        """Stop cleanly."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def request(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"Authorization": f"Token {TOKEN}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def write_all(server: Server, bodies: Sequence[bytes], acknowledged: list[int] | None = None) -> float:
    """Write the bodies by `WRITERS` writers, each with one connection; seconds. Ends early when the server dies."""
    waiting = iter(bodies)
    turn = threading.Lock()

    def writer() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            while True:
                with turn:
                    body = next(waiting, None)
                if body is None:
                    return
                connection.request("POST", server.system.path, body, {"Authorization": f"Token {TOKEN}"})
                answer = connection.getresponse()
                said = answer.read()
                if answer.status != 204:
                    raise SystemExit(f"{server.system.name}: {answer.status} {said[:200]!r}")
                if acknowledged is not None:
                    acknowledged.append(body.count(b"\n"))

    threads = [threading.Thread(target=writer) for _ in range(WRITERS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun


def jasang_command(folder: Path, port: int) -> list[str]:
    """`jasang receive` for one factory."""
    settings = folder / "receive.toml"
    settings.write_text(
        f'address = "127.0.0.1:{port}"\n[[factories]]\nname = "a"\nstore = "store"\ntoken_env = "JASANG_BENCH_TOKEN"\n'
    )
    return [sys.executable, "-m", "jasang.cli.main", "receive", str(settings)]


def jasang_count(folder: Path, _port: int) -> int:
    """Readings in the store, counted by another process."""
    reader = open_reader(folder / "store")
    try:
        names = [one.name for one in reader.signals()]
        start = datetime.fromtimestamp(START / 1000, UTC)
        return int(reader.range(names, start - timedelta(days=1), start + timedelta(days=60)).num_rows)
    finally:
        reader.close()


def influx_command(folder: Path, port: int) -> list[str]:
    """InfluxDB with its defaults; its log of writes is synced before each answer."""
    settings = folder / "influxdb.conf"
    settings.write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n[meta]\ndir = "{folder}/meta"\n'
        f'[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\nquery-log-enabled = false\n'
        f'[http]\nbind-address = "127.0.0.1:{port}"\nlog-enabled = false\n[monitor]\nstore-enabled = false\n'
    )
    return ["influxd", "-config", str(settings)]


def influx_prepare(port: int) -> None:
    """Make the database."""
    request(port, "POST", "/query?q=CREATE%20DATABASE%20b")


def influx_count(_folder: Path, port: int) -> int:
    """Points by its own count."""
    _, answer = request(port, "GET", "/query?db=b&q=" + quote('SELECT count("value") FROM plc'))
    results = json.loads(answer)["results"][0]
    return int(results["series"][0]["values"][0][1]) if "series" in results else 0


def victoria_command(folder: Path, port: int) -> list[str]:
    """VictoriaMetrics with its defaults."""
    return [
        "victoria-metrics", f"-storageDataPath={folder}/data", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y",
    ]  # fmt: skip


def victoria_count(_folder: Path, port: int) -> int:
    """Points by its own count."""
    request(port, "GET", "/internal/force_flush")
    time.sleep(1.0)
    query = quote('sum(count_over_time({__name__="plc_value"}[60d]))')
    _, answer = request(port, "GET", f"/api/v1/query?query={query}&time={START // 1000 + 50 * 86_400}&nocache=1")
    result = json.loads(answer)["data"]["result"]
    return int(float(result[0]["value"][1])) if result else 0


SYSTEMS = (
    System(name="Jasang", command=jasang_command, path="/api/v2/write?bucket=b&precision=ms", count=jasang_count),
    System(
        name="InfluxDB 1.6",
        command=influx_command,
        path="/write?db=b&precision=ms",
        count=influx_count,
        prepare=influx_prepare,
    ),
    System(
        name="VictoriaMetrics 1.79", command=victoria_command, path="/write?db=b&precision=ms", count=victoria_count
    ),
)


@contextlib.contextmanager
def running(system: System) -> Iterator[Server]:
    """A server in a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="ingest-"))
    server = Server(system, folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def processor_seconds(pid: int) -> float:
    """What a process has taken of the processors so far, user and system; NaN where there is no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def throughput(systems: Sequence[System], points: int, rounds: int) -> None:
    """Points a second at batches of 1,000 and of 10,000, in turns, and the servers' processor time, which does not depend
    on what else the computer does.
    """
    for batch in (1_000, 10_000):
        bodies = made_bodies(points if batch == 10_000 else points // 2, batch)
        total = sum(body.count(b"\n") for body in bodies)
        rates: dict[str, list[float]] = {system.name: [] for system in systems}
        taken: dict[str, list[float]] = {system.name: [] for system in systems}
        for _ in range(rounds):
            for system in systems:
                with running(system) as server:
                    write_all(server, bodies[: max(2, len(bodies) // 20)])
                    before = processor_seconds(server.process.pid)
                    rates[system.name].append(total / write_all(server, bodies))
                    taken[system.name].append((processor_seconds(server.process.pid) - before) * 1e6 / total)
        ours = rates["Jasang"]
        for name, found in rates.items():
            ratios = sorted(mine / theirs for mine, theirs in zip(ours, found, strict=True))
            print(
                f"batches of {batch:,}: {name:22} {statistics.median(found):12,.0f} points/s "
                f"({min(found):,.0f} to {max(found):,.0f}); Jasang is {statistics.median(ratios):.2f} x "
                f"({ratios[0]:.2f} to {ratios[-1]:.2f}); {statistics.median(taken[name]):.3f} s of processor a million points "
                f"({min(taken[name]):.3f} to {max(taken[name]):.3f}), load {os.getloadavg()[0]:.1f}",
                flush=True,
            )


def kills(system: System, times: int, seed: int = 3) -> None:
    """Acknowledged points that are not there after a SIGKILL at a random moment."""
    chance = random.Random(seed)
    bodies = made_bodies(400_000, 10_000)
    lost: list[int] = []
    acknowledged_in_all = 0
    for _ in range(times):
        folder = Path(tempfile.mkdtemp(prefix="ingest-"))
        server = Server(system, folder)
        acknowledged: list[int] = []
        killer = threading.Timer(chance.uniform(0.05, 0.8), server.kill)
        killer.start()
        write_all(server, bodies, acknowledged)
        killer.join()
        if system.name != "Jasang":
            server.start()
        found = system.count(folder, server.port)
        lost.append(max(0, sum(acknowledged) - found))
        acknowledged_in_all += sum(acknowledged)
        if system.name != "Jasang":
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(
        f"{times} kills: {system.name:22} lost {sum(lost):,} of {acknowledged_in_all:,} acknowledged points "
        f"(in {sum(count > 0 for count in lost)} kills; most in one {max(lost):,})",
        flush=True,
    )


async def _one_point_writer(port: int, path: str, number: int, until: float, pause: float, took: list[float]) -> None:
    chance = random.Random(number)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(chance.uniform(0, pause))
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {TOKEN}\r\nContent-Length: "
    place = 0
    while time.perf_counter() < until:
        body = f"plc,machine=INJ-{number % 40:03d},tag=t{number} value={place}.5 {START + 1000 * place}"
        begun = time.perf_counter()
        writer.write(f"{head}{len(body)}\r\n\r\n{body}".encode())
        status = await reader.readline()
        while (line := await reader.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:") and int(line.split(b":")[1]):
                await reader.readexactly(int(line.split(b":")[1]))
        took.append(time.perf_counter() - begun)
        if b" 204 " not in status:
            raise SystemExit(f"{status!r}")
        place += 1
        await asyncio.sleep(max(0.0, chance.uniform(0.5, 1.5) * pause - took[-1]))
    writer.close()


def one_point_writes(system: System, seconds: float, writers: int = 1000, pause: float = 1.0) -> None:
    """Time to the acknowledgement of one-point writes: `writers` connections, one write a second each."""

    async def run(port: int) -> list[float]:
        took: list[float] = []
        until = time.perf_counter() + seconds
        await asyncio.gather(
            *(_one_point_writer(port, system.path, number, until, pause, took) for number in range(writers))
        )
        return took

    with running(system) as server:
        took = (
            np.array(asyncio.run(run(server.port))[3 * writers :]) * 1000
        )  # without the first three writes of each: connections and signals are new then
    p50, p99, p999 = np.percentile(took, [50, 99, 99.9])
    print(
        f"one-point writes, {writers:,} writers, {took.size / seconds:,.0f}/s: {system.name:22} median {p50:.1f} ms, "
        f"p99 {p99:.1f} ms, p99.9 {p999:.1f} ms",
        flush=True,
    )


def parser_speed(points: int = 200_000) -> None:
    """The parser alone on one core."""
    many = b"".join(
        f"cpu,host=pc{i % 20},cpu=cpu{i % 8} usage={i}.5,idle={i}.25,n={i}i {START + i}\n"
        f"mem,host=pc{i % 20} used={i}i,free=2.5 {START + i}\n"
        f"disk,host=pc{i % 20},path=/var used={i}.5 {START + i}\n".encode()
        for i in range(4000)
    )
    cases = {
        "one shape, 10,000 lines": made_bodies(points, 10_000),
        "one shape, 1,000 lines": made_bodies(points, 1_000),
        "Telegraf-like, three shapes": [many],
    }
    scan = load_scan()
    for title, bodies in cases.items():
        for way in ("compiled", "by columns", "line by line"):
            if way == "compiled" and scan is None:
                continue
            names = SignalNames()
            lines = sum(body.count(b"\n") for body in bodies)
            numbers: dict[str, int] = {}
            scanner = scan and Scanner(scan, names, lambda name, known=numbers: known.setdefault(name, len(known)))
            best = float("inf")
            values = 0
            for _ in range(1 if way == "line by line" else 3):
                begun = time.process_time()
                if way == "compiled" and scanner is not None:
                    values = sum(len(scanner.read([Body(text=b, unit=1_000_000, now=0)])[0]) for b in bodies)
                else:
                    exact = way == "line by line"
                    values = sum(
                        parse_lines(b, unit=1_000_000, now=0, names=names, exact=exact).rows.num_rows for b in bodies
                    )
                best = min(best, time.process_time() - begun)
            print(
                f"parser, {title}, {way}: {lines / best / 1e6:.2f} M lines/s, {values / best / 1e6:.2f} M values/s",
                flush=True,
            )


def main() -> None:
    """Run all parts."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--points", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--kills", type=int, default=50)
    arguments.add_argument("--other-kills", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=10.0)
    arguments.add_argument("--only", choices=["parser", "throughput", "one-point", "kills"])
    chosen = arguments.parse_args()
    systems = [one for one in SYSTEMS if one.name == "Jasang" or shutil.which(one.command(Path("/tmp"), 1)[0])]
    if chosen.only in (None, "parser"):
        parser_speed()
    if chosen.only in (None, "throughput"):
        throughput(systems, chosen.points, chosen.rounds)
    if chosen.only in (None, "one-point"):
        for system in systems:
            one_point_writes(system, chosen.seconds)
    if chosen.only in (None, "kills"):
        for system in systems:
            kills(system, chosen.kills if system.name == "Jasang" else chosen.other_kills)


if __name__ == "__main__":
    main()
