"""MQTT against mosquitto: what arrives, what waits for its receipt, and what each refusal is called."""

import asyncio
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.connect.mqtt.broker import Authority, Broker
from tests.connect.mqtt.listener import Listener, collecting
from tests.debian import program
from tests.free_ports import free_port

from jasang.connect.collect_toml import read_collect_toml
from jasang.connect.contract import Link
from jasang.connect.protocols.mqtt import Mqtt, client, failures
from jasang.errors import ConfigurationError, ConnectionFailed
from jasang.plant.reading import Reading


@pytest.fixture
def link(tmp_path: Path) -> Callable[..., Link]:
    def make(url: str, *lines: str, topic: str = "#", secrets: dict[str, str] | None = None) -> Link:
        path = tmp_path / "collect.toml"
        body = "\n".join(
            ["[[connections]]", 'name = "line"', 'protocol = "mqtt"', f'url = "{url}"', "timeout = 1.0", *lines]
        )
        path.write_text(f'{body}\n[[connections.topics]]\ntopic = "{topic}"\n', encoding="utf-8")
        return read_collect_toml(path, secrets or {}).links[0]

    return make


def run(coroutine: Any) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 60))


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_messages_become_readings(broker: Broker, link: Callable[..., Link], version: str) -> None:
    wanted = link(broker.url, f'version = "{version}"', topic=f"v{version}/{{asset}}/{{signal}}")

    async def scenario() -> Listener:
        broker.publish(f"v{version}/M/old", "1", "-r")
        async with collecting(Mqtt(), wanted) as inbox:
            broker.publish(f"v{version}/M/temp", "21.5")
            broker.publish(f"v{version}/M/temp", b"\x00\x01")
            broker.publish(f"v{version}/M/state", '{"on": true, "text": "압력"}', qos=0)
            await inbox.until(lambda: len(inbox.values) == 4 and bool(inbox.begins[-1].doubts))
            return inbox

    inbox = run(scenario())

    assert inbox.values == {"M.old": 1, "M.temp": 21.5, "M.state.on": True, "M.state.text": "압력"}
    assert [reading.quality for reading in inbox.readings] == [0x40900000, 0, 0, 0]  # what was kept is marked
    assert {signal.name for signal in inbox.begins[-1].signals} == set(inbox.values)
    assert [text.en for text in inbox.begins[-1].doubts] == [
        f"topic 'v{version}/M/temp': a message cannot be read, for example: a binary payload of 2 bytes: 00 01"
    ]


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_message_is_acknowledged_only_when_durable(broker: Broker, link: Callable[..., Link], version: str) -> None:
    wanted = link(broker.url, f'version = "{version}"', f'client_id = "ack{version}"', topic=f"ack{version}/{{signal}}")

    async def first() -> Listener:
        async with collecting(Mqtt(), wanted) as inbox:
            inbox.durable.clear()
            broker.publish_lines(f"ack{version}/n", [str(number) for number in range(10)])
            await inbox.until(lambda: len(inbox.readings) == 10)
            return inbox  # gone before anything was durable, as if it had been killed

    async def second() -> Listener:
        broker.publish_lines(f"ack{version}/n", [str(number) for number in range(10, 15)])  # nobody listens
        async with collecting(Mqtt(), wanted) as inbox:
            await inbox.until(lambda: len(inbox.readings) >= 15)
            taken = f"Received PUBACK from ack{version} "
            await inbox.until(lambda: broker.log().count(taken) >= 15)
            return inbox

    async def third() -> Listener:
        async with collecting(Mqtt(), wanted) as inbox:
            return inbox

    run(first())
    again, nothing = run(second()), run(third())

    assert [reading.value for reading in again.readings] == list(range(15))
    assert nothing.readings == []


def test_message_repeated_by_the_broker_is_not_collected_twice(tmp_path: Path, link: Callable[..., Link]) -> None:
    broker = Broker(tmp_path / "b")
    wanted = link(broker.url, topic="r/{signal}")
    protocol, inbox = Mqtt(), Listener()

    async def scenario() -> None:
        async with collecting(protocol, wanted, inbox):
            inbox.durable.clear()
            broker.publish_lines("r/n", ["1", "2", "3"])
            await inbox.until(lambda: len(inbox.readings) == 3)
        inbox.begins.clear()
        inbox.durable.set()
        async with collecting(protocol, wanted, inbox):  # the same collector, connected again
            broker.publish_lines("r/n", ["4"])
            await inbox.until(lambda: inbox.values["line.n"] == 4)

    run(scenario())
    broker.stop()

    assert [reading.value for reading in inbox.readings] == [1, 2, 3, 4]


