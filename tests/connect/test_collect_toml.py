"""collect.toml: what is accepted, and what each mistake is answered with."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from jasang.connect import catalog
from jasang.connect.catalog import PROTOCOLS, load
from jasang.connect.collect_toml import read_collect_toml
from jasang.connect.contract import WantedBranch, WantedSignal
from jasang.connect.protocols.opcua.options import OpcUaSignalOptions
from jasang.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]
CONNECTION = '[[connections]]\nname = "press"\nprotocol = "opcua"\nurl = "opc.tcp://10.0.0.5:4840"\n'
SIGNAL = '[[connections.signals]]\nname = "t"\nnode = "nsu=urn:m;s=T"\n'


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "collect.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_shortest_file_collects_everything_the_machine_shows(write: Callable[[str], Path], tmp_path: Path) -> None:
    settings = read_collect_toml(write(CONNECTION))

    assert settings.store == tmp_path / "store"
    assert settings.links[0].branches == (WantedBranch(asset="press"),)
    assert settings.links[0].signals == ()


def test_every_field_arrives(write: Callable[[str], Path], tmp_path: Path) -> None:
    text = (
        'format = "jasang.collect/1"\nstore = "data/s"\n'
        + CONNECTION
        + 'asset = "P-1"\nusername = "op"\npassword_env = "PW"\npublishing_interval = 1\nsampling_interval = 0\n'
        + "queue_size = 7\ntimeout = 2.5\n"
        + SIGNAL
        + 'unit = "°C"\ndeadband = 0.5\nsampling_interval = 2\n'
        + '[[connections.signals]]\nname = "n"\nnode = "i=5"\nasset = "P-2"\n'
        + '[[connections.browse]]\nnode = "ns=2;s=X"\nasset = "P-3"\ndeadband = 1\n'
    )

    settings = read_collect_toml(write(text), {"PW": "geheim"})
    link = settings.links[0]

    assert settings.store == tmp_path / "data" / "s"
    assert (link.username, link.password, link.options.queue_size, link.timeout) == ("op", "geheim", 7, 2.5)
    assert (link.options.publishing_interval, link.options.sampling_interval) == (1.0, 0.0)
    assert link.signals == (
        WantedSignal(
            name="P-1.t", asset="P-1", address="nsu=urn:m;s=T", unit="°C", deadband=0.5,
            options=OpcUaSignalOptions(sampling_interval=2.0),
        ),
        WantedSignal(name="P-2.n", asset="P-2", address="i=5", options=OpcUaSignalOptions()),
    )  # fmt: skip
    assert link.branches == (WantedBranch(asset="P-3", address="ns=2;s=X", deadband=1.0),)
    assert "geheim" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"collect.toml: connections: there is none; expected \[\[connections\]\] or \[receiver\]"),
        ("connections = []", r"collect.toml: connections: there is none; expected \[\[connections\]\] or \[receiver\]"),
        ("= 1", "collect.toml: is not UTF-8 TOML: .*line 1"),
        ('format = "jasang.collect/2"\n' + CONNECTION, "collect.toml: format: found 'jasang.collect/2', expected: .*"),
        (CONNECTION + "colour = 1\n", r"connections\[0\].colour: is not a known field; check its spelling"),
        (CONNECTION.replace('name = "press"\n', ""), r"connections\[0\].name: is missing"),
        (CONNECTION.replace('"press"', "5"), r"connections\[0\].name: found 5, expected: a text in quotes"),
        (
            CONNECTION.replace("opcua", "fax"),
            r"connections\[0\].protocol: 'fax' is no protocol; expected one of .*opcua",
        ),
        (
            CONNECTION.replace("opc.tcp", "http"),
            r"connections\[0\].url: 'http://10.0.0.5:4840' must begin with opc.tcp://…",
        ),
        (CONNECTION.replace("10.0", "u:pw@10.0"), r"connections\[0\].url: must not hold a password; use username.*"),
        (
            CONNECTION + "queue_size = 0\n",
            r"connections\[0\].queue_size: found 0, expected: 1 or more",
        ),
        (CONNECTION + 'timeout = "soon"\n', r"connections\[0\].timeout: found 'soon', expected: .*number"),
        (CONNECTION + 'username = "op"\n', r"connections\[0\].password_env: must name the environment variable.*"),
        (CONNECTION + 'password_env = "PW"\n', r"connections\[0\].username: is needed with password_env"),
        (
            CONNECTION + 'username = "op"\npassword_env = "NOT_SET"\n',
            r"connections\[0\].password_env: environment variable 'NOT_SET' is not set; expected it to hold the password",
        ),
        (CONNECTION + SIGNAL.replace("nsu=urn:m;s=T", "T"), r"signals\[0\].node: 'T' is no opcua address; expected .*"),
        (CONNECTION + SIGNAL + "deadband = -1\n", r"signals\[0\].deadband: found -1, expected: 0 or more"),
        (
            CONNECTION + SIGNAL + SIGNAL,
            r"connections.signals.name: names occur twice: \['press.t'\]; expected each once",
        ),
        (CONNECTION + SIGNAL + CONNECTION, r"connections.name: names occur twice: \['press'\]; expected each once"),
    ],
)
def test_mistake_is_named_with_its_field_what_was_found_and_what_was_expected(
    write: Callable[[str], Path], text: str, message: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_collect_toml(write(text), {})

    assert re.search(message, raised.value.en), raised.value.en
    assert raised.value.ko.startswith(raised.value.en.split(": ")[0])  # the same file in Korean
    assert re.search("[가-힣]", raised.value.ko)


def test_password_in_the_url_is_not_repeated(write: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_collect_toml(write(CONNECTION.replace("opc.tcp://10.0", "http://user:hunter2@10.0")), {})

    assert "hunter2" not in raised.value.en + raised.value.ko


def test_absent_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere.toml: cannot be read"):
        read_collect_toml(tmp_path / "nowhere.toml")


def test_bom_of_the_windows_editor_is_no_mistake(write: Callable[[str], Path]) -> None:
    assert len(read_collect_toml(write("\ufeff" + CONNECTION)).links) == 1


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "collect").glob("*.toml")), ids=lambda path: path.name)
def test_example_is_valid(path: Path) -> None:
    assert read_collect_toml(path, {"PRESS_PASSWORD": "x", "MES_PASSWORD": "x"}).links


def test_catalog_lists_every_protocol_in_the_folder() -> None:
    folder = ROOT / "src" / "jasang" / "connect" / "protocols"
    found = {path.stem for path in folder.iterdir() if path.stem not in ("__init__", "__pycache__", "files")}

    assert {entry.module for entry in PROTOCOLS.values()} == found
    for name in PROTOCOLS:
        assert load(name).name == name
        assert (ROOT / "docs" / "protocols" / f"{name}.md").exists()
        assert (ROOT / "docs" / "protocols" / f"{name}.ko.md").exists()


def test_missing_library_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name="asyncua")

    monkeypatch.setattr(catalog.importlib, "import_module", absent)
    with pytest.raises(ConfigurationError) as raised:
        load("opcua")

    assert raised.value.en == "protocol 'opcua' needs 'asyncua', which is not installed: pip install 'jasang[opcua]'"
