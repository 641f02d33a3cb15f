"""The host application against mosquitto and npm's sparkplug-client; mosquitto's log is the witness of what was sent."""

import asyncio
import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.connect.mqtt.broker import Broker
from tests.connect.mqtt.listener import Listener, collecting
from tests.connect.mqtt.patience import wait_long_for_answers
from tests.connect.sparkplug.edge import Edge
from tests.debian import program

from jasang.connect.collect_toml import read_collect_toml
from jasang.connect.contract import Link
from jasang.connect.protocols.sparkplug import Sparkplug, client
from jasang.errors import ConfigurationError, ConnectionFailed
from jasang.mentor.connect import try_connections

STALE = 0x408F0000
STATE = "spBv1.0/STATE/jasang"
LAST = "spBv1.0/STATE/nobody"
METRICS = [{"name": "Line/speed", "type": "Double", "value": 1.5}]
DEVICE = {
    "press": [
        {
            "name": "force",
            "type": "Float",
            "value": 2.5,
            "alias": 7,
            "properties": {"engUnit": {"type": "String", "value": "kN"}},
        },
        {"name": "count", "type": "Int16", "value": -3, "alias": 8},
        {"name": "on", "type": "Boolean", "value": True, "alias": 9},
        {"name": "name", "type": "String", "value": "프레스", "alias": 10},
    ]
}


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    wait_long_for_answers(monkeypatch)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker(tmp_path / "broker")
    yield started
    started.stop()


@pytest.fixture
def edges() -> Iterator[Callable[..., Edge]]:
    started: list[Edge] = []

    def start(url: str, **more: Any) -> Edge:
        started.append(Edge(url, **({"node_metrics": METRICS, "devices": DEVICE} | more)))
        return started[-1]

    yield start
    for edge in started:
        edge.close()


@pytest.fixture
def link(tmp_path: Path) -> Callable[..., Link]:
    def make(url: str, *lines: str) -> Link:
        path = tmp_path / "collect.toml"
        body = ["[[connections]]", 'name = "plant"', 'protocol = "sparkplug"', f'url = "{url}"', "timeout = 0.7"]
        path.write_text("\n".join([*body, "reorder_timeout = 0.5", "birth_timeout = 2.0", *lines]), encoding="utf-8")
        return read_collect_toml(path, {}).links[0]

    return make


def run(coroutine: Any) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 90))


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what the test waits for did not come"
        time.sleep(0.01)


class Witness:
    """mosquitto_sub on the STATE topic: every message with its retain flag as it was published."""

    def __init__(self, broker: Broker) -> None:
        self._process = subprocess.Popen(
            [program("mosquitto_sub"), "-p", str(broker.port), "-t", "spBv1.0/STATE/#", "-q", "1", "-V", "5",
             "--retain-as-published", "-F", "%t %q %r %p"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._broker, self._lines = broker, []
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        until(lambda: "spBv1.0/STATE/# (QoS 1)" in broker.log())

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line.rstrip("\n"))

    @property
    def heard(self) -> int:
        """How many messages came."""
        return len(self._lines)

    def said(self, messages: int) -> list[tuple[str, str, str, dict[str, Any]]]:
        """Topic, QoS, retain flag and content of all messages, so many at least; ends the witness."""
        until(lambda: self.heard >= messages)
        self._broker.publish(LAST, "{}")  # what comes before it came before
        until(lambda: bool(self._lines) and self._lines[-1].startswith(LAST))
        self._process.terminate()
        self._process.wait()
        self._reading.join()
        lines = self._lines[:-1]
        return [(*line.split(" ", 3)[:3], json.loads(line.split(" ", 3)[3])) for line in lines]


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_state_is_born_and_dies_as_specified(broker: Broker, link: Callable[..., Link], version: str) -> None:
    witness = Witness(broker)

    async def scenario() -> None:
        async with collecting(Sparkplug(), link(broker.url, f'version = "{version}"')):
            pass

    before = time.time() * 1000
    run(scenario())
    after = time.time() * 1000
    birth, death = witness.said(2)
    until(lambda: "Received DISCONNECT from jasang-" in broker.log())
    log = broker.log()

    assert birth[:3] == death[:3] == (STATE, "1", "1")
    assert set(birth[3]) == set(death[3]) == {"online", "timestamp"}
    assert (birth[3]["online"], death[3]["online"]) == (True, False)
    assert before - 1 <= birth[3]["timestamp"] <= death[3]["timestamp"] <= after + 1
    number = {"3.1.1": "2", "5": "5"}[version]
    name = re.search(rf"New client connected from \S+ as (jasang-\w+) \(p{number}, c1, k30\)", log)
    assert name is not None  # c1: a clean session
    assert re.search(rf"Will message specified \(\d+ bytes\) \(r1, q1\)\.\n\S+ \t?\s*{STATE}\n", log)
    published = [line for line in log.splitlines() if f"Received PUBLISH from {name[1]}" in line]
    assert [re.findall(r"\((d\d, q\d, r\d), m\d+, '([^']+)'", line)[0] for line in published] == [
        ("d0, q1, r1", STATE)
    ] * 2
    subscribed = log.index(f"Received SUBSCRIBE from {name[1]}")
    assert subscribed < log.index(f"Received PUBLISH from {name[1]}")  # first subscribed, then born
    assert f"\t{STATE} (QoS 1)" in log
    assert log.rindex(f"Received PUBLISH from {name[1]}") < log.rindex(f"Received DISCONNECT from {name[1]}")


def test_killed_host_leaves_its_will_with_the_time_of_its_birth(broker: Broker, link: Callable[..., Link]) -> None:
    witness = Witness(broker)
    wanted = link(broker.url)

    async def scenario() -> None:
        run_ = client._Run(wanted, Listener())
        await run_.open()
        sock = run_._session._client.socket()
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)  # as a killed process: no DISCONNECT
        await asyncio.to_thread(until, lambda: witness.heard == 2)
        await run_._session.close()

    run(scenario())
    birth, will = witness.said(2)

    assert (birth[3]["online"], will[3]["online"]) == (True, False)
    assert birth[3]["timestamp"] == will[3]["timestamp"]
    assert will[:3] == (STATE, "1", "1")