def test_restarted_broker_loses_nothing_that_was_not_acknowledged(tmp_path: Path, link: Callable[..., Link]) -> None:
    broker = Broker(tmp_path / "b")
    wanted = link(broker.url, topic="s/{signal}")
    protocol, inbox = Mqtt(), Listener()

    async def scenario() -> str:
        async with collecting(protocol, wanted, inbox):
            pass
        broker.publish_lines("s/n", ["1", "2"])
        broker.stop()
        broker.start()
        lost = ""
        inbox.begins.clear()
        try:
            async with collecting(protocol, wanted, inbox):
                await inbox.until(lambda: len(inbox.readings) == 2)
                broker.stop()
                await asyncio.sleep(0.5)
                await protocol.collect(wanted, inbox)
        except ConnectionFailed as error:
            lost = error.en
        return lost

    lost = run(scenario())

    assert [reading.value for reading in inbox.readings] == [1, 2]
    assert lost == (
        f"connection 'line': nothing listens on {broker.url} (connection refused); is the broker running, is the port right?"
    )


def test_retained_value_is_taken_once(broker: Broker, link: Callable[..., Link]) -> None:
    wanted = link(broker.url, topic="kept/{signal}")
    broker.publish("kept/a", "1", "-r")
    broker.publish("kept/b", "2", "-r")
    inbox = Listener()
    now = datetime.now(UTC)
    inbox.stored["line.a"] = Reading(signal="line.a", source_time=now, receive_time=now, value=1)

    async def scenario() -> None:
        async with collecting(Mqtt(), wanted, inbox):
            await inbox.until(lambda: "line.b" in inbox.values)

    run(scenario())

    assert [(reading.signal, reading.value, reading.quality) for reading in inbox.readings] == [
        ("line.b", 2, 0x40900000)
    ]


def test_silent_topic_is_told(broker: Broker, link: Callable[..., Link]) -> None:
    async def scenario() -> Listener:
        async with collecting(Mqtt(), link(broker.url, topic="nobody/here")) as inbox:
            return inbox

    (begun,) = run(scenario()).begins

    assert [text.en for text in begun.doubts] == [
        "nothing has come from topic 'nobody/here' yet; check its spelling and the broker's permission to read it"
    ]


