"""The collector at a real OPC UA server: what the machine says is what is kept."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.structures104 import new_struct, new_struct_field
from tests.connect.opcua.machine import PASSWORD, URI, Machine, OneUser, Served, machine
from tests.free_ports import free_port

from jasang.connect.collector import Collector
from jasang.connect.contract import Link, WantedBranch, WantedSignal
from jasang.connect.protocols.opcua import OpcUa, OpcUaOptions
from jasang.connect.protocols.opcua.session import parse_address
from jasang.connect.protocols.opcua.value import OVERFLOW
from jasang.connect.status import CollectorStatus
from jasang.errors import ConnectionFailed
from jasang.plant.reading import Reading, Signal
from jasang.store import open_store, to_readings

T = ua.VariantType
MOMENT = datetime(2026, 3, 1, 12, 0, 0, 123457, tzinfo=UTC)
BAD_SENSOR = 0x808C0000


class Memory:
    """A sink that keeps readings in a list."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.described: dict[str, Signal] = {}

    def append(self, readings: Sequence[Reading]) -> int:
        self.readings.extend(readings)
        return len(readings)

    def describe(self, signals: Any) -> None:
        self.described |= {signal.name: signal for signal in signals}

    def last(self, signals: Sequence[str] | None = None) -> dict[str, Reading]:
        return {reading.signal: reading for reading in self.readings if signals is None or reading.signal in signals}

    def settle(self, before: datetime) -> int:
        return 0

    def values(self, name: str) -> list[Any]:
        return [reading.value for reading in self.readings if reading.signal == name]


def link(port: int, *names: str, deadband: float | None = None, **changes: Any) -> Link:
    signals = tuple(
        WantedSignal(name=f"M.{name}", asset="M", address=f"nsu={URI};s=Machine.{name}", deadband=deadband)
        for name in names
    )
    own = {name: changes.pop(name) for name in OpcUaOptions.model_fields if name in changes}
    options = OpcUaOptions(**({"publishing_interval": 0.05, "sampling_interval": 0.0} | own))
    settings = {"timeout": 20.0, "signals": signals, "options": options} | changes
    return Link(name="press", protocol="opcua", url=f"opc.tcp://127.0.0.1:{port}", **settings)


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < end, "what the test waits for did not come"
        await asyncio.sleep(0.02)


async def collecting(wanted: Link, sink: Any, body: Callable[[Collector], Awaitable[None]]) -> CollectorStatus:
    collector = Collector([wanted], sink, report=lambda status: None, retry=0.1)
    stop = asyncio.Event()
    task = asyncio.create_task(collector.run(stop))
    try:
        await until(lambda: collector.status().connections[0].state != "connecting")
        await body(collector)
    finally:
        stop.set()
        final = await task
    return final


def stamped(value: Any, kind: ua.VariantType, quality: int = 0, moment: datetime = MOMENT) -> ua.DataValue:
    return ua.DataValue(ua.Variant(value, kind), StatusCode=ua.StatusCode(quality), SourceTimestamp=moment)


# name, type, value on the machine, value that is kept
KINDS = [
    ("double", T.Double, 0.1 + 0.2, 0.30000000000000004),
    ("infinite", T.Double, -math.inf, -math.inf),
    ("negative_zero", T.Double, -0.0, -0.0),
    ("float", T.Float, 0.5, 0.5),
    ("sbyte", T.SByte, -128, -128),
    ("int64", T.Int64, -(2**63), -(2**63)),
    ("uint64", T.UInt64, 2**64 - 1, 2**64 - 1),
    ("truth", T.Boolean, True, True),
    ("text", T.String, "정상 가동\n", "정상 가동\n"),
    ("empty_text", T.String, "", ""),
    ("moment", T.DateTime, MOMENT, "2026-03-01T12:00:00.123457+00:00"),
    ("bytes", T.ByteString, b"\x00\xff", "AP8="),
    ("localized", T.LocalizedText, ua.LocalizedText("사출"), "사출"),
]
QUALITIES = {
    "double": 0x40930000,
    "float": 0x00960000,
    "sbyte": 0x40A40000,
}  # uncertain, good local override, uncertain


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    server = Served()
    yield server
    server.close()


