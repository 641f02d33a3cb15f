"""Collector and receiver as processes of their own, killed at random; at the end every reading is there once and unaltered."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from tests.connect.forward.making_process import SIGNALS, START, TOKEN, value_of
from tests.free_ports import free_port

from jasang.connect.ending import end
from jasang.connect.forward import sender as sender_module
from jasang.connect.forward.frames import to_rows
from jasang.connect.forward.sender import Sender
from jasang.connect.forward.spool import Spool
from jasang.connect.forward.target import Target
from jasang.connect.receiver import Factory
from jasang.connect.receiver.server import Receiver
from jasang.plant.reading import Reading
from jasang.store import Store, open_reader, open_store, to_readings

HERE = Path(__file__).parent
MILLISECOND = timedelta(milliseconds=1)


class Side:
    """A program that is started, killed and started again."""

    def __init__(self, *command: str) -> None:
        self.command = command
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        environment = os.environ | {"FACTORY_TOKEN": TOKEN, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(
            [sys.executable, *self.command],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process = None

    def wait_for_end(self, seconds: float) -> str:
        assert self.process is not None
        said, _ = self.process.communicate(timeout=seconds)
        assert self.process.returncode == 0
        self.process = None
        return said


@pytest.fixture(name="free_port")
def chosen_port() -> int:
    return free_port()


@pytest.fixture
def receiving(tmp_path: Path, free_port: int) -> Iterator[Side]:
    (tmp_path / "receive.toml").write_text(
        f'address = "127.0.0.1:{free_port}"\n[[factories]]\nname = "a"\nstore = "store"\ntoken_env = "FACTORY_TOKEN"\n'
    )
    side = Side("-m", "jasang.cli.main", "receive", str(tmp_path / "receive.toml"))
    yield side
    side.kill()


def assert_each_reading_is_there_once(store: Path, moments: int) -> None:
    """Reading by reading: 0 lost, 0 doubled, 0 altered."""
    reader = open_reader(store)
    try:
        for number in range(SIGNALS):
            found = reader.range([f"M{number}.v"], START, START + moments * MILLISECOND + timedelta(days=1))
            readings = to_readings(found)
            assert [(one.source_time - START) // MILLISECOND for one in readings] == list(range(moments))
            wanted = [value_of(number, place) for place in range(moments)]
            assert [(type(one.value), one.value) for one in readings] == [(type(value), value) for value in wanted]
            assert all(one.receive_time - one.source_time == MILLISECOND for one in readings)
            for place in range(0, moments, max(1, moments // 40)):
                assert len(reader.history(f"M{number}.v", START + place * MILLISECOND)) == 1
    finally:
        reader.close()


def test_nothing_is_lost_or_doubled_when_both_sides_are_killed_at_random(
    tmp_path: Path, receiving: Side, free_port: int
) -> None:
    moments = 2500
    maker = Side(
        str(HERE / "making_process.py"),
        f"http://127.0.0.1:{free_port}",
        str(tmp_path / "spool"),
        str(moments),
        "20",
        "0.01",
    )
    chance = random.Random(20261123)
    for side in (receiving, maker):
        side.start()
    try:
        for _ in range(4):
            time.sleep(chance.uniform(0.7, 1.5))
            side = chance.choice((receiving, maker))
            side.kill()
            time.sleep(chance.uniform(0.0, 0.4))
            side.start()
        assert maker.wait_for_end(180).endswith("done\n")
    finally:
        maker.kill()
    receiving.kill()

    assert_each_reading_is_there_once(tmp_path / "store", moments)


def reading(place: int, day: int = 0) -> Reading:
    moment = START + timedelta(days=day) + place * MILLISECOND
    return Reading(signal="M0.v", source_time=moment, receive_time=moment, value=float(place))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store")
    yield opened
    opened.close()


def spooled(tmp_path: Path, records: int, size: int = 100) -> Spool:
    spool = Spool(tmp_path / "spool", limit=10**9)
    for record in range(records):
        spool.append(to_rows([reading(size * record + place) for place in range(size)]))
    return spool


async def until(condition: object, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_live_readings_overtake_a_backlog_that_arrives_in_order_of_time(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "MANY", 10_000)
    monkeypatch.setattr(sender_module, "BLOCK", 4_000)
    arrived: list[datetime] = []
    append = store.append_tables

    def watched(tables: list[object]) -> int:
        for table in tables:
            pairs = zip(table["signal"].to_pylist(), table["source_time"].to_pylist(), strict=True)  # type: ignore[index]
            arrived.extend(time for signal, time in pairs if signal == "M0.v")
        return append(tables)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "append_tables", watched)
    spool = spooled(tmp_path, 300)
    now = reading(5, day=7)

    async def run() -> None:
        receiver = Receiver([Factory(name="a", token=TOKEN, store=store)], port=0)
        await receiver.start()
        sender = Sender(spool, Target(url=f"http://127.0.0.1:{receiver.port}", token=TOKEN, share=0.3))
        sending = asyncio.create_task(sender.run())
        await until(lambda: len(arrived) > 100)
        await asyncio.to_thread(spool.append, to_rows([now]))
        await until(lambda: spool.state().waiting == 0)
        await end([sending])
        await receiver.close()

    asyncio.run(run())
    spool.close()

    place = arrived.index(now.source_time)
    assert 100 < place < 29_000
    backlog = [time for time in arrived if time != now.source_time]
    assert backlog == [START + place * MILLISECOND for place in range(30_000)]


def test_answer_that_is_lost_does_not_double_readings(tmp_path: Path, store: Store) -> None:
    spool = spooled(tmp_path, 5)
    answered = 0

    async def run() -> None:
        receiver = Receiver([Factory(name="a", token=TOKEN, store=store)], port=0)
        await receiver.start()

        async def between(request: web.Request) -> web.StreamResponse:
            """A proxy that loses the first two answers."""
            nonlocal answered
            import aiohttp

            async with aiohttp.ClientSession(headers=request.headers) as session:
                url = f"http://127.0.0.1:{receiver.port}{request.path_qs}"
                async with session.request(request.method, url, data=await request.read()) as answer:
                    body = await answer.read()
            answered += request.method == "POST"
            if request.method == "POST" and answered <= 2 and request.transport is not None:
                request.transport.abort()
            return web.Response(status=answer.status, body=body, content_type="application/json")

        app = web.Application(client_max_size=10**8)
        app.router.add_route("*", "/{path:.*}", between)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        sender = Sender(spool, Target(url=f"http://127.0.0.1:{runner.addresses[0][1]}", token=TOKEN))
        sending = asyncio.create_task(sender.run())
        await until(lambda: answered >= 1 and spool.state().waiting == 0)
        await end([sending])
        await runner.cleanup()
        await receiver.close()

    asyncio.run(run())
    spool.close()

    assert answered >= 1
    assert store.range(["M0.v"], START, START + timedelta(days=1)).num_rows == 500
    assert {len(store.history("M0.v", START + place * MILLISECOND)) for place in range(500)} == {1}


@pytest.mark.parametrize(
    ("token", "message", "permanent"),
    [("wrong-token", "refuses the token; check the environment variable that holds it", True)],
)
def test_refusal_is_told(tmp_path: Path, store: Store, token: str, message: str, permanent: bool) -> None:
    spool = spooled(tmp_path, 1)
    errors: list[tuple[str, bool]] = []

    async def run() -> None:
        receiver = Receiver([Factory(name="a", token=TOKEN, store=store)], port=0)
        await receiver.start()
        sender = Sender(spool, Target(url=f"http://127.0.0.1:{receiver.port}", token=token))
        sending = asyncio.create_task(sender.run())
        await until(lambda: sender.error is not None)
        assert sender.error is not None
        errors.append((sender.error.en.partition(" ")[2], sender.error.permanent))
        await end([sending])
        await receiver.close()

    asyncio.run(run())
    spool.close()

    assert errors == [(message, permanent)]


def test_difference_of_the_clocks_is_measured(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = spooled(tmp_path, 1)
    found: list[float] = []

    class Fast(datetime):
        """A receiver's clock an hour ahead."""

        @classmethod
        def now(cls, tz: object = None) -> "Fast":  # type: ignore[override]
            return super().now(UTC) + timedelta(hours=1)  # type: ignore[return-value]

    monkeypatch.setattr("jasang.connect.receiver.server.datetime", Fast)

    async def run() -> None:
        receiver = Receiver([Factory(name="a", token=TOKEN, store=store)], port=0)
        await receiver.start()
        target = Target(url=f"http://127.0.0.1:{receiver.port}", token=TOKEN)
        sender = Sender(spool, target, clock_read=lambda clock: found.append(clock.offset))
        sending = asyncio.create_task(sender.run())
        await until(lambda: bool(found))
        await end([sending])
        await receiver.close()

    asyncio.run(run())
    spool.close()

    assert found[0] == pytest.approx(3600.0, abs=1.0)
