"""Modbus against pymodbus's own simulator, over TCP and over a serial line; the virtual cell read by mbpoll (libmodbus)."""

import asyncio
import contextlib
import struct
import subprocess
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from tests.connect.protocol_inbox import Kept, collecting
from tests.debian import program
from tests.free_ports import free_port

from jasang.connect.collect_toml import read_collect_toml
from jasang.connect.contract import Link
from jasang.connect.protocols.modbus import Modbus
from jasang.errors import ConfigurationError, ConnectionFailed
from jasang.plant.reading import Reading
from jasang.simulate.cell import Cell
from jasang.simulate.modbus import CellDevice


def words(form: str, value: object) -> list[int]:
    data = struct.pack(form, value)
    return list(struct.unpack(f">{len(data) // 2}H", data))


def swapped(registers: Sequence[int]) -> list[int]:
    return [(word & 0xFF) << 8 | word >> 8 for word in registers]


FLOAT = words(">f", 23.4)
HOLDING = [
    *FLOAT,                                    # 0: ABCD
    *reversed(FLOAT),                          # 2: CDAB
    *swapped(FLOAT),                           # 4: BADC
    *reversed(swapped(FLOAT)),                 # 6: DCBA
    *words(">q", -(2**53) - 1),                # 8
    0x1234, 0x5678,                            # 12: BCD
    *words(">8s", "사출-1".encode("cp949")),   # 14: four registers of text
    0b1010_0000_0000_0110,                     # 18: bits
    0xFF38,                                    # 19: -200
    0, 0,                                      # 20: zeros in every order
    *words(">d", 1e300),                       # 22
]  # fmt: skip


def _blocks() -> tuple[list[SimData], list[SimData], list[SimData], list[SimData]]:
    bits = SimData(0, values=[True, False, True] + [False] * 13, datatype=DataType.BITS)
    far = SimData(200, values=[7, 8], datatype=DataType.REGISTERS)
    holding = SimData(0, values=list(HOLDING), datatype=DataType.REGISTERS)
    return ([bits], [bits], [holding, far], [SimData(0, values=[42], datatype=DataType.REGISTERS)])


@contextlib.asynccontextmanager
async def served(port: int, *devices: SimDevice) -> AsyncIterator[None]:
    server = ModbusTcpServer(list(devices), address=("127.0.0.1", port), ignore_missing_devices=True)
    assert await server.listen()
    try:
        yield
    finally:
        await server.shutdown()


def link_to(folder: Path, port: int, signals: str, fields: str = "") -> Link:
    path = folder / "collect.toml"
    path.write_text(
        f'[[connections]]\nname = "M"\nprotocol = "modbus"\nurl = "modbus-tcp://127.0.0.1:{port}"\ntimeout = 0.5\n'
        f"poll_interval = 0.02\n{fields}\n" + signals,
        "utf-8",
    )
    return read_collect_toml(path).links[0]


def row(name: str, address: str, **options: object) -> str:
    lines = [f"{key} = {value!r}".replace("'", '"') for key, value in options.items()]
    return "\n".join(["[[connections.signals]]", f'name = "{name}"', f'address = "{address}"', *lines, ""])


TABLE = "".join(
    [
        row("abcd", "holding:0", type="float32"),
        row("cdab", "40003", type="float32", order="CDAB"),
        row("badc", "holding:4", type="float32", order="BADC"),
        row("found", "holding:6", type="float32", example=20),
        row("long", "holding:8", type="int64"),
        row("bcd", "holding:12", type="bcd", length=2, scale=0.01),
        row("text", "holding:14", type="string", length=4),
        row("bit", "holding:18.2"),
        row("field", "holding:18", bits="12-15"),
        row("scaled", "holding:19", type="int16", scale=0.1, offset=30),
        row("zero", "holding:20", type="float32", example=5.0),
        row("double", "holding:22", type="float64"),
        row("far", "holding:201"),
        row("input", "30001"),
        row("coil", "coil:2"),
        row("discrete", "10002"),
        row("absent", "holding:150"),
    ]
)


