"""MTConnect against a small agent made after the standard's examples; see agent.py for why it is our own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.connect.mtconnect.agent import Agent
from tests.connect.protocol_inbox import Kept, collecting
from tests.free_ports import free_port

from jasang.connect.collect_toml import read_collect_toml
from jasang.connect.contract import Link
from jasang.connect.protocols.mtconnect import MtConnect
from jasang.connect.protocols.mtconnect.documents import NotMtConnect, read_document
from jasang.connect.protocols.mtconnect.multipart import Parts, boundary_of
from jasang.connect.protocols.mtconnect.observations import Names, moment_of
from jasang.errors import ConnectionFailed
from jasang.plant.reading import Reading

MARK = "M.mark_of_cnc"
START = datetime(2026, 5, 4, 1, tzinfo=UTC)


@contextlib.asynccontextmanager
async def serving(agent: Agent) -> AsyncIterator[int]:
    server = await asyncio.start_server(agent.answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def link_to(folder: Path, port: int, fields: str = "", signals: str = "") -> Link:
    path = folder / "collect.toml"
    path.write_text(
        f'[[connections]]\nname = "cnc"\nasset = "M"\nprotocol = "mtconnect"\nurl = "http://127.0.0.1:{port}"\n'
        f"interval = 0.02\nheartbeat = 0.5\ntimeout = 2.0\n{fields}\n{signals}",
        "utf-8",
    )
    return read_collect_toml(path).links[0]


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def load(agent: Agent, value: object, seconds: float) -> None:
    agent.see("Xload", f'<Load %s timestamp="{at(seconds)}">{value}</Load>')


def shown(kept: Kept) -> dict[str, list[tuple[float, object, int]]]:
    found: dict[str, list[tuple[float, object, int]]] = {}
    for reading in kept.readings:
        if reading.signal != MARK:
            passed = round((reading.source_time - START).total_seconds(), 6)
            found.setdefault(reading.signal, []).append((passed, reading.value, reading.quality))
    return found


def follow(
    tmp_path: Path,
    agent: Agent,
    until: Callable[[Kept], bool],
    *,
    before: list[Reading] | None = None,
    fields: str = "",
) -> Kept:
    async def run() -> Kept:
        async with serving(agent) as port:
            return await collecting(MtConnect(), link_to(tmp_path, port, fields), until, before=before or [])

    return asyncio.run(run())


def everything(agent: Agent) -> None:
    agent.see("avail", f'<Availability %s timestamp="{at(0)}">AVAILABLE</Availability>')
    agent.see("Xabs", f'<Position %s name="Xabs" subType="ACTUAL" timestamp="{at(0.25)}">-12.5</Position>')
    agent.see("Xload", f'<Load %s timestamp="{at(0)}">UNAVAILABLE</Load>')
    agent.see("Xcond", f'<Fault %s timestamp="{at(1)}" nativeCode="401" type="TEMPERATURE">주축 과열</Fault>')
    agent.see("pos", f'<PathPosition %s timestamp="{at(2)}">1.5 2 -3</PathPosition>')
    agent.see("exec", f'<Execution %s timestamp="{at(2)}">ACTIVE</Execution>')
    agent.see("parts", f'<PartCount %s timestamp="{at(2)}">17</PartCount>')
    agent.see(
        "vib", f'<AccelerationTimeSeries %s timestamp="{at(3)}" sampleCount="3">0.5 1 1.5</AccelerationTimeSeries>'
    )
    agent.see("vars", f'<VariableDataSet %s timestamp="{at(3)}" count="2"><Entry key="#100">7</Entry>'
                      '<Entry key="#101" removed="true"/></VariableDataSet>')  # fmt: skip
    agent.see("x1", f'<x:Magic xmlns:x="urn:maker.com:Extra:1.0" %s timestamp="{at(4)}">42</x:Magic>')


EXPECTED = {
    "M.avail": [(0.0, "AVAILABLE", 0)],
    "M.Axes.X.Xabs": [(0.25, -12.5, 0)],
    "M.Axes.X.Xload": [(0.0, None, 0x80310000)],
    "M.Axes.X.Xcond": [(1.0, "FAULT 401: 주축 과열", 0)],
    "M.controller.path.pos.X": [(2.0, 1.5, 0)],
    "M.controller.path.pos.Y": [(2.0, 2, 0)],
    "M.controller.path.pos.Z": [(2.0, -3, 0)],
    "M.controller.path.execution": [(2.0, "ACTIVE", 0)],
    "M.controller.path.PartCount": [(2.0, 17, 0)],
    "M.controller.path.vibration": [(2.98, 0.5, 0), (2.99, 1, 0), (3.0, 1.5, 0)],
    "M.controller.path.vars.#100": [(3.0, "7", 0)],
    "M.controller.path.vars.#101": [(3.0, None, 0x809B0000)],
    "M.controller.path.x1": [(4.0, 42, 0)],
}


@pytest.mark.parametrize(("split", "lengths"), [(1, True), (7, False), (4096, True)])
def test_everything_observed_becomes_readings_however_the_network_splits_it(
    tmp_path: Path, split: int, lengths: bool
) -> None:
    agent = Agent(split=split)
    agent.lengths = lengths
    done = []

    def until(kept: Kept) -> bool:
        if kept.told and not done:  # nothing is there yet: all comes by the stream
            done.append(everything(agent))
        return len(shown(kept)) == len(EXPECTED)

    kept = follow(tmp_path, agent, until)
    assert shown(kept) == EXPECTED
    units = {signal.name: signal.unit for signal in kept.told[-1].signals}
    assert (units["M.Axes.X.Xabs"], units["M.Axes.X.Xload"], units["M.controller.path.pos.X"]) == ("mm", "%", "mm")
    assert (kept.told[-1].missing, kept.told[-1].doubts) == ((), ())


def test_current_holds_the_same_and_an_agent_without_streams_is_asked_again(tmp_path: Path) -> None:
    agent = Agent(streams=False)
    everything(agent)

    def until(kept: Kept) -> bool:
        if len(shown(kept)) == len(EXPECTED) and agent.next == 11:
            load(agent, 55.5, 9)
        return len(shown(kept).get("M.Axes.X.Xload", ())) == 2

    kept = follow(tmp_path, agent, until)
    assert shown(kept) == EXPECTED | {"M.Axes.X.Xload": [(0.0, None, 0x80310000), (9.0, 55.5, 0)]}


def test_after_a_pause_it_goes_on_where_it_was(tmp_path: Path) -> None:
    agent = Agent()
    load(agent, 1, 1)
    first = follow(tmp_path, agent, lambda kept: len(kept.values(MARK)) == 1)
    for number in (2, 3, 4):
        load(agent, number, number)
    load(agent, 5, 4)  # two at one moment
    second = follow(tmp_path, agent, lambda kept: len(kept.values("M.Axes.X.Xload")) >= 4, before=first.readings)

    assert shown(second) == {"M.Axes.X.Xload": [(2.0, 2, 0), (3.0, 3, 0), (4.0, 4, 0), (4.000001, 5, 0)]}
    assert second.told[-1].doubts == ()


def test_a_buffer_that_was_overrun_is_told_and_the_present_taken(tmp_path: Path) -> None:
    agent = Agent(size=4)
    load(agent, 1, 1)

    def until(kept: Kept) -> bool:
        if kept.values("M.Axes.X.Xload") == [1] and agent.next == 2 and kept.values(MARK):  # once
            agent.paused = True
            agent.see("exec", f'<Execution %s timestamp="{at(2)}">ACTIVE</Execution>')
            for number in range(2, 9):
                load(agent, number, number)
            agent.paused = False
        return 8 in kept.values("M.Axes.X.Xload") and len(kept.told[-1].doubts) == 1

    kept = follow(tmp_path, agent, until)
    assert shown(kept) == {
        "M.Axes.X.Xload": [(1.0, 1, 0), (8.0, 8, 0)],
        "M.controller.path.execution": [(2.0, "ACTIVE", 0)],
    }
    assert kept.told[-1].doubts[0].en.endswith("overrun and what was between is lost; going on from the values of now")
    # The same across a restart of the collector.
    for number in range(9, 15):
        load(agent, number, number)
    again = follow(tmp_path, agent, lambda kept: 14 in kept.values("M.Axes.X.Xload"), before=kept.readings)
    assert shown(again)["M.Axes.X.Xload"] == [(14.0, 14, 0)]
    assert "overrun" in again.told[-1].doubts[0].en


def test_an_agent_that_starts_anew_is_noticed(tmp_path: Path) -> None:
    agent = Agent()
    load(agent, 1, 1)

    def until(kept: Kept) -> bool:
        if kept.values("M.Axes.X.Xload") == [1] and kept.values(MARK) and agent.instance == 1:
            agent.instance = 2
            agent.start_anew()
            load(agent, 2, 2)
        return 2 in kept.values("M.Axes.X.Xload")

    kept = follow(tmp_path, agent, until)
    assert shown(kept) == {"M.Axes.X.Xload": [(1.0, 1, 0), (2.0, 2, 0)]}
    assert "the agent was started anew" in kept.told[-1].doubts[0].en


def failure(tmp_path: Path, agent: Agent | None, fields: str = "", signals: str = "") -> str:
    async def run() -> str:
        async with contextlib.AsyncExitStack() as stack:
            port = free_port() if agent is None else await stack.enter_async_context(serving(agent))
            with pytest.raises(ConnectionFailed) as caught:
                await collecting(MtConnect(), link_to(tmp_path, port, fields, signals), lambda kept: False)
            return str(caught.value).replace(str(port), "PORT")

    return asyncio.run(run())


def test_what_is_wrong_is_told_by_name(tmp_path: Path) -> None:
    assert failure(tmp_path, None).startswith("connection 'cnc': cannot reach http://127.0.0.1:PORT")
    assert failure(tmp_path, Agent(), 'device = "Lathe"') == "connection 'cnc': the agent has no device 'Lathe'"
    wrong = '[[connections.signals]]\nname = "x"\naddress = "Xab"\n'
    assert failure(tmp_path, Agent(), "", wrong) == (
        "connection 'cnc': none of its signals can be collected; connection 'cnc': signal 'M.x': there is no data item 'Xab';"
        " there is: Xabs, Xload"
    )

    class Website(Agent):
        async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            await self._send(writer, "<html><body>router</body></html>")
            writer.close()

    assert "answers, but is no MTConnect agent (200, a document <html>)" in failure(tmp_path, Website())


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"not xml",
        b"<MTConnectStreams></MTConnectStreams>",
        b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><MTConnectStreams><Header instanceId="1"/>&b;</MTConnectStreams>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><MTConnectDevices><Header/></MTConnectDevices>',
        b'<?xml version="1.0" encoding="nosuch"?><MTConnectDevices/>',
    ],
)
def test_what_is_no_document_is_refused(document: bytes) -> None:
    with pytest.raises(NotMtConnect):
        read_document(document)


def test_parts_are_found_and_bounded() -> None:
    assert boundary_of('multipart/x-mixed-replace;boundary="--a b"') == b"--a b"
    assert boundary_of("Multipart/x-mixed-replace; boundary=xyz; q=1") == b"xyz"
    assert boundary_of("text/xml") is None
    parts = Parts(b"xyz")
    assert parts.feed(b"--xyz\nContent-Type: text/xml\nContent-Length: 5\n\n--xyz\n--xyz\nA: b\n\n<b/>\n--xyz--") == [
        b"--xyz", b"<b/>\n",
    ]  # fmt: skip
    assert Parts(b"--q").feed(b"--q\n\n<a/>\n--q\n") == [b"<a/>\n"]
    with pytest.raises(ValueError, match="of 99999999999 bytes"):
        Parts(b"xyz").feed(b"--xyz\r\nContent-length: 99999999999\r\n\r\n")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-05-04T01:00:00Z", 0.0),
        ("2026-05-04T01:00:00.5", 0.5),
        ("2026-05-04T10:00:00.123456789+09:00", 0.123456),
        ("soon", None),
        ("2026-02-30T01:00:00Z", None),
    ],
)
def test_times_of_an_agent(text: str, seconds: float | None) -> None:
    moment = moment_of(text)
    assert (None if moment is None else (moment - START).total_seconds()) == seconds


def test_browse_shows_devices_items_units_and_values(tmp_path: Path) -> None:
    agent = Agent()
    everything(agent)

    async def run() -> list[tuple[object, ...]]:
        async with serving(agent) as port:
            found = await MtConnect().browse(Link(name="x", protocol="mtconnect", url=f"http://127.0.0.1:{port}/"))
            return [(variable.address, variable.path, variable.unit, variable.value) for variable in found]

    found = asyncio.run(run())
    assert found[1] == ("Xabs", "VMC-3Axis.Axes.X.Xabs", "mm", "-12.5")
    assert len(found) == 10


def test_items_of_one_name_stay_two_signals_and_wrong_units_are_understood() -> None:
    found = read_document(b"""<MTConnectDevices><Header instanceId="1"/><Devices><Device id="d" name="CNC"><Components>
      <Controller id="c" name="Controller"><DataItems>
      <DataItem category="SAMPLE" id="Pact" name="Ppos" type="PATH_POSITION" subType="ACTUAL" units="MILLIMETER"/>
      <DataItem category="SAMPLE" id="Pcom" name="Ppos" type="PATH_POSITION" subType="COMMANDED" units="MILLIMETER"/>
      <DataItem category="SAMPLE" id="t" name="temp" type="TEMPERATURE" units="CELCIUS"/>
      </DataItems></Controller></Components></Device></Devices></MTConnectDevices>""")

    names = Names()
    for item in found.items:
        names.add(item, "M", f"M.{item.path}", None)
    assert [(one.name, one.unit) for one in names.signals.values()] == [
        ("M.Controller.Ppos.Pact", "mm"),
        ("M.Controller.Ppos.Pcom", "mm"),
        ("M.Controller.temp", "°C"),
    ]