def test_foreign_death_of_our_own_id_is_answered_with_our_birth(broker: Broker, link: Callable[..., Link]) -> None:
    witness = Witness(broker)

    async def scenario() -> None:
        async with collecting(Sparkplug(), link(broker.url)) as inbox:
            broker.publish(STATE, '{"online": false, "timestamp": 1}', "-r")
            await inbox.until(lambda: witness.heard == 3)

    run(scenario())
    first, foreign, again, _death = witness.said(4)

    assert (foreign[3]["online"], again[3]["online"]) == (False, True)
    assert again == first


def test_second_host_with_our_id_is_told(broker: Broker, link: Callable[..., Link]) -> None:
    async def scenario() -> Listener:
        async with collecting(Sparkplug(), link(broker.url)) as inbox:
            broker.publish(STATE, '{"online": true, "timestamp": 1}')
            await inbox.until(lambda: len(inbox.begins[-1].doubts) == 2)
            return inbox

    assert [text.en for text in run(scenario()).begins[-1].doubts][:1] == [
        "connection 'plant': another program uses host_id 'jasang' too; choose another"
    ]


def test_edge_node_is_born_tells_data_and_dies(
    broker: Broker, link: Callable[..., Link], edges: Callable[..., Edge]
) -> None:
    async def scenario() -> Listener:
        async with collecting(Sparkplug(), link(broker.url)) as inbox:
            edge = edges(broker.url)
            await inbox.until(lambda: len(inbox.values) == 5)
            edge.data([{"name": "Line/speed", "type": "Double", "value": 2.5}])
            edge.data([{"alias": 7, "type": "Float", "value": 3.5}, {"alias": 8, "type": "Int16", "value": 4}], "press")
            await inbox.until(lambda: inbox.values["G.N.press.count"] == 4)
            edge.tell("ddeath", device="press")
            await inbox.until(lambda: len(inbox.readings) == 12)
            edge.kill()  # the broker publishes its will
            await inbox.until(lambda: len(inbox.readings) == 13 and len(inbox.begins[-1].signals) == 5)
            return inbox

    inbox = run(scenario())

    assert [(one.signal, one.value, one.quality) for one in inbox.readings] == [
        ("G.N.Line.speed", 1.5, 0),
        ("G.N.press.force", 2.5, 0), ("G.N.press.count", -3, 0), ("G.N.press.on", True, 0), ("G.N.press.name", "프레스", 0),
        ("G.N.Line.speed", 2.5, 0), ("G.N.press.force", 3.5, 0), ("G.N.press.count", 4, 0),
        ("G.N.press.force", 3.5, STALE), ("G.N.press.count", 4, STALE), ("G.N.press.on", True, STALE),
        ("G.N.press.name", "프레스", STALE), ("G.N.Line.speed", 2.5, STALE),
    ]  # fmt: skip
    assert {signal.name: signal.unit for signal in inbox.begins[-1].signals}["G.N.press.force"] == "kN"
    assert inbox.begins[-1].doubts == ()