def test_values_qualities_and_times_are_equal_at_both_ends(served: Served, tmp_path: Path) -> None:
    for name, kind, value, _ in KINDS:
        served.add(name, value, kind, stamped(value, kind, QUALITIES.get(name, 0)))
    served.add("broken", 1.0, T.Double, stamped(1.0, T.Double, BAD_SENSOR))
    names = [*(name for name, *_ in KINDS), "broken"]
    store = open_store(tmp_path / "store")

    asyncio.run(collecting(link(served.port, *names), store, lambda _: until(lambda: len(store.last()) == len(names))))
    kept = store.last()
    store.close()

    found = {name: (repr(kept[f"M.{name}"].value), kept[f"M.{name}"].quality) for name, *_ in KINDS}
    assert found == {name: (repr(expected), QUALITIES.get(name, 0)) for name, _, _, expected in KINDS}
    assert {reading.source_time for reading in kept.values()} == {MOMENT}
    assert (kept["M.broken"].value, kept["M.broken"].quality) == (None, BAD_SENSOR)


def test_array_becomes_one_signal_per_element(served: Served) -> None:
    served.add("zones", [210.5, 222.0], T.Double, stamped([210.5, 222.0], T.Double))
    served.add("none", [1.0], T.Double, stamped([], T.Double))
    sink = Memory()

    asyncio.run(collecting(link(served.port, "zones", "none"), sink, lambda _: until(lambda: len(sink.readings) == 3)))

    assert {r.signal: r.value for r in sink.readings} == {"M.zones[0]": 210.5, "M.zones[1]": 222.0, "M.none": None}


def test_time_with_another_zone_is_kept_as_the_same_moment(served: Served) -> None:
    seoul = MOMENT.astimezone(timezone(timedelta(hours=9)))
    served.add("seoul", 1.0, T.Double, stamped(1.0, T.Double, moment=seoul))
    sink = Memory()

    asyncio.run(collecting(link(served.port, "seoul"), sink, lambda _: until(lambda: bool(sink.readings))))

    assert sink.readings[0].source_time == MOMENT


def test_no_change_is_lost_between_two_messages(served: Served) -> None:
    node, sink, expected = served.add("burst", -1, T.Int32), Memory(), list(range(900))

    async def burst(_: Collector) -> None:
        await until(lambda: sink.values("M.burst") == [-1])
        for number in expected:
            served.write(node, stamped(number, T.Int32, moment=MOMENT + timedelta(milliseconds=number)))
        await until(lambda: len(sink.readings) == 901)

    asyncio.run(collecting(link(served.port, "burst", publishing_interval=0.5), sink, burst))

    assert sink.values("M.burst") == [-1, *expected]


def test_too_small_a_queue_is_not_silent(served: Served) -> None:
    node, sink = served.add("narrow", -1, T.Int32), Memory()

    async def burst(_: Collector) -> None:
        await until(lambda: bool(sink.readings))
        for number in range(100):
            served.write(
                node, stamped(number, T.Int32, quality=OVERFLOW, moment=MOMENT + timedelta(milliseconds=number))
            )
        await until(lambda: sink.values("M.narrow")[-1] == 99)

    final = asyncio.run(collecting(link(served.port, "narrow", publishing_interval=0.5), sink, burst))

    assert final.connections[0].overflows == 100


def test_deadband_keeps_small_changes_away(served: Served) -> None:
    node, sink = served.add("quiet", 10.0, T.Double), Memory()

    async def change(_: Collector) -> None:
        await until(lambda: bool(sink.readings))
        for value in (10.2, 10.4, 12.0, 12.1, 9.0):
            served.write(node, stamped(value, T.Double))
        await until(lambda: len(sink.readings) == 3)

    asyncio.run(collecting(link(served.port, "quiet", deadband=0.5), sink, change))

    assert sink.values("M.quiet") == [10.0, 12.0, 9.0]


