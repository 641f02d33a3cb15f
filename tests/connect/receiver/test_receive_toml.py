"""Settings of receiving and forwarding: the examples are valid, and a mistake is named with its field."""

from collections.abc import Callable
from pathlib import Path

import pytest

from jasang.connect.collect_toml import read_collect_toml
from jasang.connect.receive_toml import read_receive_toml
from jasang.errors import ConfigurationError

EXAMPLES = Path(__file__).parents[3] / "examples" / "receive"
ENVIRONMENT = {"JASANG_TOKEN": "long-enough", "DAEHAN_TOKEN": "token-of-daehan", "HANBIT_TOKEN": "token-of-hanbit"}
FACTORY = '[[factories]]\nname = "a"\nstore = "a"\ntoken_env = "DAEHAN_TOKEN"\n'
CONNECTION = '[[connections]]\nname = "p"\nprotocol = "opcua"\nurl = "opc.tcp://h:1"\n'


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def file(text: str) -> Path:
        path = tmp_path / "x.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return file


def test_example_of_a_receiver_alone_is_valid() -> None:
    settings = read_collect_toml(EXAMPLES / "telegraf.toml", ENVIRONMENT)

    assert settings.links == ()
    assert settings.receiver is not None
    assert (settings.receiver.host, settings.receiver.port) == ("192.168.0.5", 8086)
    assert settings.receiver.factories[0].asset_tags == ("machine", "host")
    assert "long-enough" not in repr(settings)


def test_example_of_forwarding_is_valid() -> None:
    settings = read_collect_toml(EXAMPLES / "forwarding-collector.toml", ENVIRONMENT)

    assert settings.forward is not None
    assert (settings.keeps, settings.store, settings.forward.spool) == (False, EXAMPLES / "spool", EXAMPLES / "spool")
    assert (settings.forward.name, settings.forward.when_full) == ("line-3", "drop_oldest")
    assert "long-enough" not in repr(settings)


def test_example_of_many_factories_is_valid() -> None:
    settings = read_receive_toml(EXAMPLES / "many-factories.toml", ENVIRONMENT)

    assert [(one.name, one.buckets) for one in settings.factories] == [("대한정밀", ()), ("한빛금속", ("plc",))]
    assert (settings.host, settings.port) == ("127.0.0.1", 8086)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "factories: is missing"),
        ("address = 'x'\n" + FACTORY, "address: 'x' is no address:port; expected for example '127.0.0.1:8086'"),
        ("adress = 'x'\n" + FACTORY, "adress: is not a known field; check its spelling"),
        (FACTORY + FACTORY, r"factories.name: occurs twice: \['a'\]; expected each once"),
        (
            FACTORY + FACTORY.replace('"a"', '"b"'),
            "two factories have the same token; expected one of its own for each",
        ),
        (
            FACTORY.replace("DAEHAN", "NOBODY"),
            r"factories\[0\].token_env: environment variable 'NOBODY_TOKEN' is not set",
        ),
        (FACTORY.replace("DAEHAN", "SHORT"), "must have 8 characters or more and no blanks"),
        ("certificate = 'c'\n" + FACTORY, "certificate: and key must be given together"),
    ],
)
def test_mistake_in_receive_toml_is_named(write: Callable[[str], Path], text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_receive_toml(write(text), {**ENVIRONMENT, "SHORT_TOKEN": "x"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[forward]\nurl='ftp://x'\ntoken_env='JASANG_TOKEN'\n" + CONNECTION,
            "forward.url: found 'ftp://x', expected: an address such as https://jasang.example.kr:8443, without user",
        ),
        ("[forward]\nurl='http://u:p@x'\ntoken_env='JASANG_TOKEN'\n" + CONNECTION, "forward.url: found"),
        (
            "[receiver]\ntoken_env='JASANG_TOKEN'\nbody_limit=-1\n",
            "receiver.body_limit: found -1, expected: 1,000 or more",
        ),
        (
            "[forward]\nurl='http://x'\ntoken_env='JASANG_TOKEN'\nwhen_full='drop'\n" + CONNECTION,
            "expected: 'drop_oldest' or 'stop'",
        ),
        (
            "[forward]\nurl='http://x'\ntoken_env='JASANG_TOKEN'\n[receiver]\ntoken_env='JASANG_TOKEN'\n",
            "receiver: needs readings to be kept here as well; name a store",
        ),
    ],
)
def test_mistake_in_collect_toml_is_named(write: Callable[[str], Path], text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_collect_toml(write(text), ENVIRONMENT)