@pytest.mark.parametrize("algorithm", ["GZIP", "DEFLATE"])
def test_compressed_births_of_a_foreign_edge_node(
    broker: Broker, link: Callable[..., Link], edges: Callable[..., Edge], algorithm: str
) -> None:
    async def scenario() -> Listener:
        async with collecting(Sparkplug(), link(broker.url)) as inbox:
            edges(broker.url, compress=algorithm, devices={})
            await inbox.until(lambda: bool(inbox.readings))
            return inbox

    assert run(scenario()).values == {"G.N.Line.speed": 1.5}


def test_lost_message_makes_the_foreign_edge_node_reborn(
    broker: Broker, link: Callable[..., Link], edges: Callable[..., Edge]
) -> None:
    async def scenario() -> tuple[Listener, dict[str, Any]]:
        async with collecting(Sparkplug(), link(broker.url)) as inbox:
            edge = edges(broker.url)
            await inbox.until(lambda: len(inbox.values) == 5)
            edge.hear("born")
            edge.tell("skip")  # one number is used up, as if its message had been lost
            edge.data([{"alias": 7, "type": "Float", "value": 3.5}], "press")
            request = await asyncio.to_thread(edge.hear, "ncmd")
            await asyncio.to_thread(edge.hear, "born")
            await inbox.until(lambda: len(inbox.readings) == 11)
            return inbox, request

    inbox, request = run(scenario())
    log = broker.log()

    assert (request["names"], request["values"], request["seq"]) == (["Node Control/Rebirth"], [True], None)
    assert [one.value for one in inbox.readings if one.signal == "G.N.press.force"] == [2.5, 3.5, 2.5]
    (published,) = re.findall(r"Received PUBLISH from jasang-\w+ \((d0, q\d, r\d), m\d+, 'spBv1.0/G/NCMD/N'", log)
    assert published == "d0, q0, r0"


def test_host_that_comes_late_asks_the_nodes_it_is_told_of(
    broker: Broker, link: Callable[..., Link], edges: Callable[..., Edge]
) -> None:
    edge = edges(broker.url)
    edge.hear("born")

    async def scenario() -> Listener:
        async with collecting(Sparkplug(), link(broker.url, 'nodes = ["G/N", "G/gone"]')) as inbox:
            await inbox.until(lambda: len(inbox.values) == 5 and bool(inbox.begins[-1].missing))
            return inbox

    begun = run(scenario()).begins[-1]

    assert [text.en for text in begun.missing] == ["G/gone sends no birth (NBIRTH); check its name and that gateway"]
    assert len(begun.signals) == 5


def test_silent_plant_is_told(broker: Broker, link: Callable[..., Link]) -> None:
    async def scenario() -> Listener:
        async with collecting(Sparkplug(), link(broker.url)) as inbox:
            return inbox

    assert [text.en for text in run(scenario()).begins[-1].doubts] == [
        "no edge node has spoken yet; name those that only send changes in nodes, so that they are asked"
    ]


def test_restarted_broker_brings_everything_back(
    broker: Broker, link: Callable[..., Link], edges: Callable[..., Edge]
) -> None:
    wanted, protocol, inbox = link(broker.url), Sparkplug(), Listener()

    async def scenario() -> None:
        async with collecting(protocol, wanted, inbox):
            edge = edges(broker.url)
            await inbox.until(lambda: len(inbox.values) == 5)
            edge.hear("born")
            broker.stop()
            await asyncio.sleep(0.5)
        broker.start()
        inbox.begins.clear()
        async with collecting(protocol, wanted, inbox):
            await asyncio.to_thread(edge.hear, "born")
            edge.data([{"alias": 7, "type": "Float", "value": 9.5}], "press")
            await inbox.until(lambda: inbox.values["G.N.press.force"] == 9.5)

    run(scenario())

    assert inbox.readings[-1].quality == 0
    assert [text.en for text in inbox.begins[-1].doubts] == []