def test_missing_node_is_named_and_the_others_come(served: Served) -> None:
    served.add("there", 1.0, T.Double)
    sink = Memory()

    final = asyncio.run(
        collecting(link(served.port, "there", "nosuch"), sink, lambda _: until(lambda: bool(sink.readings)))
    )

    assert list(sink.described) == ["M.there"]
    assert [text.en for text in final.connections[0].missing] == [
        f"connection 'press': the server does not give signal 'M.nosuch' (nsu={URI};s=Machine.nosuch): BadNodeIdUnknown"
    ]


def test_span_read_back_is_what_was_delivered_before_the_stop(served: Served, tmp_path: Path) -> None:
    moments = [MOMENT + timedelta(milliseconds=10 * i) for i in range(50)]
    node = served.add("span", 0.0, T.Double, stamped(0.0, T.Double, moment=moments[0]))
    store = open_store(tmp_path / "store")

    async def change(collector: Collector) -> None:
        await until(lambda: collector.status().stored == 1)
        for index, moment in enumerate(moments[1:], start=1):
            served.write(node, stamped(index / 7, T.Double, BAD_SENSOR if index == 20 else 0, moment))
        await until(lambda: collector.status().connections[0].readings == 50)  # arrived; the stop must write them down

    final = asyncio.run(collecting(link(served.port, "span"), store, change))
    found = to_readings(store.range(["M.span"], MOMENT, MOMENT + timedelta(days=1)))
    store.close()

    assert [(r.source_time, r.value) for r in found] == [(m, None if i == 20 else i / 7) for i, m in enumerate(moments)]
    assert final.stored == 50


def test_restarted_server_with_other_namespace_numbers_is_found_again(caplog: pytest.LogCaptureFixture) -> None:
    port, sink = free_port(), Memory()

    async def serve(before: Sequence[str], value: float) -> tuple[Any, Machine]:
        context = machine(port, before=before)
        served = await context.__aenter__()
        node = await served.add("x", value, T.Double)
        await node.write_value(stamped(value, T.Double, moment=MOMENT + timedelta(seconds=value)))
        same = await served.add("same", 5.0, T.Double)
        await same.write_value(stamped(5.0, T.Double))
        return context, served

    async def run() -> CollectorStatus:
        context, first = await serve((), 1.0)

        async def restart(collector: Collector) -> None:
            nonlocal context
            await until(lambda: sink.values("M.x") == [1.0])
            await context.__aexit__(None, None, None)
            await until(lambda: collector.status().connections[0].state == "lost")
            await asyncio.sleep(0.5)  # several attempts meanwhile
            context, second = await serve(("urn:somebody:new",), 2.0)
            assert second.namespace == first.namespace + 1
            await until(lambda: sink.values("M.x") == [1.0, 2.0])

        final = await collecting(link(port, "x", "same"), sink, restart)
        await context.__aexit__(None, None, None)
        return final

    with caplog.at_level(logging.INFO, logger="jasang"):
        final = asyncio.run(run())

    levels = [record.levelname for record in caplog.records if "press" in record.getMessage()]
    assert levels == ["INFO", "WARNING", "INFO"]  # collecting, gone once, back once
    assert final.connections[0].last_error is not None
    assert final.dropped == 0
    assert sink.values("M.same") == [5.0]  # a value that the new subscription repeats is kept once


def test_wrong_password_is_refused_for_good_and_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    port, sink = free_port(), Memory()
    wrong = link(port, "x", username="operator", password="not-the-passw0rd")

    async def run() -> CollectorStatus:
        async with machine(port, users=OneUser()) as served:
            await served.add("x", 1.0, T.Double)
            return await collecting(wrong, sink, lambda _: asyncio.sleep(0.1))

    with caplog.at_level(logging.DEBUG, logger="jasang"):
        final = asyncio.run(run())

    error = final.connections[0].last_error
    assert error is not None
    assert "refuses user operator" in error.en
    assert "not-the-passw0rd" not in caplog.text + repr(wrong) + error.en + error.ko
    assert sink.readings == []