def test_every_type_and_order_is_read_and_what_is_absent_is_told(tmp_path: Path) -> None:
    asked: list[tuple[int, int, int]] = []

    async def note(code: int, _start: int, address: int, count: int, _now: object, _set: object) -> ExcCodes | None:
        asked.append((code, address, count))
        return None

    async def run() -> Kept:
        port = free_port()
        async with served(port, SimDevice(1, simdata=_blocks(), action=note)):
            link = link_to(tmp_path, port, TABLE)
            inbox = await collecting(Modbus(), link, lambda kept: len(kept.readings) >= 16)
            del asked[:-12]
            return inbox

    inbox = asyncio.run(run())
    got = {reading.signal.removeprefix("M."): reading.value for reading in inbox.readings[:16]}
    single = struct.unpack(">f", struct.pack(">f", 23.4))[0]
    assert got == {
        "abcd": single, "cdab": single, "badc": single, "found": single, "long": -(2**53) - 1, "bcd": 123456.78,
        "text": "사출-1", "bit": True, "field": 10, "scaled": 10.0, "zero": 0.0, "double": 1e300, "far": 8, "input": 42,
        "coil": True, "discrete": False,
    }  # fmt: skip
    assert {reading.quality for reading in inbox.readings} == {0}
    begun = inbox.told[-1]
    assert [text.en for text in begun.missing] == [
        "connection 'M': signal 'M.absent' (holding:150, unit id 1): illegal address; asked for holding 150 to 150."
        " Does the manual count from 1?"
    ]
    doubts = " | ".join(text.en for text in begun.doubts)
    assert "signal 'M.found': byte order DCBA gives 23.39" in doubts
    assert "signal 'M.zero': its value now (0.0) is the same in every byte order" in doubts
    assert len(begun.signals) == 16
    # One request reads all that lies together; nothing is asked for that the device has not.
    assert set(asked) >= {(3, 0, 26), (3, 201, 1), (4, 0, 1)}
    assert all(address + count <= 26 or (address, count) == (201, 1) for code, address, count in asked if code == 3)


def test_only_changes_beyond_the_deadband_are_delivered_and_a_repetition_in_time(tmp_path: Path) -> None:
    values = [100, 100, 103, 106, 106, 106]
    polls = -1

    async def change(code: int, _start: int, _address: int, _count: int, now: list[int], _set: object) -> None:
        nonlocal polls
        polls += 1
        now[0] = values[min(max(polls - 1, 0), len(values) - 1)]  # the first question only tries the address

    async def run(fields: str, number: int) -> list[Reading]:
        nonlocal polls
        polls = -1
        port = free_port()
        async with served(port, SimDevice(1, simdata=_blocks(), action=change)):
            link = link_to(tmp_path, port, row("x", "holding:0", deadband=5), fields)
            inbox = await collecting(Modbus(), link, lambda kept: polls > 8 and len(kept.readings) >= number)
            return inbox.readings

    assert [one.value for one in asyncio.run(run("", 2))] == [100, 106]
    repeated = asyncio.run(run("repeat_after = 0.2", 4))
    assert repeated[0].value == 100
    for earlier, later in pairwise(repeated):  # a busy machine may repeat a value before the next change comes
        changed = abs(later.value - earlier.value) > 5
        assert changed or later.receive_time - earlier.receive_time >= timedelta(seconds=0.1)


def test_a_unit_that_falls_silent_does_not_stop_the_others(tmp_path: Path) -> None:
    quiet = False

    async def second(*_: object) -> ExcCodes | None:
        return ExcCodes.GATEWAY_NO_RESPONSE if quiet else None

    async def late(*_: object) -> None:
        await asyncio.sleep(0.7)  # longer than the timeout, so the answer comes when another question is asked

    async def run() -> Kept:
        nonlocal quiet
        port = free_port()
        devices = (
            SimDevice(1, simdata=_blocks()),
            SimDevice(2, simdata=_blocks(), action=second),
            SimDevice(9, simdata=_blocks(), action=late),
        )
        async with served(port, *devices):
            link = link_to(
                tmp_path,
                port,
                row("one", "holding:200") + row("two", "holding:201", unit_id=2) + row("no", "holding:0", unit_id=9),
            )

            def both(kept: Kept) -> bool:
                nonlocal quiet
                quiet = quiet or len(kept.readings) >= 2
                return len(kept.readings) >= 3

            return await collecting(Modbus(), link, both)

    inbox = asyncio.run(run())
    assert [(r.signal, r.value, r.quality) for r in inbox.readings[:3]] == [
        ("M.one", 7, 0), ("M.two", 8, 0), ("M.two", None, 0x80310000),
    ]  # fmt: skip
    doubts = [text.en for text in inbox.told[-1].doubts]
    assert any("unit id 2: gateway target failed to respond; is the unit id right" in text for text in doubts)
    assert any("unit id 9: no answer" in text for text in doubts)


