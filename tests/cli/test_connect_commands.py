"""`jasang connect add|browse|test`: what they print, what they write, and that they destroy nothing."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.connect.mtconnect.agent import Agent
from tests.connect.opcua.machine import Served
from tests.free_ports import free_port

from jasang.cli.main import main
from jasang.connect.collect_toml import read_collect_toml
from jasang.connect.compose_toml import appended, compose
from jasang.connect.contract import Variable


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    book = sqlite3.connect(tmp_path / "mes.db", isolation_level=None)
    book.execute("CREATE TABLE shots (id INTEGER PRIMARY KEY, at DATETIME, force REAL, lot TEXT)")
    book.execute("CREATE TABLE people (id INTEGER, name TEXT)")
    rows = [("2026-05-04 10:00:00", 12.5, "가나"), ("2026-05-04 10:00:01", 13, "가나")]
    book.executemany("INSERT INTO shots (at, force, lot) VALUES (?, ?, ?)", rows)
    book.close()
    return tmp_path


def jasang(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["connect", *words])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_database_is_added_tried_and_browsed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = jasang(capsys, "add", "sqlite:///mes.db", "--lang", "en")

    assert (status, err) == (0, "")
    assert out.startswith("wrote collect.toml: connection 'mes' (6 variables found):\n\n[[connections]]\n")
    assert "→ Check table 'shots', time 'at' and mark 'id'." in out
    link = read_collect_toml(here / "collect.toml").links[0]
    assert (link.protocol, link.options.table, link.options.time, link.options.mark) == ("sql", "shots", "at", "id")

    status, out, _ = jasang(capsys, "test", "collect.toml", "--lang", "en")
    assert status == 0
    assert out.splitlines()[0].startswith("✓ mes: 2 signals come (")
    assert "    mes.force: 13  2026-05-04 " in out

    status, out, _ = jasang(capsys, "test", "collect.toml", "--json")
    told = json.loads(out)
    assert (told["format"], told["ok"], told["connections"][0]["protocol"]) == ("jasang.connect.test/1", True, "sql")
    first = told["connections"][0]["signals"][0]
    assert (first["name"], first["value"], first["source_time"]) == ("mes.force", 13.0, "2026-05-04T01:00:01+00:00")

    status, out, _ = jasang(capsys, "browse", "sqlite:///mes.db", "--node", "shots", "--json")
    told = json.loads(out)
    assert [variable["address"] for variable in told["variables"]] == ["id", "at", "force", "lot"]


def test_adding_keeps_every_byte_that_is_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = here / "export"
    export.mkdir()
    (export / "a.csv").write_text("time,x\n2026-05-04 10:00:00,1\n2026-05-04 10:00:01,2\n", "utf-8")
    file = here / "collect.toml"
    mine = (
        '# 우리 공장\r\nstore = "data"  # mine\r\n[[connections]]\r\nname = "export"\r\n'
        'protocol = "folder"\r\nurl = "file:export"\r\n\r\n[monitor]\r\nmodel = "m.json"'
    ).encode()
    file.write_bytes(mine)

    status, out, _ = jasang(capsys, "add", "file:export", "--json")
    told = json.loads(out)
    assert (status, told["format"], told["name"], told["new_file"]) == (0, "jasang.connect.add/1", "export-2", False)
    assert told["block"] in file.read_bytes().decode().replace("\r\n", "\n")
    assert jasang(capsys, "add", "sqlite:///mes.db", "--name", "공정")[0] == 0
    text = file.read_bytes()
    assert text.startswith(mine + b"\r\n")
    assert text.count(b"\r\n") == text.count(b"\n")
    settings = read_collect_toml(file)
    assert [link.name for link in settings.links] == ["export", "export-2", "공정"]
    assert settings.store == here / "data"
    assert sorted(path.name for path in here.iterdir()) == ["collect.toml", "export", "mes.db"]


@pytest.mark.parametrize(
    ("before", "words", "message"),
    [
        ("not = toml = at all", ("sqlite:///mes.db",), "what is there cannot be read, so it was left as it is"),
        ('connections = [{name="a", protocol="folder", url="file:."}]\n', ("sqlite:///mes.db",), "is not UTF-8 TOML"),
        (
            '[[connections]]\nname = "a"\nprotocol = "nosuch"\nurl = "x:"\n',
            ("sqlite:///mes.db",),
            "'nosuch' is no protocol",
        ),
        (None, ("sqlite:///none.db",), "the database file is not there or cannot be read"),
        (None, ("gopher://x",), "unknown kind of address 'gopher://x'; it must begin with one of "),
        (None, ("sqlite:///mes.db", "--set", "tabel=x"), "--set: tabel: is not a known field"),
        (None, ("sqlite:///mes.db", "--set", "tabel"), "expected FIELD=VALUE"),
        (None, ("sqlite:///mes.db", "--set", "table=people"), "no table with a column of times was found"),
    ],
)
def test_what_cannot_be_added_leaves_the_file_alone(
    here: Path, capsys: pytest.CaptureFixture[str], before: str | None, words: tuple[str, ...], message: str
) -> None:
    file = here / "collect.toml"
    if before is not None:
        file.write_text(before, "utf-8")
    status, _, err = jasang(capsys, "add", *words, "--lang", "en")

    assert status in (1, 2)
    assert message in err
    assert (file.read_text("utf-8") if file.exists() else None) == before
    assert [path.name for path in here.iterdir() if path.name.endswith(".new")] == []


def test_a_gap_of_one_line_lies_between_old_and_new() -> None:
    assert appended("a = 1", "b\n") == "a = 1\n\nb\n"
    assert appended("a = 1\n", "b\n") == "a = 1\n\nb\n"
    assert appended("a = 1\n\n", "b\n") == "a = 1\n\nb\n"
    assert appended("", "b\n") == "b\n"
    assert appended("a = 1\r\n", "b\n") == "a = 1\r\n\r\nb\r\n"


@pytest.fixture
def machine_tool() -> Iterator[int]:
    """An MTConnect agent in a thread of its own; its port."""
    agent, ready, found = Agent(), threading.Event(), {}
    agent.see("Xabs", '<Position %s timestamp="2026-05-04T01:00:00Z">-12.5</Position>')

    async def serve() -> None:
        found["stop"], found["loop"] = asyncio.Event(), asyncio.get_running_loop()
        server = await asyncio.start_server(agent.answer, "127.0.0.1", 0)
        found["port"] = server.sockets[0].getsockname()[1]
        ready.set()
        await found["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(60)
    yield found["port"]
    found["loop"].call_soon_threadsafe(found["stop"].set)
    thread.join()


def test_a_machine_tool_is_added_whole(here: Path, capsys: pytest.CaptureFixture[str], machine_tool: int) -> None:
    url = f"http://127.0.0.1:{machine_tool}"
    status, out, _ = jasang(capsys, "add", url, "--lang", "ko")
    assert status == 0
    assert "# 찾은 신호 10개를 모두 수집합니다." in out
    assert 'asset = "VMC-3Axis"' in out
    assert '# name = "Axes.X.Xabs"\n# address = "Xabs"  # -12.5\n# unit = "mm"' in out

    status, out, _ = jasang(capsys, "test", "collect.toml", "--lang", "ko")
    assert status == 0
    assert "VMC-3Axis.Axes.X.Xabs: -12.5 mm  2026-05-04" in out


def test_an_opc_ua_server_is_added_by_its_own_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from asyncua import ua

    served = Served()
    try:
        served.add("Temperature", 21.5, ua.VariantType.Double)
        url = f"opc.tcp://127.0.0.1:{served.port}"
        assert jasang(capsys, "add", url, "--name", "PRESS", "--lang", "en")[0] == 0
        link = read_collect_toml(here / "collect.toml").links[0]
        assert (link.name, link.asset) == ("PRESS", "Machine")
        status, out, _ = jasang(capsys, "test", "collect.toml", "--lang", "en")
    finally:
        served.close()
    assert status == 0
    assert "    Machine.Temperature: 21.5  " in out


def test_a_machine_that_is_off_is_told_and_the_status_is_1(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    (here / "collect.toml").write_text(
        f'[[connections]]\nname = "meter"\nprotocol = "modbus"\nurl = "modbus-tcp://127.0.0.1:{port}"\n'
        '[[connections.signals]]\nname = "power"\naddress = "30001"\n',
        "utf-8",
    )
    status, out, _ = jasang(capsys, "test", "collect.toml", "--lang", "en")
    assert status == 1
    assert out.startswith(f"✗ connection 'meter': 127.0.0.1 is on but refuses port {port}")
    status, out, _ = jasang(capsys, "test", "collect.toml", "--json")
    assert (status, json.loads(out)["ok"]) == (1, False)
    status, _, err = jasang(capsys, "add", f"modbus-tcp://127.0.0.1:{port}", "--file", "new.toml", "--lang", "en")
    assert (status, (here / "new.toml").exists()) == (1, False)
    assert "refuses port" in err


def test_a_trial_of_what_is_empty_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "export").mkdir()
    (here / "collect.toml").write_text(
        '[[connections]]\nname = "a"\nprotocol = "folder"\nurl = "file:export"\n'
        '[[connections]]\nname = "b"\nprotocol = "sql"\nurl = "sqlite:///mes.db"\ntable = "people"\nmark = "id"\n',
        "utf-8",
    )
    status, out, _ = jasang(capsys, "test", "collect.toml", "--lang", "en")
    assert status == 0
    assert [line.partition(" (")[0] for line in out.splitlines()] == [
        "✓ a: 0 signals come", "  ? connection 'a': no file fits yet", "✓ b: 0 signals come",
        "  ? connection 'b': there is no row yet",
    ]  # fmt: skip


def test_topics_and_columns_are_written_as_their_protocol_wants_them() -> None:
    found = [Variable(address="line1/press/t", path="line1.press.t", data_type="float", value=21.5)]
    same = {"url": "mqtt://h", "asset": None, "username": "u", "password_env": None, "fields": {}, "language": "en"}
    text = compose(name="프레스 1", protocol="mqtt", variables=found, node=None, **same).text
    assert '[[connections.browse]]\nnode = "#"\n' in text
    assert 'password_env = "JASANG_1_PASSWORD"' in text
    files = [Variable(address="x", path=f"{name}.csv.x", data_type="Int64") for name in "abc"]
    text = compose(name="f", protocol="folder", variables=files, node=None, **same).text
    assert text.count('# name = "x"') == 1


def test_a_look_that_finds_nothing_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "empty").mkdir()
    (here / "export").mkdir()
    (here / "export" / "a.csv").write_text("time,x\n2026-05-04 10:00:00,1\n2026-05-04 10:00:01,2\n", "utf-8")

    status, out, err = jasang(capsys, "browse", "file:empty", "--lang", "en")
    _, added, _ = jasang(capsys, "add", "file:export", "--lang", "en")

    assert (status, out.splitlines()) == (0, ["name\taddress\ttype\tunit\trange\twritable\tvalue\twithin"])
    assert err == "connected, but nothing was found; does it send yet, is the place to look at (--node) right?\n"
    assert "All 1 signals found are collected" in added  # the column of times is no signal