def test_right_password_is_let_in() -> None:
    port, sink = free_port(), Memory()
    right = link(port, "x", username="operator", password=PASSWORD)

    async def run() -> None:
        async with machine(port, users=OneUser()) as served:
            await served.add("x", 1.0, T.Double)
            await collecting(right, sink, lambda _: until(lambda: bool(sink.readings)))

    asyncio.run(run())

    assert sink.values("M.x") == [1.0]


def test_branch_collects_everything_below_with_units_as_described(served: Served) -> None:
    top = served.add("branch", 0, T.Int32)
    below = served.call(top.add_variable(ua.NodeId("Machine.t", top.nodeid.NamespaceIndex), "2:t", 20.0, T.Double))
    unit = ua.EUInformation(DisplayName=ua.LocalizedText("°C"), UnitId=4408652)
    served.call(below.add_property(0, "EngineeringUnits", unit))
    served.call(below.add_property(0, "EURange", ua.Range(Low=0.0, High=300.0)))
    address, sink = f"nsu={URI};s=Machine.branch", Memory()
    wanted = link(served.port, branches=(WantedBranch(asset="branch", address=address),))

    found = asyncio.run(OpcUa().browse(wanted, address))
    asyncio.run(collecting(wanted, sink, lambda _: until(lambda: len(sink.readings) == 2)))

    assert [(v.path, v.address, v.data_type, v.unit, v.low, v.high) for v in found] == [
        ("branch", address, "Int32", None, None, None),
        ("t", f"nsu={URI};s=Machine.t", "Double", "°C", 0.0, 300.0),
    ]
    assert {name: signal.unit for name, signal in sink.described.items()} == {"branch.branch": None, "branch.t": "°C"}


def test_unreachable_machine_is_a_passing_failure() -> None:
    wanted = link(free_port(), "x", timeout=0.5)

    with pytest.raises(ConnectionFailed, match="cannot reach") as raised:
        asyncio.run(OpcUa().browse(wanted))

    assert raised.value.permanent is False


def test_something_else_on_the_port_is_a_failure_not_a_crash() -> None:
    async def run() -> None:
        async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
            writer.close()

        other = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = other.sockets[0].getsockname()[1]
        async with other:
            await OpcUa().browse(link(port, "x", timeout=1.0))

    with pytest.raises(ConnectionFailed):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("address", "uri", "identifier"),
    [
        ("nsu=urn:a;s=B.C", "urn:a", "B.C"),
        ("nsu=http://m.kr/UA/;i=7", "http://m.kr/UA/", 7),
        ("ns=2;s=x;y=1", None, "x;y=1"),
        ("i=85", None, 85),
    ],
)
def test_address_is_namespace_uri_and_node_id(address: str, uri: str | None, identifier: object) -> None:
    found_uri, node_id = parse_address(address)

    assert (found_uri, node_id.Identifier) == (uri, identifier)


@pytest.mark.parametrize("address", ["", "hello", "nsu=urn:a", "ns=x;s=1", "i=abc"])
def test_nonsense_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="is no OPC UA node id"):
        parse_address(address)


def test_structure_of_the_maker_comes_as_text_with_its_field_names(served: Served) -> None:
    index = served.add("structures", 0, T.Int32).nodeid.NamespaceIndex

    async def make() -> None:
        server = served.machine.server
        fields = [new_struct_field("Zone", T.UInt32), new_struct_field("Temperature", T.Double)]
        await new_struct(server, index, "ZoneState", fields)
        await server.load_data_type_definitions()
        value = ua.ZoneState(Zone=2, Temperature=221.5)
        node = ua.NodeId("Machine.zone", index)
        top = server.get_node(ua.NodeId("Machine", index))
        await top.add_variable(node, "zone", value, datatype=value.data_type)

    served.call(make())
    sink = Memory()

    asyncio.run(collecting(link(served.port, "zone"), sink, lambda _: until(lambda: bool(sink.readings))))

    assert sink.values("M.zone") == ['{"Zone": 2, "Temperature": 221.5}']