def test_a_device_that_answers_short_requests_only_is_read_in_pieces(tmp_path: Path) -> None:
    asked: list[int] = []

    async def short(_code: int, _start: int, _address: int, count: int, _now: object, _set: object) -> ExcCodes | None:
        asked.append(count)
        return ExcCodes.ILLEGAL_VALUE if count > 10 else None

    async def run() -> Kept:
        port = free_port()
        async with served(port, SimDevice(1, simdata=_blocks(), action=short)):
            link = link_to(tmp_path, port, "".join(row(f"r{number}", f"holding:{number}") for number in range(26)))
            inbox = await collecting(Modbus(), link, lambda kept: len(kept.readings) >= 26)
            return inbox

    inbox = asyncio.run(run())
    assert [reading.value for reading in inbox.readings[:26]] == [word & 0xFFFF for word in HOLDING]
    assert inbox.told[-1].missing == ()
    assert asked[:7] == [26, 13, 6, 7, 13, 6, 7]  # halves, until they are short enough


def test_a_converter_that_passes_the_serial_line_through_is_read(tmp_path: Path) -> None:
    async def run() -> Kept:
        port = free_port()
        server = ModbusTcpServer([SimDevice(1, simdata=_blocks())], framer=FramerType.RTU, address=("127.0.0.1", port))
        assert await server.listen()
        try:
            link = link_to(tmp_path, port, row("x", "holding:200"), 'framing = "rtu"')
            return await collecting(Modbus(), link, lambda kept: len(kept.readings) == 1)
        finally:
            await server.shutdown()

    assert asyncio.run(run()).values("M.x") == [7]


def test_a_refused_port_and_a_wrong_unit_are_told_by_name(tmp_path: Path) -> None:
    async def fail(link: Link) -> str:
        with pytest.raises(ConnectionFailed) as caught:
            await collecting(Modbus(), link, lambda kept: False)
        return str(caught.value)

    async def wrong_unit() -> str:
        port = free_port()

        async def never(*_: object) -> None:
            await asyncio.sleep(60.0)

        async with served(port, SimDevice(5, simdata=_blocks(), action=never)):
            return await fail(link_to(tmp_path, port, row("x", "holding:0"), "unit_id = 5"))

    port = free_port()
    refused = asyncio.run(fail(link_to(tmp_path, port, row("x", "holding:0"))))
    assert refused == f"connection 'M': 127.0.0.1 is on but refuses port {port}; is Modbus TCP enabled, the port right?"
    assert asyncio.run(wrong_unit()) == (
        "connection 'M': unit id 5: no answer; is the unit id right, the device on and its cable connected?"
    )


