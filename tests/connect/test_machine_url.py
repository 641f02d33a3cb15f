"""An address that cannot be one is told before anything connects, whatever the protocol and the command."""

from pathlib import Path

import pytest

from jasang.connect.catalog import PROTOCOLS, load
from jasang.connect.machine_url import url_complaint
from jasang.connect.protocols.opcua.session import _with_port
from jasang.errors import ConfigurationError
from jasang.mentor.connect import Asked, browse_machine, try_connections

NETWORKED = sorted(set(PROTOCOLS) - {"folder"})


@pytest.mark.parametrize("name", NETWORKED)
@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("h:99999", "port '99999'; expected a number from 1 to 65535"),
        ("h:0", "port '0'"),
        ("h:-1", "port '-1'"),
        ("h:abc", "port 'abc'"),
        ("h:", "port ''"),
        ("[::1", "names no computer"),
        ("ho st:1", "names no computer"),
        ("line1:secret@h:1", "must not hold a password"),
    ],
)
def test_every_protocol_refuses_what_is_no_place(tmp_path: Path, name: str, place: str, told: str) -> None:
    protocol = load(name)
    url = f"{protocol.schemes[0]}://{place}"

    with pytest.raises(ConfigurationError, match="address: ") as browsed:
        browse_machine(Asked(url=url, protocol=name))
    assert told in browsed.value.en
    file = tmp_path / "collect.toml"
    file.write_text(f'[[connections]]\nname = "a"\nprotocol = "{name}"\nurl = "{url}"\n', "utf-8")
    with pytest.raises(ConfigurationError, match=r"connections\[0\]\.url: ") as read:
        try_connections(file)
    assert told in read.value.en
    assert "secret" not in read.value.en + read.value.ko + browsed.value.en


@pytest.mark.parametrize("place", ["192.168.0.20", "기계.local:4840", "[fe80::1]:502", "[::1]", "plc-3:65535"])
@pytest.mark.parametrize("name", sorted(set(NETWORKED) - {"sql"}))
def test_what_can_be_a_place_is_left_to_the_network(name: str, place: str) -> None:
    protocol = load(name)

    assert url_complaint(f"{protocol.schemes[0]}://{place}", protocol) is None


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("modbus", "modbus-rtu:///dev/ttyUSB0"),
        ("modbus", "modbus-rtu://COM3"),
        ("sql", "sqlite:///mes.db"),
        ("sql", "postgresql:///mes"),
        ("folder", "file:C:/export"),
        ("folder", "file:///srv/export"),
    ],
)
def test_paths_and_sockets_have_no_host(name: str, url: str) -> None:
    assert url_complaint(url, load(name)) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("opc.tcp://192.168.0.20", "opc.tcp://192.168.0.20:4840"),
        ("opc.tcp://press/ua/server", "opc.tcp://press:4840/ua/server"),
        ("opc.tcp://[fe80::1]", "opc.tcp://[fe80::1]:4840"),
        ("opc.tcp://[fe80::1]:48010/x", "opc.tcp://[fe80::1]:48010/x"),
        ("opc.tcp://press:48010", "opc.tcp://press:48010"),
    ],
)
def test_opc_ua_has_a_port_of_its_own(url: str, expected: str) -> None:
    assert _with_port(url) == expected