def test_browse_lists_topics_with_types_and_examples(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LISTEN", 1.5)
    broker.publish("shop/m1/state", '{"temp": 20.5, "on": true}', "-r")
    broker.publish("shop/m1/name", "press", "-r")
    broker.publish("shop/m1/raw", b"\xff\x00", "-r")
    wanted = Link(name="b", protocol="mqtt", url=broker.url, timeout=0.5)

    found = run(Mqtt().browse(wanted, "shop/#"))

    assert [(one.address, one.path, one.data_type, one.value) for one in found] == [
        ("shop/m1/name", "shop.m1.name", "Text", "press"),
        ("shop/m1/raw", "shop.m1.raw", "binary /wA=", None),
        ("shop/m1/state", "shop.m1.state.on", "Boolean", True),
        ("shop/m1/state", "shop.m1.state.temp", "Number", 20.5),
    ]


def failure(link: Link) -> ConnectionFailed:
    async def scenario() -> None:
        async with collecting(Mqtt(), link):
            pass

    with pytest.raises(ConnectionFailed) as caught:
        run(scenario())
    return caught.value


def test_nothing_listening_is_told(link: Callable[..., Link]) -> None:
    url = f"mqtt://127.0.0.1:{free_port()}"

    error = failure(link(url))

    assert error.en == (
        f"connection 'line': nothing listens on {url} (connection refused); is the broker running, is the port right?"
    )
    assert not error.permanent


def test_unknown_host_is_told(link: Callable[..., Link]) -> None:
    assert failure(link("mqtt://no-such-broker.invalid")).en == (
        "connection 'line': the host name of mqtt://no-such-broker.invalid is not known;"
        " check its spelling and the network (DNS)"
    )


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_wrong_password_is_told(tmp_path: Path, link: Callable[..., Link], version: str) -> None:
    file = tmp_path / "users"
    subprocess.run([program("mosquitto_passwd"), "-b", "-c", str(file), "operator", "right"], check=True)
    broker = Broker(tmp_path / "b", "allow_anonymous false", f"password_file {file}")
    lines = (f'version = "{version}"', 'username = "operator"', 'password_env = "PW"')

    async def right() -> int:
        async with collecting(Mqtt(), link(broker.url, *lines, secrets={"PW": "right"})) as inbox:
            return len(inbox.begins)

    assert run(right()) == 1
    wrong = failure(link(broker.url, *lines, secrets={"PW": "wrong"}))
    anonymous = failure(link(broker.url, f'version = "{version}"'))
    broker.stop()

    assert wrong.en == (
        "connection 'line': the broker refuses user 'operator' (Not authorized);"
        " check user name, password and the broker's permissions"
    )
    assert anonymous.en == (
        "connection 'line': the broker refuses without a user name (Not authorized);"
        " check user name, password and the broker's permissions"
    )
    assert (wrong.permanent, anonymous.permanent) == (True, True)


def test_port_that_is_no_broker_is_told(link: Callable[..., Link]) -> None:
    async def scenario() -> str:
        async def hang_up(_reader: Any, writer: Any) -> None:
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        url = f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            try:
                await Mqtt().collect(link(url), Listener())
            except ConnectionFailed as error:
                return error.en.replace(url, "URL")
        return ""

    assert run(scenario()) == (
        "connection 'line': URL hung up without an answer; is it a port for mqtts://? Try version = \"3.1.1\" too"
    )


def test_second_program_with_the_same_client_id_is_told(broker: Broker, link: Callable[..., Link]) -> None:
    wanted = link(broker.url, 'client_id = "twin"', topic="twin/x")

    async def scenario() -> str:
        one = Listener()
        first = asyncio.ensure_future(Mqtt().collect(wanted, one))
        await one.until(lambda: bool(one.begins))
        async with collecting(Mqtt(), wanted):
            try:
                await first
            except ConnectionFailed as error:
                return error.en
        return ""

    # mosquitto closes the old connection without the reason that MQTT 5 has for it; other brokers give it.
    assert run(scenario()) == (
        f"connection 'line': the connection to {broker.url} is lost (Unspecified error);"
        " if it goes at once each time, does another program use the same client_id?"
    )
    assert failures.lost(wanted, failures.TAKEN_OVER, "Session taken over", 60.0).en == (
        "connection 'line': another program took over the connection with the same client_id;"
        " is a second collector running?"
    )


class Encrypted:
    """A broker with TLS, and certificates that fit it and that do not."""

    def __init__(self, folder: Path, *lines: str, days: int = 30, hosts: tuple[str, ...] = ("127.0.0.1",)) -> None:
        self.authority = Authority(folder / "certificates")
        certificate, key = self.authority.certificate("broker", days=days, hosts=hosts)
        shutil.copy(certificate, folder / "broker.pem")
        self.broker = Broker(
            folder / "b", f"cafile {self.authority.file}", f"certfile {certificate}", f"keyfile {key}", *lines
        )
        self.url = f"mqtts://127.0.0.1:{self.broker.port}"


def test_encrypted_connection_with_own_certificate(tmp_path: Path, link: Callable[..., Link]) -> None:
    encrypted = Encrypted(tmp_path, "require_certificate true")
    certificate, key = encrypted.authority.certificate("collector")
    ca = f'ca_file = "{encrypted.authority.file}"'

    async def right() -> int:
        wanted = link(encrypted.url, ca, f'certificate_file = "{certificate}"', f'key_file = "{key}"')
        async with collecting(Mqtt(), wanted) as inbox:
            return len(inbox.begins)

    assert run(right()) == 1
    without = failure(link(encrypted.url, ca))
    encrypted.broker.stop()

    assert "client certificate" in without.en


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("untrusted", "is not trusted (self-signed certificate in certificate chain);"
         " name the issuer's certificate file in ca_file"),
        ("expired", "has expired; it needs a new one (check this computer's clock too)"),
        ("other name", "is for another name (IP address mismatch, certificate is not valid for '127.0.0.1'.);"
         " use the name in the certificate as url"),
    ],
)  # fmt: skip
def test_certificate_that_cannot_be_trusted_is_told(
    tmp_path: Path, link: Callable[..., Link], case: str, reason: str
) -> None:
    encrypted = Encrypted(
        tmp_path,
        days=-1 if case == "expired" else 30,
        hosts=("broker.example",) if case == "other name" else ("127.0.0.1",),
    )
    ca = () if case == "untrusted" else (f'ca_file = "{encrypted.authority.file}"',)

    error = failure(link(encrypted.url, *ca))
    encrypted.broker.stop()

    assert error.en == f"connection 'line': the broker's certificate {reason}"
    assert error.permanent


def test_plain_broker_asked_for_encryption_is_told(broker: Broker, link: Callable[..., Link]) -> None:
    url = f"mqtts://127.0.0.1:{broker.port}"

    error = failure(link(url))

    assert error.en.startswith("connection 'line': ")
    assert url in error.en


def test_certificate_file_that_is_none_is_told_before_connecting(tmp_path: Path, link: Callable[..., Link]) -> None:
    (tmp_path / "ca.pem").write_text("no certificate", encoding="utf-8")

    with pytest.raises(ConfigurationError) as missing:
        link("mqtts://127.0.0.1", 'ca_file = "nowhere.pem"')
    with pytest.raises(ConfigurationError) as broken:
        link("mqtts://127.0.0.1", 'ca_file = "ca.pem"')

    assert missing.value.en.endswith(f"connections[0].ca_file: there is no file {str(tmp_path / 'nowhere.pem')!r}")
    assert "connections[0].ca_file: " in broken.value.en