@pytest.mark.parametrize(
    ("signal", "where", "why"),
    [
        (row("x", "50001"), "signals[0].address", "'50001' is no modbus address; expected for example 'holding:100'"),
        (row("x", "holding:70000"), "signals[0].address", "is no modbus address"),
        (row("x", "coil:1", type="int16"), "signals[0].type", "must be bool: a coil is one bit"),
        (row("x", "holding:1", type="bool"), "signals[0].address", "must name the bit of the register"),
        (row("x", "holding:1", type="string"), "signals[0].length", "is needed for a string"),
        (row("x", "holding:1", order="ABCD", example=1.0), "signals[0].example", "cannot stand beside order"),
        (row("x", "holding:1", bits="3-20"), "signals[0].bits", "must lie within 0 to 15"),
        (row("x", "holding:1", typ="int16"), "signals[0].typ", "is not a known field"),
        ("", "signals", "is needed"),
    ],
)
def test_wrong_fields_are_told_before_anything_connects(tmp_path: Path, signal: str, where: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        link_to(tmp_path, 502, signal)

    assert f"connections[0].{where}: " in str(caught.value)
    assert why in str(caught.value)


def test_a_serial_line_is_read(tmp_path: Path) -> None:
    ends = [tmp_path / "device", tmp_path / "collector"]
    line = subprocess.Popen([program("socat"), *(f"PTY,raw,echo=0,link={end}" for end in ends)])

    async def run() -> Kept:
        while not all(end.exists() for end in ends):
            await asyncio.sleep(0.02)
        server = ModbusSerialServer(
            [SimDevice(3, simdata=_blocks())], framer=FramerType.RTU, port=str(ends[0]), baudrate=19200
        )
        assert await server.listen()
        try:
            signals = row("x", "holding:8", type="int64") + row("far", "holding:200")
            link = replace(link_to(tmp_path, 1, signals, "unit_id = 3"), url=f"modbus-rtu://{ends[1]}")
            return await collecting(Modbus(), link, lambda kept: len(kept.readings) >= 2)
        finally:
            await server.shutdown()

    try:
        inbox = asyncio.run(run())
    finally:
        line.kill()
        line.wait()
    assert {reading.signal: reading.value for reading in inbox.readings} == {"M.x": -(2**53) - 1, "M.far": 7}


def test_mbpoll_reads_and_writes_the_virtual_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = Cell(seed=3, start=datetime(2026, 5, 4, 1, tzinfo=UTC), faults={}, hours="around_the_clock", warm=True)
    cell.step(120.0)
    samples = cell.readings()  # each look at a sensor has its own noise
    monkeypatch.setattr(cell, "readings", lambda: samples)
    port = free_port()

    def mbpoll(*words: str) -> str:
        done = subprocess.run(
            [program("mbpoll"), "-m", "tcp", "-p", str(port), "-a", "1", "-0", "-1", *words],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    async def run() -> list[str]:
        async with CellDevice(cell, host="127.0.0.1", port=port).serving():
            return [
                await asyncio.to_thread(mbpoll, *words)
                for words in (
                    ("-r", "0", "-c", "4", "-t", "3:float", "-B", "127.0.0.1"),
                    ("-r", "100", "-c", "3", "-t", "3:int", "127.0.0.1"),
                    ("-r", "0", "-t", "4", "127.0.0.1", "2222"),
                    ("-r", "0", "-t", "4", "127.0.0.1", "32000"),
                    ("-r", "500", "-c", "1", "-t", "4", "127.0.0.1"),
                )
            ]

    temperatures, counters, written, refused, nowhere = asyncio.run(run())
    shown = [float(line.partition("]:")[2]) for line in temperatures.splitlines() if line.startswith("[")]
    assert shown == [samples[f"barrel_{zone}_temperature"].value for zone in (1, 2, 3)] + [
        samples["nozzle_temperature"].value
    ]
    assert [int(line.partition("]:")[2]) for line in counters.splitlines() if line.startswith("[")] == [
        cell.shots, cell.good, cell.bad,
    ]  # fmt: skip
    assert "Written 1 references" in written
    assert cell.settings["barrel_1_setpoint"] == 222.2
    assert "Illegal data value" in refused
    assert "Illegal data address" in nowhere


def test_a_device_that_goes_away_is_told(tmp_path: Path) -> None:
    async def run() -> str:
        port = free_port()
        async with contextlib.AsyncExitStack() as device:
            await device.enter_async_context(served(port, SimDevice(1, simdata=_blocks())))
            link = link_to(tmp_path, port, row("x", "holding:0"))
            inbox = Kept()
            task = asyncio.create_task(Modbus().collect(link, inbox))
            while not inbox.readings:
                await asyncio.sleep(0.01)
            await device.aclose()
            with pytest.raises(ConnectionFailed) as caught:
                await asyncio.wait_for(task, 10)
            return str(caught.value)

    assert "is lost" in asyncio.run(run())


def test_browse_finds_what_is_not_zero(tmp_path: Path) -> None:
    async def run() -> dict[str, object]:
        port = free_port()
        async with served(port, SimDevice(1, simdata=_blocks())):
            link = Link(name="x", protocol="modbus", url=f"modbus-tcp://127.0.0.1:{port}", timeout=1.0)
            return {variable.address: variable.value for variable in await Modbus().browse(link)}

    found = asyncio.run(run())
    assert found["holding:201"] == 8
    assert found["input:0"] == 42
    assert found["coil:2"] is True
    assert "holding:20" not in found  # zero
    assert len(found) == sum(1 for value in HOLDING if value) + 2 + 1 + 2 + 2