def test_trial_is_no_host_and_leaves_nothing(
    broker: Broker, link: Callable[..., Link], edges: Callable[..., Edge], monkeypatch: pytest.MonkeyPatch
) -> None:
    witness = Witness(broker)
    edge = edges(broker.url)
    edge.hear("born")
    path = link(broker.url, 'nodes = ["G/N"]').folder / "collect.toml"

    (tried,) = try_connections(path)
    monkeypatch.setattr(client, "LISTEN", 1.5)
    found = run(Sparkplug().browse(link(broker.url, 'nodes = ["G/N"]'), "G"))

    assert {signal.name for signal in tried.signals} == {
        "G.N.Line.speed", "G.N.press.force", "G.N.press.count", "G.N.press.on", "G.N.press.name"
    }  # fmt: skip
    assert witness.said(0) == []
    assert [(one.address, one.data_type, one.unit, one.value) for one in found] == [
        ("G/N:Line/speed", "Double", None, 1.5), ("G/N/press:count", "Int16", None, -3), ("G/N/press:force", "Float", "kN", 2.5),
        ("G/N/press:name", "String", None, "프레스"), ("G/N/press:on", "Boolean", None, True),
    ]  # fmt: skip


def test_chosen_metric_that_no_birth_has_is_missing(
    broker: Broker, link: Callable[..., Link], edges: Callable[..., Edge]
) -> None:
    wanted = link(
        broker.url, '[[connections.signals]]\nname = "f"\naddress = "G/N/press:force"\nunit = "N"',
        '[[connections.signals]]\nname = "x"\naddress = "G/N:none"',
    )  # fmt: skip

    async def scenario() -> Listener:
        async with collecting(Sparkplug(), wanted) as inbox:
            edges(broker.url)
            await inbox.until(lambda: bool(inbox.values))
            await inbox.until(lambda: bool(inbox.begins[-1].signals))
            return inbox

    inbox = run(scenario())

    assert inbox.values == {"plant.f": 2.5}
    assert [(one.name, one.unit) for one in inbox.begins[-1].signals] == [("plant.f", "N")]
    assert [text.en for text in inbox.begins[-1].missing] == [
        "signal 'plant.x' (G/N:none) is in no birth that was heard"
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('host_id = "a/b"', "host_id"),
        ('nodes = ["G"]', "nodes"),
        ('[[connections.signals]]\nname = "x"\naddress = "G/N"', "signals[0].address: 'G/N' is not the address of one metric;"
         " expected for example 'plant/line1/press:Hydraulics/Pressure'"),
        ('[[connections.signals]]\nname = "x"\naddress = "G/N:m"\ndeadband = 1.0', "signals[0].deadband: is the sender's"),
        ('[[connections.browse]]\naddress = "G/N:m"', "browse[0].address: 'G/N:m' is one metric; it belongs into"),
        ('[[connections.browse]]\naddress = "G/+"', "'G/+' is no sparkplug address"),
    ],
)  # fmt: skip
def test_wrong_settings_are_told(link: Callable[..., Link], line: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        link("mqtt://10.0.0.5", line)

    assert complaint in caught.value.en


def test_lost_connection_is_told(broker: Broker, link: Callable[..., Link]) -> None:
    async def scenario() -> str:
        inbox = Listener()
        task = asyncio.ensure_future(Sparkplug().collect(link(broker.url), inbox))
        await inbox.until(lambda: bool(inbox.begins))
        broker.stop()
        try:
            await task
        except ConnectionFailed as error:
            return error.en
        return ""

    assert run(scenario()).startswith(f"connection 'plant': the connection to {broker.url} is lost")


def test_each_broker_has_its_own_state_timestamp(broker: Broker, link: Callable[..., Link], tmp_path: Path) -> None:
    other = Broker(tmp_path / "other")
    witnesses = [Witness(broker), Witness(other)]

    async def scenario() -> None:
        async with collecting(Sparkplug(), link(broker.url)):
            await asyncio.sleep(0.05)
            async with collecting(Sparkplug(), link(other.url)):
                pass

    run(scenario())
    births = [witness.said(2)[0][3] for witness in witnesses]
    other.stop()

    assert [birth["online"] for birth in births] == [True, True]
    assert births[0]["timestamp"] < births[1]["timestamp"]
